"""Telephone numbers: when one is surely global, and what else it may be dialed as."""

import re
from collections.abc import Iterator
from typing import Final

SHORTEST_GLOBAL: Final = 7
"""Digits of the shortest numbers that can be called from abroad, country code included."""


def without_separators(text: str) -> str:
    """Return a number without what people read it by (RFC 3966, 5.1.1)."""
    return text.translate(_SEPARATORS)


def global_number(text: str) -> str:
    """Return the number that is surely meant, as +4930123; '' for none (RFC 3966, 5.1.4)."""
    number = without_separators(text)
    return number if _GLOBAL.fullmatch(number) else ""


def possible_numbers(text: str, context: str = "") -> Iterator[str]:
    """Yield every global number that somebody on the way may take the text for.

    ``context`` is its phone-context (RFC 3966, 5.1.5). A number may have a prefix of international
    calls in the place of its ``+``, or nothing at all, that of national calls where nobody dials
    it from abroad, and anything behind its digits.
    """
    bare = _READ_OVER.sub("", text)
    if context.startswith("+"):
        country = _READ_OVER.sub("", context)
        yield from _dialed(country + bare)
        yield from _dialed(country + bare.lstrip("0"))
    yield from _dialed(bare)
    yield from _dialed(_READ_OVER.sub("", text.replace(_AT_HOME, "")))
    if "+" in bare[1:]:
        yield from _dialed(bare[bare.rindex("+") :])


def _dialed(bare: str) -> Iterator[str]:
    found = _DIGITS.match(bare)
    if found is None:
        return
    plus, digits = found.groups()
    if plus or len(digits) >= SHORTEST_GLOBAL:
        yield f"+{digits}"
    for abroad in _ABROAD:
        if digits.startswith(abroad):
            yield f"+{digits.removeprefix(abroad)}"
    if plus:
        yield f"+{digits.lstrip('0')}"


_AT_HOME: Final = "(0)"  # as in +49 (0) 30: dialed within the country alone
_SEPARATORS: Final = str.maketrans("", "", "-.()")
_GLOBAL: Final = re.compile(r"\+[0-9]+")
_READ_OVER: Final = re.compile(r"[^0-9+A-Za-z*#;,]")
_DIGITS: Final = re.compile(r"(\+?)([0-9]+)")
_ABROAD: Final = ("00", "001", "0011", "010", "011")
"""What is dialed before a number abroad, in countries where that begins with a zero."""
