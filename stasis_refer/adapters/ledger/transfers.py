"""The transfers, as the ledger keeps them."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.kinds import Kinds
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.core.transfer_id import id_of
from stasis_refer.runtime.book import TransferRecord
from stasis_refer.runtime.stories import TransferStory

COLUMNS: Final = (
    "call, nth, application, dialect, direction, target, policy_group, referred_by, caller,"
    " dialed, began_at, accepted_at, ringing_at, ended_at, refer_code, notify_code, outcome,"
    " reason, evidence, detail, rule"
)
"""What a record is read from, in the order of ``record_of``."""

_ADD: Final = f"""
INSERT INTO transfers ({COLUMNS}, owner, kind)
VALUES ({", ".join("?" * 23)})
ON CONFLICT (call, nth) DO UPDATE
SET ({COLUMNS}, owner, kind) =
    ({", ".join(f"excluded.{each}" for each in (*COLUMNS.split(", "), "owner", "kind"))})
"""  # noqa: S608 - our own names
_NUMBER: Final = "SELECT number FROM transfers WHERE call = ? AND nth = ?"
_CHANGE: Final = """
UPDATE transfers
SET policy_group = ?, accepted_at = ?, ringing_at = ?, ended_at = ?, refer_code = ?,
    notify_code = ?, outcome = ?, reason = ?, evidence = ?, detail = ?, rule = ?, kind = ?
WHERE number = ?
"""
_OPEN: Final = f"""
SELECT number, owner, {COLUMNS} FROM transfers
WHERE kind IN (SELECT number FROM transfer_kinds WHERE outcome = '')
"""  # noqa: S608 - our own names


class TransferTable:
    """The table ``transfers``. Every method may raise StoreError; none waits long."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self._kinds = Kinds(
            file,
            "transfer_kinds",
            ("application", "direction", "policy_group", "outcome", "refer_code", "notify_code"),
        )

    def add(self, nth: int, record: TransferRecord) -> int:
        """Write a transfer that we have not written yet; the number of its row.

        The row may be there: a call that is taken up again can transfer as often as before.
        """
        values = (
            *(record.call, nth, record.application, record.dialect, record.direction.value),
            *(record.target, record.group, record.referred_by, record.caller, record.dialed),
            *(record.began_at, *_course(record), self._file.owner, self._kind(record)),
        )
        self._file.write(_ADD, values)
        return int(self._file.read(_NUMBER, (record.call, nth))[0][0])

    def change(self, number: int, record: TransferRecord) -> None:
        """Write how a transfer stands now."""
        values = (record.group, *_course(record), self._kind(record), number)
        self._file.write(_CHANGE, values)

    def open(self) -> list[tuple[int, TransferStory]]:
        """Return the transfers that are under way, with their owners."""
        return [
            (owner, TransferStory(row[1], record := record_of(row), row=number, kept=record))
            for number, owner, *row in self._file.read(_OPEN)
        ]

    def take(self, number: int) -> None:
        """Make a transfer our own."""
        change = "UPDATE transfers SET owner = ? WHERE number = ?"
        self._file.write(change, (self._file.owner, number))

    def _kind(self, record: TransferRecord) -> int:
        return self._kinds.number(
            record.application,
            record.direction.value,
            record.group,
            record.outcome.value if record.outcome else "",
            record.refer_code or 0,
            record.notify_code or 0,
        )


def _course(record: TransferRecord) -> Collection[object]:
    return (
        *(record.accepted_at, record.ringing_at, record.ended_at),
        *(record.refer_code, record.notify_code),
        *(each and each.value for each in (record.outcome, record.reason, record.evidence)),
        *(record.detail, record.rule),
    )


def record_of(row: Sequence[Any]) -> TransferRecord:
    """Return the record that a row with ``COLUMNS`` holds. Raises ValueError when it is none."""
    call, nth, application, dialect, direction, *parties, began_at = row[:11]
    target, group, referred_by, caller, dialed = parties
    *course, outcome, reason, evidence, detail, rule = row[11:]
    accepted_at, ringing_at, ended_at, refer_code, notify_code = course
    return TransferRecord(
        id=id_of(call, nth),
        call=call,
        application=application,
        dialect=dialect,
        direction=Direction(direction),
        target=target,
        group=group,
        referred_by=referred_by,
        caller=caller,
        dialed=dialed,
        began_at=began_at,
        accepted_at=accepted_at,
        ringing_at=ringing_at,
        ended_at=ended_at,
        refer_code=refer_code,
        notify_code=notify_code,
        outcome=Outcome(outcome) if outcome else None,
        reason=Reason(reason) if reason else None,
        evidence=Evidence(evidence) if evidence else None,
        detail=detail,
        rule=rule,
    )
