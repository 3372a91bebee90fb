"""What tests of the whole program stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import WAIT, Customer
from tests.harvest import files_are_searched, pytest_configure

__all__ = ["asterisk", "customer", "files_are_searched", "pytest_configure"]


@pytest.fixture
async def asterisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asterisk]:
    """Return a fake Asterisk; the ledger is in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    async with Asterisk() as asterisk:
        yield asterisk


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Return the web server of an application whose calls wait."""
    async with Customer() as customer:
        customer.reply("/voice", WAIT)
        yield customer
