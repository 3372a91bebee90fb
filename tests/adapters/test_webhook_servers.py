"""Servers that mean harm: what they send is bounded in bytes and in time, and never believed."""

import asyncio
import gzip
import socket
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self, TypeAlias

import pytest

from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.names import Resolver
from stasis_refer.adapters.webhooks import Webhooks
from stasis_refer.core.application import Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import WebhookLimits, WebhookRequest
from stasis_refer.runtime.ports import WebhookError
from tests.fakes.authority import Authority
from tests.fakes.harbour import Harbour

LIMITS = WebhookLimits(connect=5, read=5, total=5, retries=0)

Send: TypeAlias = Callable[[bytes], Awaitable[None]]
Serve: TypeAlias = Callable[[Send], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Villain:
    """A server that sends raw bytes to whoever has sent it a request."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._act = serve
        self._tls = tls
        self.requests: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await self._act(send)
                if self._act not in KEPT:
                    break
        writer.close()


def once(data: bytes) -> Serve:
    async def act(send: Send) -> None:
        await send(data)

    return act


def flood(first: bytes, then: bytes) -> Serve:
    async def act(send: Send) -> None:
        await send(first)
        while True:
            await send(then)

    return act


def drip(first: bytes, then: bytes) -> Serve:
    async def act(send: Send) -> None:
        await send(first)
        while True:
            await send(then)
            await asyncio.sleep(0.05)

    return act


def compressed(data: bytes, encoding: bytes) -> Serve:
    head = b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(data))
    return once(OK + head + data)


TOO_LARGE = FetchFailure.TOO_LARGE
BROKEN = FetchFailure.CONNECTION

ACTS = {
    "a length over the cap": (
        once(OK + b"Content-Length: 999999999\r\n\r\n" + b"x" * 70_000),
        TOO_LARGE,
    ),
    "chunks without end": (flood(CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n"), TOO_LARGE),
    "chunks of one byte": (flood(CHUNKED, b"1\r\nx\r\n" * 1000), TOO_LARGE),
    "an extension of a chunk without end": (flood(CHUNKED + b"1;", b"x" * 4096), TOO_LARGE),
    "no length and no end": (flood(OK + b"\r\n", b"x" * 4096), TOO_LARGE),
    "interim replies without end": (flood(b"", b"HTTP/1.1 103 Early\r\n\r\n" * 500), TOO_LARGE),
    "empty lines without end": (flood(b"", b"\r\n" * 5000), TOO_LARGE),
    "a gzip bomb": (compressed(gzip.compress(bytes(10_000_000)), b"gzip"), TOO_LARGE),
    "a deflate bomb": (compressed(zlib.compress(bytes(10_000_000)), b"deflate"), TOO_LARGE),
    "a bomb in a bomb": (
        compressed(gzip.compress(gzip.compress(bytes(10_000_000))), b"gzip, gzip"),
        FetchFailure.CONTENT_TYPE,
    ),
    "brotli": (compressed(b"\x8b\x02\x80<a/>\x03", b"br"), FetchFailure.CONTENT_TYPE),
    "zstd": (compressed(b"\x28\xb5\x2f\xfd\x04\x00", b"zstd"), FetchFailure.CONTENT_TYPE),
    "a header without end": (flood(OK + b"X: ", b"x" * 4096), BROKEN),
    "headers without end": (flood(OK, b"a: b\r\n" * 1000), BROKEN),
    "trailers without end": (flood(CHUNKED + b"0\r\n", b"a: b\r\n" * 1000), BROKEN),
    "a status line without end": (flood(b"HTTP/1.1 200 ", b"x" * 4096), BROKEN),
    "a Location without end": (
        once(b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 100_000 + b"\r\n\r\n"),
        BROKEN,
    ),
    "HTTP/0.9": (once(b"<Response/>\r\n"), BROKEN),
    "HTTP/7.0": (once(b"HTTP/7.0 200 OK\r\nContent-Length: 0\r\n\r\n"), BROKEN),
    "two lengths": (once(OK + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\nabcdefg"), BROKEN),
    "a length below zero": (once(OK + b"Content-Length: -1\r\n\r\n"), BROKEN),
    "a chunk of no size": (once(CHUNKED + b"xyz\r\n"), BROKEN),
    "a chunk of a huge size": (once(CHUNKED + b"f" * 40 + b"\r\n"), BROKEN),
    "half a body": (once(OK + b"Content-Length: 20\r\n\r\n<Response>"), BROKEN),
    "half a head": (once(OK + b"Content-Le"), BROKEN),
    "nothing": (once(b""), BROKEN),
    "another protocol": (
        once(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
        FetchFailure.STATUS,
    ),
    "a head byte by byte": (drip(OK + b"X: ", b"x"), FetchFailure.TIMEOUT),
    "a body byte by byte": (drip(OK + b"\r\n", b"x"), FetchFailure.TIMEOUT),
    "an interim reply now and then": (
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        FetchFailure.TIMEOUT,
    ),
}  # fmt: skip

MODEST = once(OK + b"Set-Cookie: a=b; Path=/\r\nContent-Length: 4\r\n\r\n<a/>")
TWICE = once((OK + b"Content-Length: 4\r\n\r\n<a/>") + (OK + b"Content-Length: 4\r\n\r\nevil"))
KEPT = (MODEST, TWICE)
"""Those after which the connection stays."""


@pytest.fixture
async def webhooks() -> AsyncIterator[Webhooks]:
    webhooks = Webhooks(AllowedNetworks(["127.0.0.0/8"]).open_socket)
    yield webhooks
    await webhooks.close()


def get(url: str, limits: WebhookLimits = LIMITS) -> WebhookRequest:
    return WebhookRequest(Method.GET, url, {}, b"", lambda *_: {}, limits)


@pytest.mark.parametrize("what", ACTS)
async def test_what_a_server_sends_is_bounded(
    webhooks: Webhooks, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    act, failure = ACTS[what]
    # What is bounded in bytes is so long before this time is over.
    limits = replace(LIMITS, total=0.5 if failure is FetchFailure.TIMEOUT else 10)
    async with Villain(act) as villain:
        tracemalloc.start()
        try:
            with pytest.raises(WebhookError) as caught:
                await webhooks.fetch(get(f"http://127.0.0.1:{villain.port}/", limits))
            assert tracemalloc.get_traced_memory()[1] < 4_000_000
        finally:
            tracemalloc.stop()
        assert caught.value.failure is failure
    assert caplog.records == []


async def test_an_error_page_of_any_size_is_its_status(webhooks: Webhooks) -> None:
    act = flood(
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 9000
    )
    async with Villain(act) as villain:
        with pytest.raises(WebhookError) as caught:
            await webhooks.fetch(get(f"http://127.0.0.1:{villain.port}/"))
    assert caught.value.status == 404


async def test_no_cookie_comes_back(webhooks: Webhooks) -> None:
    async with Villain(MODEST) as villain:
        for _ in range(2):
            await webhooks.fetch(get(f"http://localhost:{villain.port}/"))
    assert len(villain.requests) == 2
    assert all(b"cookie" not in request.lower() for request in villain.requests)


async def test_a_reply_that_nobody_asked_for_answers_nothing(webhooks: Webhooks) -> None:
    async with Villain(TWICE) as villain:
        for _ in range(3):
            reply = await webhooks.fetch(get(f"http://127.0.0.1:{villain.port}/"))
            assert reply.body == b"<a/>"
            await asyncio.sleep(0.01)


async def test_a_large_body_may_come_in_small_chunks(webhooks: Webhooks) -> None:
    chunks = (b"400\r\n" + b"x" * 1024 + b"\r\n") * 10_240
    async with Villain(once(CHUNKED + chunks + b"0\r\n\r\n")) as villain:
        limits = replace(LIMITS, largest=10 * 1024 * 1024)
        reply = await webhooks.fetch(get(f"http://127.0.0.1:{villain.port}/", limits))
    assert len(reply.body) == limits.largest


@pytest.mark.parametrize("name", ["slow.example", "127.0.0.1"])
async def test_a_hung_resolver_or_handshake_holds_up_no_other(name: str) -> None:
    hung = threading.Event()

    def lookup(host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
        if host.startswith("slow"):
            hung.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    networks = AllowedNetworks(["127.0.0.0/8"])
    webhooks = Webhooks(networks.open_socket, resolver=Resolver(lookup))
    limits = replace(LIMITS, connect=0.5)
    async with Villain(MODEST) as good, Villain(flood(b"", b"")) as silent:
        url = f"https://{name}:{silent.port}/"
        slow = [asyncio.create_task(webhooks.fetch(get(url, limits))) for _ in range(20)]
        try:
            await asyncio.sleep(0)
            await webhooks.fetch(get(f"http://fast.example:{good.port}/"))
            assert not any(each.done() for each in slow)
            errors = await asyncio.gather(*slow, return_exceptions=True)
        finally:
            hung.set()
            await webhooks.close()
    assert {str(each) for each in errors} == {
        f"{name}:{silent.port} gave no connection within 0.5 s"
    }


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


async def fetch_safely(authority: Authority, context: ssl.SSLContext, name: str) -> bytes:
    async with (
        Villain(MODEST, context) as villain,
        Harbour({"shop.example": [["127.0.0.1"]], "evil.example": [["127.0.0.1"]]}) as harbour,
    ):
        webhooks = Webhooks(
            AllowedNetworks(["127.0.0.0/8"]).open_socket,
            authority.trust,
            Resolver(harbour.lookup),
        )
        try:
            return (await webhooks.fetch(get(f"https://{name}:{villain.port}/"))).body
        finally:
            await webhooks.close()


@pytest.mark.parametrize("name", ["shop.example", "shop.example.", "SHOP.example"])
async def test_a_certificate_for_the_name_is_taken(authority: Authority, name: str) -> None:
    assert await fetch_safely(authority, authority.server("shop.example"), name) == b"<a/>"


@pytest.mark.parametrize(
    ("host", "days", "name", "says"),
    [
        ("shop.example", (-1, 1), "evil.example", "Hostname mismatch"),
        ("*.example", (-1, 1), "127.0.0.1", "IP address mismatch"),
        ("shop.example", (-9, -1), "shop.example", "expired"),
        ("shop.example", (1, 9), "shop.example", "not yet valid"),
    ],
)
async def test_any_other_certificate_is_refused(
    authority: Authority, host: str, days: tuple[int, int], name: str, says: str
) -> None:
    with pytest.raises(WebhookError, match=says) as caught:
        await fetch_safely(authority, authority.server(host, days), name)
    assert caught.value.failure is FetchFailure.TLS


async def test_an_authority_that_nobody_knows_is_refused(authority: Authority) -> None:
    with pytest.raises(WebhookError) as caught:
        await fetch_safely(authority, Authority().server("shop.example"), "shop.example")
    assert caught.value.failure is FetchFailure.TLS
