"""Header fields that a document adds to the REFER itself.

Asterisk writes them to the wire as they are, so a line break in one would become a header of
its own. Only what ``check`` let pass may reach Asterisk.
"""

import re
from collections.abc import Iterable
from typing import Final

from stasis_refer.core.uri import RESERVED_HEADERS

MAX_LENGTH: Final = 2048
"""Bytes of all header lines together: the REFER has to fit into a UDP packet of Asterisk's."""

Headers = tuple[tuple[str, str], ...]


class BadHeader(ValueError):
    """A header cannot be sent; the message names it and says what to do."""


class ReservedHeader(BadHeader):
    """A header that is not the document's to set."""


def check(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the headers, values without the blanks around them, or raise BadHeader.

    A name is a token (RFC 3261, 25.1), a value one line of text, in UTF-8 on the wire.
    """
    checked = tuple(_checked(name, value) for name, value in headers)
    length = sum(len(f"{name}: {value}\r\n".encode()) for name, value in checked)
    if length > MAX_LENGTH:
        raise BadHeader(f"the headers have {length} bytes: keep them to {MAX_LENGTH} in all")
    return checked


def _checked(name: str, value: str) -> tuple[str, str]:
    if not _TOKEN.fullmatch(name):
        raise BadHeader(f"the header name {name!a:.60} is no token: write it like X-Account")
    if {name.lower(), f"{name.lower().partition('-')[0]}-*"} & _NOT_THE_DOCUMENTS:
        raise ReservedHeader(f"the header {name:.60} is not the document's to set: take it out")
    if _UNWRITABLE.search(value):
        raise BadHeader(f"the value of header {name:.60} is not one line of text: write it without")
    return name, value.strip(" \t")


# Beside those of a URI what Asterisk writes into every REFER itself.
_NOT_THE_DOCUMENTS: Final = RESERVED_HEADERS | {"accept", "expires", "user-agent"}
_TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
