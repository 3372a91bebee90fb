"""The ledger as it is read: implements ``runtime.book.Book``."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from stasis_refer.adapters.ledger.reader import Reader
from stasis_refer.runtime.book import (
    CallFilter,
    CallRecord,
    Page,
    Rung,
    TransferFilter,
    TransferRecord,
)
from stasis_refer.runtime.chronicle import Chronicle
from stasis_refer.runtime.stories import CallStory, TransferStory

T = TypeVar("T")


async def _nothing() -> bool:
    return True


class LedgerBook:
    """Reads a file that a program writes meanwhile, in a thread of its own.

    It may be asked before the file is there, and once more after ``close``. ``write_down`` is
    awaited before each look into the file, so that what has just happened is in it, and tells
    whether it is; where the file cannot be written, a call or transfer that is asked for by its
    name is told from ``news``, and lists lack it.
    """

    def __init__(
        self,
        path: Path,
        news: Chronicle | None = None,
        write_down: Callable[[], Awaitable[bool]] = _nothing,
    ) -> None:
        self._reader = Reader(path)
        self._news = news
        self._write_down = write_down
        self._thread: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """Let go of the file, once what is asked for is answered."""
        if self._thread is not None:
            self._thread.submit(self._reader.close)
            self._thread.shutdown()
            self._thread = None

    async def transfers(
        self, wanted: TransferFilter, cursor: str = "", limit: int = 50
    ) -> Page[TransferRecord]:
        """Return a page of transfers. Raises BadCursorError, StoreError."""
        written = await self._write_down()
        page = await self._ask(lambda: self._reader.transfers(wanted, cursor, limit))
        return replace(page, behind=not written)

    async def transfer(self, id_: str) -> tuple[TransferRecord, tuple[Rung, ...]] | None:
        """Return a transfer and its SIP ladder; None when there is none. Raises StoreError."""
        await self._write_down()
        new = next((each for each in self._new_transfers if each.record.id == id_), None)
        if new is None:
            return await self._ask(lambda: self._reader.transfer(id_))
        record, written, rungs = new.record, new.written, tuple(new.rungs)
        found = await self._ask(lambda: self._reader.transfer(id_))
        return record, (*(found[1][:written] if found else ()), *rungs)

    async def calls(
        self, wanted: CallFilter, cursor: str = "", limit: int = 50
    ) -> Page[CallRecord]:
        """Return a page of calls. Raises BadCursorError, StoreError."""
        written = await self._write_down()
        page = await self._ask(lambda: self._reader.calls(wanted, cursor, limit))
        return replace(page, behind=not written)

    async def call(self, key: str) -> CallRecord | None:
        """Return a call; None when there is none. Raises StoreError."""
        await self._write_down()
        new = next((each.record for each in self._new_calls if each.record.key == key), None)
        return new or await self._ask(lambda: self._reader.call(key))

    @property
    def _new_transfers(self) -> Collection[TransferStory]:
        return self._news.transfers.keys() if self._news else ()

    @property
    def _new_calls(self) -> Collection[CallStory]:
        return self._news.calls.keys() if self._news else ()

    async def _ask(self, question: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "ledger-book")
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)
