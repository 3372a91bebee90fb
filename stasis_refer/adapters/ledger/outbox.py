"""What applications are still to be told, as the ledger keeps it: ``runtime.ports.OutboxStore``."""

import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.core.application import Callback, Method
from stasis_refer.core.intents import TellKind
from stasis_refer.core.redacted import redacted
from stasis_refer.dialects.dialect import Letter
from stasis_refer.runtime.ports import Leftover, Parcel, UnreadableError

GIVEN_UP_KEPT: Final = 30 * 86400.0  # seconds

_ADD: Final = """
INSERT INTO outbox
    (owner, id, call, application, dialect, kind, method, url, fields, made_at, next_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_READ: Final = """
SELECT id, call, application, dialect, kind, method, url, fields, made_at
FROM outbox WHERE number = ? AND given_up_at IS NULL
"""
_NEXT_OWNER: Final = "SELECT min(owner) FROM outbox WHERE owner > ? AND given_up_at IS NULL"
_LEFTOVERS: Final = """
SELECT number, call, url, tries, next_at
FROM outbox WHERE owner = ? AND number <= ? AND given_up_at IS NULL
"""
_PRUNE: Final = """
DELETE FROM outbox
WHERE number IN (SELECT number FROM outbox WHERE given_up_at < ? LIMIT 100)
"""


class OutboxTable:
    """The table ``outbox``. Every method may raise StoreError; none waits long."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self._asked: set[int] = set()  # owners whose leftovers were asked for
        self._newest = 0  # number when the file was opened: what we add is no leftover

    def opened(self) -> None:
        """Take in that the file was opened just now."""
        self._asked.clear()
        self._newest = self._file.read("SELECT max(number) FROM outbox")[0][0] or 0

    def leftovers(self) -> Sequence[Leftover]:
        """Return what is pending of programs that have ended, the oldest first; each once."""
        if self._file.owner not in self._asked:
            self._file.write(_PRUNE, (time.time() - GIVEN_UP_KEPT,))
        owner = 0
        while found := self._file.read(_NEXT_OWNER, (owner,))[0][0]:
            owner = found
            self._file.take_over(owner)
        left: list[Any] = []
        for owner in set(self._file.owners) - self._asked:
            newest = self._newest if owner == self._file.owner else sys.maxsize
            left += self._file.read(_LEFTOVERS, (owner, newest))
        self._asked.update(self._file.owners)
        return _by_call(sorted(left))

    def add(self, parcel: Parcel) -> int:
        """Keep a new parcel; its number."""
        letter = parcel.letter
        values = (
            *(
                self._file.owner,
                letter.token,
                parcel.call,
                parcel.application,
                parcel.dialect,
                parcel.kind.value,
            ),
            *(letter.callback.method.value, letter.callback.url, json.dumps(dict(letter.fields))),
            *(parcel.made_at, parcel.made_at),
        )
        return self._file.write(_ADD, values)

    def read(self, number: int) -> Parcel | None:
        """Return a pending parcel; None when it is not there. May raise UnreadableError."""
        found = self._file.read(_READ, (number,))
        try:
            return _parcel(found[0]) if found else None
        except (TypeError, ValueError) as error:
            raise UnreadableError(f"{self._file.path}: row {number}: {error}") from error

    def delivered(self, number: int) -> None:
        """Forget a parcel that was delivered."""
        self._file.write("DELETE FROM outbox WHERE number = ?", (number,))

    def tried(self, number: int, tries: int, next_at: float, why: str) -> None:
        """Note that a parcel could not be delivered yet."""
        change = "UPDATE outbox SET tries = ?, next_at = ?, why = ? WHERE number = ?"
        self._file.write(change, (tries, next_at, why, number))

    def give_up(self, number: int, tries: int, at: float, why: str) -> None:
        """Keep a parcel for the list of those never delivered, for 30 days.

        The password in its URL, if there is one, is not needed any more.
        """
        found = self._file.read("SELECT url FROM outbox WHERE number = ?", (number,))
        url = redacted(str(found[0][0])) if found else ""
        change = "UPDATE outbox SET tries = ?, given_up_at = ?, why = ?, url = ? WHERE number = ?"
        self._file.write(change, (tries, at, why, url, number))
        self._file.write(_PRUNE, (at - GIVEN_UP_KEPT,))


def _by_call(left: Sequence[Sequence[Any]]) -> list[Leftover]:
    oldest: dict[str, tuple[str, int, float]] = {}
    numbers: dict[str, list[int]] = {}
    for number, call, url, tries, next_at in left:
        oldest.setdefault(call, (url, tries, next_at))
        numbers.setdefault(call, []).append(number)
    return [Leftover(call, tuple(numbers[call]), *more) for call, more in oldest.items()]


def _parcel(row: Sequence[Any]) -> Parcel:
    token, call, application, dialect, kind, method, url, fields, made_at = row
    urlsplit(url)  # raises ValueError when it is none
    letter = Letter(Callback(url, Method(method)), token, dict(json.loads(fields)))
    return Parcel(call, application, dialect, TellKind(kind), letter, float(made_at))
