"""Pages of what is held in memory: the cursor names the last item of the page before."""

import base64
import binascii
import struct
from collections.abc import Iterable
from typing import Final

from stasis_refer.runtime.book import BadCursorError, CallRecord, Page

_FORM: Final = struct.Struct(">d16s")  # when the call started, and its key


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
