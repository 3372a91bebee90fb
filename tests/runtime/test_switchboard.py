import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    ChannelHeld,
    ChannelReturned,
    ChannelUp,
    DocumentFetched,
    DrainOver,
    Event,
    OfLeg,
    QueueLeft,
    QueueStatus,
    Restarted,
    TransferStatus,
)
from stasis_refer.core.found import Found
from stasis_refer.core.info import CallDirection, CallInfo, Invite
from stasis_refer.core.intents import (
    Deed,
    Fetch,
    HangUp,
    ReturnToDialplan,
    SendRefer,
    Separate,
    TransferEnded,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import Document, Hangup, Pause, Refer
from stasis_refer.runtime.capacity import Bounds, Capacity
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.replay import Rebuilt
from stasis_refer.runtime.switchboard import Switchboard
from tests.runtime.parties import Capture, Line, Telephony

SUPPORT = Application("support", "twiml", Callback("http://127.0.0.1/voice"))
TRANSFERS = replace(SUPPORT, name="transfers", targets=(parse_rule("sip:*@example.com"),))
ALICE = CallInfo("", "1.1", "alice@127.0.0.1", "PJSIP/alice-00000001", "alice", dialed="s")
BOB = CallInfo("", "1.2", "bob@127.0.0.1", "PJSIP/bob-00000002", "bob", dialed="s")
FOREVER: Document = (Pause(3600.0),)
NOW = 1_764_000_000.0  # seconds since 1970
LONG = 5.0  # seconds no test waits for


class World:
    """A switchboard and what its calls do; ``documents`` by the name of the caller."""

    def __init__(self, capacity: Capacity | None = None, **documents: Document) -> None:
        self.telephony, self.capture = Telephony(), Capture()
        self.directory = Directory(self.capture)
        self.entries: list[Entry] = []
        self.done: list[tuple[str, Deed]] = []
        self.sizes: list[int] = []
        self.forgotten: list[str] = []
        self._documents = documents
        self.calls: list[Call] = []  # each that asked for something
        self.board = Switchboard(
            applications={"support": SUPPORT, "transfers": TRANSFERS},
            telephony=self.telephony,
            directory=self.directory,
            perform=self.perform,
            tap=self.entries.append,
            clock=asyncio.get_running_loop().time,
            wall=lambda: NOW,
            on_change=self.sizes.append,
            forget=self.forgotten.append,
            capacity=capacity,
        )

    async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
        self.done.append((info.caller, deed))
        if call not in self.calls:
            self.calls.append(call)
        if isinstance(deed, Fetch):
            return DocumentFetched(self._documents.get(call.info.caller, FOREVER))
        return None

    def events(self, caller: str) -> list[Event | None]:
        return [entry.event for entry in self.entries if entry.call.info.caller == caller]

    def deeds(self, caller: str) -> list[Deed]:
        return [deed for of, deed in self.done if of == caller]

    async def settle(self) -> None:
        """Let everything that can happen at once happen."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def close(self) -> None:
        async with asyncio.timeout(LONG):
            await self.board.drain(0.0)
            await self.board.stop()
        assert not self.board.channels


# -- calls that enter ------------------------------------------------------------


async def test_a_call_runs_from_its_entering_to_its_end() -> None:
    world = World(alice=(Hangup(),))
    world.board.entered(ALICE, "support", up=True)
    assert list(world.board.channels) == ["1.1"]
    await world.settle()
    assert [type(deed) for deed in world.deeds("alice")] == [Fetch, HangUp]
    assert not world.board.channels
    assert world.sizes == [1, 0]
    assert world.capture.watched == {}


async def test_a_call_has_a_key_of_its_own_and_the_facts_of_its_invite() -> None:
    world = World()
    headers = (("X-Account", "7"),)
    world.capture.invites[ALICE.call_id] = Invite(
        "support", "pbx.example.com", "phone.example.com", "192.0.2.7", headers
    )
    world.board.entered(ALICE, "support", up=True)
    world.board.entered(BOB, "support", up=True)
    await world.settle()
    alice, bob = (entry.call.info for entry in world.entries if entry.event is None)
    assert replace(alice, key="") == replace(
        ALICE,
        dialed="support",
        domain="pbx.example.com",
        peer="phone.example.com",
        source_ip="192.0.2.7",
        headers=headers,
        started=NOW,
    )
    assert replace(bob, key="") == replace(BOB, started=NOW)
    assert len({alice.key, bob.key, ""}) == 3
    assert (len(alice.key), int(alice.key, 16) > 0) == (32, True)
    await world.close()


@pytest.mark.parametrize(
    ("capacity", "status"),
    [
        (Capacity(Bounds(calls=1)), 503),
        (Capacity(applications={"support": Bounds(calls=1)}), 480),
        (Capacity(applications={"support": Bounds(calls_per_second=1)}), 480),
    ],
)
async def test_a_call_over_a_limit_is_refused_and_the_others_go_on(
    capacity: Capacity, status: int
) -> None:
    world = World(capacity)
    world.board.entered(ALICE, "support", up=False)
    world.board.entered(BOB, "support", up=False)
    await world.settle()
    assert world.telephony.asked == [("hang up", BOB.channel, status)]
    assert (list(world.board.channels), world.deeds("bob")) == ([ALICE.channel], [])
    await world.close()


async def test_a_call_is_taken_where_another_one_has_ended() -> None:
    world = World(Capacity(Bounds(calls=1)), alice=(Hangup(),))
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    world.board.entered(BOB, "support", up=True)
    await world.settle()
    assert (list(world.board.channels), world.telephony.asked) == ([BOB.channel], [])
    await world.close()


async def test_calls_that_are_taken_up_again_count_and_are_not_refused() -> None:
    world = World(Capacity(Bounds(calls=1, transfers=1)))
    for info in (ALICE, replace(BOB, key="b")):
        call = Call(info, SUPPORT, up=True, now=0.0)
        world.board.resume(Rebuilt(call, 1, (), (Direction.SENT,), 0.0))
    assert len(world.board.resumed) == 2
    world.board.entered(replace(ALICE, channel="1.3"), "support", up=True)
    await world.settle()
    assert world.telephony.asked == [("hang up", "1.3", 503)]
    await world.board.stop()


@pytest.mark.parametrize("up", [True, False])
async def test_whether_the_call_is_answered_already_is_known(*, up: bool) -> None:
    world = World()
    world.board.entered(ALICE, "support", up=up)
    await world.settle()
    (fetch,) = world.deeds("alice")
    assert isinstance(fetch, Fetch)
    assert fetch.standing.status == ("in_progress" if up else "ringing")
    await world.close()


async def test_a_channel_that_enters_twice_is_one_call() -> None:
    world = World()
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    assert [type(deed) for deed in world.deeds("alice")] == [Fetch]
    assert world.sizes == [1]
    await world.close()


async def test_a_call_for_an_unknown_application_is_refused() -> None:
    world = World()
    with capture_logs() as logs:
        world.board.entered(ALICE, "sales", up=False)
        await world.settle()
    assert world.telephony.asked == [("hang up", "1.1", 404)]
    assert [line["dialed"] for line in logs] == ["sales"]
    assert not world.board.channels


# -- what happens to them --------------------------------------------------------


async def test_an_event_goes_to_the_call_of_its_channel_alone() -> None:
    world = World()
    world.board.entered(ALICE, "support", up=True)
    world.board.entered(BOB, "support", up=True)
    await world.settle()
    world.board.happened("1.2", ChannelHeld())
    world.board.happened("9.9", CallEnded())
    await world.settle()
    assert ChannelHeld() not in world.events("alice")
    assert world.events("bob")[-1] == ChannelHeld()
    await world.close()


async def test_what_is_captured_goes_to_the_call_of_its_call_id() -> None:
    world = World()
    world.board.entered(ALICE, "support", up=True)
    world.board.entered(BOB, "support", up=True)
    await world.settle()
    world.capture.watched[BOB.call_id](CallEnded())
    await world.settle()
    assert list(world.board.channels) == ["1.1"]
    assert list(world.capture.watched) == [ALICE.call_id]
    await world.close()


async def test_a_channel_without_a_call_id_is_not_watched() -> None:
    world = World()
    world.board.entered(replace(ALICE, call_id=""), "support", up=True)
    assert world.capture.watched == {}
    await world.close()


async def test_after_a_gap_calls_that_are_gone_end_and_those_that_are_back_go_on() -> None:
    world = World()
    world.board.entered(ALICE, "support", up=True)
    world.board.entered(BOB, "support", up=True)
    await world.settle()
    returned = ChannelReturned(TransferStatus.FAILURE, 486)
    world.board.happened_meanwhile(["1.1", "1.2"], {"1.2": returned, "9.9": None})
    await world.settle()
    assert world.events("alice")[-1] == CallEnded(unheard=True)
    assert world.events("bob")[-1] == returned
    assert list(world.board.channels) == ["1.2"]
    await world.close()


async def test_a_call_that_came_in_after_asterisk_was_asked_is_no_dead_one() -> None:
    world = World()
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    world.board.happened_meanwhile([], {"9.9": None})
    await world.settle()
    assert list(world.board.channels) == ["1.1"]
    await world.close()


@pytest.mark.parametrize(
    "back", [ChannelReturned(TransferStatus.FAILURE, 486), QueueLeft(QueueStatus.TIMEOUT)]
)
async def test_a_channel_that_is_back_to_no_call_goes_on_in_the_dialplan(back: Event) -> None:
    world = World()
    world.board.happened("9.9", back)
    world.board.happened("9.8", CallEnded())
    await world.settle()
    assert world.telephony.asked == [("go on", "9.9")]
    await world.close()


async def test_only_channels_of_no_call_are_sent_back() -> None:
    world = World()
    world.board.entered(ALICE, "support", up=True)
    world.board.send_back("1.1")
    world.board.send_back("9.9")
    await world.settle()
    assert world.telephony.asked == [("go on", "9.9")]
    await world.close()


# -- calls of several channels ---------------------------------------------------

LEG = f"{'0' * 32}-leg-1"


async def with_leg() -> World:
    """Let alice's call have a leg."""
    world = World()
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    world.calls[0].channels = frozenset({"1.1", LEG})
    world.board.happened("1.1", ChannelHeld())
    return world


async def test_a_call_with_a_leg_is_one_call() -> None:
    world = await with_leg()
    assert set(world.board.channels) == {"1.1", LEG}
    assert world.sizes == [1]
    await world.close()
    assert world.sizes == [1, 0]
    assert world.events("alice").count(DrainOver()) == 1


async def test_a_leg_that_enters_is_no_new_call() -> None:
    world = await with_leg()
    world.board.entered(CallInfo("", LEG), "", up=False)
    await world.settle()
    assert len(world.calls) == 1
    assert world.telephony.asked == []
    await world.close()


async def test_a_leg_of_no_call_is_hung_up() -> None:
    world = World()
    for _ in range(2):
        world.board.entered(CallInfo("", LEG), "", up=False)
        world.board.send_back(LEG)
        world.board.happened(LEG, ChannelReturned(TransferStatus.FAILURE, 486))
        await world.settle()
        assert world.telephony.asked == [("hang up", LEG, None)] * 3
        world.telephony.asked.clear()
        world.board.draining = True
    await world.close()


async def test_after_a_gap_legs_that_are_gone_are_told_as_such() -> None:
    world, line = World(), Line("1.1", LEG)
    world.directory.add(line)
    world.board.happened_meanwhile(["1.1", LEG], {"1.1": None, LEG: ChannelUp()})
    world.board.happened_meanwhile(["1.1", LEG], {"1.1": None})
    assert line.call.heard == [OfLeg(LEG, ChannelUp()), OfLeg(LEG, CallEnded(unheard=True))]


async def test_a_bug_takes_all_channels_and_the_bridge_of_its_call_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class BrokenWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            await super().perform(call, info, deed)
            call.channels = frozenset({info.channel, LEG})
            monkeypatch.setattr(call, "handle", lambda *_: [Separate("bridge")])
            raise ZeroDivisionError

    world = BrokenWorld()
    with capture_logs():
        world.board.entered(ALICE, "support", up=True)
        await world.settle()
    assert world.telephony.asked[0] == ("separate", "bridge")
    assert set(world.telephony.asked[1:]) == {("hang up", "1.1", 500), ("hang up", LEG, None)}
    assert not world.board.channels


# -- bugs ------------------------------------------------------------------------


async def test_a_bug_in_an_effect_ends_that_call_only() -> None:
    class BrokenWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            if call.info.caller == "alice":
                raise ZeroDivisionError
            return await super().perform(call, info, deed)

    world = BrokenWorld()
    with capture_logs() as logs:
        world.board.entered(ALICE, "support", up=True)
        world.board.entered(BOB, "support", up=True)
        await world.settle()
    assert world.telephony.asked == [("hang up", "1.1", 500)]
    assert list(world.board.channels) == ["1.2"]
    assert list(world.capture.watched) == [BOB.call_id]
    assert [(line["log_level"], line["channel"]) for line in logs] == [("error", "1.1")]
    world.board.happened("1.2", CallEnded())
    await world.settle()
    assert world.events("bob")[-1] == CallEnded()
    assert not world.board.channels


async def test_a_transfer_that_a_bug_cut_off_is_told_to_have_ended() -> None:
    class BrokenWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            if isinstance(deed, SendRefer):
                raise ZeroDivisionError
            return await super().perform(call, info, deed)

    world = BrokenWorld(alice=(Refer("sip:bob@example.com"),))
    world.board.entered(ALICE, "transfers", up=True)
    await world.settle()
    ended = [
        each.result
        for entry in world.entries
        for each in entry.intents
        if isinstance(each, TransferEnded)
    ]
    assert ended == [Result(Outcome.ERROR, Reason.STOPPED, Evidence.NONE)]


# -- the program stops -----------------------------------------------------------


async def test_a_draining_program_takes_no_calls() -> None:
    world = World()
    await world.board.drain(0.0)
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    assert world.telephony.asked == [("go on", "1.1")]
    assert world.done == []


async def test_live_calls_may_finish_before_the_rest_go_back() -> None:
    world = World(alice=(Pause(0.02), Hangup()))
    world.board.entered(ALICE, "support", up=True)
    world.board.entered(BOB, "support", up=True)
    async with asyncio.timeout(LONG):
        await world.board.drain(0.1)
    assert [type(deed) for deed in world.deeds("alice")] == [Fetch, HangUp]
    assert [type(deed) for deed in world.deeds("bob")] == [Fetch, ReturnToDialplan]
    assert world.events("bob")[-1] == DrainOver()
    assert not world.board.channels


async def test_draining_ends_as_soon_as_the_last_call_does() -> None:
    world = World(alice=(Pause(0.02), Hangup()))
    world.board.entered(ALICE, "support", up=True)
    async with asyncio.timeout(LONG):
        await world.board.drain(3600.0)
    assert not world.board.channels


async def test_stopping_leaves_the_calls_where_they_are() -> None:
    world = World()
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    await world.board.stop()
    assert world.forgotten == []  # they are taken up again
    assert [type(deed) for deed in world.deeds("alice")] == [Fetch]
    assert world.telephony.asked == []
    assert not world.board.channels
    assert world.capture.watched == {}


async def test_a_webhook_that_hangs_does_not_keep_the_program() -> None:
    class HangingWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            event = await super().perform(call, info, deed)
            if isinstance(deed, Fetch):
                await asyncio.sleep(3600.0)
            return event

    world = HangingWorld()
    world.board.entered(ALICE, "support", up=True)
    await world.settle()
    await world.close()
    assert ReturnToDialplan() in world.deeds("alice")


# -- calls that go on after a restart --------------------------------------------

CARA = replace(ALICE, key="k", call_id="cara@127.0.0.1", caller="cara", caller_tag="t1")
PARTNER = replace(CARA, channel="1.9", call_id="leg@127.0.0.1", direction=CallDirection.DIALED)


def rebuilt(*, over: bool = False) -> Rebuilt:
    call = Call(CARA, SUPPORT, up=True, now=asyncio.get_running_loop().time())
    call.start()
    call.legs["1.9"] = Leg(replace(PARTNER, caller_tag=""), 0.0)
    call.channels = frozenset({"1.1", "1.9"})
    call.over = over
    return Rebuilt(call, 7, (HangUp(486),) if over else (), (), 0.0)


HERE = Restarted(Found.HERE, up=True)


async def test_a_call_that_is_taken_up_waits_until_it_is_known_how_it_stands() -> None:
    world = World(cara=(Hangup(),))
    world.board.resume(rebuilt())
    await world.settle()
    assert set(world.board.channels) == {"1.1", "1.9"}
    assert [call.key for call in world.board.resumed] == ["k"]
    assert world.capture.again == {CARA.call_id: ("t1", False), PARTNER.call_id: ("", True)}
    assert (world.entries, world.deeds("cara"), world.sizes) == ([], [], [1])
    world.board.happened("1.1", ChannelHeld())
    world.board.go_on(lambda call: [HERE] if call.key == "k" else [])
    assert world.board.resumed == []
    await world.settle()
    assert world.events("cara")[:2] == [HERE, ChannelHeld()]
    assert world.entries[0].seq == 8
    assert [type(deed) for deed in world.deeds("cara")][:2] == [Fetch, HangUp]
    world.board.happened("1.9", CallEnded())
    await world.settle()
    assert world.forgotten == ["k"]
    assert world.capture.watched == {}


async def test_a_call_that_was_over_is_hung_up_and_forgotten() -> None:
    world = World()
    world.board.resume(rebuilt(over=True))
    world.board.go_on(lambda _: [HERE])
    await world.settle()
    assert (world.deeds("cara"), world.entries) == ([HangUp(486)], [])
    assert world.forgotten == ["k"]


async def test_a_call_that_a_bug_ended_is_forgotten_once_it_is_cleared_up() -> None:
    class BrokenWorld(World):
        async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
            await super().perform(call, info, deed)
            raise ZeroDivisionError

    world = BrokenWorld()
    world.board.entered(ALICE, "support", up=True)
    with capture_logs():
        await world.settle()
    assert world.forgotten == [world.entries[0].call.key]
