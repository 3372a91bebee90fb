"""The log: one constant sentence an event, everything that varies in fields."""

import io
import logging
import sys
from contextlib import suppress
from typing import Literal, TextIO, assert_never, cast

import structlog

from stasis_refer.core import masked_fields
from stasis_refer.core.application import Application
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Alert,
    CalleeRefused,
    DocumentFailed,
    LateSuccess,
    Note,
    QuotaTaken,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.core.redacted import redacted

_log = structlog.get_logger(__name__)


class _Lenient(io.TextIOBase):
    """A stream that never fails."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def set_up_log(level: str, style: Literal["auto", "console", "json"], *, mask: bool = True) -> None:
    """Write to standard error: readable on a terminal, one JSON object a line elsewhere.

    ``mask``: user parts, numbers and names are written as ``4***``. What cannot be written there
    is lost: a full disk or a closed pipe ends no call. What libraries tell by ``logging`` is
    written in the same way.
    """
    as_text = style == "console" or (style == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        # Rich tracebacks would show local variables, and so whatever secret is in them.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if as_text
        else structlog.processors.JSONRenderer()
    )
    stream = cast("TextIO", _Lenient(sys.stderr))
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        *([_without_parties] if mask else []),
    ]
    structlog.configure(
        processors=[*common, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _without_parties(
    _: object, __: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return masked_fields.fields(line)


def log_note(application: Application, info: CallInfo, note: Note) -> None:
    """Write down what a call has to tell. Targets are left out: they are personal data."""
    bound = _log.bind(application=application.name, call=info.key, sip_call_id=info.call_id)
    match note:
        case TransferBegan():
            # Its end is told with how long it took.
            bound.debug("transfer began", direction=note.direction.value)
        case TransferEnded():
            _log_end(bound, note)
        case LateSuccess(code):
            bound.warning("transfer succeeded after it was given up", notify_code=code)
        case DocumentFailed():
            bound.warning(
                "document cannot be had or run",
                failure=note.failure.value,
                url=redacted(note.url.partition("?")[0]),
                why=note.message,
            )
        case CalleeRefused(group, reason, detail, rule):
            bound.warning(
                "callee was not called", group=group, rule=rule, reason=reason, why=detail
            )
        case QuotaTaken():
            pass  # what it is taken for is told
        case Alert():
            bound.error("alert", code=note.code, why=note.message)
        case _:
            assert_never(note)


def _log_end(bound: structlog.stdlib.BoundLogger, ended: TransferEnded) -> None:
    result = ended.result
    if result.conflict:
        bound.error("SIP and Asterisk contradict each other about a transfer")
    # What was not sent at all is a mistake of somebody's, or a fraud.
    level, why = (bound.warning, {"why": result.detail}) if result.detail else (bound.info, {})
    if ended.rule:
        why = {**why, "rule": ended.rule}
    level(
        "transfer ended",
        direction=ended.direction.value,
        outcome=result.outcome.value,
        reason=result.reason.value,
        evidence=result.evidence.value,
        refer_code=result.refer_code,
        notify_code=result.notify_code,
        seconds=round(ended.times.ended, 3),
        **why,
    )
