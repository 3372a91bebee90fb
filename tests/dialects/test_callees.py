from collections.abc import Callable

import pytest

from stasis_refer.dialects.callees import caller_id, display_name, endpoint, phone_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+15085551212", "+15085551212"),
        ("+1 (508) 555-1212", "+15085551212"),
        ("030.123.456", "030123456"),
        ("*21#", "*21#"),
        ("7", "7"),
        (" (030)\t1\u00a023\r\n", "030123"),
        ("1" * 40, "1" * 40),
    ],
)
def test_a_number_loses_its_visual_separators(text: str, number: str) -> None:
    assert phone_number(text) == number
    assert caller_id(text) == number


@pytest.mark.parametrize("name", ["alice", "7", "trunk-2.eu_west+x", "a" * 80])
def test_the_name_of_an_endpoint(name: str) -> None:
    assert endpoint(name) == name
    assert caller_id(name) == name


def test_without_a_caller_id_it_is_the_callers_own() -> None:
    assert caller_id("") == ""


@pytest.mark.parametrize("name", ["", "Ä & B", 'A "B" <C>', "x" * 256])
def test_a_display_name(name: str) -> None:
    assert display_name(name) == name


IN_A_DIAL_STRING = [
    "a/b",
    "a@b",
    "a&b",
    "a,b",
    "${EVIL}",
    "a b",
    "a\r\nX-Evil: 1",
    "a\n",
    "ä",
    "a(b)",
    "a;b",
]


@pytest.mark.parametrize(
    ("read", "texts", "says"),
    [
        (
            phone_number,
            ["", "+", "-", "++1", "1+1", "1/2", "1@b", "1&2", "1a", "\u0661", "1" * 41],
            "a telephone number",
        ),
        (endpoint, ["", "-a", ".a", "+a", "_a", "a" * 81], "the name of an endpoint"),
        (caller_id, ["+", "-a", "a" * 81, '"A" <1>'], "a telephone number, or a user"),
        (display_name, ["x" * 257, "a\nb", "a\x7f", "a\u2028b", "\ud800"], "in one line"),
    ],
)
def test_what_may_not_reach_asterisk(
    read: Callable[[str], str], texts: list[str], says: str
) -> None:
    for text in [*texts, *(IN_A_DIAL_STRING if read is not display_name else [])]:
        with pytest.raises(ValueError, match=says):
            read(text)
