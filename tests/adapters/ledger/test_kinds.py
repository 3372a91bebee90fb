import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.kinds import Kinds


@pytest.fixture
def file(path: Path) -> Iterator[LedgerFile]:
    file = LedgerFile(path)
    file.open()
    yield file
    file.close()


def kinds_of(file: LedgerFile) -> Kinds:
    return Kinds(file, "call_kinds", ("application", "status", "live"))


def test_a_kind_has_one_number(file: LedgerFile) -> None:
    kinds, others = kinds_of(file), kinds_of(file)
    first, second = kinds.number("a", "busy", 0), kinds.number("a", "busy", 1)
    assert first != second
    assert kinds.number("a", "busy", 0) == others.number("a", "busy", 0) == first
    assert file.read("SELECT count(*) FROM call_kinds") == [(2,)]


def test_one_that_is_known_is_not_looked_for(file: LedgerFile) -> None:
    kinds = kinds_of(file)
    number = kinds.number("a", "busy", 0)
    file.close()
    assert kinds.number("a", "busy", 0) == number


def test_one_of_a_step_that_was_not_kept_is_not_known(file: LedgerFile, path: Path) -> None:
    kinds = kinds_of(file)
    with suppress(KeyError), file.step():
        kinds.number("a", "busy", 0)
        raise KeyError
    kinds.number("a", "busy", 0)
    with closing(sqlite3.connect(path)) as opened:
        assert opened.execute("SELECT application FROM call_kinds").fetchall() == [("a",)]
