"""The HTTP server: health, metrics, sounds, recordings, and routes given to it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

_MAX_BODY: Final = 64 * 1024  # bytes
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# The name of a sound says its content, so Asterisk (res_http_media_cache) never has to ask twice.
_MEDIA_HEADERS: Final = {"Content-Type": "audio/wav", "Cache-Control": "max-age=86400"}
# What was recorded stays as it is, and concerns nobody but who asked for it.
_RECORDING_HEADERS: Final = {"Content-Type": "audio/wav", "Cache-Control": "private"}
_RECORDING_PATH: Final = "/recordings/{name:[0-9a-f]{32}-[0-9]{1,9}}.wav"
_GOODBYE: Final = 1.0  # seconds that requests under way may take when the server stops

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def _error(status: int, message: str) -> web.Response:
    body = {"type": HTTPStatus(status).name.lower(), "message": message}
    return web.json_response(body, status=status)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write every error as ``{"type", "message"}``; a handler's own text is the message."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < HTTPStatus.BAD_REQUEST:
            raise
        message = refusal.text or ""
        if not message or message == f"{refusal.status}: {refusal.reason}":
            message = f"{refusal.reason}: {request.method} {request.path}"
        response = _error(refusal.status, message)
        for header in ("Allow", "WWW-Authenticate", "Retry-After"):
            if header in refusal.headers:
                response.headers[header] = refusal.headers[header]
        return response
    except Exception:
        log.exception("an HTTP request failed", method=request.method, path=request.path)
        return _error(500, "The server could not answer; its log says why.")


class HttpServer:
    """Serves ``/healthz``, ``/readyz``, ``/metrics``, sounds, recordings and ``routes``.

    ``not_ready`` returns the reasons why no call should be sent here, none when ready.
    ``metrics`` returns the page in Prometheus' text format 0.0.4; it runs in a thread, so that
    a scrape never holds up a call. ``media`` returns the WAV of a name, None when there is none,
    for ``/media/{name}``; ``recording`` does so for ``/recordings/{name}.wav``, its names being
    32 hexadecimal digits, a hyphen and a number. Port 0 takes a free one. A request body may
    have 64 KiB.
    """

    def __init__(  # noqa: PLR0913 - an address and what is served there
        self,
        host: str,
        port: int,
        *,
        not_ready: Callable[[], Sequence[str]],
        metrics: Callable[[], bytes],
        media: Callable[[str], bytes | None],
        recording: Callable[[str], Awaitable[bytes | None]],
        routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self._host = host
        self._port = port
        self._not_ready = not_ready
        self._metrics = metrics
        self._media = media
        self._recording = recording
        application = web.Application(middlewares=[_errors_as_json], client_max_size=_MAX_BODY)
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
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_GOODBYE)

    @property
    def port(self) -> int:
        """The port that is listened on; known once started."""
        return self._port

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        listener = await self._listen()
        self._port = listener.getsockname()[1]
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Stop listening; requests under way get a second to end."""
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

    async def _get_metrics(self, _: web.Request) -> web.Response:
        page = await asyncio.to_thread(self._metrics)
        return web.Response(body=page, headers={"Content-Type": _METRICS_TYPE})

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
