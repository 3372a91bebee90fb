import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.quota_uses import QuotaTable
from stasis_refer.core.quota import Bucket
from stasis_refer.core.rules import Counted, Quota, Scope
from stasis_refer.runtime.ports import StoreError
from stasis_refer.runtime.quotas import KeptUses, Quotas, QuotaStore
from tests.transfer_records import AT

FIRST = KeptUses((Scope.RULE, "partners"), Bucket(AT, 2), AT + 61)
SECOND = KeptUses((Scope.RULE, "partners"), Bucket(AT + 1), AT + 62)
OTHER = KeptUses((Scope.APPLICATION, "partners"), Bucket(AT, 7), AT + 3660)


@pytest.fixture
def opened(path: Path) -> Callable[[], QuotaTable]:
    def open_it() -> QuotaTable:
        file = LedgerFile(path)
        file.open()
        return QuotaTable(file)

    return open_it


def test_uses_are_there_after_a_restart_the_oldest_first(
    opened: Callable[[], QuotaTable],
) -> None:
    store: QuotaStore = opened()
    assert store.left() == []
    store.add(SECOND)
    store.add(FIRST)
    assert opened().left() == [FIRST, SECOND]


def test_a_bucket_is_kept_as_it_was_last(opened: Callable[[], QuotaTable]) -> None:
    store = opened()
    for uses in (1, 2, 3):
        store.add(KeptUses(FIRST.key, Bucket(AT, uses), FIRST.until))
    store.add(OTHER)
    assert [each.bucket.uses for each in store.left()] == [7, 3]


def test_what_counts_no_more_is_forgotten(opened: Callable[[], QuotaTable]) -> None:
    store = opened()
    store.add(FIRST)
    store.add(SECOND)
    store.forget(FIRST.until)
    assert store.left() == [SECOND]


def test_others_take_the_place_of_all(opened: Callable[[], QuotaTable]) -> None:
    store = opened()
    store.add(FIRST)
    store.replace([SECOND, OTHER])
    assert store.left() == [OTHER, SECOND]


@pytest.mark.parametrize("row", ["'rule', 'a', 'x', 1, 2", "'moon', 'a', 1, 1, 2"])
def test_a_row_that_cannot_be_read_is_told(
    opened: Callable[[], QuotaTable], path: Path, row: str
) -> None:
    store = opened()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"INSERT INTO quota_uses VALUES ({row})")  # noqa: S608 - our own rows
    with pytest.raises(StoreError, match="a row of quota_uses cannot be read"):
        store.left()


def test_a_program_that_is_started_again_goes_on_counting(
    opened: Callable[[], QuotaTable],
) -> None:
    counted, now = Counted(Scope.RULE, "partners", Quota(2, 60.0)), AT
    first = Quotas(opened(), lambda: now)
    first.open()
    first.take((counted, counted))
    second = Quotas(opened(), lambda: now)
    second.open()
    assert second.used_up((counted,)) == counted
    now += 61.0
    assert second.used_up((counted,)) is None
