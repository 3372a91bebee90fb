from dataclasses import replace

import pytest

from stasis_refer.core.abouts import Dialed, LegProgress
from stasis_refer.core.events import (
    CallEnded,
    ChannelUp,
    Command,
    CommandRefused,
    DrainOver,
    InviteAnswered,
    LegCreated,
    PlaybackEnded,
    Regained,
)
from stasis_refer.core.info import CallStatus
from stasis_refer.core.intents import Fetch, StartPlayback, Tell
from stasis_refer.core.leg import key_of
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.verbs import (
    Callee,
    Dial,
    LegEvent,
    LegWatch,
    Number,
    Recording,
    Ringback,
    SipAddress,
    Source,
    Tone,
)
from tests.core.calls import AFTER, CHANNEL, INFO, SAY, Line, Step, document, follow
from tests.core.dials import (
    DIAL,
    TO_B,
    WATCH,
    answers,
    apart,
    hangs_up,
    made,
    of,
    refers,
    refuses,
    rings,
    sip,
)

TWO = Dial((sip("a"), sip("b")), AFTER)
IN_TURN = replace(TWO, sequential=True)
ALONE = Dial((sip("a"),), AFTER)
WAITING = replace(ALONE, answer_on_bridge=True)
WATCHED = Callee(SipAddress("sip:a@example.com"), LegWatch(WATCH, frozenset(LegEvent)), tag="agent")
NOT_ALLOWED = Callee(SipAddress("sip:a@example.org"))


# -- who is called, and who wins -------------------------------------------------


@pytest.mark.parametrize(
    ("dial", "steps", "expected"),
    [
        pytest.param(
            ALONE,
            (*answers(0.0), apart(9.0)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "0 call leg 1",
                "1 stop 1700000000.1-1",
                "1 connect caller leg 1 in bridge 1",
            ],
            id="it answers",
        ),
        pytest.param(
            ALONE,
            refuses(2.0, 486),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "2 call leg 1",
                "2 stop 1700000000.1-1",
                "2 fetch action busy 486 0",
            ],
            id="it is busy",
        ),
        pytest.param(
            ALONE,
            refuses(2.0, 480),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "2 call leg 1",
                "2 stop 1700000000.1-1",
                "2 fetch action no_answer 480 0",
            ],
            id="it is not there",
        ),
        pytest.param(
            ALONE,
            refuses(2.0, 404),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "2 call leg 1",
                "2 stop 1700000000.1-1",
                "2 fetch action failed 404 0",
            ],
            id="it is not known",
        ),
        pytest.param(
            ALONE,
            rings(2.0),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "2 call leg 1",
                "30 drop leg 1",
                "30 stop 1700000000.1-1",
                "30 fetch action no_answer None 0",
            ],
            id="it rings until the time is over",
        ),
        pytest.param(
            ALONE,
            (*rings(0.0), (1.0, of(1, InviteAnswered(200))), hangs_up(1.1)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "0 call leg 1",
                "1.1 stop 1700000000.1-1",
                "1.1 fetch action no_answer None 0",
            ],
            id="it hangs up before Asterisk tells that it answered",
        ),
        pytest.param(
            ALONE,
            (made(1.0), hangs_up(2.0)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 1",
                "2 stop 1700000000.1-1",
                "2 fetch action failed None 0",
            ],
            id="its channel ends and nobody says why",
        ),
        pytest.param(
            ALONE,
            ((1.0, of(1, CommandRefused(Command.CREATE, 400))),),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "1 drop leg 1",
                "1 stop 1700000000.1-1",
                "1 fetch action failed None 0",
            ],
            id="Asterisk makes no channel, or makes it and does not say so",
        ),
        pytest.param(
            ALONE,
            (made(1.0), (1.1, of(1, CommandRefused(Command.RING, 409)))),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 1",
                "1.1 drop leg 1",
                "1.1 stop 1700000000.1-1",
                "1.1 fetch action failed None 0",
            ],
            id="Asterisk cannot call it",
        ),
        pytest.param(
            TWO,
            (*rings(0.5, 1), *answers(1.0, 2), hangs_up(2.1, 1)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 create leg 2 stasis_refer/sip:b@example.com",
                "0 play 1700000000.1-1",
                "0.5 call leg 1",
                "1 call leg 2",
                "2 stop 1700000000.1-1",
                "2 drop leg 1",
                "2 connect caller leg 2 in bridge 1",
            ],
            id="two at once: the first to answer wins",
        ),
        pytest.param(
            TWO,
            (*answers(1.0, 2), (2.0, of(1, ChannelUp())), hangs_up(2.1, 1)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 create leg 2 stasis_refer/sip:b@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 2",
                "2 stop 1700000000.1-1",
                "2 drop leg 1",
                "2 connect caller leg 2 in bridge 1",
                "2 drop leg 1",
            ],
            id="two at once: both answer in the same moment",
        ),
        pytest.param(
            TWO,
            (*answers(1.0, 2), made(2.5, 1)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 create leg 2 stasis_refer/sip:b@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 2",
                "2 stop 1700000000.1-1",
                "2 drop leg 1",
                "2 connect caller leg 2 in bridge 1",
                "2.5 drop leg 1",
            ],
            id="two at once: a channel that is made behind the end of the dial",
        ),
        pytest.param(
            TWO,
            (*refuses(1.0, 404, 1), *refuses(2.0, 486, 2)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 create leg 2 stasis_refer/sip:b@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 1",
                "2 call leg 2",
                "2 stop 1700000000.1-1",
                "2 fetch action busy 486 0",
            ],
            id="two at once: busy tells more than not known",
        ),
        pytest.param(
            TWO,
            (*refuses(1.0, 486, 1), *rings(2.0, 2)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 create leg 2 stasis_refer/sip:b@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 1",
                "2 call leg 2",
                "30 drop leg 2",
                "30 stop 1700000000.1-1",
                "30 fetch action busy 486 0",
            ],
            id="two at once: one is busy, the other rings in vain",
        ),
        pytest.param(
            IN_TURN,
            (*refuses(1.0, 486, 1), *answers(3.0, 2)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 1",
                "1 create leg 2 stasis_refer/sip:b@example.com",
                "3 call leg 2",
                "4 stop 1700000000.1-1",
                "4 connect caller leg 2 in bridge 1",
            ],
            id="in turn: the second answers",
        ),
        pytest.param(
            IN_TURN,
            (*rings(1.0, 1), hangs_up(30.1, 1), *rings(31.0, 2)),
            [
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 play 1700000000.1-1",
                "1 call leg 1",
                "30 drop leg 1",
                "30 create leg 2 stasis_refer/sip:b@example.com",
                "31 call leg 2",
                "60 drop leg 2",
                "60 stop 1700000000.1-1",
                "60 fetch action no_answer None 0",
            ],
            id="in turn: each may ring as long as the timeout says",
        ),
    ],
)
def test_whom_a_dial_reaches(dial: Dial, steps: tuple[Step, ...], expected: list[str]) -> None:
    words = follow(*steps, verbs=(dial,), until=99.0)
    assert words[0] == "0 accept REFERs"
    assert words[1:] == expected


@pytest.mark.parametrize(
    ("dial", "expected"),
    [
        pytest.param(
            replace(ALONE, callees=(NOT_ALLOWED,)),
            ["0 refused policy", "0 fetch action blocked 403 0"],
            id="the only one",
        ),
        pytest.param(
            replace(ALONE, callees=(NOT_ALLOWED,) * 2),
            ["0 refused policy", "0 refused policy", "0 fetch action blocked 403 0"],
            id="all",
        ),
        pytest.param(
            replace(ALONE, callees=(NOT_ALLOWED, sip("b"))),
            [
                "0 refused policy",
                "0 create leg 2 stasis_refer/sip:b@example.com",
                "0 play 1700000000.1-1",
            ],
            id="one of two",
        ),
        pytest.param(
            replace(IN_TURN, callees=(NOT_ALLOWED, sip("b"))),
            [
                "0 refused policy",
                "0 create leg 2 stasis_refer/sip:b@example.com",
                "0 play 1700000000.1-1",
            ],
            id="the first in turn",
        ),
        pytest.param(
            Dial((Callee(Number("+49301")),), AFTER),
            ["0 refused policy", "0 fetch action blocked 403 0"],
            id="a number no rule fits",
        ),
        pytest.param(Dial((NOT_ALLOWED,)), ["0 refused policy", "0 hang up"], id="no action URL"),
    ],
)
def test_callees_that_may_not_be_called(dial: Dial, expected: list[str]) -> None:
    assert follow(verbs=(dial,), until=9.0)[1:] == expected


def test_a_dial_that_calls_nobody_is_no_way_to_go_round() -> None:
    line = Line()
    for turn in range(200):
        line.happens((turn / 100, document(replace(ALONE, callees=(NOT_ALLOWED,)))))
    assert line.call.over


# -- the caller rings ------------------------------------------------------------


@pytest.mark.parametrize(
    ("dial", "steps", "expected"),
    [
        pytest.param(
            ALONE,
            ((0.1, ChannelUp()), *answers(0.2)),
            [
                "0 accept REFERs",
                "0 answer",
                "0.1 create leg 1 stasis_refer/sip:a@example.com",
                "0.1 play 1700000000.1-1",
                "0.2 call leg 1",
                "1.2 stop 1700000000.1-1",
                "1.2 connect caller leg 1 in bridge 1",
            ],
            id="not set: it is answered before anybody is called",
        ),
        pytest.param(
            WAITING,
            (*answers(0.2), (1.3, ChannelUp())),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "1.2 answer",
                "1.3 connect caller leg 1 in bridge 1",
            ],
            id="answerOnBridge: it is answered when the callee is",
        ),
        pytest.param(
            WAITING,
            refuses(0.2, 486),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "0.2 fetch action busy 486 0",
            ],
            id="answerOnBridge: the callee is busy",
        ),
        pytest.param(
            replace(WAITING, action=None),
            refuses(0.2, 486),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "0.2 hang up 486",
            ],
            id="answerOnBridge: the callee is busy, no action URL",
        ),
        pytest.param(
            replace(WAITING, action=None),
            refuses(0.2, 407),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "0.2 hang up 480",
            ],
            id="answerOnBridge: the callee wants credentials, no action URL",
        ),
        pytest.param(
            replace(WAITING, action=None),
            rings(0.2),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "30 drop leg 1",
                "30 hang up 480",
            ],
            id="answerOnBridge: nobody answers, no action URL",
        ),
        pytest.param(
            replace(WAITING, action=None, callees=(NOT_ALLOWED,)),
            (),
            ["0 accept REFERs", "0 refused policy", "0 hang up 403"],
            id="answerOnBridge: it may not be called, no action URL",
        ),
        pytest.param(
            WAITING,
            (*answers(0.2), (1.3, CommandRefused(Command.ANSWER, 409))),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "1.2 answer",
                "1.3 hang up",
                "1.3 drop leg 1",
            ],
            id="answerOnBridge: the caller cannot be answered",
        ),
        pytest.param(
            WAITING,
            answers(0.2),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "1.2 answer",
                "6.2 drop leg 1",
                "6.2 hang up",
            ],
            id="answerOnBridge: the caller is not Up in time",
        ),
        pytest.param(
            WAITING,
            (*answers(0.2), hangs_up(1.25), (1.3, ChannelUp())),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "1.2 answer",
                "1.25 fetch action no_answer None 0",
            ],
            id="answerOnBridge: the callee hangs up before the caller is Up",
        ),
        pytest.param(
            WAITING,
            (*answers(0.2), (1.25, CallEnded())),
            [
                "0 accept REFERs",
                "0 create leg 1 stasis_refer/sip:a@example.com",
                "0 ring",
                "0.2 call leg 1",
                "1.2 answer",
                "1.25 drop leg 1",
                "1.25 fetch action canceled None 0",
            ],
            id="answerOnBridge: the caller hangs up before it is Up",
        ),
    ],
)
def test_a_ringing_caller(dial: Dial, steps: tuple[Step, ...], expected: list[str]) -> None:
    assert follow(*steps, verbs=(dial,), up=False, until=60.0) == expected


# -- the caller hangs up ---------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            (),
            ["3 drop leg 1", "3 drop leg 2", "3 fetch action canceled None 0"],
            id="before a channel is there",
        ),
        pytest.param(
            (made(0.1),),
            ["3 drop leg 1", "3 drop leg 2", "3 fetch action canceled None 0"],
            id="before it rings",
        ),
        pytest.param(
            rings(0.1),
            ["3 drop leg 1", "3 drop leg 2", "3 fetch action canceled None 0"],
            id="while it rings",
        ),
        pytest.param(
            (*rings(0.1, 1), *rings(0.1, 2)),
            ["3 drop leg 1", "3 drop leg 2", "3 fetch action canceled None 0"],
            id="while both ring",
        ),
        pytest.param(
            answers(0.1),
            ["3 drop leg 1", "3 separate bridge 1", "3 fetch action completed 200 1.9"],
            id="while both are connected",
        ),
        pytest.param(
            (*answers(0.1), hangs_up(2.0)),
            ["3 fetch action completed 200 0.9"],
            id="while the bridge is taken away",
        ),
        pytest.param(
            refuses(0.1, 486),
            ["3 drop leg 2", "3 fetch action canceled None 0"],
            id="while another one rings",
        ),
    ],
)
def test_the_caller_hangs_up(steps: tuple[Step, ...], expected: list[str]) -> None:
    line = Line()
    line.happens((0.0, document(TWO)), *steps)
    del line.words[:]
    line.happens((3.0, CallEnded()), hangs_up(3.1, 1), hangs_up(3.1, 2), (3.2, document(SAY)))
    assert line.words == expected
    assert line.call.over


# -- what the caller hears -------------------------------------------------------

SOUND, AGAIN = f"{CHANNEL}-1", f"{CHANNEL}-2"
MUSIC = Recording("http://127.0.0.1/music.wav")


@pytest.mark.parametrize(
    ("meanwhile", "ended", "expected"),
    [
        pytest.param(None, PlaybackEnded(SOUND), [Ringback(), Ringback()], id="ringing, again"),
        pytest.param(MUSIC, PlaybackEnded(SOUND), [MUSIC, MUSIC], id="music, over and over"),
        pytest.param(
            MUSIC,
            PlaybackEnded(SOUND, ok=False),
            [MUSIC, Ringback()],
            id="ringing where the music cannot be had",
        ),
        pytest.param(
            None, PlaybackEnded(SOUND, ok=False), [Ringback()], id="nothing where ringing fails"
        ),
        pytest.param(Tone("de"), PlaybackEnded("another"), [Tone("de")], id="a country's tone"),
    ],
)
def test_what_the_caller_hears_meanwhile(
    meanwhile: Source | None, ended: PlaybackEnded, expected: list[Source]
) -> None:
    line = Line()
    line.happens((0.0, document(replace(ALONE, meanwhile=meanwhile))), (5.0, ended))
    assert [each.source for each in line.intents if isinstance(each, StartPlayback)] == expected


def test_a_phone_that_rings_in_turn_does_not_start_the_music_again() -> None:
    words = follow(*refuses(1.0, 486, 1), *rings(2.0, 2), verbs=(IN_TURN,), until=20.0)
    assert [each for each in words if "play" in each] == [f"0 play {SOUND}"]


def test_the_music_starts_again_after_a_gap() -> None:
    line = Line()
    line.happens((0.0, document(replace(ALONE, meanwhile=MUSIC))), (5.0, Regained()))
    assert line.words[-2:] == [f"5 stop {SOUND}", f"5 play {AGAIN}"]


# -- what is told ----------------------------------------------------------------


def told_of_leg(*steps: Step, dial: Dial) -> list[tuple[str, int, CallStatus, int | None, float]]:
    line = Line()
    line.happens((0.0, document(dial)), *steps)
    line.wait(60.0)
    found = []
    for tell in line.intents:
        if isinstance(tell, Tell) and isinstance(tell.about, LegProgress):
            assert tell.of is not None
            assert (tell.of.parent, tell.about.tag, tell.callback) == (INFO.key, "agent", WATCH)
            about, standing = tell.about, tell.standing
            event = about.event.name.lower()
            found.append((event, about.number, standing.status, about.code, tell.duration))
    return found


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            (*answers(1.0), hangs_up(7.0)),
            [
                ("initiated", 0, CallStatus.INITIATED, None, 0.0),
                ("ringing", 1, CallStatus.RINGING, None, 0.0),
                ("answered", 2, CallStatus.IN_PROGRESS, 200, 0.0),
                ("completed", 3, CallStatus.COMPLETED, 200, 5.0),
            ],
            id="answered",
        ),
        pytest.param(
            refuses(1.0, 486),
            [
                ("initiated", 0, CallStatus.INITIATED, None, 0.0),
                ("completed", 1, CallStatus.BUSY, 486, 0.0),
            ],
            id="busy",
        ),
        pytest.param(
            (*rings(1.0), hangs_up(30.1)),
            [
                ("initiated", 0, CallStatus.INITIATED, None, 0.0),
                ("ringing", 1, CallStatus.RINGING, None, 0.0),
                ("completed", 2, CallStatus.NO_ANSWER, None, 0.0),
            ],
            id="no answer",
        ),
        pytest.param(
            (*rings(1.0), (2.0, CallEnded()), hangs_up(2.1)),
            [
                ("initiated", 0, CallStatus.INITIATED, None, 0.0),
                ("ringing", 1, CallStatus.RINGING, None, 0.0),
                ("completed", 2, CallStatus.CANCELED, None, 0.0),
            ],
            id="canceled",
        ),
        pytest.param(
            ((1.0, of(1, CommandRefused(Command.CREATE, 500))),),
            [("completed", 0, CallStatus.FAILED, None, 0.0)],
            id="not made",
        ),
        pytest.param(
            ((1.0, of(1, LegCreated("c@a"))), (2.0, of(1, CallEnded(status=404)))),
            [
                ("initiated", 0, CallStatus.INITIATED, None, 0.0),
                ("completed", 1, CallStatus.FAILED, 404, 0.0),
            ],
            id="refused, known from Asterisk alone",
        ),
    ],
)
def test_what_is_told_of_a_leg(
    steps: tuple[Step, ...],
    expected: list[tuple[str, int, CallStatus, int | None, float]],
) -> None:
    assert told_of_leg(*steps, dial=replace(ALONE, callees=(WATCHED,))) == expected


def test_only_the_events_asked_for_are_told() -> None:
    only = replace(WATCHED, watch=LegWatch(WATCH))
    told = told_of_leg(*answers(1.0), hangs_up(7.0), dial=replace(ALONE, callees=(only,)))
    assert [each[:2] for each in told] == [("completed", 0)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(refuses(1.0, 486), (Outcome.BUSY, 486, False), id="busy"),
        pytest.param(refuses(1.0, 600), (Outcome.BUSY, 600, False), id="busy everywhere"),
        pytest.param(refuses(1.0, 408), (Outcome.NO_ANSWER, 408, False), id="timed out"),
        pytest.param(refuses(1.0, 503), (Outcome.FAILED, 503, False), id="unavailable"),
        pytest.param(rings(1.0), (Outcome.NO_ANSWER, None, False), id="no answer"),
        pytest.param(
            (*rings(1.0), (2.0, CallEnded())), (Outcome.CANCELED, None, False), id="canceled"
        ),
        pytest.param(
            (*answers(1.0), hangs_up(7.0), apart(7.1)),
            (Outcome.COMPLETED, 200, True),
            id="answered",
        ),
    ],
)
def test_what_the_action_url_is_told(
    steps: tuple[Step, ...], expected: tuple[Outcome, int | None, bool]
) -> None:
    line = Line()
    line.happens((0.0, document(replace(ALONE, callees=(WATCHED,)))), *steps)
    line.wait(60.0)
    fetch = next(each for each in reversed(line.intents) if isinstance(each, Fetch))
    dialed = fetch.about
    assert isinstance(dialed, Dialed)
    assert (dialed.outcome, dialed.code, dialed.connected) == expected
    assert dialed.info is not None
    assert (dialed.info.key, dialed.info.parent) == (key_of(INFO.key, 1), INFO.key)


def test_the_document_goes_on_behind_a_dial_without_action_url() -> None:
    words = follow(*refuses(1.0, 486), verbs=(replace(ALONE, action=None), SAY), until=5.0)
    assert words[-1] == f"1 play {AGAIN}"


@pytest.mark.parametrize(
    ("or_go_on", "expected"), [(True, f"1.1 play {AGAIN}"), (False, "1.1 hang up")]
)
def test_an_empty_reply_to_the_action_url(expected: str, *, or_go_on: bool) -> None:
    verbs = replace(ALONE, or_go_on=or_go_on), SAY
    assert follow(*refuses(1.0, 486), (1.1, document()), verbs=verbs, until=5.0)[-1] == expected


# -- the program stops -----------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            rings(0.0),
            ["3 drop leg 1", "3 stop 1700000000.1-1", "3 return to dialplan"],
            id="it rings",
        ),
        pytest.param(
            answers(0.0),
            ["3 drop leg 1", "3 separate bridge 1", "3 return to dialplan"],
            id="both are connected",
        ),
        pytest.param(
            (*answers(0.0), hangs_up(2.0)),
            ["3 return to dialplan"],
            id="the bridge is being taken away",
        ),
        pytest.param(
            (*answers(0.0), *refers(2.0)),
            ["3 ended error", "3 drop leg 1", "3 separate bridge 1", "3 return to dialplan"],
            id="a REFER is under way",
        ),
        pytest.param(
            (*answers(0.0), *refers(2.0), (2.1, document(TO_B)), apart(2.2)),
            [
                "3 ended error",
                "3 drop leg 1",
                "3 drop leg 2",
                "3 stop 1700000000.1-2",
                "3 return to dialplan",
            ],
            id="the transferor is released",
        ),
        pytest.param(
            (*answers(0.0), *refers(2.0, None), (2.1, document(TO_B)), apart(2.2)),
            [
                "3 ended error",
                "3 drop caller",
                "3 drop leg 2",
                "3 stop 00000000000000000000000000000000-leg-1-2",
                "3 hang up",
            ],
            id="the caller is released, the callee's call goes on",
        ),
        pytest.param((*rings(0.0), (2.0, CallEnded())), [], id="only a leg is left"),
    ],
)
def test_the_program_stops(steps: tuple[Step, ...], expected: list[str]) -> None:
    line = Line()
    line.happens((0.0, document(replace(DIAL, action=None))), *steps)
    del line.words[:]
    line.happens((3.0, DrainOver()))
    assert line.words == expected
    assert line.call.over
