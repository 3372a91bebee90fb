"""RCML's verbs, as Restcomm's pages have them: TwiML's readers with other tables."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stasis_refer.core.verbs import Refer, SecondLeg, Verb
from stasis_refer.dialects.attributes import Attribute, one_of
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.rcml_dial import DIAL
from stasis_refer.dialects.twiml_gather import SECONDS, Timeout, gather
from stasis_refer.dialects.twiml_prompts import LANGUAGE_TAG, PAUSE, play, say
from stasis_refer.dialects.twiml_verbs import CONTROL
from stasis_refer.dialects.xml_verbs import Entries, Reader, Vocabulary

LANGUAGES: Final[Mapping[str, str]] = {
    "bf": "fr-BE",
    "bp": "pt-BR",
    "cf": "fr-CA",
    "dan": "da",
    "en": "en-US",  # British English is en-gb
}
"""Restcomm's words for languages that are not BCP 47 tags, or mean another one."""


def _language(text: str) -> str:
    return LANGUAGES.get(text.lower()) or LANGUAGE_TAG(text)


_VOICE: Final = Attribute("voice", one_of({"man": "man", "woman": "woman"}), "man")
_LANGUAGE: Final = Attribute("language", _language, LANGUAGES["en"])

_PROMPTS: Final[Entries] = {"Say": say(_VOICE, _LANGUAGE), "Play": play(), "Pause": PAUSE}

# Where they are there, the two newer ones go before the older one for both.
_TIMEOUT: Final[Timeout] = Attribute("timeout", SECONDS, None)
_PRE_TIMEOUT: Final[Timeout] = Attribute("preTimeout", SECONDS, None)
_POST_TIMEOUT: Final[Timeout] = Attribute("postTimeout", SECONDS, None)
_OF_GATHER: Final = dict.fromkeys(
    ("language", "hints", "partialResultCallback", "partialResultCallbackMethod"),
    "speech is not recognized here",
)


def _refer(element: Element, reader: Reader) -> tuple[Verb, ...]:
    """Read TwiML's Refer; with an empty header part it means the second active leg, if any."""
    return tuple(
        replace(verb, replaces=SecondLeg())
        if isinstance(verb, Refer) and str(verb.target).endswith("?") and not verb.replaces
        else verb
        for verb in CONTROL["Refer"].read(element, reader)
    )


_VERBS: Final[Entries] = {
    **CONTROL,
    "Refer": replace(CONTROL["Refer"], read=_refer),
    **_PROMPTS,
    "Dial": DIAL,
    "Gather": gather(_PROMPTS, (_PRE_TIMEOUT, _TIMEOUT), (_POST_TIMEOUT, _TIMEOUT), _OF_GATHER),
}

_NOT_SUPPORTED: Final = frozenset(
    {"Email", "Enqueue", "Fax", "Geolocation", "Language"}
    | {"Leave", "Record", "Sms", "UssdCollect", "UssdMessage"}
)

RCML_VERBS: Final = Vocabulary("Restcomm", ("Response",), _VERBS, _NOT_SUPPORTED)
