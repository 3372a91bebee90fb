from dataclasses import replace

import pytest

from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelUp,
    Command,
    CommandRefused,
    DigitPressed,
    OfChannel,
    OfLeg,
    PlaybackEnded,
    ReferSeen,
    Regained,
    TransferReported,
    TransferRequested,
    Unbridged,
)
from stasis_refer.core.verbs import Hangup, LegEvent, LegWatch
from tests.core.calls import CHANNEL, INFO, Line, document, leg
from tests.core.dials import (
    DIAL,
    HOLDING,
    WATCH,
    answers,
    apart,
    of,
    refers,
    refuses,
    rings,
    sip,
    told,
)

STRANGER = f"{INFO.key}-leg-9"
OF_NO_CONCERN: list[OfChannel] = [
    Bridged(),
    Unbridged(),
    PlaybackEnded("x"),
    DigitPressed("1"),
    ReferSeen(7),
    CommandRefused(Command.ANSWER, 409),
    Regained(),
    TransferReported(final=False),
]


@pytest.mark.parametrize("event", OF_NO_CONCERN)
def test_what_a_leg_does_that_is_of_no_concern(event: OfChannel) -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0))
    before = len(line.words)
    line.happens((5.0, of(1, event)))
    assert line.words[before:] == []


@pytest.mark.parametrize("event", [CallEnded(), ChannelUp(), TransferRequested("b")])
def test_a_channel_that_is_none_of_the_call_s(event: OfChannel) -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0))
    before = len(line.words)
    line.happens((5.0, OfLeg(STRANGER, event)))
    assert line.words[before:] == []


def test_what_is_told_of_the_lead_as_of_a_leg_is_the_same() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), (5.0, OfLeg(CHANNEL, CallEnded())))
    assert line.words[-3:] == [
        "5 drop leg 1",
        "5 separate bridge 1",
        "5 fetch action completed 200 4",
    ]


def test_the_channels_of_a_call() -> None:
    line = Line()
    assert line.call.channels == {CHANNEL}
    line.happens((0.0, document(DIAL)))
    assert line.call.channels == {CHANNEL, leg(1)}
    line.happens(*refuses(1.0, 486))
    assert line.call.channels == {CHANNEL}


def test_a_leg_that_is_held_is_no_held_caller() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), (2.0, of(1, ChannelHeld())))
    assert line.call.legs[leg(1)].held
    line.happens((3.0, of(1, ChannelResumed())))
    assert not line.call.legs[leg(1)].held
    assert not line.call.lead.held


def test_ringing_is_told_once() -> None:
    watched = replace(sip("a"), watch=LegWatch(WATCH, frozenset({LegEvent.RINGING})))
    line = Line()
    line.happens((0.0, document(replace(DIAL, callees=(watched,)))), *rings(0.0), *rings(1.0)[1:])
    assert [each for each in line.words if "tell" in each] == ["0 tell leg ringing 0"]


def test_parties_that_were_hung_up_are_so_again_after_a_gap() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0))
    line.happens((5.1, document(Hangup())), apart(5.2), told(5.3))
    assert {"5.2 hang up", "5.3 drop leg 1"} <= set(line.words)
    del line.words[:]
    line.happens((5.4, Regained()), (5.4, of(1, Regained())))
    assert line.words == ["5.4 hang up", "5.4 drop leg 1"]


def test_a_callee_that_was_hung_up_is_so_again_after_a_gap() -> None:
    line = Line()
    line.happens((0.0, document(replace(DIAL, timeout=5.0))), *rings(0.0), (6.0, Regained()))
    assert "5 drop leg 1" in line.words
    del line.words[:]
    line.happens((6.0, of(1, Regained())))
    assert line.words == ["6 drop leg 1"]
