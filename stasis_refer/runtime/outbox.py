"""The outbox: what applications are told is kept first, and sent until it is delivered.

Parcels of one call go out in order: the next one is not sent before the one before it was
delivered or given up. A try that fails is repeated after 1 s, 2 s, 4 s and so on up to 5 min;
a day after it was made a parcel is given up. One that its server refused three times (4xx: a
wrong URL, most of the time) is tried on, but holds up no other any more. Each try carries the
same token, so that who is told twice (the answer was lost, the program was killed) can know it.

Parcels that wait are in the store; in memory are their numbers, in a ``Line`` for each call.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from itertools import count
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import structlog

from stasis_refer.runtime.courier import Failed
from stasis_refer.runtime.lines import Line
from stasis_refer.runtime.ports import (
    Later,
    Leftover,
    OutboxStore,
    Parcel,
    StoreError,
    Timer,
    UnreadableError,
    UnwritableError,
)
from stasis_refer.runtime.slots import Slots

_log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 1.0  # seconds, twice as many after each further try
LONGEST_PAUSE: Final = 300.0  # seconds
UNWANTED_AFTER: Final = 3  # tries
GIVEN_UP_AFTER: Final = 86400.0  # seconds
MOST_PENDING: Final = 1_000_000  # parcels, of 1 KiB or so each
LOOK_EVERY: Final = 10.0  # seconds between looks whether another program has ended

_POLL: Final = 0.05  # seconds
_MOST_UNWRITTEN: Final = 10_000


Deliver: TypeAlias = Callable[[Parcel], Awaitable[Failed | None]]
"""Tries to deliver a parcel; None when that was done. Never raises but when cancelled."""


class Outbox:
    """Delivers parcels at least once; to be used while the event loop runs.

    ``deliver`` tries once. ``clock`` is in seconds, ``wall`` in seconds since 1970;
    ``on_change`` is told how many parcels are pending.
    """

    def __init__(  # noqa: PLR0913 - one argument per port
        self,
        *,
        store: OutboxStore,
        deliver: Deliver,
        clock: Callable[[], float],
        wall: Callable[[], float],
        later: Later,
        on_change: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._deliver = deliver
        self._clock = clock
        self._wall = wall
        self._later = later
        self._on_change = on_change
        self._lines: dict[str, Line] = {}
        self._asleep: list[tuple[float, int, Line]] = []  # a heap, by the time to wake up
        self._order = count()
        self._timer: Timer | None = None
        self._look: Timer | None = None
        self._slots = Slots()
        self._tasks: set[asyncio.Task[None]] = set()
        # What could not be written down; without it a parcel is sent again after a restart.
        self._unwritten: deque[Callable[[], None]] = deque(maxlen=_MOST_UNWRITTEN)
        self._pending = 0
        self._stopped = False

    def start(self) -> None:
        """Go on with what is pending of programs on the same store that have ended.

        Those that end later are found within 10 s.
        """
        self._look = self._later(LOOK_EVERY, self.start)
        try:
            leftovers = self._store.leftovers()
        except StoreError as error:
            _log.error("what is pending in the ledger cannot be read", why=str(error))
            return
        for each in leftovers:
            self._resume(each)

    async def stop(self) -> None:
        """Break off what is being sent. All that is pending stays in the store."""
        self._stopped = True
        for timer in (self._timer, self._look):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._write()

    def keep(self, parcel: Parcel) -> int | None:
        """Keep a parcel, that ``send`` sees to; its number, None while 1,000,000 are pending.

        None also for one that never can be kept. Raises StoreError.
        """
        if self._pending >= MOST_PENDING:
            return None
        try:
            return self._store.add(parcel)
        except UnwritableError as error:
            _log.error("ledger cannot hold a parcel", **parcel.names, why=str(error))
            return None

    def send(self, number: int | None, parcel: Parcel) -> None:
        """See to the delivery of a parcel that was kept under a number.

        One that could not be kept (None) is tried once, as soon as what was put before it was,
        and at most 1 s later: a full disk must not end the call.
        """
        line = self._lines.setdefault(parcel.call, Line(parcel.call))
        if number is None:
            _log.error("parcel cannot be kept: it is tried once", **parcel.names)
            line.unkept = self._spawn(self._try_unkept(line, parcel, line.unkept))
            return
        self._changed(1)
        line.numbers.append(number)
        if len(line.numbers) == 1 and not self._stopped:
            self._begin_with(line, parcel)

    async def caught_up(self, call: str) -> None:
        """Wait until nothing put for this call can be tried at once.

        What is behind a parcel that failed is not waited for: it may take a day. All waits for
        the same parcel together last 1 s at most: a server that is down must not slow the call.
        """
        if line := self._lines.get(call):
            await line.wait(unkept=True)

    async def first_tries(self, seconds: float) -> None:
        """Wait until nothing is left that can have its first try at once; ``seconds`` at most."""
        end = self._clock() + seconds
        while self._clock() < end and any(each.fresh for each in self._lines.values()):  # noqa: ASYNC110 - once, at the end of the program
            await asyncio.sleep(_POLL)

    # -- lines -------------------------------------------------------------------

    def _resume(self, left: Leftover) -> None:
        self._changed(len(left.numbers))
        line = self._lines.setdefault(left.call, Line(left.call))
        if line.numbers:
            line.numbers[1:1] = left.numbers  # behind the one that is under way
            return
        line.numbers.extend(left.numbers)
        line.server, line.tries = _server(left.url), left.tries
        # Never longer than a pause lasts: the wall clock may have been set since.
        pause = min(left.next_at - self._wall(), LONGEST_PAUSE)
        if pause > 0:
            self._sleep(line, pause)
        else:
            self._ask(line)

    def _begin_with(self, line: Line, parcel: Parcel) -> None:
        """See to a parcel that is now the oldest of its line."""
        line.server = _server(parcel.letter.callback.url)
        self._ask(line, parcel)

    def _go_on(self, line: Line) -> None:
        """Leave the oldest parcel of a line behind, and see to the next one."""
        parcel = None
        while parcel is None and line.numbers:
            line.leave_behind()
            self._changed(-1)
            parcel = self._read(line) if line.numbers else None
        if parcel is not None:
            self._begin_with(line, parcel)
        else:
            self._emptied(line)

    def _emptied(self, line: Line) -> None:
        """Forget a line when nothing is left in it."""
        line.at_rest()
        if line.empty:
            self._lines.pop(line.call, None)

    def _ask(self, line: Line, parcel: Parcel | None = None) -> None:
        """Have the oldest parcel of a line sent as soon as there is a slot."""
        line.asleep, line.queued, line.head = False, False, parcel
        self._slots.take(line.server, partial(self._begin, line), again=line.tries > 0)
        # What has to wait for a slot is not kept in memory: it is read when its turn comes.
        line.queued, line.head = True, None

    def _begin(self, line: Line) -> None:
        if not self._stopped:
            self._spawn(self._send(line, line.head, queued=line.queued))

    def _sleep(self, line: Line, pause: float) -> None:
        line.asleep = True
        line.at_rest()
        heapq.heappush(self._asleep, (self._clock() + pause, next(self._order), line))
        if self._asleep[0][-1] is line:
            self._set_timer()

    def _wake(self) -> None:
        now = self._clock()
        while self._asleep and self._asleep[0][0] <= now:
            self._ask(heapq.heappop(self._asleep)[-1])
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._asleep:
            pause = max(0.0, self._asleep[0][0] - self._clock())
            self._timer = self._later(pause, self._wake)

    # -- one try -----------------------------------------------------------------

    async def _send(self, line: Line, parcel: Parcel | None, *, queued: bool) -> None:
        """Try the oldest parcel of a line once and see to what comes of it; it has a slot."""
        server, silent = line.server, None
        try:
            parcel = parcel or self._read(line)
            if parcel is None:
                self._go_on(line)
            elif queued and self._time_left(parcel) <= 0:
                # A try each would take for ever: whoever is in the queue of a server that is
                # down has to wait for the time limits of all those before it.
                self._give_up(line, parcel, "its time was over before there was a slot")
            else:
                failed = await self._deliver(parcel)
                silent = failed is not None and failed.silent
                self._conclude(line, parcel, failed)
        except StoreError as error:
            _log.error("what is pending in the ledger cannot be read", why=str(error))
            self._sleep(line, LONGEST_PAUSE)
        finally:
            self._slots.free(server, silent=silent)

    def _read(self, line: Line) -> Parcel | None:
        """Return the oldest parcel of a line; None when it is gone or cannot ever be read."""
        number = line.numbers[0]
        try:
            return self._store.read(number)
        except UnreadableError as error:
            why = str(error)
            _log.error("parcel given up", call=line.call, tries=line.tries, why=why)
            self._write(partial(self._store.give_up, number, line.tries, self._wall(), why))
            return None

    def _conclude(self, line: Line, parcel: Parcel, failed: Failed | None) -> None:
        number, left = line.numbers[0], self._time_left(parcel)
        if failed is None:
            self._write(partial(self._store.delivered, number))
            self._go_on(line)
            return
        line.tries += not failed.for_good
        if failed.for_good or left <= 0:
            self._give_up(line, parcel, failed.why)
            return
        if line.tries == 1:
            _log.warning("parcel not delivered yet", **parcel.names, why=failed.why)
        # The last try is at the very end of the day.
        pause = max(FIRST_PAUSE, min(_pause(line.tries), left))
        next_at = self._wall() + pause
        self._write(partial(self._store.tried, number, line.tries, next_at, failed.why))
        unwanted = failed.unwanted and line.tries >= UNWANTED_AFTER and not line.aside
        self._sleep(self._set_aside(line) if unwanted else line, pause)

    def _set_aside(self, line: Line) -> Line:
        """Give the oldest parcel of a line one of its own, and let those behind it go on."""
        number = line.numbers[0]
        aside = Line(f"{line.call}/{number}", [number], line.server, line.tries, aside=True)
        self._lines[aside.call] = aside
        self._changed(1)  # it leaves the other line as one that is not pending any more
        self._go_on(line)
        return aside

    def _give_up(self, line: Line, parcel: Parcel, why: str) -> None:
        number, now = line.numbers[0], self._wall()
        _log.error("parcel given up", **parcel.names, tries=line.tries, why=why)
        self._write(partial(self._store.give_up, number, line.tries, now, why))
        self._go_on(line)

    def _time_left(self, parcel: Parcel) -> float:
        return parcel.made_at + GIVEN_UP_AFTER - self._wall()

    async def _try_unkept(
        self, line: Line, parcel: Parcel, before: asyncio.Task[None] | None
    ) -> None:
        await line.wait(unkept=False)
        if before is not None:
            await asyncio.wait((before,))
        failed = await self._deliver(parcel)
        if failed is not None:
            _log.error("parcel lost", **parcel.names, why=failed.why)
        if line.unkept is asyncio.current_task():
            line.unkept = None
        if line.empty:
            self._emptied(line)

    # -- books -------------------------------------------------------------------

    def _write(self, write: Callable[[], None] | None = None) -> None:
        """Write down what became of a parcel, behind what could not be written before."""
        if write is not None:
            self._unwritten.append(write)
        try:
            while self._unwritten:
                try:
                    self._unwritten[0]()
                except UnwritableError as error:
                    _log.error("what became of a parcel cannot be written down", why=str(error))
                self._unwritten.popleft()
        except StoreError as error:
            _log.error("what became of a parcel cannot be written down yet", why=str(error))

    def _changed(self, by: int) -> None:
        self._pending += by
        self._on_change(self._pending)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _pause(tries: int) -> float:
    return min(FIRST_PAUSE * (1 << min(tries - 1, 16)), LONGEST_PAUSE)


def _server(url: str) -> str:
    """Return host and port as the URL has them."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:  # somebody else has to say that it is none
        return ""
