"""What came of a fault."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.load import Placed
from bench.result import Ended

READY_WITHIN = 5.0
"""Seconds from when what failed is back until the program is ready."""


@dataclass(frozen=True, slots=True)
class Books:
    """What ledger and metrics have of transfers, since some moment.

    ``began`` and ``counted`` are from the metrics, all else from the ledger: ``kept`` by how they
    ended, of which ``undone`` have no end yet, and ``unproven`` are completed though nobody has
    said so.
    """

    began: int
    counted: Counter[Ended]
    kept: Counter[Ended]
    undone: int
    unproven: int

    @property
    def astray(self) -> int:
        """How many transfers have no outcome, or more than one, or are told of differently."""
        counted, kept = self.counted, self.kept
        apart = max((counted - kept).total(), (kept - counted).total())
        return max(apart, self.undone, abs(self.began - counted.total()))


@dataclass(frozen=True, slots=True)
class Endured:
    """What a fault did. Times are seconds since what failed was back; None is never."""

    fault: str
    books: Books
    phones: Sequence[Placed]
    ready_after: float | None
    completed_after: float | None
    left: int  # channels and bridges in Asterisk
    crashes: int
    foreign_cores: float

    @property
    def wrong(self) -> Mapping[str, bool]:
        """What should be, and whether it is not."""
        ready = self.ready_after
        return {
            "no crash": self.crashes > 0,
            f"ready within {READY_WITHIN:g} s": ready is None or ready > READY_WITHIN,
            "exactly one outcome": self.books.astray > 0,
            "none completed without evidence": self.books.unproven > 0,
            "transfers go on": self.completed_after is None,
            "nobody left in Asterisk": self.left > 0,
        }

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return not any(self.wrong.values())
