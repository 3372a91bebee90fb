"""How fast the ledger answers, with a million transfers in it."""

import asyncio
import random
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Final

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.runtime.book import TransferFilter

ROWS: Final = 1_000_000
_PAGE: Final = 50
_ROUNDS: Final = 7
_NEWEST: Final = 1_764_000_000.0  # seconds since 1970
_EVERY: Final = 7.0  # seconds between two transfers
_OLDEST: Final = _NEWEST - ROWS * _EVERY
_OLD: Final = 2000
"""Rows, the oldest ones, of what is seldom: whoever looks for it from the newest on looks long."""

_APPLICATIONS: Final = tuple(f"app{number}" for number in range(20))
_ENDS: Final = (
    *((Outcome.COMPLETED, 202, 200),) * 12,
    *((Outcome.BUSY, 202, code) for code in (486, 600)),
    *((Outcome.NO_ANSWER, 202, code) for code in (408, 480, 487)),
    *((Outcome.FAILED, 202, code) for code in (404, 500, 503)),
    *((Outcome.REJECTED, code, 0) for code in (403, 405, 603)),
    (Outcome.UNCONFIRMED, 202, 180),
    (Outcome.CANCELED, 202, 0),
)
_SELDOM: Final = ((Outcome.ERROR, 0, 0), (Outcome.FAILED, 202, 501))

FILTERS: Final[Mapping[str, TransferFilter]] = {
    "none": TransferFilter(),
    "outcome": TransferFilter(outcome=Outcome.BUSY),
    "outcome, seldom": TransferFilter(outcome=Outcome.ERROR),
    "outcome and application, seldom": TransferFilter(outcome=Outcome.COMPLETED, application="old"),
    "application": TransferFilter(application="app7"),
    "code": TransferFilter(code=486),
    "code, seldom": TransferFilter(code=501),
    "direction and code": TransferFilter(direction=Direction.RECEIVED, code=202),
    "group": TransferFilter(group="default"),
    "group, seldom": TransferFilter(group="old"),
    "open": TransferFilter(open=True),
    "time": TransferFilter(since=_OLDEST + 1e6, until=_OLDEST + 2e6),
    "time and outcome, nothing found": TransferFilter(
        since=_NEWEST - 5e6, until=_NEWEST - 1e6, outcome=Outcome.ERROR
    ),
    "all, seldom": TransferFilter(
        since=_OLDEST,
        until=_NEWEST,
        outcome=Outcome.FAILED,
        direction=Direction.SENT,
        application="old",
        code=501,
        group="old",
        open=False,
    ),
    "call": TransferFilter(call=f"{ROWS // 2:032x}"),
}


async def seconds_a_page(folder: Path) -> dict[str, float]:
    """Return how many seconds a page takes with each filter, by its name: a median.

    The file is made in the folder, and has about 300 MB.
    """
    path = folder / "million.db"
    await asyncio.to_thread(_fill, path)
    ledger = Ledger(path)
    try:
        found = {}
        for name, wanted in FILTERS.items():
            times = [await _time(ledger, wanted) for _ in range(_ROUNDS)]
            found[name] = sorted(times)[_ROUNDS // 2]
        return found
    finally:
        ledger.close()


async def _time(ledger: Ledger, wanted: TransferFilter) -> float:
    """Return the longer of two times: for the first page, and for the one behind it."""
    began = perf_counter()
    page = await ledger.book.transfers(wanted, limit=_PAGE)
    first = perf_counter() - began
    if not page.next:
        return first
    began = perf_counter()
    await ledger.book.transfers(wanted, page.next, _PAGE)
    return max(first, perf_counter() - began)


def _fill(path: Path) -> None:
    ledger = Ledger(path)
    ledger.open()
    ledger.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("PRAGMA synchronous = OFF")
        opened.execute("BEGIN")
        kinds: dict[tuple[object, ...], int] = {}
        opened.executemany(_ADD, _rows(kinds))
        opened.executemany(
            f"INSERT INTO transfer_kinds VALUES ({', '.join('?' * 7)})",  # noqa: S608 - our own
            ((number, *kind) for kind, number in kinds.items()),
        )
        opened.execute("COMMIT")


_ADD: Final = f"""
INSERT INTO transfers (
    owner, call, nth, kind, application, dialect, direction, target, policy_group, referred_by,
    caller, dialed, began_at, accepted_at, ringing_at, ended_at, refer_code, notify_code, outcome,
    reason, evidence, detail
) VALUES ({", ".join("?" * 22)})
"""  # noqa: S608 - our own


def _rows(kinds: dict[tuple[object, ...], int]) -> Iterator[tuple[object, ...]]:
    chosen = random.Random(1)  # noqa: S311 - the same each time
    for number in range(ROWS):
        old = number < _OLD
        application = "old" if old and number % 2 else chosen.choice(_APPLICATIONS)
        direction = chosen.choice((Direction.SENT, Direction.SENT, Direction.RECEIVED)).value
        group = "old" if old and number % 3 else "default"
        ends = (*_ENDS, *_SELDOM) if old else _ENDS
        outcome, refer_code, notify_code = chosen.choice(ends)
        open_ = number > ROWS - 50 or number % (ROWS // 5) == 0
        ended = "" if open_ else outcome.value
        kind = (application, direction, group, ended, refer_code, notify_code)
        at = _OLDEST + number * _EVERY
        yield (
            *(1, f"{number:032x}", 1, kinds.setdefault(kind, len(kinds) + 1), application),
            *("twiml", direction, f"sip:{number % 5000}@example.com", group, ""),
            *(str(number % 9999), "support", at, at + 0.1, at + 2, None if open_ else at + 9),
            *(refer_code or None, notify_code or None, ended or None),
            *(None if open_ else Reason.FINAL_NOTIFY.value, Evidence.SIP.value, ""),
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="stasis-refer-bench-") as made:
        for filtered_by, taken in asyncio.run(seconds_a_page(Path(made))).items():
            sys.stdout.write(f"{filtered_by:34}{taken * 1000:8.2f} ms\n")
