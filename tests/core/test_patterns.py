"""Patterns with stars."""

import pytest

from stasis_refer.core.patterns import fits, fits_anyhow


@pytest.mark.parametrize(
    ("pattern", "text", "does"),
    [
        ("", "", True),
        ("*", "", True),
        ("a*", "abc", True),
        ("a*c*e", "abcde", True),
        ("ab*ba", "aba", False),
        ("a%2Ab", "a*b", True),
        ("a%2Ab", "axb", False),
        ("a", "A", False),
        ("*", "a@b", False),
        ("*%40*", "a@b", True),
        ("agents-*", "agents-", True),
    ],
)
def test_a_star_stands_for_all_but_an_at(pattern: str, text: str, *, does: bool) -> None:
    assert fits(pattern, text) is does


@pytest.mark.parametrize(
    ("pattern", "text", "does"),
    [("*", "a@b", True), ("BOSS*", "boss-1", True), ("%62oss", "boss", True), ("a*b", "ac", False)],
)
def test_what_is_levelled_fits_in_any_case(pattern: str, text: str, *, does: bool) -> None:
    assert fits_anyhow(pattern, text) is does


def test_many_stars_are_decided_at_once() -> None:
    # Exponential or high polynomial matching would not come back from this.
    assert not fits(f"{'a*' * 50}b", "a" * 2000)
