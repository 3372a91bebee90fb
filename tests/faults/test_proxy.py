import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from faults.proxy import TcpProxy, UdpProxy, Way
from stasis_refer.lab.asterisk import free_udp_port

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def far_end() -> AsyncIterator[tuple[int, asyncio.Queue[Wire]]]:
    """Yield a port, and the far ends of connections to it."""
    accepted: asyncio.Queue[Wire] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.put_nowait((reader, writer))
        writers.append(writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], accepted
    finally:
        server.close()
        for each in writers:
            each.transport.abort()
            with suppress(OSError):
                await each.wait_closed()


async def opened(proxy: TcpProxy) -> Wire:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def comes(wire: Wire, size: int = 1, within: float = 0.2) -> bool:
    try:
        await asyncio.wait_for(wire[0].readexactly(size), within)
    except TimeoutError:
        return False
    return True


Strike = Callable[[TcpProxy], Awaitable[None]]


async def _swallow(proxy: TcpProxy) -> None:
    proxy.swallow(Way.BACK)


async def _stall(proxy: TcpProxy) -> None:
    proxy.stall(Way.BACK)


@pytest.mark.parametrize(("strike", "comes_later"), [(_swallow, False), (_stall, True)])
async def test_one_direction_fails(strike: Strike, *, comes_later: bool) -> None:
    async with far_end() as (port, accepted), TcpProxy(port) as proxy:
        near = await opened(proxy)
        _, far = await accepted.get()
        far.write(b"1")
        assert await comes(near)
        await strike(proxy)
        far.write(b"2")
        assert not await comes(near)
        proxy.flow()
        assert await comes(near) is comes_later
        again = await opened(proxy)  # a new connection is good
        _, far_again = await accepted.get()
        far_again.write(b"3")
        assert await comes(again)
        for _, writer in (near, again):
            writer.close()


async def test_what_is_stalled_is_not_read() -> None:
    async with far_end() as (port, accepted), TcpProxy(port) as proxy:
        near = await opened(proxy)
        _, far = await accepted.get()
        proxy.stall(Way.BACK)
        far.write(bytes(20_000_000))
        await asyncio.sleep(0.2)
        assert far.transport.get_write_buffer_size() > 5_000_000
        near[1].close()
        proxy.flow()


async def test_who_is_gone_refuses_until_it_is_back() -> None:
    async with far_end() as (port, accepted), TcpProxy(port) as proxy:
        near = await opened(proxy)
        await accepted.get()
        proxy.gone()
        with suppress(ConnectionResetError):
            await asyncio.wait_for(near[0].read(), 1)
        near[1].close()
        with pytest.raises(ConnectionRefusedError):
            await opened(proxy)
        await proxy.back()
        again = await opened(proxy)
        await accepted.get()
        again[1].close()


async def test_datagrams_are_passed_on_or_dropped() -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _: object) -> None:
            heard.put_nowait(data)

    loop, port = asyncio.get_running_loop(), free_udp_port()
    receiver, _ = await loop.create_datagram_endpoint(Receiver, ("127.0.0.1", port))
    async with UdpProxy(port) as proxy:
        address = ("127.0.0.1", proxy.port)
        sender, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=address
        )
        proxy.lets_through = False
        sender.sendto(b"1")
        await asyncio.sleep(0.1)
        proxy.lets_through = True
        sender.sendto(b"2")
        assert await asyncio.wait_for(heard.get(), 1) == b"2"
        sender.close()
    receiver.close()
