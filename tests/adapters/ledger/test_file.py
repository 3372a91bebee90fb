import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from stat import S_IMODE

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.runtime.ports import Leftover, StoreError, UnwritableError
from tests.adapters.ledger.parcels import NOW, URL, parcel, rows, size


def test_only_the_owner_may_read_it(ledger: Ledger, path: Path) -> None:
    ledger.outbox.add(parcel())
    ledger.outbox.leftovers()
    modes = {each.name: S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == {f"stasis_refer.db{more}": 0o600 for more in ("", "-wal", "-shm", "-lock1")}


def test_what_was_written_is_there_after_a_restart(ledger: Ledger, path: Path) -> None:
    ledger.outbox.add(parcel())
    ledger.close()
    again = Ledger(path)
    again.open()
    assert again.outbox.read(1) == parcel()
    again.close()


_PUT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from stasis_refer.adapters.ledger import Ledger
from tests.adapters.ledger.parcels import parcel
ledger = Ledger(Path(sys.argv[1]))
ledger.open()
ledger.outbox.leftovers()
for token in "abc":
    ledger.outbox.add(parcel(token))
ledger.outbox.delivered(1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_written_is_there_after_a_kill(path: Path) -> None:
    command = [sys.executable, "-c", _PUT_AND_DIE, str(path)]
    killed = subprocess.run(command, check=False)  # noqa: S603 - our own
    assert killed.returncode == -signal.SIGKILL
    ledger = Ledger(path)
    ledger.open()
    assert ledger.outbox.leftovers() == [Leftover("c1", (2, 3), URL, 0, NOW)]
    ledger.close()


def test_what_is_closed_says_so(path: Path) -> None:
    ledger = Ledger(path)
    with pytest.raises(StoreError, match="is closed"):
        ledger.outbox.add(parcel())
    assert not ledger.writable()
    ledger.close()


def test_text_that_no_table_can_hold_is_written_out(ledger: Ledger, path: Path) -> None:
    ledger.outbox.tried(ledger.outbox.add(parcel()), 1, NOW, "\ud800 it\0broke")
    assert rows(path, "SELECT why FROM outbox") == [r"\ud800 it\x00broke"]


@pytest.mark.parametrize("tries", [2**63, "x", None, object()])
def test_what_no_table_can_hold_is_told_and_says_nothing_of_the_file(
    path: Path, tries: int
) -> None:
    refused: list[None] = []
    ledger = Ledger(path, failed=lambda: refused.append(None))
    ledger.open()
    number = ledger.outbox.add(parcel())
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(
            "CREATE TRIGGER whole BEFORE UPDATE ON outbox WHEN typeof(NEW.tries) <> 'integer'"
            " BEGIN SELECT RAISE(ABORT, 'no number'); END"
        )
    with pytest.raises(UnwritableError, match=path.name):
        ledger.outbox.tried(number, tries, NOW, "it broke")
    assert len(refused) == 1
    assert ledger.writable()
    ledger.close()


# -- when it cannot be written ---------------------------------------------------


@pytest.fixture
def writer(path: Path, ledger: Ledger) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection, in the midst of a write."""
    del ledger
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("BEGIN IMMEDIATE")
        yield opened


def test_a_write_waits_for_another_one_but_not_for_long(
    ledger: Ledger, writer: sqlite3.Connection
) -> None:
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(StoreError, match="database is locked"):
            ledger.outbox.add(parcel())
    assert 0.01 < time.monotonic() - began < 0.2
    assert not ledger.writable()
    writer.execute("COMMIT")
    ledger.outbox.add(parcel())
    assert ledger.writable()


def test_a_file_that_is_gone_cannot_be_written(ledger: Ledger, path: Path) -> None:
    assert ledger.writable()
    moved = path.rename(path.with_suffix(".away"))
    with capture_logs() as logs:
        assert not ledger.writable()
        assert not ledger.writable()
    assert [line["file"] for line in logs if "deleted" in line["event"]] == [str(path)]
    path.touch()
    assert not ledger.writable(), "another file in its place"
    moved.replace(path)
    assert ledger.writable()


async def test_a_write_waits_for_our_own_checkpoint(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()

    def checkpoint(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as opened:
            opened.execute("BEGIN IMMEDIATE")
            began.set()
            time.sleep(0.1)

    monkeypatch.setattr("stasis_refer.adapters.ledger.file._CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr("stasis_refer.adapters.ledger.file.checkpoint", checkpoint)
    ledger.outbox.add(parcel())
    keeping = asyncio.create_task(ledger.keep())
    await asyncio.to_thread(began.wait, 5)
    ledger.outbox.add(parcel("b"))
    keeping.cancel()
    assert rows(path) == ["t1", "b"]


# -- steps -----------------------------------------------------------------------


def test_what_is_written_in_a_step_is_there_at_its_end(ledger: Ledger, path: Path) -> None:
    with ledger.step():
        ledger.outbox.add(parcel("a"))
        ledger.outbox.add(parcel("b"))
        assert rows(path) == []
    assert rows(path) == ["a", "b"]


def test_a_step_that_writes_nothing_waits_for_nobody(
    ledger: Ledger, writer: sqlite3.Connection
) -> None:
    del writer
    with ledger.step():
        assert ledger.outbox.read(1) is None
    assert ledger.writable()


def test_a_step_in_a_step_is_part_of_it(ledger: Ledger, path: Path) -> None:
    with ledger.step():
        with ledger.step():
            ledger.outbox.add(parcel("a"))
        assert rows(path) == []
    assert rows(path) == ["a"]


def test_a_part_that_fails_is_left_out_of_its_step(ledger: Ledger, path: Path) -> None:
    file = ledger._file  # noqa: SLF001
    called: list[str] = []
    with file.step():
        ledger.outbox.add(parcel("a"))
        file.when_kept(lambda: called.append("a"))
        with pytest.raises(StoreError), file.part():  # noqa: PT012 - the last one
            ledger.outbox.add(parcel("b"))
            file.when_kept(lambda: called.append("b"))
            file.write("INSERT INTO outbox (number) VALUES (1)")
        with file.part():
            ledger.outbox.add(parcel("c"))
            file.when_kept(lambda: called.append("c"))
    assert rows(path) == ["a", "c"]
    assert called == ["a", "c"]
    assert ledger.writable()


def test_a_part_that_costs_the_transaction_fails_its_step(ledger: Ledger, path: Path) -> None:
    file = ledger._file  # noqa: SLF001
    with pytest.raises(StoreError), file.step():  # noqa: PT012 - at its end
        ledger.outbox.add(parcel("a"))
        with suppress(StoreError), file.part():
            file.write("INSERT OR ROLLBACK INTO outbox (number) VALUES (1)")
        with suppress(StoreError):
            ledger.outbox.add(parcel("b"))
    assert not rows(path)


def test_nothing_is_kept_of_a_step_that_raises(ledger: Ledger, path: Path) -> None:
    def step() -> None:
        with ledger.step():
            ledger.outbox.add(parcel("a"))
            raise KeyError

    with pytest.raises(KeyError):
        step()
    ledger.outbox.add(parcel("b"))
    assert rows(path) == ["b"]


def test_a_row_that_can_never_be_written_costs_the_step_nothing_else(
    ledger: Ledger, path: Path
) -> None:
    with ledger.step():
        ledger.outbox.add(parcel("a"))
        with pytest.raises(UnwritableError):
            ledger.outbox.tried(1, 2**63, NOW, "it broke")
        ledger.outbox.add(parcel("b"))
    assert rows(path) == ["a", "b"]
    assert ledger.writable()


def test_nothing_is_kept_of_a_step_that_could_not_be_written_whole(
    ledger: Ledger, path: Path
) -> None:
    file = ledger._file  # noqa: SLF001 - a disk cannot be filled here
    assert file._opened is not None  # noqa: SLF001
    (pages,) = file._opened.execute("PRAGMA page_count").fetchone()  # noqa: SLF001
    file._opened.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001
    with pytest.raises(StoreError, match="full"), ledger.step():  # noqa: PT012 - at its end
        ledger.outbox.add(parcel("a"))
        for each in (parcel(url="https://example.com/" + "x" * 100_000), parcel("b")):
            with suppress(StoreError):
                ledger.outbox.add(each)
    assert rows(path) == []
    file._opened.execute("PRAGMA max_page_count = 1000000")  # noqa: SLF001
    ledger.outbox.add(parcel("c"))
    assert rows(path) == ["c"]


def test_a_step_waits_once_for_another_write_and_not_for_long(
    ledger: Ledger, writer: sqlite3.Connection, path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError, match="database is locked"), ledger.step():
        ledger.outbox.add(parcel("a"))
    assert time.monotonic() - began < 0.2
    assert not ledger.writable()
    writer.execute("COMMIT")
    with ledger.step():
        ledger.outbox.add(parcel("b"))
    assert ledger.writable()
    assert rows(path) == ["b"]


def test_a_file_that_is_closed_in_a_step_keeps_nothing_of_it(ledger: Ledger, path: Path) -> None:
    def step() -> None:
        with ledger.step():
            ledger.outbox.add(parcel("a"))
            ledger.close()

    with pytest.raises(StoreError, match="is closed"):
        step()
    ledger.open()
    assert rows(path) == []


def test_what_is_pending_can_be_read_meanwhile(
    ledger: Ledger, writer: sqlite3.Connection, path: Path
) -> None:
    del writer
    assert ledger.outbox.read(1) is None
    assert rows(path) == []


def test_whether_it_can_be_written_is_tried_out_now_and_then(
    ledger: Ledger, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ledger.writable()  # it was, a moment ago
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._PROBED_FOR", 0.0)
    assert not ledger.writable()
    writer.execute("COMMIT")
    assert ledger.writable()


def test_a_full_disk_is_no_ledger_that_can_be_written(ledger: Ledger, path: Path) -> None:
    with closing(sqlite3.connect(path)) as opened:
        (pages,) = opened.execute("PRAGMA page_count").fetchone()
    assert ledger._file._opened is not None  # noqa: SLF001 - a disk cannot be filled here
    ledger._file._opened.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001
    big = parcel(url="https://example.com/" + "x" * 100_000)
    with pytest.raises(StoreError, match="database or disk is full"):
        ledger.outbox.add(big)
    assert not ledger.writable()


# -- checkpoints -----------------------------------------------------------------


async def test_what_was_written_moves_to_its_place(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._CHECKPOINT_EVERY", 0.01)
    before = size(path)
    for number in range(100):
        ledger.outbox.add(parcel(f"{number}"))
    assert size(path) == before
    keeping = asyncio.create_task(ledger.keep())
    async with asyncio.timeout(5):
        while size(path) == before:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
    keeping.cancel()


async def test_what_was_written_is_on_the_disk_soon_without_a_checkpoint(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[int]()
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._SYNC_EVERY", 0.01)
    monkeypatch.setattr("stasis_refer.adapters.ledger.file.os.fdatasync", synced.append)
    before = size(path)
    ledger.outbox.add(parcel())
    keeping = asyncio.create_task(ledger.keep())
    async with asyncio.timeout(5):
        while not synced:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert size(path) == before


async def test_very_many_writes_do_not_wait_for_the_time_of_a_checkpoint(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._SYNC_EVERY", 0.01)
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._MANY", 50)
    before = size(path)
    for number in range(100):
        ledger.outbox.add(parcel(f"{number}"))
    keeping = asyncio.create_task(ledger.keep())
    async with asyncio.timeout(5):
        while size(path) == before:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
    keeping.cancel()


async def test_the_log_does_not_grow_without_end_under_constant_writes(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._CHECKPOINT_EVERY", 0.01)
    monkeypatch.setattr("stasis_refer.adapters.ledger.disk.LARGE_WAL", 50)
    keeping = asyncio.create_task(ledger.keep())
    written = 0
    for _ in range(200):
        for _ in range(5):
            ledger.outbox.delivered(ledger.outbox.add(parcel()))
            written += 4 * 4096
        await asyncio.sleep(0.001)
    assert size(Path(f"{path}-wal")) < written / 3
    keeping.cancel()
