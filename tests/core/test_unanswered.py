"""Commands that Asterisk did not answer before it was connected again."""

import pytest

from stasis_refer.core.events import (
    CallEnded,
    ChannelReturned,
    ChannelUp,
    Command,
    CommandRefused,
    Regained,
    TransferStatus,
)
from stasis_refer.core.intents import TransferEnded
from stasis_refer.core.line import ANSWER_LIMIT
from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.core.refer import RETURN_TIME
from stasis_refer.core.verbs import Refer
from tests.core.calls import PLAIN, SENT, TAKEN, Line, document, notify

REFER = Refer("sip:alice@example.com")
UNANSWERED = CommandRefused(Command.REFER, 0)


def referring() -> Line:
    line = Line(PLAIN)
    line.happens((0.0, document(REFER)))
    return line


def ended(line: Line) -> list[tuple[Outcome, Reason, Evidence]]:
    results = [each.result for each in line.intents if isinstance(each, TransferEnded)]
    return [(each.outcome, each.reason, each.evidence) for each in results]


def test_a_refer_that_never_left_is_given_up_a_moment_behind_the_gap() -> None:
    line = referring()
    line.happens((1.0, UNANSWERED), (2.0, Regained(up=True)))
    line.wait(2.0 + RETURN_TIME - 0.1)
    assert ended(line) == []
    line.wait(2.0 + RETURN_TIME)
    assert ended(line) == [(Outcome.UNCONFIRMED, Reason.COMMAND_REFUSED, Evidence.NONE)]
    assert line.words[-1] == f"{2.0 + RETURN_TIME:g} break off"  # nor may it leave later


def test_one_that_left_all_the_same_goes_on() -> None:
    line = referring()
    line.happens((1.0, UNANSWERED), (2.0, Regained(up=True)), (2.1, SENT[1]), (2.2, TAKEN[1]))
    line.wait(20.0)
    assert ended(line) == []
    success = ChannelReturned(TransferStatus.SUCCESS, 0)
    line.happens((20.0, notify(3, 200, end=True)), (20.0, success))
    assert [outcome for outcome, *_ in ended(line)] == [Outcome.COMPLETED]


def test_one_that_was_answered_is_not_given_up_for_a_look_that_came_before() -> None:
    line = referring()
    line.happens((1.0, Regained(up=True)))
    line.wait(20.0)
    assert ended(line) == []


def test_one_whose_channel_is_still_in_transfer_is_waited_for() -> None:
    line = referring()
    line.happens((1.0, UNANSWERED))
    line.wait(20.0)
    assert ended(line) == []


@pytest.mark.parametrize(
    ("ended_", "outcome"),
    [
        (CallEnded(unheard=True), Outcome.COMPLETED),
        (CallEnded(), Outcome.CANCELED),  # Asterisk heard the NOTIFY and did not believe it
    ],
)
def test_a_success_that_asterisk_could_not_bear_out(ended_: CallEnded, outcome: Outcome) -> None:
    line = referring()
    line.happens((0.1, SENT[1]), (0.2, TAKEN[1]), (1.0, notify(1, 200, end=True)), (5.0, ended_))
    line.wait(20.0)
    assert [told for told, *_ in ended(line)] == [outcome]


@pytest.mark.parametrize("up", [True, False])
def test_an_answer_that_nobody_heard_of(*, up: bool) -> None:
    line = Line(PLAIN, up=False)
    line.happens((0.0, document(REFER)), (0.1, CommandRefused(Command.ANSWER, 0)))
    assert line.words[-1] == "0 answer"
    line.happens((0.5, Regained(up=up)))
    if not up:
        assert line.words[-1] == "0.5 answer"
        line.happens((0.6, ChannelUp()))
    assert line.words[-1].endswith("refer sip:alice@example.com")


def test_one_that_is_not_made_up_for_ends_the_call_in_time() -> None:
    line = Line(PLAIN, up=False)
    line.happens((0.0, document(REFER)), (0.1, CommandRefused(Command.ANSWER, 0)))
    line.wait(ANSWER_LIMIT)
    assert line.words[-1] == f"{ANSWER_LIMIT:g} hang up"
