import asyncio
from collections.abc import Mapping
from dataclasses import replace
from itertools import count

import pytest

from stasis_refer.core.allowance import QuotasTold
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelReturned,
    ChannelRinging,
    ChannelUp,
    DeadlinePassed,
    DocumentFetched,
    Event,
    OfLeg,
    Ordered,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    Restarted,
    SipSeen,
    TransferStatus,
)
from stasis_refer.core.found import Found
from stasis_refer.core.handing_over import HandedOver, Replaced
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Deed,
    DropLeg,
    Fetch,
    HandOver,
    HangUp,
    Intent,
    Note,
    SendRefer,
    StopPlayback,
    TakeOver,
    TransferEnded,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.message import Message
from stasis_refer.core.orders import EndCall
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.rules import Scope
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import Document, Hangup, Pause, Redirect, Refer, Ring
from stasis_refer.runtime.actor import CallActor, Earlier, News
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.journal import Entry, Tap
from tests.runtime.parties import Capture, Party

INFO = CallInfo("0" * 32, "1.1", channel_name="PJSIP/caller-00000001")
VOICE, AFTER = Callback("http://127.0.0.1/voice"), Callback("http://127.0.0.1/after")
STATUS = Callback("http://127.0.0.1/status")
SUPPORT = Application("support", "twiml", VOICE, targets=(parse_rule("sip:*@example.com"),))
REFER = Refer("sip:alice@example.com", AFTER)

LONG = 5.0  # seconds no test waits for


class World:
    """Performs what a call asks for, and what a phone does once it is sent a REFER."""

    def __init__(
        self,
        documents: Mapping[str, Document],
        phone: tuple[Event, ...] = (),
        *,
        up: bool = True,
        overheard: Tap = lambda _: None,
        news: News = lambda _: None,
    ) -> None:
        clock = asyncio.get_running_loop().time
        call = Call(INFO, replace(SUPPORT, status_callback=STATUS), up=up, now=clock())
        directory = Directory(Capture())
        self.actor = CallActor(
            call,
            self.perform,
            self.entries_append,
            clock,
            directory,
            overheard=overheard,
            news=news,
        )
        self.entries: list[Entry] = []
        self.done: list[Deed] = []
        self._documents = documents
        self._phone = phone

    def entries_append(self, entry: Entry) -> None:
        self.entries.append(entry)

    @property
    def events(self) -> list[Event | None]:
        return [entry.event for entry in self.entries]

    async def run(self) -> None:
        async with asyncio.timeout(LONG):
            await self.actor.run()

    async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
        assert (call, info) == (self.actor.call, INFO)
        self.done.append(deed)
        match deed:
            case Fetch(callback=callback):
                return DocumentFetched(self._documents.get(callback.url, ()))
            case SendRefer():
                for event in self._phone:
                    self.actor.post(event)
            case _:
                pass
        return None


async def test_a_call_from_its_first_request_to_its_end() -> None:
    phone = (
        ReferSeen(7),
        ReferAnswered(202, 7),
        ReferNotified(180, terminated=False, cseq=1),
        ReferNotified(486, terminated=True, cseq=2),
        ChannelReturned(TransferStatus.FAILURE, 486),
    )
    world = World({VOICE.url: (REFER,), AFTER.url: (Hangup(),)}, phone)
    await world.run()
    assert [type(deed) for deed in world.done] == [Fetch, SendRefer, Fetch, HangUp]
    assert world.events == [
        None,
        DocumentFetched((REFER,)),
        *phone,
        DocumentFetched((Hangup(),)),
    ]


async def test_what_means_nothing_to_the_call_is_no_step_of_it() -> None:
    overheard: list[Entry] = []
    seen = SipSeen(Message(0.0, sent=True, first_line="SIP/2.0 200 OK"))
    refused = (ReferAnswered(603, 7), ChannelReturned(TransferStatus.FAILURE, 603))
    phone = (ReferSeen(7), seen, OfLeg("x", seen), *refused)
    world = World({VOICE.url: (REFER,), AFTER.url: (Hangup(),)}, phone, overheard=overheard.append)
    await world.run()
    assert [each.event for each in overheard] == [seen, OfLeg("x", seen)]
    assert world.events[:4] == [None, DocumentFetched((REFER,)), ReferSeen(7), refused[0]]
    assert [each.seq for each in world.entries] == list(range(1, 1 + len(world.entries)))
    heard = len(overheard)
    world.actor.post(seen)  # it is over
    assert len(overheard) == heard


async def test_what_is_left_of_quotas_is_told_before_anything_else() -> None:
    told = iter([QuotasTold(((Scope.RULE, "partners", 1),)), None, QuotasTold()])
    world = World({}, news=lambda _: next(told, None))
    for event in (ChannelUp(), ChannelHeld(), CallEnded()):
        world.actor.post(event)
    await world.run()
    assert world.events == [
        None,
        QuotasTold(((Scope.RULE, "partners", 1),)),
        ChannelUp(),
        ChannelHeld(),
        QuotasTold(),
        CallEnded(),
        DocumentFetched(()),
    ]
    assert [entry.seq for entry in world.entries] == list(range(1, 8))


async def test_notes_are_written_down_and_never_performed() -> None:
    world = World({VOICE.url: (replace(REFER, target="sip:alice@example.org"),)})
    await world.run()
    noted = [intent for entry in world.entries for intent in entry.intents]
    outcomes = [note.result.outcome for note in noted if isinstance(note, TransferEnded)]
    assert outcomes == [Outcome.BLOCKED]
    assert not [deed for deed in world.done if isinstance(deed, Note)]


async def test_the_journal_has_every_step_in_order() -> None:
    posted: list[Event] = [ChannelUp(), ChannelHeld(), ChannelResumed(), ChannelHeld(), CallEnded()]
    world = World({})
    for event in posted:
        world.actor.post(event)
    await world.run()
    assert world.events == [None, *posted, DocumentFetched(())]
    assert [entry.seq for entry in world.entries] == list(range(1, 8))
    times = [entry.at for entry in world.entries]
    assert times == sorted(times)


async def test_a_hang_up_during_a_webhook_is_handled_in_its_turn() -> None:
    fetched = asyncio.Event()

    class SlowWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            if isinstance(deed, Fetch):
                self.actor.post(CallEnded())
                await fetched.wait()
            return await super().perform(call, info, deed)

    world = SlowWorld({VOICE.url: (REFER,)})
    running = asyncio.create_task(world.run())
    while CallEnded() not in world.events:  # noqa: ASYNC110 - a handful of turns of the loop
        await asyncio.sleep(0)
    fetched.set()
    await running
    assert world.events == [None, CallEnded(), DocumentFetched((REFER,))]
    assert [type(deed) for deed in world.done] == [Fetch]


async def test_a_deadline_passes_when_nothing_happens() -> None:
    world = World({VOICE.url: (Pause(0.03), Hangup())})
    await world.run()
    assert world.events[1:] == [DocumentFetched((Pause(0.03), Hangup())), DeadlinePassed()]
    paused, passed = (entry.at for entry in world.entries[1:])
    assert passed - paused >= 0.029


async def test_what_happened_before_the_deadline_goes_before_it() -> None:
    class HastyWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            event = await super().perform(call, info, deed)
            if isinstance(deed, Fetch) and event is not None:
                self.actor.post(event)
                self.actor.post(CallEnded())
                return None
            return event

    world = HastyWorld({VOICE.url: (Pause(0.0), Hangup())})
    await world.run()
    assert world.events[2:] == [CallEnded()]


async def test_the_call_is_left_only_when_all_it_asked_for_is_done() -> None:
    class SlowWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            if isinstance(deed, HangUp):
                await asyncio.sleep(0.02)
            return await super().perform(call, info, deed)

    world = SlowWorld({VOICE.url: (Hangup(),)})
    await world.run()
    assert isinstance(world.done[-1], HangUp)


async def test_a_bug_in_an_effect_ends_the_call_and_its_other_effects() -> None:
    ended = asyncio.Event()

    class BrokenWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            if isinstance(deed, StopPlayback):
                raise ZeroDivisionError
            if isinstance(deed, Fetch) and self.done:
                try:
                    await asyncio.sleep(LONG)
                finally:
                    ended.set()
            return await super().perform(call, info, deed)

    document = (Ring(0.01), Redirect(AFTER))
    world = BrokenWorld({VOICE.url: document})
    with pytest.raises(ExceptionGroup) as raised:
        await world.run()
    assert raised.group_contains(ZeroDivisionError)
    assert ended.is_set()


async def test_a_bug_in_a_tap_ends_the_call() -> None:
    class BrokenWorld(World):
        def entries_append(self, entry: Entry) -> None:
            super().entries_append(entry)
            raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as raised:
        await BrokenWorld({}).run()
    assert raised.group_contains(ZeroDivisionError)


async def test_a_call_replayed_from_its_journal_asks_for_the_same() -> None:
    ticks = count()
    world = World({VOICE.url: (Hangup(),)})
    call = Call(INFO, replace(SUPPORT, status_callback=STATUS), up=True, now=0.0)
    clock, directory = lambda: next(ticks) / 1000.0, Directory(Capture())
    world.actor = CallActor(call, world.perform, world.entries_append, clock, directory)
    await world.run()
    replayed = Call(INFO, call.application, up=True, now=0.0)
    for entry in world.entries:
        intents = replayed.handle(entry.event, entry.at) if entry.event else replayed.start()
        assert tuple(intents) == entry.intents


# -- a call that was built again -------------------------------------------------


def built_again(world: World, *again: Deed) -> CallActor:
    clock, directory = asyncio.get_running_loop().time, Directory(Capture())
    call = Call(INFO, SUPPORT, up=True, now=clock())
    call.start()
    call.handle(DocumentFetched((Pause(0.0), Hangup())), clock())
    earlier = Earlier(2, again)
    return CallActor(call, world.perform, world.entries_append, clock, directory, earlier=earlier)


async def test_a_call_that_was_built_again_waits_until_it_is_told_how_it_stands() -> None:
    world = World({})
    world.actor = built_again(world, StopPlayback("p"))
    running = asyncio.create_task(world.run())
    world.actor.post(ChannelHeld())
    await asyncio.sleep(0.02)  # its deadline has long passed
    assert (world.entries, world.done) == ([], [])
    world.actor.go_on([Restarted(Found.HERE, up=True)])
    await running
    assert world.events == [Restarted(Found.HERE, up=True), ChannelHeld(), DeadlinePassed()]
    assert [entry.seq for entry in world.entries] == [3, 4, 5]
    assert world.done == [StopPlayback("p"), HangUp()]


async def test_what_a_call_has_not_come_to_can_be_withdrawn() -> None:
    world = World({})
    world.actor = actor = built_again(world)
    asked = Ordered("t", INFO.key, EndCall())
    running = asyncio.create_task(world.run())
    actor.post(asked)
    assert (actor.withdraw(asked), actor.withdraw(asked)) == (True, False)
    actor.go_on([CallEnded()])
    await running
    assert asked not in world.events


async def test_a_call_that_was_over_ends_when_what_it_asked_for_is_done_again() -> None:
    world = World({})
    world.actor = built_again(world, HangUp(486))
    world.actor.call.handle(DeadlinePassed(), asyncio.get_running_loop().time())
    assert world.actor.call.over
    world.actor.go_on([Restarted(Found.HERE)])
    await world.run()
    assert (world.entries, world.done) == ([], [HangUp(486)])


# -- calls of several channels ---------------------------------------------------


class Exchange:
    """Two calls that run: alice talks to bob, carol to dave; what they ask for is in ``done``."""

    def __init__(self) -> None:
        self.capture = Capture()
        self.directory = Directory(self.capture)
        self.done: list[tuple[str, str, Deed]] = []
        self.alice, self.carol = Party("alice", "bob"), Party("carol", "dave")
        self.actors = [self._actor(call) for call in (self.alice, self.carol)]
        self._running = [asyncio.create_task(actor.run()) for actor in self.actors]

    def _actor(self, call: Party) -> CallActor:
        clock = asyncio.get_running_loop().time
        actor = CallActor(call, self.perform, lambda _: None, clock, self.directory)
        self.directory.add(actor)
        return actor

    async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
        self.done.append((call.key, info.channel, deed))
        if isinstance(deed, TakeOver):
            assert self.directory.take_over(deed.channel, by=info.channel)
        return None

    async def happened(self, channel: str, event: Event) -> None:
        """Let something happen, and all that follows at once."""
        await asyncio.sleep(0)
        assert self.directory.happened(channel, event)
        for _ in range(5):
            await asyncio.sleep(0)

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def test_channels_are_followed_before_anything_is_done_with_them() -> None:
    exchange = Exchange()

    def call_eve() -> list[Intent]:
        exchange.alice.has("bob", "eve")
        return []

    exchange.alice.answers[ChannelHeld] = call_eve
    await exchange.happened("alice", ChannelHeld())
    await exchange.happened("eve", ChannelRinging())
    assert exchange.alice.heard[-1] == OfLeg("eve", ChannelRinging())
    await exchange.close()


async def test_what_is_asked_for_is_done_for_the_party_that_was_the_lead_then() -> None:
    exchange = Exchange()

    def ask_and_change() -> list[Intent]:
        return [SendRefer("sip:eve@example.com")]

    def change() -> list[Intent]:
        exchange.alice.led_by(exchange.alice.legs["bob"].info)
        return [DropLeg("alice")]

    exchange.alice.answers |= {ChannelHeld: ask_and_change, ChannelResumed: change}
    await asyncio.sleep(0)
    for event in (ChannelHeld(), ChannelResumed()):
        exchange.directory.happened("alice", event)
    await exchange.happened("bob", ChannelUp())
    assert exchange.done == [
        ("key of alice", "alice", SendRefer("sip:eve@example.com")),
        ("key of alice", "bob", DropLeg("alice")),
    ]
    assert exchange.alice.heard[-1] == ChannelUp()
    await exchange.close()


async def test_a_party_that_is_handed_over_takes_its_events_along() -> None:
    exchange = Exchange()
    exchange.directory.watch("dave", "4@a", dialed=True)
    dave = exchange.carol.legs["dave"]

    def hand_dave_over() -> list[Intent]:
        exchange.carol.has()
        return [HandOver("alice", dave)]

    def adopt() -> list[Intent]:
        exchange.alice.has("bob", "dave")
        return []

    exchange.alice.answers |= {
        ChannelHeld: lambda: [TakeOver("carol")],
        HandedOver: adopt,
    }
    exchange.carol.answers[Replaced] = hand_dave_over
    await exchange.happened("alice", ChannelHeld())
    await exchange.happened("dave", ChannelResumed())
    exchange.capture.watched["4@a"](CallEnded())
    assert exchange.alice.heard == [
        ChannelHeld(),
        HandedOver(dave),
        OfLeg("dave", ChannelResumed()),
        OfLeg("dave", CallEnded()),
    ]
    assert exchange.done == [("key of alice", "alice", TakeOver("carol"))]
    await exchange.close()


async def test_what_is_handed_to_a_call_that_is_gone_is_left_to_be_done() -> None:
    exchange = Exchange()
    answer = HandOver("eve", Leg(CallInfo("key of dave", "dave"), 0.0))
    exchange.carol.answers[ChannelHeld] = lambda: [answer]
    await exchange.happened("carol", ChannelHeld())
    assert exchange.done == [("key of carol", "carol", answer)]
    await exchange.close()
