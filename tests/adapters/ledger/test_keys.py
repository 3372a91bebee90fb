from collections.abc import Callable
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.keys import KeyTable
from stasis_refer.runtime.keys import KEPT_FOR, KeptRequest, KeyStore
from stasis_refer.runtime.ports import StoreError


class Wall:
    now = 1_764_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def opened(path: Path, wall: Wall) -> Callable[[], KeyTable]:
    def open_it() -> KeyTable:
        file = LedgerFile(path)
        file.open()
        return KeyTable(file, wall, most=5)

    return open_it


def test_a_request_is_kept_behind_a_restart(opened: Callable[[], KeyTable]) -> None:
    keys: KeyStore = opened()
    assert keys.find("a") is None
    keys.keep("a", "f")
    assert opened().find("a") == KeptRequest("f", "")
    keys.keep("a", "f", "t-1")
    assert opened().find("a") == KeptRequest("f", "t-1")
    keys.forget("a")
    assert opened().find("a") is None


def test_it_is_kept_for_a_day(opened: Callable[[], KeyTable], wall: Wall) -> None:
    keys = opened()
    keys.keep("a", "f")
    keys.keep("a", "f", "t-1")
    wall.now += KEPT_FOR - 1
    assert keys.find("a") == KeptRequest("f", "t-1")
    wall.now += 1
    assert keys.find("a") is None
    keys.keep("a", "g")
    assert keys.find("a") == KeptRequest("g", "")


def rows(keys: KeyTable) -> list[str]:
    found = keys._file.read("SELECT key FROM request_keys ORDER BY number")  # noqa: SLF001
    return [key for (key,) in found]


def test_the_latest_are_kept(opened: Callable[[], KeyTable]) -> None:
    keys = opened()
    for key in "abcdefgh":
        keys.keep(key, key)
    assert rows(keys) == ["d", "e", "f", "g", "h"]


def test_those_that_are_too_old_go(opened: Callable[[], KeyTable], wall: Wall) -> None:
    keys = opened()
    for key in "abcd":
        keys.keep(key, key)
    wall.now += KEPT_FOR
    keys.keep("e", "e")
    assert rows(keys) == ["c", "d", "e"]
    keys.keep("f", "f")
    assert rows(keys) == ["e", "f"]


def test_a_closed_file_is_said_to_be(opened: Callable[[], KeyTable]) -> None:
    keys = opened()
    keys._file.close()  # noqa: SLF001
    with pytest.raises(StoreError, match="is closed"):
        keys.keep("a", "f")
