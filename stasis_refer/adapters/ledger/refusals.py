"""What SQLite says no with, as errors of the store."""

import sqlite3
from pathlib import Path
from typing import Final

from stasis_refer.runtime.ports import BusyError, StoreError, UnwritableError

REFUSED: Final = (sqlite3.Error, UnicodeEncodeError, OverflowError)
"""What a statement may raise; the last two, what no table has a form for."""

_NEVER: Final = (
    *(sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError),
    *(sqlite3.ProgrammingError, UnicodeEncodeError, OverflowError),
)
"""What is the fault of the row: another try ends in the same way."""

_PRIMARY: Final = 0xFF  # https://www.sqlite.org/rescode.html: the rest of a code says more


def refusal(path: Path, error: Exception) -> StoreError:
    """Return what to raise when a statement was refused."""
    why = f"{path}: {error}"
    if isinstance(error, _NEVER):
        return UnwritableError(why)
    return BusyError(why) if is_busy(error) else StoreError(why)


def is_busy(error: Exception) -> bool:
    """Tell whether it is only that somebody else has the file just now."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & _PRIMARY in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
