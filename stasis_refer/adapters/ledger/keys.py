"""The requests that had a key, as the ledger keeps them: implements ``runtime.keys.KeyStore``."""

from collections.abc import Callable
from typing import Final

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.runtime.keys import KEPT_FOR, MOST_KEPT, KeptRequest

_FIND: Final = "SELECT fingerprint, began FROM request_keys WHERE key = ? AND at > ?"
_KEEP: Final = (
    "INSERT OR REPLACE INTO request_keys (key, fingerprint, began, at) VALUES (?, ?, ?, ?)"
)
_FORGET: Final = "DELETE FROM request_keys WHERE key = ?"
_TIDY_UP: Final = """
DELETE FROM request_keys
WHERE number IN (SELECT number FROM request_keys ORDER BY number LIMIT 2)
    AND (at <= ? OR number <= (SELECT max(number) FROM request_keys) - ?)
"""
"""Two go for each that comes, so that there are never many that are too old, or too many."""


class KeyTable:
    """The table ``request_keys``. ``wall`` tells the time in seconds since 1970.

    Every method may raise StoreError; none waits long. Keys and requests are in it as digests.
    """

    def __init__(self, file: LedgerFile, wall: Callable[[], float], most: int = MOST_KEPT) -> None:
        self._file = file
        self._wall = wall
        self._most = most

    def find(self, key: str) -> KeptRequest | None:
        """Return the request of a key, None where there was none of late."""
        found = self._file.read(_FIND, (key, self._wall() - KEPT_FOR))
        return KeptRequest(*found[0]) if found else None

    def keep(self, key: str, fingerprint: str, began: str = "") -> None:
        """Keep a request, and the id of the transfer it began, in the place of any with its key."""
        now = self._wall()
        with self._file.step():
            self._file.write(_KEEP, (key, fingerprint, began, now))
            self._file.write(_TIDY_UP, (now - KEPT_FOR, self._most))

    def forget(self, key: str) -> None:
        """Forget a request of which nothing came."""
        self._file.write(_FORGET, (key,))
