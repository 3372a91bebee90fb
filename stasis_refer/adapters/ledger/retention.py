"""How long transfers and calls are kept: until they are old, or the file is large."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Final

import structlog

from stasis_refer.adapters.ledger.cursor import START
from stasis_refer.adapters.ledger.opening import connect
from stasis_refer.adapters.ledger.pages import CALLS, TRANSFERS, Table, oldest

_log = structlog.get_logger(__name__)

_PORTION: Final = 20
"""Transfers and calls deleted at once: meanwhile nobody else can write, for a few ms."""

_BREATH: Final = 0.02  # seconds between two portions
_MOST: Final = 200
"""Transfers and calls deleted until somebody else has the thread."""

_READ: Final = {
    TRANSFERS: "SELECT max(length(messages)) FROM rungs WHERE transfer = ?",
    CALLS: "SELECT tag FROM calls WHERE number = ?",
}
_OTHERS: Final = """
SELECT (
    SELECT total(80 + length(id) + length(call) + length(application) + length(dialect)
        + length(kind) + length(method) + length(url) + length(fields) + length(why)) FROM outbox
) + (
    SELECT total(40 + length(call) + length(place) + length(steps)) FROM call_log
) + (
    SELECT total(200 + length(began)) FROM request_keys
) + (
    SELECT total(40 + length(call) + length(application) + length(dialect) + length(said)) FROM owed
)
"""
"""About how many bytes are no transfers and calls; exactly, only some builds of SQLite can tell."""

_DELETE: Final = {
    TRANSFERS: (
        "DELETE FROM rungs WHERE transfer = ?",
        "DELETE FROM transfers WHERE number = ?",
    ),
    CALLS: ("DELETE FROM calls WHERE number = ?",),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """For how many days transfers and calls are kept, and in how much of the file (MB)."""

    keep_days: float = 90.0
    max_megabytes: float = 1024.0


def tidy_up(path: Path, limits: Limits, now: float) -> int:
    """Delete some of what is to be kept no longer; how many transfers and calls. 0: that was all.

    ``now`` is in seconds since 1970. Never raises; it takes a second or so, and lets others write
    all the time. What is under way is kept. The file does not shrink: it is used again.
    """
    try:
        with closing(connect(path)) as opened:
            return _delete_old(opened, limits, now)
    except sqlite3.Error as error:
        _log.warning("old transfers could not be deleted from the ledger", why=str(error))
        return 0


def used(opened: sqlite3.Connection) -> int:
    """Return how many bytes of the file are in use."""
    size, pages, free = (
        opened.execute(f"PRAGMA {each}").fetchone()[0]
        for each in ("page_size", "page_count", "freelist_count")
    )
    return int(size * (pages - free))


def _delete_old(opened: sqlite3.Connection, limits: Limits, now: float) -> int:
    deleted, most = 0, limits.max_megabytes * 1024 * 1024
    old = _oldest(opened, now - limits.keep_days * 86400)
    if not old:
        if used(opened) <= most:
            return 0
        # What is no transfer and no call goes in its own time: to delete these makes up for none.
        most += opened.execute(_OTHERS).fetchone()[0]
    for portion in _portions(old or _oldest(opened, START.at)):
        if not old and used(opened) <= most:
            break
        _delete(opened, portion)
        deleted += len(portion)
        time.sleep(_BREATH)
    return deleted


def _oldest(opened: sqlite3.Connection, before: float) -> list[tuple[Table, int]]:
    found = [
        (at, number, table)
        for table in _DELETE
        for at, number in opened.execute(*oldest(table, before, _MOST))
    ]
    found.sort(key=itemgetter(0))
    return [(table, number) for _, number, table in found[:_MOST]]


def _portions(rows: Sequence[tuple[Table, int]]) -> Iterator[Sequence[tuple[Table, int]]]:
    for start in range(0, len(rows), _PORTION):
        yield rows[start : start + _PORTION]


def _delete(opened: sqlite3.Connection, rows: Sequence[tuple[Table, int]]) -> None:
    for table, number in rows:
        opened.execute(_READ[table], (number,)).fetchall()  # the disk is waited for out here
    opened.execute("BEGIN IMMEDIATE")
    try:
        for table, number in rows:
            for statement in _DELETE[table]:
                opened.execute(statement, (number,))
    except BaseException:
        opened.execute("ROLLBACK")
        raise
    opened.execute("COMMIT")
