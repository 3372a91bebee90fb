import pytest

from stasis_refer.core.events import ChannelUp, Command, CommandRefused, Event, LegCreated, OfLeg
from stasis_refer.core.handing_over import HandedOver, Replaced
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    AcceptRefers,
    Connect,
    CreateLeg,
    DropLeg,
    HandOver,
    ReferReport,
    ReportRefer,
    RingLeg,
    Separate,
    TakeOver,
)
from stasis_refer.core.leg import Leg
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.legs import LegDeed, LegEffects
from tests.runtime.parties import Capture, Line, Telephony

CREATE = CreateLeg("bob", "trunk/sip:bob@example.com", "4930123")
CONNECT = Connect("bridge", ("alice", "bob"), recording="r-1")
REPORT = ReportRefer("bob", ReferReport.ANSWERED)
LEG = Leg(CallInfo("key of dave", "dave"), 0.0)


class World:
    """Alice's call, which has bob as a leg, and carol's, with dave."""

    def __init__(self, telephony: Telephony | None = None) -> None:
        self.telephony, self.capture = telephony or Telephony(), Capture()
        self.directory = Directory(self.capture)
        self.alice, self.carol = Line("alice", "bob"), Line("carol", "dave")
        for live in (self.alice, self.carol):
            self.directory.add(live)
        self.effects = LegEffects(self.telephony, self.directory)

    async def perform(self, deed: LegDeed) -> Event | None:
        return await self.effects.perform(self.alice.call, self.alice.call.info, deed)


@pytest.mark.parametrize(
    ("deed", "asked"),
    [
        (AcceptRefers(), ("accept refers", "alice")),
        (RingLeg("bob"), ("ring leg", "bob")),
        (DropLeg("bob"), ("hang up", "bob", None)),
        (CONNECT, ("connect", CONNECT)),
        (Separate("bridge"), ("separate", "bridge")),
        (REPORT, ("report", "bob", ReferReport.ANSWERED)),
        (HandOver("eve", LEG), ("hang up", "dave", None)),
    ],
)
async def test_what_is_asked_of_asterisk(deed: LegDeed, asked: tuple[object, ...]) -> None:
    world = World()
    assert await world.perform(deed) is None
    assert world.telephony.asked == [asked]


@pytest.mark.parametrize("status", [0, 404, 500])
@pytest.mark.parametrize(
    ("deed", "event"),
    [
        (CREATE, lambda status: OfLeg("bob", CommandRefused(Command.CREATE, status))),
        (RingLeg("bob"), lambda status: OfLeg("bob", CommandRefused(Command.RING, status))),
        (CONNECT, lambda status: CommandRefused(Command.CONNECT, status)),
        (REPORT, lambda status: OfLeg("bob", CommandRefused(Command.REPORT, status))),
        (
            ReportRefer("alice", ReferReport.DECLINED),
            lambda status: CommandRefused(Command.REPORT, status),
        ),
        (AcceptRefers(), lambda _: None),
        (DropLeg("bob"), lambda _: None),
        (Separate("bridge"), lambda _: None),
    ],
)
async def test_what_is_refused_is_an_event_of_its_channel_if_anything_waits(
    deed: LegDeed, event: object, status: int
) -> None:
    assert callable(event)
    assert await World(Telephony(status)).perform(deed) == event(status)


# -- a leg is made ---------------------------------------------------------------


@pytest.mark.parametrize("captured", [False, True])
async def test_a_leg_is_made_for_the_lead_and_captured_as_that_is(*, captured: bool) -> None:
    world = World()
    world.alice.call.led_by(CallInfo("k", "alice", source_ip="192.0.2.7" if captured else ""))
    made = await world.perform(CREATE)
    assert made == OfLeg("bob", LegCreated("leg@127.0.0.1", captured=captured))
    assert world.telephony.asked == [("create leg", CREATE, "alice")]
    world.capture.watched["leg@127.0.0.1"](ChannelUp())
    assert world.alice.call.heard == [OfLeg("bob", ChannelUp())]


async def test_a_leg_without_a_call_id_is_not_watched() -> None:
    world = World(Telephony(call_id=""))
    world.alice.call.led_by(CallInfo("k", "alice", source_ip="192.0.2.7"))
    assert await world.perform(CREATE) == OfLeg("bob", LegCreated("", captured=False))
    assert world.capture.watched == {}


@pytest.mark.parametrize("over", [False, True])
async def test_a_leg_that_nobody_wants_any_more_is_hung_up(*, over: bool) -> None:
    world = World()
    world.alice.call.over = over
    if not over:
        world.alice.call.has()
    assert await world.perform(CREATE) is None
    assert world.telephony.asked[1:] == [("hang up", "bob", None)]
    assert world.capture.watched == {}


# -- from one call to another ----------------------------------------------------


async def test_the_other_call_is_asked_for_its_party() -> None:
    world = World()
    assert await world.perform(TakeOver("carol")) is None
    assert world.carol.call.heard == [Replaced("carol", by="alice")]
    assert world.telephony.asked == []


@pytest.mark.parametrize("channel", ["eve", "bob"])
async def test_without_another_call_nobody_is_handed_over(channel: str) -> None:
    world = World()
    assert await world.perform(TakeOver(channel)) == HandedOver(None)
    assert world.alice.call.heard == []


async def test_nobody_handed_to_a_call_that_is_gone_is_nothing() -> None:
    world = World()
    assert await world.perform(HandOver("eve", None)) is None
    assert world.telephony.asked == []
