from dataclasses import replace

import pytest

from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    Command,
    CommandRefused,
    DrainOver,
    LimitReached,
    OfChannel,
    OfLeg,
    RecordingEnded,
    ReferCaptured,
    TransferReported,
    TransferRequested,
)
from stasis_refer.core.handing_over import HandedOver, Replaced
from stasis_refer.core.intents import HandOver, Tell, TransferEnded
from stasis_refer.core.leg import Leg, info_of
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.core.verbs import Dial, LegWatch, Recorder
from tests.core.calls import CHANNEL, INFO, PLAIN, STATUS, Line, Step, document, leg
from tests.core.dials import DIAL, WATCH, answers, apart, hangs_up, of, refers, rings, sip, told

OTHER = "1700000000.9"
ASKED = TransferRequested("b", attended=True, replaced=OTHER)
ELSEWHERE = replace(ASKED, replaced="")


def party(number: int = 9) -> Leg:
    """One whom another call had called, and who is handed over."""
    info = info_of(replace(INFO, key="9" * 32), number, "y", "example.com", 0.0)
    return Leg(info, 0.0, answered_at=1.0, watch=LegWatch(WATCH))


def given(number: int = 9) -> HandedOver:
    return HandedOver(party(number))


def behind(*steps: Step, dial: Dial = DIAL) -> list[str]:
    line = Line()
    line.bridges = False  # each row says when
    line.happens((0.0, document(dial)), *answers(0.0, captured=False))
    del line.words[:]
    line.happens(*steps)
    line.wait(60.0)
    return line.words


def caller(event: OfChannel) -> OfLeg:
    """The same, once the caller is a leg of whom it had called."""
    return OfLeg(CHANNEL, event)


# -- the call that takes ---------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            ((5.0, of(1, ASKED)), (5.1, given()), (5.2, Bridged()), told(5.2), (20.0, CallEnded())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 connect caller leg 9 in bridge 2",
                "5.2 ended completed",
                "5.2 notify leg 1 200",
                "5.2 separate bridge 1",
                "5.2 drop leg 1",
                "20 drop leg 9",
                "20 separate bridge 2",
                "20 fetch action completed 200 14.9",
            ],
            id="whom was called transfers the caller",
        ),
        pytest.param(
            (
                (5.0, of(1, ASKED)),
                (5.1, given()),
                (5.2, Bridged()),
                told(5.2),
                (20.0, OfLeg(party().channel, CallEnded())),
                apart(20.1),
            ),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 connect caller leg 9 in bridge 2",
                "5.2 ended completed",
                "5.2 notify leg 1 200",
                "5.2 separate bridge 1",
                "5.2 drop leg 1",
                "20 tell leg completed 0",
                "20 separate bridge 2",
                "20.1 fetch action completed 200 14.9",
            ],
            id="whom was called transfers the caller, the target hangs up in the end",
        ),
        pytest.param(
            (
                (5.0, ASKED),
                (5.1, given()),
                (5.2, Bridged()),
                (5.2, caller(TransferReported(final=True))),
                (20.0, OfLeg(party().channel, CallEnded())),
                apart(20.1),
            ),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 connect leg 1 leg 9 in bridge 2",
                "5.2 ended completed",
                "5.2 notify caller 200",
                "5.2 separate bridge 1",
                "5.2 drop caller",
                "20 tell leg completed 0",
                "20 separate bridge 2",
                "20.1 hang up",
            ],
            id="the caller transfers whom it had called",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), (5.1, HandedOver(None)), (20.0, CallEnded())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 ended rejected",
                "5.1 notify leg 1 603",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="nobody is there",
        ),
        pytest.param(
            ((5.0, ASKED), (5.1, HandedOver(None)), (20.0, CallEnded())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 ended rejected",
                "5.1 notify caller 603",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="nobody is there, the caller had asked",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), (5.1, LimitReached()), (5.2, given())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 ended blocked",
                "5.1 notify leg 1 603",
                "5.2 drop leg 9",
            ],
            id="as many transfers as may be are under way",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)),),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "10 ended rejected",
                "10 notify leg 1 603",
            ],
            id="the other call does not answer",
        ),
        pytest.param(
            ((5.0, of(1, ELSEWHERE)), (20.0, CallEnded())),
            [
                "5 began",
                "5 ended rejected",
                "5 notify leg 1 603",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="the other dialog is none of ours",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), hangs_up(5.05), (5.1, given()), (5.1, Bridged())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 connect caller leg 9 in bridge 2",
                "5.1 ended completed",
                "5.1 separate bridge 1",
            ],
            id="the transferor hangs up meanwhile",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), hangs_up(5.05), (5.1, HandedOver(None)), apart(5.2)),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 ended rejected",
                "5.1 separate bridge 1",
                "5.2 fetch action completed 200 4.1",
            ],
            id="the transferor hangs up meanwhile, and nobody is there",
        ),
        pytest.param(
            ((5.0, ASKED), (5.05, caller(CallEnded())), (5.1, HandedOver(None))),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 ended rejected",
                "5.1 hang up",
                "5.1 separate bridge 1",
            ],
            id="the caller, who had asked, hangs up meanwhile, and nobody is there",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), (5.05, CallEnded()), (5.1, given())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.05 ended canceled",
                "5.05 notify leg 1 503",
                "5.05 separate bridge 1",
                "5.05 fetch action completed 200 4.05",
                "5.1 drop leg 9",
                "6.05 drop leg 1",
            ],
            id="the transferee hangs up meanwhile",
        ),
        pytest.param(
            (
                (5.0, of(1, ASKED)),
                (5.05, of(1, ASKED)),
                (5.1, given()),
                (5.2, given(8)),
                (5.2, Bridged()),
            ),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 connect caller leg 9 in bridge 2",
                "5.2 drop leg 8",
                "5.2 ended completed",
                "5.2 notify leg 1 200",
                "5.2 separate bridge 1",
                "6.2 drop leg 1",
            ],
            id="it asks twice",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), (5.05, ASKED), (5.1, given()), (5.1, Bridged())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.05 began",
                "5.05 ended rejected",
                "5.05 notify caller 603",
                "5.1 connect caller leg 9 in bridge 2",
                "5.1 ended completed",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "6.1 drop leg 1",
            ],
            id="both ask",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), (5.05, DrainOver()), (5.1, given())),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.05 ended error",
                "5.05 drop leg 1",
                "5.05 separate bridge 1",
                "5.05 return to dialplan",
            ],
            id="the program stops meanwhile",
        ),
        pytest.param(
            ((5.0, of(1, ASKED)), (5.1, given()), (5.15, CommandRefused(Command.CONNECT, 409))),
            [
                "5 began",
                "5 take over from 1700000000.9",
                "5.1 connect caller leg 9 in bridge 2",
                "5.15 drop leg 9",
                "5.15 separate bridge 1",
                "5.15 separate bridge 2",
                "5.15 ended failed",
                "5.15 notify leg 1 503",
                "5.15 connect caller leg 1 in bridge 3",
            ],
            id="Asterisk does not connect them",
        ),
    ],
)
def test_a_call_takes_a_party_over(steps: tuple[Step, ...], expected: list[str]) -> None:
    assert behind(*steps) == expected


def test_an_attended_transfer_needs_no_url() -> None:
    words = behind((5.0, of(1, ASKED)), (5.1, given()), dial=replace(DIAL, refer=None))
    assert words[:2] == ["5 began", f"5 take over from {OTHER}"]


def test_it_is_counted_once_as_completed() -> None:
    line = Line()
    line.happens(
        (0.0, document(DIAL)), *answers(0.0, captured=False), (5.0, of(1, ASKED)), (5.1, given())
    )
    results = [each.result for each in line.intents if isinstance(each, TransferEnded)]
    assert [(each.outcome, each.reason) for each in results] == [
        (Outcome.COMPLETED, Reason.BRIDGED)
    ]


def test_who_is_handed_over_is_a_party_from_then_on() -> None:
    line = Line()
    line.happens(
        (0.0, document(DIAL)), *answers(0.0, captured=False), (5.0, of(1, ASKED)), (5.1, given())
    )
    assert line.call.channels == {CHANNEL, leg(1), party().channel}
    line.happens((6.0, OfLeg(party().channel, CallEnded())))
    assert "6 tell leg completed 0" in line.words


def test_who_was_handed_over_can_transfer_again() -> None:
    line = Line()
    line.happens(
        (0.0, document(DIAL)), *answers(0.0, captured=False), (5.0, of(1, ASKED)), (5.1, given())
    )
    line.happens((5.2, Bridged()), told(5.2), hangs_up(5.3))
    captured = ReferCaptured(3, "<sip:b@example.com>")
    requested = TransferRequested("b")
    line.happens(*((9.0, OfLeg(party().channel, each)) for each in (captured, requested)))
    assert line.words[-1] == "9 fetch refer <sip:b@example.com>"


# -- the call that gives ---------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "channel", "expected"),
    [
        pytest.param(
            (),
            CHANNEL,
            ["5 hand leg 1 over to 1700000000.9", "5 hang up", "5 separate bridge 1"],
            id="the caller is replaced, its callee handed over",
        ),
        pytest.param(
            (),
            leg(1),
            ["5 hand caller over to 1700000000.9", "5 hang up", "5 separate bridge 1"],
            id="the callee is replaced, the caller handed over",
        ),
        pytest.param(
            (),
            "nobody",
            ["5 hand nobody over to 1700000000.9"],
            id="the channel is none of the call's",
        ),
        pytest.param(
            (hangs_up(4.0),),
            CHANNEL,
            ["5 hand nobody over to 1700000000.9"],
            id="the caller is connected to nobody any more",
        ),
        pytest.param(
            refers(4.0),
            CHANNEL,
            ["5 hand nobody over to 1700000000.9"],
            id="a REFER of the callee's is under way",
        ),
        pytest.param(
            ((4.0, of(1, ASKED)), (4.1, given())),
            CHANNEL,
            [
                "5 hand leg 9 over to 1700000000.9",
                "5 hang up",
                "5 separate bridge 2",
            ],
            id="one that was handed over itself",
        ),
    ],
)
def test_a_call_hands_a_party_over(
    before: tuple[Step, ...], channel: str, expected: list[str]
) -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0, captured=False), *before)
    del line.words[:]
    line.happens((5.0, Replaced(channel, OTHER)))
    assert line.words == expected


def test_a_call_that_is_not_connected_has_nobody_to_hand_over() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *rings(0.0), (5.0, Replaced(CHANNEL, OTHER)))
    assert line.words[-1] == f"5 hand nobody over to {OTHER}"


@pytest.mark.parametrize(("channel", "given"), [(CHANNEL, leg(1)), (leg(1), CHANNEL)])
def test_who_was_handed_over_is_not_hung_up(channel: str, given: str) -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), (5.0, Replaced(channel, OTHER)))
    assert given not in line.call.channels
    assert line.call.info.channel == channel  # whom "hang up" is about
    assert line.call.over


@pytest.mark.parametrize("channel", [CHANNEL, leg(1)])
def test_the_recording_of_a_call_that_hands_a_party_over_is_told_of(channel: str) -> None:
    line = Line()
    line.happens((0.0, document(replace(DIAL, recorder=Recorder(STATUS)))), *answers(0.0))
    line.happens((5.0, Replaced(channel, "1700000000.9")))
    assert not line.call.over
    line.happens((5.1, RecordingEnded(f"{INFO.key}-1", 4.0)))
    assert line.words[-1] == f"5.1 tell recording {INFO.key}-1 4"
    assert line.call.over


def test_a_recording_that_does_not_come_keeps_no_call() -> None:
    line = Line()
    line.happens((0.0, document(replace(DIAL, recorder=Recorder(STATUS)))), *answers(0.0))
    line.happens((5.0, Replaced(CHANNEL, "1700000000.9")))
    line.wait(60.0)
    assert line.call.over


def test_the_application_that_called_a_leg_is_told_of_its_end_in_its_own_words() -> None:
    """Whoever it is connected with by then."""
    watched = replace(DIAL, callees=(replace(sip("a"), watch=LegWatch(WATCH)),))
    giving, taking = Line(replace(PLAIN, name="giving")), Line(replace(PLAIN, name="taking"))
    for line in (giving, taking):
        line.happens((0.0, document(watched)), *answers(0.0, captured=False))
    giving.happens((4.0, Replaced(CHANNEL, OTHER)))
    (handed,) = (each.leg for each in giving.intents if isinstance(each, HandOver))
    assert handed is not None
    # Both calls have the same key here, and so the same names for their legs.
    handed.info = replace(handed.info, channel="of the other call")
    taking.happens((5.0, of(1, ASKED)), (5.1, HandedOver(handed)))
    taking.happens((9.0, OfLeg("of the other call", CallEnded())))
    told = [each for each in taking.intents if isinstance(each, Tell) and each.of is handed.info]
    assert [each.by.name for each in told if each.by] == ["giving"]
