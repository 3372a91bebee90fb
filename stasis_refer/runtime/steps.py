"""What a step of a call leaves on file before its effects begin: all of it, or nothing.

That is the step itself, for a restart; what applications are told of it; and what the tables of
the ledger make of it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Final

import structlog

from stasis_refer.core.intents import Note, QuotaTaken, TransferBegan, TransferEnded
from stasis_refer.runtime.call_log import CallLog
from stasis_refer.runtime.journal import Entry, Tap
from stasis_refer.runtime.letters import Letters
from stasis_refer.runtime.ports import Later, Outbox, Parcel, StoreError, Timer

_log = structlog.get_logger(__name__)


WRITTEN_AFTER: Final = 0.05
"""Seconds until a step is on file that nothing came of. To lose it is not to have heard it."""


_KEPT: Final = (TransferBegan, TransferEnded, QuotaTaken)
"""Notes that must not be made twice, and so are written with their step."""


class Steps:
    """A tap that writes each step down. ``together`` makes one transaction of what is written.

    Steps that nothing comes of are written with the next one that something does, of whatever
    call. A disk that is full ends no call: it goes on, and is not taken up after a restart.
    """

    def __init__(  # noqa: PLR0913 - one argument per port
        self,
        *,
        together: Callable[[], AbstractContextManager[None]],
        log: CallLog,
        letters: Letters,
        outbox: Outbox,
        later: Later,
        tables: Sequence[Tap] = (),
    ) -> None:
        self._together = together
        self._log = log
        self._letters = letters
        self._outbox = outbox
        self._later = later
        self._tables = tables
        self._timer: Timer | None = None

    def __call__(self, entry: Entry) -> None:
        """Write a step down, and have delivered what is told of it."""
        self._log.take(entry)
        # Other notes are told to nobody but the tables.
        if any(not isinstance(each, Note) or isinstance(each, _KEPT) for each in entry.intents):
            parcels = self._letters.parcels(entry)
            numbers = self._write(entry, parcels)
            for number, parcel in zip(numbers, parcels, strict=True):
                self._outbox.send(number, parcel)
        else:
            self._tell_tables(entry)
            self._write_later()

    def forget(self, call: str) -> None:
        """Forget a call that is over, and all that it asked for done."""
        self._log.forget(call)
        self._write_later()

    def flush(self) -> None:
        """Write down what is left to be written."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._log.written:
            self._write(None, ())

    def _write_later(self) -> None:
        if self._timer is None:
            self._timer = self._later(WRITTEN_AFTER, self.flush)

    def _write(self, entry: Entry | None, parcels: Sequence[Parcel]) -> Sequence[int | None]:
        """Write what there is; the numbers of the parcels, None where it could not be."""
        try:
            with self._together():
                if entry is not None:
                    # First: what they hear of is written later, where it cannot be now.
                    self._tell_tables(entry)
                self._log.write()
                numbers = [self._outbox.keep(parcel) for parcel in parcels]
        except StoreError as error:
            _log.error("steps of calls cannot be kept", why=str(error))
            self._log.not_written()
            return [None] * len(parcels)
        self._log.was_written()
        return numbers

    def _tell_tables(self, entry: Entry) -> None:
        """Let all tables hear of a step, also where one of them cannot write."""
        with ExitStack() as stack:
            for table in reversed(self._tables):
                stack.callback(table, entry)
