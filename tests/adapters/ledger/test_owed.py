"""What is owed, in the file."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.runtime.debts import Debt
from stasis_refer.runtime.ports import StoreError
from tests.adapters.ledger.parcels import rows
from tests.adapters.ledger.rows import fill, transfer
from tests.transfer_records import AT

FIRST, SECOND = (Debt(f"{number:032x}", 1, "support", "twiml", "{}") for number in (1, 2))


def test_it_is_found_with_what_became_of_its_transfer(ledger: Ledger, path: Path) -> None:
    busy = {"outcome": Outcome.BUSY, "refer_code": 202, "notify_code": 486, "ended_at": AT}
    why = {"reason": Reason.FINAL_NOTIFY, "evidence": Evidence.SIP}
    fill(path, [replace(transfer(1), **busy, **why)])  # type: ignore[arg-type]
    for each in (FIRST, SECOND):
        ledger.owed.add(each)
    first, second = ledger.owed.left()
    assert first.result == Result(
        Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP, refer_code=202, notify_code=486
    )
    assert (first.said, second) == (FIRST.said, SECOND)


def test_what_could_not_be_settled_is_with_the_next_one(ledger: Ledger, path: Path) -> None:
    for each in (FIRST, SECOND):
        ledger.owed.add(each)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError):
            ledger.owed.settle(FIRST.call, 1)
        writer.execute("COMMIT")
    ledger.owed.settle(SECOND.call, 1)
    assert rows(path, "SELECT call FROM owed") == []
