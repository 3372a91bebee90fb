"""Transfers and calls, written as the recorder does."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from stasis_refer.adapters.ledger.calls import CallTable
from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.rungs import RungTable
from stasis_refer.adapters.ledger.transfers import TransferTable
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.transfer_id import parts_of
from stasis_refer.runtime.book import CallRecord, TransferRecord
from tests.transfer_records import AT, LADDER, OPEN

CALL = CallRecord(
    key="c1",
    parent="",
    application="support",
    dialect="twiml",
    direction=CallDirection.INBOUND,
    caller="+491234",
    caller_name="Alice",
    dialed="support",
    status=CallStatus.RINGING,
    started_at=AT,
)


def transfer(number: int, at: float = 0.0, **changes: object) -> TransferRecord:
    call = f"{number:032x}"
    return replace(OPEN, call=call, id=f"{call}-1", began_at=AT + at, **changes)  # type: ignore[arg-type]


def call(number: int, at: float = 0.0, **changes: object) -> CallRecord:
    return replace(CALL, key=f"{number:032x}", started_at=AT + at, **changes)  # type: ignore[arg-type]


def fill(
    path: Path, transfers: Iterable[TransferRecord] = (), calls: Iterable[CallRecord] = ()
) -> None:
    """Write rows into a file, which is made; each transfer with a ladder."""
    file = LedgerFile(path)
    file.open()
    table, rungs, others = TransferTable(file), RungTable(file), CallTable(file)
    with closing(file), file.step():
        for record in transfers:
            row = table.add(parts_of(record.id)[1], record)
            rungs.add(row, LADDER)
        for each in calls:
            others.put(each)
