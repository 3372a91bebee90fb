"""A claim on a parser: what holds of it whatever it is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LARGEST: Final = 65_536
"""Bytes of an input: what a datagram, a document or a body may have."""


@dataclass(frozen=True, slots=True)
class Claim:
    """``holds`` takes any bytes, and raises where the claim falls.

    ``seeds`` are valid inputs to begin from, ``words`` what the parser's language is made of.
    """

    name: str
    holds: Callable[[bytes], None] = field(repr=False)
    seeds: tuple[bytes, ...] = field(repr=False)
    words: tuple[bytes, ...] = field(default=(), repr=False)


def text_of(data: bytes) -> str:
    """Return bytes as text; those that are no UTF-8 become surrogates, which may come too."""
    return data.decode("utf-8", "surrogateescape")


def check_sentence(error: Exception, longest: int = 4096) -> None:
    """Check what is told of a mistake: one line of text, not endless, that can be sent."""
    sentence = str(error)
    assert 0 < len(sentence) <= longest, "a mistake is told in a sentence"
    sentence.encode()
    assert sentence.isprintable(), f"a sentence is one line of text: {sentence!a}"
