from dataclasses import replace

import pytest

from stasis_refer.core.abouts import Dialed, Recorded
from stasis_refer.core.events import (
    CallEnded,
    Command,
    CommandRefused,
    DigitPressed,
    OfLeg,
    RecordingEnded,
    Regained,
    TransferRequested,
)
from stasis_refer.core.intents import Connect, Fetch
from stasis_refer.core.verbs import Dial, Recorder
from tests.core.calls import CHANNEL, INFO, REFER, SILENT, STATUS, Line, Step, document, leg, notify
from tests.core.dials import DIAL, HOLDING, TO_B, answers, apart, hangs_up, of, refers, refuses

KEYS = replace(DIAL, keys_to_leave="*#")
LIMITED = replace(DIAL, time_limit=60.0)
RECORDED = replace(DIAL, recorder=Recorder(STATUS))
NAME = f"{INFO.key}-1"
THERE = RecordingEnded(NAME, 7.5)


def behind(dial: Dial, *steps: Step, until: float = 99.0) -> list[str]:
    """What is asked for behind the connection, which is there at 1 s."""
    line = Line()
    line.happens((0.0, document(dial)), *answers(0.0))
    del line.words[:]
    line.happens(*steps)
    line.wait(until)
    return line.words


@pytest.mark.parametrize(
    ("dial", "steps", "expected"),
    [
        pytest.param(
            DIAL,
            (hangs_up(9.0), apart(9.1)),
            ["9 separate bridge 1", "9.1 fetch action completed 200 8"],
            id="the callee hangs up",
        ),
        pytest.param(
            DIAL,
            (hangs_up(9.0),),
            ["9 separate bridge 1", "11 fetch action completed 200 8"],
            id="the callee hangs up, nobody tells that it is apart",
        ),
        pytest.param(
            DIAL,
            ((9.0, CallEnded()),),
            ["9 drop leg 1", "9 separate bridge 1", "9 fetch action completed 200 8"],
            id="the caller hangs up",
        ),
        pytest.param(KEYS, ((9.0, DigitPressed("1")),), [], id="a key that means nothing"),
        pytest.param(
            KEYS,
            ((9.0, DigitPressed("*")), apart(9.1)),
            ["9 drop leg 1", "9 separate bridge 1", "9.1 fetch action completed 200 8"],
            id="a key to leave",
        ),
        pytest.param(
            LIMITED,
            (apart(61.1),),
            ["61 drop leg 1", "61 separate bridge 1", "61.1 fetch action completed 200 60"],
            id="the time limit",
        ),
        pytest.param(
            DIAL,
            ((1.1, CommandRefused(Command.CONNECT, 409)),),
            ["1.1 drop leg 1", "1.1 separate bridge 1", "1.1 fetch action failed None 0"],
            id="Asterisk does not connect them",
        ),
        pytest.param(DIAL, ((5.0, of(1, DigitPressed("*"))),), [], id="a key of the callee's"),
        pytest.param(DIAL, ((5.0, Regained()),), [], id="Asterisk is connected again"),
        pytest.param(DIAL, ((5.0, CommandRefused(Command.REPORT, 404)),), [], id="no NOTIFY"),
        pytest.param(
            RECORDED,
            (hangs_up(9.0), apart(9.1), (9.3, THERE)),
            [
                "9 separate bridge 1",
                "9.3 tell recording 00000000000000000000000000000000-1 7.5",
                "9.3 fetch action completed 200 8",
            ],
            id="the action URL waits for the recording",
        ),
        pytest.param(
            RECORDED,
            (hangs_up(9.0), (9.1, THERE), apart(9.3)),
            [
                "9 separate bridge 1",
                "9.1 tell recording 00000000000000000000000000000000-1 7.5",
                "9.3 fetch action completed 200 8",
            ],
            id="the recording is there before they are apart",
        ),
        pytest.param(
            RECORDED,
            (hangs_up(9.0), apart(9.1), (9.3, replace(THERE, ok=False))),
            ["9 separate bridge 1", "9.3 fetch action completed 200 8"],
            id="the recording failed",
        ),
        pytest.param(
            RECORDED,
            (hangs_up(9.0), apart(9.1), (30.0, THERE)),
            [
                "9 separate bridge 1",
                "11 fetch action completed 200 8",
                "30 tell recording 00000000000000000000000000000000-1 7.5",
            ],
            id="it comes very late",
        ),
        pytest.param(
            RECORDED,
            ((9.0, CallEnded()), (9.2, THERE), (9.3, document())),
            [
                "9 drop leg 1",
                "9 separate bridge 1",
                "9.2 tell recording 00000000000000000000000000000000-1 7.5",
                "9.2 fetch action completed 200 8",
            ],
            id="the caller hangs up, and it is recorded",
        ),
        pytest.param(
            RECORDED,
            (*refers(5.0), (5.1, document(TO_B)), apart(5.2), (5.4, THERE)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "5.4 tell recording 00000000000000000000000000000000-1 7.5",
                "6.1 drop leg 1",
                "35.2 drop leg 2",
                "35.2 stop 1700000000.1-2",
                "35.2 ended no_answer",
                "35.2 hang up",
            ],
            id="a REFER ends the recording",
        ),
    ],
)
def test_two_parties_are_connected(
    dial: Dial, steps: tuple[Step, ...], expected: list[str]
) -> None:
    assert behind(dial, *steps, until=62.0 if dial is LIMITED else 40.0) == expected


@pytest.mark.parametrize(
    ("dial", "keys", "recording"),
    [(DIAL, False, ""), (KEYS, True, ""), (RECORDED, False, NAME)],
)
def test_how_they_are_connected(dial: Dial, recording: str, *, keys: bool) -> None:
    line = Line()
    line.happens((0.0, document(dial)), *answers(0.0))
    assert line.intents[-1] == Connect(
        f"{CHANNEL}-bridge-1", (CHANNEL, leg(1)), keys=keys, recording=recording
    )


def test_the_action_url_is_told_of_the_recording() -> None:
    line = Line()
    line.happens((0.0, document(RECORDED)), *answers(0.0), hangs_up(9.0), apart(9.1), (9.3, THERE))
    fetch = line.intents[-1]
    assert isinstance(fetch, Fetch)
    assert isinstance(fetch.about, Dialed)
    assert fetch.about.recorded == Recorded(NAME, 7.5)
    assert fetch.about.hung_up


def test_a_connection_that_is_taken_up_again_is_recorded_under_a_name_of_its_own() -> None:
    recorded = replace(HOLDING, recorder=Recorder())
    again = (5.1, document(TO_B)), apart(5.2), *refuses(6.0, 486, 2)
    words = behind(recorded, *refers(5.0), *again)
    assert words[-1] == f"6 connect caller leg 1 in bridge 2, recorded as {INFO.key}-2"


def test_a_time_limit_goes_on_when_the_connection_is_taken_up_again() -> None:
    limited = replace(HOLDING, time_limit=60.0)
    again = (5.1, document(TO_B)), apart(5.2), *refuses(6.0, 486, 2)
    words = behind(limited, *refers(5.0), *again, until=62.0)
    assert words[-2:] == ["61 drop leg 1", "61 separate bridge 2"]


# -- a late success of a REFER that was given up before --------------------------


def test_a_late_success_takes_the_bridge_away_too() -> None:
    line = Line()
    line.happens((0.0, document(REFER)), *SILENT, (30.3, document(DIAL)), *answers(31.0))
    del line.words[:]
    line.happens((35.0, notify(9, 200, end=True, refer_id=7)))
    assert line.words == [
        "35 late success 200",
        "35 hang up",
        "35 drop leg 1",
        "35 separate bridge 1",
    ]


def test_a_recording_is_told_of_that_ends_behind_the_transfer_of_its_caller() -> None:
    """The caller has sent a REFER and is gone: the channel that the bridge is named for is, too."""
    line = Line()
    line.happens((0.0, document(RECORDED)), *answers(0.0))
    line.happens((5.0, TransferRequested("b")), (5.1, document(TO_B)), apart(5.2))
    line.happens((5.3, OfLeg(CHANNEL, CallEnded())))
    before = len(line.words)
    line.happens((5.4, OfLeg(CHANNEL, THERE)))
    assert line.words[before:] == [f"5.4 tell recording {NAME} 7.5"]
