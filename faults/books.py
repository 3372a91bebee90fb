"""What the program has written down of its transfers, and whether it had reason to."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench.program import Program
from bench.result import Ended
from faults.result import Books

MOVES, STAYS = "twiml", "rcml"
"""Applications whose phones all tell that the target answered, or that it was busy."""

# The body is what a message, a list in JSON, ends with.
_UNPROVEN: Final = """
SELECT count(*) FROM transfers WHERE number > :since AND outcome = 'completed' AND (
    application = :stays OR evidence NOT IN ('sip', 'asterisk') OR evidence = 'sip' AND NOT EXISTS (
        SELECT 1 FROM rungs WHERE rungs.transfer = transfers.number
        AND replace(messages, '\\r\\n', '') LIKE '%"SIP/2.0 200 OK"]%'
    )
)
"""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A moment: what had begun and ended by then."""

    began: int
    counted: Counter[Ended]
    last: int  # row of the ledger

    @classmethod
    async def now(cls, program: Program, ledger: Path) -> Self:
        """Return this moment."""
        return cls(await _began(program), await program.ended(), _last(ledger))

    async def since(self, program: Program, ledger: Path) -> Books:
        """Return what came behind it."""
        began, counted = await _began(program), await program.ended()
        with closing(_open(ledger)) as opened:
            rows = opened.execute(
                "SELECT outcome, evidence, count(*) FROM transfers WHERE number > ? GROUP BY 1, 2",
                (self.last,),
            ).fetchall()
            (unproven,) = opened.execute(_UNPROVEN, {"since": self.last, "stays": STAYS}).fetchone()
        kept = Counter({Ended(outcome, evidence): n for outcome, evidence, n in rows if outcome})
        undone = sum(n for outcome, _, n in rows if not outcome)
        return Books(began - self.began, counted - self.counted, kept, undone, unproven)


async def completed(program: Program) -> int:
    """Return how many transfers were completed up to now."""
    ended = await program.ended()
    return sum(n for how, n in ended.items() if how.outcome == "completed")


async def _began(program: Program) -> int:
    return sum(int(each.value) for each in await program.samples("transfers_started_total"))


def _last(ledger: Path) -> int:
    with closing(_open(ledger)) as opened:
        (last,) = opened.execute("SELECT coalesce(max(number), 0) FROM transfers").fetchone()
    return int(last)


def _open(ledger: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5.0)
