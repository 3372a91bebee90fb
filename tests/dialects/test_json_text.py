import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import MAX_BYTES, DocumentError
from stasis_refer.dialects.json_text import MAX_VALUES, Path, parse, written
from tests.dialects.saying import assert_refused

WELL_FORMED, LIMIT = FetchFailure.NOT_WELL_FORMED, FetchFailure.LIMIT


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[]", []),
        (b"null", None),
        (b' {"a": [1, -2.5, true, "x"]}\r\n', {"a": [1, -2.5, True, "x"]}),
        ('["é€😀", "\\ud83d\\ude00", \'\']'.replace("'", '"').encode(), ["é€😀", "😀", ""]),
        (b'["\\\\ud83d"]', ["\\ud83d"]),
        (b"[99999999999999999999]", [99999999999999999999]),
        (b"[1e300, 1E-400]", [1e300, 0.0]),
        (b"\xef\xbb\xbf[]", []),
        (b"\n\xef\xbb\xbf\n \xef\xbb\xbf[]\xef\xbb\xbf\n", []),
    ],
)
def test_values(body: bytes, value: object) -> None:
    assert parse(body).value == value


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def crowd(values: int) -> bytes:
    return b"[" + b",".join([b"1"] * (values - 1)) + b"]"


@pytest.mark.parametrize(
    "body",
    [nested(16), crowd(MAX_VALUES), b'["' + b"x" * (MAX_BYTES - 4) + b'"]'],
    ids=["depth", "values", "bytes"],
)
def test_what_reaches_a_limit_is_read(body: bytes) -> None:
    assert parse(body).value == json.loads(body)


@pytest.mark.parametrize(
    ("body", "failure", "place", "says"),
    [
        (b"", "empty", (None, None), "[]"),
        (b"\xef\xbb\xbf \r\n\t", "empty", (None, None), "[]"),
        (b" " * (MAX_BYTES + 1), "too_large", (None, None), "65537 bytes; at most 65536"),
        (nested(17), "limit", (1, 17), "more than 16 levels"),
        (nested(30_000), "limit", (1, 17), "more than 16 levels"),
        (b"[" * 60_000, "limit", (1, 17), "more than 16 levels"),
        (b'{"a":' * 8_000, "limit", (1, 81), "more than 16 levels"),
        (b"\n" + crowd(MAX_VALUES + 1), "limit", (2, 2000), "$[999]: more than 1000 values"),
        (b"[999999999999999999999]", "limit", (1, 2), "$[0]: a number over 20 digits"),
        (b"[1e310\x00", "limit", (1, 2), "out of range"),
        (b"[NaNs]", "not_well_formed", (1, 2), "NaN is no number"),
        (b"[%s]" % (b"9" * 5000), "limit", (1, 2), "over 20 digits or out of range"),
        (b'{"a": -1e999}', "limit", (1, 7), "$.a: a number"),
        (b"[NaN]", "not_well_formed", (1, 2), "$[0]: NaN is no number"),
        (b'[{"a": Infinity}]', "not_well_formed", (1, 8), "$[0].a: Infinity is no number"),
        (b"[1, -Infinity]", "not_well_formed", (1, 5), "$[1]: -Infinity is no number"),
        (
            b'{"a": 1,\n "b": {"c": 1, "d": 2, "c": 3}}',
            "not_well_formed",
            (2, 24),
            "$.b.c: the key",
        ),
        (b'[{"a": 1, "\\u0061": 2}]', "not_well_formed", (1, 11), "$[0].a: the key stands twice"),
        (b'{"a": 1, "a": NaN}', "not_well_formed", (1, 10), "twice"),
        (b'["\\ud83d"]', "not_well_formed", (1, 2), "$[0]: half of a character"),
        (b'{"\\udc00": 1}', "not_well_formed", (1, 2), "half of a character"),
        (b'["a\xff"]', "not_well_formed", (1, 4), "UTF-8"),
        (b'[\n"\xc3\xa9\xe9"]', "not_well_formed", (2, 3), "UTF-8"),
        ('["é"]'.encode("utf-16"), "not_well_formed", (1, 1), "UTF-8"),
        (b"[1,]", "not_well_formed", (1, 3), "no comma before ] and }"),
        (b'[{"a": 1,\n}]', "not_well_formed", (1, 9), "no comma before ] and }"),
        (b"['a']", "not_well_formed", (1, 2), "double quotes"),
        (b"{'a': 1}", "not_well_formed", (1, 2), "double quotes"),
        (b'["a\nb"]', "not_well_formed", (1, 4), "line break is written \\n"),
        (b'["a', "not_well_formed", (1, 2), "ends with a double quote"),
        (b'["a" "b"]', "not_well_formed", (1, 6), "stands a comma"),
        (b'["\\x"]', "not_well_formed", (1, 3), "behind \\ stands one of"),
        (b"[", "not_well_formed", (1, 2), "breaks off"),
        (b'[{"a"', "not_well_formed", (1, 6), "breaks off"),
        (b"[\n// c\n]", "not_well_formed", (2, 1), "no comments"),
        (b"[None]", "not_well_formed", (1, 2), "write null"),
        (b"[True]", "not_well_formed", (1, 2), "lower case"),
        (b"<html>", "not_well_formed", (1, 1), "XML or HTML"),
        (b"OK", "not_well_formed", (1, 1), "expected here"),
        (b"[01]", "not_well_formed", (1, 3), "expected here"),
        (b"[]\n[]", "not_well_formed", (2, 1), "nothing may follow"),
        (b"\xef\xbb\xbf[}", "not_well_formed", (1, 2), "expected here"),
    ],
)
def test_what_is_refused_says_where_and_what_to_do(
    body: bytes, failure: str, place: tuple[int | None, int | None], says: str
) -> None:
    assert_refused(lambda: parse(body), FetchFailure(failure), place, says)


TEXT = b"""[
  {"a": {"b": [10, {"c": "x, ] }"}], "a": {}}},
  "\\"[{",   {"\xc3\xa9": null},
  [[], [[]]]
]"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        ((0,), (2, 3)),
        ((0, "a"), (2, 9)),
        ((0, "a", "b"), (2, 15)),
        ((0, "a", "b", 0), (2, 16)),
        ((0, "a", "b", 1, "c"), (2, 26)),
        ((0, "a", "a"), (2, 43)),
        ((1,), (3, 3)),
        ((2,), (3, 13)),
        ((2, "é"), (3, 19)),
        ((3, 1, 0), (4, 9)),
    ],
)
def test_places(path: Path, place: tuple[int, int]) -> None:
    assert parse(TEXT).places({path}) == {path: place}


def test_several_places_are_found_at_once() -> None:
    found = parse(b'[1,\n2, {"a": 3}]').places({(0,), (2, "a")})
    assert found == {(0,): (1, 2), (2, "a"): (2, 10)}


def test_a_fault_names_place_and_path() -> None:
    error = parse(b'[{"a": {"b": 1}}]').fault(LIMIT, (0, "a", "b"), "too much.")
    assert str(error) == "Line 1, column 14: $[0].a.b: too much."
    assert (error.failure, error.line, error.column) == (LIMIT, 1, 14)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "$"),
        ((0, "actionHook", "url"), "$[0].actionHook.url"),
        ((0, "sip:refer", "referTo"), '$[0]["sip:refer"].referTo'),
        (("", 'a"b', "é\n"), '$[""]["a\\"b"]["\\u00e9\\n"]'),
        (("x" * 1000,), '$["' + "x" * 79 + "]"),
    ],
)
def test_paths_are_written_as_people_do(path: Path, text: str) -> None:
    assert written(path) == text


@pytest.mark.parametrize(
    ("bomb", "failure"),
    [
        (b"[" * MAX_BYTES, LIMIT),
        (b"[" * 900 + b"1," * 32_000, WELL_FORMED),
        (b"[%s]" % b",".join([b"1"] * 32_000), LIMIT),
        (b"{%s}" % b",".join(b'"%d":1' % n for n in range(6_000)), LIMIT),
        (b"{%s}" % b",".join([b'"a":1'] * 10_000), WELL_FORMED),
        (b"[%s]" % (b"9" * 65_000), LIMIT),
        (b"[%s.5e9999]" % (b"9" * 65_000), LIMIT),
        (b'["%s"]' % (b"\\ud83d" * 10_000), WELL_FORMED),
        (b'["%s"]' % (b"\\\\ud83d" * 9_000), None),
        (b'["%s' % (b'\\"' * 32_000), WELL_FORMED),
        (b"[%s]" % (b'"",' * 21_000), WELL_FORMED),
        (b'["%s"]' % (b"\\u0041" * 10_000), None),
    ],
    ids=[
        "64 KiB deep",
        "900 deep and wide",
        "32,000 values",
        "6,000 keys",
        "one key 10,000 times",
        "65,000 digits",
        "a long infinity",
        "halves of characters",
        "what looks like halves",
        "a text without an end",
        "texts and a trailing comma",
        "escapes",
    ],
)
def test_a_bomb_takes_less_than_50_ms(bomb: bytes, failure: FetchFailure | None) -> None:
    def took() -> float:
        start = time.perf_counter()
        if failure is None:
            parse(bomb)
        else:
            with pytest.raises(DocumentError) as caught:
                parse(bomb)
            assert caught.value.failure is failure
        return time.perf_counter() - start

    assert min(took() for _ in range(3)) < 0.05


PIECES = ["[", "]", "{", "}", ",", ":", '"a"', '"b":', "1", "-1e9", "NaN", "1e999", "null", "true"]
PIECES += [" ", "\n", '"\\ud83d"', '"\\ud83d\\ude00"', '"', "\\", "'", "//", "é", "\ufeff", "\x00"]


@given(st.binary() | st.lists(st.sampled_from(PIECES)).map(lambda pieces: "".join(pieces).encode()))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_a_value_or_a_document_error(body: bytes) -> None:
    try:
        found = parse(body)
    except DocumentError:
        return
    assert json.loads(body.decode().strip("\ufeff \t\r\n")) == found.value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside),
    max_leaves=10,
)


def paths(value: object, path: Path = ()) -> list[tuple[Path, object]]:
    found: list[tuple[Path, object]] = [(path, value)]
    if isinstance(value, dict):
        for key, each in value.items():
            found += paths(each, (*path, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            found += paths(each, (*path, index))
    return found


@given(value=VALUES, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
@settings(max_examples=300, deadline=None)
def test_at_every_place_stands_its_value(
    value: object, indent: int | None, *, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    expected = dict(paths(value))
    places = parse(text.encode()).places(expected.keys())
    assert places.keys() == expected.keys()
    for path, (line, column) in places.items():
        rest = "\n".join(text.split("\n")[line - 1 :])[column - 1 :]
        assert json.JSONDecoder().raw_decode(rest)[0] == expected[path]
