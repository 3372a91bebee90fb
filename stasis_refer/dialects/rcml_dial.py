"""Restcomm's ``<Dial>``: fewer attributes than Twilio's, and nouns whose text may hold headers.

Sources: Restcomm's pages on ``<Dial>``, ``<Sip>``, ``<Number>`` and ``<Client>``. There a REFER
is asked about at the URL ``ReferUrl`` of the number that was called; here the Dial names it,
as Twilio's does.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from stasis_refer.core.verbs import Number, Recorder, Registered, Verb
from stasis_refer.dialects.attributes import Attribute, value, whole_number
from stasis_refer.dialects.callees import endpoint, phone_number
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.twiml_dial import BOOLEAN, COMMON, TIMEOUT, basic_dial
from stasis_refer.dialects.twiml_nouns import (
    OF_SIP,
    SEND_DIGITS,
    Noun,
    Nouns,
    read_text,
    sip,
)
from stasis_refer.dialects.xml_verbs import Entry, Reader


def _number(element: Element, _reader: Reader) -> Number:
    text, _, headers = element.text.strip().partition("?")
    number = read_text(element, phone_number, text)
    return Number(number, headers=read_text(element, _headers, headers))


def _client(element: Element, _reader: Reader) -> Registered:
    text, _, headers = element.text.strip().partition("?")
    return Registered(read_text(element, endpoint, text), read_text(element, _headers, headers))


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    """Read headers as in a SIP URI, ``X-A=1&X-B=2``, percent-encoded."""
    pairs = [each.partition("=") for each in text.split("&")] if text else []
    if not all(name and mark for name, mark, _ in pairs):
        raise ValueError("headers are written as name=value, with & between them.")
    return tuple((unquote(name), unquote(worth)) for name, _, worth in pairs)


_PASSED_OVER: Final[Mapping[str, str]] = {
    "name": "it goes with <Video>; write whom to call as text",
}

RCML_NOUNS: Final = Nouns(
    "Restcomm",
    {
        "Sip": Noun(sip, OF_SIP, (), _PASSED_OVER),
        "Number": Noun(_number, (), (SEND_DIGITS,)),
        "Client": Noun(_client, (), (), _PASSED_OVER),
    },
    {
        "Conference": "a conference has no part in REFER",
        "Queue": "a queue has no part in REFER",
        "Uri": "write <Sip>, which has taken its place",
        "Video": "there is no video",
    },
)

_TIMEOUT: Final = Attribute("timeout", whole_number(1, 600), TIMEOUT)
_RECORD: Final = Attribute("record", BOOLEAN, default=False)


def _dial(element: Element, reader: Reader) -> tuple[Verb, ...]:
    dial = basic_dial(element, reader, RCML_NOUNS, _TIMEOUT)
    return (replace(dial, recorder=Recorder() if value(element, _RECORD) else None),)


DIAL: Final = Entry(_dial, (*COMMON, _TIMEOUT, _RECORD), has_text=True, has_children=True)
"""Restcomm's ``<Dial>``."""
