"""The outbox on a real ledger, to a real web server; only the time is made."""

import asyncio
import gc
import heapq
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Self

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.ledger.outbox import OutboxTable
from stasis_refer.adapters.webhooks import Webhooks
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.intents import TellKind
from stasis_refer.dialects.dialect import Letter
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.listing import Undelivered, read_outbox
from stasis_refer.runtime.courier import Courier, Failed
from stasis_refer.runtime.lines import PATIENCE
from stasis_refer.runtime.outbox import GIVEN_UP_AFTER, LOOK_EVERY, Deliver, Outbox
from stasis_refer.runtime.ports import Parcel, StoreError, UnwritableError
from stasis_refer.runtime.slots import PER_SERVER, PER_SILENT_SERVER
from tests.fakes.customer import Customer, Fault, Reply

NOW = 1_764_000_000.0  # seconds since 1970
DAY = 86400.0
SUPPORT = Application("support", "twiml", Callback("http://127.0.0.1/voice"))
BROKEN = Failed("it broke")

_names = (f"{number:032x}" for number in count(1))


@dataclass
class Alarm:
    callback: Callable[[], None]
    called_off: bool = False

    def cancel(self) -> None:
        self.called_off = True


class Time:
    """A clock that tests turn on."""

    def __init__(self) -> None:
        self.now = NOW
        self._order = count()
        self._alarms: list[tuple[float, int, Alarm]] = []

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float, callback: Callable[[], None]) -> Alarm:
        alarm = Alarm(callback)
        heapq.heappush(self._alarms, (self.now + seconds, next(self._order), alarm))
        return alarm

    async def passes(self, seconds: float) -> None:
        """Let time pass, and let happen at each moment what happens without I/O."""
        end = self.now + seconds
        await settle()
        while self._alarms and self._alarms[0][0] <= end:
            self.now, _, alarm = heapq.heappop(self._alarms)
            if not alarm.called_off:
                alarm.callback()
                await settle()
        self.now = end


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def until(true: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - a test may look often
            await asyncio.sleep(0.005)


class Script:
    """Delivers as it is told, without a network; notes what was tried, and when."""

    def __init__(self, time: Time) -> None:
        self.tried: list[tuple[str, float]] = []
        self.answer: Callable[[Parcel], Failed | None] = lambda _: None
        self._time = time

    async def deliver(self, parcel: Parcel) -> Failed | None:
        self.tried.append((parcel.id, self._time.now - NOW))
        return self.answer(parcel)

    @property
    def order(self) -> list[str]:
        return [name for name, _ in self.tried]


class World:
    """An outbox that can be stopped and started again on the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.time = Time()
        self.script = Script(self.time)
        self.pending: list[int] = []
        self.counted: list[tuple[str, str]] = []
        self.webhooks = Webhooks(AllowedNetworks(["127.0.0.0/8"]).open_socket)
        self.courier = Courier(
            self.webhooks, {"support": SUPPORT}, DIALECTS, self._count, lambda: 0.0
        )
        self.deliver: Deliver = self.courier.deliver
        self.open()

    def _count(self, application: Application, kind: str, result: str, seconds: float) -> None:
        del application, seconds
        self.counted.append((kind, result))

    def scripted(self, answer: Callable[[Parcel], Failed | None] = lambda _: None) -> Self:
        """Deliver without a network from now on."""
        self.script.answer = answer
        self.deliver = self.script.deliver
        self.outbox = self.outbox_on(self.ledger)
        return self

    def outbox_on(self, store: Ledger) -> Outbox:
        return Outbox(
            store=store.outbox,
            deliver=self._deliver,
            clock=self.time,
            wall=self.time,
            later=self.time.later,
            on_change=self.pending.append,
        )

    async def _deliver(self, parcel: Parcel) -> Failed | None:
        return await self.deliver(parcel)

    def open(self) -> None:
        self.ledger = Ledger(self.path)
        self.ledger.open()
        self.outbox = self.outbox_on(self.ledger)
        self.outbox.start()

    async def close(self) -> None:
        await self.outbox.stop()
        self.ledger.close()

    async def restart(self) -> None:
        await self.close()
        self.pending.clear()
        self.open()

    def tell(self, url: str = "http://127.0.0.1/", call: str = "c1", name: str = "") -> str:
        """Put a parcel; its id."""
        letter = Letter(Callback(url), name or next(_names), {"Call": call})
        parcel = Parcel(call, "support", "twiml", TellKind.EVENT, letter, self.time.now)
        try:
            number = self.outbox.keep(parcel)
        except StoreError:
            number = None
        self.outbox.send(number, parcel)
        return parcel.id

    def listed(self) -> list[Undelivered]:
        return read_outbox(self.path)

    def tried(self, *tries: int) -> bool:
        return [each.tries for each in self.listed()] == list(tries)

    @property
    def kept(self) -> list[str]:
        return [each.id for each in self.listed() if each.given_up is None]

    @property
    def given_up(self) -> list[tuple[str, str]]:
        return [(each.id, each.why) for each in self.listed() if each.given_up is not None]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path / "stasis_refer.db")
    yield world
    await world.close()
    await world.webhooks.close()


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with Customer() as customer:
        yield customer


def ids(customer: Customer, path: str | None = None) -> list[str]:
    """Return what the customer was told, in order, by id."""
    return [
        each.headers["I-Twilio-Idempotency-Token"]
        for each in customer.requests
        if path in (None, each.path)
    ]


# -- delivered -------------------------------------------------------------------


async def test_what_is_put_is_on_disk_at_once_and_gone_once_it_is_delivered(
    world: World, customer: Customer
) -> None:
    told = world.tell(customer.reply("/event", Reply(status=204)))
    assert world.kept == [told]
    await customer.received("/event")
    await until(lambda: world.kept == [])
    assert ids(customer) == [told]
    assert world.pending == [1, 0]
    assert world.counted == [("event", "ok")]


async def test_what_is_told_of_a_call_arrives_in_order(world: World, customer: Customer) -> None:
    slow, quick = customer.reply("/slow", Reply(delay=0.05)), customer.reply("/quick", Reply())
    told = [world.tell(url) for url in (slow, quick, slow, quick, quick)]
    await until(lambda: world.kept == [])
    assert ids(customer) == told


async def test_one_that_fails_is_sent_again_before_those_behind_it(
    world: World, customer: Customer
) -> None:
    url = customer.reply("/event", Fault.SERVER_ERROR, Fault.RESET, Reply())
    first, second = world.tell(url + "#rc=0"), world.tell(url)
    for tries in (1, 2):
        await until(partial(world.tried, tries, 0))
        await world.time.passes(tries)
    await until(lambda: world.kept == [])
    assert ids(customer) == [first, first, first, second]
    assert world.counted == [
        ("event", "status"),
        ("event", "connection"),
        ("event", "ok"),
        ("event", "ok"),
    ]


async def test_one_that_its_server_refuses_again_and_again_holds_up_no_other(
    world: World, customer: Customer
) -> None:
    wrong, right = customer.url("/wrong"), customer.reply("/right", Reply())
    first, second = world.tell(wrong), world.tell(right)
    for tries in (1, 2):
        await until(partial(world.tried, tries, 0))
        assert ids(customer, "/right") == []
        await world.time.passes(tries)
    await customer.received("/right")
    await until(lambda: world.kept == [first])
    third = world.tell(right)
    await until(lambda: ids(customer, "/right") == [second, third])
    assert world.pending[-1] == 1
    customer.reply("/wrong", Reply())
    await world.time.passes(4)
    await until(lambda: world.kept == [])
    assert ids(customer, "/wrong") == [first] * 4
    assert world.pending[-1] == 0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_who_asks_to_come_later_is_told_in_order(
    world: World, customer: Customer, status: int
) -> None:
    url = customer.reply("/event", *[Reply(status=status)] * 4, Reply())
    told = [world.tell(url), world.tell(url)]
    for tries in (1, 2, 3, 4):
        await until(partial(world.tried, tries, 0))
        await world.time.passes(2 ** (tries - 1))
    await until(lambda: world.kept == [])
    assert ids(customer) == [told[0]] * 5 + [told[1]]


async def test_a_dead_server_holds_up_no_other_call(world: World, customer: Customer) -> None:
    dead, live = await customer.fault(Fault.BLACK_HOLE), customer.reply("/live", Reply())
    other = live.replace("127.0.0.1", "localhost")
    for number in range(PER_SERVER + 10):
        world.tell(dead, f"dead {number}")
    told = [world.tell(other, f"live {number}") for number in range(10)]
    await until(lambda: len(ids(customer, "/live")) == 10, within=2.0)
    assert sorted(ids(customer, "/live")) == sorted(told)
    assert len(ids(customer, "/black_hole")) == PER_SERVER


# -- again and again -------------------------------------------------------------


async def test_the_pauses_double_up_to_five_minutes(world: World) -> None:
    world.scripted(lambda _: BROKEN).tell()
    await world.time.passes(1511 + 3 * 300)
    times = [at for _, at in world.script.tried]
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300, 300]


async def test_it_is_given_up_after_a_day_with_a_last_try_at_its_end(world: World) -> None:
    name = world.scripted(lambda _: BROKEN).tell()
    await world.time.passes(DAY - 1)
    assert world.kept == [name]
    with capture_logs() as logs:
        await world.time.passes(2)
    assert world.kept == []
    assert world.given_up == [(name, "it broke")]
    assert world.script.tried[-1] == (name, DAY)
    assert GIVEN_UP_AFTER == DAY
    (line,) = logs
    assert (line["log_level"], line["id"], line["tries"]) == (
        "error",
        name,
        len(world.script.tried),
    )
    await world.time.passes(DAY)
    assert world.script.tried[-1] == (name, DAY)
    assert world.pending[-1] == 0


async def test_whose_day_ends_while_it_waits_for_a_slot_is_given_up_without_a_try(
    world: World,
) -> None:
    free = asyncio.Event()

    async def deliver(parcel: Parcel) -> Failed | None:
        world.script.tried.append((parcel.id, 0.0))
        await free.wait()
        return BROKEN

    world.deliver = deliver
    told = [world.tell(call=f"c{number}") for number in range(PER_SERVER + 10)]
    await settle()
    world.time.now += DAY
    late = world.tell(call="late")
    free.set()
    await settle()
    assert world.script.order == [*told[:PER_SERVER], late]
    why = "its time was over before there was a slot"
    assert world.given_up[PER_SERVER:] == [(name, why) for name in told[PER_SERVER:]]
    assert world.kept == [late]


async def test_what_is_behind_one_that_was_given_up_comes_next(world: World) -> None:
    first = world.scripted(lambda _: BROKEN).tell()
    await world.time.passes(60)
    second = world.tell()
    world.script.answer = lambda parcel: BROKEN if parcel.id == first else None
    await world.time.passes(DAY)
    assert [name for name, _ in world.given_up] == [first]
    assert world.script.tried[-1] == (second, DAY)


async def test_each_parcel_has_pauses_of_its_own(world: World) -> None:
    first = world.scripted(lambda _: BROKEN).tell()
    second = world.tell()
    await world.time.passes(100)
    world.script.answer = lambda parcel: BROKEN if parcel.id == second else None
    await world.time.passes(27)
    assert world.script.tried[-2:] == [(first, 127.0), (second, 127.0)]
    await world.time.passes(3)
    assert world.script.tried[-2:] == [(second, 128.0), (second, 130.0)]
    assert world.tried(3)


async def test_who_sleeps_long_does_not_keep_others_asleep(world: World) -> None:
    world.scripted(lambda _: BROKEN).tell()
    await world.time.passes(130)
    later = world.tell(call="c2")
    await world.time.passes(3)
    assert world.script.tried[-3:] == [(later, 130.0), (later, 131.0), (later, 133.0)]


async def test_a_server_back_on_its_feet_is_told_within_a_pause(world: World) -> None:
    world.scripted(lambda _: BROKEN if world.time.now < NOW + 3600 else None)
    told = [world.tell(call=f"c{number}") for number in range(20)]
    await world.time.passes(3600)
    world.script.tried.clear()
    await world.time.passes(301)
    assert sorted(world.script.order) == sorted(told)
    assert world.kept == []


async def test_the_list_says_what_is_due_and_why(world: World) -> None:
    first, second = world.scripted(lambda _: BROKEN).tell(), world.tell()
    await world.time.passes(2)
    head, behind = world.listed()
    assert (head.id, head.tries, head.why) == (first, 2, "it broke")
    assert (head.made, head.next_try) == ("2025-11-24T16:00:00+00:00", "2025-11-24T16:00:03+00:00")
    assert (behind.id, behind.tries, behind.next_try, behind.why) == (second, 0, None, "")


async def test_only_the_first_failure_is_in_the_log(world: World) -> None:
    with capture_logs() as logs:
        world.scripted(lambda _: BROKEN).tell()
        await world.time.passes(3600)
    assert [(line["log_level"], line["why"]) for line in logs] == [("warning", "it broke")]


async def test_what_can_never_be_delivered_is_given_up_at_once(world: World) -> None:
    gone = Failed("the application is not configured any more", for_good=True)
    first, second = next(_names), next(_names)
    world.scripted(lambda parcel: gone if parcel.id == first else None)
    world.tell(name=first)
    world.tell(name=second)
    await settle()
    assert world.script.order == [first, second]
    assert world.given_up == [(first, gone.why)]
    assert world.listed()[0].tries == 0
    assert world.pending[-1] == 0


@pytest.mark.parametrize("calls", [PER_SERVER, 2 * PER_SERVER], ids=["again", "first"])
async def test_a_silent_server_has_few_tries_at_once(world: World, calls: int) -> None:
    never = asyncio.Event()

    async def deliver(parcel: Parcel) -> Failed | None:
        world.script.tried.append((parcel.id, 0.0))
        if len(world.script.tried) > PER_SERVER:
            await never.wait()
        return Failed("no answer", silent=True)

    world.deliver = deliver
    for number in range(calls):
        world.tell(call=f"c{number}")
    await settle()
    await world.time.passes(1)
    assert len(world.script.tried) == PER_SERVER + PER_SILENT_SERVER


# -- a restart -------------------------------------------------------------------


async def test_after_a_restart_what_was_not_delivered_goes_out_again_in_order(
    world: World, customer: Customer
) -> None:
    url = customer.reply("/event", Fault.BLACK_HOLE, Reply())
    told = [world.tell(url) for _ in range(3)]
    other = world.tell(customer.reply("/other", Reply()), "c2")
    await customer.received("/event")
    await until(lambda: world.kept == told)
    await world.restart()
    await until(lambda: world.kept == [])
    assert ids(customer, "/event") == [told[0], *told]
    assert ids(customer, "/other") == [other]
    assert world.pending == [3, 2, 1, 0]


async def test_a_restart_does_not_shorten_a_pause(world: World) -> None:
    name = world.scripted(lambda _: BROKEN).tell()
    await world.time.passes(100)
    assert [at for _, at in world.script.tried] == [0, 1, 3, 7, 15, 31, 63]
    await world.restart()
    await world.time.passes(26)
    assert len(world.script.tried) == 7
    await world.time.passes(2)
    assert world.script.tried[-1] == (name, 127.0)
    await world.time.passes(126)
    assert len(world.script.tried) == 8
    await world.time.passes(2)
    assert len(world.script.tried) == 9


async def test_a_clock_that_was_set_back_does_not_make_a_pause_endless(world: World) -> None:
    world.scripted(lambda _: BROKEN).tell()
    await settle()
    world.time.now -= 10 * DAY
    await world.restart()
    await world.time.passes(301)
    assert len(world.script.tried) > 1


async def test_what_waited_out_a_long_stop_has_a_last_try(world: World) -> None:
    name = world.scripted(lambda _: BROKEN).tell()
    await settle()
    await world.close()
    world.time.now += 3 * DAY
    world.open()
    await settle()
    assert world.script.tried == [(name, 0), (name, 3 * DAY)]
    assert world.given_up == [(name, "it broke")]


async def test_what_is_put_when_all_has_stopped_is_sent_after_the_restart(world: World) -> None:
    await world.scripted().outbox.stop()
    name = world.tell()
    await settle()
    assert world.script.tried == []
    await world.restart()
    await settle()
    assert world.script.order == [name]


async def test_a_second_program_sends_its_own_and_then_what_the_first_one_left(
    world: World,
) -> None:
    left = world.scripted(lambda _: BROKEN).tell()
    await settle()
    second = Ledger(world.path)
    second.open()
    first_outbox, world.outbox = world.outbox, world.outbox_on(second)
    world.outbox.start()
    own = world.tell(call="c2")
    await settle()
    assert world.script.order == [left, own]
    await first_outbox.stop()
    world.ledger.close()
    world.script.answer = lambda _: None
    await world.time.passes(LOOK_EVERY)
    assert world.script.order == [left, own, own, left]
    assert world.kept == []
    world.ledger = second


async def test_a_program_that_is_restarted_leaves_alone_what_another_one_sends(
    world: World,
) -> None:
    never, other = asyncio.Event(), Ledger(world.path)
    world.scripted(lambda _: BROKEN)
    left = world.tell()
    await settle()

    async def hang(parcel: Parcel) -> Failed | None:
        await never.wait()
        return await world.script.deliver(parcel)

    other.open()
    script, world.deliver = world.deliver, hang
    first, world.outbox = world.outbox, world.outbox_on(other)
    world.outbox.start()
    others = world.tell(call="c2")
    await settle()
    others_outbox, world.outbox, world.deliver = world.outbox, first, script
    await world.restart()
    await world.time.passes(2 * LOOK_EVERY)
    assert set(world.script.order) == {left}
    never.set()
    await settle()
    assert world.script.order.count(others) == 1
    await others_outbox.stop()
    other.close()


async def test_what_is_left_of_a_call_that_goes_on_is_sent_in_between(world: World) -> None:
    world.deliver, world.script.answer = world.script.deliver, lambda _: BROKEN
    other = Ledger(world.path)
    other.open()
    left = Parcel(
        "c1", "support", "twiml", TellKind.EVENT, Letter(Callback("http://x/"), "left", {}), NOW
    )
    other.outbox.add(left)
    own = [world.tell(), world.tell()]
    await settle()
    other.close()
    await world.time.passes(LOOK_EVERY)
    assert world.pending[-1] == 3
    world.script.answer = lambda _: None
    world.script.tried.clear()
    await world.time.passes(20)
    assert world.script.order == [own[0], "left", own[1]]
    assert world.kept == []


async def test_what_it_took_over_is_not_mixed_up_with_its_own(world: World) -> None:
    left = world.scripted(lambda _: BROKEN).tell()
    await settle()
    second = Ledger(world.path)
    second.open()
    first_outbox, world.outbox = world.outbox, world.outbox_on(second)
    world.outbox.start()
    own = world.tell(call="c2")
    await settle()
    await first_outbox.stop()
    world.ledger.close()
    await world.time.passes(20)
    assert [at for name, at in world.script.tried if name == own] == [0, 1, 3, 7, 15]
    assert world.pending[-1] == 2
    assert world.kept == [left, own]
    world.ledger = second


async def test_thousands_that_are_left_are_neither_tasks_nor_in_memory(world: World) -> None:
    await world.outbox.stop()
    for number in range(2000):
        world.tell(call=f"c{number}")
        world.tell(call=f"c{number}")
    never = asyncio.Event()

    async def deliver(parcel: Parcel) -> Failed | None:
        world.script.tried.append((parcel.id, 0.0))
        await never.wait()
        return None

    world.deliver = deliver
    before = len(asyncio.all_tasks())
    await world.restart()
    await settle()
    assert len(asyncio.all_tasks()) - before <= PER_SERVER
    assert len(world.script.tried) == PER_SERVER
    assert world.pending[-1] == 4000
    await world.outbox.stop()
    world.scripted()
    await world.restart()
    await until(lambda: world.pending[-1] == 0)
    assert world.kept == []
    done = world.script.order[PER_SERVER:]
    assert len(done) == 4000


async def test_what_waits_for_a_slot_is_not_in_memory(world: World) -> None:
    never = asyncio.Event()

    async def deliver(_: Parcel) -> Failed | None:
        await never.wait()
        return None

    world.deliver = deliver
    gc.collect()
    before = sum(isinstance(each, Parcel) for each in gc.get_objects())
    for number in range(3 * PER_SERVER):
        world.tell(call=f"c{number}")
    await settle()
    gc.collect()
    after = sum(isinstance(each, Parcel) for each in gc.get_objects())
    assert after - before <= PER_SERVER


# -- a ledger that fails ---------------------------------------------------------


class FailingTable(OutboxTable):
    """What a full disk lets nobody write as long as ``full`` is set, and none ever could."""

    full = False
    unwritable = False

    def _check(self) -> None:
        if self.unwritable:
            raise UnwritableError("it is no text")
        if self.full:
            raise StoreError("the disk is full")

    def add(self, parcel: Parcel) -> int:
        self._check()
        return super().add(parcel)

    def delivered(self, number: int) -> None:
        self._check()
        super().delivered(number)

    def tried(self, number: int, tries: int, next_at: float, why: str) -> None:
        self._check()
        super().tried(number, tries, next_at, why)


class FailingLedger(Ledger):
    """A ledger on a disk that may be full."""

    outbox: FailingTable

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.outbox = FailingTable(self._file)


class BrokenWorld(World):
    ledger: FailingLedger

    def open(self) -> None:
        self.ledger = FailingLedger(self.path)
        self.ledger.open()
        self.outbox = self.outbox_on(self.ledger)
        self.outbox.start()


@pytest.fixture
async def broken(tmp_path: Path) -> AsyncIterator[BrokenWorld]:
    world = BrokenWorld(tmp_path / "stasis_refer.db")
    world.scripted()
    yield world
    await world.close()
    await world.webhooks.close()


async def test_what_cannot_be_kept_is_tried_once(broken: BrokenWorld) -> None:
    broken.ledger.outbox.full = True
    with capture_logs() as logs:
        first = broken.tell()
        await settle()
        broken.script.answer = lambda _: BROKEN
        second = broken.tell()
        await broken.time.passes(10)
    assert broken.script.order == [first, second]
    assert [(line["event"], line["id"]) for line in logs] == [
        ("parcel cannot be kept: it is tried once", first),
        ("parcel cannot be kept: it is tried once", second),
        ("parcel lost", second),
    ]
    assert broken.listed() == []
    assert broken.pending == []


async def test_what_can_never_be_written_holds_up_nothing_behind_it(broken: BrokenWorld) -> None:
    broken.script.answer = lambda parcel: BROKEN if parcel.call == "c1" else None
    with capture_logs() as logs:
        broken.tell()
        broken.ledger.outbox.unwritable = True
        await settle()
        broken.ledger.outbox.unwritable = False
        broken.tell(call="c2")
        await settle()
    assert [line["why"] for line in logs if line["log_level"] == "error"] == ["it is no text"]
    assert broken.tried(0)  # that of the first one, which nobody writes down any more


async def test_a_parcel_that_can_never_be_kept_is_tried_once(broken: BrokenWorld) -> None:
    broken.ledger.outbox.unwritable = True
    with capture_logs() as logs, broken.ledger.step():
        told = broken.tell()
    await settle()
    assert broken.script.order == [told]
    assert [line["event"] for line in logs] == [
        "ledger cannot hold a parcel",
        "parcel cannot be kept: it is tried once",
    ]


async def test_what_cannot_be_kept_is_tried_in_order_and_waited_for(broken: BrokenWorld) -> None:
    seconds, done = iter((0.06, 0.04, 0.02, 0.0)), list[str]()

    async def deliver(parcel: Parcel) -> Failed | None:
        await asyncio.sleep(next(seconds))
        done.append(parcel.id)
        return None

    broken.deliver = deliver
    told = [broken.tell()]
    broken.ledger.outbox.full = True
    told += [broken.tell() for _ in range(3)]
    await broken.outbox.caught_up("c1")
    assert done == told
    assert broken.pending[-1] == 0


async def test_what_cannot_be_kept_is_not_waited_for_long(
    broken: BrokenWorld, customer: Customer
) -> None:
    broken.deliver = broken.courier.deliver
    broken.ledger.outbox.full = True
    broken.tell(await customer.fault(Fault.BLACK_HOLE))
    async with asyncio.timeout(PATIENCE + 1):
        await broken.outbox.caught_up("c1")


async def test_what_could_not_be_kept_leaves_nothing_behind(broken: BrokenWorld) -> None:
    broken.ledger.outbox.full = True
    told = [broken.tell()]
    await settle()
    broken.ledger.outbox.full = False
    told += [broken.tell(), broken.tell()]
    await settle()
    assert broken.script.order == told
    assert broken.pending == [1, 2, 1, 0]


async def test_what_cannot_be_deleted_is_not_sent_twice_and_is_deleted_later(
    broken: BrokenWorld,
) -> None:
    told = [broken.tell(), broken.tell()]
    broken.ledger.outbox.full = True
    await settle()
    assert broken.script.order == told
    assert broken.kept == told
    broken.ledger.outbox.full = False
    third = broken.tell()
    await settle()
    assert broken.script.order == [*told, third]
    assert broken.kept == []
    assert broken.pending[-1] == 0


async def test_what_could_not_be_written_down_is_when_the_program_stops(
    broken: BrokenWorld,
) -> None:
    broken.tell()
    broken.ledger.outbox.full = True
    await settle()
    broken.ledger.outbox.full = False
    await broken.outbox.stop()
    assert broken.kept == []


async def test_pauses_grow_also_when_they_cannot_be_written_down(broken: BrokenWorld) -> None:
    broken.script.answer = lambda _: BROKEN
    broken.tell()
    broken.ledger.outbox.full = True
    await broken.time.passes(10)
    assert [at for _, at in broken.script.tried] == [0, 1, 3, 7]
    broken.ledger.outbox.full = False
    await broken.time.passes(10)
    assert [each.tries for each in broken.listed()] == [5]


async def test_what_somebody_deleted_by_hand_is_not_waited_for(world: World) -> None:
    name = world.scripted(lambda _: BROKEN).tell()
    world.tell()
    await settle()
    world.ledger.outbox.delivered(1)
    world.ledger.outbox.delivered(2)
    await world.time.passes(10)
    assert world.script.order == [name]
    assert world.pending[-1] == 0
    world.tell()
    await settle()
    assert len(world.script.tried) == 2


async def test_what_is_no_parcel_any_more_is_given_up_and_holds_up_nothing(world: World) -> None:
    await world.scripted().outbox.stop()
    for number in range(PER_SERVER + 1):
        world.tell(call=f"c{number}")
    behind, url = world.tell(call="c0"), "http://[127.0.0.1/"
    with closing(sqlite3.connect(world.path, isolation_level=None)) as opened:
        opened.execute("UPDATE outbox SET fields = '{' WHERE id <> ?", (behind,))
        opened.execute("UPDATE outbox SET url = ? WHERE number = 1", (url,))
    with capture_logs() as logs:
        await world.restart()
        await settle()
    assert world.script.order == [behind]
    assert len(world.given_up) == PER_SERVER + 1
    assert {line["event"] for line in logs} == {"parcel given up"}
    assert world.kept == []
    assert world.pending[-1] == 0


async def test_a_try_that_dies_holds_up_no_other_call(world: World) -> None:
    async def deliver(parcel: Parcel) -> Failed | None:
        if parcel.call != "last":
            raise RuntimeError
        return await world.script.deliver(parcel)

    world.deliver = deliver
    for number in range(PER_SERVER):
        world.tell(call=f"c{number}")
    last = world.tell(call="last")
    await settle()
    assert world.script.order == [last]


async def test_a_ledger_that_cannot_be_read_at_the_start_is_read_later(world: World) -> None:
    await world.scripted().outbox.stop()
    name = world.tell()
    world.ledger.close()
    world.outbox = world.outbox_on(world.ledger)
    with capture_logs() as logs:
        world.outbox.start()
    assert [line["event"] for line in logs] == ["what is pending in the ledger cannot be read"]
    world.ledger.open()
    await world.time.passes(LOOK_EVERY)
    assert world.script.order == [name]


async def test_a_ledger_that_cannot_be_read_is_read_later(world: World) -> None:
    world.scripted(lambda _: BROKEN).tell()
    await settle()
    world.ledger.close()
    with capture_logs() as logs:
        await world.time.passes(2)
    assert {line["event"] for line in logs} == {"what is pending in the ledger cannot be read"}
    world.ledger.open()
    await world.time.passes(300)
    assert len(world.script.tried) >= 2


async def test_what_is_one_too_many_is_not_kept_but_tried_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.runtime.outbox.MOST_PENDING", 2)
    world.scripted(lambda _: BROKEN)
    kept = [world.tell(call=f"c{number}") for number in range(2)]
    with capture_logs() as logs:
        more = world.tell(call="c2")
        await settle()
    assert world.kept == kept
    assert [(line["event"], line["id"]) for line in logs if line["log_level"] == "error"] == [
        ("parcel cannot be kept: it is tried once", more),
        ("parcel lost", more),
    ]
    world.script.answer = lambda _: None
    await world.time.passes(1)
    world.script.answer = lambda _: BROKEN
    again = world.tell(call="c2")
    await world.time.passes(1)
    assert world.kept == [again]
    assert world.script.order.count(more) == 1


# -- what waits for it -----------------------------------------------------------


async def test_a_call_of_which_nothing_is_pending_has_caught_up(world: World) -> None:
    async with asyncio.timeout(0.1):
        await world.outbox.caught_up("c1")


async def test_a_call_has_caught_up_when_all_is_delivered(world: World, customer: Customer) -> None:
    url = customer.reply("/event", Reply(delay=0.05))
    for _ in range(3):
        world.tell(url)
    world.tell(await customer.fault(Fault.BLACK_HOLE), "another")
    await world.outbox.caught_up("c1")
    assert len(ids(customer, "/event")) == 3
    assert len(world.kept) == 1


async def test_a_call_has_caught_up_when_a_first_try_has_failed(
    world: World, customer: Customer
) -> None:
    url = await customer.fault(Fault.SERVER_ERROR)
    for _ in range(3):
        world.tell(url)
    async with asyncio.timeout(PATIENCE / 2):
        await world.outbox.caught_up("c1")
        await world.outbox.caught_up("c1")
    assert len(customer.requests) == 1


async def test_a_call_does_not_wait_long(world: World, customer: Customer) -> None:
    loop = asyncio.get_running_loop()
    world.tell(await customer.fault(Fault.BLACK_HOLE))
    began = loop.time()
    await asyncio.gather(*(world.outbox.caught_up("c1") for _ in range(3)))
    assert PATIENCE - 0.05 < loop.time() - began < PATIENCE + 0.5
    for _ in range(3):
        await world.outbox.caught_up("c1")
    assert loop.time() - began < PATIENCE + 0.5


async def test_a_call_that_waits_for_a_slot_does_not_wait_long(world: World) -> None:
    loop, never = asyncio.get_running_loop(), asyncio.Event()

    async def deliver(_: Parcel) -> Failed | None:
        await never.wait()
        return None

    world.deliver = deliver
    for number in range(PER_SERVER + 1):
        world.tell(call=f"c{number}")
    began = loop.time()
    for _ in range(3):
        await world.outbox.caught_up(f"c{PER_SERVER}")
    assert PATIENCE - 0.05 < loop.time() - began < PATIENCE + 0.5


async def test_a_call_waits_again_for_another_parcel(
    world: World, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.runtime.lines.PATIENCE", 0.2)
    url = customer.reply("/event", Reply(delay=0.3))
    world.tell(url)
    world.tell(url)
    await world.outbox.caught_up("c1")
    assert len(world.kept) == 2
    await until(lambda: len(world.kept) == 1)
    await asyncio.sleep(0.2)
    await world.outbox.caught_up("c1")
    assert world.kept == []


async def test_the_end_waits_for_first_tries(world: World, customer: Customer) -> None:
    slow = customer.reply("/slow", Reply(delay=0.1))
    broken = await customer.fault(Fault.SERVER_ERROR)
    for number in range(5):
        world.tell(slow, f"c{number}")
        world.tell(broken, f"d{number}")
    async with asyncio.timeout(5):
        await world.outbox.first_tries(60.0)
    assert len(ids(customer, "/slow")) == 5
    assert len(ids(customer, "/server_error")) == 5
    assert len(world.kept) == 5


@pytest.mark.parametrize("seconds", [0.0, -3.0])
async def test_the_end_does_not_wait_without_time(world: World, seconds: float) -> None:
    never = asyncio.Event()

    async def deliver(_: Parcel) -> Failed | None:
        await never.wait()
        return None

    world.deliver = deliver
    world.tell()
    async with asyncio.timeout(0.1):
        await world.outbox.first_tries(seconds)
