"""The fields of a log line, without personal data: what is not known to be harmless is masked."""

import re
from collections.abc import Mapping
from typing import Final

from stasis_refer.core import masked

HARMLESS: Final = frozenset(
    {
        # what every line has; its sentence may be a library's
        *("level", "timestamp"),
        # ids of ours, of Asterisk and of SIP, and names that the configuration gave
        *("app", "application", "call", "channel", "group", "id", "replaces", "row", "sip_call_id"),
        *("rule", "transfer", "vendor"),
        # words of ours
        *("direction", "failure", "kind", "limit", "method", "reason", "status", "type", "used"),
        *("verdict", "version", "work"),
        # what is between this machine and its Asterisk, its disk and the capture's receivers
        *("callable", "caused_by", "error", "file", "to"),
    }
)
"""Fields that never name anybody, and are shown as they are."""


def fields(line: Mapping[str, object]) -> dict[str, object]:
    """Return a log line's fields as they may be shown; numbers of things stay."""
    return {name: _masked(name, value) for name, value in line.items()}


def _masked(name: str, value: object) -> object:
    if name in HARMLESS or value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else str(value)
    return traceback(text) if name == "exception" else masked.text(text)


def traceback(text: str) -> str:
    """Mask what exceptions say in a traceback; files, lines and our own source stay."""
    return "".join(
        part if _FRAME.fullmatch(part) else masked.text(part) for part in _FRAME.split(text)
    )


# A frame of Python's: the place, then its source, then perhaps marks below that.
_FRAME: Final = re.compile(
    r'((?m:^)[ |]*File "[^"\n]*", line [0-9]+, in .*\n(?:[ |]* {4}.*\n)?(?:[ |]* {4}[ ~^]*\n)?)'
)
