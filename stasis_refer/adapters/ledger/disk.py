"""How what was written to the ledger is brought onto the disk."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import structlog

from stasis_refer.adapters.ledger.opening import LARGE_WAL, connect

_log = structlog.get_logger(__name__)


class Place:
    """Where the open file was: SQLite goes on writing one that is deleted or moved away.

    To be made once it is open; raises OSError where there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._was = path.stat()
        self._told = False

    def kept(self) -> bool:
        """Tell whether the file is still there, which a log line says once that it is not."""
        try:
            there = os.path.samestat(self._was, self._path.stat())
        except OSError:
            there = False
        if not there and not self._told:
            _log.error(
                "the ledger's file was deleted or replaced while it was open: what is written from"
                " now on is lost; put the file back, or start the program again",
                file=str(self._path),
            )
        self._told = not there
        return there


def checkpoint(path: Path) -> None:
    """Move what was written to its place in the file. Never raises."""
    try:
        with closing(connect(path)) as opened:
            # The first kind lets others write, so there is always something left under load;
            # the second one keeps them waiting, for that little.
            _, pages, _ = opened.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > LARGE_WAL:
                opened.execute("PRAGMA wal_checkpoint(RESTART)")
    except sqlite3.Error as error:
        _log.warning("ledger could not be tidied up", why=str(error))


def sync(path: Path) -> None:
    """Wait until what was written is on the disk. Never raises."""
    try:
        log = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(log)
        finally:
            os.close(log)
    except OSError as error:
        _log.warning("ledger could not be written to the disk", why=str(error))
