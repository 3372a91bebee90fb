"""Twilio's words for our outcomes, failures and states: tables, nothing else decides."""

import hashlib
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, assert_never

from stasis_refer.core.abouts import (
    Dialed,
    FetchAbout,
    Gathered,
    LeftQueue,
    LegProgress,
    Progress,
    QueueResult,
    Recorded,
    TellAbout,
    TransferAsked,
    Transferred,
)
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome, Result
from stasis_refer.core.verbs import LegEvent
from stasis_refer.dialects.dial_words import (
    asked_fields,
    dialed_fields,
    progress_fields,
    recording_fields,
)
from stasis_refer.dialects.webhook_urls import take_apart

CALL_STATUS: Final[Mapping[CallStatus, str]] = {
    CallStatus.INITIATED: "initiated",
    CallStatus.RINGING: "ringing",
    CallStatus.IN_PROGRESS: "in-progress",
    CallStatus.COMPLETED: "completed",
    CallStatus.BUSY: "busy",
    # Twilio's page on <Reject> knows no other word than this one beside "busy".
    CallStatus.REJECTED: "no-answer",
    CallStatus.FAILED: "failed",
    CallStatus.NO_ANSWER: "no-answer",
    CallStatus.CANCELED: "canceled",
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

QUEUE_RESULT: Final[Mapping[QueueResult, str]] = {
    QueueResult.CONNECTED: "bridged",
    QueueResult.FULL: "queue-full",
    # As behind <Leave>, Twilio's way out of a queue that nobody serves: the call goes on.
    QueueResult.EMPTY: "leave",
    QueueResult.TIMEOUT: "leave",
    QueueResult.WITHDRAWN: "leave",
    QueueResult.HANGUP: "hangup",
    # "error" would say that the document is wrong; the queue or Asterisk is.
    QueueResult.ERROR: "system-error",
}

_NEVER_WAITED: Final = frozenset({QueueResult.FULL, QueueResult.ERROR})

_PROVISIONAL: Final = range(100, 200)

_RECORDING: Final[Mapping[str, str]] = {
    "RecordingStatus": "completed",
    "RecordingChannels": "1",
    "RecordingSource": "DialVerb",
}


def about_fields(about: FetchAbout | TellAbout, public_url: str) -> dict[str, str]:
    """Return what a request tells beyond the standard parameters.

    ``public_url`` is that of our own web server, '' where it is not known.
    """
    match about:
        case Transferred(result):
            return refer_fields(result)
        case Gathered():
            return gather_fields(about)
        case LeftQueue():
            return queue_fields(about)
        case Dialed():
            return dial_fields(about, public_url)
        case TransferAsked():
            return asked_fields(about)
        case Recorded():
            return {**_RECORDING, **recording_fields(about, public_url)}
        case FetchFailed():
            return failure_fields(about)
        # A NOTIFY is told at the end only, and a leg's progress by ``leg_fields``.
        case Progress() | LegProgress() | None:
            return {}
        case _:
            assert_never(about)


def refer_fields(
    result: Result, words: Mapping[Outcome, str] = REFER_CALL_STATUS
) -> dict[str, str]:
    """Return what the action URL is told of a transfer; what is not known is left out.

    So is the status of an outcome that has no word in ``words``.
    """
    fields = {}
    heard = result.outcome is not Outcome.UNCONFIRMED or result.notify_code in _PROVISIONAL
    if heard and result.outcome in words:
        fields["ReferCallStatus"] = words[result.outcome]
    if result.outcome is Outcome.ERROR:
        return fields
    if result.refer_code is not None:
        fields["ReferSipResponseCode"] = str(result.refer_code)
    if result.notify_code is not None:
        fields["NotifySipResponseCode"] = str(result.notify_code)
    return fields


def dial_fields(dialed: Dialed, public_url: str) -> dict[str, str]:
    """Return what the action URL is told of a Dial that is over."""
    fields = dialed_fields(dialed)
    fields["DialBridged"] = "true" if dialed.connected else "false"
    recorded = dialed.recorded
    return fields | (recording_fields(recorded, public_url) if recorded else {})


def leg_fields(progress: LegProgress, seconds: float, now: float) -> dict[str, str]:
    """Return what a leg's status callback is told, as ``progress_fields``.

    ``Duration``, in minutes, is not on Twilio's page of the nouns, but in its requests.
    """
    fields = progress_fields(progress, seconds, now)
    if progress.event is LegEvent.COMPLETED:
        fields["Duration"] = str(math.ceil(seconds / 60))
    if progress.code is not None:
        fields["SipResponseCode"] = str(progress.code)
    return fields


def gather_fields(gathered: Gathered) -> dict[str, str]:
    """Return what the action URL is told of the keys; what was not pressed is left out.

    ``FinishedOnKey`` is not on Twilio's page, but in its requests.
    """
    fields = {"Digits": gathered.digits, "FinishedOnKey": gathered.finished_by}
    return {name: keys for name, keys in fields.items() if keys}


def queue_fields(left: LeftQueue) -> dict[str, str]:
    """Return what the action URL is told of the wait; of a queue never joined only that."""
    fields = {"QueueResult": QUEUE_RESULT[left.result]}
    if left.result not in _NEVER_WAITED:
        fields["QueueSid"] = queue_sid(left.queue)
        fields["QueueTime"] = str(int(left.waited))
    return fields


def queue_sid(name: str) -> str:
    """Return the sid of a queue, ``QU`` and 32 hexadecimal digits: the same for a name always."""
    return f"QU{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}"


def failure_fields(failed: FetchFailed) -> dict[str, str]:
    """Return what the fallback URL is told; the URL that failed comes without its userinfo."""
    fields = {"ErrorCode": str(ERROR_CODE[failed.failure])}
    # A redirect may have led to what is no URL; its userinfo could not be told apart.
    with suppress(ValueError):
        fields["ErrorUrl"] = take_apart(failed.url).url
    return fields
