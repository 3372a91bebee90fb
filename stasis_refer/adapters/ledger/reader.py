"""What is found in the ledger, for who may wait for the disk."""

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

from stasis_refer.adapters.ledger import calls, transfers
from stasis_refer.adapters.ledger.cursor import START, Place, place_of, word_of
from stasis_refer.adapters.ledger.filters import of_calls, of_transfers
from stasis_refer.adapters.ledger.opening import cannot_read, open_to_read
from stasis_refer.adapters.ledger.pages import CALLS, TRANSFERS, Part, Statement, page
from stasis_refer.adapters.ledger.rungs import LADDER, rungs_of
from stasis_refer.adapters.ledger.text import writable
from stasis_refer.core.transfer_id import parts_of
from stasis_refer.runtime.book import (
    CallFilter,
    CallRecord,
    Page,
    Rung,
    TransferFilter,
    TransferRecord,
)

T = TypeVar("T")

_TRANSFER: Final = f"SELECT number, {transfers.COLUMNS} FROM transfers WHERE call = ? AND nth = ?"  # noqa: S608 - our own names
_CALL: Final = f"SELECT {calls.COLUMNS} FROM calls WHERE key = ?"  # noqa: S608 - our own names


class Reader:
    """Reads a file that a program may be writing. Every method may raise StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the file; it is opened when it is needed."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def transfers(
        self, wanted: TransferFilter, cursor: str = "", limit: int = 50
    ) -> Page[TransferRecord]:
        """Return a page of transfers. Raises BadCursorError."""
        part = _part(cursor, wanted, limit)
        rows, kinds = of_transfers(wanted)
        asked = page(TRANSFERS, transfers.COLUMNS, rows, kinds, part)
        return self._page(asked, transfers.record_of, limit)

    def transfer(self, id_: str) -> tuple[TransferRecord, tuple[Rung, ...]] | None:
        """Return a transfer and its SIP ladder; None when there is none."""
        try:
            call, number = parts_of(id_)
        except ValueError:
            return None
        found = self._read(
            _TRANSFER, (call, number), lambda row: (row[0], transfers.record_of(row[1:]))
        )
        if not found:
            return None
        row, record = found[0]
        return record, tuple(chain.from_iterable(self._read(LADDER, (row,), rungs_of)))

    def calls(self, wanted: CallFilter, cursor: str = "", limit: int = 50) -> Page[CallRecord]:
        """Return a page of calls. Raises BadCursorError."""
        part = _part(cursor, wanted, limit)
        rows, kinds = of_calls(wanted)
        asked = page(CALLS, calls.COLUMNS, rows, kinds, part)
        return self._page(asked, calls.record_of, limit)

    def call(self, key: str) -> CallRecord | None:
        """Return a call; None when there is none."""
        found = self._read(_CALL, (key,), calls.record_of)
        return found[0] if found else None

    def _page(
        self, asked: Statement, record_of: Callable[[Sequence[Any]], T], limit: int
    ) -> Page[T]:
        found = self._read(*asked, lambda row: (Place(*row[:2]), record_of(row[2:])))
        more = word_of(found[limit - 1][0]) if len(found) > limit else ""
        return Page(tuple(record for _, record in found[:limit]), more)

    def _read(
        self, text: str, values: Sequence[object], made: Callable[[Sequence[Any]], T]
    ) -> list[T]:
        try:
            self._opened = self._opened or open_to_read(self._path)
            return [made(row) for row in self._opened.execute(text, writable(values))]
        except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
            self.close()
            raise cannot_read(self._path.absolute(), error) from error


def _part(cursor: str, wanted: TransferFilter | CallFilter, limit: int) -> Part:
    """Return which part of the list is wanted, and one row more: it tells that there is one."""
    before = place_of(cursor) if cursor else START
    if wanted.until is not None:
        before = min(before, Place(wanted.until, 0))
    return Part(limit + 1, before, wanted.since)
