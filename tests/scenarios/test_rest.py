"""Live calls on a real Asterisk, told what to do by the vendors' own packages."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import TypeVar
from uuid import UUID

import aiohttp
import bandwidth
import pytest
from bandwidth.models.create_call import CreateCall
from bandwidth.models.update_call import UpdateCall
from jambonz_sdk.client import JambonzClient
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.http import HttpServer
from stasis_refer.adapters.rest.guard import Guard
from stasis_refer.adapters.rest.vendors import VendorRest
from stasis_refer.core.call_record import CallRecord
from stasis_refer.core.events import ReferNotified
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome
from stasis_refer.dialects.rest_registry import REST_VENDORS
from stasis_refer.lab.phone import (
    Phone,
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
)
from tests import harvest
from tests.adapters.rest.lobby import Lobby
from tests.fakes.customer import Reply
from tests.scenarios.cast import ANSWERS, TARGET, Cast
from tests.scenarios.theatre import Theatre
from tests.scenarios.voices import ACCOUNT_SID, AUTH_TOKEN

T = TypeVar("T")

REFERS_ON: tuple[Step, ...] = (
    expect_refer(refer_to=TARGET),
    answer_refer(202),
    notify(100),
    notify(200),
    bye(),
)
RINGS_ON: tuple[Step, ...] = (
    call(),
    expect_refer(refer_to=TARGET),
    answer_refer(202),
    notify(180),
    hear_bye(),
    notify(487),  # Asterisk keeps the channel until the subscription is over
)
IS_HUNG_UP: tuple[Step, ...] = (call(), hear_bye())
REFER = f"<Response><Refer><Sip>{TARGET}</Sip></Refer></Response>"
# Verbs that answer, and last.
WAITS = '<Response><Gather timeout="30"/></Response>'
BXML_WAITS = '<Bxml><Ring duration="30"/></Bxml>'
JAMBONZ_WAITS = Reply(
    json.dumps([{"verb": "answer"}, {"verb": "pause", "length": 30}]),
    content_type="application/json",
)


@pytest.fixture(scope="module")
async def url(theatre: Theatre) -> AsyncIterator[str]:
    """Where the vendors' paths are, before the live calls of the theatre; the ledger is empty."""
    app = theatre.running.app
    applications = theatre.running.settings.application_table().values()
    guard = Guard(applications, "", asyncio.get_running_loop().time)
    server = HttpServer(
        "127.0.0.1",
        0,
        not_ready=list,
        metrics=lambda _: (b"", ""),
        media=lambda _: None,
        recording=_no_recording,
        routes=VendorRest(
            REST_VENDORS, guard, app.desk, Lobby(), policy=AllowedNetworks(["127.0.0.0/8"])
        ).routes(),
    )
    await server.start()
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


async def _no_recording(_: str) -> bytes | None:
    return None


async def until(holds: Callable[[], T | None]) -> T:
    """Wait until something is there."""
    for _ in range(250):
        if found := holds():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it never came so far")


async def live(cast: Cast) -> CallRecord:
    """Return the call of this application, once it is answered."""
    desk = cast.theatre.running.app.desk
    wanted = (cast.name, CallStatus.IN_PROGRESS)
    return await until(
        lambda: next((it for it in desk.live() if (it.application, it.status) == wanted), None)
    )


def playing(cast: Cast, *steps: Step) -> "asyncio.Task[str]":
    return asyncio.create_task(cast.theatre.phone(cast.name, *steps))


async def by_twilio(url: str, ask: Callable[[Client], T]) -> T:
    client = Client(ACCOUNT_SID, AUTH_TOKEN)
    client.api.base_url = url
    return await asyncio.to_thread(ask, client)


async def by_bandwidth(url: str, ask: Callable[[bandwidth.CallsApi], T]) -> T:
    configuration = bandwidth.Configuration(
        host=f"{url}/api/v2",
        username=ACCOUNT_SID,
        password=AUTH_TOKEN,
        ignore_operation_servers=True,
    )

    def asking() -> T:
        with bandwidth.ApiClient(configuration) as client:
            return ask(bandwidth.CallsApi(client))

    return await asyncio.to_thread(asking)


async def test_twilio_starts_a_refer_on_a_live_call(cast: Cast, url: str) -> None:
    cast.theatre.reply(cast.name, "voice", WAITS)
    phone = playing(cast, call(), *REFERS_ON)
    sid = f"CA{(await live(cast)).key}"
    updated = await by_twilio(url, lambda client: client.calls(sid).update(twiml=REFER))
    assert (updated.sid, updated.status) == (sid, "in-progress")
    assert await phone == ""
    assert await cast.outcomes() == [Outcome.COMPLETED]
    with pytest.raises(TwilioRestException) as raised:
        await by_twilio(url, lambda client: client.calls(sid).update(twiml=REFER))
    assert raised.value.status == 404  # an empty ledger knows no call that is over


async def test_during_a_transfer_a_document_is_refused_and_an_end_is_not(
    cast: Cast, url: str
) -> None:
    cast.theatre.reply(cast.name, "voice", REFER)
    phone = playing(cast, *RINGS_ON)
    sid = f"CA{(await live(cast)).key}"
    heard = cast.theatre.journal[cast.name]
    await until(lambda: any(isinstance(each, ReferNotified) for each in heard.events) or None)
    with pytest.raises(TwilioRestException) as raised:
        await by_twilio(url, lambda client: client.calls(sid).update(twiml=WAITS))
    assert raised.value.status == 409
    await by_twilio(url, lambda client: client.calls(sid).update(twiml=REFER))  # it joins
    await by_twilio(url, lambda client: client.calls(sid).update(status="completed"))
    assert await phone == ""
    assert await cast.outcomes() == [Outcome.CANCELED]


async def test_twilio_makes_a_call_that_is_transferred(cast: Cast, url: str) -> None:
    cast.theatre.reply(cast.name, "told", Reply(""))
    to, told = cast.uri("a"), cast.theatre.customer.url(f"/{cast.name}/told")
    async with Phone(cast.theatre.running.sip).wait(
        cast.ports["a"], (*ANSWERS, *REFERS_ON), within=25
    ) as phone:
        made = await by_twilio(
            url,
            lambda client: client.calls.create(
                to=to,
                from_="+49301",
                twiml=REFER,
                status_callback=told,
                status_callback_event=["ringing", "answered", "completed"],
            ),
        )
        assert made.direction == "outbound-api"
        fetched = await by_twilio(url, lambda client: client.calls(made.sid).fetch())
        assert (fetched.sid, fetched._from) == (made.sid, "+49301")  # noqa: SLF001 - its name
        assert (await phone.played()).log == ""
    statuses = []
    for _ in range(3):
        form = (await cast.theatre.customer.received(f"/{cast.name}/told", within=10)).form
        assert (form["CallSid"], form["Direction"]) == (made.sid, "outbound-api")
        statuses.append(form["CallStatus"])
    assert statuses == ["ringing", "in-progress", "completed"]


@pytest.mark.parametrize("cast", ["rcml"], indirect=True)
async def test_restcomms_live_call_modification(cast: Cast, url: str) -> None:
    cast.theatre.reply(cast.name, "voice", WAITS)
    elsewhere = cast.theatre.reply_url(cast.name, "refer", REFER)
    phone = playing(cast, call(), *REFERS_ON)
    sid = f"CA{(await live(cast)).key}"
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT_SID, AUTH_TOKEN)}
    path = f"{url}/restcomm/2012-04-24/Accounts/{ACCOUNT_SID}/Calls/{sid}"
    async with (
        harvest.client(headers=headers) as client,
        client.post(path, data={"Url": elsewhere}) as response,
    ):
        assert response.status == 200
        assert f"<Sid>{sid}</Sid>" in await response.text()
    assert await phone == ""
    assert await cast.outcomes() == [Outcome.COMPLETED]


def id_of(record: CallRecord) -> str:
    return f"c-{UUID(record.key)}"


@pytest.mark.parametrize("cast", ["bxml"], indirect=True)
async def test_bandwidth_starts_a_refer_on_a_live_call(cast: Cast, url: str) -> None:
    cast.theatre.reply(cast.name, "voice", BXML_WAITS)
    phone = playing(cast, call(), *REFERS_ON)
    call_id = id_of(await live(cast))
    document = f"<Bxml><Refer><SipUri>{TARGET}</SipUri></Refer></Bxml>"
    await by_bandwidth(url, lambda api: api.update_call_bxml(ACCOUNT_SID, call_id, document))
    assert await phone == ""
    assert await cast.outcomes() == [Outcome.COMPLETED]


@pytest.mark.parametrize("cast", ["bxml"], indirect=True)
async def test_bandwidth_makes_redirects_and_ends_a_call(cast: Cast, url: str) -> None:
    customer, name = cast.theatre.customer, cast.name
    answered = cast.theatre.reply_url(name, "up", BXML_WAITS)
    next_one = cast.theatre.reply_url(name, "next", BXML_WAITS)
    ended = cast.theatre.reply_url(name, "end", Reply(""))
    wanted = CreateCall(
        to=cast.uri("a"),
        **{"from": "+49301"},
        applicationId=name,
        answerUrl=answered,
        disconnectUrl=ended,
        tag="order 7",
    )
    async with Phone(cast.theatre.running.sip).wait(
        cast.ports["a"], (*ANSWERS, hear_bye()), within=25
    ) as phone:
        made = await by_bandwidth(url, lambda api: api.create_call(ACCOUNT_SID, wanted))
        told = (await customer.received(f"/{name}/up", within=10)).json
        assert (told["eventType"], told["callId"]) == ("answer", made.call_id)
        assert (told["direction"], told["tag"]) == ("outbound", "order 7")
        redirect = UpdateCall(redirectUrl=next_one)
        await by_bandwidth(url, lambda api: api.update_call(ACCOUNT_SID, made.call_id, redirect))
        told = (await customer.received(f"/{name}/next", within=10)).json
        assert (told["eventType"], told["tag"]) == ("redirect", "order 7")
        state = await by_bandwidth(url, lambda api: api.get_call_state(ACCOUNT_SID, made.call_id))
        assert state.state == "answered"
        over = UpdateCall(state="completed")
        await by_bandwidth(url, lambda api: api.update_call(ACCOUNT_SID, made.call_id, over))
        assert (await phone.played()).log == ""
    told = (await customer.received(f"/{name}/end", within=10)).json
    assert (told["eventType"], told["cause"]) == ("disconnect", "hangup")


@pytest.mark.parametrize("cast", ["jambonz"], indirect=True)
async def test_jambonz_starts_a_refer_on_a_live_call(cast: Cast, url: str) -> None:
    refer = Reply(
        json.dumps([{"verb": "sip:refer", "referTo": TARGET}]), content_type="application/json"
    )
    cast.theatre.reply(cast.name, "voice", JAMBONZ_WAITS)
    cast.theatre.reply(cast.name, "refer", refer)
    phone = playing(cast, call(), *REFERS_ON)
    record = await live(cast)
    async with JambonzClient(base_url=url, account_sid=ACCOUNT_SID, api_key=AUTH_TOKEN) as client:
        listed = await client.calls.list({"callStatus": "in-progress"})
        assert str(UUID(record.key)) in [each["call_sid"] for each in listed]
        # Relative to the application's own URL.
        await client.calls.redirect(str(UUID(record.key)), "refer")
    assert await phone == ""
    assert await cast.outcomes() == [Outcome.COMPLETED]


@pytest.mark.parametrize("cast", ["jambonz"], indirect=True)
async def test_jambonz_makes_a_call_and_ends_it(cast: Cast, url: str) -> None:
    hook = cast.theatre.reply_url(cast.name, "hook", JAMBONZ_WAITS)
    cast.theatre.reply(cast.name, "told", Reply(""))
    to = {"type": "sip", "sipUri": cast.uri("a")}
    async with (
        Phone(cast.theatre.running.sip).wait(
            cast.ports["a"], (*ANSWERS, hear_bye()), within=25
        ) as phone,
        JambonzClient(base_url=url, account_sid=ACCOUNT_SID, api_key=AUTH_TOKEN) as client,
    ):
        sid = await client.calls.create(
            {"from": "+49301", "to": to, "call_hook": hook, "tag": {"order": 7}}
        )
        told = (await cast.theatre.customer.received(f"/{cast.name}/hook", within=10)).json
        assert (told["call_sid"], told["direction"]) == (sid, "outbound")
        assert told["customerData"] == {"order": 7}
        assert (await client.calls.get(sid))["call_status"] == "in-progress"
        await client.calls.update(sid, {"call_status": "completed"})
        assert (await phone.played()).log == ""
