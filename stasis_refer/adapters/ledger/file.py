"""The ledger's file: how it is opened, shared, written, read, and brought onto the disk.

It is in WAL mode with ``synchronous=NORMAL``: what was written survives our own end, however
sudden, and waits for no disk. A power cut can cost what was written in the last two seconds: a
parcel may be lost then, or one that was delivered may be sent again.
"""

import asyncio
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import structlog

from stasis_refer.adapters.ledger.disk import Place, checkpoint, sync
from stasis_refer.adapters.ledger.locks import lock
from stasis_refer.adapters.ledger.opening import BUSY, SET_VERSION, connect, make, set_up
from stasis_refer.adapters.ledger.refusals import REFUSED, is_busy, refusal
from stasis_refer.adapters.ledger.step import INSIDE, Step
from stasis_refer.adapters.ledger.text import writable
from stasis_refer.runtime.ports import BusyError, StoreError, UnwritableError

_log = structlog.get_logger(__name__)

_BUSY_LOOP: Final = 0.02  # the same for what runs in the loop's thread: all calls wait with it
_SYNC_EVERY: Final = 2.0  # seconds
_CHECKPOINT_EVERY: Final = 60.0  # seconds
_MANY: Final = 2000  # writes, after which a checkpoint does not wait for its time
_PROBED_FOR: Final = 2.0  # seconds that a look whether the file can be written is good for


class LedgerFile:
    """The file, as one program has it open; ``open`` first, ``close`` at the end.

    Several programs may have it open. Each owns what it adds, under the lowest number whose lock
    file no other has locked; what those own that have ended goes to who locks their files next.
    Statements are short and run in the loop's thread; ``keep`` does the rest in another.
    ``unwritable`` is called for each row that the file can never hold.
    """

    def __init__(self, path: Path, unwritable: Callable[[], None] = lambda: None) -> None:
        self.path = path.absolute()
        self._unwritable = unwritable
        self._opened: sqlite3.Connection | None = None
        self.owner = 0
        self._locks: dict[int, int] = {}  # file descriptors, by owner: us, and who has ended
        self._claims: dict[str, int] = {}  # file descriptors, by name
        self._place: Place | None = None
        self._step: Step | None = None
        self._written = 0  # statements since the last checkpoint
        self._tidying = 0  # how many works of our own keep others from writing
        self._good = False
        self._looked_at = 0.0
        self._patient = -1.0  # seconds, as the connection was told last

    def open(self) -> None:
        """Open the file, made if there is none, with a schema of this version.

        Raises StoreError with the remedy; BusyError where that is to wait.
        """
        try:
            make(self.path)
            self._opened = connect(self.path)
            self._place = Place(self.path)
            set_up(self._opened)
            self.owner = next(owner for owner in count(1) if self.take_over(owner))
        except (OSError, ValueError, sqlite3.Error) as error:
            self.close()
            if is_busy(error):
                raise BusyError(
                    f"{self.path} cannot be used: {error}: end what else writes it"
                ) from error
            why = error.strerror if isinstance(error, OSError) else error
            raise StoreError(
                f"{self.path} cannot be used: {why}: let the program write there, on a local "
                "disk, or name another file"
            ) from error
        self._good, self._looked_at = True, time.monotonic()
        if self.owner > 1:
            _log.warning("another program has the ledger open: each sends what it was given")

    def close(self) -> None:
        """Close the file; it may be opened again."""
        if self._opened is not None:
            self._opened.close()
            self._opened, self._good, self._patient = None, False, -1.0
            self._place = None
        for locks in (self._locks, self._claims):
            for descriptor in locks.values():
                os.close(descriptor)
        self._locks.clear()
        self._claims.clear()

    async def keep(self) -> None:
        """Bring what was written onto the disk now and then, until cancelled.

        A checkpoint more seldom: the first write behind one waits for the disk, in the loop.
        """
        tidied_at = time.monotonic()
        while True:
            await asyncio.sleep(min(_SYNC_EVERY, _CHECKPOINT_EVERY))
            if not self._written:
                continue
            if time.monotonic() - tidied_at < _CHECKPOINT_EVERY and self._written < _MANY:
                await asyncio.to_thread(sync, self.path)
                continue
            self._written, tidied_at = 0, time.monotonic()
            with self.tidying():
                await asyncio.to_thread(checkpoint, self.path)

    @contextmanager
    def tidying(self) -> Iterator[None]:
        """Let writes wait for what we do inside, over a connection of its own."""
        self._tidying += 1
        try:
            yield
        finally:
            self._tidying -= 1

    def written_elsewhere(self, rows: int) -> None:
        """Take in that so many rows were written over another connection of ours."""
        self._written += rows

    def writable(self) -> bool:
        """Tell whether the file can be written; tried out when it was not written of late."""
        if self._place is not None and not self._place.kept():
            return False
        if time.monotonic() - self._looked_at > _PROBED_FOR:
            with suppress(StoreError):
                self.write(SET_VERSION)  # writes a page, though always the same one
        return self._good

    @property
    def owners(self) -> Collection[int]:
        """Us, and those that have ended and whose part was taken over."""
        return self._locks.keys()

    def take_over(self, owner: int) -> bool:
        """Lock what an owner left, and whatever is added in its name; False while it runs."""
        if owner in self._locks:
            return True
        lock = self._lock(str(owner))
        if lock is None:
            return False
        self._locks[owner] = lock
        return True

    def claim(self, name: str) -> bool:
        """Have something for as long as the file is open; False while another program has it."""
        if name not in self._claims:
            digest = hashlib.sha256(name.encode()).hexdigest()[:16]
            lock = self._lock(f"-{digest}")
            if lock is None:
                return False
            self._claims[name] = lock
        return True

    def _lock(self, name: str) -> int | None:
        path = Path(f"{self.path}-lock{name}")
        try:
            return lock(path)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error

    def step(self) -> AbstractContextManager[None]:
        """Make one transaction of what is written inside: all of it is kept, or nothing.

        Nothing may be awaited inside. A step in a step is part of the outer one. Raises StoreError
        when nothing was kept, also where what is inside passed over that a write failed; of a
        row that can never be written (UnwritableError) it may, and all else is kept.
        """
        if self._step is not None:
            return INSIDE
        self._step = Step(self._end)
        return self._step

    def _end(self, good: bool) -> None:  # noqa: FBT001 - our own step calls it
        """End the step that is under way; ``good``: nothing was raised inside."""
        step, self._step = self._step, None
        try:
            if good and step is not None:
                if step.failed is not None:
                    raise step.failed
                if step.begun:
                    self._execute("COMMIT")
                for each in step.then:
                    each()
        finally:
            if self._opened is not None and self._opened.in_transaction:
                with suppress(sqlite3.Error):
                    self._opened.execute("ROLLBACK")

    @contextmanager
    def part(self) -> Iterator[None]:
        """Make what is written inside a part of the step under way that may fail alone.

        Nothing of it is kept then, and the step goes on. Without a step it is one itself. Raises
        StoreError when nothing of it was kept; what keeps the whole step from being kept fails it.
        """
        step = self._step
        if step is None:
            with self.step():
                yield
            return
        self.write("SAVEPOINT part")
        kept = len(step.then)
        try:
            yield
            self.write("RELEASE part")
        except BaseException:
            del step.then[kept:]
            self._undo_part(step)
            raise

    def _undo_part(self, step: Step) -> None:
        # A disk that is full may have cost the whole transaction: then the step has failed.
        if self._in_transaction:
            self._execute("ROLLBACK TO part")
            self._execute("RELEASE part")
            step.failed = None

    @property
    def _in_transaction(self) -> bool:
        return self._opened is not None and self._opened.in_transaction

    def when_kept(self, then: Callable[[], None]) -> None:
        """Have something called when the step that is under way is kept; at once without one."""
        if self._step is None:
            then()
        else:
            self._step.then.append(then)

    def write(self, statement: str, values: Sequence[object] = ()) -> int:
        """Execute a statement that writes; the number of the row that it added, if one.

        Text is made ``text.writable``. Raises StoreError, of a row that the file can never hold
        UnwritableError.
        """
        step = self._step
        if step is None:
            self._be_patient()
            return self._execute(statement, values)
        if step.failed is not None:
            raise step.failed
        try:
            if not step.begun:
                self._be_patient()
                self._execute("BEGIN IMMEDIATE")
                step.begun = True
            return self._execute(statement, values)
        except StoreError as error:
            # Where it is only the row's fault the transaction is as it was, nearly always.
            if not isinstance(error, UnwritableError) or not self._in_transaction:
                step.failed = error
            raise

    def _execute(self, statement: str, values: Sequence[object] = ()) -> int:
        good, self._good, self._looked_at = self._good, False, time.monotonic()
        if self._opened is None:
            raise self._closed()
        try:
            added = self._opened.execute(statement, writable(values)).lastrowid
        except REFUSED as error:
            refused = refusal(self.path, error)
            if isinstance(refused, UnwritableError):
                self._good = good  # it is the row's fault
                self._unwritable()
            raise refused from error
        self._good = True
        self._written += 1
        return added or 0

    def _be_patient(self) -> None:
        """Say for how long a write may wait for somebody else's."""
        # What we do to the file ourselves may take longer than any write, but it ends. None waits
        # where the last one failed, or each would hold up all calls anew.
        patience = (BUSY if self._tidying else _BUSY_LOOP) if self._good else 0.0
        if patience != self._patient:
            self.read(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
            self._patient = patience

    def read(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Return what a statement finds. Raises StoreError."""
        if self._opened is None:
            raise self._closed()
        try:
            return self._opened.execute(statement, writable(values)).fetchall()
        except REFUSED as error:
            raise refusal(self.path, error) from error

    def _closed(self) -> StoreError:
        return StoreError(f"{self.path} is closed")
