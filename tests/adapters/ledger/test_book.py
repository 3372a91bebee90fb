import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger.book import LedgerBook
from stasis_refer.runtime.book import BadCursorError, Book, CallFilter, TransferFilter
from stasis_refer.runtime.ports import StoreError
from tests.adapters.ledger.rows import call, fill, transfer
from tests.transfer_records import LADDER

ALL = TransferFilter()


@pytest.fixture
async def book(path: Path) -> AsyncIterator[Book]:
    book = LedgerBook(path)
    yield book
    book.close()


async def test_what_the_ledger_knows_is_told(book: Book, path: Path) -> None:
    fill(path, [transfer(1), transfer(2, 1.0)], [call(1)])
    page = await book.transfers(ALL, limit=1)
    assert page.items == (transfer(2, 1.0),)
    assert (await book.transfers(ALL, page.next)).items == (transfer(1),)
    assert await book.transfer(transfer(1).id) == (transfer(1), LADDER)
    assert (await book.calls(CallFilter())).items == (call(1),)
    assert await book.call(call(1).key) == call(1)
    assert await book.call("x") is None


async def test_what_cannot_be_told_is_said(book: Book, path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        await book.transfers(ALL)
    fill(path)
    with pytest.raises(BadCursorError):
        await book.transfers(ALL, "x")


async def test_several_may_ask_at_once(book: Book, path: Path) -> None:
    fill(path, [transfer(number) for number in range(50)])
    pages = await asyncio.gather(*(book.transfers(ALL) for _ in range(20)))
    assert {len(page.items) for page in pages} == {50}


async def test_it_may_be_asked_again_when_it_was_closed(path: Path) -> None:
    fill(path, [transfer(1)])
    book = LedgerBook(path)
    for _ in range(2):
        assert (await book.transfers(ALL)).items == (transfer(1),)
        book.close()
        book.close()
