"""Percent-encoded text: as it is meant, and as a careless reader has it."""

import unicodedata
from typing import Final
from urllib.parse import unquote


def decoded(text: str) -> str:
    """Return it decoded once, one character a byte, so that different bytes never look the same."""
    return unquote(text, "latin-1")


def levelled(text: str) -> str:
    """Return it with all escapes within escapes decoded, and widths and cases made alike."""
    for _ in range(_DEEPEST):
        text, before = unquote(text, "utf-8", errors="replace"), text
        if text == before:
            break
    return unicodedata.normalize("NFKC", text).casefold()


_DEEPEST: Final = 8
