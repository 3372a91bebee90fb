import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_refer.adapters.ledger.cursor import Place, place_of, word_of
from stasis_refer.runtime.book import BadCursorError


@given(st.floats(0, 1e12), st.integers(0, 2**62))
def test_a_cursor_is_a_word_that_names_its_place(at: float, number: int) -> None:
    word = word_of(Place(at, number))
    assert word.replace("-", "").replace("_", "").isalnum()
    assert place_of(word) == Place(at, number)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "word",
    [
        "x",
        "ä",
        "WzEuMCwgMV0=",  # with what is left out at the end
        "[1.0, 1]",
        "' OR 1=1",
        "[" * 100_000,
        encoded([1, 1]),
        encoded([1.0]),
        encoded([1.0, 1, 1]),
        encoded([1.0, "1"]),
        encoded([1.0, True]),
        encoded([1.0, 2**64]),
        encoded([float("inf"), 1]),
        encoded([float("nan"), 1]),
        encoded({"at": 1.0}),
        encoded("[" * 20_000),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b"[1.0,1]").decode().rstrip("="),  # written otherwise
    ],
)
def test_what_is_no_cursor_is_told(word: str) -> None:
    with pytest.raises(BadCursorError, match="was never the cursor of a page"):
        place_of(word)


@given(st.text())
def test_whatever_is_given_is_a_cursor_or_told(word: str) -> None:
    with suppress(BadCursorError):
        assert word_of(place_of(word)) == word
