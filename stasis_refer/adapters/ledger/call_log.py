"""Live calls as the ledger keeps them for a restart: ``runtime.call_log.CallLogStore``."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.runtime.call_log import Kept
from stasis_refer.runtime.ports import BusyError

_ADD: Final = """
INSERT INTO call_log (call, number, place, wall, steps) VALUES (?, ?, ?, ?, ?)
"""
_LEFT: Final = """
SELECT call, number, steps FROM call_log WHERE place = ? ORDER BY call, number
"""
_PRUNE: Final = """
DELETE FROM call_log WHERE call IN
    (SELECT call FROM call_log GROUP BY call HAVING max(wall) < ?)
"""

_OF_NO_NUMBER: Final = 0

ABANDONED_AFTER: Final = 7 * 86400.0
"""Seconds that a call is kept whose place nobody comes back to."""


class CallLogTable:
    """The table ``call_log``. Every method may raise StoreError; none waits long.

    ``place`` says which Asterisk the calls are on, and under which name we are there: several
    programs may share the file, and no other one can take them up.
    """

    def __init__(self, file: LedgerFile, place: str) -> None:
        self._file = file
        self._place = place

    def add(self, steps: Sequence[Kept]) -> None:
        """Keep steps of one call, in order; those before them are kept."""
        first, last = steps[0], steps[-1]
        lines = "\n".join([_line(step) for step in steps])
        self._file.write(_ADD, (first.call, first.number, self._place, last.wall, lines))

    def forget(self, call: str) -> None:
        """Forget all steps of a call."""
        self._file.write("DELETE FROM call_log WHERE call = ?", (call,))

    def left(self) -> Sequence[Kept]:
        """Return what a program that has ended has left of live calls, each call in order.

        Nothing while another one runs at this place.
        """
        if not self._file.claim(self._place):
            return ()
        with suppress(BusyError):  # they are deleted another time: no call is lost for them
            self._file.write(_PRUNE, (time.time() - ABANDONED_AFTER,))
        rows = self._file.read(_LEFT, (self._place,))
        return [step for call, number, steps in rows for step in _steps(call, number, steps)]


def _line(step: Kept) -> str:
    # What is said is JSON in one line, and last.
    return f"{step.at!r}\t{step.wall!r}\t{step.asked}\t{step.said}"


def _steps(call: str, first: int, lines: str) -> Iterator[Kept]:
    """Yield the steps of a row; one that cannot be read is of no number, and the last.

    So its call is known, has a step missing, and is not taken up as it was some steps ago.
    """
    for number, line in enumerate(str(lines).split("\n"), first):  # it may be bytes by now
        try:
            at, wall, asked, said = line.split("\t", 3)
            yield Kept(call, number, float(at), float(wall), said, asked)
        except ValueError:
            yield Kept(call, _OF_NO_NUMBER, 0.0, 0.0, "", "")
            return
