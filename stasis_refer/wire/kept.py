"""What is kept of a captured message for a transfer's SIP ladder."""

from typing import Final

from stasis_refer.core.message import Message
from stasis_refer.wire import sip

_NAMES: Final = (
    *("From", "To", "Call-ID", "CSeq", "Contact", "Refer-To", "Referred-By", "Refer-Sub"),
    *("Replaces", "Target-Dialog", "Event", "Subscription-State", "Expires", "Content-Type"),
    *("Reason", "Retry-After", "Warning", "User-Agent", "Server"),
)
"""What tells how a REFER went (RFC 3261, 3515, 3891, 3892, 4488, 4538, 6665), and whose phone it
was. Credentials are in none of them."""

_KEPT: Final = {name.lower(): name for name in _NAMES}

LONGEST: Final = 1024
"""Characters of a first line, of a header and of a body that are kept; the last one is an ellipsis
where there were more."""

MOST: Final = 24
"""Headers that are kept."""


def kept(message: sip.Message, at: float, *, sent: bool) -> Message:
    """Return what is kept of a message; ``sent`` and ``at`` as of Message."""
    headers = [(_KEPT[name], value) for name, value in message.headers if name in _KEPT]
    body = ""
    if isinstance(message, sip.Request):
        first = f"{message.method} {message.uri} SIP/2.0"
        if message.method.upper() == "NOTIFY":
            body = _plain(message.body[: 4 * LONGEST].decode("utf-8", "replace"))
    else:
        first = f"SIP/2.0 {message.status} {message.reason}".rstrip()
    bounded = tuple((name, _plain(value)) for name, value in headers[:MOST])
    return Message(at, sent, _plain(first), bounded, body)


def unreadable(data: bytes, why: sip.MessageFault, at: float) -> Message:
    """Return what is kept of bytes that are no SIP message: how they begin, and ``why``.

    They were received: what Asterisk writes can be read.
    """
    first = data[:LONGEST].partition(b"\n")[0].decode("utf-8", "replace")
    return Message(at, sent=False, first_line=_plain(f"{first.strip()} (cannot be read: {why})"))


def _plain(text: str) -> str:
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "\u2026"
    # Tables of databases that know the end of a text by NUL cannot hold one.
    return text.replace("\0", "\ufffd")
