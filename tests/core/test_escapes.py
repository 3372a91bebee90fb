"""Percent-encoded text."""

import pytest

from stasis_refer.core.escapes import decoded, levelled


def test_different_bytes_never_look_the_same() -> None:
    assert decoded("%80") != decoded("%81")
    assert decoded("a%2A%61") == "a*a"
    assert decoded("%2561") == "%61", "it is decoded once"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("boss", "boss"),
        ("BOSS", "boss"),
        ("%62oss", "boss"),
        ("%252562oss", "boss"),
        ("%EF%BD%82oss", "boss"),
        ("%2B%EF%BC%94", "+4"),
        ("m%C3%BCller", "m\u00fcller"),
        ("mu%CC%88ller", "m\u00fcller"),
        ("m%C3%25BCller", "m\u00fcller"),
        ("m%25C3%BCller", "m\u00fcller"),
        ("%" + "25" * 40 + "62oss", "boss"),
        ("%EF%BC%8562oss", "boss"),
        ("100%", "100%"),
    ],
)
def test_all_ways_of_writing_look_the_same_when_levelled(text: str, level: str) -> None:
    assert levelled(text) == level
