"""``<Dial>``: what TwiML and RCML have in common, and Twilio's own attributes.

Sources: Twilio's page on the verb, and seed 002 for ``referUrl``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stasis_refer.core.application import Method
from stasis_refer.core.verbs import Callee, Dial, Recorder, Tone, Verb
from stasis_refer.dialects.attributes import (
    Attribute,
    not_valid,
    one_of,
    value,
    whole_number,
)
from stasis_refer.dialects.callees import caller_id
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.twiml_gather import ACTION, METHOD
from stasis_refer.dialects.twiml_nouns import (
    TWIML_NOUNS,
    Nouns,
    callee,
    place_of,
    words_of,
)
from stasis_refer.dialects.xml_verbs import METHODS, Entry, Reader

MAX_CALLEES: Final = 10
"""Both vendors have it."""

BOOLEAN: Final = one_of({"true": True, "false": False})
TIMEOUT: Final = 30
_STAR: Final = "*"


def _caller_id(text: str) -> str:
    """Read a number, a SIP user, or ``client:`` and the name of a client."""
    return caller_id(text.removeprefix("client:"))


_TIME_LIMIT: Final = Attribute("timeLimit", whole_number(1, 86_400), 14_400)
_CALLER_ID: Final = Attribute("callerId", _caller_id, "")
_HANGUP_ON_STAR: Final = Attribute("hangupOnStar", BOOLEAN, default=False)
_REFER_URL: Final = Attribute("referUrl", str, "")
_REFER_METHOD: Final = Attribute("referMethod", METHODS, Method.POST)

COMMON: Final = (
    *(ACTION, METHOD, _TIME_LIMIT, _CALLER_ID, _HANGUP_ON_STAR, _REFER_URL, _REFER_METHOD),
)
"""The attributes that ``basic_dial`` reads, beside the vendor's timeout."""


def basic_dial(element: Element, reader: Reader, nouns: Nouns, timeout: Attribute[int]) -> Dial:
    """Read what both vendors have; raises DocumentError."""
    return Dial(
        callees=_callees(element, reader, nouns),
        action=reader.optional(element, ACTION, METHOD),
        timeout=float(value(element, timeout)),
        time_limit=float(value(element, _TIME_LIMIT)),
        caller_id=value(element, _CALLER_ID),
        keys_to_leave=_STAR if value(element, _HANGUP_ON_STAR) else "",
        refer=reader.optional(element, _REFER_URL, _REFER_METHOD),
    )


def _callees(element: Element, reader: Reader, nouns: Nouns) -> tuple[Callee, ...]:
    text = element.text.strip()
    if bool(text) is bool(element.children):
        names = ", ".join(f"<{name}>" for name in nouns.entries)
        raise not_valid(element, f"<Dial> holds a number, or else elements: {names}.")
    if len(element.children) > MAX_CALLEES:
        message = f"<Dial> calls at most {MAX_CALLEES}; use several."
        raise not_valid(element.children[MAX_CALLEES], message)
    if text:
        return (Callee(nouns.entries["Number"].read(element, reader), place=place_of(element)),)
    return tuple(callee(child, reader, nouns) for child in element.children)


_ZONES: Final = """
    at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt
    ru se sg th uk us us-old tw ve za
"""
"""Twilio's list, which are the zones of Asterisk's sample of indications.conf, but for ``id``."""

_WITHOUT_RECORDING: Final = "do-not-record"
_FROM_ANSWER: Final = "record-from-answer"
# What is remarked upon; nothing where it is done as asked.
_RECORD: Final[Mapping[str, str]] = {
    _WITHOUT_RECORDING: "",
    _FROM_ANSWER: "",
    "record-from-ringing": "the recording begins when both are connected",
    "record-from-answer-dual": "both are recorded in one channel",
    "record-from-ringing-dual": "both are recorded in one channel, from when they are connected",
}
_RECORD_EVENTS: Final = {word: word for word in ("in-progress", "completed", "absent")}

_TIMEOUT: Final = Attribute("timeout", whole_number(5, 600), TIMEOUT)
_ANSWER_ON_BRIDGE: Final = Attribute("answerOnBridge", BOOLEAN, default=False)
_SEQUENTIAL: Final = Attribute("sequential", BOOLEAN, default=False)
_RING_TONE: Final = Attribute("ringTone", one_of({zone: zone for zone in _ZONES.split()}), "")
_MODE: Final = Attribute(
    "record",
    one_of({**{mode: mode for mode in _RECORD}, "true": _FROM_ANSWER, "false": _WITHOUT_RECORDING}),
    _WITHOUT_RECORDING,
)
_RECORD_CALLBACK: Final = Attribute("recordingStatusCallback", str, "")
_RECORD_METHOD: Final = Attribute("recordingStatusCallbackMethod", METHODS, Method.POST)
_RECORD_EVENT: Final = Attribute(
    "recordingStatusCallbackEvent", words_of(_RECORD_EVENTS), frozenset({"completed"})
)


def _dial(element: Element, reader: Reader) -> tuple[Verb, ...]:
    dial = replace(
        basic_dial(element, reader, TWIML_NOUNS, _TIMEOUT),
        sequential=value(element, _SEQUENTIAL),
        answer_on_bridge=value(element, _ANSWER_ON_BRIDGE),
        meanwhile=_meanwhile(element, reader),
        recorder=_recorder(element, reader),
    )
    return (dial,)


def _meanwhile(element: Element, reader: Reader) -> Tone | None:
    zone = value(element, _RING_TONE)
    if zone == "us-old":
        reader.remark(element, "ringTone='us-old' of <Dial> is not to be had; it is taken for us.")
    return Tone(zone[:2]) if zone else None


def _recorder(element: Element, reader: Reader) -> Recorder | None:
    mode, events = value(element, _MODE), value(element, _RECORD_EVENT)
    callback = reader.optional(element, _RECORD_CALLBACK, _RECORD_METHOD)
    if callback is None:
        reader.needs(element, _RECORD_EVENT, _RECORD_CALLBACK)
    if mode == _WITHOUT_RECORDING:
        reader.needs(element, _RECORD_CALLBACK, _MODE)
        return None
    if _RECORD[mode]:
        reader.remark(element, f"record={mode!r} of <Dial>: {_RECORD[mode]}.")
    if callback and events != {"completed"}:
        reader.remark(element, "Of recordings only completed is told, no other event.")
    return Recorder(callback if "completed" in events else None)


_PASSED_OVER: Final = {
    "trim": "a recording keeps its silence",
    "recordingTrack": "both parties are recorded",
    "recordingConfigurationId": "it is Twilio's own",
    "events": "it is Twilio's own",
    "passports": "calls are not signed here",
}

DIAL: Final = Entry(
    _dial,
    (
        *COMMON,
        *(_TIMEOUT, _ANSWER_ON_BRIDGE, _SEQUENTIAL, _RING_TONE),
        *(_MODE, _RECORD_CALLBACK, _RECORD_METHOD, _RECORD_EVENT),
    ),
    has_text=True,
    has_children=True,
    passed_over=_PASSED_OVER,
)
"""Twilio's ``<Dial>``."""
