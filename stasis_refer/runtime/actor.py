"""One mailbox and one timer per call: take one event, hand it over, start what was asked."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from stasis_refer.core.call import Call
from stasis_refer.core.events import DeadlinePassed, DrainOver, Event
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Deed, HandOver, Intent, Note
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.journal import Entry, Tap

Perform: TypeAlias = Callable[[Call, CallInfo, Deed], Awaitable[Event | None]]
"""Does what a call asked for when this was the party whose document runs."""


class CallActor:
    """Runs one call to its end. ``clock`` is in seconds, the same for all events.

    ``directory`` is told after each step which channels the call has.
    """

    def __init__(
        self,
        call: Call,
        perform: Perform,
        tap: Tap,
        clock: Callable[[], float],
        directory: Directory,
    ) -> None:
        self.call = call
        self._directory = directory
        self._mailbox: deque[Event] = deque()
        self._perform = perform
        self._tap = tap
        self._clock = clock
        self._seq = 0
        self._effects: asyncio.TaskGroup | None = None  # there while the call runs
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None  # what the timer is set to

    @property
    def over(self) -> bool:
        """Whether the call takes no events any more."""
        return self.call.over or self._end.done()

    def post(self, event: Event) -> None:
        """Put an event into the mailbox; it is handled at once, behind those that are there."""
        self._mailbox.append(event)
        if self._effects is not None and len(self._mailbox) == 1:
            self._work(self._effects)

    async def run(self) -> None:
        """Run until the call is over and all it asked for is done.

        Raises ExceptionGroup when the call or an effect has a bug; its other effects are ended.
        """
        try:
            async with asyncio.TaskGroup() as effects:
                self._begin(effects, None)
                self._effects = effects
                self._work(effects)
                await self._end
        finally:
            self._effects = None
            self._set_timer(None)

    def abandon(self) -> list[Intent]:
        """Close the books on a call that a bug ended: what was begun is told to have ended.

        Returns what the call wants to leave behind it; nobody does that yet.
        """
        now = self._clock()
        intents = self.call.handle(DrainOver(), now)
        notes = tuple(each for each in intents if isinstance(each, Note))
        self._seq += 1
        self._tap(Entry(self.call, self._seq, now, DrainOver(), notes))
        return intents

    def _work(self, effects: asyncio.TaskGroup) -> None:
        try:
            while self._mailbox and not self.call.over:
                self._begin(effects, self._mailbox[0])
                self._mailbox.popleft()
        except Exception as bug:  # noqa: BLE001 - it belongs to this call, not to who posted
            self._over(bug)
            return
        if self.call.over:
            self._over(None)
        else:
            self._set_timer(self.call.deadline)

    def _begin(self, effects: asyncio.TaskGroup, event: Event | None) -> None:
        now = self._clock()
        intents = self.call.start() if event is None else self.call.handle(event, now)
        info = self.call.info  # may be another party's when the effect begins
        self._seq += 1
        self._tap(Entry(self.call, self._seq, now, event, tuple(intents)))
        for intent in intents:
            # At once, before the leg's channel is let go below: no event of it may be lost.
            if isinstance(intent, HandOver) and self._directory.hand_over(intent):
                continue
            if not isinstance(intent, Note):
                effects.create_task(self._perform_and_post(info, intent))
        self._directory.follow(self)

    async def _perform_and_post(self, info: CallInfo, deed: Deed) -> None:
        # A result is a fact like any other: it comes back through the mailbox, so that a
        # hang-up which arrived meanwhile was handled first, in its turn.
        if (event := await self._perform(self.call, info, deed)) is not None:
            self.post(event)

    def _over(self, bug: Exception | None) -> None:
        self._effects = None
        if self._end.done():
            return
        if bug is None:
            self._end.set_result(None)
        else:
            self._end.set_exception(bug)

    def _set_timer(self, due: float | None) -> None:
        if due == self._due:
            return
        self._due = due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            wait = max(0.0, due - self._clock())
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._timer = self._due = None
        self.post(DeadlinePassed())
