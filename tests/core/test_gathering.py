"""Digits (DTMF): how they are collected, and what is asked for then."""

from dataclasses import replace

import pytest

from stasis_refer.core.events import CallEnded, ChannelHeld, ChannelUp, DigitPressed, PlaybackEnded
from stasis_refer.core.verbs import Gather, Hangup, Pause, Verb
from tests.core.calls import (
    AFTER,
    BEGAN,
    BUSY,
    FIRST_SOUND,
    NO_ACTION,
    SAY,
    SECOND,
    SECOND_SOUND,
    Step,
    document,
    follow,
)

FOUR = Gather(action=AFTER, most=4, finish_on="#")
ASKED = replace(FOUR, prompts=(SAY,))
TELL_EMPTY = replace(FOUR, tell_empty=True)


def keys(at: float, digits: str) -> list[Step]:
    """Press keys, one each second."""
    return [(at + number, DigitPressed(digit)) for number, digit in enumerate(digits)]


DIGITS = [
    pytest.param(FOUR, keys(1, "1234"), ["4 fetch action 1234"], id="as many as wanted"),
    pytest.param(FOUR, keys(1, "12#"), ["3 fetch action 12#"], id="a key ends them"),
    pytest.param(FOUR, keys(1, "12"), ["7 fetch action 12"], id="silence ends them"),
    pytest.param(
        replace(FOUR, next_timeout=1.5),
        [(1.0, DigitPressed("1")), (2.6, DigitPressed("2"))],
        ["2.5 fetch action 1"],
        id="the time between digits",
    ),
    pytest.param(
        replace(FOUR, first_timeout=2.0),
        keys(2.5, "1"),
        ["2 hang up"],
        id="the time to the first digit",
    ),
    pytest.param(FOUR, [], ["5 hang up"], id="nothing: the next verb"),
    pytest.param(FOUR, keys(1, "#"), ["1 hang up"], id="only the key that ends them"),
    pytest.param(TELL_EMPTY, [], ["5 fetch action nothing"], id="nothing is told, too"),
    pytest.param(TELL_EMPTY, keys(1, "#"), ["1 fetch action nothing#"], id="an empty entry"),
    pytest.param(
        replace(FOUR, finish_on=""), keys(1, "1#23"), ["4 fetch action 1#23"], id="no key ends them"
    ),
    pytest.param(
        replace(FOUR, finish_on="*0"), keys(1, "10"), ["2 fetch action 10"], id="one of two keys"
    ),
    pytest.param(
        replace(FOUR, most=None), keys(1, "123456"), ["11 fetch action 123456"], id="no limit"
    ),
    pytest.param(replace(FOUR, fewest=3), keys(1, "12"), ["7 hang up"], id="too few"),
    pytest.param(replace(FOUR, action=None), keys(1, "1234"), ["4 hang up"], id="no action URL"),
    pytest.param(FOUR, [*keys(1, "1"), (1.5, CallEnded())], [], id="the caller hangs up meanwhile"),
]


@pytest.mark.parametrize(("verb", "steps", "expected"), DIGITS)
def test_digits(verb: Gather, steps: list[Step], expected: list[str]) -> None:
    assert follow(*steps, verbs=(verb,)) == expected


PROMPTS = [
    pytest.param(
        ASKED,
        [(2.0, PlaybackEnded(FIRST_SOUND)), *keys(3, "1234")],
        [f"0 play {FIRST_SOUND}", "6 fetch action 1234"],
        id="heard to the end",
    ),
    pytest.param(
        ASKED,
        [(2.0, PlaybackEnded(FIRST_SOUND))],
        [f"0 play {FIRST_SOUND}", "7 hang up"],
        id="the time counts from their end",
    ),
    pytest.param(
        ASKED,
        [*keys(1, "1"), (1.1, PlaybackEnded(FIRST_SOUND, ok=False)), *keys(2, "234")],
        [f"0 play {FIRST_SOUND}", f"1 stop {FIRST_SOUND}", "4 fetch action 1234"],
        id="the first digit ends them",
    ),
    pytest.param(
        ASKED,
        keys(1, "#"),
        [f"0 play {FIRST_SOUND}", f"1 stop {FIRST_SOUND}", "1 hang up"],
        id="the last key ends them too",
    ),
    pytest.param(
        replace(FOUR, prompts=(SAY, Pause(2.0), SECOND)),
        [(1.0, PlaybackEnded(FIRST_SOUND)), (4.0, PlaybackEnded(SECOND_SOUND))],
        [f"0 play {FIRST_SOUND}", f"3 play {SECOND_SOUND}", "9 hang up"],
        id="one after the other",
    ),
    pytest.param(
        replace(FOUR, prompts=(SAY, Pause(2.0), SECOND)),
        [(1.0, PlaybackEnded(FIRST_SOUND)), *keys(2, "1234")],
        [f"0 play {FIRST_SOUND}", "5 fetch action 1234"],
        id="a digit in a pause between them",
    ),
    pytest.param(
        replace(FOUR, prompts=(replace(SAY, times=2),)),
        [(1.0, PlaybackEnded(FIRST_SOUND)), (2.0, PlaybackEnded(SECOND_SOUND))],
        [f"0 play {FIRST_SOUND}", f"1 play {SECOND_SOUND}", "7 hang up"],
        id="twice over",
    ),
    pytest.param(
        replace(ASKED, rounds=2),
        [(1.0, PlaybackEnded(FIRST_SOUND)), (7.0, PlaybackEnded(SECOND_SOUND))],
        [f"0 play {FIRST_SOUND}", f"6 play {SECOND_SOUND}", "12 hang up"],
        id="asked again after silence",
    ),
    pytest.param(
        ASKED,
        [(0.1, PlaybackEnded(FIRST_SOUND, ok=False)), *keys(1, "1234")],
        [f"0 play {FIRST_SOUND}", "4 fetch action 1234"],
        id="one that cannot be played is passed over",
    ),
    pytest.param(
        ASKED,
        [(0.1, PlaybackEnded("another")), *keys(1, "1234")],
        [f"0 play {FIRST_SOUND}", f"1 stop {FIRST_SOUND}", "4 fetch action 1234"],
        id="the end of another sound is none of its own",
    ),
]


@pytest.mark.parametrize(("verb", "steps", "expected"), PROMPTS)
def test_prompts(verb: Gather, steps: list[Step], expected: list[str]) -> None:
    assert follow(*steps, verbs=(verb,)) == expected


def test_a_ringing_call_is_answered_first() -> None:
    words = follow((1.0, ChannelUp()), *keys(2, "1234"), verbs=(FOUR,), up=False)
    assert words == ["0 answer", "5 fetch action 1234"]


def test_a_caller_who_holds_us_after_a_failed_transfer_is_asked_when_back() -> None:
    verbs: tuple[Verb, ...] = (NO_ACTION, ASKED)
    words = follow((1.0, ChannelHeld()), *BUSY, verbs=verbs, until=9.9)
    assert words == [*BEGAN, "5 ended busy"]
    words = follow((1.0, ChannelHeld()), *BUSY, verbs=verbs, until=10.1)
    assert words == [*BEGAN, "5 ended busy", f"10 play {FIRST_SOUND}"]


def test_digits_outside_of_it_are_not_collected() -> None:
    steps = [*keys(1, "99"), (4.0, PlaybackEnded(FIRST_SOUND)), *keys(5, "1234")]
    words = follow(*steps, verbs=(SAY, FOUR))
    assert words == [f"0 play {FIRST_SOUND}", "8 fetch action 1234"]


@pytest.mark.parametrize(
    ("or_go_on", "expected"),
    [(False, ["4 fetch action 1234", "9 hang up"]), (True, ["4 fetch action 1234", "12 hang up"])],
)
def test_what_an_empty_reply_means_is_the_dialects(expected: list[str], *, or_go_on: bool) -> None:
    verb = replace(FOUR, or_go_on=or_go_on)
    words = follow(*keys(1, "1234"), (9.0, document()), verbs=(verb, Pause(3.0), Hangup()))
    assert words == expected
