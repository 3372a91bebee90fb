import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.ledger.call_log import ABANDONED_AFTER
from stasis_refer.runtime.call_log import Kept

NOW = time.time()


def step(number: int, call: str = "c1") -> Kept:
    return Kept(call, number, 5.0 + number, NOW, f'{{"":"ChannelUp","n":{number}}}', "HangUp Tell")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path, "here")
    ledger.open()
    yield ledger
    ledger.close()


def opened_again(ledger: Ledger) -> Ledger:
    ledger.close()
    ledger.open()
    return ledger


def test_what_is_left_comes_call_by_call_in_the_order_of_its_steps(ledger: Ledger) -> None:
    kept = [step(2), step(1), step(10), step(1, "c0"), step(3)]
    for each in kept:
        ledger.call_log.add([each])
    left = opened_again(ledger).call_log.left()
    assert left == [step(1, "c0"), step(1), step(2), step(3), step(10)]


def test_steps_that_are_kept_together_come_one_by_one(ledger: Ledger) -> None:
    ledger.call_log.add([step(1)])
    ledger.call_log.add([step(2), step(3)])
    assert opened_again(ledger).call_log.left() == [step(1), step(2), step(3)]


@pytest.mark.parametrize("number", [1, 3])  # the first and the last row
@pytest.mark.parametrize("steps", ["x", "", b"\x00", 42])
def test_a_row_that_is_none_of_ours_costs_its_call_a_step(
    ledger: Ledger, path: Path, number: int, steps: object
) -> None:
    for each in ([step(1), step(2)], [step(3)], [step(1, "c2")]):
        ledger.call_log.add(each)
    ledger.close()
    with closing(sqlite3.connect(path)) as opened, opened:
        change = "UPDATE call_log SET steps = ? WHERE call = 'c1' AND number = ?"
        opened.execute(change, (steps, number))
    ledger.open()
    left = ledger.call_log.left()
    assert [each.number for each in left if each.call == "c1"] == (
        [0, 3] if number == 1 else [1, 2, 0]
    )
    assert [each for each in left if each.call != "c1"] == [step(1, "c2")]


def test_a_call_that_is_forgotten_is_not_left(ledger: Ledger) -> None:
    for each in (step(1), step(2), step(1, "c2")):
        ledger.call_log.add([each])
    ledger.call_log.forget("c1")
    assert opened_again(ledger).call_log.left() == [step(1, "c2")]


def test_a_step_that_is_kept_twice_is_an_error(ledger: Ledger) -> None:
    ledger.call_log.add([step(1)])
    with pytest.raises(Exception, match="UNIQUE"):
        ledger.call_log.add([step(1)])


def test_calls_at_another_place_are_left_to_who_comes_back_there(
    ledger: Ledger, path: Path
) -> None:
    ledger.call_log.add([step(1)])
    other = Ledger(path, "elsewhere")
    other.open()
    other.call_log.add([step(1, "c2")])
    assert other.call_log.left() == [step(1, "c2")]
    other.close()
    assert opened_again(ledger).call_log.left() == [step(1)]


def test_the_calls_of_a_program_that_runs_are_its_own(ledger: Ledger, path: Path) -> None:
    assert ledger.call_log.left() == []
    ledger.call_log.add([step(1)])
    second = Ledger(path, "here")
    second.open()
    assert second.call_log.left() == ()
    ledger.close()
    assert second.call_log.left() == [step(1)]
    second.close()


def test_a_call_that_nobody_comes_back_to_is_forgotten(ledger: Ledger, path: Path) -> None:
    long_ago = NOW - ABANDONED_AFTER - 60
    ledger.call_log.add([replace(step(1, "old"), wall=long_ago)])
    ledger.call_log.add([replace(step(1, "long"), wall=long_ago)])
    ledger.call_log.add([step(2, "long")])
    ledger.call_log.left()
    with closing(sqlite3.connect(path)) as opened:
        rows = opened.execute("SELECT DISTINCT call FROM call_log").fetchall()
    assert rows == [("long",)]


def test_calls_are_found_while_somebody_else_writes(ledger: Ledger, path: Path) -> None:
    ledger.call_log.add([step(1)])
    opened_again(ledger)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert ledger.call_log.left() == [step(1)]
