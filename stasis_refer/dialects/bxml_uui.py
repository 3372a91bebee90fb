"""Bandwidth's attribute ``uui``: User-to-User headers of the INVITE, several between commas.

Source: Bandwidth's page on Transfer and its Python package; RFC 7433, 4.
"""

import re
from typing import Final

MAX_UUI: Final = 350
"""Characters of all of them, with parameters and commas, as Bandwidth has it."""


def uui(text: str) -> tuple[str, ...]:
    """Return the values of the headers; raises ValueError with a sentence."""
    if not text:
        return ()
    if len(text) > MAX_UUI:
        raise ValueError(f"allowed are up to {MAX_UUI} characters in all.")
    values = tuple(each.strip() for each in text.split(","))
    if not all(_VALUE.fullmatch(each) for each in values):
        raise ValueError(
            "allowed are values that end in ;encoding=base64, ;encoding=jwt or ;encoding=hex, "
            "with a comma between two."
        )
    return values


_VALUE: Final = re.compile(r"[A-Za-z0-9+/=_.-]+;encoding=(?:base64|jwt|hex)")
