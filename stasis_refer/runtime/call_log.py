"""The log of live calls: what it takes to build each again when the program ended suddenly.

The machine of a call is deterministic, so its first facts and its events, each with its time, are
all that is kept. A call that is over is forgotten.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from stasis_refer.core import codec
from stasis_refer.core.call import Call
from stasis_refer.core.intents import Intent
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.ports import UnwritableError

_log = structlog.get_logger(__name__)

MOST_STEPS: Final = 10_000
"""Steps of one call that are kept, of 200 bytes or so each; to build it again takes 0.5 s then.

It is more than a day of music on hold. A call that goes on longer is not taken up any more.
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One step of one call, as it is kept.

    ``number`` counts from 1. ``at`` is in the clock of the program that wrote it, ``wall`` the
    same in seconds since 1970. ``said`` is the event, of the first step the facts that the call
    began with, both as ``core.codec`` writes them; ``asked`` the classes of the intents.
    """

    call: str
    number: int
    at: float
    wall: float
    said: str = field(repr=False)
    asked: str


class CallLogStore(Protocol):
    """Where steps are kept. Every method may raise StoreError; none waits long."""

    def add(self, steps: Sequence[Kept]) -> None:
        """Keep steps of one call, in order; those before them are kept."""
        ...

    def forget(self, call: str) -> None:
        """Forget all steps of a call."""
        ...

    def left(self) -> Sequence[Kept]:
        """Return what programs that have ended have left of live calls, each call in order."""
        ...


class CallLog:
    """Keeps the steps of live calls; ``wall`` is in seconds since 1970.

    What is taken is written by ``write``, and has to be before anything comes of it that others
    can see.
    """

    def __init__(self, store: CallLogStore, wall: Callable[[], float]) -> None:
        self._store = store
        self._wall = wall
        self._taken: list[Kept] = []  # and not written yet
        self._over: list[str] = []  # calls to be forgotten
        self._lost: set[str] = set()  # live calls with a step that was not kept
        self._unwritable: set[str] = set()  # those of them whose step never can be

    @property
    def written(self) -> bool:
        """Whether nothing is left to be written."""
        return not self._taken and not self._over

    def take(self, entry: Entry) -> None:
        """Take in a step."""
        key = entry.call.key
        if key in self._lost:
            return
        if entry.seq > MOST_STEPS:
            _log.warning("call is too long to be kept for a restart", call=key, steps=MOST_STEPS)
            self._lose(key)
            return
        try:
            said = beginning(entry.call) if entry.event is None else codec.dumps(entry.event)
        except codec.CodecError as error:
            _log.exception("call cannot be kept for a restart", call=key, why=str(error))
            self._lose(key)
            return
        step = Kept(key, entry.seq, entry.at, self._wall(), said, asked(entry.intents))
        self._taken.append(step)

    def forget(self, call: str) -> None:
        """Take in that a call is over, and all that it asked for done."""
        self._lost.discard(call)
        self._taken = [step for step in self._taken if step.call != call]
        self._over.append(call)

    def write(self) -> None:
        """Write what was taken in. Raises StoreError; ``not_written`` is to be called then.

        A step that can never be written costs its own call alone.
        """
        self._unwritable.clear()
        for call in self._over:
            self._store.forget(call)
        for steps in _by_call(self._taken):
            try:
                self._store.add(steps)
            except UnwritableError as error:
                call = steps[0].call
                _log.error("call cannot be kept for a restart", call=call, why=str(error))
                self._unwritable.add(call)

    def was_written(self) -> None:
        """Take in that it is on file."""
        self._taken.clear()
        self._over.clear()
        for call in self._unwritable:
            self._lose(call)

    def not_written(self) -> None:
        """Take in that it is not: a call with a step missing cannot be built again."""
        for call in dict.fromkeys(step.call for step in self._taken):
            _log.warning("call is lost if the program ends suddenly: it is not kept", call=call)
            self._lose(call)

    def _lose(self, call: str) -> None:
        """Keep nothing of a live call any more, and forget what was."""
        self.forget(call)
        self._lost.add(call)


def _by_call(steps: Iterable[Kept]) -> Iterable[Sequence[Kept]]:
    found: dict[str, list[Kept]] = {}
    for step in steps:
        found.setdefault(step.call, []).append(step)
    return found.values()


def beginning(call: Call) -> str:
    """Return what a call that has just been made was made from."""
    return codec.dumps((call.application, call.opening, call.lead))


def asked(intents: Sequence[Intent]) -> str:
    """Return the classes of what a call asked for, to compare it with what it asks for again."""
    return " ".join([type(each).__name__ for each in intents])
