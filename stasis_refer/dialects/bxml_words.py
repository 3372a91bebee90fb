"""Bandwidth's words for our outcomes, failures and states: tables, nothing else decides."""

from collections.abc import Mapping
from typing import Final

from stasis_refer.core.abouts import Dialed, Gathered
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome, Result
from stasis_refer.dialects.fields import encodable

REFER_CALL_STATUS: Final[Mapping[Outcome, str]] = {
    Outcome.COMPLETED: "success",
    Outcome.BUSY: "failure",
    Outcome.NO_ANSWER: "failure",
    Outcome.FAILED: "failure",
    Outcome.REJECTED: "failure",
    Outcome.UNCONFIRMED: "failure",
    Outcome.UNANSWERED: "failure",
    # Not told by this event: the caller hung up, which is what ``disconnect`` is for.
    Outcome.CANCELED: "failure",
    Outcome.BLOCKED: "failure",
    Outcome.ERROR: "failure",
}

CAUSE: Final[Mapping[CallStatus, str]] = {
    CallStatus.COMPLETED: "hangup",
    CallStatus.BUSY: "busy",
    CallStatus.REJECTED: "rejected",
    CallStatus.FAILED: "error",
    CallStatus.NO_ANSWER: "timeout",
    CallStatus.CANCELED: "cancel",
    # No call ends in these.
    CallStatus.INITIATED: "unknown",
    CallStatus.RINGING: "unknown",
    CallStatus.IN_PROGRESS: "unknown",
}

CAUSE_OF_DIAL: Final[Mapping[Outcome, str]] = {
    Outcome.COMPLETED: "hangup",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "timeout",
    Outcome.CANCELED: "cancel",
    Outcome.FAILED: "error",
    # Nobody was called: the document asks for what may not or cannot be done.
    Outcome.BLOCKED: "application-error",
    # No transfer by a call ends in these.
    Outcome.REJECTED: "unknown",
    Outcome.UNCONFIRMED: "unknown",
    Outcome.UNANSWERED: "unknown",
    Outcome.ERROR: "unknown",
}

ERROR_MESSAGE: Final[Mapping[str, str]] = {
    "busy": "The callee is busy.",
    "timeout": "The callee did not answer in time.",
    "cancel": "The call ended before the callee answered.",
    "rejected": "The callee rejected the call.",
    "error": "The callee could not be called.",
    "application-error": "The callee may not be called, or its address cannot be read.",
}
"""Text for people, by the cause of what is no plain end."""

_REJECTIONS: Final = frozenset({403, 603, 607, 608})
"""Final responses by which a callee refuses to be called (RFC 3261, 8197, 8688)."""

CAUSE_OF_FAILURE: Final[Mapping[FetchFailure, str]] = {
    # The event could not be delivered.
    FetchFailure.CONNECTION: "callback-error",
    FetchFailure.TLS: "callback-error",
    FetchFailure.TIMEOUT: "callback-error",
    FetchFailure.STATUS: "callback-error",
    FetchFailure.REDIRECTS: "callback-error",
    FetchFailure.FORBIDDEN: "callback-error",
    # It was, and what came back is no BXML that can be run.
    FetchFailure.TOO_LARGE: "invalid-bxml",
    FetchFailure.CONTENT_TYPE: "invalid-bxml",
    FetchFailure.EMPTY: "invalid-bxml",
    FetchFailure.NOT_WELL_FORMED: "invalid-bxml",
    FetchFailure.LIMIT: "invalid-bxml",
    FetchFailure.UNKNOWN_VERB: "invalid-bxml",
    FetchFailure.NOT_VALID: "invalid-bxml",
    # It could be run, and asked for what cannot be done.
    FetchFailure.TOO_MANY_STEPS: "application-error",
    FetchFailure.NOT_SIP: "application-error",
}


def refer_fields(result: Result) -> dict[str, object]:
    """Return what ``referComplete`` tells of a transfer.

    Codes are whole numbers (Bandwidth's package refuses text), and left out where not known.
    """
    codes = {
        "referSipResponseCode": result.refer_code,
        "notifySipResponseCode": result.final_code,
    }
    if result.outcome is Outcome.ERROR:
        codes.clear()
    known = {name: code for name, code in codes.items() if code is not None}
    return {"referCallStatus": REFER_CALL_STATUS[result.outcome], **known}


def gather_fields(gathered: Gathered) -> dict[str, object]:
    """Return what ``gather`` tells: both are sent empty, too."""
    return {"digits": gathered.digits, "terminatingDigit": gathered.finished_by}


def dial_fields(dialed: Dialed) -> dict[str, object]:
    """Return why a transfer by a call ended, for ``transferComplete``."""
    return _cause_fields(CAUSE_OF_DIAL[dialed.outcome], dialed.code)


def leg_fields(status: CallStatus, code: int | None) -> dict[str, object]:
    """Return why a leg ended, for ``transferDisconnect``; ``code`` as the callee answered."""
    return _cause_fields(CAUSE[status], code)


def _cause_fields(cause: str, code: int | None) -> dict[str, object]:
    if cause == "error" and code in _REJECTIONS:
        cause = "rejected"
    message = ERROR_MESSAGE.get(cause)
    return {"cause": cause} if message is None else {"cause": cause, "errorMessage": message}


def end_fields(status: CallStatus, failed: FetchFailed | None) -> dict[str, object]:
    """Return what ``disconnect`` tells of why a call ended."""
    if failed is None:
        return {"cause": CAUSE[status]}
    return {"cause": CAUSE_OF_FAILURE[failed.failure], "errorMessage": encodable(failed.message)}
