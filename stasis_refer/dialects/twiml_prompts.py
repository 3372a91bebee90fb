"""What a caller hears: ``<Say>``, ``<Play>`` and ``<Pause>``, alone or in a ``<Gather>``."""

from typing import Final

from stasis_refer.core.verbs import Pause, Play, Recording, Speech, Verb
from stasis_refer.dialects.attributes import Attribute, like, not_valid, value, whole_number
from stasis_refer.dialects.markup import Element
from stasis_refer.dialects.speech_words import LANGUAGE, MAX_SPEECH
from stasis_refer.dialects.xml_verbs import Entry, Reader

LANGUAGE_TAG: Final = like(LANGUAGE, "a BCP 47 tag, such as en-US")
"""The parser of languages: a tag reaches a speech program's command line."""

_LENGTH: Final = Attribute("length", whole_number(0, 3600), 1)
_LOOP: Final = Attribute("loop", whole_number(0, 999_999_999), 1)


def say(voice: Attribute[str], language: Attribute[str]) -> Entry:
    """Return ``<Say>`` with a vendor's voices and languages."""

    def read(element: Element, _reader: Reader) -> tuple[Verb, ...]:
        speech = Speech(_text(element), value(element, language), value(element, voice))
        times = value(element, _LOOP)
        return (Play(speech, times),) if speech.text else ()

    return Entry(read, (voice, language, _LOOP), has_text=True, has_children=True)


def play(*refused: Attribute[None]) -> Entry:
    """Return ``<Play>`` of a sound file, with a vendor's attributes that are refused here."""

    def read(element: Element, reader: Reader) -> tuple[Verb, ...]:
        for attribute in refused:
            value(element, attribute)
        text = element.text.strip()
        if not text:
            raise not_valid(element, "<Play> holds the URL of a sound file.")
        return (Play(Recording(reader.url(element, text)), value(element, _LOOP)),)

    return Entry(read, (_LOOP, *refused), has_text=True)


def _pause(element: Element, _reader: Reader) -> tuple[Verb, ...]:
    return (Pause(value(element, _LENGTH)),)


PAUSE: Final = Entry(_pause, (_LENGTH,))


def _text(element: Element) -> str:
    for child in element.children:
        message = f"SSML (<{child.name:.80}>) is not supported here; write plain text in <Say>."
        raise not_valid(child, message)
    text = " ".join(element.text.split())
    if len(text) > MAX_SPEECH:
        message = f"<Say> holds {len(text)} characters; at most {MAX_SPEECH}, use several."
        raise not_valid(element, message)
    return text
