"""One fault under load, and what came of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from bench.asterisk import left_in
from bench.load import Load, Placed, place
from bench.stage import Meter
from faults.books import MOVES, STAYS, Bookmark, completed
from faults.catalogue import Fault
from faults.result import Books, Endured
from faults.stage import Stage
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    pause,
)

_RINGS: Final = 0.5  # seconds
_BEGINS: Final = (call(), expect_refer(), answer_refer(202), notify(180), pause(_RINGS))
_PHONES: Final[dict[str, Sequence[Step]]] = {
    MOVES: (*_BEGINS, notify(200), bye()),
    STAYS: (*_BEGINS, notify(486), hear_bye()),
}

_POLL: Final = 0.05  # seconds
_SETTLES: Final = 15.0  # seconds
_BUG: Final = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class Ordeal:
    """How a fault is endured: ``rate`` calls a second in all, so many seconds before and behind.

    A phone that hears nothing gives up after ``patience`` seconds.
    """

    rate: int = 20
    before: float = 3.0
    behind: float = 6.0
    patience: int = 8


class _Watch:
    """Looks, again and again, whether the program is ready and completes transfers."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._not_ready_at = -1.0
        self._ready_at = -1.0
        self._completed: list[tuple[float, int]] = []

    async def look(self) -> None:
        while True:
            if await self._stage.program.is_ready(_POLL * 10):
                self._ready_at = monotonic()
                self._completed.append((self._ready_at, await completed(self._stage.program)))
            else:
                self._not_ready_at = monotonic()
            await asyncio.sleep(_POLL)

    def ready_after(self, back: float) -> float | None:
        if self._ready_at < self._not_ready_at:
            return None
        return max(0.0, self._not_ready_at - back)

    def completed_after(self, back: float) -> float | None:
        """Return when the first transfer was completed behind a time."""
        before = max((n for at, n in self._completed if at <= back), default=0)
        return next((at - back for at, n in self._completed if at > back and n > before), None)


async def endure(fault: Fault, stage: Stage, ordeal: Ordeal, seconds: float) -> Endured:
    """Let a fault strike for so many seconds while transfers run; all is settled when it ends."""
    log, mark = len(stage.log), await Bookmark.now(stage.program, stage.ledger)
    meter = Meter((stage.program.pid,))
    watch = _Watch(stage)
    watching = asyncio.create_task(watch.look())
    loading = asyncio.create_task(_load(stage, ordeal, ordeal.before + seconds + ordeal.behind))
    try:
        await asyncio.sleep(ordeal.before)
        await fault.strike(stage, seconds)
        back = monotonic()
        phones = await loading
    finally:
        for task in (loading, watching):
            task.cancel()
        await asyncio.gather(loading, watching, return_exceptions=True)
    foreign = meter.foreign_cores()
    books, left = await _settled(stage, mark)
    ended = 0 if stage.program.running else 1
    return Endured(
        fault=fault.name,
        books=books,
        phones=phones,
        ready_after=watch.ready_after(back),
        completed_after=watch.completed_after(back),
        left=left,
        crashes=ended + stage.log[log:].count(_BUG),
        foreign_cores=foreign,
    )


async def _load(stage: Stage, ordeal: Ordeal, seconds: float) -> Sequence[Placed]:
    plan, rate = stage.asterisk.plan, max(1, ordeal.rate // len(_PHONES))
    load = Load(rate, round(rate * seconds))

    async def placed(user: str, steps: Sequence[Step]) -> Placed:
        folder = stage.folder / user
        folder.mkdir(exist_ok=True)
        address = f"127.0.0.1:{plan.sip_port}"
        return await place(load, address, user, steps, folder, patience=ordeal.patience)

    return await asyncio.gather(*(placed(user, steps) for user, steps in _PHONES.items()))


async def _settled(stage: Stage, mark: Bookmark) -> tuple[Books, int]:
    """Wait until every transfer has its outcome and Asterisk is empty, or for long enough."""
    end = monotonic() + _SETTLES
    while True:
        books = await mark.since(stage.program, stage.ledger)
        left = await left_in(stage.asterisk.plan)
        if (not books.astray and not left) or monotonic() > end:
            return books, left
        await asyncio.sleep(_POLL * 4)
