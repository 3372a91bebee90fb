"""Where uses of quotas are kept that need not outlive a test."""

from collections.abc import Sequence

from stasis_refer.runtime.ports import StoreError
from stasis_refer.runtime.quotas import KeptUses


class Store:
    """Keeps uses in memory; ``broken``: as a disk that is full does."""

    def __init__(self) -> None:
        self.kept: dict[tuple[object, float], KeptUses] = {}
        self.broken = False

    def add(self, use: KeptUses) -> None:
        self._write()
        self.kept[use.key, use.bucket.since] = use

    def left(self) -> Sequence[KeptUses]:
        self._write()
        return sorted(self.kept.values(), key=lambda each: each.bucket.since)

    def forget(self, now: float) -> None:
        self._write()
        self.kept = {key: each for key, each in self.kept.items() if each.until > now}

    def replace(self, uses: Sequence[KeptUses]) -> None:
        self.kept.clear()
        for each in uses:
            self.add(each)

    def _write(self) -> None:
        if self.broken:
            raise StoreError("disk full")
