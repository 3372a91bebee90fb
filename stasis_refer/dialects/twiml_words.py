"""Twilio's words for our outcomes, failures and states: tables, nothing else decides."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.intents import CallStatus
from stasis_refer.core.outcome import Outcome, Result
from stasis_refer.dialects.webhook_urls import take_apart

CALL_STATUS: Final[Mapping[CallStatus, str]] = {
    CallStatus.RINGING: "ringing",
    CallStatus.IN_PROGRESS: "in-progress",
    CallStatus.COMPLETED: "completed",
    CallStatus.BUSY: "busy",
    CallStatus.FAILED: "failed",
}

REFER_CALL_STATUS: Final[Mapping[Outcome, str]] = {
    Outcome.COMPLETED: "in-progress",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no-answer",
    Outcome.FAILED: "failed",
    # Twilio's text says "omitted", its own example of a 405 sends it: the example is right.
    Outcome.REJECTED: "failed",
    # Only where a provisional NOTIFY was heard, otherwise left out.
    Outcome.UNCONFIRMED: "no-answer",
    Outcome.UNANSWERED: "failed",
    Outcome.CANCELED: "canceled",
    Outcome.BLOCKED: "failed",
    Outcome.ERROR: "failed",
}

ERROR_CODE: Final[Mapping[FetchFailure, int]] = {
    # 11205, HTTP connection failure: there was no whole answer.
    FetchFailure.CONNECTION: 11205,
    FetchFailure.TLS: 11205,
    FetchFailure.TIMEOUT: 11205,
    FetchFailure.FORBIDDEN: 11205,
    # 11200, HTTP retrieval failure: the answer is not one with a document in it.
    FetchFailure.STATUS: 11200,
    FetchFailure.REDIRECTS: 11200,
    FetchFailure.TOO_LARGE: 11200,
    # 12100, document parse failure: it is not XML, or not XML that is read here.
    FetchFailure.CONTENT_TYPE: 12100,
    FetchFailure.EMPTY: 12100,
    FetchFailure.NOT_WELL_FORMED: 12100,
    FetchFailure.LIMIT: 12100,
    # 12200, schema validation: it is XML, but not a document that can be run.
    FetchFailure.UNKNOWN_VERB: 12200,
    FetchFailure.NOT_VALID: 12200,
    FetchFailure.TOO_MANY_STEPS: 12200,
    FetchFailure.NOT_SIP: 13801,
}

_PROVISIONAL: Final = range(100, 200)


def refer_fields(result: Result) -> dict[str, str]:
    """Return what the action URL is told of a transfer; what is not known is left out."""
    if result.outcome is Outcome.ERROR:
        return {"ReferCallStatus": REFER_CALL_STATUS[result.outcome]}
    fields = {}
    if result.outcome is not Outcome.UNCONFIRMED or result.notify_code in _PROVISIONAL:
        fields["ReferCallStatus"] = REFER_CALL_STATUS[result.outcome]
    if result.refer_code is not None:
        fields["ReferSipResponseCode"] = str(result.refer_code)
    if result.notify_code is not None:
        fields["NotifySipResponseCode"] = str(result.notify_code)
    return fields


def failure_fields(failed: FetchFailed) -> dict[str, str]:
    """Return what the fallback URL is told; the URL that failed comes without its userinfo."""
    fields = {"ErrorCode": str(ERROR_CODE[failed.failure])}
    # A redirect may have led to what is no URL; its userinfo could not be told apart.
    with suppress(ValueError):
        fields["ErrorUrl"] = take_apart(failed.url).url
    return fields
