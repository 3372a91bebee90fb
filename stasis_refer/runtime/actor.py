"""One task per call: take one event, hand it over, start what was asked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from stasis_refer.core.call import Call
from stasis_refer.core.events import DeadlinePassed, DrainOver, Event
from stasis_refer.core.intents import Deed, Note
from stasis_refer.runtime.journal import Entry, Tap

Perform: TypeAlias = Callable[[Call, Deed], Awaitable[Event | None]]


class CallActor:
    """Runs one call to its end. ``clock`` is in seconds, the same for all events."""

    def __init__(self, call: Call, perform: Perform, tap: Tap, clock: Callable[[], float]) -> None:
        self.call = call
        self._mailbox: asyncio.Queue[Event] = asyncio.Queue()
        self._perform = perform
        self._tap = tap
        self._clock = clock
        self._seq = 0

    def post(self, event: Event) -> None:
        """Put an event into the mailbox. Never blocks."""
        self._mailbox.put_nowait(event)

    async def run(self) -> None:
        """Run until the call is over and all it asked for is done.

        Raises ExceptionGroup when an effect has a bug; the call's other effects are ended.
        """
        async with asyncio.TaskGroup() as effects:
            self._begin(effects, None, self._clock())
            while not self.call.over:
                self._begin(effects, await self._next_event(), self._clock())

    def abandon(self) -> None:
        """Close the books on a call that a bug ended: what was begun is told to have ended."""
        now = self._clock()
        notes = [each for each in self.call.handle(DrainOver(), now) if isinstance(each, Note)]
        self._seq += 1
        self._tap(Entry(self.call, self._seq, now, DrainOver(), tuple(notes)))

    def _begin(self, effects: asyncio.TaskGroup, event: Event | None, now: float) -> None:
        intents = self.call.start() if event is None else self.call.handle(event, now)
        self._seq += 1
        self._tap(Entry(self.call, self._seq, now, event, tuple(intents)))
        for intent in intents:
            if not isinstance(intent, Note):
                effects.create_task(self._perform_and_post(intent))

    async def _perform_and_post(self, deed: Deed) -> None:
        # A result is a fact like any other: it comes back through the mailbox, so that a
        # hang-up which arrives meanwhile is handled first, in its turn.
        if (event := await self._perform(self.call, deed)) is not None:
            self.post(event)

    async def _next_event(self) -> Event:
        deadline = self.call.deadline
        if not self._mailbox.empty():
            return self._mailbox.get_nowait()
        if deadline is None:
            return await self._mailbox.get()
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock())):
                return await self._mailbox.get()
        except TimeoutError:
            return DeadlinePassed()
