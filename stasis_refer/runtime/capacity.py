"""How many calls and transfers there may be at once, and how many new calls a second."""

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog

from stasis_refer.core.call import Call
from stasis_refer.core.intents import TransferBegan, TransferEnded
from stasis_refer.runtime.journal import Entry

_log = structlog.get_logger(__name__)

QUIET: Final = 10.0
"""Seconds until the log tells again of the same limit of the same application."""

_WITHIN: Final = 1.0  # seconds that new calls are counted over


class Limit(StrEnum):
    """What there is too much of; values of the metric label ``limit``."""

    CALLS = "calls"
    APPLICATION_CALLS = "application_calls"
    CALL_RATE = "call_rate"  # of one application
    TRANSFERS = "transfers"
    APPLICATION_TRANSFERS = "application_transfers"


STATUS: Final[Mapping[Limit, int]] = {
    Limit.CALLS: 503,
    Limit.APPLICATION_CALLS: 480,
    Limit.CALL_RATE: 480,
}
"""The SIP status that a new call is refused with: 503 sends a carrier elsewhere, 480 does not."""

WHAT_TO_DO: Final[Mapping[Limit, str]] = {
    Limit.CALLS: "all calls that may be are live: ask again later, or raise [limits] max_calls",
    Limit.APPLICATION_CALLS: (
        "the application has all calls that it may: ask again later, or raise its max_calls"
    ),
    Limit.CALL_RATE: (
        "the application gets too many new calls at once: ask again in a second, or raise its"
        " calls_per_second"
    ),
    Limit.TRANSFERS: (
        "all transfers that may be are under way: ask again later, or raise [limits] max_transfers"
    ),
    Limit.APPLICATION_TRANSFERS: (
        "the application has all transfers that it may under way: ask again later, or raise its"
        " max_transfers"
    ),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much there may be, of the program or of one application; what is not said has none."""

    calls: float = math.inf
    transfers: float = math.inf
    calls_per_second: float = math.inf


_NONE: Final = Bounds()
_NOBODY: Final[Mapping[str, Bounds]] = {}


@dataclass(slots=True)
class _Used:
    """What one application takes up."""

    bounds: Bounds
    calls: int = 0
    transfers: int = 0
    came: deque[float] = field(default_factory=deque)  # when its latest calls did

    def forget_old(self, now: float) -> None:
        while self.came and now - self.came[0] >= _WITHIN:
            self.came.popleft()


@dataclass(slots=True)
class _Told:
    """When the log told of a limit last, and how often it was reached since."""

    at: float
    since: int = 0


class Capacity:
    """Keeps count of live calls and of transfers under way, and says when it is enough.

    ``clock`` is in seconds; ``reached`` is told of each call and transfer that a limit refuses.
    ``take`` reads the journal. What is counted goes on whatever the limits are: they hold for
    new calls and new transfers alone.
    """

    def __init__(
        self,
        program: Bounds = _NONE,
        applications: Mapping[str, Bounds] = _NOBODY,
        clock: Callable[[], float] = lambda: 0.0,
        reached: Callable[[Limit], None] = lambda _: None,
    ) -> None:
        self._whole = _Used(program)
        self._used = {name: _Used(bounds) for name, bounds in applications.items()}
        self._clock = clock
        self._reached = reached
        self._transfers = Counter[Call]()  # under way, of each call
        self._refused: set[Call] = set()  # whose latest transfer is one too many
        self._told: dict[tuple[Limit, str], _Told] = {}

    # -- calls -------------------------------------------------------------------

    def refuses_call(self, application: str) -> Limit | None:
        """Return the limit that a new call of an application is over; None: it may come."""
        used, now = self._of(application), self._clock()
        used.forget_old(now)
        limit = self._limit_of_calls(used)
        if limit is None:
            used.came.append(now)
        else:
            self._tell(limit, application)
        return limit

    def call_began(self, call: Call, transfers: int = 0) -> None:
        """Count a call that is live from now on, with what of its transfers is under way."""
        self._whole.calls += 1
        self._of(call.application.name).calls += 1
        self._add_transfers(call, transfers)

    def call_over(self, call: Call) -> None:
        """Count a call no more, nor what is left of its transfers."""
        self._whole.calls -= 1
        self._of(call.application.name).calls -= 1
        self._refused.discard(call)
        self._add_transfers(call, -self._transfers[call])

    def _limit_of_calls(self, used: _Used) -> Limit | None:
        if self._whole.calls >= self._whole.bounds.calls:
            return Limit.CALLS
        if used.calls >= used.bounds.calls:
            return Limit.APPLICATION_CALLS
        return Limit.CALL_RATE if len(used.came) >= used.bounds.calls_per_second else None

    # -- transfers ---------------------------------------------------------------

    def take(self, entry: Entry) -> None:
        """Take in what a step of a call has begun and ended; those of one step weigh nothing."""
        change = sum(
            isinstance(each, TransferBegan) - isinstance(each, TransferEnded)
            for each in entry.intents
        )
        call = entry.call
        if change > 0 and self._limit_of_transfers(call) is not None:
            self._refused.add(call)
        elif change < 0 and call in self._refused:
            self._refused.remove(call)
            self._add_transfers(call, change + 1)  # what ended with it had a place
        elif change:
            self._add_transfers(call, change)

    def refuses_transfer(self, call: Call) -> Limit | None:
        """Return the limit that the latest transfer of a call is over; None: it may go on."""
        if call not in self._refused:
            return None
        limit = self._limit_of_transfers(call) or Limit.TRANSFERS
        self._tell(limit, call.application.name)
        return limit

    def holds_back(self, call: Call) -> bool:
        """Tell whether the latest transfer of a call is one too many, so that none goes out."""
        return call in self._refused

    def refuses_order(self, call: Call) -> Limit | None:
        """Return the limit that a transfer asked for would be over; None: it may be begun.

        Where one is under way already the call itself says what becomes of another.
        """
        limit = None if self._transfers[call] else self._limit_of_transfers(call)
        if limit is not None:
            self._tell(limit, call.application.name)
        return limit

    def _limit_of_transfers(self, call: Call) -> Limit | None:
        used = self._of(call.application.name)
        if self._whole.transfers >= self._whole.bounds.transfers:
            return Limit.TRANSFERS
        return Limit.APPLICATION_TRANSFERS if used.transfers >= used.bounds.transfers else None

    def _add_transfers(self, call: Call, change: int) -> None:
        # One that is lost to a bug is closed with its call, and must not be counted off again.
        change = max(change, -self._transfers[call])
        self._transfers[call] += change
        if not self._transfers[call]:
            del self._transfers[call]
        self._whole.transfers += change
        self._of(call.application.name).transfers += change

    # -- both --------------------------------------------------------------------

    def _of(self, application: str) -> _Used:
        # Calls of one that is configured no more go on, and are counted without a limit.
        return self._used.setdefault(application, _Used(_NONE))

    def _tell(self, limit: Limit, application: str) -> None:
        self._reached(limit)
        now = self._clock()
        told = self._told.get((limit, application))
        if told is not None and now - told.at < QUIET:
            told.since += 1
            return
        self._told[limit, application] = _Told(now)
        _log.warning(
            "a limit is reached: what is new is refused",
            limit=limit.value,
            application=application,
            refused_since_told_last=told.since if told else 0,
            remedy=WHAT_TO_DO[limit],
        )
