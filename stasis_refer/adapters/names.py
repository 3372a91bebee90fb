"""Names of hosts resolved in threads of their own, so that a hung resolver holds up nothing else.

getaddrinfo(3) can take half a minute, and whoever runs the name server of a domain decides on it.
The threads of the event loop are few, and metrics and files are served by them too.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any, Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

AT_ONCE: Final = 64
"""Names that are resolved at once; more have to wait."""

PATIENCE: Final = 5.0
"""Seconds that a name waits until it can be resolved."""

MOST_ADDRESSES: Final = 8
"""Of one name; what is behind them is not tried."""

_Found: TypeAlias = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]


class Resolver(AbstractResolver):
    """Resolves names as ``lookup`` does, which takes and returns what getaddrinfo does.

    It is called in a daemon thread: one that hangs keeps the program neither from going on nor
    from ending.
    """

    def __init__(
        self, lookup: Callable[..., _Found] = socket.getaddrinfo, at_once: int = AT_ONCE
    ) -> None:
        self._lookup = lookup
        self._places = asyncio.Semaphore(at_once)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises OSError."""
        await self._place()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[_Found] = loop.create_future()

        def look_up() -> None:
            result: _Found | Exception
            try:
                result = self._lookup(
                    host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG
                )
            except Exception as error:  # noqa: BLE001 - told to who asked
                result = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._tell, found, result)

        try:
            Thread(target=look_up, daemon=True, name=f"resolve {host:.80}").start()
        except RuntimeError as error:  # the system has no more threads for us
            self._places.release()
            raise socket.gaierror(socket.EAI_AGAIN, str(error)) from error
        addresses = await found
        if not addresses:
            raise socket.gaierror(socket.EAI_NODATA, "it has no address")
        return [_result(host, *each) for each in addresses[:MOST_ADDRESSES]]

    async def _place(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._places.acquire()
        except TimeoutError:
            why = "too many names are being resolved"
            raise socket.gaierror(socket.EAI_AGAIN, why) from None

    async def close(self) -> None:
        """Do nothing: threads that hang end with the program."""

    def _tell(self, found: "asyncio.Future[_Found]", result: "_Found | Exception") -> None:
        self._places.release()  # by the thread's end, not by who asked, who may have left
        if found.done():
            return
        if isinstance(result, Exception):
            found.set_exception(result)
        else:
            found.set_result(result)


def _result(
    name: str, family: int, _kind: int, proto: int, _canonical: str, address: tuple[Any, ...]
) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    host, port = address[:2]
    return ResolveResult(
        hostname=name, host=host, port=port, family=family, proto=proto, flags=flags
    )
