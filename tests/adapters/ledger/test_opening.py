import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger import Ledger, reading
from stasis_refer.adapters.ledger.reader import Reader
from stasis_refer.adapters.ledger.schema import MIGRATIONS
from stasis_refer.core.info import CallStatus
from stasis_refer.core.transfer_id import id_of
from stasis_refer.runtime.book import Rung, TransferFilter
from stasis_refer.runtime.ports import StoreError
from tests.adapters.ledger.parcels import parcel, rows
from tests.adapters.ledger.rows import CALL
from tests.transfer_records import AT, BUSY, LADDER, OPEN


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


def test_a_file_of_an_older_version_is_brought_up_to_date(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        for statement in MIGRATIONS[0]:
            opened.execute(statement)
        opened.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match="older version of this program, which is to run once"):
        rows(path)
    ledger = Ledger(path)
    ledger.open()
    ledger.outbox.add(parcel())
    ledger.close()
    assert rows(path) == ["t1"]
    assert rows(path, "SELECT count(*) FROM transfers") == [0]


def test_the_ladders_of_an_older_version_are_still_there(path: Path) -> None:
    add = """
    INSERT INTO transfers (owner, call, nth, kind, application, dialect, direction, target,
        policy_group, referred_by, caller, dialed, began_at, detail)
    VALUES (1, 'a', 1, 1, 'support', 'twiml', 'sent', 'sip:a@b', '', '', '', '', 5.0, '')
    """
    add_rung = "INSERT INTO rungs (transfer, at, sent, first_line, headers, body) VALUES"
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        for statement in (*MIGRATIONS[0], *MIGRATIONS[1], add):
            opened.execute(statement)
        opened.execute(f"""{add_rung} (1, 5.0, 1, 'REFER "x"', '[["CSeq","1 REFER"]]', 'b')""")
        opened.execute(f"{add_rung} (1, 5.5, 0, 'SIP/2.0 202', '[]', '')")
        opened.execute("PRAGMA user_version = 2")
    ledger = Ledger(path)
    ledger.open()
    ledger.close()
    found = Reader(path).transfer(id_of("a", 1))
    assert found is not None
    assert found[1] == (
        Rung(5.0, True, 'REFER "x"', (("CSeq", "1 REFER"),), "b"),  # noqa: FBT003 - by Asterisk
        Rung(5.5, False, "SIP/2.0 202"),  # noqa: FBT003 - as above
    )


VERSION_3 = Path(__file__).with_name("version3.sql")
"""What a program of that version left: its own tables, two transfers, a call and the rest."""


def test_what_version_3_left_is_there_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as opened:
        opened.executescript(VERSION_3.read_text())
    ledger = Ledger(path, "stasis_refer at there")
    ledger.open()
    assert rows(path) == ["t1"]
    assert [step.call for step in ledger.call_log.left()] == ["c2"]
    reader = Reader(path)
    assert {each.id: each for each in reader.transfers(TransferFilter()).items} == {
        OPEN.id: OPEN,
        BUSY.id: replace(BUSY, rule=""),
    }
    assert reader.transfer(BUSY.id) == (replace(BUSY, rule=""), LADDER)
    answered = replace(CALL, status=CallStatus.COMPLETED, answered_at=AT + 1, ended_at=AT + 9)
    assert reader.call(CALL.key) == answered
    reader.close()
    ledger.close()
    assert rows(path, "SELECT count(*) FROM quota_uses") == [0]


# -- to read ---------------------------------------------------------------------


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
