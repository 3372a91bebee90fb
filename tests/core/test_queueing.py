"""A queue of Asterisk's: how a call gets in, how it comes out, what is told then."""

import pytest

from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelUp,
    Command,
    CommandRefused,
    DrainOver,
    QueueLeft,
    QueueStatus,
)
from stasis_refer.core.verbs import Enqueue
from tests.core.calls import AFTER, FIRST_SOUND, SAY, Step, follow

ENQUEUE = Enqueue("sales", AFTER)


def left(at: float, status: QueueStatus) -> Step:
    return at, QueueLeft(status)


WAITS = [
    ([left(60, QueueStatus.TIMEOUT)], "60 fetch action timeout 60"),
    ([left(0.1, QueueStatus.FULL)], "0.1 fetch action full 0.1"),
    ([left(0.1, QueueStatus.JOIN_EMPTY)], "0.1 fetch action empty 0.1"),
    ([left(7, QueueStatus.LEAVE_EMPTY)], "7 fetch action empty 7"),
    ([left(0.1, QueueStatus.JOIN_UNAVAILABLE)], "0.1 fetch action empty 0.1"),
    ([left(7, QueueStatus.LEAVE_UNAVAILABLE)], "7 fetch action empty 7"),
    ([left(7, QueueStatus.WITHDRAWN)], "7 fetch action withdrawn 7"),
    ([left(0.1, QueueStatus.UNKNOWN)], "0.1 fetch action error 0.1"),
    ([(20.0, Bridged()), left(90, QueueStatus.CONTINUE)], "90 fetch action connected 20"),
    ([(20.0, Bridged()), (90.0, CallEnded())], "90 fetch action connected 20"),
    ([(20.0, CallEnded())], "20 fetch action hangup 20"),
    ([(0.1, CommandRefused(Command.QUEUE, 500))], "0.1 fetch action error 0.1"),
]


@pytest.mark.parametrize(("steps", "expected"), WAITS)
def test_how_a_wait_ends(steps: list[Step], expected: str) -> None:
    assert follow(*steps, verbs=(ENQUEUE,)) == ["0 join sales", expected]


def test_without_an_action_the_next_verb_follows() -> None:
    words = follow(left(60, QueueStatus.TIMEOUT), verbs=(Enqueue("sales"), SAY))
    assert words == ["0 join sales", f"60 play {FIRST_SOUND}"]


def test_a_ringing_call_is_answered_first() -> None:
    words = follow((1.0, ChannelUp()), verbs=(ENQUEUE,), up=False)
    assert words == ["0 answer", "1 join sales"]


def test_a_call_in_a_queue_is_left_there_when_the_program_stops() -> None:
    assert follow((5.0, DrainOver()), verbs=(ENQUEUE,)) == ["0 join sales"]


def test_a_status_that_nobody_waits_for_changes_nothing() -> None:
    words = follow(left(1, QueueStatus.TIMEOUT), (1.0, Bridged()), verbs=(SAY,))
    assert words == [f"0 play {FIRST_SOUND}"]
