from collections.abc import Callable

import pytest

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.attributes import (
    Attribute,
    like,
    one_of,
    seconds,
    seconds_from,
    unknown,
    unsupported,
    value,
    whole_number,
)
from stasis_refer.dialects.dialect import DocumentError, Remark
from stasis_refer.dialects.markup import Element

COLOUR = one_of({"red": 1, "green": 0})
TAG = like(r"[a-z]{2}", "two letters, such as en")


@pytest.mark.parametrize(
    ("parse", "text", "read"),
    [
        (COLOUR, "red", 1),
        (COLOUR, "GREEN", 0),
        (COLOUR, " Red\t", 1),
        (whole_number(0, 9), "0", 0),
        (whole_number(0, 9), "09", 9),
        (seconds(600), "600", 600.0),
        (seconds(600), "0.5", 0.5),
        (seconds_from(0, 60), "0", 0.0),
        (seconds_from(0.1, 60), "0.1", 0.1),
        (seconds_from(0.1, 60), "60.0", 60.0),
        (TAG, "en", "en"),
        (TAG, "", ""),
    ],
)
def test_values(parse: Callable[[str], object], text: str, read: object) -> None:
    element = Element("Verb", {"x": text}, "", (), 1, 1)
    assert value(element, Attribute("x", parse, None)) == read


@pytest.mark.parametrize(
    ("parse", "text", "allowed"),
    [
        (COLOUR, "blue", "red, green"),
        (COLOUR, "", "red, green"),
        (whole_number(0, 9), "10", "from 0 to 9"),
        (whole_number(1, 9), "0", "from 1 to 9"),
        (whole_number(0, 9), "-1", "from 0 to 9"),
        (whole_number(0, 9), "1.5", "from 0 to 9"),
        (whole_number(0, 9), "", "from 0 to 9"),
        (whole_number(0, 9), "٣", "from 0 to 9"),
        (whole_number(0, 9), "9" * 5000, "from 0 to 9"),
        (seconds(600), "0", "over 0 and up to 600"),
        (seconds(600), "600.1", "over 0 and up to 600"),
        (seconds(600), "nan", "over 0 and up to 600"),
        (seconds(600), "1e2", "over 0 and up to 600"),
        (seconds(600), "-1", "over 0 and up to 600"),
        (seconds_from(0.1, 86_400), "0.09", "from 0.1 to 86400"),
        (seconds_from(0.1, 86_400), "86400.1", "from 0.1 to 86400"),
        (seconds_from(0, 60), "-1", "from 0 to 60"),
        (seconds_from(0, 60), "", "from 0 to 60"),
        (seconds_from(0, 60), "1e1", "from 0 to 60"),
        (TAG, "eng", "two letters"),
        (TAG, "e\n", "two letters"),
        (unsupported, "ww1", "not supported here"),
        (unsupported, "", "not supported here"),
    ],
)
def test_a_bad_value_is_an_error_that_says_what_is_allowed(
    parse: Callable[[str], object], text: str, allowed: str
) -> None:
    element = Element("Verb", {"x": text}, "", (), 3, 7)
    with pytest.raises(DocumentError) as caught:
        value(element, Attribute("x", parse, None))
    error = caught.value
    assert (error.failure, error.line, error.column) == (FetchFailure.NOT_VALID, 3, 7)
    assert allowed in str(error)
    assert str(error).startswith("Line 3, column 7: x=")
    assert len(str(error)) < 250


def test_an_attribute_left_out_has_its_default() -> None:
    assert value(Element("Verb", {"X": "1"}, "", (), 1, 1), Attribute("x", int, 5)) == 5


def test_an_attribute_we_do_not_know_is_remarked_upon() -> None:
    element = Element("Verb", {"b": "1", "A": "1", "a": "1"}, "", (), 3, 7)
    known = (Attribute("b", str, ""), Attribute("a", str, ""))
    message = "Attribute 'A' of <Verb> is passed over; known are a, b."
    assert list(unknown(element, known)) == [Remark(message, 3, 7)]


def test_the_remark_upon_an_attribute_of_a_verb_that_has_none_says_so() -> None:
    (remark,) = unknown(Element("Verb", {"b": "1"}, "", (), 1, 1), ())
    assert remark.message == "Attribute 'b' of <Verb> is passed over; it has none."


def test_the_remark_says_why_an_attribute_does_nothing_where_that_is_known() -> None:
    element = Element("Verb", {"b": "1", "c": "1"}, "", (), 3, 7)
    remarks = unknown(element, (Attribute("a", str, ""),), {"b": "it is of yesterday"})
    assert [remark.message for remark in remarks] == [
        "Attribute 'b' of <Verb> is passed over; it is of yesterday.",
        "Attribute 'c' of <Verb> is passed over; known are a.",
    ]
