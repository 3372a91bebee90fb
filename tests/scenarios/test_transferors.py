"""What real phones do that transfer a call, on a real Asterisk with SIPp."""

import asyncio
from dataclasses import dataclass

import pytest

from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.lab.phone import (
    Phone,
    Step,
    answer,
    bye,
    call,
    decline,
    expect_cancel,
    hear_bye,
    hear_nothing,
    hear_notify,
    hold,
    pause,
    ring_in,
    send_refer,
)
from tests.fakes.customer import Reply
from tests.scenarios.agent import Agent
from tests.scenarios.cast import ANSWERS, TALK, TARGET, Cast, refers

BRIDGE = 'answerOnBridge="true"'
MODES = pytest.mark.parametrize("mode", ["", BRIDGE], ids=["released", "held"])
MOVED = (hear_notify(200), hear_bye())
GOES_ON = (hear_nothing(0.4), bye())
B_ANSWERS = (*ANSWERS, pause(TALK), bye())
B_ANSWERS_LATE = (ring_in(), pause(1.5), *B_ANSWERS[2:])
IS_CUT_OFF = (call(), hear_bye())


@pytest.fixture
def stage(cast: Cast) -> Cast:
    """Let the application send whoever is transferred to agent B."""
    cast.theatre.reply(cast.name, "where", cast.dial("b"))
    cast.theatre.reply(cast.name, "after", "<Response/>")
    return cast


def calls_a(stage: Cast, mode: str = "") -> None:
    """Let the application connect a caller with agent A."""
    attributes = f'{mode} referUrl="where" action="after"'
    stage.theatre.reply(stage.name, "voice", stage.dial("a", attributes=attributes))


@MODES
@pytest.mark.parametrize(
    "a",
    [
        pytest.param((*refers(referred_by=None), *MOVED), id="sends no Referred-By"),
        pytest.param((*refers(referred_by="<sip:agenta@example.com>"), *MOVED), id="says who"),
        pytest.param(
            (*ANSWERS, pause(TALK), hold(), pause(0.2), send_refer(f"<{TARGET}>"), *MOVED),
            id="put the caller on hold before",
        ),
    ],
)
async def test_the_transfer_goes_on(stage: Cast, mode: str, a: tuple[Step, ...]) -> None:
    calls_a(stage, mode)
    await stage.play(IS_CUT_OFF, a=a, b=B_ANSWERS)
    assert await stage.outcomes() == [Outcome.COMPLETED]
    assert stage.counted() == {"completed": 1}
    assert not stage.theatre.told(stage.name), "the Dial's action URL is not asked"


@MODES
async def test_a_transferor_that_is_gone_is_not_told_the_end(stage: Cast, mode: str) -> None:
    calls_a(stage, mode)
    if not mode:
        # Without answerOnBridge the transfer is over for A as soon as its document is there.
        stage.theatre.reply(stage.name, "where", Reply(stage.dial("b"), delay=0.5))
    # Asterisk ends the subscription of who is gone by itself, with 503.
    a = (*refers(), hear_notify(100), bye(), hear_notify(503))
    await stage.play(IS_CUT_OFF, a=a, b=B_ANSWERS_LATE)
    assert await stage.outcomes() == [Outcome.COMPLETED]
    assert stage.counted() == {"completed": 1}
    assert not stage.theatre.told(stage.name), "the Dial's action URL is not asked"


@MODES
async def test_a_phone_that_says_bye_right_behind_the_202(stage: Cast, mode: str) -> None:
    """As Microsoft Teams does; SIPp cannot, because a NOTIFY crosses its BYE."""
    calls_a(stage, mode)
    sip = stage.theatre.running.sip
    async with (
        Agent(stage.ports["a"]) as agent,
        Phone(sip).wait(int(stage.uri("b").rpartition(":")[2]), B_ANSWERS) as b,
        Phone(sip).dial(stage.name, IS_CUT_OFF) as caller,
    ):
        line = await agent.called()
        await asyncio.sleep(TALK)
        assert await line.refer(TARGET) == 202
        assert await line.hang_up() == 200
        assert [(await each.played()).log for each in (b, caller)] == ["", ""]
    assert await stage.outcomes() == [Outcome.COMPLETED]


async def test_a_transferor_who_left_cannot_be_connected_again(stage: Cast) -> None:
    calls_a(stage, BRIDGE)
    a = (*refers(), hear_notify(100), bye(), hear_notify(503))
    await stage.play(IS_CUT_OFF, a=a, b=(ring_in(), pause(1.5), decline(486)))
    assert await stage.outcomes() == [Outcome.BUSY]


@MODES
async def test_a_second_refer_ends_with_the_first(stage: Cast, mode: str) -> None:
    calls_a(stage, mode)
    twice = (*refers(), hear_notify(100), send_refer("<sip:somebody.else@example.com>"))
    ends = (hear_notify(200), hear_notify(200), hear_bye())
    if not mode:
        # Without answerOnBridge the first is over as soon as its document is there.
        stage.theatre.reply(stage.name, "where", Reply(stage.dial("b"), delay=0.5))
    await stage.play(IS_CUT_OFF, a=(*twice, *ends), b=B_ANSWERS_LATE)
    assert sorted(await stage.outcomes(2)) == [Outcome.COMPLETED, Outcome.REJECTED]
    ended = stage.theatre.journal[stage.name].ended
    assert Reason.ANOTHER_TRANSFER in {each.result.reason for each in ended}
    assert len(stage.theatre.told(stage.name, "where")) == 1


async def test_the_same_refer_once_more_joins_the_first(stage: Cast) -> None:
    calls_a(stage, BRIDGE)
    twice = (*refers(), hear_notify(100), send_refer(f"<{TARGET}>"))
    ends = (hear_notify(200), hear_notify(200), hear_bye())
    await stage.play(IS_CUT_OFF, a=(*twice, *ends), b=B_ANSWERS_LATE)
    assert await stage.outcomes() == [Outcome.COMPLETED]


@MODES
@pytest.mark.parametrize(
    ("refer_to", "outcome", "reason"),
    [
        (f"<sip:{'b' * 300}@example.com>", Outcome.REJECTED, Reason.REFER_TO_TOO_LONG),
        ("<sip:agentb@evil.example.org>", Outcome.BLOCKED, Reason.POLICY),
        ("<sip:agentb@example.com;maddr=192.0.2.1>", Outcome.BLOCKED, Reason.POLICY),
    ],
    ids=["Refer-To over 256 characters", "target not allowed", "target led elsewhere"],
)
async def test_declined_and_the_first_call_goes_on(
    stage: Cast, mode: str, refer_to: str, outcome: Outcome, reason: Reason
) -> None:
    calls_a(stage, mode)
    await stage.play(IS_CUT_OFF, a=(*refers(refer_to), hear_notify(603), *GOES_ON))
    assert await stage.outcomes() == [outcome]
    (ended,) = stage.theatre.journal[stage.name].ended
    assert ended.result.reason is reason
    assert not stage.theatre.told(stage.name, "where")
    assert stage.theatre.told(stage.name)[0].form["DialCallStatus"] == "completed"


async def test_a_refer_to_a_telephone_number_is_refused_by_asterisk(stage: Cast) -> None:
    calls_a(stage)
    await stage.play(IS_CUT_OFF, a=(*refers("<tel:+4930123>", answer=400), *GOES_ON))
    (ended,) = stage.theatre.journal[stage.name].ended
    assert (ended.result.outcome, ended.result.refer_code) == (Outcome.REJECTED, 400)
    assert ended.result.reason is Reason.REFER_REFUSED


async def test_an_endpoint_that_may_not_transfer(stage: Cast) -> None:
    noun = f'<Sip username="stubborn">{stage.uri("a")}</Sip>'
    dial = f'<Response><Dial referUrl="where" action="after">{noun}</Dial></Response>'
    stage.theatre.reply(stage.name, "voice", dial)
    await stage.play(IS_CUT_OFF, a=(*refers(answer=603), *GOES_ON))
    (ended,) = stage.theatre.journal[stage.name].ended
    assert (ended.result.outcome, ended.result.refer_code) == (Outcome.REJECTED, 603)


@pytest.mark.parametrize(
    "refer_to",
    [
        "<sip:agentb@example.com?User-to-User=123456789%3Bencoding%3Dhex&X-Name=Agent%2C+A>",
        "sip:agentb@example.com",
        "<sip:agentb@example.com:5070;transport=tcp>",
    ],
)
async def test_the_application_sees_refer_to_as_it_was_received(stage: Cast, refer_to: str) -> None:
    calls_a(stage)
    await stage.play(IS_CUT_OFF, a=(*refers(refer_to), *MOVED), b=B_ANSWERS)
    asked = await stage.theatre.the_one(stage.name, "where")
    assert asked.form["ReferTransferTarget"] == refer_to
    assert asked.form["CallStatus"] == "in-progress"
    assert asked.form["CallSid"] == stage.theatre.told(stage.name, "voice")[0].form["CallSid"]


async def test_refer_method(stage: Cast) -> None:
    attributes = 'referUrl="where" referMethod="GET"'
    stage.theatre.reply(stage.name, "voice", stage.dial("a", attributes=attributes))
    await stage.play(IS_CUT_OFF, a=(*refers(), *MOVED), b=B_ANSWERS)
    asked = await stage.theatre.the_one(stage.name, "where")
    assert asked.method == "GET"


# -- the caller presses transfer ---------------------------------------------------

PRESSES = (call(), pause(1.5), send_refer(f"<{TARGET}>"))
A_IS_MOVED = (*ANSWERS, hear_bye())


@MODES
async def test_the_caller_transfers_whom_it_called(stage: Cast, mode: str) -> None:
    calls_a(stage, mode)
    await stage.play((*PRESSES, *MOVED), a=A_IS_MOVED, b=B_ANSWERS)
    assert await stage.outcomes() == [Outcome.COMPLETED]
    first = stage.theatre.told(stage.name, "voice")[0].form
    asked = await stage.theatre.the_one(stage.name, "where")
    assert asked.form["CallSid"] != first["CallSid"], "the document is the transferee's"
    assert asked.form["ParentCallSid"] == first["CallSid"]
    assert asked.form["Direction"] == "outbound-dial"


async def test_a_caller_whose_target_declines_is_connected_again(stage: Cast) -> None:
    calls_a(stage, BRIDGE)
    caller = (*PRESSES, hear_notify(503), hear_nothing(0.4), bye())
    await stage.play(caller, a=A_IS_MOVED, b=(ring_in(), decline(486)))
    assert await stage.outcomes() == [Outcome.BUSY]
    told = await stage.theatre.the_one(stage.name)
    assert told.form["DialCallStatus"] == "completed"
    assert told.form["CallSid"] == stage.theatre.told(stage.name, "voice")[0].form["CallSid"]


async def test_a_callee_who_leaves_meanwhile_leaves_the_caller_its_document(stage: Cast) -> None:
    calls_a(stage, BRIDGE)
    a = (*ANSWERS, pause(3.0), bye())
    await stage.play((*PRESSES, hear_notify(503), hear_bye()), a=a, b=(ring_in(), expect_cancel()))
    assert await stage.outcomes() == [Outcome.CANCELED]
    told = await stage.theatre.the_one(stage.name)
    assert told.form["DialCallStatus"] == "completed"


async def test_a_caller_who_is_connected_to_nobody(stage: Cast) -> None:
    calls_a(stage, BRIDGE)
    said = '<Response><Dial timeout="5"><Sip>{}</Sip></Dial></Response>'
    stage.theatre.reply(stage.name, "voice", said.format(stage.uri("a")))
    caller = (call(), pause(0.3), send_refer(f"<{TARGET}>"), hear_notify(603), bye())
    await stage.play(caller, a=(ring_in(), expect_cancel()))
    (ended,) = stage.theatre.journal[stage.name].ended
    assert (ended.result.outcome, ended.result.reason) == (Outcome.REJECTED, Reason.NOT_CONNECTED)


# -- what the application may answer -----------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A document at referUrl that is no plain Dial, and what A hears in each mode."""

    name: str
    document: str
    released: tuple[Step, ...]
    held: tuple[Step, ...]
    outcome: Outcome = Outcome.FAILED


AGAIN = (hear_notify(503), *GOES_ON)

ANSWERS_AT_REFER_URL = (
    Answer("nothing", "<Response/>", MOVED, AGAIN),
    Answer(
        "a queue where somebody takes the call",
        "<Response><Enqueue>served</Enqueue></Response>",
        MOVED,
        MOVED,
        Outcome.COMPLETED,
    ),
    Answer(
        "a queue that takes no call",
        "<Response><Enqueue>nobody-there</Enqueue></Response>",
        MOVED,
        AGAIN,
    ),
    Answer("words", "<Response><Say>No.</Say></Response>", MOVED, AGAIN),
    Answer(
        "somebody who may not be called",
        "<Response><Dial><Sip>sip:b@evil.example.org</Sip></Dial></Response>",
        MOVED,
        AGAIN,
        Outcome.BLOCKED,
    ),
    Answer(
        "the end of the call",
        "<Response><Hangup/></Response>",
        MOVED,
        (hear_notify(503), hear_bye()),
    ),
)


@MODES
@pytest.mark.parametrize("said", ANSWERS_AT_REFER_URL, ids=lambda said: said.name)
async def test_a_document_that_is_no_plain_dial(stage: Cast, mode: str, said: Answer) -> None:
    calls_a(stage, mode)
    stage.theatre.reply(stage.name, "where", said.document)
    a = said.held if mode else said.released
    await stage.play(IS_CUT_OFF, a=(*refers(), *a))
    assert await stage.outcomes() == [said.outcome]


@MODES
async def test_a_document_that_speaks_before_it_dials(stage: Cast, mode: str) -> None:
    calls_a(stage, mode)
    spoken = stage.dial("b").replace("<Dial", "<Say>One moment.</Say><Dial", 1)
    stage.theatre.reply(stage.name, "where", spoken)
    await stage.play(IS_CUT_OFF, a=(*refers(), *MOVED), b=B_ANSWERS)
    assert await stage.outcomes() == [Outcome.COMPLETED]


async def test_who_was_transferred_can_be_transferred_again(stage: Cast) -> None:
    calls_a(stage)
    stage.theatre.reply(stage.name, "where", stage.dial("b", attributes='referUrl="there"'))
    stage.theatre.reply(stage.name, "there", stage.dial("c"))
    b = (*refers("<sip:agentc@example.com>"), *MOVED)
    await stage.play(IS_CUT_OFF, a=(*refers(), *MOVED), b=b, c=B_ANSWERS)
    assert await stage.outcomes(2) == [Outcome.COMPLETED, Outcome.COMPLETED]


async def test_behind_a_failed_target_the_documents_next_verb_decides(stage: Cast) -> None:
    calls_a(stage)
    stage.theatre.reply(stage.name, "where", stage.dial("b", behind="<Redirect>next</Redirect>"))
    stage.theatre.reply(stage.name, "next", stage.dial("c"))
    busy = (ring_in(), decline(486))
    await stage.play(IS_CUT_OFF, a=(*refers(), *MOVED), b=busy, c=(ring_in(), answer(), bye()))
    assert await stage.outcomes() == [Outcome.BUSY]
