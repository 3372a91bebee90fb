import json
from collections.abc import Callable

import pytest

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import DocumentError, Remark
from stasis_refer.dialects.json_keys import (
    Inspector,
    Key,
    Node,
    flag,
    keys,
    like,
    members,
    number,
    refused,
    text,
    texts,
    whole_number,
)
from stasis_refer.dialects.json_text import parse

TAG = like("[a-z]{2}", "two letters, such as en")


def value(body: bytes, key: Key[object]) -> object:
    """Read ``key`` in the object that is the only item of a document."""
    (item,) = json.loads(body)
    return Inspector(parse(body)).value(Node("verb", item, (0,)), key)


@pytest.mark.parametrize(
    ("parser", "written", "read"),
    [
        (text, '""', ""),
        (text, '"a"', "a"),
        (texts, '"a"', ("a",)),
        (texts, '["a", ""]', ("a", "")),
        (flag, "false", False),
        (members, '{"a": [1]}', {"a": [1]}),
        (number(0, 9), "9", 9.0),
        (number(0, 9), "0.5", 0.5),
        (whole_number(0, 9), "9", 9),
        (whole_number(0, 9), "1.0", 1),
        (TAG, '"en"', "en"),
        (TAG, '""', ""),
        (text, "null", None),
        (refused("leave it out."), '""', None),
        (refused("leave it out."), "false", None),
    ],
)
def test_values(parser: Callable[[object], object], written: str, read: object) -> None:
    body = f'[{{"x": {written}}}]'.encode()
    found = value(body, Key("x", parser, None))
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("parser", "written", "says"),
    [
        (text, "5", "5: allowed is a text, in double quotes."),
        (text, "true", "true: allowed is a text"),
        (refused("leave it out."), "[0]", "an array: leave it out."),
        (text, '{"password": "p"}', "an object: allowed is a text"),
        (texts, "[]", "an array: allowed is a text, or an array of texts"),
        (texts, '["a", 5]', "an array: allowed is a text, or"),
        (texts, "5", "5: allowed is a text, or"),
        (flag, '"true"', '"true": allowed are true and false.'),
        (flag, "1", "1: allowed are true and false."),
        (members, "[]", "an array: allowed is an object."),
        (number(0, 9), "9.1", "9.1: allowed is a number from 0 to 9."),
        (number(0, 9), "-1", "from 0 to 9"),
        (number(0, 9), '"5"', '"5": allowed is a number'),
        (number(0, 9), "true", "true: allowed is a number"),
        (whole_number(1, 9), "0", "from 1 to 9"),
        (whole_number(1, 9), "1.5", "1.5: allowed is a whole number"),
        (whole_number(1, 9), "true", "true: allowed is a whole number"),
        (whole_number(1, 9), "1e300", "from 1 to 9"),
        (TAG, '"eng"', "two letters"),
        (TAG, "0", "a text"),
        (TAG, "[]", "a text"),
        (TAG, '"e\\n"', "two letters"),
        (text, "[" + "1," * 400 + "1]", "an array"),
        (flag, '"' + "x" * 500 + '"', '"xxx'),
    ],
)
def test_a_bad_value_is_an_error_with_path_and_place(
    parser: Callable[[object], object], written: str, says: str
) -> None:
    body = f'[\n{{"x": {written}}}]'.encode()
    with pytest.raises(DocumentError) as caught:
        value(body, Key("x", parser, None))
    error = caught.value
    assert (error.failure, error.line, error.column) == (FetchFailure.NOT_VALID, 2, 7)
    assert str(error).startswith("Line 2, column 7: $[0].x: ")
    assert says in str(error)
    assert len(str(error)) < 250


def test_a_secret_is_in_no_message() -> None:
    with pytest.raises(DocumentError, match="what it holds: allowed is a text") as caught:
        value(b'[{"x": 12345}]', Key("x", text, "", secret=True))
    assert "12345" not in str(caught.value)


def test_a_key_left_out_has_its_default() -> None:
    assert value(b'[{"X": 1}]', Key("x", text, "y")) == "y"


@pytest.mark.parametrize("body", [b"[{}]", b'[{"x": null}]'])
def test_a_key_that_is_needed(body: bytes) -> None:
    (item,) = json.loads(body)
    with pytest.raises(DocumentError, match=r"\$\[0\]: verb needs the key x\.") as caught:
        Inspector(parse(body)).required(Node("verb", item, (0,)), Key("x", text, ""))
    assert (caught.value.line, caught.value.column) == (1, 2)


def test_what_has_no_effect_is_remarked_upon() -> None:
    body = b'[{"a": 1, "b": 2, "c": 3, "d": false,\n "e": true, "f": null, "g": null}]'
    (item,) = json.loads(body)
    inspector = Inspector(parse(body))
    allowed = keys(Key("a", text, ""), Key("b", text, ""), idle={"d": False, "e": False, "f": 1})
    inspector.look_over(Node("verb", item, (0,)), allowed)
    assert inspector.remarks() == (
        Remark("$[0].c: passed over; the keys of verb here are: a, b.", 1, 24),
        Remark("$[0].e: this key has no effect here.", 2, 7),
    )


def test_an_object_without_keys_of_its_own() -> None:
    inspector = Inspector(parse(b'{"c": 3}'))
    inspector.look_over(Node("verb", {"c": 3}, ()), keys())
    assert [each.message for each in inspector.remarks()] == [
        "$.c: passed over; the keys of verb here are: none."
    ]


def test_nothing_passed_over_is_no_remark() -> None:
    assert Inspector(parse(b"[]")).remarks() == ()
