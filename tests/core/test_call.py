from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stasis_refer.core.abouts import Standing, Transferred
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import (
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelReturned,
    ChannelUp,
    Command,
    CommandRefused,
    DeadlinePassed,
    DocumentFetched,
    DrainOver,
    Event,
    FetchFailed,
    LimitReached,
    PlaybackEnded,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    Regained,
    Restarted,
    TransferStatus,
)
from stasis_refer.core.found import Found
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import (
    Answer,
    BreakOff,
    Fetch,
    FetchKind,
    Intent,
    ReturnToDialplan,
    SendRefer,
    StartPlayback,
    Tell,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.core.line import ANSWER_LIMIT
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.playing import RESUME_LIMIT
from stasis_refer.core.verbs import (
    After,
    AnswerCall,
    Document,
    Enqueue,
    Gather,
    Hangup,
    Pause,
    Redirect,
    Refer,
    Reject,
    Ring,
    Tag,
    Then,
    Verb,
)
from tests.core.calls import (
    AFTER,
    ANSWERED,
    BEGAN,
    BUSY,
    CHANNEL,
    FIRST_SOUND,
    FORBIDDEN,
    INFO,
    LOCAL,
    MALFORMED,
    NO_ACTION,
    NOT_FETCHED,
    OF_THE_FIRST,
    OF_THE_SECOND,
    OVER,
    PLAIN,
    REFER,
    RINGING,
    SAY,
    SECOND,
    SECOND_SOUND,
    SENT,
    SILENT,
    STATUS,
    SUCCESS,
    TAKEN,
    UP,
    VOICE,
    WITH_FALLBACK,
    WITH_STATUS,
    Line,
    Step,
    document,
    follow,
    notify,
    returned,
    word,
)

# -- transfers, one action URL, no fallback --------------------------------------

TRANSFERS = [
    pytest.param(
        (*ANSWERED, (5.1, document())),
        ["5 ended completed", "5 fetch action completed", "6.1 hang up"],
        id="success: a phone that never says BYE has one second",
    ),
    pytest.param(
        (*ANSWERED, (5.1, document()), (5.4, CallEnded())),
        ["5 ended completed", "5 fetch action completed"],
        id="success: the phone says BYE",
    ),
    pytest.param(
        (*ANSWERED, (5.05, CallEnded()), (5.1, document(SAY))),
        ["5 ended completed", "5 fetch action completed"],
        id="success: BYE while the action URL is asked",
    ),
    pytest.param(
        (*ANSWERED[:-1], (5.01, CallEnded()), (5.1, document())),
        ["5.01 ended completed", "5.01 fetch action completed"],
        id="success: BYE right behind the NOTIFY",
    ),
    pytest.param(
        (*ANSWERED, (5.1, document(SAY)), (9.0, PlaybackEnded(FIRST_SOUND))),
        ["5 ended completed", "5 fetch action completed", f"5.1 play {FIRST_SOUND}", "10 hang up"],
        id="success: more verbs run for as long as the leg stays",
    ),
    pytest.param(
        (*ANSWERED, (5.1, document(Hangup()))),
        ["5 ended completed", "5 fetch action completed", "5.1 hang up"],
        id="success: the document hangs up itself",
    ),
    pytest.param(
        (*BUSY, (5.1, document(SAY)), (9.0, PlaybackEnded(FIRST_SOUND))),
        ["5 ended busy", "5 fetch action busy", f"5.1 play {FIRST_SOUND}", "9 hang up"],
        id="busy: the next document runs on the live call",
    ),
    pytest.param(
        (*BUSY, (5.1, document(REFER)), (5.2, ReferSeen(8)), (5.3, ReferAnswered(603, 8))),
        [
            "5 ended busy",
            "5 fetch action busy",
            "5.1 began",
            "5.1 refer sip:alice@example.com",
            "5.8 ended rejected",
            "5.8 break off",
            "10.8 hang up",
            "10.8 fetch action rejected",
        ],
        id="busy: a second REFER",
    ),
    pytest.param(
        (*BUSY, (5.1, document(REFER)), (5.11, CallEnded(told=OF_THE_FIRST))),
        [
            "5 ended busy",
            "5 fetch action busy",
            "5.1 began",
            "5.1 refer sip:alice@example.com",
            "6.11 ended canceled",
            "6.11 fetch action canceled",
        ],
        id="busy: BYE as the second REFER begins, the end tells the first one's result",
    ),
    pytest.param(
        (*BUSY, (5.1, document(REFER)), (5.2, OF_THE_FIRST), (5.3, OF_THE_SECOND)),
        [
            "5 ended busy",
            "5 fetch action busy",
            "5.1 began",
            "5.1 refer sip:alice@example.com",
            "5.3 ended completed",
            "5.3 fetch action completed",
        ],
        id="busy: the first one's result is not the second one's",
    ),
    pytest.param(
        (SENT, (0.1, ReferAnswered(405, 7)), (0.1, returned(405)), (0.2, document())),
        ["0.1 ended rejected", "0.1 fetch action rejected", "0.2 hang up"],
        id="refused",
    ),
    pytest.param(
        (*SILENT, (30.3, document(SAY))),
        [
            "30.1 ended unconfirmed",
            "30.1 break off",
            "30.2 fetch action unconfirmed",
            f"30.3 play {FIRST_SOUND}",
        ],
        id="no NOTIFY: the wait is broken off, the next document runs",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, notify(1, 180)), (50.0, notify(2, 180)), (61.1, returned())),
        ["61 ended unconfirmed", "61 break off", "61.1 fetch action unconfirmed"],
        id="no final NOTIFY: a second 180 restarts nothing",
    ),
    pytest.param(
        (SENT, TAKEN, (30.2, document()), (36.0, document())),
        [
            "30.1 ended unconfirmed",
            "30.1 break off",
            "35.1 hang up",
            "35.1 fetch action unconfirmed",
        ],
        id="a channel that does not come back is given up, the application is told",
    ),
    pytest.param(
        (SENT, TAKEN, (30.2, CommandRefused(Command.BREAK_OFF, 500))),
        [
            "30.1 ended unconfirmed",
            "30.1 break off",
            "30.2 hang up",
            "30.2 fetch action unconfirmed",
        ],
        id="the wait cannot be broken off",
    ),
    pytest.param(
        (SENT, TAKEN, (30.2, CallEnded())),
        ["30.1 ended unconfirmed", "30.1 break off", "30.2 fetch action unconfirmed"],
        id="BYE while the wait is broken off",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, CallEnded()), (3.1, document(SAY))),
        ["3 ended canceled", "3 fetch action canceled"],
        id="canceled: no verb runs on a call that is gone",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, CallEnded()), (2.0, CallEnded()), (2.1, returned())),
        ["3 ended canceled", "3 fetch action canceled"],
        id="canceled: the hang-up is told by both, Transfer() fails",
    ),
    *(
        pytest.param(
            ((0.1, CallEnded()), (0.11, CommandRefused(Command.REFER, status))),
            ["0.11 ended canceled", "0.11 fetch action canceled"],
            id=f"BYE while the REFER was on its way to Asterisk, which answers {status}",
        )
        for status in (404, 409, 422)
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, CallEnded()), (2.5, notify(2, 200, end=True))),
        ["2.5 ended completed", "2.5 fetch action completed"],
        id="the final NOTIFY half a second after the BYE",
    ),
    pytest.param(
        (SENT, (0.05, CallEnded())),
        ["1.05 ended canceled", "1.05 fetch action canceled"],
        id="BYE before the response",
    ),
    pytest.param(
        ((0.1, CommandRefused(Command.REFER, 409)), (0.2, document(SAY))),
        ["0.1 ended error", "0.1 fetch action error", f"0.2 play {FIRST_SOUND}"],
        id="Asterisk refuses the REFER",
    ),
    pytest.param(
        ((0.1, LimitReached("too many")), (0.2, document(SAY))),
        ["0.1 ended blocked", "0.1 fetch action blocked", f"0.2 play {FIRST_SOUND}"],
        id="as many transfers as may be are under way",
    ),
    pytest.param(
        ((0.1, CallEnded()), (0.11, LimitReached("too many"))),
        ["0.11 ended blocked", "0.11 fetch action blocked"],
        id="as many transfers as may be are under way, and BYE",
    ),
    pytest.param(
        ((0.1, CommandRefused(Command.REFER, 404)), (0.2, document(SAY))),
        ["0.1 ended canceled", "0.1 fetch action canceled"],
        id="the channel is gone before the REFER",
    ),
    pytest.param(
        (SENT, TAKEN, (5.0, notify(1, 200, end=True)), (30.2, returned()), (30.3, document())),
        [
            "30.1 ended unconfirmed",
            "30.1 break off",
            "30.2 fetch action unconfirmed",
            "30.3 hang up",
        ],
        id="a forged 200 changes nothing until the time limit",
    ),
    pytest.param(
        ((3.0, returned(486)),),
        ["3 ended busy", "3 fetch action busy"],
        id="nothing is captured",
    ),
]


def test_a_transfer_over_a_limit_says_so() -> None:
    line = Line()
    line.happens((0.0, document(REFER)), (0.1, LimitReached("too many")))
    (ended,) = (each for each in line.intents if isinstance(each, TransferEnded))
    result = Result(Outcome.BLOCKED, Reason.TRANSFER_LIMIT, Evidence.NONE, 503)
    assert (ended.result, ended.result.detail) == (result, "too many")


@pytest.mark.parametrize(("steps", "expected"), TRANSFERS)
def test_transfers(steps: tuple[Step, ...], expected: list[str]) -> None:
    assert follow(*steps) == BEGAN + expected


@pytest.mark.parametrize(
    ("steps", "verbs", "expected"),
    [
        pytest.param(ANSWERED, (), ["5 ended completed", "6 hang up"], id="success"),
        pytest.param(
            ANSWERED,
            (SAY,),
            ["5 ended completed", f"5 play {FIRST_SOUND}"],
            id="success: the next verb",
        ),
        pytest.param(BUSY, (), ["5 ended busy", "5 hang up"], id="failure"),
        pytest.param(
            BUSY, (SAY,), ["5 ended busy", f"5 play {FIRST_SOUND}"], id="failure: the next verb"
        ),
        pytest.param(
            (SENT, TAKEN, (2.0, CallEnded())), (SAY,), ["3 ended canceled"], id="canceled"
        ),
    ],
)
def test_a_refer_without_an_action_goes_on_with_the_next_verb(
    steps: tuple[Step, ...], verbs: Document, expected: list[str]
) -> None:
    assert follow(*steps, verbs=(NO_ACTION, *verbs)) == BEGAN + expected


def test_verbs_behind_a_refer_with_an_action_are_never_reached() -> None:
    words = follow(*BUSY, (5.1, document()), verbs=(REFER, SAY))
    assert words == [*BEGAN, "5 ended busy", "5 fetch action busy", "5.1 hang up"]


def test_the_action_url_is_told_the_result() -> None:
    line = Line()
    line.happens((0.0, document(REFER)), *BUSY)
    told = Result(Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 486)
    assert line.intents[-1] == Fetch(FetchKind.ACTION, AFTER, UP, Transferred(told))
    assert line.intents[1] == TransferBegan(Direction.SENT, "sip:alice@example.com")


@pytest.mark.parametrize(
    ("info", "verb", "steps", "endpoint"),
    [
        pytest.param(INFO, REFER, ANSWERED, "caller", id="completed"),
        pytest.param(
            INFO, REFER, ((1.0, CallEnded()), (2.0, DeadlinePassed())), "caller", id="gone"
        ),
        pytest.param(INFO, REFER, ((1.0, DrainOver()),), "caller", id="the program stops"),
        pytest.param(
            INFO,
            REFER,
            ((1.0, Restarted(Found.GONE)), (60.0, DeadlinePassed())),
            "caller",
            id="gone meanwhile",
        ),
        pytest.param(INFO, FORBIDDEN, (), "caller", id="blocked"),
        pytest.param(LOCAL, REFER, (), "", id="not SIP"),
    ],
)
def test_the_end_names_the_endpoint_that_the_refer_went_through(
    info: CallInfo, verb: Refer, steps: tuple[Step, ...], endpoint: str
) -> None:
    line = Line(info=info)
    line.happens((0.0, document(verb)), *steps)
    ended = [each for each in line.intents if isinstance(each, TransferEnded)]
    assert [each.endpoint for each in ended] == [endpoint]


def test_of_a_call_that_is_gone_the_action_url_is_told_so() -> None:
    line = Line()
    line.happens((0.0, document(REFER)), SENT, (0.1, CallEnded()), (1.1, DeadlinePassed()))
    told = Result(Outcome.CANCELED, Reason.HANGUP, Evidence.NONE)
    assert line.intents[-1] == Fetch(FetchKind.ACTION, AFTER, OVER, Transferred(told))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((SENT, TAKEN, (5.0, notify(1, 200, end=True)), (5.0, returned(486))), Outcome.BUSY),
        ((SENT, TAKEN, (5.0, notify(1, 486, end=True)), (5.0, SUCCESS)), Outcome.BUSY),
        ((SENT, (0.1, ReferAnswered(405, 7)), (0.1, SUCCESS)), Outcome.REJECTED),
    ],
)
def test_a_contradiction_of_the_witnesses_is_flagged(
    steps: tuple[Step, ...], expected: Outcome
) -> None:
    line = Line()
    line.happens((0.0, document(REFER)), *steps)
    results = [intent.result for intent in line.intents if isinstance(intent, TransferEnded)]
    assert [(result.outcome, result.conflict) for result in results] == [(expected, True)]


# -- a success that comes too late -----------------------------------------------

UNCONFIRMED = ["30.1 ended unconfirmed", "30.1 break off", "30.2 fetch action unconfirmed"]
LATE = notify(9, 200, end=True, refer_id=7)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            ((30.3, document(SAY)), (31.0, LATE)),
            [
                f"30.3 play {FIRST_SOUND}",
                "31 late success 200",
                f"31 stop {FIRST_SOUND}",
                "31 hang up",
            ],
            id="the document stops, the leg is released",
        ),
        pytest.param(
            ((30.25, LATE), (30.3, document(SAY))),
            ["30.25 late success 200", "30.25 hang up"],
            id="while the action URL is asked",
        ),
        pytest.param(
            ((30.3, document(Pause(60.0))), (31.0, LATE), (31.1, LATE)),
            ["31 late success 200", "31 hang up"],
            id="told once",
        ),
        pytest.param(
            ((30.3, document(Pause(60.0))), (31.0, notify(9, 200, refer_id=3))),
            ["90.3 hang up"],
            id="of another REFER",
        ),
        pytest.param(
            ((30.3, document(Pause(60.0))), (31.0, notify(9, 486, end=True))),
            ["90.3 hang up"],
            id="a late failure changes nothing",
        ),
    ],
)
def test_a_late_success(steps: tuple[Step, ...], expected: list[str]) -> None:
    assert follow(*SILENT, *steps) == BEGAN + UNCONFIRMED + expected


def test_a_late_success_before_the_channel_is_back_still_tells_the_application() -> None:
    words = follow(SENT, TAKEN, (30.15, LATE), (30.2, returned()))
    assert "30.15 late success 200" in words
    assert [line for line in words if "fetch action unconfirmed" in line]


def test_a_late_success_while_a_second_refer_is_open() -> None:
    second = ((30.3, document(REFER)), (30.3, ReferSeen(8)), (30.4, ReferAnswered(202, 8)))
    words = follow(*SILENT, *second, (31.0, LATE))
    assert "31 late success 200" in words


def test_a_late_success_while_a_second_refer_is_open_is_told_once() -> None:
    second = ((30.3, document(REFER)), (30.3, ReferSeen(8)), (30.4, ReferAnswered(202, 8)))
    again = notify(10, 200, end=True, refer_id=7)
    words = follow(*SILENT, *second, (31.0, LATE), (31.1, again), until=40.0)
    assert [line for line in words if "late success" in line] == ["31 late success 200"]


def test_a_notify_of_a_second_refer_that_succeeded_is_no_late_success() -> None:
    second = (
        (30.3, document(REFER)),
        (30.3, ReferSeen(8)),
        (30.4, ReferAnswered(202, 8)),
        (35.0, notify(9, 200)),
        (35.0, SUCCESS),
        (35.1, notify(10, 200, end=True)),
    )
    words = follow(*SILENT, *second, until=40.0)
    assert words[-2:] == ["35 ended completed", "35 fetch action completed"]


def test_a_2xx_after_another_failure_is_no_late_success() -> None:
    words = follow(*BUSY, (5.1, document(Pause(60.0))), (6.0, notify(9, 200)))
    assert words == [*BEGAN, "5 ended busy", "5 fetch action busy", "65.1 hang up"]


# -- nothing is sent -------------------------------------------------------------


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize(
    ("verb", "reason", "code"),
    [(FORBIDDEN, Reason.POLICY, 403), (MALFORMED, Reason.BAD_URI, 400)],
)
def test_a_blocked_refer_tells_the_action_url_and_asks_asterisk_for_nothing(
    verb: Refer, reason: Reason, code: int, *, up: bool
) -> None:
    line = Line(up=up)
    line.happens((0.0, document(verb)))
    assert line.words[1:] == ["0 began", "0 ended blocked", "0 fetch action blocked"]
    blocked = Result(Outcome.BLOCKED, reason, Evidence.NONE, code)
    standing = UP if up else Standing(CallStatus.RINGING)
    assert line.intents[-1] == Fetch(FetchKind.ACTION, AFTER, standing, Transferred(blocked))


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize(
    ("application", "verb", "expected"),
    [
        pytest.param(WITH_FALLBACK, REFER, ["0 fetch fallback not_sip"], id="fallback"),
        pytest.param(WITH_FALLBACK, NO_ACTION, ["0 fetch fallback not_sip"], id="no action"),
        pytest.param(PLAIN, REFER, ["0 fetch action error"], id="no fallback"),
        pytest.param(PLAIN, NO_ACTION, ["0 hang up"], id="neither"),
    ],
)
def test_a_refer_on_a_leg_that_is_not_sip(
    application: Application, verb: Refer, expected: list[str], *, up: bool
) -> None:
    words = follow(verbs=(verb,), application=application, info=LOCAL, up=up)
    assert words == ["0 began", "0 ended error", "0 alert 13801", *expected]


def test_asterisk_may_find_out_itself_that_it_is_not_sip() -> None:
    unsupported = ChannelReturned(TransferStatus.UNSUPPORTED, 0)
    words = follow((0.1, unsupported), application=WITH_FALLBACK)
    expected = ["0.1 ended error", "0.1 alert 13801", "0.1 fetch fallback not_sip"]
    assert words == BEGAN + expected


def test_the_fallback_is_told_which_document_had_the_refer() -> None:
    line = Line(WITH_FALLBACK, LOCAL)
    line.happens((0.0, document(Redirect(AFTER))), (0.1, document(REFER)))
    asked = line.intents[-1]
    assert isinstance(asked, Fetch)
    assert isinstance(asked.about, FetchFailed)
    assert asked.about.url == AFTER.url


# -- ringing calls ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("verbs", "expected"),
    [
        pytest.param((REFER,), ["0.2 began", "0.2 refer sip:alice@example.com"], id="Refer"),
        pytest.param((SAY,), [f"0.2 play {FIRST_SOUND}"], id="Say"),
    ],
)
def test_a_ringing_call_is_answered_first(verbs: Document, expected: list[str]) -> None:
    words = follow((0.2, ChannelUp()), (0.3, ChannelUp()), verbs=verbs, up=False, until=1.0)
    assert words == ["0 answer", *expected]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param((), [f"{ANSWER_LIMIT:g} hang up"], id="it never comes up"),
        pytest.param(((0.1, CallEnded()),), [], id="the caller hangs up"),
        pytest.param(((0.1, CommandRefused(Command.ANSWER, 404)),), [], id="the channel is gone"),
        pytest.param(
            ((0.1, CommandRefused(Command.ANSWER, 500)),),
            ["0.1 hang up"],
            id="it cannot be answered",
        ),
    ],
)
def test_a_call_that_cannot_be_answered(steps: tuple[Step, ...], expected: list[str]) -> None:
    assert follow(*steps, up=False) == ["0 answer", *expected]


@pytest.mark.parametrize(
    ("verb", "up", "expected"),
    [
        (Reject(486), False, ["0 hang up 486", "0 tell busy 0"]),
        (Reject(404), False, ["0 hang up 404", "0 tell rejected 0"]),
        (Reject(486), True, ["0 hang up", "0 tell completed 0"]),
        (Hangup(), True, ["0 hang up", "0 tell completed 0"]),
        (Hangup(), False, ["0 hang up", "0 tell completed 0"]),
    ],
)
def test_reject_and_hangup_end_the_call(
    verb: Hangup | Reject, expected: list[str], *, up: bool
) -> None:
    assert follow(verbs=(verb, SAY), application=WITH_STATUS, up=up) == expected


@pytest.mark.parametrize("up", [True, False])
def test_a_pause_waits_and_does_not_answer(*, up: bool) -> None:
    assert follow(verbs=(Pause(3.0), Hangup()), up=up) == ["3 hang up"]


def test_a_pause_before_a_reject_leaves_the_call_ringing() -> None:
    words = follow(verbs=(Pause(3.0), Reject(486)), up=False)
    assert words == ["3 hang up 486"]


@pytest.mark.parametrize(
    ("verb", "up", "steps", "expected"),
    [
        pytest.param(
            Ring(2.0), True, (), [f"0 play {FIRST_SOUND}", f"2 stop {FIRST_SOUND}"], id="a tone"
        ),
        pytest.param(
            Ring(2.0),
            False,
            ((1.0, ChannelUp()),),
            ["0 answer", f"1 play {FIRST_SOUND}", f"3 stop {FIRST_SOUND}"],
            id="answered first",
        ),
        pytest.param(Ring(2.0, answer=False), False, (), ["0 ring"], id="180"),
    ],
)
def test_ringing_lasts_its_time(
    verb: Ring, steps: tuple[Step, ...], expected: list[str], *, up: bool
) -> None:
    *words, last = follow(*steps, verbs=(verb, Hangup()), up=up)
    assert words == expected
    assert last.endswith("hang up")


@pytest.mark.parametrize(
    ("up", "expected"), [(False, ["0 answer", "1 hang up"]), (True, ["0 hang up"])]
)
def test_a_ringing_call_is_answered_when_told_to(expected: list[str], *, up: bool) -> None:
    words = follow((1.0, ChannelUp()), verbs=(AnswerCall(), Hangup()), up=up)
    assert words == expected


def test_a_tag_goes_with_every_later_request_until_it_is_cleared() -> None:
    line = Line(WITH_STATUS)
    line.happens((0.0, document(Tag("vip"), Redirect(AFTER))))
    line.happens((1.0, document(Redirect(VOICE))), (2.0, document(Tag(""), Redirect(AFTER))))
    line.happens((3.0, document(Tag("bye"), Hangup())))
    tags = [each.standing.tag for each in line.intents if isinstance(each, Fetch | Tell)]
    assert tags == ["", "vip", "vip", "", "bye"]


@pytest.mark.parametrize(
    "verb",
    [
        Tag("x"),
        AnswerCall(),
        Refer("sip:alice@example.org"),
        replace(FORBIDDEN, action=None, after=After(failed=Then.NOTHING)),
    ],
)
def test_very_many_verbs_that_take_no_time_run_one_after_the_other(verb: Verb) -> None:
    line = Line()
    line.happens((0.0, document(*[verb] * 5000, Hangup())))
    assert line.call.over
    assert line.words[-1] == "0 hang up"


@pytest.mark.parametrize(
    ("verbs", "expected"),
    [
        pytest.param(
            (SAY, SECOND), [f"9 stop {FIRST_SOUND}", f"9 play {SECOND_SOUND}"], id="playing"
        ),
        pytest.param(
            (Gather((SAY, SECOND)),),
            [f"9 stop {FIRST_SOUND}", f"9 play {SECOND_SOUND}"],
            id="asking for digits",
        ),
        pytest.param((Enqueue("sales"),), ["9 join sales"], id="on the way into a queue"),
        pytest.param((Pause(20.0),), [], id="pausing"),
        pytest.param((REFER,), [], id="referring: it has its time limits"),
    ],
)
def test_what_may_have_been_lost_in_a_gap_is_made_up_for(
    verbs: Document, expected: list[str]
) -> None:
    line = Line()
    line.happens((0.0, document(*verbs)))
    before = len(line.words)
    line.happens((9.0, Regained()))
    assert line.words[before:] == expected


# -- what follows a transfer, by dialect -----------------------------------------

BXML = After(Then.END, Then.RUN, Then.NOTHING)
JAMBONZ = After(Then.END, Then.RUN_IF_ANY, Then.NOTHING)
CANCELED: tuple[Step, ...] = (SENT, TAKEN, (2.0, CallEnded()))

AFTERS = [
    pytest.param(After(), AFTER, ANSWERED, ["5 fetch action completed", "6.5 hang up"], id="TwiML"),
    pytest.param(After(), AFTER, BUSY, ["5 fetch action busy", "5.5 hang up"], id="TwiML: failure"),
    pytest.param(After(), None, ANSWERED, [f"5 play {FIRST_SOUND}"], id="TwiML: no URL"),
    pytest.param(BXML, AFTER, ANSWERED, ["5 tell action completed", "6 hang up"], id="BXML: ok"),
    pytest.param(BXML, AFTER, BUSY, ["5 fetch action busy", "5.5 hang up"], id="BXML: failure"),
    pytest.param(BXML, None, ANSWERED, ["6 hang up"], id="BXML: success, no URL"),
    pytest.param(BXML, None, BUSY, [f"5 play {FIRST_SOUND}"], id="BXML: failure, no URL"),
    pytest.param(BXML, AFTER, CANCELED, [], id="BXML: canceled"),
    pytest.param(JAMBONZ, AFTER, ANSWERED, ["5 tell action completed", "6 hang up"], id="jambonz"),
    pytest.param(
        JAMBONZ,
        AFTER,
        BUSY,
        ["5 fetch action busy", f"5.5 play {FIRST_SOUND}"],
        id="jambonz: failure, an empty reply: the next verb",
    ),
    pytest.param(JAMBONZ, None, ANSWERED, ["6 hang up"], id="jambonz: success, no URL"),
    pytest.param(JAMBONZ, None, BUSY, [f"5 play {FIRST_SOUND}"], id="jambonz: failure, no URL"),
    pytest.param(JAMBONZ, AFTER, CANCELED, [], id="jambonz: canceled"),
]


@pytest.mark.parametrize(("after", "action", "steps", "expected"), AFTERS)
def test_what_follows_a_transfer_is_the_dialects(
    after: After, action: Callback | None, steps: tuple[Step, ...], expected: list[str]
) -> None:
    refer = replace(REFER, action=action, after=after)
    words = follow(*steps, (5.5, document()), verbs=(refer, SAY), until=7)
    (ended,) = (at for at, word in enumerate(words) if " ended " in word)
    assert words[ended + 1 :] == expected


APART = After(Then.NOTHING, Then.RUN, Then.END)
OTHERS = Callback("http://127.0.0.1/others")


@pytest.mark.parametrize(
    ("after", "steps", "expected"),
    [
        pytest.param(APART, ANSWERED, ["hang up"], id="success: the end"),
        pytest.param(APART, BUSY, ["fetch action busy"], id="failure: its own URL"),
        pytest.param(APART, CANCELED, ["tell action canceled"], id="canceled: told there"),
        pytest.param(
            After(completed=Then.GO_ON), ANSWERED, [f"play {FIRST_SOUND}"], id="success: go on"
        ),
        pytest.param(After(failed=Then.GO_ON), BUSY, [f"play {FIRST_SOUND}"], id="failure: go on"),
    ],
)
def test_a_failure_may_have_a_url_of_its_own(
    after: After, steps: tuple[Step, ...], expected: list[str]
) -> None:
    line = Line()
    refer = replace(REFER, failure_action=OTHERS, after=after)
    line.happens((0.0, document(refer, SAY)), *steps)
    line.wait(7)
    (ended,) = (at for at, word in enumerate(line.words) if " ended " in word)
    told = line.words[ended + 1 :]
    assert [word.partition(" ")[2] for word in told] == expected
    asked = [each for each in line.intents if isinstance(each, Fetch | Tell)]
    assert {each.callback for each in asked if each.about} <= {OTHERS}


def test_a_reply_that_is_not_empty_replaces_the_document() -> None:
    refer = replace(REFER, after=JAMBONZ)
    words = follow(*BUSY, (5.5, document(Hangup())), verbs=(refer, SAY))
    assert words == [*BEGAN, "5 ended busy", "5 fetch action busy", "5.5 hang up"]


def test_every_notify_is_told_in_order_and_the_last_one_before_the_action() -> None:
    refer = replace(REFER, events=STATUS, after=JAMBONZ)
    steps = (SENT, TAKEN, (0.2, notify(1, 100)), (0.3, notify(2, 180)), (0.3, notify(2, 180)))
    words = follow(*steps, (5.0, notify(3, 486, end=True)), (5.0, returned(486)), verbs=(refer,))
    assert words[2:] == [
        "0.2 tell event 100",
        "0.3 tell event 180",
        "5 tell event 486",
        "5 ended busy",
        "5 fetch action busy",
    ]


SAYS_200: Step = (5.0, notify(3, 200, end=True))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            (SAYS_200, (5.1, SUCCESS)),
            ["5.1 tell event 200", "5.1 ended completed", "5.1 tell action completed"],
            id="Asterisk bears it out",
        ),
        pytest.param(
            (SAYS_200, (5.1, CallEnded())),
            ["5.1 tell event 200", "5.1 ended completed", "5.1 tell action completed"],
            id="the phone hangs up at once",
        ),
        pytest.param(
            (SAYS_200, (8.0, notify(4, 486, end=True)), (8.0, returned(486))),
            ["8 tell event 486", "8 ended busy", "8 fetch action busy"],
            id="the true end comes later",
        ),
        pytest.param(
            (SAYS_200, (8.0, returned(486))),
            ["8 ended busy", "8 fetch action busy"],
            id="Asterisk says something else",
        ),
        pytest.param(
            (SAYS_200, (9.0, CallEnded())), ["9 ended canceled"], id="the caller hangs up later"
        ),
    ],
)
def test_a_success_is_told_when_it_is_borne_out(
    steps: tuple[Step, ...], expected: list[str]
) -> None:
    refer = replace(REFER, events=STATUS, after=JAMBONZ)
    words = follow(SENT, TAKEN, *steps, verbs=(refer,))
    assert words[2 : 2 + len(expected)] == expected
    assert not [word for word in words if "200" in word and word not in expected]


def test_a_notify_that_cannot_be_read_or_is_of_another_refer_is_no_event() -> None:
    refer = replace(REFER, events=STATUS)
    steps = (SENT, TAKEN, (0.2, notify(1, None)), (0.3, notify(2, 180, refer_id=3)))
    assert not [word for word in follow(*steps, verbs=(refer,)) if "tell" in word]


def test_the_fallback_of_a_callback_goes_before_the_applications() -> None:
    own = replace(AFTER, fallback=STATUS)
    line = Line(WITH_FALLBACK)
    line.happens((0.0, document(Redirect(own))), (0.1, NOT_FETCHED))
    asked = line.intents[-1]
    assert isinstance(asked, Fetch)
    assert (asked.kind, asked.callback) == (FetchKind.FALLBACK, STATUS)


def test_a_status_callback_says_what_broke_the_call() -> None:
    line = Line(WITH_STATUS)
    line.happens((0.1, NOT_FETCHED))
    told = line.intents[-1]
    assert isinstance(told, Tell)
    assert told.about == NOT_FETCHED


# -- what the caller hears -------------------------------------------------------


def test_a_sound_is_played_as_often_as_it_was_asked_for() -> None:
    ends = ((1.0, PlaybackEnded(FIRST_SOUND)), (2.0, PlaybackEnded(SECOND_SOUND)))
    words = follow(*ends, verbs=(replace(SAY, times=2), Hangup()))
    assert words == [f"0 play {FIRST_SOUND}", f"1 play {SECOND_SOUND}", "2 hang up"]


def test_no_number_of_times_means_until_the_call_ends() -> None:
    ends = [(float(n), PlaybackEnded(f"{CHANNEL}-{n}")) for n in range(1, 5)]
    words = follow(*ends, (4.5, CallEnded()), verbs=(replace(SAY, times=0), Hangup()))
    assert words == [f"{n} play {CHANNEL}-{n + 1}" for n in range(5)]


def test_a_sound_that_cannot_be_played_is_passed_over_however_often_it_was_asked_for() -> None:
    failed = (0.1, PlaybackEnded(FIRST_SOUND, ok=False))
    words = follow(failed, verbs=(replace(SAY, times=0), SECOND))
    assert words == [f"0 play {FIRST_SOUND}", f"0.1 play {SECOND_SOUND}"]


def test_the_end_of_another_playback_ends_nothing() -> None:
    words = follow((1.0, PlaybackEnded("another")), verbs=(SAY, Hangup()))
    assert words == [f"0 play {FIRST_SOUND}"]


HELD: Step = (0.05, ChannelHeld())


@pytest.mark.parametrize(
    ("steps", "played"),
    [
        pytest.param(
            (HELD, *BUSY, (5.1, document(SAY)), (7.0, ChannelResumed())), 7.0, id="resumed"
        ),
        pytest.param((HELD, *BUSY, (5.1, document(SAY))), 5.1 + RESUME_LIMIT, id="never resumed"),
        pytest.param(
            (HELD, *BUSY, (5.05, ChannelResumed()), (5.1, document(SAY))), 5.1, id="resumed before"
        ),
        pytest.param((*BUSY, (5.1, document(SAY))), 5.1, id="never held"),
        pytest.param(
            (
                *BUSY,
                (5.1, document(Pause(1.0), SAY)),
                (5.2, ChannelHeld()),
                (7.0, ChannelResumed()),
            ),
            7.0,
            id="held while the document pauses",
        ),
    ],
)
def test_the_recovery_document_waits_for_the_caller_to_take_us_off_hold(
    steps: tuple[Step, ...], played: float
) -> None:
    words = follow(*steps)
    assert [line for line in words if "play" in line] == [f"{played:g} play {FIRST_SOUND}"]


@pytest.mark.parametrize("steps", [(), (HELD,)])
def test_without_a_failed_transfer_nobody_waits_for_the_resume(steps: tuple[Step, ...]) -> None:
    words = follow(*steps, (1.0, PlaybackEnded(FIRST_SOUND)), verbs=(SAY, SECOND))
    assert words == [f"0 play {FIRST_SOUND}", f"1 play {SECOND_SOUND}"]


def test_the_wait_for_the_resume_is_waited_once() -> None:
    words = follow(
        HELD,
        *BUSY,
        (5.1, document(SAY, SECOND)),
        (11.0, PlaybackEnded(FIRST_SOUND)),
    )
    assert words[-2:] == [f"10.1 play {FIRST_SOUND}", f"11 play {SECOND_SOUND}"]


def test_a_caller_who_hangs_up_on_hold_hears_nothing() -> None:
    words = follow(HELD, *BUSY, (5.1, document(SAY)), (6.0, CallEnded()))
    assert words[-1] == "5 fetch action busy"


# -- the end ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("up", "steps", "expected"),
    [
        (True, ((7.5, CallEnded()),), "7.5 tell completed 7.5"),
        (False, ((2.0, ChannelUp()), (7.5, CallEnded())), "7.5 tell completed 5.5"),
        (False, ((2.0, CallEnded()),), "2 tell completed 0"),
    ],
)
def test_the_status_callback_is_told_how_long_the_call_was_answered(
    steps: tuple[Step, ...], expected: str, *, up: bool
) -> None:
    words = follow(*steps, verbs=(Pause(60.0),), application=WITH_STATUS, up=up)
    assert words == [expected]


@pytest.mark.parametrize(
    ("steps", "at", "verbs", "expected"),
    [
        pytest.param((), 1.0, (SAY,), [f"stop {FIRST_SOUND}", "return to dialplan"], id="playing"),
        pytest.param((), 1.0, (Pause(60.0),), ["return to dialplan"], id="pausing"),
        pytest.param(BUSY, 5.1, (REFER,), ["return to dialplan"], id="asking the action URL"),
        pytest.param((SENT, TAKEN), 1.0, (REFER,), ["ended error"], id="in Transfer()"),
        pytest.param((SENT, TAKEN), 30.15, (REFER,), [], id="being broken off"),
        pytest.param(
            (SENT, TAKEN, (1.0, CallEnded())), 1.5, (REFER,), ["ended error"], id="hung up"
        ),
        pytest.param(
            (SENT, TAKEN, (5.0, returned(486))),
            5.1,
            (REFER,),
            ["ended error", "return to dialplan"],
            id="back from Transfer(), the NOTIFY is late",
        ),
    ],
)
def test_when_the_program_stops_the_call_goes_back_to_the_dialplan(
    steps: tuple[Step, ...], at: float, verbs: Document, expected: list[str]
) -> None:
    line = Line()
    line.happens((0.0, document(*verbs)), *steps)
    line.wait(at)
    before = len(line.intents)
    line.happens((at, DrainOver()))
    assert [word(intent) for intent in line.intents[before:]] == expected
    assert line.call.over


def test_a_transfer_that_was_open_when_the_program_stopped_is_told_as_stopped() -> None:
    line = Line()
    line.happens((0.0, document(REFER)), SENT, TAKEN, (1.0, DrainOver()))
    ended = line.intents[-1]
    assert isinstance(ended, TransferEnded)
    assert (ended.result.outcome, ended.result.reason) == (Outcome.ERROR, Reason.STOPPED)


def test_what_happens_after_the_end_is_of_no_concern() -> None:
    line = Line()
    line.happens((0.0, document(Hangup())))
    before = list(line.intents)
    line.happens((0.1, CallEnded()), (0.2, document(REFER)), *ANSWERED, (6.0, DrainOver()))
    assert line.intents == before
    assert line.call.deadline is None


# -- whatever comes --------------------------------------------------------------

DOCUMENTS: list[Document] = [
    (REFER,),
    (NO_ACTION, SAY),
    (FORBIDDEN,),
    (SAY, REFER),
    (Pause(2.0), NO_ACTION),
    (Redirect(AFTER),),
    (Reject(486),),
    (),
]
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from([ChannelUp(), ChannelHeld(), ChannelResumed(), NOT_FETCHED]),
    st.sampled_from([CallEnded(), DrainOver()]),
    st.sampled_from(DOCUMENTS).map(DocumentFetched),
    st.sampled_from([SUCCESS, returned(), returned(486), returned(405)]),
    st.sampled_from([ReferSeen(7), ReferSeen(8)]),
    st.builds(
        ReferAnswered, st.sampled_from([200, 202, 401, 405]), st.sampled_from([7, 8]), st.booleans()
    ),
    st.builds(
        ReferNotified,
        st.sampled_from([None, 100, 180, 200, 486]),
        st.booleans(),
        st.integers(1, 6),
        st.sampled_from([None, 7, 3]),
    ),
    st.builds(PlaybackEnded, st.sampled_from([FIRST_SOUND, SECOND_SOUND]), st.booleans()),
    st.builds(CommandRefused, st.sampled_from(Command), st.sampled_from([0, 404, 409, 500])),
)
STEPS = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.7, 10.0, 40.0]), EVENTS), max_size=25)
APPLICATIONS = st.sampled_from([PLAIN, WITH_FALLBACK, WITH_STATUS])


def run_to_the_end(
    line: Line, steps: Sequence[tuple[float, Event]]
) -> list[tuple[Event, list[Intent]]]:
    """Let it all happen, then the caller hang up and each request fail."""
    told: list[tuple[Event, list[Intent]]] = []
    for pause, event in [*steps, (0.0, CallEnded()), *[(99.0, NOT_FETCHED)] * 3]:
        at, before = line.now + pause, len(line.intents)
        line.wait(at)
        told.append((DeadlinePassed(), line.intents[before:]))
        before = len(line.intents)
        line.happens((at, event))
        told.append((event, line.intents[before:]))
    return told


@settings(max_examples=500, deadline=None)
@given(APPLICATIONS, st.sampled_from([INFO, LOCAL]), st.booleans(), STEPS)
def test_every_call_ends_and_each_transfer_once(
    application: Application,
    info: CallInfo,
    up: bool,  # noqa: FBT001 - hypothesis fills arguments by position
    steps: list[tuple[float, Event]],
) -> None:
    line = Line(application, info, up=up)
    run_to_the_end(line, [(0.0, document(REFER)), *steps])
    assert line.call.over
    is_open, began = False, 0
    for intent in line.intents:
        if isinstance(intent, TransferBegan | TransferEnded):
            assert is_open is isinstance(intent, TransferEnded)
            is_open = not is_open
            began += is_open
            assert intent.number == began
    assert not is_open


@settings(max_examples=500, deadline=None)
@given(STEPS)
@example([SENT, (0.0, notify(1, None, end=True, refer_id=3)), (0.0, notify(1, 200))])
def test_nothing_is_completed_without_a_witness(steps: list[tuple[float, Event]]) -> None:
    """The end of another REFER of the dialog leaves SIP as the only one (docs/outcomes.md)."""
    notified = confirmed = gone = misled = False
    sent = None
    for event, intents in run_to_the_end(Line(), [(0.0, document(REFER)), *steps]):
        sent = event.cseq if isinstance(event, ReferSeen) else sent
        notified |= isinstance(event, ReferNotified) and event.code == 200
        confirmed |= event == SUCCESS
        gone |= isinstance(event, CallEnded) or _says_gone(event)
        misled |= sent is not None and _ends_another(event, sent)
        for intent in intents:
            if isinstance(intent, TransferEnded) and intent.result.outcome is Outcome.COMPLETED:
                assert confirmed or (notified and (gone or misled))


def _ends_another(event: Event, sent: int) -> bool:
    if not isinstance(event, ReferNotified) or event.refer_id in (None, sent):
        return False
    return event.terminated or (event.code or 0) >= 200


@settings(max_examples=500, deadline=None)
@given(APPLICATIONS, STEPS)
def test_of_a_caller_who_is_gone_nothing_is_asked(
    application: Application, steps: list[tuple[float, Event]]
) -> None:
    gone = False
    line = Line(application)
    for event, intents in run_to_the_end(line, [(0.0, document(REFER)), *steps]):
        gone |= isinstance(event, CallEnded) or _says_gone(event)
        if gone:
            asked = Answer | SendRefer | BreakOff | StartPlayback | ReturnToDialplan
            assert not [intent for intent in intents if isinstance(intent, asked)]


def _says_gone(event: Event) -> bool:
    of_others = {Command.CONNECT, Command.REPORT}  # may name another channel, or a bridge
    return (
        isinstance(event, CommandRefused) and event.status == 404 and event.command not in of_others
    )
