"""Bandwidth's words for our outcomes, failures and states: tables, nothing else decides."""

from collections.abc import Mapping
from typing import Final

from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.intents import CallStatus, Gathered
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
    # No call ends in these.
    CallStatus.RINGING: "unknown",
    CallStatus.IN_PROGRESS: "unknown",
}

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


def end_fields(status: CallStatus, failed: FetchFailed | None) -> dict[str, object]:
    """Return what ``disconnect`` tells of why a call ended."""
    if failed is None:
        return {"cause": CAUSE[status]}
    return {"cause": CAUSE_OF_FAILURE[failed.failure], "errorMessage": encodable(failed.message)}
