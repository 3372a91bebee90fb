"""The kinds of rows there are: each combination of what a list can be filtered by."""

from typing import Final

from stasis_refer.adapters.ledger.file import LedgerFile


class Kinds:
    """A table of kinds: its ``columns`` are unique together, none of them may be NULL."""

    def __init__(self, file: LedgerFile, table: str, columns: tuple[str, ...]) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        found = " AND ".join(f"{column} = ?" for column in columns)
        self._add: Final = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
        self._find: Final = f"SELECT number FROM {table} WHERE {found}"  # noqa: S608 - our own names
        self._file = file
        self._known: dict[tuple[object, ...], int] = {}

    def number(self, *values: str | int) -> int:
        """Return the number of a kind, which is added if it is new. Raises StoreError."""
        known = self._known.get(values)
        if known is not None:
            return known
        found = self._file.read(self._find, values)
        number = int(found[0][0]) if found else self._file.write(self._add, values)
        self._file.when_kept(lambda: self._known.__setitem__(values, number))
        return number
