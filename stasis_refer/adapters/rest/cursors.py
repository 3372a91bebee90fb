"""Cursors: of what is held in memory, where one names the last item of the page before it.

A cursor that is given out is bound to the filters it was made with: with others it would skip
some of what they find.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable
from typing import Final

from stasis_refer.runtime.book import (
    BadCursorError,
    CallFilter,
    CallRecord,
    Page,
    TransferFilter,
)

_FORM: Final = struct.Struct(">d16s")  # when the call started, and its key


def bound(cursor: str, wanted: CallFilter | TransferFilter) -> str:
    """Return a cursor as it is given out: with these filters alone it is good; '' stays so."""
    return f"{_digest(wanted)}{cursor}" if cursor else ""


def unbound(cursor: str, wanted: CallFilter | TransferFilter) -> str:
    """Return the cursor that was bound to these filters; '' stays so. Raises BadCursorError."""
    if cursor and not cursor.startswith(_digest(wanted)):
        raise BadCursorError
    return cursor[_DIGITS:]


def _digest(wanted: CallFilter | TransferFilter) -> str:
    digest = hashlib.blake2b(repr(wanted).encode(), digest_size=_DIGITS // 2)
    return digest.hexdigest()


_DIGITS: Final = 12


def page_of(calls: Iterable[CallRecord], cursor: str, limit: int) -> Page[CallRecord]:
    """Return a page of calls, the newest first, behind ``cursor``. Raises BadCursorError.

    Calls that come and go meanwhile neither double nor hide others.
    """
    ordered = sorted(calls, key=_place)
    if cursor:
        last = _read(cursor)
        ordered = [each for each in ordered if _place(each) > last]
    items = tuple(ordered[:limit])
    return Page(items, _write(items[-1]) if len(ordered) > limit else "")


def _place(call: CallRecord) -> tuple[float, str]:
    return -call.started_at, call.key


def _write(call: CallRecord) -> str:
    packed = _FORM.pack(call.started_at, bytes.fromhex(call.key))
    return base64.urlsafe_b64encode(packed).decode()


def _read(cursor: str) -> tuple[float, str]:
    try:
        packed = base64.b64decode(cursor, altchars=b"-_", validate=True)
        started, key = _FORM.unpack(packed)
    except (binascii.Error, struct.error, ValueError):
        raise BadCursorError from None
    return -float(started), key.hex()
