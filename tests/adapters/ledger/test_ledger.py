import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger, Reader
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome
from stasis_refer.runtime.book import CallFilter, CallRecord, TransferFilter
from stasis_refer.runtime.stories import TransferStory
from tests.core.calls import FORBIDDEN, document
from tests.runtime.journaled import CALLER, Journaled, another, completed

ID = f"{CALLER.key}-1"


async def test_what_is_not_urgent_is_written_soon(ledger: Ledger, path: Path) -> None:
    keeping = asyncio.create_task(ledger.keep())
    Journaled(ledger.tap).happens(*completed(1.0))
    with closing(Reader(path)) as reader:
        assert reader.call(CALLER.key) is None
        async with asyncio.timeout(5):
            while reader.call(CALLER.key) is None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        found = reader.transfer(ID)
        assert found is not None
        assert len(found[1]) == 8
    keeping.cancel()


def test_what_is_not_urgent_is_written_before_the_end(ledger: Ledger, path: Path) -> None:
    for number in range(200):
        Journaled(ledger.tap, another(number + 1)).happens(*completed(1.0))
    ledger.close()
    with closing(Reader(path)) as reader:
        assert len(reader.calls(CallFilter(), limit=1000).items) == 200


def test_what_cannot_be_written_keeps_nothing_behind_it_from_the_file(
    ledger: Ledger, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(
            f"CREATE TRIGGER refused BEFORE INSERT ON calls WHEN NEW.key = '{CALLER.key}'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    for number in range(200):
        Journaled(ledger.tap, another(number + 1)).happens((1.0, document(FORBIDDEN)))
        if not number:
            Journaled(ledger.tap).happens((1.0, document(FORBIDDEN)))
    ledger.close()
    with closing(Reader(path)) as reader:
        assert len(reader.calls(CallFilter(), limit=1000).items) == 200


def test_a_bug_at_the_end_costs_what_it_was_in_alone(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = ledger._recorder._calls  # noqa: SLF001
    put = calls.put

    def sometimes(record: CallRecord) -> None:
        if record.key == CALLER.key:
            raise ZeroDivisionError
        put(record)

    monkeypatch.setattr(calls, "put", sometimes)
    for info in (CALLER, another(1), another(2)):
        Journaled(ledger.tap, info)
    with capture_logs() as logs:
        ledger.close()
    assert [line["log_level"] for line in logs] == ["error"]
    with closing(Reader(path)) as reader:
        assert len(reader.calls(CallFilter()).items) == 2


def test_at_the_end_a_file_that_is_locked_is_waited_for(ledger: Ledger, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        Journaled(ledger.tap).happens(*completed(1.0))
        unlock = threading.Timer(0.3, writer.execute, ("COMMIT",))
        unlock.start()
        ledger.close()
        unlock.join()
    with closing(Reader(path)) as reader:
        assert reader.transfer(ID) is not None
        assert reader.call(CALLER.key) is not None


def test_at_the_end_a_file_that_stays_locked_is_not_waited_for_without_end(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.ledger._WAITS_AT_THE_END", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, capture_logs() as logs:
        writer.execute("BEGIN IMMEDIATE")
        Journaled(ledger.tap).happens(*completed(1.0))
        ledger.close()
    assert [line["log_level"] for line in logs] == ["error", "error"]
    assert "is lost" in logs[-1]["event"]


async def test_what_could_not_be_written_is_when_it_can(ledger: Ledger, path: Path) -> None:
    keeping = asyncio.create_task(ledger.keep())
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        Journaled(ledger.tap).happens(*completed(1.0))
        await asyncio.sleep(0.5)
        writer.execute("COMMIT")
    with closing(Reader(path)) as reader:
        async with asyncio.timeout(5):
            while reader.transfer(ID) is None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
    keeping.cancel()


def test_a_ledger_that_cannot_be_written_takes_no_end_of_memory(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.ledger._MOST_WAITING", 20)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, capture_logs() as logs:
        writer.execute("BEGIN IMMEDIATE")
        for number in range(1, 31):
            Journaled(ledger.tap, another(number)).happens((1.0, document(FORBIDDEN)))
            ledger._write_some()  # noqa: SLF001 - as `keep` does
        writer.execute("COMMIT")
        while ledger._recorder.behind:  # noqa: SLF001
            ledger._write_some()  # noqa: SLF001
    assert [line["log_level"] for line in logs] == ["error", "error", "info"]
    with closing(Reader(path)) as reader:
        kept = reader.transfers(TransferFilter()).items
    assert {each.call for each in kept} == {another(number).key for number in range(11, 31)}


def test_the_program_may_be_asked_for_what_it_has_just_written(ledger: Ledger) -> None:
    Journaled(ledger.tap).happens((1.0, document(FORBIDDEN)))
    found = asyncio.run(ledger.book.transfer(ID))
    assert found is not None


async def test_a_call_that_has_just_ended_is_found_at_once(ledger: Ledger) -> None:
    Journaled(ledger.tap).happens(*completed(1.0))
    found = await ledger.book.call(CALLER.key)
    assert found is not None
    assert (found.status, found.ended_at is None) == (CallStatus.COMPLETED, False)


async def test_a_list_has_what_has_just_happened(ledger: Ledger) -> None:
    for number in range(120):
        Journaled(ledger.tap, another(number)).happens(*completed(1.0))
    assert len((await ledger.book.calls(CallFilter(live=False), limit=1000)).items) == 120


@pytest.mark.parametrize("first", [0, 1], ids=["all of it", "its end"])
async def test_what_cannot_be_written_is_told_of_by_its_name(
    ledger: Ledger, path: Path, first: int
) -> None:
    line, steps = Journaled(ledger.tap), completed(1.0)
    for step in steps[: 4 * first]:
        line.happens(step)
        assert await ledger.book.transfer(ID) is not None  # it is written now
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        line.happens(*steps[4 * first :])
        call, transfer = await ledger.book.call(CALLER.key), await ledger.book.transfer(ID)
    assert call is not None
    assert call.status is CallStatus.COMPLETED
    assert transfer is not None
    assert transfer[0].outcome is Outcome.COMPLETED
    assert len(transfer[1]) == 8
    assert await ledger.book.transfer(f"{CALLER.key}-2") is None


async def test_a_bug_in_one_work_is_loud_and_ends_none(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.ledger._TRY_AGAIN", 0.01)
    write, bugs = ledger._recorder.write, [ZeroDivisionError()]  # noqa: SLF001

    def sometimes(first: Sequence[TransferStory] = (), *, most: int = 0) -> None:
        if bugs and not first:  # not in the step of a call
            raise bugs.pop()
        write(first, most=most)

    monkeypatch.setattr(ledger._recorder, "write", sometimes)  # noqa: SLF001
    with capture_logs() as logs:
        keeping = asyncio.create_task(ledger.keep())
        Journaled(ledger.tap).happens(*completed(1.0))
        with closing(Reader(path)) as reader:
            async with asyncio.timeout(5):
                while reader.call(CALLER.key) is None:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.01)
    assert not keeping.done()
    assert [line["work"] for line in logs if "work" in line] == ["_write_the_rest"]
    keeping.cancel()
