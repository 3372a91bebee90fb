"""The ledger: what must outlive the program, in one SQLite file."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import structlog

from stasis_refer.adapters.ledger.book import LedgerBook
from stasis_refer.adapters.ledger.call_log import CallLogTable
from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.keys import KeyTable
from stasis_refer.adapters.ledger.outbox import OutboxTable
from stasis_refer.adapters.ledger.owed import OwedTable
from stasis_refer.adapters.ledger.quota_uses import QuotaTable
from stasis_refer.adapters.ledger.recorder import MOST_AT_ONCE, Recorder
from stasis_refer.adapters.ledger.retention import Limits, tidy_up
from stasis_refer.runtime.book import TransferRecord
from stasis_refer.runtime.chronicle import Chronicle
from stasis_refer.runtime.feed import Feed
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.ports import BusyError, StoreError
from stasis_refer.runtime.stories import TransferStory

_log = structlog.get_logger(__name__)

_WRITE_EVERY: Final = 0.2  # seconds
_MOST_WAITING: Final = 10_000  # transfers, and calls, while the file cannot be written
_TIDY_EVERY: Final = 60.0  # seconds
_TRY_AGAIN: Final = 5.0  # seconds, after a bug
_WAITS_AT_THE_END: Final = 2.0  # seconds, for somebody who has the file locked
_POLL: Final = 0.05  # seconds
_LOOK_AGAIN: Final = 0.5  # seconds, at a file that is locked when the program starts
PATIENCE: Final = 30.0
"""Seconds that a start waits for somebody else who has the file locked: a backup, say."""


class Ledger:
    """The file and its tables, as one program has them open.

    ``open`` first, ``close`` at the end; it may be opened again. ``place`` says which Asterisk
    the calls are on, and under which name. ``tap`` writes down what the
    journal says of transfers and calls; ``feed`` tells of transfers as they change, and ``book``
    what is kept. ``hide``: the parties are not to be told, neither there nor in the file.
    ``clock`` is that of ``Entry.at``; ``failed`` is called for each write that fails.
    """

    def __init__(  # noqa: PLR0913 - what of each part is to be settled
        self,
        path: Path,
        place: str = "",
        *,
        hide: bool = False,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.feed = Feed()
        self._limits = limits
        self._failed = failed
        self._good = True
        self._lossy = False  # it could not be written for so long that something is lost
        self._file = LedgerFile(path, failed)
        self.call_log = CallLogTable(self._file, place)
        self.outbox = OutboxTable(self._file)
        self.keys = KeyTable(self._file, time.time)
        self.owed = OwedTable(self._file, place)
        self.quotas = QuotaTable(self._file)
        self._chronicle = Chronicle(time.time, clock, self.feed.publish, hide=hide)
        self._recorder = Recorder(self._file, self._chronicle, self.feed.publish)
        self.book = LedgerBook(path.absolute(), self._chronicle, self._write_what_is_new)

    def open(self) -> None:
        """Open the file, made if there is none, with tables of this version.

        Raises StoreError with the remedy; BusyError where that is to wait.
        """
        self._file.open()
        self.outbox.opened()

    async def open_when_free(self) -> None:
        """Open the file as ``open`` does, and wait for 30 s at most for who has it locked."""
        await when_free(self.open)

    def close(self) -> None:
        """Write down what is left to be, for 2 s at most where the file is locked, and close it."""
        self.feed.close()
        self._write_all()
        self.book.close()
        self._file.close()

    def tap(self, entry: Entry) -> None:
        """Write down what a step of a call says. Never raises, never waits long.

        That a transfer began or ended is in the file when this returns, all else, and what cannot
        be written now, is there soon: ``keep`` sees to it.
        """
        try:
            turned = self._chronicle.note(entry)
            if turned and self._good:
                self._write(turned)
        except Exception:  # noqa: BLE001 - a bug here must not end a call
            _log.exception("a step of a call could not be written down", call=entry.call.key)

    def close_open(
        self, except_calls: Collection[str], parties: Collection[str], at: float
    ) -> list[TransferRecord]:
        """Close what programs that have ended left under way, as ``Recorder.close_open`` does.

        Raises StoreError.
        """
        closed = self._recorder.close_open(except_calls, parties, at)
        for each in closed:
            _log.warning("transfer was under way when the program ended", transfer=each.id)
        return closed

    def step(self) -> AbstractContextManager[None]:
        """Make one transaction of what is written inside, as ``LedgerFile.step`` says."""
        return self._file.step()

    async def keep(self) -> None:
        """Bring what was written onto the disk now and then, until cancelled.

        Write down what could not be written before, and delete what is kept no longer.
        """
        async with asyncio.TaskGroup() as works:
            for work in (self._file.keep, self._write_the_rest, self._tidy_up):
                works.create_task(_kept_up(work))

    def writable(self) -> bool:
        """Tell whether the file can be written; tried out when it was not written of late."""
        return self._file.writable()

    def _write_all(self) -> None:
        end = time.monotonic() + _WAITS_AT_THE_END
        while self._recorder.behind and time.monotonic() < end:
            try:
                if self._write_some():
                    end = time.monotonic() + _WAITS_AT_THE_END
                else:
                    time.sleep(_POLL)
            except Exception:  # noqa: BLE001 - what it was in is left out, and the rest is written
                _log.exception("a transfer or a call could not be written down")
        if self._recorder.behind:
            _log.error("ledger cannot be written at the end: what was not written yet is lost")

    def _write_some(self) -> bool:
        return self._write(most=MOST_AT_ONCE)

    def _write(self, first: Sequence[TransferStory] = (), *, most: int = 0) -> bool:
        if not self._good:
            self._recorder.is_late()
        try:
            self._recorder.write(first, most=most)
        except StoreError as error:
            self._not_written(error)
            return False
        if not self._good:
            self._good, self._lossy = True, False
            _log.info("ledger can be written again")
        return True

    def _not_written(self, error: StoreError) -> None:
        self._failed()
        if self._good:
            self._good = False
            _log.error("ledger cannot be written: calls go on without it", why=str(error))
        if self._recorder.leave_out_beyond(_MOST_WAITING) and not self._lossy:
            self._lossy = True
            _log.error("ledger could not be written for too long: transfers are left out")

    async def _write_what_is_new(self) -> bool:
        """Write down what somebody who reads now has to find; whether that could be."""
        new = len(self._chronicle.transfers) + len(self._chronicle.calls)
        for _ in range(0, new, MOST_AT_ONCE):
            if not (self._good and self._recorder.behind and self._write_some()):
                break
            await asyncio.sleep(0)
        return self._good or not self._recorder.behind

    async def _write_the_rest(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_EVERY)
            while self._recorder.behind and self._write_some():  # noqa: ASYNC110 - calls have their turn
                await asyncio.sleep(0)

    async def _tidy_up(self) -> None:
        while True:
            with self._file.tidying():
                deleted = await asyncio.to_thread(
                    tidy_up, self._file.path, self._limits, time.time()
                )
            self._file.written_elsewhere(deleted)
            await asyncio.sleep(0 if deleted else _TIDY_EVERY)


async def when_free(do: Callable[[], object]) -> None:
    """Do something to a file, and wait for 30 s at most for who has it locked.

    Raises StoreError as ``do`` does; BusyError only behind that time.
    """
    end = time.monotonic() + PATIENCE
    told = False
    while True:
        try:
            do()
        except BusyError as error:
            if time.monotonic() > end:
                raise
            if not told:
                _log.warning("waiting for the ledger", why=str(error), seconds=PATIENCE)
            told = True
        else:
            return
        await asyncio.sleep(_LOOK_AGAIN)


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """Begin a work that has no end anew whenever it fails, so that none ends the others."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - a bug in one must not end the others
            _log.exception("keeping the ledger failed: it goes on", work=work.__name__)
        await asyncio.sleep(_TRY_AGAIN)
