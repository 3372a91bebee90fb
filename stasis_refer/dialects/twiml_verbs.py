"""TwiML's verbs: a table, and one short function for each."""

import re
from typing import Final

from stasis_refer.core.verbs import Enqueue, Hangup, Redirect, Refer, Reject, Verb
from stasis_refer.dialects.attributes import (
    Attribute,
    like,
    not_valid,
    one_of,
    unsupported,
    value,
)
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.speech_words import VOICE
from stasis_refer.dialects.twiml_dial import DIAL
from stasis_refer.dialects.twiml_gather import ACTION, METHOD, SECONDS, Timeout, gather
from stasis_refer.dialects.twiml_prompts import LANGUAGE_TAG, PAUSE, play, say
from stasis_refer.dialects.xml_verbs import (
    FALLBACK,
    NO_NOTIFY_TIMEOUT,
    REPLACES_NAME,
    RING_TIMEOUT,
    Entries,
    Entry,
    Reader,
    Vocabulary,
)

_REJECTED, _BUSY = 404, 486
_REASON: Final = Attribute("reason", one_of({"rejected": _REJECTED, "busy": _BUSY}), _REJECTED)
# It reaches a speech program's command line: letters, digits and a little between them.
_VOICE: Final = Attribute("voice", like(VOICE, "a voice's name, such as Polly.Joanna"), "")
_LANGUAGE: Final = Attribute("language", LANGUAGE_TAG, "")
_DIGITS: Final = Attribute("digits", unsupported, None)
_WORKFLOW_SID: Final = Attribute("workflowSid", unsupported, None)
_CALL_SID: Final = re.compile("CA([0-9A-Fa-f]{32})")
# A name reaches the dialplan, where most other characters mean something.
_QUEUE: Final = re.compile("[A-Za-z0-9_. -]{1,64}")


def _call_key(text: str) -> str:
    found = _CALL_SID.fullmatch(text)
    if found is None:
        raise ValueError("allowed is the CallSid of another call, CA and 32 hexadecimal digits.")
    return found[1].lower()


_REPLACES: Final = Attribute(REPLACES_NAME, _call_key, "")


def _refer(element: Element, reader: Reader) -> tuple[Verb, ...]:
    refer = Refer(
        target=_only_sip(element).text.strip(),
        place=f"line {element.line}, column {element.column}",
        action=reader.optional(element, ACTION, METHOD),
        no_notify_timeout=value(element, NO_NOTIFY_TIMEOUT),
        ring_timeout=value(element, RING_TIMEOUT),
        replaces=value(element, _REPLACES),
        instead=value(element, FALLBACK),
    )
    return (refer,)


def _only_sip(refer: Element) -> Element:
    only = "<Refer> holds exactly one <Sip> and nothing else."
    if not refer.children or refer.text.strip():
        raise not_valid(refer, only)
    sip, *others = refer.children
    if sip.name != "Sip" or others:
        raise not_valid(others[0] if sip.name == "Sip" else sip, only)
    if sip.attributes or sip.children:
        message = (
            "<Sip> in <Refer> holds a SIP URI, without attributes and elements; "
            "headers for the target are written in the URI, sip:user@host?X-Name=value."
        )
        raise not_valid(sip, message)
    return sip


def _redirect(element: Element, reader: Reader) -> tuple[Verb, ...]:
    # Twilio: without a URL it is the document's own.
    return (Redirect(reader.callback(element, element.text.strip(), METHOD)),)


def _enqueue(element: Element, reader: Reader) -> tuple[Verb, ...]:
    value(element, _WORKFLOW_SID)
    name = element.text.strip()
    if element.children or not _QUEUE.fullmatch(name):
        message = (
            "<Enqueue> holds the name of a queue and no elements: 1 to 64 letters and digits "
            "of ASCII, spaces and _ . -; <Task> is not supported here."
        )
        raise not_valid(element.children[0] if element.children else element, message)
    return (Enqueue(name, reader.optional(element, ACTION, METHOD)),)


def _hangup(_element: Element, _reader: Reader) -> tuple[Verb, ...]:
    return (Hangup(),)


def _reject(element: Element, _reader: Reader) -> tuple[Verb, ...]:
    return (Reject(value(element, _REASON)),)


CONTROL: Final[Entries] = {
    "Refer": Entry(
        _refer,
        (ACTION, METHOD, NO_NOTIFY_TIMEOUT, RING_TIMEOUT, FALLBACK, _REPLACES),
        has_text=True,
        has_children=True,
    ),
    "Redirect": Entry(_redirect, (METHOD,), has_text=True),
    "Hangup": Entry(_hangup),
    "Reject": Entry(_reject, (_REASON,)),
}
"""The verbs that RCML has as TwiML has them."""

_PROMPTS: Final[Entries] = {
    "Say": say(_VOICE, _LANGUAGE),
    "Play": play(_DIGITS),
    "Pause": PAUSE,
}


def _seconds_or_auto(text: str) -> float | None:
    return None if text.lower() == "auto" else SECONDS(text)


_TIMEOUT: Final[Timeout] = Attribute("timeout", _seconds_or_auto, None)
_SPEECH_ONLY: Final = (
    *("speechTimeout", "maxSpeechTime", "speechModel", "enhanced", "language", "hints"),
    *("profanityFilter", "partialResultCallback", "partialResultCallbackMethod"),
)
_OF_GATHER: Final = {
    **dict.fromkeys(_SPEECH_ONLY, "speech is not recognized here"),
    "bargeIn": "a key always ends the prompts",
    "debug": "it is Twilio's own",
}
_OF_ENQUEUE: Final = {
    **dict.fromkeys(("waitUrl", "waitUrlMethod"), "callers hear what queues.conf names"),
    "maxQueueSize": "queues.conf says how many may wait",
}

_VERBS: Final[Entries] = {
    **CONTROL,
    **_PROMPTS,
    "Dial": DIAL,
    "Gather": gather(_PROMPTS, (_TIMEOUT,), (_TIMEOUT,), _OF_GATHER),
    "Enqueue": Entry(
        _enqueue,
        (ACTION, METHOD, _WORKFLOW_SID),
        has_text=True,
        has_children=True,
        passed_over=_OF_ENQUEUE,
    ),
}

_NOT_SUPPORTED: Final = frozenset(
    {"Connect", "Echo", "Leave", "Message", "Pay"}
    | {"Prompt", "Queue", "Record", "Sms", "Start", "Stop"}
)

TWIML_VERBS: Final = Vocabulary("TwiML", ("Response",), _VERBS, _NOT_SUPPORTED)
