"""The SIP ladders of the transfers, as the ledger keeps them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.runtime.book import Rung
from stasis_refer.runtime.ports import UnwritableError

_log = structlog.get_logger(__name__)

LADDER: Final = """
SELECT at, sent, first_line, headers, body FROM rungs WHERE transfer = ? ORDER BY number
"""
_ADD: Final = """
INSERT INTO rungs (transfer, at, sent, first_line, headers, body) VALUES (?, ?, ?, ?, ?, ?)
"""

_encode: Final = json.JSONEncoder(separators=(",", ":")).encode


class RungTable:
    """The table ``rungs``. Every method may raise StoreError; none waits long."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def add(self, transfer: int, rungs: Iterable[Rung]) -> None:
        """Write captured messages of the transfer whose row has this number, in this order.

        One that the file cannot hold is left out.
        """
        for rung in rungs:
            headers = _encode(rung.headers)
            values = (transfer, rung.at, int(rung.sent), rung.first_line, headers, rung.body)
            try:
                self._file.write(_ADD, values)
            except UnwritableError as error:
                _log.error("message of a ladder left out", row=transfer, why=str(error))

    def count(self, transfer: int) -> int:
        """Return how many are written of a transfer."""
        (row,) = self._file.read("SELECT count(*) FROM rungs WHERE transfer = ?", (transfer,))
        return int(row[0])


def rung_of(row: Sequence[Any]) -> Rung:
    """Return the message that a row of ``LADDER`` holds. Raises ValueError when it is none."""
    at, sent, first_line, headers, body = row
    pairs = tuple((str(name), str(value)) for name, value in json.loads(headers))
    return Rung(at, bool(sent), first_line, pairs, body)
