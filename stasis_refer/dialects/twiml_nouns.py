"""Whom a ``<Dial>`` calls: its nouns, a table for each vendor, and one short function for each.

Sources: Twilio's pages on ``<Sip>``, ``<Number>`` and ``<Client>``. What reaches Asterisk's
dial string is checked here character by character; a SIP URI is parsed when the verb runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from stasis_refer.core.application import Method
from stasis_refer.core.redacted import redacted
from stasis_refer.core.verbs import (
    Address,
    Callee,
    LegEvent,
    LegWatch,
    Number,
    Registered,
    SipAddress,
)
from stasis_refer.dialects.attributes import Attribute, not_valid, unknown, value
from stasis_refer.dialects.callees import endpoint, phone_number
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.xml_verbs import METHODS, Reader

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Noun:
    """How a noun is read; all have those of the status callback and of the screening besides.

    ``passed_over`` is as in ``Entry``; any value of those in ``refused`` is an error.
    ``children`` are the elements it may hold.
    """

    read: Callable[[Element, Reader], Address]
    attributes: tuple[Attribute[object], ...] = ()
    refused: tuple[Attribute[None], ...] = ()
    passed_over: Mapping[str, str] = field(default_factory=dict)
    children: frozenset[str] = frozenset()

    @property
    def known(self) -> tuple[Attribute[object], ...]:
        """Every attribute that has an effect, or is refused."""
        return (*self.attributes, *_OF_CALLBACK, *_SCREENING, *self.refused)


@dataclass(frozen=True, slots=True)
class Nouns:
    """The nouns of a vendor's Dial. ``not_supported`` are its others, with what to do instead."""

    vendor: str
    entries: Mapping[str, Noun]
    not_supported: Mapping[str, str]


def callee(element: Element, reader: Reader, nouns: Nouns) -> Callee:
    """Read an element in a Dial; raises DocumentError."""
    noun = nouns.entries.get(element.name)
    if noun is None:
        raise _no_noun(element, nouns)
    for child in element.children:
        if child.name not in noun.children:
            message = f"<{child.name:.80}> in <{element.name}> is not supported here; leave it out."
            raise not_valid(child, message)
    reader.remarks += unknown(element, noun.known, noun.passed_over)
    for attribute in noun.refused:
        value(element, attribute)
    address = noun.read(element, reader)
    return Callee(
        address,
        _watch(element, reader),
        screening=reader.optional(element, *_SCREENING),
        place=place_of(element),
    )


def place_of(element: Element) -> str:
    """Return where an element stands, as messages about it begin."""
    return f"line {element.line}, column {element.column}"


def read_text(element: Element, parse: Callable[[str], T], text: str) -> T:
    """Parse a text of ``element``; raises DocumentError (NOT_VALID) for parse's ValueError."""
    try:
        return parse(text)
    except ValueError as allowed:
        shown = f"{redacted(text)!r:.80}"
        raise not_valid(element, f"{shown} in <{element.name}>: {allowed}") from None


EVENTS: Final[Mapping[str, LegEvent]] = {
    "initiated": LegEvent.INITIATED,
    "ringing": LegEvent.RINGING,
    "answered": LegEvent.ANSWERED,
    "completed": LegEvent.COMPLETED,
}


def words_of(table: Mapping[str, T]) -> Callable[[str], frozenset[T]]:
    """Return a parser for words of ``table``, with blanks or commas between them."""

    def parse(text: str) -> frozenset[T]:
        words = text.lower().replace(",", " ").split()
        if not words or not table.keys() >= set(words):
            raise ValueError(f"allowed are {', '.join(table)}, with blanks between them.")
        return frozenset(table[word] for word in words)

    return parse


_STATUS_CALLBACK: Final = Attribute("statusCallback", str, "")
_STATUS_METHOD: Final = Attribute("statusCallbackMethod", METHODS, Method.POST)
_STATUS_EVENT: Final = Attribute(
    "statusCallbackEvent", words_of(EVENTS), frozenset({LegEvent.COMPLETED})
)
_SCREENING: Final = (Attribute("url", str, ""), Attribute("method", METHODS, Method.POST))
_OF_CALLBACK: Final = (_STATUS_CALLBACK, _STATUS_METHOD, _STATUS_EVENT)


def _watch(element: Element, reader: Reader) -> LegWatch | None:
    events = value(element, _STATUS_EVENT)
    callback = reader.optional(element, _STATUS_CALLBACK, _STATUS_METHOD)
    if callback is None:
        reader.needs(element, _STATUS_EVENT, _STATUS_CALLBACK)
        return None
    return LegWatch(callback, events)


def _no_noun(element: Element, nouns: Nouns) -> DocumentError:
    name = element.name
    meant = {known.lower(): known for known in nouns.entries}.get(name.lower())
    if name in nouns.not_supported:
        message = f"<{name}> in <Dial> is not supported here: {nouns.not_supported[name]}"
    elif meant:
        message = f"<{name}> is not a noun, upper and lower case count: write <{meant}>"
    else:
        message = f"<{name:.80}> cannot stand in {nouns.vendor}'s <Dial>"
    return not_valid(element, f"{message}; supported are {', '.join(nouns.entries)}.")


def _no_digits(_text: str) -> None:
    raise ValueError("digits are not sent here, leave it out and call the extension.")


SEND_DIGITS: Final[Attribute[None]] = Attribute("sendDigits", _no_digits, None)

_USERNAME: Final = Attribute("username", endpoint, "")
_PASSWORD: Final = Attribute("password", str, "")
OF_SIP: Final = (_USERNAME, _PASSWORD)


def sip(element: Element, reader: Reader) -> SipAddress:
    """Read ``<Sip>``: a URI that cannot be called is an outcome, not a broken document.

    Asterisk has no credentials per call: ``username`` names the endpoint that has them.
    """
    through = value(element, _USERNAME)
    if _PASSWORD.name in element.attributes:
        if not through:
            message = (
                "password in <Sip> needs username, the endpoint of pjsip.conf that the URI is "
                "called through: its outbound_auth has the credentials."
            )
            raise not_valid(element, message)
        message = "Attribute 'password' of <Sip> is passed over; the outbound_auth of endpoint"
        reader.remark(element, f"{message} {through!r} in pjsip.conf decides.")
    headers = tuple(each for child in element.children for each in _headers(child, reader))
    return SipAddress(element.text.strip(), through, headers)


_NAME: Final = Attribute("name", str, "")
_VALUE: Final = Attribute("value", str, "")


def _headers(element: Element, reader: Reader) -> list[tuple[str, str]]:
    reader.remarks += unknown(element, ())
    for each in (element, *element.children):
        if each.text.strip():
            reader.remark(each, f"Text in <{each.name:.80}> is passed over.")
    for child in element.children:
        if child.name != "Header" or child.children or not value(child, _NAME):
            raise not_valid(child, '<Headers> holds elements <Header name="X-…" value="…"/>.')
        reader.remarks += unknown(child, (_NAME, _VALUE))
    return [(value(child, _NAME), value(child, _VALUE)) for child in element.children]


def _number(element: Element, _reader: Reader) -> Number:
    return Number(read_text(element, phone_number, element.text.strip()))


def _client(element: Element, reader: Reader) -> Registered:
    """Read ``<Client>``: its identity is the name of an endpoint in pjsip.conf."""
    inside = [child for child in element.children if child.name == "Identity"]
    texts = [each.text.strip() for each in (element, *inside) if each.text.strip()]
    if len(texts) != 1 or any(child.children for child in element.children):
        raise not_valid(element, "<Client> holds one identity, as text or in <Identity>.")
    for child in element.children:
        if child.name == "Identity":
            reader.remarks += unknown(child, ())
        else:
            reader.remark(child, f"<{child.name}> is passed over; it is for Twilio's own clients.")
    return Registered(read_text(element, endpoint, texts[0]))


_DETECTION: Final = dict.fromkeys(
    (
        *("machineDetection", "machineDetectionTimeout", "machineDetectionSpeechThreshold"),
        *("machineDetectionSpeechEndThreshold", "machineDetectionSilenceTimeout"),
        *("amdStatusCallback", "amdStatusCallbackMethod"),
    ),
    "answering machines are not detected here",
)
_BYOC: Final = {"byoc": "numbers are called through the application's trunk"}

TWIML_NOUNS: Final = Nouns(
    "Twilio",
    {
        "Sip": Noun(
            sip,
            OF_SIP,
            passed_over=_DETECTION,
            children=frozenset({"Headers"}),
        ),
        "Number": Noun(
            _number,
            refused=(SEND_DIGITS,),
            passed_over={**_DETECTION, **_BYOC},
        ),
        "Client": Noun(
            _client,
            children=frozenset({"Identity", "Parameter"}),
        ),
    },
    {
        "Conference": "a conference has no part in REFER",
        "Queue": "a queue has no part in REFER, <Enqueue> waits in one of Asterisk's",
        "Application": "an application of Twilio's cannot be called",
        "Sim": "a SIM card of Twilio's cannot be called",
        "WhatsApp": "WhatsApp cannot be called",
        "Autopilot": "Autopilot cannot be called",
    },
)
