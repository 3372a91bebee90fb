import pytest

from stasis_refer.adapters.ledger.text import writable


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("sip:4001@example.com", "sip:4001@example.com"),
        ("Jörg \U0001f4de", "Jörg \U0001f4de"),
        ("a\0b", "a\ufffdb"),
        ("\ud800x\udfff", "?x?"),
        ("ä\0", "ä\ufffd"),
    ],
)
def test_what_is_no_character_is_replaced(text: str, written: str) -> None:
    assert writable(text) == written
    written.encode()
