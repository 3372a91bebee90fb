"""What was used of the quotas, as the ledger keeps it: implements ``runtime.quotas.QuotaStore``."""

from collections.abc import Sequence
from typing import Final

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.core.quota import Bucket
from stasis_refer.core.rules import Scope
from stasis_refer.runtime.ports import StoreError
from stasis_refer.runtime.quotas import KeptUses

_ADD: Final = """
INSERT INTO quota_uses (scope, name, since, uses, until) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (scope, name, since) DO UPDATE SET uses = excluded.uses, until = excluded.until
"""
_LEFT: Final = "SELECT scope, name, since, uses, until FROM quota_uses ORDER BY since"


class QuotaTable:
    """The table ``quota_uses``. Every method may raise StoreError; none waits long."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def add(self, use: KeptUses) -> None:
        """Keep a bucket as it is now, in the place of what was kept of it."""
        scope, name = use.key
        bucket = use.bucket
        self._file.write(_ADD, (scope.value, name, bucket.since, bucket.uses, use.until))

    def left(self) -> Sequence[KeptUses]:
        """Return what is kept, the oldest first."""
        try:
            return [
                KeptUses((Scope(scope), str(name)), Bucket(float(since), int(uses)), float(until))
                for scope, name, since, uses, until in self._file.read(_LEFT)
            ]
        except (ValueError, TypeError) as error:
            raise StoreError(f"a row of quota_uses cannot be read: {error}") from error

    def forget(self, now: float) -> None:
        """Forget what counts no more."""
        self._file.write("DELETE FROM quota_uses WHERE until <= ?", (now,))

    def replace(self, uses: Sequence[KeptUses]) -> None:
        """Keep these, and nothing else."""
        with self._file.step():
            self._file.write("DELETE FROM quota_uses")
            for each in uses:
                self.add(each)
