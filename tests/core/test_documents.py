from collections.abc import Sequence
from dataclasses import replace

import pytest

from stasis_refer.core.application import Application
from stasis_refer.core.events import (
    CallEnded,
    DeadlinePassed,
    PlaybackEnded,
    QueueLeft,
    QueueStatus,
)
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    DocumentFailed,
    Fetch,
    FetchKind,
)
from stasis_refer.core.program import MAX_IDLE_DOCUMENTS
from stasis_refer.core.verbs import (
    Enqueue,
    Gather,
    Hangup,
    Pause,
    Redirect,
    Refer,
    Verb,
)
from tests.core.calls import (
    AFTER,
    BEGAN,
    BUSY,
    CHANNEL,
    FALLBACK,
    FIRST_SOUND,
    FORBIDDEN,
    INFO,
    LOCAL,
    MALFORMED,
    NOT_FETCHED,
    PLAIN,
    REFER,
    SAY,
    UP,
    VOICE,
    WITH_FALLBACK,
    WITH_STATUS,
    Line,
    Step,
    document,
    follow,
    word,
)


@pytest.mark.parametrize(
    ("application", "steps", "expected"),
    [
        pytest.param(
            PLAIN,
            ((0.1, NOT_FETCHED),),
            ["0.1 document failed status", "0.1 hang up"],
            id="no fallback",
        ),
        pytest.param(
            WITH_FALLBACK,
            ((0.1, NOT_FETCHED), (0.2, document(SAY))),
            ["0.1 document failed status", "0.1 fetch fallback status", f"0.2 play {FIRST_SOUND}"],
            id="fallback",
        ),
        pytest.param(
            WITH_FALLBACK,
            ((0.1, NOT_FETCHED), (0.2, NOT_FETCHED)),
            [
                "0.1 document failed status",
                "0.1 fetch fallback status",
                "0.2 document failed status",
                "0.2 hang up",
            ],
            id="the fallback fails too",
        ),
        pytest.param(
            WITH_FALLBACK,
            ((0.1, CallEnded()), (0.2, NOT_FETCHED)),
            ["0.2 document failed status"],
            id="the caller is gone",
        ),
        pytest.param(PLAIN, ((0.1, CallEnded()), (0.2, document(SAY))), [], id="gone, no failure"),
        pytest.param(PLAIN, ((0.1, document()),), ["0.1 hang up"], id="an empty document"),
        pytest.param(
            PLAIN,
            ((0.1, document(Redirect(AFTER), SAY)), (0.2, document(Hangup()))),
            ["0.1 fetch document", "0.2 hang up"],
            id="redirected",
        ),
    ],
)
def test_documents(application: Application, steps: tuple[Step, ...], expected: list[str]) -> None:
    line = Line(application)
    line.happens(*steps)
    assert line.words == ["0 fetch document", *expected]


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (PLAIN, ["5.1 document failed status", "5.1 hang up"]),
        (WITH_FALLBACK, ["5.1 document failed status", "5.1 fetch fallback status"]),
    ],
)
def test_an_action_url_that_fails(application: Application, expected: list[str]) -> None:
    words = follow(*BUSY, (5.1, NOT_FETCHED), application=application)
    assert words == [*BEGAN, "5 ended busy", "5 fetch action busy", *expected]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(((0.1, NOT_FETCHED),), "0.1 hang up 500", id="it cannot be asked"),
        pytest.param(
            [(float(n), document(Redirect(VOICE))) for n in range(1, MAX_IDLE_DOCUMENTS + 2)],
            f"{MAX_IDLE_DOCUMENTS + 1} hang up 500",
            id="it leads in circles",
        ),
        pytest.param(((0.1, document()),), "0.1 hang up", id="it wants nothing done"),
    ],
)
def test_a_ringing_call_tells_whether_its_application_failed(
    steps: Sequence[Step], expected: str
) -> None:
    line = Line(WITH_STATUS, up=False)
    line.happens(*steps)
    ended = "failed" if "500" in expected else "completed"
    assert line.words[-2:] == [expected, f"{expected.split(maxsplit=1)[0]} tell {ended} 0"]


def test_the_fallback_is_told_what_failed() -> None:
    line = Line(WITH_FALLBACK)
    line.happens((0.1, NOT_FETCHED))
    first = line.intents[0]
    assert isinstance(first, Fetch)
    asked = Fetch(FetchKind.FALLBACK, FALLBACK, UP, NOT_FETCHED, instead_of=first)
    assert line.intents[1:] == [
        DocumentFailed(NOT_FETCHED.failure, NOT_FETCHED.url, NOT_FETCHED.message),
        asked,
    ]


def go_round(application: Application, verb: Verb, info: CallInfo = INFO) -> Line:
    """Answer every request with the same document, at most four times as often as is borne."""
    line = Line(application, info)
    for turn in range(4 * MAX_IDLE_DOCUMENTS):
        if line.call.over:
            break
        line.happens((float(turn), document(verb)))
    return line


def test_documents_that_redirect_to_one_another_end_the_call() -> None:
    line = go_round(PLAIN, Redirect(VOICE))
    assert len(line.words) == MAX_IDLE_DOCUMENTS + len(["the first", "failed", "hang up"])
    assert [word(intent) for intent in line.intents[-2:]] == [
        "document failed too_many_steps",
        "hang up",
    ]


@pytest.mark.parametrize(
    "verb",
    [Gather(action=VOICE, first_timeout=0.0, tell_empty=True), Enqueue("none", VOICE)],
    ids=["digits that are not waited for", "a queue that is not there"],
)
def test_documents_that_take_no_time_end_the_call_too(verb: Gather | Enqueue) -> None:
    line = Line()
    for _ in range(4 * MAX_IDLE_DOCUMENTS):
        if line.call.over:
            break
        line.happens((0.0, document(verb)))
        if isinstance(verb, Enqueue):
            line.happens((0.0, QueueLeft(QueueStatus.UNKNOWN)))
        else:
            line.happens((0.0, DeadlinePassed()))
    assert line.call.over
    assert line.words[-2:] == ["0 document failed too_many_steps", "0 hang up"]


def test_documents_that_redirect_to_one_another_are_a_case_for_the_fallback() -> None:
    line = go_round(WITH_FALLBACK, Redirect(VOICE))
    assert line.call.over
    assert any(word(intent) == "fetch fallback too_many_steps" for intent in line.intents)


@pytest.mark.parametrize(
    ("application", "verb", "info"),
    [
        pytest.param(PLAIN, replace(FORBIDDEN, action=VOICE), INFO, id="a target not allowed"),
        pytest.param(PLAIN, replace(MALFORMED, action=VOICE), INFO, id="a target malformed"),
        pytest.param(WITH_FALLBACK, REFER, LOCAL, id="a fallback that refers where it cannot"),
    ],
)
def test_refers_that_are_never_sent_do_not_go_round_for_ever(
    application: Application, verb: Refer, info: CallInfo
) -> None:
    assert go_round(application, verb, info).call.over


TURNS = 3 * MAX_IDLE_DOCUMENTS


@pytest.mark.parametrize(
    ("verb", "ok", "ends"),
    [
        pytest.param(SAY, True, False, id="a menu"),
        pytest.param(SAY, False, True, id="a menu that cannot be heard"),
        pytest.param(Pause(1.0), True, False, id="music on hold by pauses"),
        pytest.param(Pause(0.0), True, True, id="pauses of no length"),
    ],
)
def test_a_document_that_redirects_to_itself(verb: Verb, *, ok: bool, ends: bool) -> None:
    line = Line()
    for turn in range(1, TURNS):
        now = 2.0 * turn
        line.happens((now, document(verb, Redirect(VOICE))))
        line.happens((now + 1.5, PlaybackEnded(f"{CHANNEL}-{turn}", ok=ok)))
    assert line.call.over is ends
