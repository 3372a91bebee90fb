"""What is asked from outside of calls that are live: documents, transfers, ends, new calls."""

import asyncio

import pytest

from stasis_refer.core.application import Callback
from stasis_refer.core.orders import (
    EndCall,
    FetchDocument,
    Origination,
    Refusal,
    Refused,
    RunDocument,
    Taken,
    TransferCall,
)
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.verbs import (
    Callee,
    Hangup,
    LegEvent,
    LegWatch,
    Pause,
    Refer,
    SecondLeg,
    SipAddress,
)
from stasis_refer.lab.phone import (
    Phone,
    answer_refer,
    bye,
    call,
    decline,
    expect_refer,
    hear_bye,
    notify,
    pause,
    ring_in,
)
from stasis_refer.runtime.book import CallRecord
from tests.fakes.customer import Reply
from tests.scenarios.cast import ANSWERS, HANGS_UP, TALK, TARGET, Cast

TRANSFERRED = (expect_refer(), answer_refer(202), notify(200), hear_bye())
WAITS = "<Response><Gather timeout='20'/></Response>"


async def key_of(cast: Cast, party: str = "") -> str:
    """Return the key of the live call of this application, or of the leg it called."""
    for _ in range(400):
        for each in cast.theatre.running.app.desk.live():
            answered = each.answered_at is not None
            if each.application == cast.name and answered and party in each.dialed:
                return each.key
        await asyncio.sleep(0.02)
    raise AssertionError("no such call")


async def ordered(cast: Cast, order: object, party: str = "") -> object:
    desk = cast.theatre.running.app.desk
    return await desk.order(await key_of(cast, party), order)  # type: ignore[arg-type]


async def test_a_waiting_caller_is_transferred(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", WAITS)
    playing = asyncio.create_task(cast.play((call(), *TRANSFERRED)))
    verdict = await ordered(cast, TransferCall(Refer(TARGET)))
    await playing
    assert isinstance(verdict, Taken)
    assert verdict.transfer.endswith("-1")
    assert await cast.outcomes() == [Outcome.COMPLETED]


async def test_a_talking_caller_is_transferred_and_the_agent_is_free(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", cast.dial("a"))
    playing = asyncio.create_task(
        cast.play((call(), *TRANSFERRED), a=(*ANSWERS, pause(TALK), hear_bye()))
    )
    await key_of(cast, "a")
    await asyncio.sleep(TALK)
    verdict = await ordered(cast, TransferCall(Refer(TARGET)), cast.name)
    await playing
    assert isinstance(verdict, Taken)
    assert await cast.outcomes() == [Outcome.COMPLETED]


async def test_an_agent_is_transferred_and_the_caller_goes_on(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", cast.dial("a", attributes='action="after"'))
    cast.theatre.reply(cast.name, "after", "<Response><Hangup/></Response>")
    playing = asyncio.create_task(cast.play((call(), hear_bye()), a=(*ANSWERS, *TRANSFERRED)))
    key = await key_of(cast, "a")
    await asyncio.sleep(TALK)
    order = TransferCall(Refer(TARGET))
    verdict = await cast.theatre.running.app.desk.order(key, order)
    await playing
    assert verdict == Taken(f"{key}-1")
    told = await cast.theatre.the_one(cast.name)
    assert told.form["DialCallStatus"] == "completed"
    assert await cast.outcomes() == [Outcome.COMPLETED]


async def test_a_new_document_runs_and_a_transfer_is_not_disturbed_by_one(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", WAITS)
    refer = f"<Response><Refer><Sip>{TARGET}</Sip></Refer></Response>"
    cast.theatre.reply(cast.name, "other", refer)
    slow = (expect_refer(), answer_refer(202), notify(180), pause(0.8), notify(200), hear_bye())
    playing = asyncio.create_task(cast.play((call(), *slow)))
    where = Callback(cast.theatre.customer.url(f"/{cast.name}/other"))
    assert await ordered(cast, FetchDocument(where)) == Taken()
    await asyncio.sleep(0.5)
    assert await ordered(cast, RunDocument((Hangup(),))) == Refused(Refusal.TRANSFERRING)
    joined = await ordered(cast, TransferCall(Refer(TARGET)))
    await playing
    assert isinstance(joined, Taken)
    assert await cast.outcomes() == [Outcome.COMPLETED]


async def test_the_end_of_a_call_cancels_its_transfer(cast: Cast) -> None:
    refer = f'<Response><Refer action="after"><Sip>{TARGET}</Sip></Refer></Response>'
    cast.theatre.reply(cast.name, "voice", refer)
    cast.theatre.reply(cast.name, "after", "<Response/>")
    steps = (call(), expect_refer(), answer_refer(202), notify(180), hear_bye(), notify(487))
    playing = asyncio.create_task(cast.play(steps))
    await key_of(cast)
    await asyncio.sleep(0.4)
    assert await ordered(cast, EndCall(unanswered=True)) == Refused(Refusal.ANSWERED)
    assert await ordered(cast, EndCall()) == Taken()
    await playing
    assert await cast.outcomes() == [Outcome.CANCELED]
    await cast.theatre.customer.received(f"/{cast.name}/after", within=10)
    told = await cast.theatre.the_one(cast.name)
    assert told.form["ReferCallStatus"] == "canceled"


async def test_both_parties_run_a_document_of_their_own(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", cast.dial("a"))
    playing = asyncio.create_task(
        cast.play((call(), *TRANSFERRED), a=(*ANSWERS, *TRANSFERRED)),
    )
    await key_of(cast, "a")
    await asyncio.sleep(TALK)
    order = RunDocument((Refer(TARGET),), both=True)
    assert await ordered(cast, order, cast.name) == Taken()
    await playing
    assert await cast.outcomes(2) == [Outcome.COMPLETED] * 2


# -- new calls -------------------------------------------------------------------


def wanted(cast: Cast, document: str = "voice", timeout: float = 10.0) -> Origination:
    base = cast.theatre.customer.url(f"/{cast.name}")
    watch = LegWatch(Callback(f"{base}/leg"), frozenset(LegEvent))
    callee = Callee(SipAddress(cast.uri("a")), watch)
    return Origination(callee, Callback(f"{base}/{document}"), "4930", timeout=timeout)


async def test_a_call_is_made_and_transferred(cast: Cast) -> None:
    refer = f'<Response><Refer action="after"><Sip>{TARGET}</Sip></Refer></Response>'
    cast.theatre.reply(cast.name, "voice", refer)
    cast.theatre.reply(cast.name, "after", "<Response/>")
    cast.theatre.reply(cast.name, "leg", *[Reply("")] * 4)
    app = cast.theatre.running.app
    origination = wanted(cast)
    phone = Phone(cast.theatre.running.sip)
    async with phone.wait(cast.ports["a"], (*ANSWERS, *TRANSFERRED), within=20) as a:
        made = await app.desk.originate(cast.name, origination)
        assert isinstance(made, CallRecord)
        assert (await a.played()).log == ""
    assert await cast.outcomes() == [Outcome.COMPLETED]
    (ended,) = cast.theatre.journal[cast.name].ended
    assert (ended.result.refer_code, ended.result.notify_code) == (202, 200)
    await cast.theatre.customer.received(f"/{cast.name}/leg", within=10)
    for _ in range(100):
        told = cast.theatre.told(cast.name, "leg")
        if len(told) == 4:
            break
        await asyncio.sleep(0.05)
    assert [each.form["CallStatus"] for each in told] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    asked = await cast.theatre.the_one(cast.name, "voice")
    assert (asked.form["Direction"], asked.form["From"]) == ("outbound-api", "4930")


async def test_a_call_that_nobody_takes(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "leg", *[Reply("")] * 4)
    app, origination = cast.theatre.running.app, wanted(cast)
    phone = Phone(cast.theatre.running.sip)
    async with phone.wait(cast.ports["a"], (ring_in(), decline(486)), within=20) as a:
        await app.desk.originate(cast.name, origination)
        assert (await a.played()).log == ""
    for _ in range(100):
        told = [each.form["CallStatus"] for each in cast.theatre.told(cast.name, "leg")]
        if "busy" in told:
            break
        await asyncio.sleep(0.05)
    assert told[-1] == "busy"


async def test_a_target_that_may_not_be_called_is_not(cast: Cast) -> None:
    where = Origination(Callee(SipAddress("sip:a@forbidden.example.net")), (Pause(1.0),))
    verdict = await cast.theatre.running.app.desk.originate(cast.name, where)
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.NOT_CALLABLE
    assert "[targets] allow" in verdict.detail


# -- a document before the connection (seed 004, attended transfer) ---------------


def screened(cast: Cast, agent: str = "a") -> str:
    sip = f'<Sip url="screen">{cast.uri(agent)}</Sip>'
    return f'<Response><Dial action="after">{sip}</Dial></Response>'


async def test_a_callee_is_connected_behind_its_document(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", screened(cast))
    cast.theatre.reply(cast.name, "screen", "<Response><Pause length='1'/></Response>")
    cast.theatre.reply(cast.name, "after", "<Response/>")
    await cast.play((call(), pause(2.5), bye()), a=(*ANSWERS, *HANGS_UP))
    asked = await cast.theatre.the_one(cast.name, "screen")
    assert (asked.form["Direction"], asked.form["CallStatus"]) == ("outbound-dial", "in-progress")
    told = await cast.theatre.the_one(cast.name)
    assert told.form["DialCallStatus"] == "completed"
    assert told.form["DialCallSid"] == asked.form["CallSid"]


async def test_a_callee_that_does_not_want_to_is_not_connected(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", screened(cast))
    cast.theatre.reply(cast.name, "screen", "<Response><Hangup/></Response>")
    cast.theatre.reply(cast.name, "after", "<Response/>")
    await cast.play((call(), hear_bye()), a=(*ANSWERS, hear_bye()))
    told = await cast.theatre.the_one(cast.name)
    assert told.form["DialCallStatus"] == "no-answer"


@pytest.mark.parametrize("screen", ["<Pause length='20'/>", ""])
async def test_the_caller_takes_the_place_of_ours_in_the_call_to_the_agent(
    cast: Cast, screen: str
) -> None:
    cast.theatre.reply(cast.name, "voice", screened(cast))
    cast.theatre.reply(cast.name, "screen", f"<Response>{screen}</Response>")
    second = Refer(cast.uri("a"), replaces=SecondLeg())
    playing = asyncio.create_task(cast.play((call(), *TRANSFERRED), a=(*ANSWERS, hear_bye())))
    await key_of(cast, "a")
    await asyncio.sleep(TALK)
    verdict = await ordered(cast, RunDocument((second,)), cast.name)
    await playing
    assert verdict == Taken()
    assert await cast.outcomes() == [Outcome.COMPLETED]
