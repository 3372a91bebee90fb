from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from bench.load import Placed
from bench.result import Ended
from faults.result import Books, Endured
from faults.show import as_table

DONE, BUSY = Ended("completed", "sip"), Ended("busy", "sip")
BOOKS = Books(5, Counter({DONE: 3, BUSY: 2}), Counter({DONE: 3, BUSY: 2}), 0, 0)
GOOD = Endured("a fault", BOOKS, [Placed(5, 1, 0)], 0.2, 0.4, 0, 0, 0.1)


@pytest.mark.parametrize(
    ("books", "astray"),
    [
        (BOOKS, 0),
        (replace(BOOKS, began=6), 1),
        (replace(BOOKS, undone=1), 1),
        (replace(BOOKS, kept=Counter({DONE: 2, BUSY: 2})), 1),
        (replace(BOOKS, kept=Counter({DONE: 2, BUSY: 3})), 1),
        (replace(BOOKS, counted=Counter({DONE: 4, BUSY: 2})), 1),
    ],
    ids=["good", "no outcome", "under way", "not kept", "another one", "two outcomes"],
)
def test_transfers_that_are_astray(books: Books, astray: int) -> None:
    assert books.astray == astray


@pytest.mark.parametrize(
    ("endured", "wrong"),
    [
        (replace(GOOD, ready_after=5.1), "ready within 5 s"),
        (replace(GOOD, ready_after=None), "ready within 5 s"),
        (replace(GOOD, crashes=1), "no crash"),
        (replace(GOOD, left=1), "nobody left in Asterisk"),
        (replace(GOOD, completed_after=None), "transfers go on"),
        (replace(GOOD, books=replace(BOOKS, unproven=1)), "none completed without evidence"),
        (replace(GOOD, books=replace(BOOKS, undone=1)), "exactly one outcome"),
    ],
)
def test_what_is_wrong_is_shown(endured: Endured, wrong: str) -> None:
    assert GOOD.good
    assert not endured.good
    console = Console(width=200, file=StringIO())
    console.print(as_table([GOOD, endured]))
    assert isinstance(console.file, StringIO)
    assert f"NOT: {wrong}" in console.file.getvalue()
