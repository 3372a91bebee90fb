"""The ledger's file: how it is opened, shared, written, read, and brought onto the disk.

It is in WAL mode with ``synchronous=NORMAL``: what was written survives our own end, however
sudden, and waits for no disk. A power cut can cost what was written in the last two seconds: a
parcel may be lost then, or one that was delivered may be sent again.
"""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import structlog

from stasis_refer.adapters.ledger.schema import MIGRATIONS
from stasis_refer.runtime.ports import StoreError

_log = structlog.get_logger(__name__)

_BUSY: Final = 0.5  # seconds that opening and checkpoints wait for somebody else's write
_BUSY_LOOP: Final = 0.02  # the same for what runs in the loop's thread: all calls wait with it
_SYNC_EVERY: Final = 2.0  # seconds
_CHECKPOINT_EVERY: Final = 60.0  # seconds
_MANY: Final = 2000  # writes, after which a checkpoint does not wait for its time
_LARGE_WAL: Final = 4096  # pages, of 4 KiB
_PROBED_FOR: Final = 2.0  # seconds that a look whether the file can be written is good for

_SET_VERSION: Final = f"PRAGMA user_version = {len(MIGRATIONS)}"


class LedgerFile:
    """The file, as one program has it open; ``open`` first, ``close`` at the end.

    Several programs may have it open. Each owns what it adds, under the lowest number whose lock
    file no other has locked; what those own that have ended goes to who locks their files next.
    Statements are short and run in the loop's thread; ``keep`` does the rest in another.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._opened: sqlite3.Connection | None = None
        self.owner = 0
        self._locks: dict[int, int] = {}  # file descriptors, by owner: us, and who has ended
        self._written = 0  # statements since the last checkpoint
        self._tidying = False
        self._good = True
        self._looked_at = 0.0

    def open(self) -> None:
        """Open the file, made if there is none, with a schema of this version.

        Raises StoreError with the remedy.
        """
        try:
            _make(self.path)
            self._opened = _connect(self.path)
            _set_up(self._opened)
            self.owner = next(owner for owner in count(1) if self.take_over(owner))
        except (OSError, ValueError, sqlite3.Error) as error:
            self.close()
            why = error.strerror if isinstance(error, OSError) else error
            raise StoreError(
                f"{self.path} cannot be used: {why}: let the program write there, on a local "
                "disk, or name another file"
            ) from error
        self._good, self._looked_at = True, time.monotonic()
        if self.owner > 1:
            _log.warning("another program has the ledger open: each sends what it was given")

    def close(self) -> None:
        """Close the file; it may be opened again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        for lock in self._locks.values():
            os.close(lock)
        self._locks.clear()

    async def keep(self) -> None:
        """Bring what was written onto the disk now and then, until cancelled.

        A checkpoint more seldom: the first write behind one waits for the disk, in the loop.
        """
        tidied_at = time.monotonic()
        while True:
            await asyncio.sleep(min(_SYNC_EVERY, _CHECKPOINT_EVERY))
            if not self._written:
                continue
            if time.monotonic() - tidied_at < _CHECKPOINT_EVERY and self._written < _MANY:
                await asyncio.to_thread(_sync, self.path)
                continue
            self._written, self._tidying, tidied_at = 0, True, time.monotonic()
            try:
                await asyncio.to_thread(_checkpoint, self.path)
            finally:
                self._tidying = False

    def writable(self) -> bool:
        """Tell whether the file can be written; tried out when it was not written of late."""
        if time.monotonic() - self._looked_at > _PROBED_FOR:
            with suppress(StoreError):
                self.write(_SET_VERSION)  # writes a page, though always the same one
        return self._good

    @property
    def owners(self) -> Collection[int]:
        """Us, and those that have ended and whose part was taken over."""
        return self._locks.keys()

    def take_over(self, owner: int) -> bool:
        """Lock what an owner left, and whatever is added in its name; False while it runs."""
        if owner in self._locks:
            return True
        path = Path(f"{self.path}-lock{owner}")
        try:
            lock = _lock(path)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error
        if lock is None:
            return False
        self._locks[owner] = lock
        return True

    def write(self, statement: str, values: Sequence[object] = ()) -> int:
        """Execute a statement that writes; the number of the row that it added, if one.

        Raises StoreError.
        """
        patience = self._patience()
        self._good, self._looked_at = False, time.monotonic()
        with self._using() as opened:
            opened.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
            added = opened.execute(statement, values).lastrowid
        self._good = True
        self._written += 1
        return added or 0

    def _patience(self) -> float:
        """Return for how many seconds a write may wait for somebody else's."""
        if not self._good:
            return 0.0  # or each write that fails would hold up all calls anew
        # A checkpoint of our own takes longer than any write, but it ends.
        return _BUSY if self._tidying else _BUSY_LOOP

    def read(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return what a statement finds. Raises StoreError."""
        with self._using() as opened:
            return opened.execute(statement, values).fetchall()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        if self._opened is None:
            raise StoreError(f"{self.path} is closed")
        try:
            yield self._opened
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise StoreError(f"{self.path}: {error}") from error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Have a ledger open read-only; a program may have it open too.

    Raises StoreError when there is none, when it is of another version, when it is broken.
    """
    where = path.absolute()
    if not where.is_file():
        raise StoreError(f"{where}: there is no such file: the program makes it when it runs")
    try:
        with closing(sqlite3.connect(f"{where.as_uri()}?mode=ro", uri=True)) as opened:
            _check_version(opened, at_least=len(MIGRATIONS))
            yield opened
    except (sqlite3.Error, ValueError) as error:
        raise StoreError(f"{where} cannot be read: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level None: each statement is its own transaction.
    return sqlite3.connect(
        f"{path.as_uri()}?mode=rw", timeout=_BUSY, isolation_level=None, uri=True
    )


def _make(path: Path) -> None:
    # Letters have URLs with credentials. SQLite gives its other files the same mode.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _set_up(opened: sqlite3.Connection) -> None:
    """Bring the file to this version; raises ValueError when it cannot be ours."""
    _check_version(opened, at_least=0)
    (mode,) = opened.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise ValueError("its file system has no shared memory")
    opened.execute("PRAGMA synchronous = NORMAL")
    opened.execute("PRAGMA wal_autocheckpoint = 0")  # `keep` does it: an fsync takes too long
    opened.execute(f"PRAGMA journal_size_limit = {_LARGE_WAL * 4096}")
    opened.execute("BEGIN IMMEDIATE")
    for statements in MIGRATIONS[_check_version(opened, at_least=0) :]:
        for statement in statements:
            opened.execute(statement)
    opened.execute(_SET_VERSION)  # in the same transaction as what it speaks of
    opened.execute("COMMIT")


def _check_version(opened: sqlite3.Connection, *, at_least: int) -> int:
    (version,) = opened.execute("PRAGMA user_version").fetchone()
    (tables,) = opened.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and not version:
        raise ValueError("it is a database of something else")
    if version > len(MIGRATIONS):
        raise ValueError("it was written by a newer version of this program")
    if version < at_least:
        raise ValueError("it was written by an older version of this program, which is to run once")
    return int(version)


def _lock(path: Path) -> int | None:
    """Return the descriptor of a file that is locked as long as it is open; None if it is."""
    # A file of its own: SQLite's locks on the ledger go when any descriptor of it is closed.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor


def _checkpoint(path: Path) -> None:
    try:
        with closing(_connect(path)) as opened:
            # The first kind lets others write, so there is always something left under load;
            # the second one keeps them waiting, for that little.
            _, pages, _ = opened.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > _LARGE_WAL:
                opened.execute("PRAGMA wal_checkpoint(RESTART)")
    except sqlite3.Error as error:
        _log.warning("ledger could not be tidied up", why=str(error))


def _sync(path: Path) -> None:
    try:
        log = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(log)
        finally:
            os.close(log)
    except OSError as error:
        _log.warning("ledger could not be written to the disk", why=str(error))
