"""What applications are owed: to be told how each transfer ended, whatever becomes of its call.

A call tells it itself, and one that is built again after a restart does. Of a call that cannot be
built again it is told by who starts the program. Either way it goes under the same token.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias

import structlog

from stasis_refer.core import codec
from stasis_refer.core.abouts import Transferred
from stasis_refer.core.application import Application
from stasis_refer.core.events import DocumentFetched, Event, FetchFailed
from stasis_refer.core.intents import Fetch, Tell, TellKind, TransferBegan
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.owed import Owed
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.letters import Letters
from stasis_refer.runtime.ports import Later, Outbox, Parcel, StoreError, Timer

_log = structlog.get_logger(__name__)

RESTARTED: Final = Result(Outcome.ERROR, Reason.RESTARTED, Evidence.NONE)

Kept: TypeAlias = tuple[int | None, Parcel]
"""A parcel, and the number that it is kept under; None where it is not."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What is owed of the transfer of this number; ``said`` as ``core.codec`` writes ``Owed``.

    ``result`` is how the transfer ended, as far as the ledger knows.
    """

    call: str
    number: int
    application: str
    dialect: str
    said: str = field(repr=False)
    result: Result | None = None


class DebtStore(Protocol):
    """Where it is kept. Every method may raise StoreError; none waits long."""

    def add(self, debt: Debt, kept: Callable[[], None] = lambda: None) -> None:
        """Keep what is owed; ``kept`` is called once it is on file."""
        ...

    def settle(self, call: str, number: int) -> None:
        """Forget what is owed no more; there may be nothing."""
        ...

    def left(self, ours: Collection[str]) -> Sequence[Debt]:
        """Return what programs that have ended owe, that of one call in order.

        What the calls of ``ours`` owe is in it even where another program has what they left.
        """
        ...


SETTLED_AFTER: Final = 0.05
"""Seconds until it is on file that something was told: with all that was in that time."""

AGAIN_AFTER: Final = 0.5
"""Seconds until what could not be written is tried again."""

MOST_SETTLED: Final = 10_000
"""What was told, while the file cannot be written; the oldest would be told once more."""


class Debts:
    """A tap that keeps what a transfer owes from its first step until it was told.

    It is to be called within the transaction of the step, and may raise StoreError. ``together``
    makes one transaction of what is written inside.
    """

    def __init__(  # noqa: PLR0913 - one argument per port
        self,
        *,
        store: DebtStore,
        together: Callable[[], AbstractContextManager[None]],
        later: Later,
        letters: Letters,
        outbox: Outbox,
        applications: Mapping[str, Application],
    ) -> None:
        self._store = store
        self._letters = letters
        self._outbox = outbox
        self._applications = applications
        self._together = together
        self._later = later
        self._timer: Timer | None = None
        self._settled: deque[tuple[str, int]] = deque(maxlen=MOST_SETTLED)  # and not written yet
        self._begun: dict[tuple[str, int], Debt] = {}  # likewise
        self._behind = False  # what is to be written could not be
        # By the key of the call and the number of the transfer: the request that tells it.
        self._owed: dict[str, dict[int, int | None]] = {}

    def __call__(self, entry: Entry) -> None:
        """Take in a step."""
        for intent in entry.intents:
            if isinstance(intent, TransferBegan) and intent.owed is not None:
                self._begin(entry, intent.owed)
        if entry.call.key in self._owed:
            self._settle(entry, self._owed[entry.call.key])

    def pay(self, live: Collection[str], over: Collection[str] = ()) -> list[Kept]:
        """Keep parcels for what is owed by calls that are lost, for the outbox to send.

        ``live`` are the keys of those that were built again: they tell it themselves. So did
        those that were ``over``. To be called within the transaction in which the transfers of
        the others are closed. Raises StoreError; what the live ones tell is settled all the same.
        """
        left = self._store.left({*live, *over})
        for debt in left:
            if debt.call in live:
                self._owed.setdefault(debt.call, {})[debt.number] = None
        kept: list[Kept] = []
        for debt in left:
            if debt.call in live:
                self._store.add(debt)  # it is ours now
                continue
            try:
                parcel = None if debt.call in over else self._parcel(debt)
            except Exception:  # noqa: BLE001 - a bug in one must not keep the program from starting
                _log.exception("end of a transfer cannot be told", call=debt.call)
                continue
            if parcel is not None:
                kept.append((self._outbox.keep(parcel), parcel))
            self._store.settle(debt.call, debt.number)
        return kept

    def flush(self) -> None:
        """Write down what was told, and what could not be when it began to be owed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._settled and not self._begun:
            return
        try:
            with self._together():
                for debt in tuple(self._begun.values()):
                    self._add(debt)
                for call, number in self._settled:
                    self._store.settle(call, number)
        except StoreError as error:
            if not self._behind:
                _log.error("what transfers owe cannot be written down yet", why=str(error))
            self._behind = True
        else:
            self._behind = False
            self._settled.clear()

    def _flush_until_written(self) -> None:
        self.flush()
        if self._settled or self._begun:
            self._timer = self._later(AGAIN_AFTER, self._flush_until_written)

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = self._later(SETTLED_AFTER, self._flush_until_written)

    def _add(self, debt: Debt) -> None:
        self._store.add(debt, lambda: self._kept(debt))

    def _kept(self, debt: Debt) -> None:
        self._begun.pop((debt.call, debt.number), None)

    def _begin(self, entry: Entry, owed: Owed) -> None:
        call, number = entry.call, owed.number
        try:
            said = codec.dumps(owed)
        except codec.CodecError as error:
            _log.exception("what a transfer owes cannot be kept", call=call.key, why=str(error))
            return
        self._owed.setdefault(call.key, {})[number] = None
        name, dialect = call.application.name, call.application.dialect
        debt = self._begun[call.key, number] = Debt(call.key, number, name, dialect, said)
        self._soon()
        self._add(debt)

    def _settle(self, entry: Entry, owed: dict[int, int | None]) -> None:
        answered = _answered(entry.event)
        over = [
            each for each, request in owed.items() if request is not None and request == answered
        ]
        for intent in entry.intents:
            match intent:
                case Tell(about=Transferred(number=number)):
                    over.append(number)
                case Fetch(about=Transferred(number=number), number=request) if number in owed:
                    owed[number] = request
                case _:
                    pass
        if entry.call.over:
            over = list(self._owed.pop(entry.call.key))
        for number in over:
            owed.pop(number, None)
            self._begun.pop((entry.call.key, number), None)
            self._settled.append((entry.call.key, number))
        if over:
            self._soon()

    def _parcel(self, debt: Debt) -> Parcel | None:
        names = {"application": debt.application, "call": debt.call, "transfer": debt.number}
        try:
            owed = _read(debt.said)
        except codec.CodecError as error:
            _log.error("end of a transfer cannot be told", **names, why=str(error))
            return None
        told = owed.told(debt.result or RESTARTED)
        if told is None:
            return None
        callback, about = told
        application = self._applications.get(debt.application)
        if application is None:  # the parcel will be given up, and is listed as such
            application = Application(debt.application, debt.dialect, callback)
        tell = Tell(TellKind.ACTION, callback, owed.standing, about)
        _log.warning("end of a transfer is told without its call", **names)
        spoken = replace(application, dialect=debt.dialect)
        return self._letters.owed(debt.call, spoken, owed.info, tell)


def _read(said: str) -> Owed:
    owed = codec.loads(said, {})
    if not isinstance(owed, Owed):
        raise codec.CodecError(f"it is {type(owed).__name__}")
    return owed


def _answered(event: Event | None) -> int | None:
    match event:
        case DocumentFetched(number=number) | FetchFailed(number=number):
            return number
        case _:
            return None
