"""The ledger as it is read: implements ``runtime.book.Book``."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

T = TypeVar("T")


class LedgerBook:
    """Reads a file that a program writes meanwhile, in a thread of its own.

    It may be asked before the file is there, and once more after ``close``.
    """

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)
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
        return await self._ask(lambda: self._reader.transfers(wanted, cursor, limit))

    async def transfer(self, id_: str) -> tuple[TransferRecord, tuple[Rung, ...]] | None:
        """Return a transfer and its SIP ladder; None when there is none. Raises StoreError."""
        return await self._ask(lambda: self._reader.transfer(id_))

    async def calls(
        self, wanted: CallFilter, cursor: str = "", limit: int = 50
    ) -> Page[CallRecord]:
        """Return a page of calls. Raises BadCursorError, StoreError."""
        return await self._ask(lambda: self._reader.calls(wanted, cursor, limit))

    async def call(self, key: str) -> CallRecord | None:
        """Return a call; None when there is none. Raises StoreError."""
        return await self._ask(lambda: self._reader.call(key))

    async def _ask(self, question: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "ledger-book")
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)
