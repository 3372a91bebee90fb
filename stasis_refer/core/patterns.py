"""Patterns, in which ``*`` stands for any run of characters, matched in linear time."""

from stasis_refer.core.escapes import decoded, levelled


def fits(pattern: str, text: str) -> bool:
    """Tell whether a text, decoded, is one that a pattern means; ``%2A`` in that is a star itself.

    ``*`` never stands for an ``@``, which may be the end of the user for somebody else.
    """
    pieces = [decoded(piece) for piece in pattern.split("*")]
    # Every @ is one of the pattern's own, so no * stands for one.
    return _in_turn(pieces, text) and text.count("@") == decoded(pattern).count("@")


def fits_anyhow(pattern: str, text: str) -> bool:
    """Tell whether a text that was levelled is one that a pattern may mean."""
    return _in_turn([levelled(piece) for piece in pattern.split("*")], text)


def _in_turn(pieces: list[str], text: str) -> bool:
    first, *rest = pieces
    if not rest:
        return text == first
    *middle, last = rest
    at, end = len(first), len(text) - len(last)
    if at > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for piece in middle:
        if (found := text.find(piece, at, end)) < 0:
            return False
        at = found + len(piece)
    return True
