"""Percent-encoded text: as it is meant, and as a careless reader has it."""

import unicodedata
from urllib.parse import unquote, unquote_to_bytes


def decoded(text: str) -> str:
    """Return it decoded once, one character a byte, so that different bytes never look the same."""
    return unquote(text, "latin-1")


def levelled(text: str) -> str:
    """Return it with all escapes within escapes decoded, and widths and cases made alike."""
    while (level := unicodedata.normalize("NFKC", _unescaped(text)).casefold()) != text:
        text = level  # a percent sign of full width is one from now on
    return level


def _unescaped(text: str) -> str:
    # Byte by byte: each of one character may be escaped in another depth.
    found = text.encode()
    while (found := unquote_to_bytes(before := found)) != before:
        pass
    return found.decode(errors="replace")
