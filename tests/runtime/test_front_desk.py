import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    ChannelUp,
    DocumentFetched,
    Event,
    LegCreated,
    OfLeg,
    Unbridged,
)
from stasis_refer.core.info import CallDirection, CallInfo, CallStatus
from stasis_refer.core.intents import (
    AnswerOrder,
    CalleeRefused,
    CreateLeg,
    Deed,
    DropLeg,
    Fetch,
    HangUp,
    SendRefer,
)
from stasis_refer.core.leg import key_of
from stasis_refer.core.orders import (
    EndCall,
    Origination,
    Refusal,
    Refused,
    RunDocument,
    TagCall,
    Taken,
    TransferCall,
)
from stasis_refer.core.rules import Quota
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import Callee, Dial, Document, Hangup, Pause, Refer, Reject, SipAddress
from stasis_refer.runtime import front_desk
from stasis_refer.runtime.book import CallRecord
from stasis_refer.runtime.capacity import Bounds, Capacity
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.front_desk import FrontDesk
from stasis_refer.runtime.quotas import Quotas
from stasis_refer.runtime.switchboard import Switchboard
from tests.runtime.parties import Capture, Line, Telephony
from tests.runtime.quota_store import Store

RULES = (parse_rule("sip:*@example.com"),)
SUPPORT = Application("support", "twiml", Callback("http://127.0.0.1/voice"), targets=RULES)
ALICE = CallInfo("", "1.1", "alice@a", "PJSIP/alice-1", "alice", "Alice", dialed="support")
AGENT = Callee(SipAddress("sip:agent@example.com"))
SCREENED = replace(AGENT, screening=Callback("http://127.0.0.1/screen"))
WAITS: Document = (Pause(3600.0),)
NOW = 1_764_000_000.0  # seconds since 1970


class World:
    """A desk in front of a switchboard; documents are ``document``, or by their URL."""

    def __init__(
        self,
        document: Document = WAITS,
        capacity: Capacity | None = None,
        application: Application = SUPPORT,
        **screens: Document,
    ) -> None:
        self.document, self.screens = document, screens
        self.directory = Directory(Capture())
        self.done: list[tuple[str, Deed]] = []
        self.slow: asyncio.Event | None = None  # what a hang-up waits for
        clock = asyncio.get_running_loop().time
        self.quotas = Quotas(Store(), lambda: NOW)
        self.not_called: list[CalleeRefused] = []
        applications = {"support": application}
        self.desk = FrontDesk(
            self.directory,
            applications,
            clock,
            lambda: NOW,
            quotas=self.quotas,
            capacity=capacity,
            not_called=self.not_called.append,
        )
        self.board = Switchboard(
            applications=applications,
            telephony=Telephony(),
            directory=self.directory,
            perform=self.perform,
            tap=self.quotas.tap,
            clock=clock,
            wall=lambda: NOW,
            capacity=capacity,
            news=self.quotas.news,
        )
        self.desk.switchboard = self.board

    async def perform(self, call: Call, info: CallInfo, deed: Deed) -> Event | None:
        self.done.append((info.channel, deed))
        match deed:
            case AnswerOrder(ticket, verdict):
                self.desk.answer_order(ticket, verdict)
            case Fetch(callback=callback, number=number):
                name = callback.url.rpartition("/")[2]
                return DocumentFetched(self.screens.get(name, self.document), number)
            case CreateLeg(channel):
                created = LegCreated("leg@a")
                return created if channel == call.info.channel else OfLeg(channel, created)
            case HangUp() if self.slow is not None:
                await self.slow.wait()
            case _:
                pass
        return None

    async def call(self) -> str:
        """Let Alice call; the key of her call."""
        self.board.entered(ALICE, "support", up=True)
        await settle()
        (key,) = (
            each.key for each in self.desk.live() if each.caller == "alice" and not each.parent
        )
        return key

    def asked(self, kind: type[Deed]) -> list[str]:
        return [channel for channel, deed in self.done if isinstance(deed, kind)]


async def settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


# -- live calls ------------------------------------------------------------------


async def test_what_is_known_of_a_live_call() -> None:
    world = World()
    key = await world.call()
    record = CallRecord(
        key=key,
        parent="",
        application="support",
        dialect="twiml",
        direction=CallDirection.INBOUND,
        caller="alice",
        caller_name="Alice",
        dialed="support",
        status=CallStatus.IN_PROGRESS,
        started_at=NOW,
        answered_at=NOW,
    )
    assert world.desk.live() == (record,)
    assert world.desk.live_call(key) == record
    assert world.desk.live_call("nobody's") is None
    await world.board.stop()


async def test_a_leg_is_a_call_of_its_own_to_who_asks() -> None:
    world = World((Dial((AGENT,)),))
    key = await world.call()
    leg = world.desk.live_call(key_of(key, 1))
    assert leg is not None
    assert (leg.parent, leg.status, leg.dialed) == (key, CallStatus.INITIATED, "agent")
    assert {each.key for each in world.desk.live()} == {key, leg.key}
    await world.board.stop()


async def test_a_leg_that_was_lent_is_listed_once() -> None:
    world = World((Dial((SCREENED,)),), screen=WAITS)
    key = await world.call()
    world.directory.happened(f"{key}-leg-1", ChannelUp())
    await settle()
    assert sorted(each.key for each in world.desk.live()) == sorted({key, key_of(key, 1)})
    await world.board.stop()


@pytest.mark.parametrize("ends", [(Hangup(),), (Reject(486),)])
async def test_who_was_hung_up_is_live_no_more_whatever_is_left_to_be_done(ends: Document) -> None:
    world = World((Pause(0.01), *ends))
    key = await world.call()
    world.slow = asyncio.Event()
    async with asyncio.timeout(5):
        while not world.asked(HangUp):  # noqa: ASYNC110 - it is soon there
            await asyncio.sleep(0.01)
    assert world.directory.owner_of(key) is not None  # it still waits for the hang-up
    assert (world.desk.live(), world.desk.live_call(key)) == ((), None)
    world.slow.set()
    await settle()
    assert world.directory.owner_of(key) is None


# -- orders ----------------------------------------------------------------------


async def test_an_order_is_answered_by_the_call() -> None:
    world = World()
    key = await world.call()
    assert await world.desk.order(key, TagCall("vip")) == Taken()
    verdict = await world.desk.order(key, TransferCall(Refer("sip:bob@example.com")))
    assert verdict == Taken(f"{key}-1")
    again = await world.desk.order(key, RunDocument(WAITS))
    assert again == Refused(Refusal.TRANSFERRING)
    await world.board.stop()


async def test_a_call_that_never_was_takes_none() -> None:
    assert await World().desk.order("nobody's", EndCall()) == Refused(Refusal.NO_CALL)


async def test_a_call_that_is_over_takes_none() -> None:
    world = World()
    key = await world.call()
    first, second = await asyncio.gather(
        world.desk.order(key, EndCall()), world.desk.order(key, EndCall())
    )
    assert (first, second) == (Taken(), Refused(Refusal.NO_CALL))
    assert world.asked(HangUp) == ["1.1"]


@pytest.mark.parametrize(
    ("deaf", "over", "why"),
    [
        (True, True, Refusal.NO_CALL),
        (True, False, Refusal.AWAY),
        (False, False, Refusal.UNDECIDED),
        (False, True, Refusal.UNDECIDED),
    ],
)
async def test_a_call_that_says_nothing_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch, why: Refusal, *, deaf: bool, over: bool
) -> None:
    monkeypatch.setattr(front_desk, "PATIENCE", 0.01)
    world, line = World(), Line("slow", deaf=deaf)
    world.directory.add(line)
    asking = asyncio.create_task(world.desk.order("key of slow", EndCall()))
    await asyncio.sleep(0)
    line.over = over
    assert await asking == Refused(why)
    assert line.posted == []  # it never comes to it


async def test_what_a_call_has_taken_may_still_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_desk, "PATIENCE", 0.01)
    world = World((Dial((AGENT,)), Pause(3600.0)))
    key = await world.call()
    world.directory.happened(f"{key}-leg-1", ChannelUp())
    await settle()
    order = TransferCall(Refer("sip:bob@example.com"))
    assert await world.desk.order(key, order) == Refused(Refusal.UNDECIDED)
    with capture_logs() as logs:
        world.directory.happened(f"{key}-leg-1", Unbridged())
        world.directory.happened("1.1", Unbridged())
        await settle()
    assert world.asked(SendRefer) == ["1.1"]
    assert [each["verdict"] for each in logs] == ["Taken"]
    await world.board.stop()


async def test_a_party_parts_and_is_transferred_in_a_call_of_its_own() -> None:
    world = World((Dial((AGENT,)), Pause(3600.0)))
    key = await world.call()
    leg, channel = key_of(key, 1), f"{key}-leg-1"
    world.directory.happened(channel, ChannelUp())
    await settle()
    order = TransferCall(Refer("sip:bob@example.com"))
    asking = asyncio.create_task(world.desk.order(leg, order))
    await settle()
    assert channel in world.board.channels
    assert DropLeg(channel) not in [deed for _, deed in world.done]
    world.directory.happened(channel, Unbridged())
    await asyncio.wait_for(asking, 5.0)
    assert asking.result() == Taken(f"{leg}-1")
    parted = world.desk.live_call(leg)
    assert parted is not None
    assert parted.parent == key
    await world.board.stop()


async def test_a_leg_comes_back_from_its_document() -> None:
    world = World((Dial((SCREENED,)),), screen=())
    key = await world.call()
    channel = f"{key}-leg-1"
    world.directory.happened(channel, ChannelUp())
    await settle()
    live = world.directory.owner_of(key)
    assert live is world.directory.owner_of(key_of(key, 1))
    assert live is not None
    assert channel in live.call.channels
    assert len(world.directory.calls) == 1
    await world.board.stop()


async def test_a_leg_whose_caller_is_gone_is_hung_up_behind_its_document() -> None:
    world = World((Dial((SCREENED,)),), screen=WAITS)
    key = await world.call()
    world.directory.happened(f"{key}-leg-1", ChannelUp())
    await settle()
    assert await world.desk.order(key, EndCall()) == Taken()
    await settle()
    assert DropLeg(f"{key}-leg-1") in [deed for _, deed in world.done]
    await world.board.stop()


# -- quotas ------------------------------------------------------------------------

FIVE = replace(SUPPORT, quota=Quota(5, 60.0))


async def test_of_twenty_calls_that_transfer_at_once_as_many_do_as_the_quota_allows() -> None:
    world = World((Refer("sip:alice@example.com"),), application=FIVE)
    for number in range(20):
        caller = replace(ALICE, channel=f"1.{number}", call_id=f"{number}@a")
        world.board.entered(caller, "support", up=True)
    await settle()
    assert len(world.asked(SendRefer)) == 5
    await world.board.stop()


async def test_of_twenty_that_dial_at_once_as_many_do_as_the_quota_allows() -> None:
    world = World((Dial((AGENT,)),), application=FIVE)
    for number in range(20):
        caller = replace(ALICE, channel=f"1.{number}", call_id=f"{number}@a")
        world.board.entered(caller, "support", up=True)
    await settle()
    assert len(world.asked(CreateLeg)) == 5
    await world.board.stop()


async def test_of_twenty_that_are_asked_for_at_once_as_many_are_made() -> None:
    world = World(application=FIVE)
    made = await asyncio.gather(*(world.desk.originate("support", WANTED) for _ in range(20)))
    await settle()
    refused = [each for each in made if isinstance(each, Refused)]
    assert len(world.asked(CreateLeg)) == 5
    assert [each.why for each in refused] == [Refusal.TOO_MANY] * 15
    assert "5 transfers in 60 seconds, is used up" in refused[0].detail
    assert [(each.rule, each.reason) for each in world.not_called] == [("default", "quota")] * 15
    await world.board.stop()


# -- new calls -------------------------------------------------------------------

WANTED = Origination(AGENT, Callback("http://127.0.0.1/voice"), "4930", "Support")


async def test_a_call_is_made() -> None:
    world = World()
    made = await world.desk.originate("support", WANTED)
    await settle()
    assert isinstance(made, CallRecord)
    assert (made.direction, made.status) == (CallDirection.ORIGINATED, CallStatus.INITIATED)
    assert (made.caller, made.caller_name, made.dialed) == ("4930", "Support", "agent")
    assert world.desk.live_call(made.key) == made
    world.directory.happened(f"{made.key}-leg-0", ChannelUp())
    await settle()
    answered = world.desk.live_call(made.key)
    assert answered is not None
    assert answered.status is CallStatus.IN_PROGRESS
    await world.board.stop()


async def test_who_may_not_be_called_is_not() -> None:
    elsewhere = replace(WANTED, callee=Callee(SipAddress("sip:agent@example.org")))
    world = World()
    with capture_logs() as logs:
        verdict = await world.desk.originate("support", elsewhere)
    assert isinstance(verdict, Refused)
    assert verdict.why is Refusal.NOT_CALLABLE
    assert "if it may be called" in verdict.detail
    assert [(each.group, each.reason) for each in world.not_called] == [("", "policy")]
    assert [each["application"] for each in logs if each["reason"] == "policy"] == ["support"]


async def test_no_call_is_made_while_the_program_stops() -> None:
    world = World()
    await world.board.drain(0.0)
    assert await world.desk.originate("support", WANTED) == Refused(Refusal.DRAINING)


async def test_no_call_is_made_over_a_limit_and_one_is_behind_it() -> None:
    world = World(capacity=Capacity(Bounds(calls=1)))
    made = await world.desk.originate("support", WANTED)
    assert isinstance(made, CallRecord)
    refused = await world.desk.originate("support", WANTED)
    assert isinstance(refused, Refused)
    assert (refused.why, "[limits] max_calls" in refused.detail) == (Refusal.TOO_MANY, True)
    await settle()
    assert await world.desk.order(made.key, EndCall()) == Taken()
    world.directory.happened(f"{made.key}-leg-0", CallEnded())
    await settle()
    assert isinstance(await world.desk.originate("support", WANTED), CallRecord)
    await world.board.stop()


async def test_calls_are_not_made_too_often() -> None:
    world = World(capacity=Capacity(applications={"support": Bounds(calls_per_second=1)}))
    assert isinstance(await world.desk.originate("support", WANTED), CallRecord)
    refused = await world.desk.originate("support", WANTED)
    assert isinstance(refused, Refused)
    assert (refused.why, "calls_per_second" in refused.detail) == (Refusal.TOO_OFTEN, True)
    await world.board.stop()


async def test_no_transfer_is_ordered_over_a_limit_and_other_orders_are_taken() -> None:
    world = World(capacity=Capacity(Bounds(transfers=0)))
    key = await world.call()
    refused = await world.desk.order(key, TransferCall(Refer("sip:bob@example.com")))
    assert isinstance(refused, Refused)
    assert (refused.why, "max_transfers" in refused.detail) == (Refusal.TOO_MANY, True)
    assert await world.desk.order(key, TagCall("vip")) == Taken()
    await world.board.stop()
