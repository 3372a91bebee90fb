"""Attended transfers (RFC 5589, 7): the agent talks to the target first, then connects both."""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest

from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.lab.phone import (
    TOLD,
    Phone,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    hear_nothing,
    hear_notify,
    hear_word,
    notify,
    pause,
    send_refer,
)
from tests.scenarios.agent import Agent, Heard
from tests.scenarios.cast import ANSWERS, TALK, Cast
from tests.scenarios.theatre import Theatre


@pytest.fixture
def consultation(theatre: Theatre, cast: Cast) -> Cast:
    """Another application, which the agent calls to talk to the target."""
    consultation = Cast(theatre, theatre.free_application())
    theatre.reply(consultation.name, "voice", consultation.dial("target"))
    theatre.reply(cast.name, "voice", cast.dial("a", attributes='referUrl="where"'))
    return consultation


TRANSFERS = (*ANSWERS, hear_word(), send_refer(TOLD))


async def test_the_two_who_are_left_are_connected(cast: Cast, consultation: Cast) -> None:
    sip = cast.theatre.running.sip
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(
            Phone(sip).wait(cast.ports["a"], (*TRANSFERS, hear_notify(200), hear_bye()))
        )
        target = await stack.enter_async_context(
            Phone(sip).wait(consultation.ports["target"], (*ANSWERS, pause(3.0), bye()))
        )
        caller = await stack.enter_async_context(
            Phone(sip).dial(cast.name, (call(), pause(1.5), hear_nothing(1.0), hear_bye()))
        )
        await a.dialog()
        second = await stack.enter_async_context(
            Phone(sip).dial(consultation.name, (call(), hear_bye()))
        )
        await target.dialog()
        await asyncio.sleep(TALK)
        await a.tell((await second.dialog()).refer_to(f"sip:{consultation.name}@{sip}"))
        logs = [(await each.played()).log for each in (a, second, target, caller)]
    assert logs == [""] * 4
    assert await cast.outcomes() == [Outcome.COMPLETED]
    assert cast.counted() == {"completed": 1}
    assert consultation.counted() == {}, "it is one transfer, and counted once"
    assert not cast.theatre.told(cast.name, "where"), "nobody needs to be asked where to"


@pytest.mark.usefixtures("consultation")
async def test_a_call_that_is_not_ours_cannot_take_over(cast: Cast) -> None:
    elsewhere = "<sip:target@example.com?Replaces=abc%40example.com%3Bto-tag%3D1%3Bfrom-tag%3D2>"
    a = (*ANSWERS, pause(TALK), send_refer(elsewhere), hear_notify(603), hear_nothing(0.4), bye())
    await cast.play((call(), hear_bye()), a=a)
    (ended,) = cast.theatre.journal[cast.name].ended
    assert (ended.result.outcome, ended.result.reason) == (
        Outcome.REJECTED,
        Reason.REPLACES_UNKNOWN,
    )
    assert "no call of ours" in ended.result.detail


async def test_a_consultation_that_nobody_answered_yet(cast: Cast, consultation: Cast) -> None:
    sip = cast.theatre.running.sip
    hears = (hear_notify(603), hear_nothing(0.4), bye())
    # Speech answers the call: nobody else is there.
    said = "<Response><Say>Please hold.</Say><Pause length='2'/></Response>"
    cast.theatre.reply(consultation.name, "voice", said)
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(Phone(sip).wait(cast.ports["a"], (*TRANSFERS, *hears)))
        caller = await stack.enter_async_context(Phone(sip).dial(cast.name, (call(), hear_bye())))
        await a.dialog()
        second = await stack.enter_async_context(
            Phone(sip).dial(consultation.name, (call(), hear_bye()))
        )
        await a.tell((await second.dialog()).refer_to(f"sip:{consultation.name}@{sip}"))
        logs = [(await each.played()).log for each in (a, caller, second)]
    assert logs == [""] * 3
    assert await cast.outcomes() == [Outcome.REJECTED]


async def test_two_callers_of_one_agent_are_connected(cast: Cast, consultation: Cast) -> None:
    """Both called the agent, who brings them together: the second caller is replaced."""
    sip, theatre = cast.theatre.running.sip, cast.theatre
    theatre.reply(consultation.name, "voice", consultation.dial("again"))
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(
            Phone(sip).wait(cast.ports["a"], (*TRANSFERS, hear_notify(200), hear_bye()))
        )
        again = await stack.enter_async_context(
            Phone(sip).wait(consultation.ports["again"], (*ANSWERS, hear_bye()))
        )
        one = await stack.enter_async_context(Phone(sip).dial(cast.name, (call(), hear_bye())))
        other = await stack.enter_async_context(
            Phone(sip).dial(consultation.name, (call(), pause(2.5), bye()))
        )
        await a.dialog()
        replaced = await again.dialog()
        await asyncio.sleep(TALK)
        await a.tell(replaced.refer_to(f"sip:phone@{sip}"))
        logs = [(await each.played()).log for each in (a, again, one, other)]
    assert logs == [""] * 4
    assert await cast.outcomes() == [Outcome.COMPLETED]


# -- a phone of another make --------------------------------------------------------


async def test_blind_with_a_phone_of_another_make(cast: Cast) -> None:
    theatre, sip = cast.theatre, cast.theatre.running.sip
    theatre.reply(cast.name, "voice", cast.dial("a", attributes='referUrl="where"'))
    theatre.reply(cast.name, "where", cast.dial("b"))
    async with (
        Agent(cast.ports["a"]) as agent,
        Phone(sip).wait(cast.ports["b"], (*ANSWERS, pause(0.3), bye())) as b,
        Phone(sip).dial(cast.name, (call(), hear_bye())) as caller,
    ):
        line = await agent.called()
        await asyncio.sleep(TALK)
        assert await line.refer("sip:agentb@example.com") == 202
        assert (await line.final()).code == 200
        await line.over()
        assert [(await each.played()).log for each in (b, caller)] == ["", ""]
    assert line.codes == [100, 200]
    assert await cast.outcomes() == [Outcome.COMPLETED]


async def test_attended_with_a_phone_of_another_make(cast: Cast, consultation: Cast) -> None:
    sip = cast.theatre.running.sip
    async with (
        Agent(cast.ports["a"]) as agent,
        Phone(sip).wait(consultation.ports["target"], (*ANSWERS, pause(2.0), bye())) as target,
        Phone(sip).dial(cast.name, (call(), hear_bye())) as caller,
    ):
        line = await agent.called()
        second = await agent.call(consultation.name, sip)
        await target.dialog()
        await asyncio.sleep(TALK)
        assert await line.refer(f"sip:{consultation.name}@{sip}", replaces=second.dialog) == 202
        last = await line.final()
        assert isinstance(last, Heard)
        assert last.code == 200
        await line.over()
        await second.over()
        assert [(await each.played()).log for each in (target, caller)] == ["", ""]
    assert await cast.outcomes() == [Outcome.COMPLETED]


# -- a REFER of ours with Replaces ---------------------------------------------------

WAITS = "<Response><Say>One moment.</Say><Pause length='9'/></Response>"


def to_replace(sid: str) -> str:
    """Return a document that transfers its caller to the place of another call."""
    refer = f'<Refer x-replaces="{sid}" action="after"><Sip>sip:desk@example.com</Sip></Refer>'
    return f"<Response>{refer}</Response>"


async def test_the_transferee_is_to_take_the_place_of_another_call(cast: Cast) -> None:
    theatre, sip = cast.theatre, cast.theatre.running.sip
    theatre.reply(cast.name, "voice", WAITS)
    async with Phone(sip).dial(cast.name, (call(), pause(2.0), bye())) as agent:
        dialog = await agent.dialog()
        sid = theatre.told(cast.name, "voice")[0].form["CallSid"]
        theatre.reply(cast.name, "voice", to_replace(sid))
        theatre.reply(cast.name, "after", "<Response/>")
        # RFC 3891, 3: the tags are those of who gets the INVITE, which is the agent's phone.
        names = f"{dialog.call_id};to-tag={dialog.local_tag};from-tag={dialog.remote_tag}"
        wanted = f"Replaces={quote(names, safe='')}"
        steps = (call(), expect_refer(header=wanted), answer_refer(202), notify(200), hear_bye())
        assert await theatre.phone(cast.name, *steps) == ""
        assert await cast.outcomes() == [Outcome.COMPLETED]
        assert (await agent.played()).log == ""


async def test_the_call_of_another_application_cannot_be_replaced(cast: Cast) -> None:
    theatre, sip = cast.theatre, cast.theatre.running.sip
    other = theatre.free_application()
    theatre.reply(other, "voice", WAITS)
    async with Phone(sip).dial(other, (call(), pause(1.0), bye())) as somebody:
        await somebody.dialog()
        theatre.reply(
            cast.name, "voice", to_replace(theatre.told(other, "voice")[0].form["CallSid"])
        )
        theatre.reply(cast.name, "after", "<Response/>")
        await cast.play((call(), hear_bye()))
        assert await cast.outcomes() == [Outcome.ERROR]
        assert (await somebody.played()).log == ""


async def test_a_call_that_is_not_there_cannot_be_replaced(cast: Cast) -> None:
    cast.theatre.reply(cast.name, "voice", to_replace(f"CA{'0' * 32}"))
    cast.theatre.reply(cast.name, "after", "<Response/>")
    await cast.play((call(), hear_bye()))
    assert await cast.outcomes() == [Outcome.ERROR]
