import pytest
from hypothesis import given
from hypothesis import strategies as st

from stasis_refer.core.headers import MAX_LENGTH, BadHeader, ReservedHeader, check


def test_a_header_goes_out_as_written_without_the_blanks_around_its_value() -> None:
    headers = [("X-Account", " 1, 2; three "), ("User-to-User", "56a3;encoding=hex"), ("X-Ü", "")]
    assert check(headers[:2]) == (
        ("X-Account", "1, 2; three"),
        ("User-to-User", "56a3;encoding=hex"),
    )
    assert check([("X-Name", "Zoë"), ("X-Empty", "")]) == (("X-Name", "Zoë"), ("X-Empty", ""))


@pytest.mark.parametrize(
    "name", ["", "X Account", "X-A:", "X-A\r\nX-B", "X-Ü", "X-A\x00", "<X>", "X,Y"]
)
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(BadHeader, match="no token"):
        check([(name, "1")])


@pytest.mark.parametrize(
    "value", ["1\r\nX-Evil: 2", "1\n2", "1\r", "a\x00b", "\x7f", "a\x85b", "a\u2028b", "\ud800"]
)
def test_a_value_is_one_line_of_text(value: str) -> None:
    with pytest.raises(BadHeader, match="X-A"):
        check([("X-A", value)])


@pytest.mark.parametrize(
    "name",
    [
        *("Refer-To", "referred-by", "VIA", "Route", "From", "t", "Call-ID", "CSeq", "Contact"),
        *("Content-Type", "Content-Foo", "Max-Forwards", "Authorization", "Event", "Require"),
    ],
)
def test_what_makes_the_refer_what_it_is_is_not_the_documents(name: str) -> None:
    with pytest.raises(ReservedHeader, match=f"{name} is not"):
        check([("X-A", "1"), (name, "2")])


@pytest.mark.parametrize("header", [("Allow-" * 500, "1"), ("X-" * 500, "\n"), ("X " * 500, "1")])
def test_a_refusal_does_not_repeat_a_name_however_long(header: tuple[str, str]) -> None:
    with pytest.raises(BadHeader) as caught:
        check([header])
    assert len(str(caught.value)) < 200


def test_all_together_have_a_length() -> None:
    assert check([("X-A", "1" * (MAX_LENGTH - len("X-A: \r\n")))])
    with pytest.raises(BadHeader, match="keep them to 2048"):
        check([("X-A", "1" * MAX_LENGTH)])


@given(st.text(), st.text())
def test_whatever_passes_is_one_line(name: str, value: str) -> None:
    try:
        ((name, value),) = check([(name, value)])
    except BadHeader:
        return
    assert len(f"{name}: {value}".splitlines()) == 1
