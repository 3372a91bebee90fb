"""What became of a transfer: closed sets that say whose doing it was."""

from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    """Who sent the REFER: we (``sent``) or a phone (``received``)."""

    SENT = "sent"
    RECEIVED = "received"


class Outcome(StrEnum):
    """How a transfer ended; each is one value of the metric label ``outcome``."""

    COMPLETED = "completed"  # a final NOTIFY carried a 2xx
    BUSY = "busy"  # a final NOTIFY carried 486 or 600
    NO_ANSWER = "no_answer"  # a final NOTIFY carried 408, 480 or 487
    FAILED = "failed"  # a final NOTIFY carried any other code from 300 on
    REJECTED = "rejected"  # the transferee answered the REFER with 300 or more, for good
    UNCONFIRMED = "unconfirmed"  # accepted, and the end was never told
    UNANSWERED = "unanswered"  # no response to the REFER (Timer F)
    CANCELED = "canceled"  # the call ended before the transfer did
    BLOCKED = "blocked"  # we sent no REFER: the target may not or cannot be called
    ERROR = "error"  # our own fault, or Asterisk's


class Evidence(StrEnum):
    """Which witness the outcome rests on."""

    SIP = "sip"  # the captured messages
    ASTERISK = "asterisk"  # TRANSFERSTATUS and its protocol code
    NONE = "none"  # neither told anything, or there was no REFER at all


class Reason(StrEnum):
    """Why the outcome is what it is; each is one value of the metric label ``reason``."""

    FINAL_NOTIFY = "final_notify"
    REFER_REFUSED = "refer_refused"
    TRANSFER_STATUS = "transfer_status"  # known from Asterisk's variables alone
    NO_NOTIFY = "no_notify"
    RING_TIMEOUT = "ring_timeout"
    SUBSCRIPTION_ENDED = "subscription_ended"
    REFER_SUB_FALSE = "refer_sub_false"
    NO_RESPONSE = "no_response"
    HANGUP = "hangup"
    STOPPED = "stopped"  # the program stopped first
    RESTARTED = "restarted"  # it ended while the program was not there
    POLICY = "policy"
    QUOTA = "quota"  # a rule or the application allows no more of them now
    BAD_URI = "bad_uri"
    BAD_HEADER = "bad_header"
    RESERVED_HEADER = "reserved_header"
    NOT_SIP = "not_sip"
    COMMAND_REFUSED = "command_refused"
    TRANSFER_LIMIT = "transfer_limit"  # as many as may be were under way
    # Of a REFER that was received.
    BRIDGED = "bridged"  # the transferee was connected to the target
    DIAL_FAILED = "dial_failed"  # the returned document called the target in vain
    NOT_DIALED = "not_dialed"  # the returned document ended without calling anybody
    NO_DOCUMENT = "no_document"  # no document was to be had
    NO_REFER_URL = "no_refer_url"
    NO_TRUNK = "no_trunk"
    NOT_CONNECTED = "not_connected"  # the transferor was connected to nobody
    REFER_TO_TOO_LONG = "refer_to_too_long"
    REPLACES_UNKNOWN = "replaces_unknown"  # no connected call of ours is to be replaced
    ANOTHER_TRANSFER = "another_transfer"  # one was under way already
    # Of a REFER that was sent.
    BRIDGED_FALLBACK = "bridged_fallback"  # it was refused, and we called the target ourselves
    WITNESS_CONFLICT = "witness_conflict"
    LATE_SUCCESS = "late_success"


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one transfer, as the application and the operator are told it.

    ``refer_code`` is what the transferee answered to the REFER, ``notify_code`` the last
    status in any NOTIFY, provisional ones included; None where nobody told.
    """

    outcome: Outcome
    reason: Reason
    evidence: Evidence
    refer_code: int | None = None
    notify_code: int | None = None
    conflict: bool = False  # the two witnesses contradict each other
    detail: str = field(default="", compare=False)  # what is wrong and what to do, for the log

    @property
    def final_code(self) -> int | None:
        """The code of the final NOTIFY, None where there was none or the outcome gainsays it."""
        if self.notify_code is None or self.outcome not in _BY_FINAL_NOTIFY:
            return None
        final = self.notify_code >= 200  # noqa: PLR2004 - RFC 3261, 7.2: below it is provisional
        agrees = (outcome_of(self.notify_code) is Outcome.COMPLETED) is (
            self.outcome is Outcome.COMPLETED
        )
        return self.notify_code if final and agrees else None


_BY_FINAL_NOTIFY = frozenset({Outcome.COMPLETED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.FAILED})


def outcome_of(code: int) -> Outcome:
    """Return the outcome that a final NOTIFY with this SIP status code means."""
    if code < 300:  # noqa: PLR2004 - RFC 3261, 7.2: 2xx is success
        return Outcome.COMPLETED
    return _FAILURES.get(code, Outcome.FAILED)


_FAILURES = {
    486: Outcome.BUSY,
    600: Outcome.BUSY,
    408: Outcome.NO_ANSWER,
    480: Outcome.NO_ANSWER,
    487: Outcome.NO_ANSWER,
}
