"""What is owed of transfers, as the ledger keeps it: ``runtime.debts.DebtStore``."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import structlog

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.runtime.debts import Debt

_log = structlog.get_logger(__name__)

_ADD: Final = """
INSERT OR REPLACE INTO owed (call, number, owner, application, dialect, said)
VALUES (?, ?, ?, ?, ?, ?)
"""
_SETTLE: Final = "DELETE FROM owed WHERE call = ? AND number = ?"
# What is of another place's calls is left to who takes them up there.
_LEFT: Final = """
SELECT owed.owner, owed.call, owed.number, owed.application, owed.dialect, owed.said,
    outcome, reason, evidence, refer_code, notify_code
FROM owed LEFT JOIN transfers ON transfers.call = owed.call AND transfers.nth = owed.number
WHERE NOT EXISTS (SELECT 1 FROM call_log WHERE call_log.call = owed.call AND place <> ?)
ORDER BY owed.call, owed.number
"""


class OwedTable:
    """The table ``owed``. Every method may raise StoreError; none waits long.

    ``place`` is as of ``CallLogTable``.
    """

    def __init__(self, file: LedgerFile, place: str) -> None:
        self._file = file
        self._place = place

    def add(self, debt: Debt, kept: Callable[[], None] = lambda: None) -> None:
        """Keep what is owed; ``kept`` is called once it is on file."""
        names = (debt.call, debt.number, self._file.owner, debt.application, debt.dialect)
        self._file.write(_ADD, (*names, debt.said))
        self._file.when_kept(kept)

    def settle(self, call: str, number: int) -> None:
        """Forget what is owed no more; there may be nothing."""
        self._file.write(_SETTLE, (call, number))

    def left(self, ours: Collection[str] = ()) -> Sequence[Debt]:
        """Return what programs that have ended owe; it is our own from now on.

        So is what the calls of these keys owe, whoever has the rest of what their program left.
        """
        rows = self._file.read(_LEFT, (self._place,))
        found = (row for row in rows if row[1] in ours or self._file.take_over(row[0]))
        return [debt for row in found if (debt := _debt(row[1:]))]


def _debt(row: Sequence[Any]) -> Debt | None:
    call, number, application, dialect, said, outcome, reason, evidence, *codes = row
    result = None
    try:
        if outcome is not None:
            result = Result(Outcome(outcome), Reason(reason), Evidence(evidence), *codes)
    except ValueError as error:  # of a version that knows more, which may run again
        _log.error("end of a transfer cannot be told", call=call, transfer=number, why=str(error))
        return None
    return Debt(call, number, application, dialect, said, result)
