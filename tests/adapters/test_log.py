import json
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.log import log_note
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Alert,
    CalleeRefused,
    DocumentFailed,
    LateSuccess,
    Note,
    TransferBegan,
    TransferEnded,
    TransferTimes,
)
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result

SUPPORT = Application(
    "support", "twiml", Callback("https://example.com/voice"), auth_token="twilio-hunter2"
)
CALL = CallInfo("k" * 32, "1764000000.1", "1-1@127.0.0.1", caller="+4930123")
TARGET = "sip:ada.lovelace@example.com"


def ended(*, conflict: bool = False) -> TransferEnded:
    result = Result(Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 486, conflict=conflict)
    return TransferEnded(
        Direction.SENT, TARGET, "default", result, TransferTimes(0.1, 0.2, 1.23456)
    )


BLOCKED = TransferEnded(
    Direction.SENT,
    TARGET,
    "",
    Result(Outcome.BLOCKED, Reason.BAD_URI, Evidence.NONE, 400, detail="target: bad_port: …"),
    TransferTimes(ended=0.0),
)


@pytest.mark.parametrize(
    ("note", "level", "sentence", "fields"),
    [
        (TransferBegan(Direction.SENT, TARGET), "debug", "transfer began", {"direction": "sent"}),
        (
            ended(),
            "info",
            "transfer ended",
            {
                "direction": "sent",
                "refer_code": 202,
                "notify_code": 486,
                "outcome": "busy",
                "reason": "final_notify",
                "evidence": "sip",
                "seconds": 1.235,
            },
        ),
        (
            BLOCKED,
            "warning",
            "transfer ended",
            {
                "direction": "sent",
                "refer_code": 400,
                "notify_code": None,
                "outcome": "blocked",
                "reason": "bad_uri",
                "evidence": "none",
                "seconds": 0.0,
                "why": "target: bad_port: …",
            },
        ),
        (
            LateSuccess(200),
            "warning",
            "transfer succeeded after it was given up",
            {"notify_code": 200},
        ),
        (
            DocumentFailed(FetchFailure.TIMEOUT, "https://example.com/voice", "It took too long."),
            "warning",
            "document cannot be had or run",
            {"failure": "timeout", "why": "It took too long."},
        ),
        (
            CalleeRefused("default", "policy", "line 3, column 5: no rule fits: add one"),
            "warning",
            "callee was not called",
            {
                "group": "default",
                "reason": "policy",
                "why": "line 3, column 5: no rule fits: add one",
            },
        ),
        (Alert(13801, "not SIP"), "error", "alert", {"code": 13801, "why": "not SIP"}),
    ],
)
def test_a_note_is_a_constant_sentence_with_fields(
    note: Note, level: str, sentence: str, fields: dict[str, object]
) -> None:
    with capture_logs() as logs:
        log_note(SUPPORT, CALL, note)
    (line,) = logs
    whose = {"application": "support", "call": CALL.key, "sip_call_id": CALL.call_id}
    assert (line["log_level"], line["event"]) == (level, sentence)
    assert line.items() >= {**whose, **fields}.items()
    assert "ada.lovelace" not in repr(line)
    assert "twilio-hunter2" not in repr(line)


def test_witnesses_that_contradict_each_other_are_an_error() -> None:
    with capture_logs() as logs:
        log_note(SUPPORT, CALL, ended(conflict=True))
    assert [line["log_level"] for line in logs] == ["error", "info"]
    assert "contradict" in logs[0]["event"]


PROGRAM = """
import structlog
from stasis_refer.adapters.log import set_up_log

set_up_log({level!r}, {style!r})
log = structlog.get_logger("x")
log.debug("small", n=1)
log.info("usual", n=2)
log.error("bad", n=3)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("worst")
"""


def written(level: str, style: str) -> str:
    return output(PROGRAM.format(level=level, style=style))


def output(program: str) -> str:
    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    assert run.stdout == ""
    return run.stderr


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["small", "usual", "bad", "worst"]),
        ("info", ["usual", "bad", "worst"]),
        ("warning", ["bad", "worst"]),
        ("error", ["bad", "worst"]),
    ],
)
@pytest.mark.parametrize("style", ["auto", "json"])
def test_away_from_a_terminal_each_line_is_json(style: str, level: str, events: list[str]) -> None:
    lines = [json.loads(line) for line in written(level, style).splitlines()]
    assert [line["event"] for line in lines] == events
    assert all({"level", "timestamp"} <= line.keys() for line in lines)
    assert "ZeroDivisionError" in lines[-1]["exception"]


def test_for_a_reader_it_is_text() -> None:
    text = written("info", "console")
    assert "usual" in text
    assert "ZeroDivisionError" in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text.splitlines()[0])


@pytest.mark.parametrize("style", ["console", "json"])
def test_what_cannot_be_written_ends_nothing(style: str) -> None:
    program = f"{PROGRAM.format(level='info', style=style)}\nprint('went on')"
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            text=True,
            timeout=30,
        )
    assert run.stdout == "went on\n"


PERSONAL = """
import logging
import structlog
from stasis_refer.adapters.log import set_up_log

set_up_log("info", {style!r}, mask={mask})
structlog.get_logger("x").warning("callee was not called", why="'sip:bob@a' or 4930123456")
try:
    raise ValueError("sip:bob@a is gone")
except ValueError:
    structlog.get_logger("x").exception("call ended by a bug")
    logging.getLogger("asyncio").exception("Task of sip:bob@a failed")
"""


@pytest.mark.parametrize("style", ["console", "json"])
def test_personal_data_is_masked_unless_asked_for(style: str) -> None:
    masked = output(PERSONAL.format(style=style, mask=True))
    assert "bob" not in masked
    assert "4930123456" not in masked
    assert masked.count("sip:b***@a") == 4
    shown = output(PERSONAL.format(style=style, mask=False))
    assert shown.count("sip:bob@a") >= 4
    assert "4930123456" in shown


def test_what_libraries_tell_is_written_in_the_same_way() -> None:
    last = json.loads(output(PERSONAL.format(style="json", mask=True)).splitlines()[-1])
    assert last["event"] == "Task of sip:b***@a failed"
    assert "ValueError: sip:b***@a is gone" in last["exception"]
    assert last["level"] == "error"
