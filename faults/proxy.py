"""What stands between the program and what it talks to, and can fail as a network does."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Final, Self

from stasis_refer.lab.asterisk import free_port, free_udp_port

_CHUNK: Final = 64 * 1024
_BUFFER: Final = 64 * 1024  # bytes that the kernel keeps of what is not read


class Way(Flag):
    """A direction, seen from who connects."""

    OUT = auto()
    BACK = auto()
    BOTH = OUT | BACK


@dataclass(slots=True, eq=False)
class _Pipe:
    """One connection through the proxy."""

    ours: asyncio.StreamWriter
    theirs: asyncio.StreamWriter
    swallowed: set[Way] = field(default_factory=set)
    flows: dict[Way, asyncio.Event] = field(
        default_factory=lambda: {way: asyncio.Event() for way in (Way.OUT, Way.BACK)}
    )

    def abort(self) -> None:
        for writer in (self.ours, self.theirs):
            writer.transport.abort()


class TcpProxy:
    """Passes TCP connections on to a port of 127.0.0.1: ``async with TcpProxy(port) as proxy``."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.port = free_port()
        self._server: asyncio.Server | None = None
        self._pipes: set[_Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.back()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Be gone."""
        self.gone()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End all connections by RST; new ones are had."""
        for pipe in self._pipes:
            pipe.abort()

    def gone(self) -> None:
        """End all connections, and refuse new ones."""
        if self._server is not None:
            self._server.close()
        self.cut()

    async def back(self) -> None:
        """Take connections, behind ``gone`` too."""
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, limit=_CHUNK, reuse_address=True
        )

    def swallow(self, ways: Way) -> None:
        """Let nothing come through any more on the connections that are open; new ones are good."""
        for pipe in self._pipes:
            pipe.swallowed.update(ways)

    def stall(self, ways: Way) -> None:
        """Read nothing any more from the connections that are open, until ``flow``."""
        for pipe in self._pipes:
            for way in ways:
                pipe.flows[way].clear()

    def flow(self) -> None:
        """Go on reading."""
        for pipe in self._pipes:
            for flows in pipe.flows.values():
                flows.set()

    async def _connected(self, reader: asyncio.StreamReader, ours: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        connected = False
        try:
            behind, theirs = await asyncio.open_connection(sock=await _connect(self._to))
            connected = True
        except OSError:
            return
        finally:
            if not connected:
                ours.transport.abort()
        pipe = _Pipe(ours, theirs)
        self._pipes.add(pipe)
        try:
            for flows in pipe.flows.values():
                flows.set()
            out = _pass(pipe, Way.OUT, reader, theirs)
            back = _pass(pipe, Way.BACK, behind, ours)
            # Python 3.11 complains of a handler that ends cancelled, as all do when we go.
            with suppress(asyncio.CancelledError):
                await asyncio.gather(out, back)
        finally:
            self._pipes.discard(pipe)
            pipe.abort()


async def _connect(port: int) -> socket.socket:
    connected = socket.socket()
    connected.setblocking(False)  # noqa: FBT003 - the socket's own interface
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    try:
        await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", port))
    except BaseException:
        connected.close()
        raise
    return connected


async def _pass(
    pipe: _Pipe, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with suppress(OSError):
        while True:
            await pipe.flows[way].wait()
            data = await reader.read(_CHUNK)
            await pipe.flows[way].wait()
            if way in pipe.swallowed:
                if not data:  # nor does anybody hear of the end
                    return
                continue
            if writer.is_closing():
                return
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


class UdpProxy(asyncio.DatagramProtocol):
    """Passes datagrams on to a port of 127.0.0.1: ``async with UdpProxy(port) as proxy``."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.port = free_udp_port()
        self.lets_through = True

    async def __aenter__(self) -> Self:
        """Listen."""
        loop = asyncio.get_running_loop()
        address = ("127.0.0.1", self.port)
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=address)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Be gone."""
        self._transport.close()

    def datagram_received(self, data: bytes, _: object) -> None:
        """Pass one on."""
        if self.lets_through:
            self._transport.sendto(data, ("127.0.0.1", self._to))
