"""The HTTP server: health, metrics, sounds, recordings, and routes given to it."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from stasis_refer.adapters.http.connections import ConnectionLimits, Connections

_MAX_BODY: Final = 64 * 1024  # bytes
_JSON: Final = "application/json"
_TOO_LARGE: Final = {
    "type": "too_large",
    "message": f"The body has more than {_MAX_BODY} bytes: make it smaller.",
    "field": "body",
}
_BREAKS_OFF: Final = "The body breaks off, or is not as its headers say."
_PACKED: Final = "Send the body as it is, neither packed nor encoded."
_WRONG: Final = {
    400: "body",
    408: "body",
    401: "Authorization",
    403: "Authorization",
    404: "path",
    405: "method",
    415: "Content-Encoding",
}
"""What in a request an error of a status is about."""

# The name of a sound says its content, so Asterisk (res_http_media_cache) never has to ask twice.
_MEDIA_HEADERS: Final = {"Content-Type": "audio/wav", "Cache-Control": "max-age=86400"}
# What was recorded stays as it is, and concerns nobody but who asked for it.
_RECORDING_HEADERS: Final = {"Content-Type": "audio/wav", "Cache-Control": "private"}
_RECORDING_PATH: Final = "/recordings/{name:[0-9a-f]{32}-[0-9]{1,9}}.wav"
_GOODBYE: Final = 1.0  # seconds that requests under way may take when the server stops

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def _error(status: int, message: str) -> web.Response:
    kind = HTTPStatus(status).name.lower()
    body = {"type": kind, "message": message, "field": _WRONG.get(status)}
    return web.json_response(body, status=status)


def _errors_as_json(too_large: Callable[[], None]) -> Middleware:
    """Return what writes errors as ``{"type", "message", "field"}``.

    A handler's own text is the message; ``field`` says what in the request is wrong, if it is.
    An error that is JSON already stays as it is.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _check_coding(request)
            return await handler(request)
        except web.HTTPException as refusal:
            if refusal.status < HTTPStatus.BAD_REQUEST or refusal.content_type == _JSON:
                raise
            if refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                too_large()
                return web.json_response(_TOO_LARGE, status=refusal.status)
            return _as_json(request, refusal)
        except web.RequestPayloadError:
            return _error(400, _BREAKS_OFF)
        except Exception as error:
            if isinstance(error, ConnectionError) and request.transport is None:
                return _error(400, _BREAKS_OFF)  # nobody reads it
            log.exception("an HTTP request failed", method=request.method, path=request.path)
            return _error(500, "The server could not answer; its log says why.")

    return middleware


def _check_coding(request: web.Request) -> None:
    """Refuse a packed body: a small one can take long to unpack, whoever sends it."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text=_PACKED)


def _as_json(request: web.Request, refusal: web.HTTPException) -> web.Response:
    message = refusal.text or ""
    if not message or message == f"{refusal.status}: {refusal.reason}":
        message = _explained(request, refusal)
    response = _error(refusal.status, message)
    for header in ("Allow", "WWW-Authenticate", "Retry-After"):
        if header in refusal.headers:
            response.headers[header] = refusal.headers[header]
    return response


def _explained(request: web.Request, refusal: web.HTTPException) -> str:
    match refusal:
        case web.HTTPNotFound():
            return f"There is nothing at {request.path:.200}: look for a mistake in the path."
        case web.HTTPMethodNotAllowed(method=method, allowed_methods=allowed):
            return f"{method} is not served here: use {' or '.join(sorted(allowed))}."
        case _:
            return f"{refusal.reason}: {request.method} {request.path:.200}"


class _Malformed(logging.Filter):
    """Keeps out of the log what a client sent in a message that is no HTTP: it may be secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Log that it came, without its text."""
        cause = record.exc_info[1] if record.exc_info else None
        if not isinstance(cause, HttpProcessingError):
            return True
        log.warning("a malformed HTTP request was refused", what=type(cause).__name__)
        return False


def _server_log() -> logging.Logger:
    """Return the logger of aiohttp's server, which writes tracebacks."""
    found = logging.getLogger(f"{__name__}.server")
    if not found.filters:
        found.addFilter(_Malformed())
    return found


class HttpServer:
    """Serves ``/healthz``, ``/readyz``, ``/metrics``, sounds, recordings and ``routes``.

    ``not_ready`` returns the reasons why no call should be sent here, none when ready.
    ``metrics`` returns the page for Prometheus and its content type, by the value of the header
    Accept; it runs in a thread, so that a scrape never holds up a call. ``media`` returns the WAV
    of a name, None when there is none, for ``/media/{name}``; ``recording`` does so for
    ``/recordings/{name}.wav``, its names being 32 hexadecimal digits, a hyphen and a number. Port
    0 takes a free one. A request body may have 64 KiB; ``too_large`` is called for one that has
    more.
    """

    def __init__(  # noqa: PLR0913 - an address and what is served there
        self,
        host: str,
        port: int,
        *,
        not_ready: Callable[[], Sequence[str]],
        metrics: Callable[[str], tuple[bytes, str]],
        media: Callable[[str], bytes | None],
        recording: Callable[[str], Awaitable[bytes | None]],
        routes: Iterable[web.AbstractRouteDef] = (),
        too_large: Callable[[], None] = lambda: None,
        connections: Connections | None = None,
    ) -> None:
        self._connections = connections or Connections(ConnectionLimits(), str, lambda: None)
        self._host = host
        self._port = port
        self._not_ready = not_ready
        self._metrics = metrics
        self._media = media
        self._recording = recording
        application = web.Application(
            middlewares=[self._connections.middleware(), _errors_as_json(too_large)],
            client_max_size=_MAX_BODY,
        )
        application.add_routes(
            [
                web.get("/healthz", self._get_health),
                web.get("/readyz", self._get_readiness),
                web.get("/metrics", self._get_metrics),
                web.get("/media/{name}", self._get_media),
                web.get(_RECORDING_PATH, self._get_recording),
                *routes,
            ]
        )
        self._listener: asyncio.Server | None = None
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=_server_log(),
            shutdown_timeout=_GOODBYE,
            auto_decompress=False,
        )

    @property
    def port(self) -> int:
        """The port that is listened on; known once started."""
        return self._port

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        listener = await self._listen()
        self._port = listener.getsockname()[1]
        await self._runner.setup()
        server = self._runner.server
        if server is None:
            raise RuntimeError("aiohttp has set up no server")
        make = self._connections.each(server)
        self._listener = await asyncio.get_running_loop().create_server(make, sock=listener)

    async def stop(self) -> None:
        """Stop listening; requests under way get a second to end."""
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()

    async def _listen(self) -> socket.socket:
        """Bind first: a name may mean several addresses, and port 0 must be one port."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=128)

    async def _get_health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _get_readiness(self, _: web.Request) -> web.Response:
        reasons = list(self._not_ready())
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=status)

    async def _get_metrics(self, request: web.Request) -> web.Response:
        accept = ",".join(request.headers.getall("Accept", ()))
        page, content_type = await asyncio.to_thread(self._metrics, accept)
        return web.Response(body=page, headers={"Content-Type": content_type, "Vary": "Accept"})

    async def _get_media(self, request: web.Request) -> web.Response:
        sound = self._media(request.match_info["name"])
        if sound is None:
            raise web.HTTPNotFound(text="There is no such sound; it may have been dropped.")
        return web.Response(body=sound, headers=_MEDIA_HEADERS)

    async def _get_recording(self, request: web.Request) -> web.Response:
        sound = await self._recording(request.match_info["name"])
        if sound is None:
            raise web.HTTPNotFound(text="There is no such recording; it may have been deleted.")
        return web.Response(body=sound, headers=_RECORDING_HEADERS)
