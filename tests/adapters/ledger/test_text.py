import pytest

from stasis_refer.adapters.ledger.text import writable


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("sip:4001@example.com", "sip:4001@example.com"),
        ("Jörg \U0001f4de", "Jörg \U0001f4de"),
        ("a\0b", r"a\x00b"),
        ("\ud800x\udfff", r"\ud800x\udfff"),
        ("ä\0", r"ä\x00"),
    ],
)
def test_what_is_no_character_is_written_out(text: str, written: str) -> None:
    assert list(writable((1, text, None, 2.5))) == [1, written, None, 2.5]
    written.encode()


def test_what_can_be_written_is_the_same() -> None:
    values = ("a", 1, None, b"\0")
    assert writable(values) is values
