"""The connections of the web server: how many there may be, and how slow."""

import asyncio
import ipaddress
import json
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

RETRY_AFTER: Final = 5  # seconds

_SEEN_OFF: Final = 100
"""Connections that were refused and may still take their answer; more are closed at once."""

_PARTING: Final = 1.0  # seconds that one of them has


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be; times are in seconds.

    ``kept`` of them are for this machine alone. ``header`` is how long a request's may take,
    ``body`` the same, and ``idle`` how long a connection may wait for its next request, or take
    nothing of its last answer.
    """

    in_all: int = 1000
    of_one_address: int = 250
    kept: int = 10
    header: float = 10.0
    body: float = 30.0
    idle: float = 60.0


class Connections:
    """Lets connections in, and ends those that are slow.

    ``site_of`` returns what stands for who connects from an address, '' for one that speaks for
    many. ``refused`` is called for each connection that is one too many.
    """

    def __init__(
        self,
        limits: ConnectionLimits,
        site_of: Callable[[str], str],
        refused: Callable[[], None],
    ) -> None:
        self.limits = limits
        self._site_of = site_of
        self._refused = refused
        self._count = 0
        self._of_site = Counter[str]()
        self._leaving = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count

    def each(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Return what makes the protocol of a new connection; ``make`` makes that of one let in."""
        return lambda: _Connection(self, make)

    def middleware(self) -> Middleware:
        """Return what tells a connection where its request stands."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            found = request.transport.get_protocol() if request.transport else None
            if not isinstance(found, _Connection):
                return await handler(request)  # it is gone already
            return await found.serve(request, handler)

        return middleware

    def enter(self, address: str) -> str | HTTPStatus:
        """Count a connection in; what stands for who connects, or why it may not."""
        most = self.limits.in_all - (0 if _is_here(address) else self.limits.kept)
        site = self._site_of(address)
        if self._count >= most:
            self._refused()
            return HTTPStatus.SERVICE_UNAVAILABLE
        if site and self._of_site[site] >= self.limits.of_one_address:
            self._refused()
            return HTTPStatus.TOO_MANY_REQUESTS
        self._count += 1
        self._of_site[site] += 1
        return site

    def leave(self, site: str) -> None:
        """Count a connection out."""
        self._count -= 1
        self._of_site[site] -= 1
        if not self._of_site[site]:
            del self._of_site[site]

    def see_off(self, transport: asyncio.Transport) -> None:
        """End a connection that was refused, when its client has closed it or a second is over.

        One that is closed with its request unread is reset: the client would see no answer.
        """
        if self._leaving >= _SEEN_OFF:
            transport.close()
            return
        self._leaving += 1
        transport.write_eof()
        asyncio.get_running_loop().call_later(_PARTING, self._end, transport)

    def _end(self, transport: asyncio.Transport) -> None:
        self._leaving -= 1
        transport.abort()


class _Connection(asyncio.Protocol):
    """Stands between a transport and aiohttp's protocol, with a time limit for what is awaited."""

    def __init__(self, all_of_them: Connections, make: Callable[[], asyncio.Protocol]) -> None:
        self._all = all_of_them
        self._limits = all_of_them.limits
        self._make = make
        self._inner: asyncio.Protocol | None = None
        self._site = ""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle = False
        self._malformed = False  # nothing behind what is no HTTP is taken in
        self._left = math.inf  # bytes of the last answer that its client had not taken

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, or tell it that there are too many."""
        # uvloop's is none by its class.
        transport = cast("asyncio.Transport", transport)
        address = (transport.get_extra_info("peername") or [""])[0]
        entered = self._all.enter(address)
        if isinstance(entered, HTTPStatus):
            transport.write(_refusal(entered))
            self._all.see_off(transport)
            return
        self._site, self._transport = entered, transport
        self._inner = self._make()
        self._wait(self._limits.header, self._end)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it out."""
        if self._inner is not None:
            self._wait(None, self._end)
            self._all.leave(self._site)
            self._inner.connection_lost(exc)
            self._inner = None

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request."""
        if self._inner is not None and not self._malformed:
            if self._idle:
                self._idle = False
                self._wait(self._limits.header, self._end)
            self._inner.data_received(data)
            self._malformed = _is_malformed(self._inner)

    def eof_received(self) -> bool | None:
        """Take in that no more requests come."""
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        """Take in that the client reads slowly."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Take in that it has caught up."""
        if self._inner is not None:
            self._inner.resume_writing()

    async def serve(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer a request whose header is there, and whose body has to come in time."""
        self._wait(self._limits.body, lambda: _give_body_up(request))
        try:
            return await handler(request)
        finally:
            self._idle, self._left = True, math.inf
            self._wait(self._limits.idle, self._end_unless_it_reads)

    def _wait(self, seconds: float | None, late: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None and self._inner is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, late)

    def _end_unless_it_reads(self) -> None:
        # The answer before may be long, and its client slow.
        left = self._transport.get_write_buffer_size() if self._transport is not None else 0
        if 0 < left < self._left:
            self._left = left
            self._wait(self._limits.idle, self._end_unless_it_reads)
        else:
            self._end()

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _give_body_up(request: web.Request) -> None:
    if not request.content.is_eof():
        late = web.HTTPRequestTimeout(text="The body did not come in time: send it at once.")
        request.content.set_exception(late)


def _is_malformed(inner: asyncio.Protocol) -> bool:
    """Tell whether what aiohttp's protocol took in last is no HTTP, and free what it was.

    Left alone, it takes in all that follows and finds it wrong again; and each error keeps the
    bytes it came of, in a cycle through its traceback, until the garbage collector finds them.
    """
    messages = getattr(inner, "_messages", None)
    error = getattr(messages[-1][0], "exc", None) if messages else None
    if not isinstance(error, Exception):
        return False
    error.__traceback__ = None
    return True


def _is_here(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _refusal(status: HTTPStatus) -> bytes:
    """Return a whole answer to a request that is not waited for."""
    message = f"There are too many connections: try again in {RETRY_AFTER} s."
    kind = status.name.lower()
    body = json.dumps({"type": kind, "message": message, "field": None}).encode()
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        f"Retry-After: {RETRY_AFTER}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + body
