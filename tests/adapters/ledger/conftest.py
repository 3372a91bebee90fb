from collections.abc import Iterator
from pathlib import Path

import pytest

from stasis_refer.adapters.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stasis_refer.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path)
    ledger.open()
    yield ledger
    ledger.close()
