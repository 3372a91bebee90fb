import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
import pytest
from aiohttp import web
from aiohttp.web_protocol import _ErrInfo

from stasis_refer.adapters.http import ConnectionLimits, Connections, HttpServer
from stasis_refer.running import run_loop

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
QUICK = 0.15  # seconds, as a limit
LONG = 32_000_000  # bytes, more than sockets hold
PATIENCE = 5.0  # seconds no test waits for


async def _echo(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def _slow(_: web.Request) -> web.Response:
    await asyncio.sleep(3 * QUICK)
    return web.Response(text="late")


async def _long(_: web.Request) -> web.Response:
    return web.Response(body=bytes(LONG))


async def _no_recording(_: str) -> bytes | None:
    return None


class World:
    """A server with limits, whose clients are what ``site_of`` makes of their address."""

    def __init__(self, limits: ConnectionLimits, site_of: Callable[[str], str] = str) -> None:
        self.refused = 0
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = Connections(limits, site_of, self._refuse)
        self.server = HttpServer(
            "127.0.0.1",
            0,
            not_ready=list,
            metrics=lambda _: (b"", "text/plain"),
            media=lambda _: None,
            recording=_no_recording,
            routes=[
                web.post("/echo", _echo),
                web.get("/slow", _slow),
                web.get("/long", _long),
            ],
            connections=self.connections,
        )

    def _refuse(self) -> None:
        self.refused += 1

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self._writers.append(writer)
        return reader, writer

    async def hang_up(self) -> None:
        for each in self._writers:
            each.close()
            with contextlib.suppress(ConnectionError):
                await each.wait_closed()
        self._writers.clear()

    async def says(self, reader: asyncio.StreamReader) -> bytes:
        """Return what the server says until it closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await reader.read()

    async def come_to(self, count: int) -> None:
        """Wait until there are so many connections."""
        async with asyncio.timeout(PATIENCE):
            while self.connections.count != count:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    limits: ConnectionLimits, site_of: Callable[[str], str] = str
) -> AsyncIterator[World]:
    world = World(limits, site_of)
    await world.server.start()
    try:
        yield world
    finally:
        await world.hang_up()
        await world.server.stop()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.readuntil(b"}")


# -- how many --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (ConnectionLimits(in_all=2), b"HTTP/1.1 503 Service Unavailable\r\n"),
        (ConnectionLimits(of_one_address=2), b"HTTP/1.1 429 Too Many Requests\r\n"),
    ],
)
async def test_one_connection_too_many_is_told_so_and_the_others_go_on(
    limits: ConnectionLimits, status: bytes
) -> None:
    async with serving(limits) as world:
        others = [await world.connect() for _ in range(2)]
        for reader, writer in others:
            writer.write(GET)
            assert b'{"status": "ok"}' in await _answer(reader)
        reader, writer = await world.connect()
        told = await world.says(reader)
        assert told.startswith(status)
        assert b"\r\nRetry-After: 5\r\n" in told
        assert told.endswith(b'try again in 5 s.", "field": null}')
        assert (world.refused, world.connections.count) == (1, 2)
        for reader, writer in others:
            writer.write(GET)
            assert b'{"status": "ok"}' in await _answer(reader)
        await world.hang_up()
        await world.come_to(0)
        async with aiohttp.request("GET", f"http://127.0.0.1:{world.server.port}/healthz") as got:
            assert got.status == 200


async def test_who_has_asked_already_is_told_so_too() -> None:
    async with serving(ConnectionLimits(in_all=1)) as world:
        await world.connect()
        await world.come_to(1)
        for _ in range(10):
            # Its request has arrived before the server sees the connection.
            with socket.create_connection(("127.0.0.1", world.server.port)) as asking:
                asking.sendall(GET)
                asking.setblocking(False)  # noqa: FBT003 - the socket's own interface
                told = await read_to_the_end(asking)
            assert told.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")


async def read_to_the_end(asking: socket.socket) -> bytes:
    loop, told = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENCE):
        while part := await loop.sock_recv(asking, 1000):
            told += part
    return told


async def test_who_is_refused_and_stays_is_cut_off() -> None:
    async with serving(ConnectionLimits(in_all=1)) as world:
        await world.connect()
        await world.come_to(1)
        reader, writer = await world.connect()
        assert (await world.says(reader)).startswith(b"HTTP/1.1 503 ")
        with pytest.raises(ConnectionError):
            await go_on_asking(writer)


async def go_on_asking(writer: asyncio.StreamWriter) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            writer.write(GET)
            await writer.drain()
            await asyncio.sleep(0.05)


def test_many_who_are_refused_are_not_waited_for() -> None:
    async def refuse() -> list[int]:
        connections = Connections(ConnectionLimits(), str, lambda: None)
        transports = [Deaf() for _ in range(102)]
        for each in transports:
            connections.see_off(each)
        return [number for number, each in enumerate(transports) if each.closed]

    assert asyncio.run(refuse()) == [100, 101]


class Deaf(asyncio.Transport):
    """Takes in nothing but how it is ended."""

    closed = False

    def write(self, _: object) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def write_eof(self) -> None:
        pass

    def abort(self) -> None:
        pass


def test_some_are_kept_for_this_machine() -> None:
    refused: list[int] = []
    limits = ConnectionLimits(in_all=12, of_one_address=20, kept=10)
    connections = Connections(limits, str, lambda: refused.append(1))
    assert [connections.enter("192.0.2.1") for _ in range(3)] == [
        *("192.0.2.1", "192.0.2.1"),
        HTTPStatus.SERVICE_UNAVAILABLE,
    ]
    here = ["127.0.0.1", "::1", "::ffff:127.0.0.1"] * 3 + ["127.9.9.9"]
    assert [connections.enter(each) for each in here] == here
    assert connections.enter("127.0.0.1") is HTTPStatus.SERVICE_UNAVAILABLE
    assert len(refused) == 2


def test_one_address_leaves_room_for_others_but_a_proxy_speaks_for_many() -> None:
    limits = ConnectionLimits(of_one_address=1)
    connections = Connections(limits, str, lambda: None)
    assert connections.enter("192.0.2.1") == "192.0.2.1"
    assert connections.enter("192.0.2.1") is HTTPStatus.TOO_MANY_REQUESTS
    assert connections.enter("192.0.2.2") == "192.0.2.2"
    connections.leave("192.0.2.1")
    assert connections.enter("192.0.2.1") == "192.0.2.1"
    proxied = Connections(limits, lambda _: "", lambda: None)
    assert [proxied.enter("192.0.2.9") for _ in range(3)] == ["", "", ""]


def test_the_limits() -> None:
    limits = ConnectionLimits()
    assert (limits.in_all, limits.of_one_address, limits.kept) == (1000, 250, 10)
    assert (limits.header, limits.body) == (10.0, 30.0)


# -- how slow --------------------------------------------------------------------


@pytest.mark.parametrize("begins", [b"", b"GET /healthz HTTP/1.1\r\nHost:"])
async def test_who_sends_no_whole_header_is_cut_off(begins: bytes) -> None:
    async with serving(ConnectionLimits(header=QUICK)) as world:
        reader, writer = await world.connect()
        writer.write(begins)
        assert await world.says(reader) == b""
        await world.come_to(0)


async def test_a_header_that_drips_in_has_no_more_time_than_another() -> None:
    async with serving(ConnectionLimits(header=QUICK)) as world:
        _, writer = await world.connect()
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(100):
            writer.write(b"X-Slow: 1\r\n")
            await asyncio.sleep(0.01)
            if not world.connections.count:
                break
        assert world.connections.count == 0


async def test_the_time_for_a_header_begins_anew_with_each_request() -> None:
    async with serving(ConnectionLimits(header=QUICK, idle=PATIENCE)) as world:
        reader, writer = await world.connect()
        for _ in range(2):
            writer.write(GET)
            assert b'{"status": "ok"}' in await _answer(reader)
            await asyncio.sleep(2 * QUICK)  # nothing is begun: nothing is late
        writer.write(b"GET")
        assert await world.says(reader) == b""


async def test_a_connection_that_nobody_uses_is_closed() -> None:
    async with serving(ConnectionLimits(idle=QUICK)) as world:
        reader, writer = await world.connect()
        writer.write(GET)
        assert b'{"status": "ok"}' in await _answer(reader)
        assert await world.says(reader) == b""


async def test_a_client_that_takes_an_answer_slowly_gets_all_of_it() -> None:
    async with serving(ConnectionLimits(idle=3 * QUICK)) as world:
        reader, writer = await world.connect()
        writer.write(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
        taken, began = 0, time.monotonic()
        async with asyncio.timeout(2 * PATIENCE):
            while part := await reader.read(LONG // 100):
                taken += len(part)
                await asyncio.sleep(QUICK / 15)
        assert taken > LONG
        assert time.monotonic() - began > 3 * QUICK


async def test_a_client_that_takes_nothing_of_its_answer_is_cut_off() -> None:
    async with serving(ConnectionLimits(idle=QUICK)) as world:
        _, writer = await world.connect()
        writer.write(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
        await world.come_to(1)
        await world.come_to(0)


async def test_a_body_that_does_not_come_is_waited_for_for_a_while() -> None:
    async with serving(ConnectionLimits(body=QUICK)) as world:
        reader, writer = await world.connect()
        writer.write(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabc")
        told = await _answer(reader)
        assert told.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b'"type": "request_timeout"' in told
        assert b'"field": "body"' in told


async def test_an_answer_that_takes_long_is_no_slow_client() -> None:
    limits = ConnectionLimits(header=QUICK, body=QUICK, idle=QUICK)
    async with (
        serving(limits) as world,
        aiohttp.ClientSession(f"http://127.0.0.1:{world.server.port}") as client,
    ):
        async with client.get("/slow") as response:
            assert await response.text() == "late"
        async with client.post("/echo", data=b"abcd") as response:
            assert await response.text() == "4"


async def test_nothing_behind_what_is_no_http_is_taken_in_or_kept() -> None:
    inner = web.Server(_late)()
    connection = Connections(ConnectionLimits(), str, lambda: None).each(lambda: inner)()
    connection.connection_made(Deaf())
    connection.data_received(b"GET /healthz HTTP/1.1\r\n")
    for _ in range(3):
        connection.data_received(b"no header\r\n" * 1000)
    ((malformed, _),) = inner._messages  # noqa: SLF001 - what the server looks at, too
    connection.connection_lost(None)
    assert isinstance(malformed, _ErrInfo)
    assert malformed.exc.__traceback__ is None


async def _late(_: web.BaseRequest) -> web.Response:
    return web.Response()


async def test_many_that_only_connect_do_not_keep_others_out() -> None:
    limits = ConnectionLimits(in_all=30, header=1.0)
    async with serving(limits) as world:
        for _ in range(30):
            await world.connect()
        await world.come_to(30)
        await world.come_to(0)
        reader, writer = await world.connect()
        writer.write(GET)
        assert b'{"status": "ok"}' in await _answer(reader)


def test_connections_are_limited_on_every_loop_that_the_program_runs_on() -> None:
    async def at_most_one() -> None:
        async with serving(ConnectionLimits(in_all=1)) as world:
            reader, writer = await world.connect()
            writer.write(GET)
            assert b'{"status": "ok"}' in await _answer(reader)
            other, _ = await world.connect()
            assert (await world.says(other)).startswith(b"HTTP/1.1 503 ")

    run_loop(at_most_one())
