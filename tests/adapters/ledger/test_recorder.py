import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.ledger.reader import Reader
from stasis_refer.core.events import CallEnded, SipSeen
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.core.verbs import Refer
from stasis_refer.runtime.book import CallFilter, Rung, TransferFilter, TransferRecord
from tests.adapters.ledger.parcels import parcel
from tests.core.calls import document
from tests.core.dials import DIAL, answers
from tests.runtime.journaled import CALLER, WALL, Journaled, another, completed, message, referred

ALL = TransferFilter()
ID = f"{CALLER.key}-1"


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    reader = Reader(path)
    yield reader
    reader.close()


def write_all(ledger: Ledger) -> None:
    """Do what ``Ledger.keep`` does soon."""
    while ledger._recorder.behind:  # noqa: SLF001 - without waiting for it
        ledger._write_some()  # noqa: SLF001


def kept(reader: Reader, number: int = 1) -> TransferRecord:
    found = reader.transfer(f"{CALLER.key}-{number}")
    assert found is not None
    return found[0]


def ladder(reader: Reader) -> tuple[Rung, ...]:
    found = reader.transfer(ID)
    assert found is not None
    return found[1]


# -- as it goes ------------------------------------------------------------------


def test_a_transfer_is_in_the_file_as_soon_as_it_has_begun(ledger: Ledger, reader: Reader) -> None:
    line = Journaled(ledger.tap)
    line.happens((1.0, document(Refer("sip:alice@example.com"))))
    record = kept(reader)
    assert (record.id, record.target, record.outcome) == (ID, "sip:alice@example.com", None)


def test_it_is_there_as_a_whole_when_it_has_ended(ledger: Ledger, reader: Reader) -> None:
    line = Journaled(ledger.tap)
    line.happens(*completed(1.0)[:-2])
    record = kept(reader)
    assert (record.outcome, record.refer_code, record.notify_code) == (Outcome.COMPLETED, 202, 200)
    first_lines = [rung.first_line for rung in ladder(reader)]
    assert first_lines[:3] == [
        "REFER sip:a@b SIP/2.0",
        "SIP/2.0 202 Accepted",
        "NOTIFY sip:a@b SIP/2.0",
    ]
    assert ladder(reader)[0] == Rung(
        WALL + 1, sent=True, first_line="REFER sip:a@b SIP/2.0", headers=(("CSeq", "7 REFER"),)
    )


def test_all_of_it_is_soon(ledger: Ledger, reader: Reader) -> None:
    line = Journaled(ledger.tap)
    line.happens(*completed(1.0))
    write_all(ledger)
    assert len(ladder(reader)) == 8
    call = reader.call(CALLER.key)
    assert call is not None
    assert (call.status, call.caller, call.ended_at is not None) == (
        CallStatus.COMPLETED,
        "1001",
        True,
    )


def test_a_leg_is_kept_with_its_parent(ledger: Ledger, reader: Reader) -> None:
    Journaled(ledger.tap).happens((0.0, document(DIAL)), *answers(1.0))
    write_all(ledger)
    (leg,) = reader.calls(CallFilter(parent=CALLER.key)).items
    assert (leg.parent, leg.dialed, leg.status) == (CALLER.key, "a", CallStatus.IN_PROGRESS)


async def test_who_watches_is_told(ledger: Ledger) -> None:
    with ledger.feed.subscribe() as records:
        Journaled(ledger.tap).happens(*completed(1.0))
        ledger.feed.close()
        outcomes = [each.outcome async for each in records if isinstance(each, TransferRecord)]
    assert outcomes == [None, None, None, Outcome.COMPLETED]


def test_a_transfer_that_is_there_already_is_the_same_one(
    ledger: Ledger, reader: Reader, path: Path
) -> None:
    Journaled(ledger.tap, another(2)).happens(*referred(1.0))
    Journaled(ledger.tap).happens(*referred(1.0))
    Journaled(ledger.tap, another(3)).happens(*referred(1.0))
    again = Ledger(path)
    again.open()
    with capture_logs() as logs:
        Journaled(again.tap).happens(*completed(1.0))
        write_all(again)
    again.close()
    assert [line["log_level"] for line in logs] == []
    assert kept(reader).outcome is Outcome.COMPLETED
    assert len(reader.transfers(ALL).items) == 3
    assert len(ladder(reader)) >= 8


def test_text_that_no_table_can_hold_is_kept_as_far_as_it_is(
    ledger: Ledger, reader: Reader
) -> None:
    caller = replace(CALLER, caller="a\0\ud800", caller_name="\ud800")
    Journaled(ledger.tap, caller).happens((1.0, document(Refer("sip:\udfff\0@example.com"))))
    write_all(ledger)
    assert kept(reader).target == r"sip:\udfff\x00@example.com"
    (call,) = reader.calls(CallFilter(caller="a\0\ud800")).items
    assert (call.caller, call.caller_name) == (r"a\x00\ud800", r"\ud800")
    assert ledger.writable()


def test_the_parties_are_not_kept_where_that_is_wanted(path: Path) -> None:
    ledger = Ledger(path, hide=True)
    ledger.open()
    line = Journaled(ledger.tap)
    line.happens(
        (0.0, document(Refer("sip:secret@example.com"))),
        (0.0, SipSeen(message("REFER sip:secret@b SIP/2.0", sent=True))),
        (1.0, CallEnded()),
    )
    ledger.close()
    everything = b"".join(each.read_bytes() for each in path.parent.iterdir())
    for secret in (b"secret", b"1001", b"Alice"):
        assert secret not in everything
    assert b"sip:s***@example.com" in everything


# -- a file that cannot be written -----------------------------------------------


def refuse(path: Path, table: str, rows: str) -> None:
    """Let a table hold no new rows of some kind, as a constraint does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(
            f"CREATE TRIGGER refused BEFORE INSERT ON {table} WHEN {rows}"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )


@pytest.fixture
def locked(path: Path, ledger: Ledger) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection, in the midst of a write."""
    del ledger
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("BEGIN IMMEDIATE")
        yield opened


def test_calls_go_on_while_the_file_is_locked_and_all_is_caught_up(
    ledger: Ledger, reader: Reader, locked: sqlite3.Connection
) -> None:
    with capture_logs() as logs:
        for number in range(1, 31):
            Journaled(ledger.tap, another(number)).happens(*completed(float(number)))
        assert not ledger.writable()
        locked.execute("COMMIT")
        write_all(ledger)
    assert [line["log_level"] for line in logs] == ["error", "info"]
    page = reader.transfers(ALL, limit=100)
    assert len(page.items) == 30
    assert {each.outcome for each in page.items} == {Outcome.COMPLETED}
    found = reader.transfer(page.items[0].id)
    assert found is not None
    assert len(found[1]) == 8


async def test_what_is_written_late_is_told_once_more(
    ledger: Ledger, reader: Reader, locked: sqlite3.Connection
) -> None:
    call = Journaled(ledger.tap)
    call.happens(*completed(1.0))
    with ledger.feed.subscribe() as records:
        ledger._write_some()  # noqa: SLF001 - in vain
        locked.execute("COMMIT")
        write_all(ledger)
        told = await anext(records)
        assert told == kept(reader)
        Journaled(ledger.tap, another(1)).happens(*completed(1.0))
        write_all(ledger)
        ledger.feed.close()
        assert len([each async for each in records]) == 4  # as ever, none of it twice


async def test_who_asks_while_it_cannot_be_written_is_told_that_something_lacks(
    ledger: Ledger, locked: sqlite3.Connection
) -> None:
    assert not (await ledger.book.transfers(ALL)).behind
    Journaled(ledger.tap).happens(*completed(1.0))
    page = await ledger.book.transfers(ALL)
    assert (page.items, page.behind) == ((), True)
    assert (await ledger.book.calls(CallFilter())).behind
    locked.execute("COMMIT")
    write_all(ledger)
    page = await ledger.book.transfers(ALL)
    assert (len(page.items), page.behind) == (1, False)


def test_each_write_that_fails_is_counted(path: Path, locked: sqlite3.Connection) -> None:
    del locked
    failures: list[None] = []
    second = Ledger(path, failed=lambda: failures.append(None))
    second._file._opened = sqlite3.connect(path, isolation_level=None, timeout=0)  # noqa: SLF001 - it cannot be opened now
    Journaled(second.tap).happens(*completed(1.0))
    second._write_some()  # noqa: SLF001
    assert len(failures) == 2
    second.close()


def test_a_disk_that_is_full_for_a_while_loses_nothing(ledger: Ledger, reader: Reader) -> None:
    opened = ledger._file._opened  # noqa: SLF001 - a disk cannot be filled here
    assert opened is not None
    (pages,) = opened.execute("PRAGMA page_count").fetchone()
    opened.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(1, 31):
        Journaled(ledger.tap, another(number)).happens(*completed(float(number)))
    assert not ledger.writable()
    opened.execute("PRAGMA max_page_count = 1000000")
    write_all(ledger)
    assert len(reader.transfers(ALL, limit=100).items) == 30
    assert ledger.writable()


def test_a_row_that_the_file_cannot_hold_keeps_no_other_waiting(
    ledger: Ledger, reader: Reader, path: Path
) -> None:
    refuse(path, "transfers", f"NEW.call = '{CALLER.key}'")
    with capture_logs() as logs:
        Journaled(ledger.tap).happens(*completed(1.0))
        Journaled(ledger.tap, another(2)).happens(*completed(1.0))
        write_all(ledger)
        write_all(ledger)
    assert {line["event"] for line in logs} == {"transfer left out of the ledger"}
    assert {line["transfer"] for line in logs} == {ID}
    assert [each.call for each in reader.transfers(ALL).items] == [another(2).key]
    assert len(reader.calls(CallFilter()).items) == 2


def test_a_call_that_the_file_cannot_hold_costs_no_transfer(
    ledger: Ledger, reader: Reader, path: Path
) -> None:
    refuse(path, "calls", f"NEW.key = '{CALLER.key}'")
    with ledger.step():
        Journaled(ledger.tap).happens(*completed(1.0))
    write_all(ledger)
    write_all(ledger)
    assert kept(reader).outcome is Outcome.COMPLETED
    assert len(ladder(reader)) == 8
    assert not reader.calls(CallFilter()).items


def test_a_row_that_the_file_cannot_hold_costs_nothing_else_of_its_step(
    ledger: Ledger, reader: Reader, path: Path
) -> None:
    refuse(path, "rungs", "NEW.messages LIKE '%SIP/2.0 202%'")
    line = Journaled(ledger.tap)
    with ledger.step():
        number = ledger.outbox.add(parcel("before"))
        line.happens(*completed(1.0))
        after = ledger.outbox.add(parcel("after"))
    assert ledger.outbox.read(number) == parcel("before")
    assert ledger.outbox.read(after) == parcel("after")
    with capture_logs() as logs:
        write_all(ledger)
    assert [line["event"] for line in logs] == []  # it is tried no more
    assert kept(reader).outcome is Outcome.COMPLETED
    words = [rung.first_line for rung in ladder(reader)]
    assert len(words) == 7
    assert "SIP/2.0 202 Accepted" not in words


def test_each_write_that_the_file_refuses_is_counted(path: Path) -> None:
    failures: list[None] = []
    ledger = Ledger(path, failed=lambda: failures.append(None))
    ledger.open()
    refuse(path, "rungs", "NEW.messages LIKE '%NOTIFY%'")
    Journaled(ledger.tap).happens(*completed(1.0))
    ledger.close()
    assert len(failures) == 4  # of the messages together, then of those that are to blame


def test_what_cannot_be_closed_keeps_nothing_else_open(path: Path, reader: Reader) -> None:
    killed(path)
    ledger = Ledger(path)
    ledger.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(
            f"CREATE TRIGGER refused BEFORE UPDATE ON transfers WHEN NEW.call = '{another(1).key}'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    ledger.close_open((), (), WALL + 60)
    (left,) = reader.transfers(TransferFilter(open=True)).items
    assert left.call == another(1).key
    ledger.close()


def test_a_bug_in_it_costs_nothing_else_of_its_step(
    ledger: Ledger, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(ledger._recorder._rungs, "add", broken)  # noqa: SLF001
    with ledger.step(), capture_logs() as logs:
        Journaled(ledger.tap).happens((1.0, document(Refer("sip:alice@example.com"))))
        number = ledger.outbox.add(parcel())
    assert {line["log_level"] for line in logs} == {"error"}
    assert ledger.outbox.read(number) == parcel()
    assert reader.transfer(ID) is None


def test_a_bug_in_it_ends_no_call(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(entry: object) -> None:
        raise KeyError(entry)

    monkeypatch.setattr(ledger._chronicle, "note", broken)  # noqa: SLF001
    with capture_logs() as logs:
        Journaled(ledger.tap)
    assert [line["log_level"] for line in logs] == ["error"]


# -- a program that ended --------------------------------------------------------

_TRANSFER_AND_DIE = """
import os, signal, sys
from pathlib import Path
from stasis_refer.adapters.ledger import Ledger
from tests.core.calls import document
from tests.runtime.journaled import Journaled, another, completed, referred
ledger = Ledger(Path(sys.argv[1]))
ledger.open()
for number in range(1, 51):
    Journaled(ledger.tap, another(number)).happens(*referred(1.0)[:1])
Journaled(ledger.tap, another(99)).happens(*completed(1.0)[:-2])
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(path: Path) -> None:
    command = [sys.executable, "-c", _TRANSFER_AND_DIE, str(path)]
    ended = subprocess.run(command, check=False)  # noqa: S603 - our own
    assert ended.returncode == -signal.SIGKILL


def test_no_transfer_that_had_begun_is_lost_by_a_kill(path: Path, reader: Reader) -> None:
    killed(path)
    ledger = Ledger(path)
    ledger.open()
    assert len(reader.transfers(TransferFilter(open=True), limit=100).items) == 50
    closed = ledger.close_open((), (), WALL + 60)
    assert {each.call for each in closed} == {another(number).key for number in range(1, 51)}
    assert {(each.outcome, each.reason, each.ended_at) for each in closed} == {
        (Outcome.ERROR, Reason.RESTARTED, WALL + 60)
    }
    page = reader.transfers(ALL, limit=100)
    assert {each.outcome for each in page.items} == {Outcome.ERROR, Outcome.COMPLETED}
    assert sorted(closed, key=str) == sorted(
        (each for each in page.items if each.outcome is Outcome.ERROR), key=str
    )
    assert ledger.close_open((), (), WALL + 61) == []
    assert not reader.calls(CallFilter(live=True)).items
    ledger.close()


def test_what_is_taken_up_again_goes_on(path: Path, reader: Reader) -> None:
    before = Ledger(path)
    before.open()
    line = Journaled(before.tap)
    line.happens(*referred(1.0))
    Journaled(before.tap, another(2)).happens(*referred(1.0))
    before.close()
    ledger = Ledger(path)
    ledger.open()
    closed = ledger.close_open({CALLER.key}, {CALLER.key}, WALL + 60)
    assert [each.call for each in closed] == [another(2).key]
    line.call.tap = ledger.tap  # type: ignore[attr-defined]
    line.happens(*completed(1.0)[3:])
    write_all(ledger)
    assert kept(reader).outcome is Outcome.COMPLETED
    assert len(ladder(reader)) == 8
    call = reader.call(CALLER.key)
    assert call is not None
    assert call.status is CallStatus.COMPLETED
    ledger.close()


def test_a_leg_that_no_call_has_any_more_is_over(path: Path, reader: Reader) -> None:
    before = Ledger(path)
    before.open()
    line = Journaled(before.tap)
    line.happens((0.0, document(DIAL)), *answers(1.0))
    before.close()
    (leg,) = line.call.legs.values()
    for parties, live in (({CALLER.key, leg.info.key}, 2), ({CALLER.key}, 1)):
        ledger = Ledger(path)
        ledger.open()
        ledger.close_open({CALLER.key}, parties, WALL + 60)
        assert len(reader.calls(CallFilter(live=True)).items) == live
        ledger.close()
    record = reader.call(leg.info.key)
    assert record is not None
    assert (record.status, record.ended_at) == (CallStatus.COMPLETED, WALL + 60)


def test_what_another_program_has_under_way_is_left_alone(ledger: Ledger, path: Path) -> None:
    line = Journaled(ledger.tap)
    line.happens(*referred(1.0))
    second = Ledger(path)
    second.open()
    assert second.close_open((), (), WALL + 60) == []
    ledger.close()
    assert [each.id for each in second.close_open((), (), WALL + 60)] == [ID]
    second.close()


def test_what_is_taken_up_is_ours_though_another_program_has_what_its_owner_left(
    path: Path, reader: Reader
) -> None:
    before = Ledger(path)
    before.open()
    line = Journaled(before.tap)
    line.happens(*referred(1.0))
    write_all(before)
    before.close()
    other, ledger = Ledger(path), Ledger(path)
    other.open()  # under the number of the one before
    ledger.open()
    assert ledger.close_open({CALLER.key}, {CALLER.key}, WALL + 60) == []
    line.call.tap = ledger.tap  # type: ignore[attr-defined]
    line.happens(*completed(1.0)[3:])
    write_all(ledger)
    assert len(reader.transfers(ALL).items) == 1
    assert kept(reader).outcome is Outcome.COMPLETED
    assert not reader.calls(CallFilter(live=True)).items
    ledger.close()
    other.close()


def test_what_is_our_own_is_left_alone(ledger: Ledger) -> None:
    line = Journaled(ledger.tap)
    line.happens(*referred(1.0))
    write_all(ledger)
    assert ledger.close_open((), (), WALL + 60) == []
