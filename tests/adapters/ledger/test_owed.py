"""What is owed, in the file."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.runtime.debts import Debt
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


def test_what_is_settled_is_there_no_more(ledger: Ledger, path: Path) -> None:
    for each in (FIRST, SECOND):
        ledger.owed.add(each)
    ledger.owed.settle(FIRST.call, 1)
    ledger.owed.settle(FIRST.call, 1)
    assert rows(path, "SELECT call FROM owed") == [SECOND.call]


def test_an_end_that_is_not_known_here_is_loud_and_holds_up_nothing(
    ledger: Ledger, path: Path
) -> None:
    fill(path, [replace(transfer(1), outcome=Outcome.BUSY, ended_at=AT)])
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("UPDATE transfers SET reason = 'won', evidence = 'sip'")
    for each in (FIRST, SECOND):
        ledger.owed.add(each)
    with capture_logs() as logs:
        assert ledger.owed.left() == [SECOND]
    assert [(each["log_level"], each["call"]) for each in logs] == [("error", FIRST.call)]
    assert rows(path, "SELECT call FROM owed") == [FIRST.call, SECOND.call]
