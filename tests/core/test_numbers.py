"""Telephone numbers: sure ones and possible ones."""

import pytest

from stasis_refer.core.numbers import global_number, possible_numbers, without_separators


def test_separators_are_no_part_of_a_number() -> None:
    assert without_separators("+49-(30).12 3") == "+493012 3"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+4930123", "+4930123"),
        ("+49-(30).123", "+4930123"),
        ("4930123", ""),
        ("004930123", ""),
        ("+", ""),
        ("+49x", ""),
        ("+49 30", ""),
        ("+4930;ext=1", ""),
        ("alice", ""),
        ("+\u0664\u0669", ""),
    ],
)
def test_only_digits_behind_a_plus_are_surely_a_global_number(text: str, number: str) -> None:
    assert global_number(text) == number


@pytest.mark.parametrize(
    ("text", "context", "number"),
    [
        ("+49900123", "", "+49900123"),
        ("+49 (900) 1/23", "", "+49900123"),
        ("0049900123", "", "+49900123"),
        ("01149900123", "", "+49900123"),
        ("001149900123", "", "+49900123"),
        ("01049900123", "", "+49900123"),
        ("00149900123", "", "+49900123"),
        ("+0049900123", "", "+49900123"),
        ("49900123", "", "+49900123"),
        ("9,+49900123", "", "+49900123"),
        ("+49900123;ext=5", "", "+49900123"),
        ("+49900123#", "", "+49900123"),
        ("900123", "+49", "+49900123"),
        ("0900123", "+49", "+49900123"),
        ("+49(0)900123", "", "+49900123"),
        ("+49 (0) 900 123", "", "+49900123"),
        ("0049(0)900123", "", "+49900123"),
        ("123", "+4-9(900)", "+49900123"),
    ],
)
def test_a_number_may_be_dialed_in_many_ways(text: str, context: str, number: str) -> None:
    assert number in set(possible_numbers(text, context))


@pytest.mark.parametrize("text", ["", "alice", "4990", "*49900#", "a49900123"])
def test_an_extension_or_a_name_is_no_global_number(text: str) -> None:
    assert list(possible_numbers(text)) == []
