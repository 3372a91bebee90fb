"""How the ledger's file is made, brought to this version, and opened."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from stasis_refer.adapters.ledger.schema import MIGRATIONS
from stasis_refer.runtime.ports import StoreError

BUSY: Final = 0.5  # seconds that opening and checkpoints wait for somebody else's write
LARGE_WAL: Final = 4096  # pages, of 4 KiB

SET_VERSION: Final = f"PRAGMA user_version = {len(MIGRATIONS)}"


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a ledger read-only; a program may have it open too.

    Raises StoreError when there is none, when it is of another version, when it is broken.
    """
    where = path.absolute()
    if not where.is_file():
        raise StoreError(f"{where}: there is no such file: the program makes it when it runs")
    try:
        opened = sqlite3.connect(f"{where.as_uri()}?mode=ro", timeout=BUSY, uri=True)
        try:
            _check_version(opened, at_least=len(MIGRATIONS))
        except BaseException:
            opened.close()
            raise
    except (sqlite3.Error, ValueError) as error:
        raise cannot_read(where, error) from error
    return opened


def cannot_read(path: Path, error: Exception) -> StoreError:
    """Return what to raise when a ledger cannot be read."""
    return StoreError(f"{path} cannot be read: {error}")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Have a ledger open as ``open_to_read`` does. Raises StoreError."""
    with closing(open_to_read(path)) as opened:
        try:
            yield opened
        except (sqlite3.Error, ValueError) as error:
            raise cannot_read(path.absolute(), error) from error


def connect(path: Path) -> sqlite3.Connection:
    """Open a file that is there, to read and write it."""
    # isolation_level None: each statement is its own transaction.
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", timeout=BUSY, isolation_level=None, uri=True)


def make(path: Path) -> None:
    """Make an empty file that only its owner may read, if there is none."""
    # Letters have URLs with credentials. SQLite gives its other files the same mode.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def set_up(opened: sqlite3.Connection) -> None:
    """Bring the file to this version; raises ValueError when it cannot be ours."""
    _check_version(opened, at_least=0)
    (mode,) = opened.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise ValueError("its file system has no shared memory")
    opened.execute("PRAGMA synchronous = NORMAL")
    opened.execute("PRAGMA wal_autocheckpoint = 0")  # `keep` does it: an fsync takes too long
    opened.execute(f"PRAGMA journal_size_limit = {LARGE_WAL * 4096}")
    opened.execute("BEGIN IMMEDIATE")
    for statements in MIGRATIONS[_check_version(opened, at_least=0) :]:
        for statement in statements:
            opened.execute(statement)
    opened.execute(SET_VERSION)  # in the same transaction as what it speaks of
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
