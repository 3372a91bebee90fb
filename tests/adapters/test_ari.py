import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ari import Account, AriConnection, Listener
from stasis_refer.core.events import CallEnded, ChannelReturned, ChannelUp, TransferStatus
from stasis_refer.runtime.pulse import Pulse
from stasis_refer.wire import ari, commands
from tests.fakes.asterisk import Asterisk

GONE = ari.Response(0)


async def _nothing() -> None:
    pass


@dataclass
class Heard:
    """All that a connection told its listener."""

    occurrences: asyncio.Queue[ari.Occurrence] = field(default_factory=asyncio.Queue)
    states: list[bool] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    connected: Callable[[], Any] = _nothing
    occurred: Callable[[ari.Occurrence], None] | None = None

    def listener(self) -> Listener:
        return Listener(
            occurred=self.occurred or self.occurrences.put_nowait,
            connected=self.connected,
            connection_changed=self.states.append,
            counted=self.counted.append,
            timed=self.seconds.append,
        )

    async def next(self) -> ari.Occurrence:
        async with asyncio.timeout(5):
            return await self.occurrences.get()


@pytest.fixture
async def asterisk() -> AsyncIterator[Asterisk]:
    async with Asterisk() as asterisk:
        yield asterisk


@asynccontextmanager
async def connection(
    asterisk: Asterisk,
    heard: Heard | None = None,
    *,
    password: str = "",
    pulse: tuple[float, float] = (1.0, 3.0),
    request_limit: float = 10.0,
) -> AsyncIterator[AriConnection]:
    account = Account(
        asterisk.url, "stasis_refer", asterisk.username, password or asterisk.password
    )
    beat, patience = pulse
    make_pulse = partial(Pulse, beat=beat, patience=patience)
    listener = (heard or Heard()).listener()
    made = AriConnection(account, listener, make_pulse, request_limit)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(true: Callable[[], bool], within: float = 5.0) -> float:
    """Wait until something is so; the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, "it never came to be so"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


# -- events ----------------------------------------------------------------------


async def test_events_come_in_their_order(asterisk: Asterisk) -> None:
    heard = Heard()
    async with connection(asterisk, heard):
        await asterisk.connected()
        channel = asterisk.call("support", call_id="1-1@127.0.0.1")
        asterisk.channels[channel.id].state = "Up"
        asterisk.happen("ChannelStateChange", channel)
        asterisk.caller_hangs_up(channel)
        entered = await heard.next()
        assert isinstance(entered, ari.Entered)
        assert (entered.channel.call_id, entered.arguments) == ("1-1@127.0.0.1", ("support",))
        assert [await heard.next() for _ in range(2)] == [
            ari.Happened(channel.id, ChannelUp()),
            ari.Happened(channel.id, CallEnded()),
        ]
    assert heard.counted == [
        "StasisStart",
        "ChannelStateChange",
        "ChannelHangupRequest",
        "StasisEnd",
    ]


async def test_a_return_from_transfer_is_no_new_call(asterisk: Asterisk) -> None:
    heard = Heard()
    async with connection(asterisk, heard):
        await asterisk.connected()
        channel = asterisk.call("support", "returned", "FAILURE", "486")
        assert await heard.next() == ari.Happened(
            channel.id, ChannelReturned(TransferStatus.FAILURE, 486)
        )


@pytest.mark.parametrize(
    ("text", "log"),
    [
        ("", "message of Asterisk cannot be read"),
        ("{", "message of Asterisk cannot be read"),
        ("[1]", "message of Asterisk cannot be read"),
        ("null", "message of Asterisk cannot be read"),
        ("[" * 100_000, "message of Asterisk cannot be read"),
        ('{"type": "StasisStart"}', "event of Asterisk cannot be read"),
        ('{"type": "StasisStart", "channel": 7}', "event of Asterisk cannot be read"),
        ('{"type": "ChannelDestroyed", "channel": {}}', "event of Asterisk cannot be read"),
        ('{"type": "BridgeCreated"}', None),
        ('{"type": ["StasisStart"]}', None),
        ("{}", None),
        ('{"type": "RESTResponse"}', None),
        ('{"type": "RESTResponse", "request_id": {"no": ["text"]}}', None),
        ('{"type": "RESTResponse", "request_id": "999", "status_code": 200}', None),
        ('{"type": "RESTResponse", "request_id": "", "status_code": "many"}', None),
    ],
)
async def test_what_nobody_understands_is_passed_over(
    asterisk: Asterisk, text: str, log: str | None
) -> None:
    heard = Heard()
    with capture_logs() as logs:
        async with connection(asterisk, heard) as made:
            await asterisk.connected()
            asterisk.emit_text(text)
            channel = asterisk.call("support")
            entered = await heard.next()
            assert isinstance(entered, ari.Entered)
            assert entered.channel.id == channel.id
            assert (await made.request(commands.info())).ok
    assert [each["event"] for each in logs if each["log_level"] == "error"] == (
        [log] if log else []
    )
    assert asterisk.connections == 1


async def test_a_bug_over_one_event_does_not_end_the_connection(asterisk: Asterisk) -> None:
    seen: list[str] = []

    def occurred(occurrence: ari.Occurrence) -> None:
        assert isinstance(occurrence, ari.Entered)
        seen.append(occurrence.channel.id)
        raise ZeroDivisionError

    with capture_logs() as logs:
        async with connection(asterisk, Heard(occurred=occurred)):
            await asterisk.connected()
            calls = [asterisk.call("support").id, asterisk.call("support").id]
            await until(lambda: seen == calls)
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [
        "event of Asterisk cannot be handled"
    ] * 2


async def test_a_bug_that_ends_the_connection_is_told_and_another_one_is_made(
    asterisk: Asterisk,
) -> None:
    class Faulty(Heard):
        def listener(self) -> Listener:
            return replace(super().listener(), counted=self._count)

        def _count(self, kind: str) -> None:
            self.counted.append(kind)
            if len(self.counted) == 1:
                raise RuntimeError("a bug")

    heard = Faulty()
    with capture_logs() as logs:
        async with connection(asterisk, heard):
            await asterisk.connected()
            asterisk.call("support")
            await asterisk.connected(2)
            asterisk.call("support")
            assert isinstance(await heard.next(), ari.Entered)
    (told,) = (line for line in logs if "bug" in line["event"])
    assert str(told["exc_info"]) == "a bug"


async def test_a_bug_while_catching_up_does_not_end_the_connection(asterisk: Asterisk) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with capture_logs() as logs:
        async with connection(asterisk, Heard(connected=fail)) as made:
            await asterisk.connected()
            await until(lambda: bool([each for each in logs if each["log_level"] == "error"]))
            asterisk.drop()
            await asterisk.connected(2)
            await until(lambda: made.connected)
    assert "catching up with Asterisk failed" in [each["event"] for each in logs]


# -- requests --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "over"),
    [
        ("20.13.0", "http"),
        ("20.14.0", "websocket"),
        ("21.8.1", "http"),
        ("21.9.0", "websocket"),
        ("22.3.0", "http"),
        ("22.4.0", "websocket"),
        ("22.10.1+dfsg+~cs6.17.60671434-1", "websocket"),
        ("23.0.0", "websocket"),
        ("GIT-22-4f3c9e1", "http"),
    ],
)
async def test_the_road_of_a_request_is_the_best_the_version_has(version: str, over: str) -> None:
    heard = Heard()
    async with Asterisk(version) as asterisk, connection(asterisk, heard) as made:
        await asterisk.connected()
        await until(lambda: made.connected)
        channel = asterisk.call("support")
        text = "<sip:a%20b@c;x=1?X-A=1%2C2;3>, +49 & ü"
        answers = [
            await made.request(commands.answer(channel.id)),
            await made.request(commands.set_variable(channel.id, "STASIS_REFER_TO", text)),
            await made.request(commands.channels()),
            await made.request(commands.answer("gone")),
        ]
        assert [answer.status for answer in answers] == [204, 204, 200, 404]
        assert channel.variables == {"STASIS_REFER_TO": text}
        assert [each["id"] for each in answers[2].body] == [channel.id]
        assert answers[3].message == "Channel not found"
        assert {asked.over for asked in asterisk.asked[1:] if asked.path != "channels"} == {over}
        assert len(heard.seconds) == 4


@pytest.mark.parametrize(
    ("version", "refused", "statuses"),
    [
        ("22.3.0", "", [204, 204, 204]),
        ("22.10.1", "", [204, 204, 204]),
        ("22.3.0", "variable", [204, 409]),
        ("22.10.1", "variable", [204, 409, 204]),  # sent before the refusal was there
    ],
)
async def test_requests_in_turn(version: str, refused: str, statuses: list[int]) -> None:
    heard = Heard()
    async with Asterisk(version) as asterisk, connection(asterisk, heard) as made:
        await asterisk.connected()
        await until(lambda: made.connected)
        channel = asterisk.call("support").id
        if refused:
            asterisk.refuse(f"POST channels/{channel}/{refused}", 409)
        steps = [
            commands.answer(channel),
            commands.set_variable(channel, "STASIS_REFER_TO", "<sip:a@b>"),
            commands.transfer(channel),
        ]
        asked, timed = len(asterisk.asked), len(heard.seconds)
        answers = await made.in_turn(*steps)
        assert [answer.status for answer in answers] == statuses
        paths = [each.path for each in asterisk.asked[asked:]]
        assert paths == [step.path for step in steps[: len(statuses)]]
        assert len(heard.seconds) - timed == len(statuses)


async def test_a_file_comes_over_http_as_it_is(asterisk: Asterisk) -> None:
    heard = Heard()
    async with connection(asterisk, heard) as made:
        await until(lambda: made.connected)
        timed = len(heard.seconds)
        file = await made.download(commands.info())
        assert file is not None
        assert asterisk.version.encode() in file
        assert asterisk.asked[-1].over == "http"
        assert len(heard.seconds) == timed  # hours of speech are no measure of Asterisk's answers


@pytest.mark.parametrize("why", ["refused", "gone", "over"])
async def test_a_file_that_is_not_to_be_had_is_none(asterisk: Asterisk, why: str) -> None:
    async with connection(asterisk) as made:
        await until(lambda: made.connected)
        if why == "refused":
            asterisk.refuse("GET recordings/stored/r-1/file", 404)
        elif why == "gone":
            await asterisk.crash()
        if why != "over":
            assert await made.download(commands.stored_recording("r-1")) is None
    if why == "over":
        assert await made.download(commands.info()) is None


async def test_answers_that_come_out_of_order_find_their_requests(asterisk: Asterisk) -> None:
    channels = [f"c{number}" for number in range(50)]
    async with connection(asterisk) as made:
        await asterisk.connected()
        await until(lambda: made.connected)
        for number, channel in enumerate(channels):
            asterisk.refuse(f"POST channels/{channel}/answer", 400 + number)
        answers = await asyncio.gather(*(made.request(commands.answer(each)) for each in channels))
        assert [answer.status for answer in answers] == [400 + number for number in range(50)]


@pytest.mark.parametrize("version", ["22.3.0", "22.10.1"])
async def test_requests_under_way_fail_when_the_connection_goes(version: str) -> None:
    async with Asterisk(version) as asterisk, connection(asterisk) as made:
        await asterisk.connected()
        await until(lambda: made.connected)
        asterisk.stalled = True
        waiting = [asyncio.create_task(made.request(commands.answer(str(n)))) for n in range(3)]
        await asyncio.sleep(0.1)
        assert not any(each.done() for each in waiting)
        await asterisk.crash()
        async with asyncio.timeout(2):
            assert await asyncio.gather(*waiting) == [GONE] * 3
            steps = [commands.answer("a"), commands.answer("b")]
            assert await made.in_turn(*steps) == [GONE]
        await until(lambda: not made.connected)
        assert await made.request(commands.info()) == GONE


async def test_before_and_after_its_run_nothing_can_be_asked(asterisk: Asterisk) -> None:
    asterisk.version = "22.3.0"
    async with connection(asterisk) as made:
        assert await made.request(commands.info()) == GONE
        await until(lambda: made.connected)
        assert (await made.request(commands.info())).ok
    assert await made.request(commands.info()) == GONE
    assert not made.connected


async def test_an_answer_that_is_no_json_is_an_answer_without_a_body(asterisk: Asterisk) -> None:
    async with connection(asterisk) as made:
        await asterisk.connected()
        await until(lambda: made.connected)
        asterisk.stalled = True
        waiting = asyncio.create_task(made.request(commands.info()))
        await asyncio.sleep(0.05)
        asterisk.emit(
            {"type": "RESTResponse", "request_id": "1", "status_code": 200, "message_body": "{"}
        )
        answer = await waiting
        assert (answer.status, answer.body) == (200, None)


# -- the connection itself -------------------------------------------------------


async def test_a_dropped_connection_is_had_again_soon(asterisk: Asterisk) -> None:
    heard, caught_up = Heard(), asyncio.Event()

    async def connected() -> None:
        caught_up.set()

    heard.connected = connected
    async with connection(asterisk, heard) as made:
        for times in range(1, 4):
            await asterisk.connected(times, within=2.0)
            async with asyncio.timeout(2):
                await caught_up.wait()
            caught_up.clear()
            channel = asterisk.call("support")
            entered = await heard.next()
            assert isinstance(entered, ari.Entered)
            assert entered.channel.id == channel.id
            assert made.connected
            asterisk.drop()
        await until(lambda: len(heard.states) >= 6)
    assert heard.states[:6] == [True, False] * 3


async def test_an_asterisk_that_restarts_is_found_again(asterisk: Asterisk) -> None:
    async with connection(asterisk) as made:
        await asterisk.connected()
        await asterisk.crash()
        await until(lambda: not made.connected)
        await asyncio.sleep(0.3)
        asterisk.version = "22.3.0"
        await asterisk.start()
        await asterisk.connected(2, within=7.0)
        await until(lambda: made.connected)
        assert str(made.version) == "22.3"


async def test_one_that_drops_us_at_once_is_not_asked_without_rest(asterisk: Asterisk) -> None:
    heard = Heard()
    heard.connected = lambda: _drop(asterisk)
    async with connection(asterisk, heard):
        await asyncio.sleep(0.55)
    assert 2 <= asterisk.connections <= 6


async def _drop(asterisk: Asterisk) -> None:
    asterisk.drop()


async def test_a_half_open_connection_is_noticed(asterisk: Asterisk) -> None:
    heard = Heard()
    async with connection(asterisk, heard, pulse=(0.1, 0.2)) as made:
        await asterisk.connected()
        await asyncio.sleep(0.5)
        assert heard.states == [True]  # what is asked for comes, so it stays
        assert heard.counted == []
        asterisk.stalled = True
        assert await until(lambda: not made.connected, within=3.0) < 1.0
        asterisk.stalled = False
        await asterisk.connected(2)


async def test_a_connection_that_is_open_in_one_direction_only_is_noticed(
    asterisk: Asterisk,
) -> None:
    heard = Heard()
    async with connection(asterisk, heard, pulse=(0.1, 0.2)) as made:
        await until(lambda: made.connected)
        asterisk.stalled = True  # it reads no more, and sends on

        def is_noticed() -> bool:
            asterisk.call("support")
            return not made.connected

        assert await until(is_noticed, within=3.0) < 1.0
    assert len(heard.counted) > 5


@pytest.mark.parametrize("version", ["22.3.0", "22.10.1"])
async def test_an_asterisk_that_sends_no_events_any_more_is_noticed(version: str) -> None:
    async with Asterisk(version) as asterisk, connection(asterisk, pulse=(0.1, 3.6)) as made:
        await until(lambda: made.connected)
        await asyncio.sleep(0.5)
        assert asterisk.connections == 1
        asterisk.beats = False  # all else is answered
        await asterisk.connected(2, within=3.0)  # nor is it waited for what does not come
        asterisk.beats = True
        await until(lambda: made.connected)
        await asyncio.sleep(0.5)
        assert made.connected


async def test_a_ping_of_asterisk_is_answered(asterisk: Asterisk) -> None:
    async with connection(asterisk):
        await asterisk.connected()
        await asterisk.ping(b"are you there")
        await until(lambda: asterisk.pongs == [b"are you there"])


@pytest.mark.parametrize("version", ["22.3.0", "22.10.1"])
async def test_a_request_without_an_answer_ends_the_connection(version: str) -> None:
    heard, times = Heard(), list[float]()

    async def connected() -> None:
        times.append(time.monotonic())

    heard.connected = connected
    async with (
        Asterisk(version) as asterisk,
        connection(asterisk, heard, request_limit=0.2) as made,
    ):
        await asterisk.connected()
        await until(lambda: made.connected)
        channel = asterisk.call("support").id
        asterisk.silent.add(f"DELETE channels/{channel}")
        assert await made.request(commands.hang_up(channel, 16)) == GONE
        await asterisk.connected(2)
        await until(lambda: len(times) == 2)  # so that somebody finds out what became of it
        assert (await made.request(commands.answer(asterisk.call("support").id))).ok
    assert heard.states == [True, False, True, False]


async def test_a_list_may_take_longer_and_holds_nothing_up(asterisk: Asterisk) -> None:
    async with connection(asterisk, pulse=(0.05, 0.1), request_limit=0.2) as made:
        await until(lambda: made.connected)
        channel = asterisk.call("support").id
        asterisk.slow["GET channels"] = 0.6
        listing = asyncio.create_task(made.request(commands.channels()))
        await asterisk.received("GET channels")
        assert (await made.request(commands.answer(channel))).ok
        assert not listing.done()
        assert (await listing).ok
        assert asterisk.connections == 1


async def test_whoever_is_replaced_stands_down(asterisk: Asterisk) -> None:
    first, second = Heard(), Heard()
    async with connection(asterisk, first) as old:
        await asterisk.connected()
        await until(lambda: old.connected)
        async with connection(asterisk, second) as new:
            await asterisk.connected(2)
            assert await first.next() == ari.Replaced()
            await until(lambda: not old.connected)
            asterisk.call("support")
            assert isinstance(await second.next(), ari.Entered)
            await asyncio.sleep(0.5)
            assert (old.replaced, new.replaced) == (True, False)
            assert new.connected
            assert await old.request(commands.info()) == GONE
    assert asterisk.connections == 2
    assert first.states == [True, False]
    assert first.occurrences.empty()


async def test_a_wrong_password_is_told_in_the_log(asterisk: Asterisk) -> None:
    with capture_logs() as logs:
        async with connection(asterisk, password="wrong") as made:
            await until(lambda: bool([each for each in logs if each["log_level"] == "error"]))
            assert not made.connected
    told = next(each["event"] for each in logs if each["log_level"] == "error")
    assert "username and password" in told
    assert "ari.conf" in told
    assert "wrong" not in repr(logs)


async def test_asterisk_that_is_still_booting_is_asked_again(asterisk: Asterisk) -> None:
    asterisk.refuse("GET asterisk/info", 503, "Asterisk not booted")
    async with connection(asterisk) as made:
        await asterisk.received("GET asterisk/info")
        await asterisk.received("GET asterisk/info")
        assert not made.connected
        asterisk.refusals.clear()
        await asterisk.connected()


def test_the_password_is_kept_out_of_every_repr() -> None:
    assert "hunter2" not in repr(Account("http://127.0.0.1:8088", "a", "u", "hunter2"))
