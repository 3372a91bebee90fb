"""A customer's voice application: a real web server on a free port of 127.0.0.1."""

import asyncio
import json
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import CIMultiDictProxy, MultiDict, MultiMapping

from tests.fakes.faults import (
    AT_THE_PORT,
    BEHAVIOURS,
    REPLIES,
    Fault,
    Reply,
    refusing_port,
    self_signed,
    unreachable_port,
)

__all__ = ["WAIT", "Customer", "Fault", "Received", "Reply"]

WAIT = "<Response><Pause length='60'/></Response>"
"""A document with which a call stays."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came; ``url`` is whole, ``at`` is of ``time.monotonic``."""

    method: str
    url: str
    path: str
    query: MultiMapping[str]
    form: MultiMapping[str]
    headers: CIMultiDictProxy[str]
    body: bytes
    peer: tuple[str, int]
    at: float

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The body, read as JSON."""
        return json.loads(self.body)


class Customer:
    """Plays what ``reply`` sets, 404 elsewhere, and records every request.

    Used as ``async with Customer() as customer``. Requests that are still unanswered at the
    end are dropped.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.certificate = ""  # PEM, of ``secure_url``
        self._replies: dict[str, list[Reply | Fault]] = {}
        self._arrivals: defaultdict[str, asyncio.Queue[Received]] = defaultdict(asyncio.Queue)
        self._sockets = ExitStack()
        self._secure_url = ""
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=10**7)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[-1][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        self._sockets.close()

    @property
    def connections(self) -> int:
        """How many connections the requests came over."""
        return len({request.peer for request in self.requests})

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def secure_url(self, path: str) -> str:
        """Return the https URL of a path; its certificate is self-signed."""
        if not self._secure_url:
            context, self.certificate = self_signed()
            await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
            self._secure_url = f"https://127.0.0.1:{self._runner.addresses[-1][1]}"
        return self._secure_url + path

    def reply(self, path: str, *replies: str | Reply | Fault) -> str:
        """Set what a path replies, one after the other, the last one for good; its URL.

        A text is a reply of 200 and text/xml. Faults of the port are had by ``fault`` only.
        """
        if any(isinstance(each, Fault) and each in AT_THE_PORT for each in replies):
            raise ValueError(f"{path} cannot fail at its port, use fault()")
        self._replies[path] = [_as_reply(each) for each in replies]
        return self.url(path)

    async def fault(self, fault: Fault) -> str:
        """Return a URL that always fails this way."""
        match fault:
            case Fault.BAD_TLS:
                return await self.secure_url(f"/{fault}")
            case Fault.REFUSED | Fault.UNREACHABLE:
                opened = refusing_port() if fault is Fault.REFUSED else unreachable_port()
                for each in opened:
                    self._sockets.enter_context(each)
                return f"http://127.0.0.1:{opened[0].getsockname()[1]}/{fault}"
            case _:
                return self.reply(f"/{fault}", fault)

    async def received(self, path: str, within: float = 5.0) -> Received:
        """Return the next request to a path, each once, waiting for it; seconds."""
        try:
            async with asyncio.timeout(within):
                return await self._arrivals[path].get()
        except TimeoutError:
            seen = ", ".join(f"{each.method} {each.path}" for each in self.requests) or "none"
            raise AssertionError(f"no request to {path} within {within} s; seen: {seen}") from None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        form = request.content_type == "application/x-www-form-urlencoded"
        received = Received(
            method=request.method,
            url=f"{request.scheme}://{request.host}{request.raw_path}",
            path=request.path,
            query=request.query,
            body=body,
            form=MultiDict(parse_qsl(body.decode(), keep_blank_values=True) if form else ()),
            headers=request.headers,
            peer=request.get_extra_info("peername")[:2],
            at=time.monotonic(),
        )
        self.requests.append(received)
        self._arrivals[received.path].put_nowait(received)
        replies = self._replies.get(request.path, [Fault.NOT_FOUND])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, Fault) and reply in BEHAVIOURS:
            return await BEHAVIOURS[reply](request)
        return await _respond(REPLIES[reply] if isinstance(reply, Fault) else reply)


def _as_reply(reply: str | Reply | Fault) -> Reply | Fault:
    return reply if isinstance(reply, Reply | Fault) else Reply(reply)


async def _respond(reply: Reply) -> web.Response:
    await asyncio.sleep(reply.delay)
    body = reply.body.encode() if isinstance(reply.body, str) else reply.body
    headers = {"Content-Type": reply.content_type, **reply.headers}
    return web.Response(status=reply.status, body=body, headers=headers)
