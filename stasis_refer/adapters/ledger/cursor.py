"""Cursors: where a page ends, in one word that tells nobody anything."""

import base64
import binascii
import json
import math
from typing import Final, NamedTuple

from stasis_refer.runtime.book import BadCursorError


class Place(NamedTuple):
    """A place in a list, the newest first: time and number of a row."""

    at: float
    number: int


START: Final = Place(1e15, 0)
"""Before the newest row there will ever be."""


def word_of(place: Place) -> str:
    """Return the cursor of a place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_of(word: str) -> Place:
    """Return the place of a cursor. Raises BadCursorError on what is none."""
    try:
        padded = word.encode("ascii") + b"=" * (-len(word) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    match found:
        case [float(at), int(number)] if math.isfinite(at) and abs(number) < _LARGEST:
            place = Place(at, int(number))
            if word_of(place) == word:
                return place
        case _:
            pass
    raise BadCursorError(f"{word[:_SHOWN]!r} was never the cursor of a page: leave it out")


_LARGEST: Final = 2**63  # a column holds no larger one
_SHOWN: Final = 80
