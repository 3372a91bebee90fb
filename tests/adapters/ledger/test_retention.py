import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.ledger.retention import Limits, tidy_up, used
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome
from stasis_refer.runtime.book import CallRecord, TransferRecord
from stasis_refer.runtime.call_log import Kept
from stasis_refer.runtime.debts import Debt
from tests.adapters.ledger.parcels import parcel
from tests.adapters.ledger.rows import call, fill, transfer
from tests.transfer_records import AT

DAY = 86400.0
FOR_EVER = Limits(keep_days=36500, max_megabytes=1e6)


@pytest.fixture(autouse=True)
def _no_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.retention._BREATH", 0.0)


@pytest.fixture
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        yield opened


def ended(number: int, at: float = 0.0) -> TransferRecord:
    return transfer(number, at, outcome=Outcome.BUSY, ended_at=AT + at)


def over(number: int, at: float = 0.0) -> CallRecord:
    return call(number, at, status=CallStatus.COMPLETED, ended_at=AT + at)


def numbers(opened: sqlite3.Connection, table: str, column: str) -> list[int]:
    found = opened.execute(f"SELECT {column} FROM {table} ORDER BY 1")  # noqa: S608 - our own
    return [int(value, 16) for (value,) in found]


def tidy(path: Path, limits: Limits, now: float = AT + 100 * DAY) -> None:
    while tidy_up(path, limits, now):
        pass


def test_what_is_old_goes_with_its_ladder(path: Path, opened: sqlite3.Connection) -> None:
    ages = list(enumerate((9.0, 11.0, 10.5, 50.0, 0.0)))
    fill(
        path,
        [ended(number, (100 - age) * DAY) for number, age in ages],
        [over(number, (100 - age) * DAY) for number, age in ages],
    )
    tidy(path, Limits(keep_days=10, max_megabytes=1e6))
    assert numbers(opened, "transfers", "call") == [0, 4]
    assert numbers(opened, "calls", "key") == [0, 4]
    assert opened.execute("SELECT total(count) FROM rungs").fetchone() == (2 * 3,)


def test_what_is_under_way_stays_however_old(path: Path, opened: sqlite3.Connection) -> None:
    fill(path, [transfer(1), ended(2)], [call(1), over(2)])
    tidy(path, Limits(keep_days=1, max_megabytes=1e-6))
    assert numbers(opened, "transfers", "call") == [1]
    assert numbers(opened, "calls", "key") == [1]


def test_nothing_goes_before_its_time(path: Path, opened: sqlite3.Connection) -> None:
    fill(path, [ended(number) for number in range(50)], [over(number) for number in range(50)])
    tidy(path, FOR_EVER)
    assert len(numbers(opened, "transfers", "call")) == 50
    assert len(numbers(opened, "calls", "key")) == 50


@pytest.mark.parametrize("kinds", [1, 7])
def test_of_a_file_that_is_large_the_oldest_go_first(
    path: Path, opened: sqlite3.Connection, kinds: int
) -> None:
    fill(
        path,
        [
            transfer(
                number, float(number), outcome=Outcome.BUSY, application=f"app{number % kinds}"
            )
            for number in range(2000)
        ],
        [over(number, float(number)) for number in range(2000)],
    )
    half = used(opened) / 2
    tidy(path, Limits(keep_days=36500, max_megabytes=half / 1024 / 1024))
    left = numbers(opened, "transfers", "call")
    assert half * 0.9 < used(opened) <= half
    assert 500 < len(left) < 1500
    assert left == list(range(2000))[-len(left) :]
    calls = numbers(opened, "calls", "key")
    assert abs(len(calls) - len(left)) < 100


@pytest.mark.parametrize("transfers", [0, 5])
def test_calls_go_too_where_there_are_no_transfers(
    path: Path, opened: sqlite3.Connection, transfers: int
) -> None:
    fill(
        path,
        [ended(number, -10.0) for number in range(transfers)],
        [over(number, float(number)) for number in range(2000)],
    )
    half = used(opened) / 2
    tidy(path, Limits(keep_days=36500, max_megabytes=half / 1024 / 1024))
    left = numbers(opened, "calls", "key")
    assert used(opened) <= half
    assert left == list(range(2000))[-len(left) :]
    assert len(left) > 500


def test_what_is_no_transfer_costs_none(path: Path, opened: sqlite3.Connection) -> None:
    ledger = Ledger(path)
    ledger.open()
    large = replace(parcel(), letter=replace(parcel().letter, fields={"text": "x" * 1000}))
    with ledger.step():
        for number in range(2000):
            ledger.outbox.add(large)
            ledger.call_log.add([Kept(f"c{number}", 1, 0.0, 0.0, "x" * 300, "x" * 300)])
            ledger.owed.add(Debt(f"c{number}", 1, "support", "twiml", "x" * 600))
    ledger.close()
    fill(path, [ended(number) for number in range(100)], [over(number) for number in range(100)])
    assert used(opened) > 3e6
    tidy(path, Limits(keep_days=36500, max_megabytes=1.0))
    assert len(numbers(opened, "transfers", "call")) == 100
    assert len(numbers(opened, "calls", "key")) == 100


def test_what_is_no_transfer_is_never_deleted(path: Path, opened: sqlite3.Connection) -> None:
    ledger = Ledger(path)
    ledger.open()
    for number in range(100):
        ledger.outbox.add(parcel(str(number)))
    ledger.close()
    fill(path, [ended(1)])
    tidy(path, Limits(keep_days=1, max_megabytes=1e-6))
    assert opened.execute("SELECT count(*) FROM outbox").fetchone() == (100,)
    assert numbers(opened, "transfers", "call") == []


def test_calls_write_all_the_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.retention._BREATH", 0.01)
    fill(path, [ended(number) for number in range(1000)])
    ledger = Ledger(path)
    ledger.open()
    slowest = 0.0

    def wrote(seconds: float) -> None:
        nonlocal slowest
        began = time.perf_counter()
        ledger.outbox.add(parcel())
        slowest = max(slowest, time.perf_counter() - began)
        time.sleep(seconds)

    tidying = Thread(target=tidy, args=(path, Limits(keep_days=1, max_megabytes=1e6)))
    tidying.start()
    with ledger._file.tidying():  # noqa: SLF001 - as `Ledger.keep` does
        while tidying.is_alive():
            wrote(0.002)
    tidying.join()
    ledger.close()
    assert slowest < 0.1


@pytest.mark.parametrize("megabytes", [1e6, 1.0])
def test_where_nothing_goes_nobody_is_kept_from_writing(
    path: Path, opened: sqlite3.Connection, megabytes: float
) -> None:
    fill(path, [ended(number) for number in range(50)])
    opened.execute("BEGIN IMMEDIATE")
    with capture_logs() as logs:
        assert tidy_up(path, Limits(keep_days=36500, max_megabytes=megabytes), AT) == 0
    assert logs == []


def test_what_goes_wrong_is_logged(path: Path) -> None:
    with capture_logs() as logs:
        assert tidy_up(path, FOR_EVER, AT) == 0
    assert [line["log_level"] for line in logs] == ["warning"]


async def test_it_is_done_while_the_program_runs(path: Path, opened: sqlite3.Connection) -> None:
    fill(path, [ended(1)])
    ledger = Ledger(path, limits=Limits(keep_days=1))
    ledger.open()
    keeping = asyncio.create_task(ledger.keep())
    async with asyncio.timeout(5):
        while numbers(opened, "transfers", "call"):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    keeping.cancel()
    ledger.close()
