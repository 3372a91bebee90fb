"""The ledger: what must outlive the program, in one SQLite file."""

from pathlib import Path

from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.outbox import OutboxTable


class Ledger:
    """The file and its tables, as one program has them open.

    ``open`` first, ``close`` at the end; it may be opened again.
    """

    def __init__(self, path: Path) -> None:
        self._file = LedgerFile(path)
        self.outbox = OutboxTable(self._file)

    def open(self) -> None:
        """Open the file, made if there is none, with tables of this version.

        Raises StoreError with the remedy.
        """
        self._file.open()
        self.outbox.opened()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    async def keep(self) -> None:
        """Bring what was written onto the disk now and then, until cancelled."""
        await self._file.keep()

    def writable(self) -> bool:
        """Tell whether the file can be written; tried out when it was not written of late."""
        return self._file.writable()
