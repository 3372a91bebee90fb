"""What a call does when the program was killed and runs again."""

from collections.abc import Sequence

import pytest

from stasis_refer.core.application import Application
from stasis_refer.core.events import (
    CallEnded,
    ChannelReturned,
    ChannelUp,
    DigitPressed,
    Event,
    InviteAnswered,
    LegCreated,
    OfLeg,
    Ordered,
    PlaybackEnded,
    QueueLeft,
    QueueStatus,
    ReferAnswered,
    ReferSeen,
    Restarted,
    TransferStatus,
)
from stasis_refer.core.found import Found
from stasis_refer.core.intents import TransferEnded
from stasis_refer.core.line import ANSWER_LIMIT
from stasis_refer.core.orders import EndCall
from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.core.refer import RETURN_TIME
from stasis_refer.core.verbs import Enqueue, Gather, Pause, Refer
from tests.core.calls import (
    AFTER,
    ANSWERED,
    BUSY,
    FIRST_SOUND,
    PLAIN,
    REFER,
    RINGING,
    SAY,
    SENT,
    SUCCESS,
    TAKEN,
    WITH_STATUS,
    Line,
    Step,
    document,
    leg,
    notify,
    returned,
)
from tests.core.dials import DIAL

HERE, AWAY = Restarted(Found.HERE, up=True), Restarted(Found.AWAY, up=True)
GONE = Restarted(Found.GONE)
ACCEPTED: tuple[Step, ...] = (SENT, TAKEN)
RUNG: tuple[Step, ...] = (*ACCEPTED, RINGING)


def back(returned: ChannelReturned | QueueLeft) -> Restarted:
    return Restarted(Found.HERE, up=True, back=returned)


def words(
    steps: Sequence[Step],
    *verbs: object,
    application: Application = PLAIN,
    until: float = 100.0,
    up: bool = True,
) -> list[str]:
    """Let a document run and things happen; what was asked for from the restart on."""
    line = Line(application, up=up)
    line.happens((0.0, document(*verbs)))  # type: ignore[arg-type]
    before = 0
    for at, event in steps:
        if isinstance(event, Restarted):
            before = before or len(line.words)
            restart(line, at, event)
        else:
            line.happens((at, event))
    line.wait(until)
    return line.words[before:]


def restart(line: Line, at: float, found: Event) -> None:
    """Let nobody be there up to now, whatever was due."""
    line.now = at
    line.take(found)


# -- a REFER of ours -------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            (*RUNG, (3.0, AWAY), (5.0, notify(2, 200, end=True)), (5.0, SUCCESS)),
            ["5 ended completed", "5 fetch action completed"],
            id="the target answers after the restart",
        ),
        pytest.param(
            (*ACCEPTED, (3.0, AWAY), (3.4, SUCCESS)),
            ["3.9 ended completed", "3.9 fetch action completed"],
            id="it answered meanwhile, and the channel comes back",
        ),
        pytest.param(
            (*ACCEPTED, (3.0, back(returned(486)))),
            ["3.5 ended busy", "3.5 fetch action busy"],
            id="it was busy, and the channel is back",
        ),
        pytest.param(
            (*ACCEPTED, (3.0, AWAY), (59.0, notify(2, 180)), (70.0, returned(486))),
            ["70.5 ended busy", "70.5 fetch action busy"],
            id="what was silent may ring since, unheard",
        ),
        pytest.param(
            ((0.0, ReferSeen(7)), (90.0, AWAY), (90.5, returned(500))),
            ["91 ended failed", "91 fetch action failed"],
            id="no response was heard, so that nobody knows of Timer F",
        ),
        pytest.param(
            (*RUNG, (90.0, AWAY), (90.6, SUCCESS)),
            ["91.1 ended completed", "91.1 fetch action completed"],
            id="the time limit has passed, and the channel is about to be back",
        ),
        pytest.param(
            (*RUNG, (90.0, AWAY)),
            ["93 ended unconfirmed", "93 break off", "98 hang up", "98 fetch action unconfirmed"],
            id="the time limit has passed",
        ),
        pytest.param(
            (*RUNG, (3.0, GONE)),
            ["4 ended error", "4 fetch action error"],
            id="the call ended meanwhile",
        ),
        pytest.param(
            (*ANSWERED[:-1], (7.0, GONE)),
            ["7 ended completed", "7 fetch action completed"],
            id="the target had answered, and the call ended meanwhile",
        ),
        pytest.param(
            (*RUNG, (3.0, AWAY), (5.0, CallEnded())),
            ["6 ended canceled", "6 fetch action canceled"],
            id="the caller hangs up after the restart",
        ),
        pytest.param(
            (*RUNG, (2.0, CallEnded()), (2.5, GONE)),
            ["3 ended canceled", "3 fetch action canceled"],
            id="the caller hung up before",
        ),
        pytest.param(
            (*RUNG, (3.0, Restarted(Found.GONE, back=ChannelReturned(TransferStatus.SUCCESS, 0)))),
            ["3.5 ended completed", "3.5 fetch action completed"],
            id="the call ended, and Transfer() had said how",
        ),
        pytest.param(
            (*BUSY[:-1], (5.1, AWAY), (5.3, returned(486))),
            ["5.3 ended busy", "5.3 fetch action busy"],
            id="the final NOTIFY was heard before",
        ),
        pytest.param(
            (
                SENT,
                (0.1, ReferAnswered(401, 7)),
                (3.0, AWAY),
                (9.0, notify(1, 486, end=True)),
                (9.0, returned(486)),
            ),
            ["9.5 ended busy", "9.5 fetch action busy"],
            id="a challenge may have been answered",
        ),
    ],
)
def test_a_refer_ends_once_and_is_told_once(steps: Sequence[Step], expected: list[str]) -> None:
    assert words(steps, REFER, until=99.0) == expected


@pytest.mark.parametrize("found", [HERE, back(ChannelReturned(TransferStatus.FAILURE, 486, 0))])
def test_a_refer_that_never_left_is_an_error_and_not_sent(found: Event) -> None:
    line = Line()
    line.happens((0.0, document(REFER)), (1.0, found))
    assert line.words[-2:] == ["1 ended error", "1 fetch action error"]
    assert sum("refer sip:" in word for word in line.words) == 1
    (ended,) = (each for each in line.intents if isinstance(each, TransferEnded))
    assert ended.result.reason is Reason.RESTARTED
    assert ended.number == 1


def test_a_call_that_ended_meanwhile_is_nobodys_doing() -> None:
    line = Line(WITH_STATUS)
    line.happens((0.0, document(Refer("sip:alice@example.com"))), *RUNG, (3.0, GONE))
    line.wait(10.0)
    (ended,) = (each for each in line.intents if isinstance(each, TransferEnded))
    result = ended.result
    assert (result.outcome, result.reason) == (Outcome.ERROR, Reason.RESTARTED)
    assert (result.evidence, result.refer_code, result.notify_code) == (Evidence.NONE, 202, 180)
    assert line.words[-1] == "4 tell completed 4"
    assert line.call.over


def test_a_channel_that_was_to_be_back_is_asked_again_and_has_its_whole_time() -> None:
    line = Line()
    line.happens((0.0, document(REFER)), *ACCEPTED)
    line.wait(31.0)
    assert line.words[-1] == "30.1 break off"
    restart(line, 40.0, AWAY)
    line.happens((44.0, returned()))
    assert line.words[-2:] == ["40 break off", "44 fetch action unconfirmed"]


def test_the_moment_for_the_channel_to_be_back_is_longer_than_the_dialplan_waits() -> None:
    assert RETURN_TIME > 1.0


# -- everything else -------------------------------------------------------------


def test_a_document_on_its_way_is_asked_for_again_as_it_was() -> None:
    line = Line()
    (first,) = line.intents
    for found in (HERE, AWAY, GONE):
        line.happens((1.0, found))
    again = line.intents[1:]
    assert [repr(each) for each in again] == [repr(first)] * 3


def test_a_document_of_a_call_that_ended_meanwhile_is_taken_and_ends_it() -> None:
    line = Line(WITH_STATUS)
    line.happens((1.0, GONE), (2.0, document(SAY)))
    assert line.words[1:] == ["1 fetch document", "2 tell completed 2"]
    assert line.call.over


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Restarted(Found.HERE), ["9 answer", f"{9 + ANSWER_LIMIT:g} hang up"]),
        (HERE, [f"9 play {FIRST_SOUND}"]),
        (GONE, []),
    ],
    ids=["it still rings", "it was answered", "it is gone"],
)
def test_a_channel_that_was_being_answered(found: Event, expected: list[str]) -> None:
    line = Line(up=False)
    line.happens((0.0, document(SAY)))
    before = len(line.words)
    restart(line, 9.0, found)
    line.wait(99.0)
    assert line.words[before:] == expected


@pytest.mark.parametrize("plays", [True, False])
def test_what_the_caller_hears_goes_on_or_is_over(plays: bool) -> None:  # noqa: FBT001 - drawn
    found = Restarted(Found.HERE, up=True, plays=plays)
    heard = words(((2.0, found), (5.0, PlaybackEnded(FIRST_SOUND))), SAY, Pause(1.0))
    assert heard == (["6 hang up"] if plays else ["3 hang up"])


def test_digits_that_were_pressed_are_kept() -> None:
    gather = Gather(action=AFTER, most=4, next_timeout=60.0)
    digits: list[Step] = [(float(at), DigitPressed(str(at))) for at in (1, 2, 3, 4)]
    steps: list[Step] = [*digits[:2], (2.5, HERE), *digits[2:]]
    assert words(steps, gather, until=5.0) == ["4 fetch action 1234"]


def test_a_pause_goes_on_by_the_clock() -> None:
    assert words(((5.0, HERE),), Pause(8.0)) == ["8 hang up"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (AWAY, []),
        (HERE, ["5 join support"]),
        (back(QueueLeft(QueueStatus.FULL)), ["5 fetch action full 5"]),
        (GONE, ["5 fetch action hangup 5"]),
    ],
    ids=["still in it", "never joined", "came back", "gone"],
)
def test_a_caller_in_a_queue(found: Restarted, expected: list[str]) -> None:
    assert words(((5.0, found),), Enqueue("support", AFTER)) == expected


# -- legs ------------------------------------------------------------------------

FIRST = leg(1)
MADE = OfLeg(FIRST, LegCreated("c@a"))
UP = OfLeg(FIRST, ChannelUp())


def of_leg(found: Found, *, up: bool = False, bridge: str = "") -> OfLeg:
    return OfLeg(FIRST, Restarted(found, up, bridge=bridge))


def test_a_callee_who_answered_meanwhile_is_connected() -> None:
    found = Restarted(Found.HERE, up=True, plays=True)
    line = Line()
    line.happens((0.0, document(DIAL)), (0.1, MADE), (3.0, found), (3.0, of_leg(Found.HERE)))
    before = len(line.words)
    line.happens((3.5, of_leg(Found.HERE, up=True)))
    assert [word.split()[1] for word in line.words[before:]][:2] == ["stop", "connect"]


def test_a_leg_of_which_nobody_knows_whether_it_was_called_is_given_up() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)))
    before = len(line.words)
    line.happens((1.0, of_leg(Found.HERE)))
    assert "1 drop leg 1" in line.words[before:]
    assert FIRST not in line.call.channels


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), ["3 fetch action failed None 0"]),
        (((2.0, OfLeg(FIRST, InviteAnswered(486))),), ["3 fetch action busy 486 0"]),
    ],
    ids=["it refused unheard, or was not reached", "its refusal was heard before"],
)
def test_a_callee_that_is_gone(steps: Sequence[Step], expected: list[str]) -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), (0.1, MADE), *steps)
    before = len(line.words)
    line.happens((3.0, HERE), (3.0, of_leg(Found.GONE)))
    assert [word for word in line.words[before:] if "fetch" in word] == expected


@pytest.mark.parametrize("connected", [True, False])
def test_parties_that_were_to_be_connected_are(connected: bool) -> None:  # noqa: FBT001 - drawn
    line = Line()
    line.happens((0.0, document(DIAL)), (0.1, MADE), (1.0, UP))
    bridge = f"{line.call.info.channel}-bridge-1"
    before = len(line.words)
    found = Restarted(Found.HERE, up=True, bridge=bridge if connected else "")
    line.happens((3.0, found), (3.0, of_leg(Found.HERE, up=True)))
    connects = [word for word in line.words[before:] if word.split()[1] == "connect"]
    assert len(connects) == (0 if connected else 1)
    line.happens((5.0, OfLeg(FIRST, CallEnded())))
    assert any("separate" in word for word in line.words[before:])


def test_a_callee_that_was_being_hung_up_is_connected_no_more() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), (0.1, MADE), (1.0, UP))
    key = line.call.legs[FIRST].info.key
    line.happens((2.0, Ordered("ticket", key, EndCall())))
    before = len(line.words)
    line.happens((3.0, Restarted(Found.HERE, up=True)), (3.0, of_leg(Found.HERE, up=True)))
    assert line.words[before:] == ["3 drop leg 1"]
