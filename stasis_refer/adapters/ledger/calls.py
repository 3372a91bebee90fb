"""The calls and legs, as the ledger keeps them."""

from collections.abc import Sequence
from typing import Any, Final

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.kinds import Kinds
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.runtime.book import CallRecord

COLUMNS: Final = (
    "key, parent, application, dialect, direction, caller, caller_name, dialed, status,"
    " started_at, answered_at, ended_at, tag, rule, reason"
)
"""What a record is read from, in the order of ``record_of``."""

_PUT: Final = f"""
INSERT INTO calls ({COLUMNS}, owner, kind)
VALUES ({", ".join("?" * 17)})
ON CONFLICT (key) DO UPDATE
SET status = excluded.status, answered_at = excluded.answered_at, ended_at = excluded.ended_at,
    tag = excluded.tag, owner = excluded.owner, kind = excluded.kind
"""  # noqa: S608 - our own names
_LIVE: Final = f"""
SELECT owner, {COLUMNS} FROM calls WHERE kind IN (SELECT number FROM call_kinds WHERE live = 1)
"""  # noqa: S608 - our own names


class CallTable:
    """The table ``calls``. Every method may raise StoreError; none waits long."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self._kinds = Kinds(file, "call_kinds", ("application", "status", "live"))

    def put(self, record: CallRecord) -> None:
        """Write how a call stands now."""
        status, live = record.status.value, int(record.ended_at is None)
        values = (
            *(record.key, record.parent, record.application, record.dialect),
            *(record.direction.value, record.caller, record.caller_name, record.dialed, status),
            *(record.started_at, record.answered_at, record.ended_at, record.tag),
            *(record.rule, record.reason),
            *(self._file.owner, self._kinds.number(record.application, status, live)),
        )
        self._file.write(_PUT, values)

    def live(self) -> list[tuple[int, CallRecord]]:
        """Return the calls that are not over, with their owners."""
        return [(owner, record_of(row)) for owner, *row in self._file.read(_LIVE)]


def record_of(row: Sequence[Any]) -> CallRecord:
    """Return the record that a row with ``COLUMNS`` holds. Raises ValueError when it is none."""
    key, parent, application, dialect, direction, *parties, status = row[:9]
    caller, caller_name, dialed = parties
    started_at, answered_at, ended_at, tag, rule, reason = row[9:]
    return CallRecord(
        key=key,
        parent=parent,
        application=application,
        dialect=dialect,
        direction=CallDirection(direction),
        caller=caller,
        caller_name=caller_name,
        dialed=dialed,
        status=CallStatus(status),
        started_at=started_at,
        answered_at=answered_at,
        ended_at=ended_at,
        tag=tag,
        rule=rule,
        reason=reason,
    )
