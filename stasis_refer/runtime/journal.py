"""The journal: what happened to each call and what was made of it, in order.

Taps read it (metrics, log, file); they never answer. The machine is deterministic, so the
events of one call, replayed, give the same intents again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from stasis_refer.core.call import Call
from stasis_refer.core.events import Event
from stasis_refer.core.intents import Intent


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of one call. ``at`` is the loop clock's seconds; the first has no event."""

    call: Call
    seq: int
    at: float
    event: Event | None
    intents: tuple[Intent, ...]


Tap: TypeAlias = Callable[[Entry], None]


def all_of(taps: Iterable[Tap]) -> Tap:
    """Return one tap that feeds several."""
    fixed = tuple(taps)

    def tap(entry: Entry) -> None:
        for each in fixed:
            each(entry)

    return tap
