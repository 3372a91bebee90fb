"""Text that came from outside, as a table can hold it."""

from collections.abc import Sequence


def writable(values: Sequence[object]) -> Sequence[object]:
    r"""Return values as a table can hold them: nothing is lost, and what was no text can be seen.

    In place of a lone surrogate, as JSON may have, and of NUL, where many a program ends a text,
    there is what Python writes for it: ``\ud800``, ``\x00``.
    """
    for value in values:
        if type(value) is str and ("\0" in value or not value.isascii()):
            return [_written(each) if isinstance(each, str) else each for each in values]
    return values


def _written(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
