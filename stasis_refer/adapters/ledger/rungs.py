"""The SIP ladders of the transfers, as the ledger keeps them."""

import json
from collections.abc import Sequence
from typing import Any, Final

import structlog

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.runtime.book import Rung
from stasis_refer.runtime.ports import UnwritableError

_log = structlog.get_logger(__name__)

LADDER: Final = """
SELECT messages FROM rungs WHERE transfer = ? ORDER BY number
"""
_ADD: Final = """
INSERT INTO rungs (transfer, count, messages) VALUES (?, ?, ?)
"""

_encode: Final = json.JSONEncoder(separators=(",", ":")).encode


class RungTable:
    """The table ``rungs``. Every method may raise StoreError; none waits long."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def add(self, transfer: int, rungs: Sequence[Rung]) -> None:
        """Write captured messages of the transfer whose row has this number, in this order.

        One that the file cannot hold is left out.
        """
        if not rungs:
            return
        messages = _encode([_plain(rung) for rung in rungs])
        try:
            self._file.write(_ADD, (transfer, len(rungs), messages))
        except UnwritableError as error:
            if len(rungs) == 1:
                _log.error("message of a ladder left out", row=transfer, why=str(error))
                return
            for rung in rungs:
                self.add(transfer, (rung,))

    def count(self, transfer: int) -> int:
        """Return how many are written of a transfer."""
        (row,) = self._file.read("SELECT total(count) FROM rungs WHERE transfer = ?", (transfer,))
        return int(row[0])


def rungs_of(row: Sequence[Any]) -> list[Rung]:
    """Return the messages that a row of ``LADDER`` holds. Raises ValueError when it has none."""
    return [
        Rung(float(at), bool(sent), first_line, tuple((n, v) for n, v in headers), body)
        for at, sent, first_line, headers, body in json.loads(row[0])
    ]


def _plain(rung: Rung) -> tuple[object, ...]:
    return rung.at, int(rung.sent), rung.first_line, rung.headers, rung.body
