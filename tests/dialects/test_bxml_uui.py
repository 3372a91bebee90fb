import pytest

from stasis_refer.dialects.bxml_uui import MAX_UUI, uui

JWT = "eyJhbGciOiJIUzI1NiJ9.WyJoaSJd.-znkjYyCkgz4djmHUPSXl9YrJ6Nix_XvmlwKGFh5ERM;encoding=jwt"
BASE64 = "aGVsbG8gd29ybGQ;encoding=base64"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", ()),
        (BASE64, (BASE64,)),
        # Both values of the example on Bandwidth's page on Initiate.
        (f"{JWT},{BASE64}", (JWT, BASE64)),
        (f"{JWT}, {BASE64}", (JWT, BASE64)),
        ("3132;encoding=hex", ("3132;encoding=hex",)),
        ("aGk=;encoding=base64", ("aGk=;encoding=base64",)),
        ("a" * (MAX_UUI - 13) + ";encoding=jwt", ("a" * (MAX_UUI - 13) + ";encoding=jwt",)),
    ],
)
def test_user_to_user_headers(text: str, values: tuple[str, ...]) -> None:
    assert uui(text) == values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a" * (MAX_UUI - 12) + ";encoding=jwt", "up to 350 characters"),
        ("3132", ";encoding=hex"),
        (";encoding=hex", ";encoding=hex"),
        ("3132;encoding=rot13", ";encoding=base64"),
        (f"{BASE64},", "a comma between two"),
        ("a\r\nX-Evil: 1;encoding=hex", ";encoding=base64"),
        ("a;encoding=hex;purpose=x", ";encoding=base64"),
    ],
)
def test_what_is_no_user_to_user_header(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        uui(text)
