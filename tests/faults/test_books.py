import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.samples import Sample

from bench.program import Program
from bench.result import Ended
from faults.books import Bookmark


class Counts(Program):
    """A program that has counted so much."""

    def __init__(self, began: int, ended: Counter[Ended]) -> None:
        self.began, self.has_ended = began, ended

    async def samples(self, metric: str) -> list[Sample]:
        return [Sample(metric, {}, self.began)]

    async def ended(self, direction: object = None) -> Counter[Ended]:
        del direction
        return self.has_ended.copy()


NOTIFY = '[1.0,0,"NOTIFY sip:us SIP/2.0",[["CSeq","2 NOTIFY"]],"SIP/2.0 {told}\\r\\n"]'
ANSWER = '[1.1,1,"SIP/2.0 200 OK",[["CSeq","2 NOTIFY"]],""]'
TOLD, DENIED = (f"[{NOTIFY.format(told=told)},{ANSWER}]" for told in ("200 OK", "486 Busy Here"))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as opened:
        opened.execute(
            "CREATE TABLE transfers"
            " (number INTEGER PRIMARY KEY, application TEXT, outcome TEXT, evidence TEXT)"
        )
        opened.execute("CREATE TABLE rungs (transfer INTEGER, messages TEXT)")
        keep(opened, "twiml", "completed", "none", "")
    return path


def keep(
    opened: sqlite3.Connection, application: str, outcome: str | None, evidence: str, said: str
) -> None:
    added = opened.execute(
        "INSERT INTO transfers (application, outcome, evidence) VALUES (?, ?, ?)",
        (application, outcome, evidence),
    )
    opened.execute("INSERT INTO rungs VALUES (?, ?)", (added.lastrowid, said))


@pytest.mark.parametrize(
    ("application", "evidence", "said", "unproven"),
    [
        ("twiml", "sip", TOLD, 0),
        ("twiml", "asterisk", "[]", 0),
        ("twiml", "sip", DENIED, 1),
        ("twiml", "none", TOLD, 1),
        ("rcml", "sip", TOLD, 1),  # its phones are all busy
    ],
)
async def test_a_completed_transfer_without_evidence_is_seen(
    ledger: Path, application: str, evidence: str, said: str, unproven: int
) -> None:
    mark = await Bookmark.now(Counts(1, Counter()), ledger)
    with sqlite3.connect(ledger) as opened:
        keep(opened, application, "completed", evidence, said)
        keep(opened, "rcml", "busy", "sip", DENIED)
        keep(opened, "rcml", None, "", "")
    ended = Counter({Ended("completed", evidence): 1, Ended("busy", "sip"): 1})
    books = await mark.since(Counts(4, ended), ledger)
    assert books.unproven == unproven
    assert (books.began, books.undone, books.kept) == (3, 1, books.counted)
