"""What the page says of a transfer in words: why it ended so, and what became of its REFER."""

from typing import Final

from stasis_refer.core.outcome import Direction, Outcome, Reason
from stasis_refer.runtime.book import TransferRecord

REASONS: Final = {
    Reason.FINAL_NOTIFY: "a final NOTIFY told how it ended",
    Reason.REFER_REFUSED: "the REFER was answered with a refusal",
    Reason.TRANSFER_STATUS: "Asterisk told how it ended; nothing more was captured",
    Reason.NO_NOTIFY: "no NOTIFY came in time: the phone or its trunk may send none",
    Reason.RING_TIMEOUT: "it rang, and no final NOTIFY came in time",
    Reason.SUBSCRIPTION_ENDED: "the phone stopped telling before there was an end",
    Reason.REFER_SUB_FALSE: "the phone accepted, and said that it will send no NOTIFY",
    Reason.NO_RESPONSE: "the phone did not answer the REFER",
    Reason.HANGUP: "the party to be transferred hung up first",
    Reason.STOPPED: "this program was stopped first",
    Reason.RESTARTED: "this program was restarted, and the end was not seen",
    Reason.POLICY: "the target policy does not let the target be called",
    Reason.QUOTA: "the quota of the rule or of the application is used up for now",
    Reason.BAD_URI: "the target, or Referred-By, is no SIP address that can be called",
    Reason.BAD_HEADER: "a header that was asked for cannot be sent",
    Reason.RESERVED_HEADER: "a header was asked for that is not for applications to set",
    Reason.NOT_SIP: "the leg is not SIP: it cannot carry a REFER",
    Reason.COMMAND_REFUSED: "Asterisk refused the command",
    Reason.TRANSFER_LIMIT: "as many transfers as may be at once were under way",
    Reason.BRIDGED: "the transferee was connected with the target",
    Reason.DIAL_FAILED: "the document called its target in vain",
    Reason.NOT_DIALED: "the document ended and called nobody",
    Reason.NO_DOCUMENT: "the application gave no document that can be run",
    Reason.NO_REFER_URL: "the Dial names no URL to ask about a REFER",
    Reason.NO_TRUNK: "a number was to be called, and the application has no trunk",
    Reason.NOT_CONNECTED: "who sent the REFER was connected with nobody",
    Reason.REFER_TO_TOO_LONG: "the Refer-To is too long",
    Reason.REPLACES_UNKNOWN: "the Replaces names no connected call of ours",
    Reason.ANOTHER_TRANSFER: "another transfer of the call was under way",
    Reason.BRIDGED_FALLBACK: "the phone does not transfer, so the target was called from here",
    Reason.WITNESS_CONFLICT: "SIP told success, and Asterisk did not",
    Reason.LATE_SUCCESS: "success was told after the application had heard: unconfirmed",
}
"""Why a transfer ended as it did, in a sentence beside the code; docs/outcomes.md has more."""

_CAPTURE: Final = (
    "No message of it was captured: Asterisk's copies of SIP messages are not there, or there was"
    " no REFER. `stasis-refer doctor` tells whether they arrive."
)
_GONE: Final = (
    "The call ended before anything was heard of a REFER: most likely none was sent any more."
    " Where transfers that go on have no messages here either, `stasis-refer doctor` tells why."
)


def unsent(record: TransferRecord) -> str:
    """Return why no REFER was sent, '' where one was, or may have been."""
    if record.direction is not Direction.SENT or record.notify_code is not None:
        return ""
    match record.outcome, record.reason:
        case Outcome.BLOCKED, Reason.POLICY:
            return "blocked by policy, no REFER was sent"
        case Outcome.BLOCKED, _:
            return "blocked, no REFER was sent"
        case Outcome.ERROR, Reason.NOT_SIP | Reason.COMMAND_REFUSED:
            return "no REFER was sent"
        case _:
            return ""


def answer(record: TransferRecord) -> str:
    """Return what became of the REFER: a status, why there is none, or '' while it is not known."""
    if why := unsent(record):
        told = f"; the application was told {record.refer_code}" if record.refer_code else ""
        return f"{why}{told}"
    if record.outcome is Outcome.UNANSWERED:
        return "nothing"
    if _gone_first(record):
        return "nothing: the call ended first"
    return str(record.refer_answer or "")


def no_messages(record: TransferRecord) -> str:
    """Return why a transfer has no SIP ladder."""
    if why := unsent(record):
        return f"There are no messages: {why}."
    return _GONE if _gone_first(record) else _CAPTURE


def _gone_first(record: TransferRecord) -> bool:
    heard = record.refer_code is not None or record.notify_code is not None
    return record.direction is Direction.SENT and record.reason is Reason.HANGUP and not heard
