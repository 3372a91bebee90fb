"""Live calls as the ledger keeps them for a restart: ``runtime.call_log.CallLogStore``."""

import time
from collections.abc import Sequence
from typing import Final

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.runtime.call_log import Kept

_ADD: Final = """
INSERT INTO call_log (call, number, place, at, wall, said, asked) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_LEFT: Final = """
SELECT call, number, at, wall, said, asked FROM call_log WHERE place = ? ORDER BY call, number
"""
_PRUNE: Final = """
DELETE FROM call_log WHERE call IN
    (SELECT call FROM call_log GROUP BY call HAVING max(wall) < ?)
"""

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

    def add(self, step: Kept) -> None:
        """Keep a step."""
        values = (step.call, step.number, self._place, step.at, step.wall, step.said, step.asked)
        self._file.write(_ADD, values)

    def forget(self, call: str) -> None:
        """Forget all steps of a call."""
        self._file.write("DELETE FROM call_log WHERE call = ?", (call,))

    def left(self) -> Sequence[Kept]:
        """Return what a program that has ended has left of live calls, each call in order.

        Nothing while another one runs at this place.
        """
        if not self._file.claim(self._place):
            return ()
        self._file.write(_PRUNE, (time.time() - ABANDONED_AFTER,))
        return [Kept(*row) for row in self._file.read(_LEFT, (self._place,))]
