import sys

import pytest

from stasis_refer.core.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Jörg \U0001f4de <sip:a@b>", "Jörg \U0001f4de <sip:a@b>"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb\0", "a\\r\\nb\\x00"),
        ("\u202eabc", "\\u202eabc"),  # turns the direction of what follows
        ("\x9b2J", "\\x9b2J"),
        ("[bold]", "[bold]"),
    ],
)
def test_what_would_move_a_terminal_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_character_is_as_it_is_or_written_as_python_writes_it() -> None:
    shown = [visible(chr(code)) for code in range(sys.maxunicode + 1)]
    for code, form in enumerate(shown):
        each = chr(code)
        assert form == (each if each.isprintable() else each.encode("unicode_escape").decode())
    assert visible("".join(map(chr, range(sys.maxunicode + 1)))) == "".join(shown)
