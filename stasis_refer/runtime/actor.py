"""One mailbox and one timer per call: take one event, hand it over, start what was asked."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from stasis_refer.core.allowance import Allowance
from stasis_refer.core.call import Call
from stasis_refer.core.events import DeadlinePassed, DrainOver, Event, OfLeg, SipSeen
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Branch, Deed, GiveBack, HandOver, Intent, Note, Tell
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.journal import Entry, Tap

News: TypeAlias = Callable[[Allowance], Event | None]
"""Tells a call what it is to know before the next event, None where it knows."""

Perform: TypeAlias = Callable[[Call, CallInfo, Deed], Awaitable[Event | None]]
"""Does what a call asked for when this was the party whose document runs."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What there was of a call before a restart: its steps, and what of the last is done again."""

    steps: int = 0
    again: tuple[Deed, ...] = ()


class CallActor:
    """Runs one call to its end. ``clock`` is in seconds, the same for all events.

    ``directory`` is told after each step which channels the call has. One that was built again
    after a restart has an ``earlier`` part, and waits until ``go_on`` tells how it stands.
    What is seen and means nothing to the call makes no step: only ``overheard`` is told of it.
    ``news`` is asked before each event.
    """

    def __init__(  # noqa: PLR0913 - one argument per port
        self,
        call: Call,
        perform: Perform,
        tap: Tap,
        clock: Callable[[], float],
        directory: Directory,
        *,
        earlier: Earlier | None = None,
        overheard: Tap = lambda _: None,
        news: News = lambda _: None,
    ) -> None:
        self.call = call
        self._directory = directory
        self._mailbox: deque[Event] = deque()
        self._perform = perform
        self._tap = tap
        self._overheard = overheard
        self._news = news
        self._clock = clock
        self._earlier = earlier
        self._seq = earlier.steps if earlier else 0
        self._found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
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
        if _means_nothing(event) and not self._mailbox:
            if not self.over:
                self._overheard(Entry(self.call, self._seq, self._clock(), event, ()))
            return
        self._mailbox.append(event)
        if self._effects is not None and len(self._mailbox) == 1:
            self._work(self._effects)

    def withdraw(self, event: Event) -> bool:
        """Take an event out of the mailbox; whether it was still there."""
        try:
            self._mailbox.remove(event)
        except ValueError:
            return False
        return True

    async def run(self) -> None:
        """Run until the call is over and all it asked for is done.

        Raises ExceptionGroup when the call or an effect has a bug; its other effects are ended.
        """
        try:
            async with asyncio.TaskGroup() as effects:
                if self._earlier is None:
                    self._begin(effects, None)
                else:
                    await self._found
                    self._start(effects, self.call.info, self._earlier.again)
                self._effects = effects
                self._work(effects)
                await self._end
        finally:
            self._effects = None
            self._set_timer(None)

    def go_on(self, found: Sequence[Event]) -> None:
        """Let a call run that was built again, beginning with how its channels were found."""
        if not self._found.done():
            self._mailbox.extendleft(reversed(found))
            self._found.set_result(None)

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
                if (news := self._news(self.call.allowance)) is not None:
                    self._begin(effects, news)
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
        self._start(effects, info, intents)
        self._directory.follow(self)

    def _start(self, effects: asyncio.TaskGroup, info: CallInfo, asked: Sequence[Intent]) -> None:
        for intent in asked:
            # At once, before the leg's channel is let go: no event of it may be lost.
            if isinstance(intent, HandOver | Branch | GiveBack) and self._passed_on(intent):
                continue
            # What is told is on its way with the step, and notes are nothing to be done.
            if not isinstance(intent, Note | Tell):
                effects.create_task(self._perform_and_post(info, intent))

    def _passed_on(self, passing: HandOver | Branch | GiveBack) -> bool:
        match passing:
            case HandOver():
                return self._directory.hand_over(passing)
            case GiveBack():
                return self._directory.give_back(passing)
            case Branch(leg, opening):
                self._directory.branch(leg, leg.application or self.call.application, opening)
                return True

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


def _means_nothing(event: Event) -> bool:
    """Tell whether a call makes nothing of an event, whatever its state."""
    return isinstance(event.event if isinstance(event, OfLeg) else event, SipSeen)
