"""What a captured SIP message means for the call whose dialog it is of.

Direction is told by tags, not by addresses: the far end's tag is the From tag of its INVITE,
and stays its own in whatever either side sends (RFC 3261, 12).
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from stasis_refer.core.events import (
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    Event,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
)
from stasis_refer.core.info import Invite
from stasis_refer.wire import sip, sipfrag

Phase: TypeAlias = Literal["refer", "notify"]


@dataclass(frozen=True, slots=True)
class Said:
    """An event, what makes its message unique in the dialog, and the SIP status in it.

    ``phase`` is ``refer`` for a response to a REFER, ``notify`` for a NOTIFY, else None.
    """

    event: Event
    identity: tuple[object, ...]
    phase: Phase | None = None
    status: int | None = None


def may_matter(payload: bytes) -> bool:
    """Tell cheaply, from its bytes, whether a captured packet is worth reading at all.

    It is when one of its messages is: over TCP there may be several.
    """
    first, _, rest = payload.partition(b"\n")
    if first.startswith(_METHODS) or not (first.startswith(_RESPONSE) or first.endswith(_REQUEST)):
        return True
    return any(end in rest for end in _REQUEST_LINE_ENDS) or _TO_REFER.search(rest) is not None


def read(message: sip.Message, peer_tag: str | None) -> Said | None:
    """Return what a message of a live dialog means, None when it is of no concern.

    ``peer_tag`` is the far end's tag, None when its INVITE was not captured. Raises
    sip.BadMessage when a message that matters lacks what it must have.
    """
    from_peer = peer_tag is None or sip.from_tag(message) == peer_tag
    if isinstance(message, sip.Response):
        # A response has the From of its request: the peer's own REFER is not ours.
        return None if from_peer and peer_tag is not None else _read_response(message)
    match message.method.upper():
        case "REFER" if peer_tag is None or not from_peer:
            number, _ = sip.cseq(message)
            return Said(ReferSeen(number), ("REFER", number))
        case "NOTIFY" if from_peer:
            return _read_notify(message)
        case "BYE" if peer_tag is not None and from_peer:
            return Said(CallEnded(), ("BYE",))
        case "INVITE" | "UPDATE" if from_peer:
            return _read_offer(message)
        case _:
            return None


def opens(message: sip.Message) -> bool:
    """Tell whether a message is the INVITE that a dialog began with."""
    return (
        isinstance(message, sip.Request)
        and message.method.upper() == "INVITE"
        and sip.to_tag(message) is None
    )


def read_invite(message: sip.Request, source_ip: str) -> Invite:
    """Return what the INVITE of a call, captured as it came from ``source_ip``, says of it."""
    dialed, domain = parties(message.uri)
    return Invite(
        dialed=dialed,
        domain=domain,
        peer=parties(sip.header(message, "from") or "")[1],
        source_ip=source_ip,
        headers=sip.headers_named(message, "X-")
        + sip.headers_named(message, "User-to-User")
        + sip.headers_named(message, "Diversion"),
    )


def _read_response(response: sip.Response) -> Said | None:
    number, method = sip.cseq(response)
    if method.upper() != "REFER" or response.status < _FIRST_FINAL:
        return None
    # RFC 4488: no subscription, so no NOTIFY will come.
    wish, _ = sip.parameters(sip.header(response, "refer-sub") or "true")
    subscribed = wish.lower() != "false"
    event = ReferAnswered(response.status, number, subscribed)
    return Said(event, ("REFER", number, response.status), "refer", response.status)


def _read_notify(notify: sip.Request) -> Said | None:
    package, of_event = sip.parameters(sip.header(notify, "event") or "")
    if package.lower() != "refer":
        return None
    number, _ = sip.cseq(notify)
    state, _ = sip.parameters(sip.header(notify, "subscription-state") or "")
    refer_id = of_event.get("id", "")
    code = sipfrag.status(notify.body)
    event = ReferNotified(
        code,
        state.lower() == "terminated",
        number,
        _number(refer_id),
    )
    return Said(event, ("NOTIFY", number), "notify", code)


def _read_offer(offer: sip.Request) -> Said | None:
    held = sip.held(offer)
    if held is None or sip.to_tag(offer) is None:
        return None
    number, _ = sip.cseq(offer)
    return Said(ChannelHeld() if held else ChannelResumed(), ("offer", number))


def _number(text: str) -> int | None:
    # RFC 3261, 8.1.1.5: a CSeq has at most ten digits.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


_METHODS: Final = (b"REFER ", b"NOTIFY ", b"BYE ", b"INVITE ", b"UPDATE ")
_RESPONSE: Final = b"SIP/2.0 "
_REQUEST: Final = (b" SIP/2.0\r", b" SIP/2.0")
_REQUEST_LINE_ENDS: Final = (b" SIP/2.0\r", b" SIP/2.0\n")
_TO_REFER: Final = re.compile(rb"[0-9]\s+REFER\b")  # as the CSeq of a response says

_URI: Final = re.compile(r"sips?:(?:([^@:;>]*)[^@>]*@)?(\[[^\]>]*\]|[^:;?>]*)", re.IGNORECASE)


def parties(text: str) -> tuple[str, str]:
    """Return user and host of the SIP URI in a request line or a name-addr; '' where none is."""
    found = _URI.match(text.rpartition("<")[2])
    return (found[1] or "", found[2].strip("[]")) if found else ("", "")


_FIRST_FINAL: Final = 200
_DIGITS: Final = 10
