import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from stat import S_IMODE

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger, reading
from stasis_refer.adapters.ledger.outbox import GIVEN_UP_KEPT
from stasis_refer.core.application import Callback, Method
from stasis_refer.core.intents import TellKind
from stasis_refer.dialects.dialect import Letter
from stasis_refer.runtime.ports import Leftover, Parcel, StoreError, UnreadableError

URL = "https://user:pass@example.com/status?a=1"
NOW = 1_764_000_000.0  # seconds since 1970


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stasis_refer.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path)
    ledger.open()
    yield ledger
    ledger.close()


def parcel(
    name: str = "t1", call: str = "c1", *, url: str = URL, method: Method = Method.POST
) -> Parcel:
    told = {"CallSid": "CA1", "SipResponseCode": 486, "From": "Jörg \U0001f4de", "none": None}
    letter = Letter(Callback(url, method), name, told)
    return Parcel(call, "support", "twiml", TellKind.EVENT, letter, NOW)


def rows(path: Path, query: str = "SELECT id FROM outbox ORDER BY number") -> list[object]:
    with reading(path) as opened:
        return [row[0] for row in opened.execute(query)]


def left_after_a_restart(ledger: Ledger) -> Sequence[Leftover]:
    ledger.close()
    ledger.open()
    return ledger.outbox.leftovers()


def size(path: Path) -> int:
    return path.stat().st_size


# -- parcels ---------------------------------------------------------------------


@pytest.mark.parametrize("method", Method)
def test_a_parcel_is_read_as_it_was_added(ledger: Ledger, method: Method) -> None:
    added = parcel(method=method)
    assert ledger.outbox.read(ledger.outbox.add(added)) == added


def test_what_a_letter_is_made_of_is_kept() -> None:
    # A new field needs a column. A fallback is for documents alone, and nobody is told there.
    assert [each.name for each in fields(Letter)] == ["callback", "token", "fields"]
    assert [each.name for each in fields(Callback)] == ["url", "method", "fallback"]


def test_numbers_grow_also_when_the_last_one_was_delivered(ledger: Ledger) -> None:
    first, second = ledger.outbox.add(parcel("a")), ledger.outbox.add(parcel("b"))
    ledger.outbox.delivered(second)
    third = ledger.outbox.add(parcel("c"))
    assert first < third
    kept = ledger.outbox.read(third)
    assert kept is not None
    assert kept.id == "c"


def test_what_was_delivered_is_gone(ledger: Ledger, path: Path) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.delivered(number)
    assert ledger.outbox.read(number) is None
    assert rows(path) == []


@pytest.mark.parametrize(
    "change",
    [
        "fields = '{'",
        "fields = '3'",
        "kind = 'x'",
        "method = 'x'",
        "made_at = 'x'",
        "fields = x'ff'",
        "url = 'http://['",
    ],
)
def test_a_row_that_is_no_parcel_is_told(ledger: Ledger, path: Path, change: str) -> None:
    number = ledger.outbox.add(parcel())
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(f"UPDATE outbox SET {change}")  # noqa: S608 - our own
    with pytest.raises(UnreadableError, match=f"{path.name}: row {number}: "):
        ledger.outbox.read(number)


def test_tries_are_counted(ledger: Ledger) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.tried(number, 3, NOW + 4, "it broke")
    assert ledger.outbox.read(number) == parcel()
    assert left_after_a_restart(ledger) == [Leftover("c1", (number,), URL, 3, NOW + 4)]


def test_what_was_given_up_is_kept_for_the_list_alone(ledger: Ledger, path: Path) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.give_up(number, 9, time.time(), "it broke")
    assert ledger.outbox.read(number) is None
    assert left_after_a_restart(ledger) == []
    assert rows(path, "SELECT id || tries || why FROM outbox") == ["t19it broke"]


def test_what_was_given_up_is_deleted_after_thirty_days(ledger: Ledger, path: Path) -> None:
    for number, day in enumerate((0, 1, 29, 31)):
        ledger.outbox.add(parcel(f"pending {number}"))
        ledger.outbox.give_up(ledger.outbox.add(parcel(f"{day}")), 1, NOW + day * 86400, "it broke")
    pending = [each for each in rows(path) if str(each).startswith("pending")]
    assert len(pending) == 4
    assert [each for each in rows(path) if each not in pending] == ["1", "29", "31"]
    assert GIVEN_UP_KEPT == 30 * 86400


def test_the_list_is_cleared_when_the_program_starts(ledger: Ledger, path: Path) -> None:
    ledger.outbox.give_up(ledger.outbox.add(parcel()), 1, time.time() - 31 * 86400, "it broke")
    ledger.outbox.add(parcel("new"))
    ledger.outbox.leftovers()
    assert rows(path) == ["new"]


def test_what_is_left_is_told_by_call_the_oldest_first(ledger: Ledger) -> None:
    for name, call, path in (
        *(("a", "c2", "/1"), ("b", "c1", "/2"), ("c", "c1", "/3"), ("d", "c3", "/4")),
        *(("e", "c2", "/5"), ("f", "c1", "/6")),
    ):
        ledger.outbox.add(parcel(name, call, url=f"https://example.com{path}"))
    ledger.outbox.tried(1, 5, NOW + 16, "it broke")
    assert left_after_a_restart(ledger) == [
        Leftover("c2", (1, 5), "https://example.com/1", 5, NOW + 16),
        Leftover("c1", (2, 3, 6), "https://example.com/2", 0, NOW),
        Leftover("c3", (4,), "https://example.com/4", 0, NOW),
    ]


# -- the file --------------------------------------------------------------------


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
from tests.adapters.ledger.test_file import parcel
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


def calls(left: Sequence[Leftover]) -> list[str]:
    return [each.call for each in left]


def test_a_program_leaves_alone_what_others_see_to_until_they_end(
    ledger: Ledger, path: Path
) -> None:
    ledger.outbox.add(parcel())
    second, third = Ledger(path), Ledger(path)
    with capture_logs() as logs:
        second.open()
    assert [line["log_level"] for line in logs] == ["warning"]
    number = second.outbox.add(parcel("b", "c2"))
    assert second.outbox.read(number) == parcel("b", "c2")
    assert second.outbox.leftovers() == []
    ledger.close()
    third.open()
    assert calls(third.outbox.leftovers()) == ["c1"]
    assert second.outbox.leftovers() == []
    second.close()
    assert calls(third.outbox.leftovers()) == ["c2"]
    assert third.outbox.leftovers() == []
    third.close()
    ledger.open()
    assert calls(ledger.outbox.leftovers()) == ["c1", "c2"]


def test_what_was_added_since_is_not_left(ledger: Ledger, path: Path) -> None:
    ledger.outbox.add(parcel())
    ledger.close()
    ledger.open()
    ledger.outbox.add(parcel("b", "c2"))
    assert calls(ledger.outbox.leftovers()) == ["c1"]
    assert rows(path) == ["t1", "b"]


def test_a_number_is_never_used_again(ledger: Ledger, path: Path) -> None:
    number = ledger.outbox.add(parcel())
    ledger.outbox.delivered(number)
    second = Ledger(path)
    second.open()
    assert second.outbox.add(parcel()) > number
    second.close()


def _folder(path: Path) -> None:
    path.mkdir()


def _no_database(path: Path) -> None:
    path.write_bytes(b"something else" * 100)


def _of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("CREATE TABLE outbox (x)")


def _of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("CREATE TABLE outbox (x)")
        opened.execute("PRAGMA user_version = 999")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_folder, "unable to open database file"),
        (_no_database, "file is not a database"),
        (_of_another_program, "it is a database of something else"),
        (_of_a_newer_version, "it was written by a newer version of this program"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(
    path: Path, make: Callable[[Path], None], why: str
) -> None:
    make(path)
    remedy = "let the program write there, on a local disk, or name another file"
    with pytest.raises(StoreError) as told:
        Ledger(path).open()
    assert str(told.value) == f"{path} cannot be used: {why}: {remedy}"


@pytest.mark.parametrize(
    ("name", "why"),
    [("none/stasis_refer.db", "No such file or directory"), ("x" * 300, "File name too long")],
)
def test_a_file_that_cannot_be_made_is_told(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(StoreError, match=why):
        Ledger(tmp_path / name).open()


def test_a_file_of_something_else_stays_as_it_is(path: Path) -> None:
    _of_another_program(path)
    before = path.read_bytes()
    with pytest.raises(StoreError):
        Ledger(path).open()
    assert path.read_bytes() == before


def test_a_name_may_have_any_characters(tmp_path: Path) -> None:
    path = tmp_path / "a%20b ?ä#.db"
    ledger = Ledger(path)
    ledger.open()
    ledger.outbox.add(parcel())
    assert rows(path) == ["t1"]
    ledger.close()


def test_what_is_closed_says_so(path: Path) -> None:
    ledger = Ledger(path)
    with pytest.raises(StoreError, match="is closed"):
        ledger.outbox.add(parcel())
    assert not ledger.writable()
    ledger.close()


def test_what_cannot_be_written_down_is_told(ledger: Ledger) -> None:
    with pytest.raises(StoreError, match="surrogates not allowed"):
        ledger.outbox.add(parcel(url="https://example.com/\ud800"))


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
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._checkpoint", checkpoint)
    ledger.outbox.add(parcel())
    keeping = asyncio.create_task(ledger.keep())
    await asyncio.to_thread(began.wait, 5)
    ledger.outbox.add(parcel("b"))
    keeping.cancel()
    assert rows(path) == ["t1", "b"]


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
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._LARGE_WAL", 50)
    keeping = asyncio.create_task(ledger.keep())
    written = 0
    for _ in range(200):
        for _ in range(5):
            ledger.outbox.delivered(ledger.outbox.add(parcel()))
            written += 4 * 4096
        await asyncio.sleep(0.001)
    assert size(Path(f"{path}-wal")) < written / 3
    keeping.cancel()


# -- who reads only --------------------------------------------------------------


def test_it_can_be_read_while_a_program_has_it_open(ledger: Ledger, path: Path) -> None:
    ledger.outbox.add(parcel())
    assert rows(path) == ["t1"]
    ledger.outbox.add(parcel("t2"))
    assert rows(path) == ["t1", "t2"]


def test_it_can_be_read_while_none_has_it_open_and_only_read(ledger: Ledger, path: Path) -> None:
    ledger.outbox.add(parcel())
    ledger.close()
    with reading(path) as opened, pytest.raises(sqlite3.OperationalError, match="readonly"):
        opened.execute("DELETE FROM outbox")
    assert rows(path) == ["t1"]


def _not_there(path: Path) -> None:
    del path


def _empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_not_there, "there is no such file"),
        (_folder, "there is no such file"),
        (_no_database, "cannot be read: file is not a database"),
        (_of_another_program, "cannot be read: it is a database of something else"),
        (_of_a_newer_version, "cannot be read: it was written by a newer version"),
        (_empty, "cannot be read: it was written by an older version"),
    ],
)
def test_what_cannot_be_read_is_told(path: Path, make: Callable[[Path], None], why: str) -> None:
    make(path)
    with pytest.raises(StoreError, match=why) as told, reading(path):
        pass
    assert str(path) in str(told.value)
