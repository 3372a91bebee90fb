"""What a step leaves on file, on a real ledger."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.ledger.reader import Reader
from stasis_refer.core.events import ChannelUp
from stasis_refer.core.intents import Alert, TransferBegan
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.runtime.book import TransferFilter
from stasis_refer.runtime.call_log import CallLog
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.ports import Parcel, StoreError
from stasis_refer.runtime.steps import WRITTEN_AFTER, Steps
from tests.runtime.journaled import Journaled, completed
from tests.runtime.parties import Party
from tests.runtime.test_letters import TELL, letters

CALL = Party("alice", key="k")
STEP = Entry(CALL, 2, 5.0, ChannelUp(), (TELL, TELL))
BEGAN = TransferBegan(Direction.SENT, "sip:alice@example.com")
QUIET = Entry(CALL, 1, 5.0, ChannelUp(), (Alert(13802, "no URL"),))


class Outbox:
    """Keeps parcels in a ledger; notes under which numbers they are to be sent."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.numbers: list[int | None] = []

    def keep(self, parcel: Parcel) -> int | None:
        return self._ledger.outbox.add(parcel)

    def send(self, number: int | None, parcel: Parcel) -> None:
        del parcel
        self.numbers.append(number)

    async def caught_up(self, call: str) -> None:
        raise NotImplementedError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path, "here")
    ledger.open()
    yield ledger
    ledger.close()


@pytest.fixture
def outbox(ledger: Ledger) -> Outbox:
    return Outbox(ledger)


class Later:
    """Notes what is to happen later; ``pass_`` lets it."""

    def __init__(self, *pauses: float) -> None:
        self.due: list[Callable[[], None]] = []
        self._pauses = pauses or (WRITTEN_AFTER,)

    def __call__(self, seconds: float, do: Callable[[], None]) -> "Later":
        assert seconds in self._pauses
        self.due.append(do)
        return self

    def pass_(self) -> None:
        (do,), self.due = self.due, []
        do()

    def cancel(self) -> None:
        self.due.clear()


def steps(
    ledger: Ledger, outbox: Outbox, *tables: Callable[[Entry], None], later: Later | None = None
) -> Steps:
    return Steps(
        later=later or Later(),
        together=ledger.step,
        log=CallLog(ledger.call_log, lambda: 9.0),
        letters=letters(),
        outbox=outbox,
        tables=tables,
    )


def counts(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as opened:
        rows = opened.execute("SELECT steps FROM call_log").fetchall()
        (parcels,) = opened.execute("SELECT count(*) FROM outbox").fetchone()
        return sum(len(steps.splitlines()) for (steps,) in rows), parcels


def test_the_step_and_what_is_told_of_it_are_kept_together(
    ledger: Ledger, outbox: Outbox, path: Path
) -> None:
    seen: list[Entry] = []
    steps(ledger, outbox, seen.append)(STEP)
    assert counts(path) == (1, 2)
    assert outbox.numbers == [1, 2]
    assert seen == [STEP]


def test_nothing_is_kept_where_one_part_cannot_be_and_the_rest_is_sent_all_the_same(
    ledger: Ledger, outbox: Outbox, path: Path
) -> None:
    def full(_: Entry) -> None:
        raise StoreError("the disk is full")

    write = steps(ledger, outbox, full)
    with capture_logs() as logs:
        write(STEP)
    assert counts(path) == (0, 0)
    assert outbox.numbers == [None, None]
    assert [line["why"] for line in logs if "why" in line] == ["the disk is full"]
    assert [line["call"] for line in logs if line["log_level"] == "warning"] == ["k"]
    ledger.close()
    ledger.open()
    assert ledger.call_log.left() == []


def test_a_table_that_cannot_write_keeps_no_other_from_hearing(
    ledger: Ledger, outbox: Outbox
) -> None:
    heard: list[str] = []

    def full(_: Entry) -> None:
        heard.append("the one that is full")
        raise StoreError("the disk is full")

    steps(ledger, outbox, full, lambda _: heard.append("the one behind it"))(STEP)
    assert heard == ["the one that is full", "the one behind it"]


def test_a_step_that_nothing_comes_of_is_written_a_little_later(
    ledger: Ledger, outbox: Outbox, path: Path
) -> None:
    later, seen = Later(), list[Entry]()
    write = steps(ledger, outbox, seen.append, later=later)
    write(QUIET)
    write(replace(QUIET, seq=2, intents=()))
    assert counts(path) == (0, 0)
    assert len(seen) == 2
    later.pass_()
    assert counts(path) == (2, 0)


def test_that_a_transfer_began_is_written_at_once(
    ledger: Ledger, outbox: Outbox, path: Path
) -> None:
    steps(ledger, outbox)(replace(QUIET, intents=(BEGAN,)))
    assert counts(path) == (1, 0)


def test_a_transfer_that_ends_while_the_file_is_locked_is_written_behind_that(
    ledger: Ledger, outbox: Outbox, path: Path
) -> None:
    write = steps(ledger, outbox, ledger.tap)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        Journaled(write).happens(*completed(1.0))
        other.execute("COMMIT")
    ledger.close()
    found = Reader(path).transfers(TransferFilter()).items
    assert [each.outcome for each in found] == [Outcome.COMPLETED]


def test_what_waits_is_written_with_a_step_that_something_comes_of(
    ledger: Ledger, outbox: Outbox, path: Path
) -> None:
    write = steps(ledger, outbox)
    write(QUIET)
    write(STEP)
    assert counts(path) == (2, 2)


def test_at_the_end_nothing_is_left_to_be_written(
    ledger: Ledger, outbox: Outbox, path: Path
) -> None:
    later = Later()
    write = steps(ledger, outbox, later=later)
    write(QUIET)
    write.flush()
    assert counts(path) == (1, 0)
    assert later.due == []


def test_a_call_that_is_over_is_forgotten(ledger: Ledger, outbox: Outbox, path: Path) -> None:
    later = Later()
    write = steps(ledger, outbox, later=later)
    write(STEP)
    write.forget("k")
    later.pass_()
    assert counts(path) == (0, 2)
