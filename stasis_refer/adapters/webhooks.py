"""Webhooks on their way out: one HTTP request, its tries and redirects, and one reply."""

import asyncio
import os
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, SocketFactoryType
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from stasis_refer.core.application import Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import WebhookLimits, WebhookRequest
from stasis_refer.runtime.ports import Reply, WebhookError

_CONNECTIONS = 1000
_CONNECTIONS_PER_HOST = 250  # a customer that never answers leaves the others theirs

# Seconds. Node and uvicorn close an idle connection after 5; a POST that crosses it is lost.
_IDLE = 4.0
_BUFFER = 64 * 1024  # bytes that are held before the sender has to wait
_BESIDES = 64 * 1024  # bytes of a reply besides its body, and an eighth of it: heads, chunk sizes

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OF_THE_BODY = frozenset({"content-type", "content-length", "content-encoding"})
_OF_THE_ORIGIN = frozenset({"authorization", "cookie"})
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # zlib.h, inflateInit2: either header is recognised
_INFLATED = frozenset({"gzip", "x-gzip", "deflate"})  # RFC 9110, 8.4.1; each alone


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request on the way from the first URL to the one that replies."""

    url: URL
    method: Method
    headers: Mapping[str, str]
    body: bytes


class _BrokenOffError(aiohttp.ClientError):
    """The connection broke before the reply's head had come."""


class _TooMuchError(aiohttp.ClientError):
    """A reply went on and on: interim ones, empty lines, extensions of chunks."""


class _Receiver(ResponseHandler):
    """Takes in no more bytes of one reply than it may have, whatever they are.

    That figure is ``read_bufsize``, the one that a request hands down to its connection.
    """

    _left = 0

    def set_response_params(self, *, read_bufsize: int = _BUFFER, **others: Any) -> None:  # noqa: ANN401 - as they are
        self._left = read_bufsize
        super().set_response_params(read_bufsize=_BUFFER, **others)

    def data_received(self, data: bytes) -> None:
        super().data_received(data[: self._left])
        self._left -= len(data)
        if self._left >= 0:
            return
        self._left, error = 0, _TooMuchError()
        self.set_exception(error)
        if self._payload is not None:
            self._payload.set_exception(error)
        if self.transport is not None:
            self.transport.abort()


class _Connector(aiohttp.TCPConnector):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as they are
        super().__init__(**options)
        receiver: type[ResponseHandler] = _Receiver
        self._factory = partial(receiver, loop=self._loop)


class Webhooks:
    """Requests webhooks over kept connections; to be built while the event loop runs.

    ``open_socket`` makes the socket for an address and raises PermissionError, with a text
    for users, where webhooks may not go. ``trust`` replaces the system's certificate store,
    ``resolver`` that of aiohttp. Proxies and ``.netrc`` of the environment are passed over.
    """

    def __init__(
        self,
        open_socket: SocketFactoryType,
        trust: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                limit=_CONNECTIONS,
                limit_per_host=_CONNECTIONS_PER_HOST,
                keepalive_timeout=_IDLE,
                socket_factory=open_socket,
                ssl=trust or True,
                resolver=resolver,
            ),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "stasis-refer"},
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
            auto_decompress=False,
            middlewares=(_send_once,),
        )

    async def close(self) -> None:
        """Close all connections, those of requests under way too."""
        await self._session.close()

    async def fetch(self, request: WebhookRequest) -> Reply:
        """Request a webhook within its limits; raises WebhookError and nothing else.

        ``limits.total`` bounds the whole, every try and redirect included; ``retries`` and
        ``redirects`` count over the whole too. A retry asks the URL again that failed.
        """
        limits = request.limits
        deadline = asyncio.get_running_loop().time() + limits.total
        retries, redirects = limits.retries, limits.redirects
        hop = _first_hop(request)
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    reply = await self._ask(hop, request)
            except TimeoutError as error:
                text = f"did not reply within {limits.total:g} s"
                raise _error(hop.url, FetchFailure.TIMEOUT, text) from error
            except WebhookError as error:
                if not retries or error.slug not in limits.retry_on:
                    raise
                retries -= 1
                continue
            if isinstance(reply, Reply):
                return reply
            if not redirects:
                followed = f"after the {limits.redirects} allowed"
                text = f"redirected, {followed if limits.redirects else 'which is not followed'}"
                raise _error(hop.url, FetchFailure.REDIRECTS, text)
            redirects -= 1
            hop = reply

    async def _ask(self, hop: _Hop, request: WebhookRequest) -> Reply | _Hop:
        """Try one hop once; returns where to go on when it redirects."""
        url, limits = str(hop.url), request.limits
        try:
            response = await self._session.request(
                hop.method.value,
                hop.url,
                headers={**hop.headers, **request.sign(url, hop.method, time.time())},
                data=hop.body or None,
                allow_redirects=False,
                timeout=_timeout(limits),
                read_bufsize=limits.largest + limits.largest // 8 + _BESIDES,
            )
            try:
                return await _answer(response, hop, limits)
            finally:
                response.release()  # closes the connection unless the body was read to its end
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise _failure(error, hop.url, limits) from error


async def _send_once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    # aiohttp sends a GET again when its connection breaks, with the old signature and
    # uncounted, but only after these two errors.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _BrokenOffError from error


@lru_cache(maxsize=64)
def _timeout(limits: WebhookLimits) -> aiohttp.ClientTimeout:
    # A read limit that the total one covers costs a timer for every request and no more.
    read = limits.read if limits.read < limits.total else None
    return aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_read=read)


def _first_hop(request: WebhookRequest) -> _Hop:
    try:
        url = _url(request.url)
    except ValueError as error:
        message = "the webhook's URL is no http or https URL that can be requested"
        raise WebhookError(FetchFailure.FORBIDDEN, message, request.url) from error
    return _Hop(url, request.method, request.headers, request.body)


def _next_hop(hop: _Hop, status: int, location: str) -> _Hop:
    """Follow RFC 9110, 15.4; 301 and 302 become GET, as they do in browsers."""
    try:
        url = _url(location, hop.url)
    except ValueError as error:
        text = f"redirected with {status} to nowhere that can be requested"
        raise _error(hop.url, FetchFailure.REDIRECTS, text) from error
    if (hop.url.scheme, url.scheme) == ("https", "http"):
        # Whoever sits on the line could write the reply, and with it who is called.
        text = "redirected from https to http, which is not followed: redirect to https"
        raise _error(hop.url, FetchFailure.REDIRECTS, text)
    dropped = frozenset() if url.origin() == hop.url.origin() else _OF_THE_ORIGIN
    if status in (307, 308):
        return _Hop(url, hop.method, _without(hop.headers, dropped), hop.body)
    return _Hop(url, Method.GET, _without(hop.headers, dropped | _OF_THE_BODY), b"")


def _without(headers: Mapping[str, str], names: frozenset[str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}


@lru_cache(maxsize=256)  # most requests go to the few URLs of the configuration
def _url(text: str, base: URL | None = None) -> URL:
    """Read an http or https URL, without userinfo and fragment; raises ValueError.

    What is fit for a request line stays as it is, byte for byte: signatures are made over
    it. Only other text (spaces, letters outside ASCII) is percent-encoded.
    """
    url = URL(text, encoded=text.isascii() and text.isprintable() and " " not in text)
    if base is not None and text:
        url = base.join(url)
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise ValueError(text)
    return url.with_user(None).with_fragment(None)


def _error(url: URL, failure: FetchFailure, text: str, status: int | None = None) -> WebhookError:
    return WebhookError(failure, f"{url.host_port_subcomponent} {text}", str(url), status)


def _too_large(url: URL, largest: int) -> WebhookError:
    return _error(url, FetchFailure.TOO_LARGE, f"replied with more than {largest} bytes")


async def _answer(response: ClientResponse, hop: _Hop, limits: WebhookLimits) -> Reply | _Hop:
    status, headers = response.status, response.headers
    if status in limits.accepted:
        body = await _read(response, hop.url, limits.largest)
        if encoding := ", ".join(headers.getall("Content-Encoding", ())):
            body = _decompressed(body, encoding, hop.url, limits.largest)
        return Reply(status, headers.get("Content-Type", ""), body, str(hop.url))
    if status in _REDIRECTS:
        return _next_hop(hop, status, headers.get("Location", ""))
    raise _error(hop.url, FetchFailure.STATUS, f"answered with status {status}", status)


async def _read(response: ClientResponse, url: URL, largest: int) -> bytes:
    body = bytearray()
    while chunk := await response.content.readany():
        body += chunk
        if len(body) > largest:
            raise _too_large(url, largest)
    return bytes(body)


def _decompressed(body: bytes, encoding: str, url: URL, largest: int) -> bytes:
    """Undo a compression that was not asked for, never beyond ``largest``."""
    if not body or encoding.lower() == "identity":
        return body
    inflater, plain = zlib.decompressobj(_GZIP_OR_ZLIB), b""
    with suppress(zlib.error):
        plain = inflater.decompress(body, largest + 1) if encoding.lower() in _INFLATED else b""
    if len(plain) > largest:
        raise _too_large(url, largest)
    if not inflater.eof:
        text = f"sent what cannot be decoded as {encoding[:40]!r}; send it plain or as gzip"
        raise _error(url, FetchFailure.CONTENT_TYPE, text)
    return plain


# The first row that fits the exception, or the one beneath it, decides.
_FAILURES: tuple[tuple[type[Exception], FetchFailure, str], ...] = (
    (_TooMuchError, FetchFailure.TOO_LARGE, "replied with more than a reply may have"),
    (PermissionError, FetchFailure.FORBIDDEN, "may not be reached: {why}"),
    (aiohttp.InvalidURL, FetchFailure.FORBIDDEN, "may not be reached: write its address in full"),
    (aiohttp.ConnectionTimeoutError, FetchFailure.CONNECTION, "gave no connection within {0:g} s"),
    (aiohttp.SocketTimeoutError, FetchFailure.TIMEOUT, "sent nothing for {1:g} s"),
    (ssl.SSLError, FetchFailure.TLS, "gave no TLS connection: {why}"),
    (aiohttp.ClientConnectorDNSError, FetchFailure.CONNECTION, "cannot be resolved: {why}"),
    (UnicodeError, FetchFailure.CONNECTION, "cannot be resolved: no host name"),
    (aiohttp.ClientConnectorError, FetchFailure.CONNECTION, "gave no connection: {why}"),
    (aiohttp.ClientResponseError, FetchFailure.CONNECTION, "did not answer in HTTP"),
    (Exception, FetchFailure.CONNECTION, "broke the connection off"),
)


def _failure(error: Exception, url: URL, limits: WebhookLimits) -> WebhookError:
    beneath = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    failure, text = next(
        row[1:] for row in _FAILURES if isinstance(error, row[0]) or isinstance(beneath, row[0])
    )
    return _error(url, failure, text.format(limits.connect, limits.read, why=_why(beneath)))


def _why(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return (error.reason or "handshake failed").replace("_", " ").lower()
        case PermissionError() | socket.gaierror():
            return error.strerror or ""
        case OSError(errno=int() as number):
            return os.strerror(number)  # aiohttp's own text names Python's functions
    return str(error)
