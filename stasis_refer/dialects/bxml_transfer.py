"""BXML's ``<Transfer>``: others are called at once, and the first who answers is connected.

Names, defaults and ranges are those of Bandwidth's page on Transfer and of its Python package.
Their page does not say when a ringing caller is answered: as by every verb that is not told
otherwise, at once. ``x-refer-url`` and ``x-refer-method`` are ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.verbs import Address, Callee, Dial, LegWatch, Number, SipAddress, Verb
from stasis_refer.dialects.attributes import (
    Attribute,
    not_valid,
    one_of,
    seconds_from,
    unknown,
    value,
)
from stasis_refer.dialects.bxml_tags import TAG, tagged
from stasis_refer.dialects.bxml_uui import uui
from stasis_refer.dialects.bxml_webhooks import Webhook, WithFallback
from stasis_refer.dialects.callees import ANONYMOUS, caller_id, display_name, phone_number
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.xml_verbs import METHODS, Entry, Reader

MAX_CALLEES: Final = 8
"""Elements in one ``<Transfer>``, as Bandwidth has it."""

Headers: TypeAlias = tuple[tuple[str, str], ...]

TIME_LIMIT: Final = 86_400.0
"""Seconds of a connection: Bandwidth names no limit, a day is that of its other verbs."""


def _transfer(element: Element, reader: Reader) -> tuple[Verb, ...]:
    shown = ANONYMOUS if value(element, _PRIVACY) else value(element, _CALLER_ID)
    nameless = "Anonymous" if shown == ANONYMOUS else ""
    dial = Dial(
        callees=_callees(element, reader),
        action=_COMPLETE.read(element, reader),
        timeout=value(element, _CALL_TIMEOUT),
        time_limit=TIME_LIMIT,
        caller_id=shown,
        caller_name=value(element, _CALLER_NAME) or nameless,
        refer=_REFER.read(element, reader),
    )
    return tagged(element, dial)


def _callees(transfer: Element, reader: Reader) -> tuple[Callee, ...]:
    if not 1 <= len(transfer.children) <= MAX_CALLEES:
        has = len(transfer.children)
        message = f"<Transfer> holds 1 to {MAX_CALLEES} <PhoneNumber> or <SipUri>, not {has}."
        raise not_valid(transfer, message)
    return tuple(_callee(child, reader) for child in transfer.children)


def _callee(element: Element, reader: Reader) -> Callee:
    if element.name not in _NOUNS:
        message = f"<{element.name:.80}> cannot stand in <Transfer>"
        raise not_valid(element, f"{message}; allowed are <PhoneNumber> and <SipUri>.")
    if element.children:
        raise not_valid(element.children[0], f"<{element.name}> holds no elements.")
    reader.remarks += unknown(element, OF_CALLEE)
    headers = tuple(("User-to-User", each) for each in value(element, _UUI))
    screening, callback = _webhooks(element, reader)
    return Callee(
        _NOUNS[element.name](element, headers),
        watch=LegWatch(callback) if callback else None,
        tag=value(element, TAG) or "",
        screening=screening,
        place=f"line {element.line}, column {element.column}",
    )


def _webhooks(element: Element, reader: Reader) -> tuple[Callback | None, Callback | None]:
    """Return where to ask for the callee's own document, and where its end is told.

    Both go with the same credentials, which do nothing only where neither is there.
    """
    answer, disconnect = _ANSWER, _DISCONNECT
    if not value(element, answer.first.url):
        answer = replace(answer, first=replace(answer.first, credentials=()))
    elif not value(element, disconnect.url):
        disconnect = replace(disconnect, credentials=())
    return answer.read(element, reader), disconnect.read(element, reader)


def _phone_number(element: Element, headers: Headers) -> Number:
    text = element.text.strip()
    try:
        return Number(phone_number(text), headers=headers)
    except ValueError as allowed:
        raise not_valid(element, f"{text!r:.80} in <{element.name}>: {allowed}") from None


def _sip_uri(element: Element, headers: Headers) -> SipAddress:
    # A URI that cannot be read is an outcome of the call, not a broken document.
    return SipAddress(element.text.strip(), headers=headers)


def _caller_id(text: str) -> str:
    return ANONYMOUS if text.lower() in _HIDDEN else caller_id(text)


_HIDDEN: Final = frozenset({"restricted", "anonymous", "private", "unavailable"})
_NOUNS: Final[Mapping[str, Callable[[Element, Headers], Address]]] = {
    "PhoneNumber": _phone_number,
    "SipUri": _sip_uri,
}

_COMPLETE: Final = WithFallback.named("transferComplete")
_ANSWER: Final = WithFallback.named("transferAnswer")
_DISCONNECT: Final = Webhook.named("transferDisconnect", "username", "password")
_REFER: Final = Webhook(
    Attribute("x-refer-url", str, ""), Attribute("x-refer-method", METHODS, Method.POST)
)
_CALLER_ID: Final = Attribute("transferCallerId", _caller_id, "")
_CALLER_NAME: Final = Attribute("transferCallerDisplayName", display_name, "")
_PRIVACY: Final = Attribute("privacy", one_of({"true": True, "false": False}), default=False)
_CALL_TIMEOUT: Final = Attribute("callTimeout", seconds_from(1, 300), 30.0)
_NO_UUI: Final[tuple[str, ...]] = ()
_UUI: Final = Attribute("uui", uui, _NO_UUI)
_NO_DIVERSION: Final = "no Diversion header is sent"

OF_CALLEE: Final[tuple[Attribute[object], ...]] = (
    *(_UUI, TAG),
    *_ANSWER.attributes,
    *(_DISCONNECT.url, _DISCONNECT.method),
)
"""What ``<PhoneNumber>`` and ``<SipUri>`` may have in ``<Transfer>``."""

TRANSFER: Final = Entry(
    _transfer,
    (
        *(*_COMPLETE.attributes, *_REFER.attributes, TAG),
        *(_CALLER_ID, _CALLER_NAME, _PRIVACY, _CALL_TIMEOUT),
    ),
    has_children=True,
    passed_over=dict.fromkeys(("diversionTreatment", "diversionReason"), _NO_DIVERSION),
)
"""How ``<Transfer>`` is read."""
