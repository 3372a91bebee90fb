"""What TwiML's and RCML's requests tell of a Dial, its legs, its recording and of a REFER.

Sources: Twilio's page on ``<Dial>``; seed 002 and Restcomm's pages on ``<Dial>``, ``<Sip>``
and its support of REFER. What is not known is left out. Seconds are whole and rounded up, as
those of ``CallDuration``.
"""

import hashlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from stasis_refer.core.abouts import Dialed, LegProgress, Recorded, TransferAsked
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.verbs import LegEvent
from stasis_refer.dialects.fields import call_sid, encodable

DIAL_CALL_STATUS: Final[Mapping[Outcome, str]] = dict.fromkeys(Outcome, "failed") | {
    Outcome.COMPLETED: "completed",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no-answer",
    Outcome.CANCELED: "canceled",
}
"""Both vendors have these five words; a callee that may not be called counts as failed."""


def dialed_fields(dialed: Dialed) -> dict[str, str]:
    """Return what both vendors' action URL is told of a Dial that is over."""
    fields = {"DialCallStatus": DIAL_CALL_STATUS[dialed.outcome]}
    if dialed.info is not None:
        fields["DialCallSid"] = call_sid(dialed.info)
        if dialed.info.is_sip and dialed.info.call_id:
            fields["DialSipCallId"] = encodable(dialed.info.call_id)
    if dialed.connected:
        fields["DialCallDuration"] = whole(dialed.seconds)
    if dialed.code is not None:
        fields["DialSipResponseCode"] = str(dialed.code)
    return fields


def recording_fields(recorded: Recorded, public_url: str) -> dict[str, str]:
    """Return what names a recording; ``public_url`` is our own web server's, '' if unknown."""
    fields = {
        "RecordingSid": recording_sid(recorded.name),
        "RecordingDuration": whole(recorded.seconds),
    }
    return fields | recording_url(recorded, public_url)


def recording_url(recorded: Recorded, public_url: str) -> dict[str, str]:
    """Return where a recording can be fetched, nothing where our own address is not known."""
    if not public_url:
        return {}
    return {"RecordingUrl": f"{public_url.rstrip('/')}/recordings/{recorded.name}.wav"}


def recording_sid(name: str) -> str:
    """Return the sid of a recording, ``RE`` and 32 hexadecimal digits: always the same."""
    return f"RE{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}"


def asked_fields(asked: TransferAsked) -> dict[str, str]:
    """Return where a REFER points to, as received."""
    return {"ReferTransferTarget": encodable(asked.refer_to)} if asked.refer_to else {}


def progress_fields(progress: LegProgress, seconds: float, now: float) -> dict[str, str]:
    """Return what a leg's status callback is told by both vendors, beside its ``CallStatus``.

    ``seconds`` is how long the leg was connected, ``now`` in seconds since 1970.
    """
    fields = {
        "Timestamp": format_datetime(datetime.fromtimestamp(now, UTC)),  # RFC 2822
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(progress.number),
    }
    if progress.event is LegEvent.COMPLETED:
        fields["CallDuration"] = whole(seconds)
    return fields


def whole(seconds: float) -> str:
    """Return seconds as both vendors write them."""
    return str(math.ceil(seconds))
