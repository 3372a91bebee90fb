"""Limits on a real Asterisk: what is one too many is refused, and the others are undisturbed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from stasis_refer.core.orders import EndCall, Taken
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    call_refused,
    expect_refer,
    hear_bye,
    hear_notify,
    notify,
    pause,
)
from tests.fakes.customer import Customer, Reply
from tests.scenarios.cast import TARGET, Cast, refers
from tests.scenarios.theatre import OPERATOR_TOKEN, PATIENT, Theatre, application, settings
from tests.scenarios.voices import AUTH_TOKEN, TWIML, VOICES, Voice

STAYS: tuple[Step, ...] = (call(), hear_bye())
COMES: tuple[Step, ...] = (call(), bye())
WAITS = '<Response><Gather timeout="30"/></Response>'
BXML_WAITS = '<Bxml><Ring duration="30"/></Bxml>'
JAMBONZ_WAITS = Reply(
    '[{"verb": "answer"}, {"verb": "pause", "length": 30}]', content_type="application/json"
)
REFER = f'<Response><Refer action="after"><Sip>{TARGET}</Sip></Refer></Response>'
REFERRED: tuple[Step, ...] = (expect_refer(refer_to=TARGET), answer_refer(202))
MOVES_SLOWLY: tuple[Step, ...] = (
    *(call(), *REFERRED, notify(180), hear_bye()),
    notify(487),  # Asterisk keeps the channel until the subscription is over
)
MOVES = (call(), *REFERRED, notify(200), bye())

LIMITS: Mapping[str, Mapping[str, int]] = {
    "small": {"max_calls": 2},
    "slow": {"calls_per_second": 1},
    "still": {"max_transfers": 1},
    "held": {"max_transfers": 1},
    "ordered": {"max_transfers": 1},
    "large": {},
}
WAITING: Mapping[str, str | Reply] = {
    "twiml": WAITS,
    "rcml": WAITS,
    "bxml": BXML_WAITS,
    "jambonz": JAMBONZ_WAITS,
}
MOST = 4  # calls of all


@pytest.fixture(scope="module")
async def theatre() -> AsyncIterator[Theatre]:
    async with Customer() as customer:
        theatre = Theatre(customer)
        small = (_application(customer, TWIML, name, limits) for name, limits in LIMITS.items())
        by_rest = (_application(customer, each, each.dialect, {"max_calls": 1}) for each in VOICES)
        configured = settings(
            (*small, *by_rest),
            limits={"max_calls": MOST},
            http={"operator_token": OPERATOR_TOKEN},
        )
        async with Lab(configured, (theatre.tap,)) as running:
            theatre.lab = running
            yield theatre


def _application(
    customer: Customer, voice: Voice, name: str, limits: Mapping[str, int]
) -> dict[str, object]:
    of_its_own = {"status_callback": "", "account_sid": f"AC{name}", **PATIENT, **limits}
    return application(customer, voice, name) | of_its_own


@pytest.fixture(autouse=True)
async def nobody(theatre: Theatre) -> AsyncIterator[None]:
    """Let no call of one test be counted in the next."""
    yield
    await until(lambda: not theatre.running.app.switchboard.channels)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for is elsewhere
            await asyncio.sleep(0.02)


async def answered(theatre: Theatre, name: str, calls: int) -> None:
    """Wait until so many calls of an application are answered."""
    desk = theatre.running.app.desk

    def count() -> int:
        return sum(it.application == name and bool(it.answered_at) for it in desk.live())

    await until(lambda: count() == calls)


def playing(theatre: Theatre, name: str, *steps: Step) -> "asyncio.Task[str]":
    return asyncio.create_task(theatre.phone(name, *steps))


async def end(theatre: Theatre, name: str) -> None:
    """End the live calls of an application."""
    desk = theatre.running.app.desk
    for each in desk.live():
        if each.application == name:
            assert await desk.order(each.key, EndCall()) == Taken()


async def all_went_well(phones: Sequence["asyncio.Task[str]"]) -> None:
    assert await asyncio.gather(*phones) == [""] * len(phones)


def reached(theatre: Theatre) -> Counter[str]:
    """Return how often each limit was reached."""
    page = theatre.running.app.metrics.render().decode()
    return Counter(
        {
            sample.labels["limit"]: int(sample.value)
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == "stasis_refer_limits_reached_total" and sample.value
        }
    )


# -- calls -----------------------------------------------------------------------


async def test_calls_over_the_limit_of_their_application_hear_480(theatre: Theatre) -> None:
    before = reached(theatre)
    theatre.reply("small", "voice", WAITS)
    phones = [playing(theatre, "small", *STAYS) for _ in range(2)]
    await answered(theatre, "small", 2)
    more = [playing(theatre, "small", call_refused(480)) for _ in range(3)]
    await all_went_well(more)
    await end(theatre, "small")
    await all_went_well(phones)
    assert len(theatre.told("small", "voice")) == 2  # nobody was asked about the others
    assert reached(theatre) - before == {"application_calls": 3}
    await until(lambda: not theatre.running.app.switchboard.channels)
    assert await theatre.phone("small", *COMES) == ""


async def test_calls_over_the_limit_of_all_hear_503(theatre: Theatre) -> None:
    before = reached(theatre)
    theatre.reply("large", "voice", WAITS)
    phones = [playing(theatre, "large", *STAYS) for _ in range(MOST)]
    await answered(theatre, "large", MOST)
    await all_went_well([playing(theatre, name, call_refused(503)) for name in ("large", "small")])
    await end(theatre, "large")
    await all_went_well(phones)
    assert reached(theatre) - before == {"calls": 2}
    await until(lambda: not theatre.running.app.switchboard.channels)
    assert await theatre.phone("large", *COMES) == ""


async def test_calls_that_come_too_fast_hear_480(theatre: Theatre) -> None:
    before = reached(theatre)
    theatre.reply("slow", "voice", WAITS)
    first = playing(theatre, "slow", *STAYS)
    await answered(theatre, "slow", 1)
    for _ in range(5):  # a busy machine may take the second for starting a phone
        if await theatre.phone("slow", call_refused(480)) == "":
            break
    await asyncio.sleep(1.0)
    assert await theatre.phone("slow", *COMES) == ""
    await end(theatre, "slow")
    await all_went_well([first])
    assert reached(theatre) - before == {"call_rate": 1}


# -- transfers -------------------------------------------------------------------


async def test_no_refer_goes_out_over_the_limit_and_the_application_is_told(
    theatre: Theatre,
) -> None:
    before = reached(theatre)
    theatre.reply("still", "voice", REFER)
    theatre.reply("still", "after", "<Response/>")
    first = playing(theatre, "still", *MOVES_SLOWLY)
    await until(lambda: _under_way(theatre))
    assert await theatre.phone("still", call(), hear_bye()) == ""
    told = await theatre.the_one("still")
    assert told.form["ReferCallStatus"] == "failed"
    assert told.form["ReferSipResponseCode"] == "503"
    await end(theatre, "still")
    await all_went_well([first])
    assert await theatre.phone("still", *MOVES) == ""
    await until(lambda: len(theatre.journal["still"].ended) == 3)
    results = [each.result for each in theatre.journal["still"].ended]
    assert [each.outcome for each in results] == [
        Outcome.BLOCKED,
        Outcome.CANCELED,
        Outcome.COMPLETED,
    ]
    assert results[0].reason is Reason.TRANSFER_LIMIT
    assert reached(theatre) - before == {"application_transfers": 1}


async def test_a_phone_that_transfers_over_the_limit_is_declined_and_stays_connected(
    theatre: Theatre,
) -> None:
    before = reached(theatre)
    cast = Cast(theatre, "held")
    dial = cast.dial("a", attributes='referUrl="where"')
    theatre.reply("held", "voice", REFER, dial)
    theatre.reply("held", "after", "<Response/>")
    first = playing(theatre, "held", *MOVES_SLOWLY)
    await until(lambda: _under_way(theatre))
    await cast.play((call(), hear_bye()), a=(*refers(), hear_notify(603), pause(0.3), bye()))
    assert theatre.told("held", "where") == []
    await end(theatre, "held")
    await all_went_well([first])
    (declined,) = (each for each in theatre.journal["held"].ended if each.result.notify_code == 603)
    assert declined.result.outcome is Outcome.BLOCKED
    assert declined.result.reason is Reason.TRANSFER_LIMIT
    assert reached(theatre) - before == {"application_transfers": 1}


def _under_way(theatre: Theatre) -> bool:
    page = theatre.running.app.metrics.render().decode()
    return 'stasis_refer_transfers_in_progress{direction="sent"} 1.0' in page


# -- REST ------------------------------------------------------------------------

TO = "sip:alice@example.com"
FORM = {"To": TO, "From": "support", "Url": "http://127.0.0.1:1/voice"}
MAKES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "twiml": ("/2010-04-01/Accounts/ACtwiml/Calls.json", {"data": FORM}),
    "rcml": ("/restcomm/2012-04-24/Accounts/ACrcml/Calls.json", {"data": FORM}),
    "bxml": (
        "/api/v2/accounts/ACbxml/calls",
        {
            "json": {
                "to": TO,
                "from": "+4930",
                "applicationId": "bxml",
                "answerUrl": "http://127.0.0.1:1/voice",
            }
        },
    ),
    "jambonz": (
        "/v1/Accounts/ACjambonz/Calls",
        {
            "json": {
                "from": "support",
                "to": {"type": "sip", "sipUri": TO},
                "call_hook": "http://127.0.0.1:1/voice",
            }
        },
    ),
}
SAYS = {"twiml": "message", "rcml": "message", "bxml": "description", "jambonz": "msg"}


@pytest.mark.parametrize("dialect", MAKES)
async def test_a_call_over_the_limit_is_refused_in_the_vendors_words(
    theatre: Theatre, dialect: str
) -> None:
    theatre.reply(dialect, "voice", WAITING[dialect])
    phone = playing(theatre, dialect, *STAYS)
    await answered(theatre, dialect, 1)
    path, body = MAKES[dialect]
    auth = aiohttp.encode_basic_auth(f"AC{dialect}", AUTH_TOKEN)
    async with (
        aiohttp.ClientSession(headers={"Authorization": auth}) as client,
        client.post(f"{theatre.running.http}{path}", **body) as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "5")
        told = await response.json()
        assert "raise its max_calls" in told[SAYS[dialect]]
        assert told.get("code", 20429) == 20429
    await end(theatre, dialect)
    await all_went_well([phone])


async def test_a_transfer_over_the_limit_is_refused_by_rest(theatre: Theatre) -> None:
    theatre.reply("ordered", "voice", REFER, WAITS)
    theatre.reply("ordered", "after", "<Response/>")
    first = playing(theatre, "ordered", *MOVES_SLOWLY)
    await until(lambda: _under_way(theatre))
    second = playing(theatre, "ordered", *STAYS)
    await answered(theatre, "ordered", 2)
    newest = theatre.running.app.desk.live()[0]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"}) as client,
        client.post(
            f"{theatre.running.http}/v1/calls/{newest.key}/refer", json={"target": TO}
        ) as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "5")
        assert (await response.json())["type"] == "too_many"
    await end(theatre, "ordered")
    await all_went_well([first, second])
