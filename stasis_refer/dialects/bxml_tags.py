"""The attribute ``tag`` of BXML's verbs: text that is told along with events.

Source: Bandwidth's page on Tag.
"""

from typing import Final

from stasis_refer.core.verbs import Tag, Verb
from stasis_refer.dialects.attributes import Attribute, value
from stasis_refer.dialects.markup import Element

MAX_TAG: Final = 256
"""Characters in a tag, as Bandwidth has it."""


def tag_text(text: str) -> str:
    """Return the text of a tag; raises ValueError with a sentence that says what is allowed."""
    if len(text) > MAX_TAG:
        raise ValueError(f"a tag has at most {MAX_TAG} characters, not {len(text)}.")
    return text


TAG: Final[Attribute[str | None]] = Attribute("tag", tag_text, None)


def tagged(element: Element, verb: Verb) -> tuple[Verb, ...]:
    """Put the tag in force first: it already goes along with the verb's own event."""
    tag = value(element, TAG)
    return (verb,) if tag is None else (Tag(tag), verb)
