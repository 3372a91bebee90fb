"""What others have sent, as it can be shown to people."""

from typing import Final


class _Forms(dict[int, str]):
    """How each character is written, by its code point; found once, as a phone may send many."""

    def __missing__(self, code: int) -> str:
        each = chr(code)
        form = each if each.isprintable() else each.encode("unicode_escape").decode()
        if len(self) < _MOST_FORMS:
            self[code] = form
        return form


_MOST_FORMS: Final = 4096
_FORMS: Final = _Forms()


def visible(text: str) -> str:
    r"""Return a text in which all that would move or colour a terminal is written as ``\x1b``.

    What others have sent may hold such: control characters, and marks that turn the direction.
    """
    return text if text.isprintable() else text.translate(_FORMS)
