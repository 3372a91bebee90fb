"""The calls: they come in, hear what happens to them, and end."""

import asyncio
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from stasis_refer.core.application import Application
from stasis_refer.core.call import Call
from stasis_refer.core.events import CallEnded, ChannelReturned, DrainOver, Event, QueueLeft
from stasis_refer.core.handing_over import GivenBack
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import GiveBack, Intent, Separate
from stasis_refer.core.leg import Leg, names_leg
from stasis_refer.core.line import FAILED
from stasis_refer.core.opening import Lent, Outgoing, Parted
from stasis_refer.core.orders import Origination
from stasis_refer.runtime.actor import CallActor, Earlier, News, Perform
from stasis_refer.runtime.capacity import STATUS, Capacity
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.journal import Tap
from stasis_refer.runtime.ports import Telephony
from stasis_refer.runtime.replay import Rebuilt

_log = structlog.get_logger(__name__)


class Switchboard:
    """All live calls. Every method returns at once; calls run in tasks of their own."""

    def __init__(  # noqa: PLR0913 - the one place where the parts meet
        self,
        *,
        applications: Mapping[str, Application],
        telephony: Telephony,
        directory: Directory,
        perform: Perform,
        tap: Tap,
        clock: Callable[[], float],
        wall: Callable[[], float],
        on_change: Callable[[int], None] = lambda _: None,
        forget: Callable[[str], None] = lambda _: None,
        overheard: Tap = lambda _: None,
        capacity: Capacity | None = None,
        news: News = lambda _: None,
    ) -> None:
        self._applications = applications
        self._telephony = telephony
        self._directory = directory
        self._perform = perform
        self._tap = tap
        self._clock = clock
        self._wall = wall
        self._on_change = on_change
        self._forget = forget
        self._overheard = overheard
        self._capacity = capacity or Capacity()
        self._news = news
        self._resumed: dict[CallActor, None] = {}  # that wait to be told how they stand
        self._tasks: set[asyncio.Task[None]] = set()
        self.draining = False
        directory.branch = self._branch

    @property
    def channels(self) -> Collection[str]:
        """Ids of all channels of the live calls."""
        return self._directory.channels

    def entered(self, channel: CallInfo, application: str, *, up: bool) -> None:
        """Take a call in that entered ``Stasis()`` for an application of ours.

        Our legs enter it too: those of live calls are in it already, others are hung up.
        """
        if channel.channel in self._directory:
            return
        found = self._applications.get(application)
        if self.draining or names_leg(channel.channel):
            self._spawn(self._send_back(channel.channel))
        elif found is None:
            _log.error("call for an application that is not configured", dialed=application)
            self._spawn(self._reject(channel.channel, _NOT_FOUND))
        elif limit := self._capacity.refuses_call(application):
            self._spawn(self._reject(channel.channel, STATUS[limit]))
        else:
            self._take(channel, found, up=up)

    def resume(self, rebuilt: Rebuilt) -> None:
        """Take a call up again after a restart; it runs from ``go_on`` on."""
        call = rebuilt.call
        actor = self._actor(call, Earlier(rebuilt.steps, rebuilt.again))
        self._resumed[actor] = None
        self._list(actor, len(rebuilt.under_way))
        for leg in (call.lead, *call.legs.values()):
            if leg.info.call_id:
                self._directory.watch_again(leg.info)
        self._spawn(self._run(actor))

    @property
    def resumed(self) -> Collection[Call]:
        """The calls that were taken up again, and wait for ``go_on``."""
        return [actor.call for actor in self._resumed]

    def go_on(self, found: Callable[[Call], Sequence[Event]]) -> None:
        """Let them run, each beginning with what is found of it."""
        for actor in self._resumed:
            actor.go_on((*found(actor.call), *self._lost(actor.call)))
        self._resumed.clear()

    def _lost(self, call: Call) -> Iterator[Event]:
        """Yield that legs are gone whose own call could not be taken up."""
        for leg in call.legs.values():
            if leg.lent and not self._directory.lists(leg.info.key):
                yield GivenBack(replace(leg, gone=True))

    def happened(self, channel: str, event: Event) -> None:
        """Hand an event to the call of a channel; a channel of no call is passed over.

        One that is back from the dialplan to no call of ours goes on there: it was sent there
        before we were started, or nobody waits for it any more.
        """
        mine = self._directory.happened(channel, event)
        if not mine and isinstance(event, ChannelReturned | QueueLeft):
            self.send_back(channel)

    def happened_meanwhile(
        self, known: Iterable[str], existing: Mapping[str, Event | None]
    ) -> None:
        """Catch up after a gap: tell the calls whose channels are gone, note who is back.

        ``known`` are the channels of calls from before Asterisk was asked; ``existing`` has
        every channel it lists, with an event for those that are in our hands.
        """
        for channel in set(known).difference(existing):
            self.happened(channel, CallEnded(unheard=True))
        for channel, returned in existing.items():
            if returned is not None:
                self.happened(channel, returned)

    def send_back(self, channel: str) -> None:
        """Let a channel of no call of ours go on in the dialplan; a leg has none, and ends."""
        if channel not in self._directory:
            self._spawn(self._send_back(channel))

    async def drain(self, seconds: float) -> None:
        """Take no new calls, let live ones finish for ``seconds``, send the rest back."""
        self.draining = True
        if self._tasks and seconds > 0:
            await asyncio.wait(self._tasks, timeout=seconds)
        for live in tuple(self._directory.calls):
            live.post(DrainOver())
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
        await self.stop()

    async def stop(self) -> None:
        """Drop what still runs; the calls stay where they are in Asterisk."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, channel: CallInfo, application: Application, *, up: bool) -> None:
        call_id, watch = channel.call_id, self._directory.watch
        invite = watch(channel.channel, call_id) if call_id else None
        info = replace(channel, key=uuid.uuid4().hex, started=self._wall())
        if invite is not None:
            info = replace(
                info,
                dialed=invite.dialed or info.dialed,
                domain=invite.domain,
                peer=invite.peer,
                source_ip=invite.source_ip,
                headers=invite.headers,
                allow=invite.allow,
                caller_tag=invite.tag,
            )
        self._begin(Call(info, application, up=up, now=self._clock()))

    def originate(self, info: CallInfo, application: Application, wanted: Origination) -> None:
        """Make a call; ``info`` is what is known of it before (``calling.originate``)."""
        opening = Outgoing(wanted)
        self._begin(Call(info, application, up=False, now=self._clock(), opening=opening))

    def _branch(self, leg: Leg, application: Application, opening: Parted | Lent) -> None:
        """Let a leg of one call be the lead of another one."""
        now = self._clock()
        self._begin(Call(leg.info, application, up=True, now=now, opening=opening, leg=leg))

    def _begin(self, call: Call) -> None:
        actor = self._actor(call)
        self._list(actor)
        self._spawn(self._run(actor))

    def _list(self, actor: CallActor, transfers: int = 0) -> None:
        self._directory.add(actor)
        self._capacity.call_began(actor.call, transfers)
        self._on_change(len(self._directory.calls))

    def _actor(self, call: Call, earlier: Earlier | None = None) -> CallActor:
        return CallActor(
            call,
            self._perform,
            self._tap,
            self._clock,
            self._directory,
            earlier=earlier,
            overheard=self._overheard,
            news=self._news,
        )

    async def _run(self, actor: CallActor) -> None:
        try:
            await actor.run()
            self._forget_steps(actor)
        except Exception:  # noqa: BLE001 - a bug ends this call, loudly, and no other
            info = actor.call.info
            _log.exception("call ended by a bug", call=info.key, channel=info.channel)
            await self._clean_up(actor)
            self._forget_steps(actor)
        finally:
            self._directory.remove(actor)
            self._capacity.call_over(actor.call)
            self._on_change(len(self._directory.calls))

    def _forget_steps(self, actor: CallActor) -> None:
        # A party that came back may have parted into another call since, under the same key.
        if self._directory.is_listed(actor):
            self._forget(actor.call.key)

    async def _clean_up(self, actor: CallActor) -> None:
        lead, channels = actor.call.info.channel, actor.call.channels
        for left in _close_books(actor):
            match left:
                case Separate(bridge):
                    await self._telephony.separate(bridge)
                case GiveBack():
                    self._directory.give_back(left)
                case _:
                    pass
        for channel in channels:
            await self._telephony.hang_up(channel, FAILED if channel == lead else None)

    async def _reject(self, channel: str, status: int) -> None:
        await self._telephony.hang_up(channel, status)

    async def _send_back(self, channel: str) -> None:
        if names_leg(channel):
            await self._telephony.hang_up(channel, None)
        else:
            await self._telephony.go_on(channel)

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _close_books(actor: CallActor) -> list[Intent]:
    try:
        return actor.abandon()
    except Exception:  # noqa: BLE001 - a bug in a tap must not keep the call from being hung up
        _log.exception("call cannot be closed in the journal", call=actor.call.info.key)
        return []


_NOT_FOUND = 404
"""What a call for an application that is not there is refused with."""

_LAST_WORDS = 2.0
"""Seconds the calls have to go back to the dialplan when the program stops."""
