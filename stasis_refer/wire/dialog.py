"""What a captured SIP message means for the call whose dialog it is of."""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from stasis_refer.core.events import (
    ChannelHeld,
    ChannelResumed,
    Event,
    InviteAnswered,
    ReferAnswered,
    ReferCaptured,
    ReferNotified,
    ReferRefused,
    ReferSeen,
    SipSeen,
)
from stasis_refer.core.info import Invite
from stasis_refer.wire import sip, sipfrag
from stasis_refer.wire.caller import Caller, is_request
from stasis_refer.wire.kept import kept, unreadable

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


def may_matter(payload: bytes, *, answers: bool = False) -> bool:
    """Tell cheaply, from its bytes, whether a captured packet is worth reading at all.

    It is when one of its messages is: over TCP there may be several. With ``answers`` the final
    responses to an INVITE are too.
    """
    first, _, rest = payload.lstrip(b"\r\n").partition(b"\n")
    # A method is read in any case, as pjsip does.
    if first[:_LONGEST_METHOD].upper().startswith(_METHODS):
        return True
    if not (first.startswith(_RESPONSE) or first.endswith(_REQUEST)):
        return True
    if any(end in rest for end in _REQUEST_LINE_ENDS):
        return True
    if first.startswith(_PROVISIONAL) and _RESPONSE not in rest:
        return False
    method = _TO_REFER_OR_INVITE if answers else _TO_REFER
    return method.search(rest) is not None


def read(message: sip.Message, caller: Caller, at: float = 0.0) -> Said | None:
    """Return what a message of a live dialog means, None when it is of no concern.

    ``at`` is when it was captured, in seconds since 1970. Where the INVITE was not captured a
    REFER is taken for ours, and a NOTIFY for the far end's. Raises sip.BadMessage when a message
    that matters lacks what it must have.
    """
    if isinstance(message, sip.Response):
        # A response has the From of its request.
        own = caller.tag is None or caller.sent(message) is caller.ours
        return _read_response(message, caller, at) if own else _read_answer(message, at)
    if caller.tag is None:
        return _read_own_refer(message, at) or (
            None if is_request(message, "BYE") else _read_far(message, at)
        )
    if caller.sent(message) is caller.ours:
        return _read_own_refer(message, at) or _read_own(message, at)
    return _read_refer(message, at) if is_request(message, "REFER") else _read_far(message, at)


def missing(payload: bytes, bad: sip.BadMessage, at: float) -> Said:
    """Return what says of a captured packet that it was there and could not be read."""
    return Said(SipSeen(unreadable(payload, bad.why, at)), ("unreadable", bad.why))


def _read_own_refer(request: sip.Request, at: float) -> Said | None:
    if not is_request(request, "REFER"):
        return None
    number, _ = sip.cseq(request)
    return Said(ReferSeen(number, kept(request, at, sent=True)), ("REFER", number))


def _read_own(request: sip.Request, at: float) -> Said | None:
    """Read what Asterisk sends behind a REFER: how far it is, or the end of the call."""
    if not is_request(request, "BYE") and not (
        is_request(request, "NOTIFY") and _of_refer(request)
    ):
        return None
    number, method = sip.cseq(request)
    return Said(SipSeen(kept(request, at, sent=True)), ("sent", method, number))


def _read_far(request: sip.Request, at: float) -> Said | None:
    match request.method.upper():
        case "NOTIFY":
            return _read_notify(request, at)
        case "BYE":
            # That the call ends Asterisk says itself: a copy alone ends none.
            return Said(SipSeen(kept(request, at, sent=False)), ("BYE",))
        case "INVITE" | "UPDATE":
            return _read_offer(request)
        case _:
            return None


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
        allow=", ".join(value for _, value in sip.headers_named(message, "Allow")),
        tag=sip.from_tag(message) or "",
    )


def _read_response(response: sip.Response, caller: Caller, at: float) -> Said | None:
    """Read a response to a request of ours."""
    number, method = sip.cseq(response)
    if response.status < _FIRST_FINAL:
        return None
    match method.upper():
        case "INVITE" if caller.tag and caller.ours and response.status not in _ASKED_AGAIN:
            # The first is to the INVITE that the dialog began with, later ones to re-INVITEs.
            return Said(InviteAnswered(response.status), ("INVITE",))
        case "REFER":
            return _read_refer_answer(response, number, at)
        case "NOTIFY":
            return _seen_answer(response, number, at, sent=caller.tag is None)
        case _:
            return None


def _read_refer_answer(response: sip.Response, number: int, at: float) -> Said:
    # RFC 4488: no subscription, so no NOTIFY will come.
    wish, _ = sip.parameters(sip.header(response, "refer-sub") or "true")
    subscribed = wish.lower() != "false"
    message = kept(response, at, sent=False)
    event = ReferAnswered(response.status, number, subscribed, message)
    return Said(event, ("REFER", number, response.status), "refer", response.status)


def _read_refer(refer: sip.Request, at: float) -> Said:
    """Read a REFER of the far end's."""
    number, _ = sip.cseq(refer)
    event = ReferCaptured(
        number,
        sip.header(refer, "refer-to") or "",
        sip.header(refer, "referred-by") or "",
        sip.header(refer, "user-agent") or "",
        sip.headers_named(refer, "X-") + sip.headers_named(refer, "User-to-User"),
        kept(refer, at, sent=False),
    )
    return Said(event, ("REFER received", number))


def _read_answer(response: sip.Response, at: float) -> Said | None:
    """Read a response of ours: that a REFER was taken is an event of ARI."""
    number, method = sip.cseq(response)
    match method.upper():
        case "REFER" if response.status >= _FIRST_REFUSAL:
            event = ReferRefused(number, response.status, kept(response, at, sent=True))
            return Said(event, ("REFER received", number, response.status))
        case "REFER" | "NOTIFY" if response.status >= _FIRST_FINAL:
            return _seen_answer(response, number, at, sent=True)
        case _:
            return None


def _seen_answer(response: sip.Response, number: int, at: float, *, sent: bool) -> Said:
    _, method = sip.cseq(response)
    identity = ("answer", sent, method.upper(), number, response.status)
    return Said(SipSeen(kept(response, at, sent=sent)), identity)


def _of_refer(notify: sip.Request) -> bool:
    package, _ = sip.parameters(sip.header(notify, "event") or "")
    return package.lower() == "refer"


def _read_notify(notify: sip.Request, at: float) -> Said | None:
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
        kept(notify, at, sent=False),
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
_LONGEST_METHOD: Final = max(map(len, _METHODS))
_RESPONSE: Final = b"SIP/2.0 "
_PROVISIONAL: Final = b"SIP/2.0 1"
_REQUEST: Final = (b" SIP/2.0\r", b" SIP/2.0")
_REQUEST_LINE_ENDS: Final = (b" SIP/2.0\r", b" SIP/2.0\n")
# As the CSeq of a response says.
_TO_REFER: Final = re.compile(rb"[0-9]\s+(?:REFER|NOTIFY)\b", re.IGNORECASE)
_TO_REFER_OR_INVITE: Final = re.compile(rb"[0-9]\s+(?:REFER|NOTIFY|INVITE)\b", re.IGNORECASE)

# Each character is looked at once, whatever a stranger sent.
_URI: Final = re.compile(r"sips?:(?:([^@:;>]*+)[^@>]*+@)?(\[[^\]>]*\]|[^:;?>]*)", re.IGNORECASE)


def parties(text: str) -> tuple[str, str]:
    """Return user and host of the SIP URI in a request line or a name-addr; '' where none is."""
    found = _URI.match(text.rpartition("<")[2])
    return (found[1] or "", found[2].strip("[]")) if found else ("", "")


_FIRST_FINAL: Final = 200
_FIRST_REFUSAL: Final = 300
_ASKED_AGAIN: Final = frozenset({401, 407, 422})
"""Statuses that Asterisk answers with another INVITE; where it cannot, the channel's end tells."""

_DIGITS: Final = 10
