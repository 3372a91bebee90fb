"""ARI over one WebSocket: events in, requests out on the same socket (Asterisk REST Interface).

The reading loop never awaits work, because Asterisk cuts a reader off that stalls.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import aiohttp
import stamina
import structlog

from stasis_refer.wire import ari, commands, version

_log = structlog.get_logger(__name__)

HEARTBEAT: Final = 10.0
"""Seconds between pings, which find a half-open connection; half of it an answer may take."""

_REQUEST_LIMIT: Final = 10.0  # seconds
_DOWNLOAD_LIMIT: Final = 60.0  # seconds; hours of speech
_GOODBYE: Final = aiohttp.ClientWSTimeout(ws_close=1.0)  # seconds
_PAUSE: Final = 0.1  # seconds; an Asterisk that accepts and drops us is not asked without rest
_DENIED: Final = frozenset({401, 403})
_NO_ANSWER: Final = ari.Response(0)
_LARGEST_MESSAGE: Final = 16 * 1024 * 1024  # bytes; GET /channels of some thousand calls

_UNREACHABLE: Final = (aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Account:
    """Where Asterisk's ARI is and who we are there. ``url`` without ``/ari``."""

    url: str
    app: str
    username: str
    password: str = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers that say who we are."""
        return {"Authorization": aiohttp.encode_basic_auth(self.username, self.password)}


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of what comes in. All but ``connected`` are called in the reading loop."""

    occurred: Callable[[ari.Occurrence], None]
    connected: Callable[[], Coroutine[Any, Any, None]]
    connection_changed: Callable[[bool], None] = lambda _: None
    counted: Callable[[str], None] = lambda _: None
    timed: Callable[[float], None] = lambda _: None


class AriConnection:
    """Keeps one connection to Asterisk's ARI for as long as ``run`` runs."""

    def __init__(self, account: Account, listener: Listener, heartbeat: float = HEARTBEAT) -> None:
        self._account = account
        self._listener = listener
        self._heartbeat = heartbeat
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._session: aiohttp.ClientSession | None = None
        self._waiting: dict[str, asyncio.Future[ari.Response]] = {}
        self._ids = count(1)
        self.version: version.Version | None = None
        self.replaced = False

    @property
    def connected(self) -> bool:
        """Whether events come in and requests go out."""
        return self._socket is not None

    def has(self, since: Mapping[int, int]) -> bool:
        """Whether the Asterisk we talk to has a feature of ``wire.ari``'s tables."""
        return self.version is not None and self.version.has(since)

    async def run(self) -> None:
        """Connect, read, connect again, until cancelled or replaced by another connection."""
        async with aiohttp.ClientSession(headers=self._account.headers) as session:
            self._session = session
            try:
                while not self.replaced:
                    await self._connect(session)
                    await self._read_until_closed()
                    await asyncio.sleep(_PAUSE)
            finally:
                self._session = None

    async def request(self, request: commands.Request) -> ari.Response:
        """Make one request. Never raises: status 0 when Asterisk could not be asked."""
        return (await self.in_turn(request))[-1]

    async def in_turn(self, *requests: commands.Request) -> Sequence[ari.Response]:
        """Make requests in this order; the answers to all that may have reached Asterisk.

        Over the WebSocket all are sent before the first is answered, so those behind a refused
        one are made too. Over HTTP the first that is not done is the last. Never raises.
        """
        if self.has(version.REST_OVER_WEBSOCKET):
            return await self._over_websocket(requests)
        answers: list[ari.Response] = []
        for request in requests:
            answers.append(await self._patiently(request))
            if not answers[-1].ok:
                break
        return answers

    async def download(self, request: commands.Request) -> bytes | None:
        """Make a request whose answer is a file; None when there is none. Never raises."""
        try:
            async with asyncio.timeout(_DOWNLOAD_LIMIT):
                answer = await self._over_http(request)
        except _UNREACHABLE as error:
            _log.warning("Asterisk cannot be asked", path=request.path, error=repr(error))
            return None
        return answer.text if answer.ok and isinstance(answer.text, bytes) else None

    async def _connect(self, session: aiohttp.ClientSession) -> None:
        attempts = stamina.retry_context(
            on=_UNREACHABLE, attempts=None, timeout=None, wait_initial=0.1, wait_max=3.0
        )
        async for attempt in attempts:
            with attempt:
                async with asyncio.timeout(_REQUEST_LIMIT):
                    self.version = await self._ask_version()
                    self._socket = await session.ws_connect(
                        f"{self._account.url}/ari/events",
                        params={"app": self._account.app},
                        heartbeat=self._heartbeat,
                        timeout=_GOODBYE,
                        max_msg_size=_LARGEST_MESSAGE,
                    )
        _log.info("connected to Asterisk", version=str(self.version), app=self._account.app)

    async def _ask_version(self) -> version.Version:
        info = await self._over_http(commands.info())
        if info.status in _DENIED:
            _log.error(
                "ARI refuses our name and password: compare [ari] username and password"
                " with the user's section in ari.conf"
            )
        told = info.body
        if info.status != _OK or not isinstance(told, dict):
            raise aiohttp.ClientError(f"asterisk/info answered {info.status}")
        try:
            return version.read(str(told["system"]["version"]))
        except (version.BadVersion, KeyError, TypeError) as why:
            # As one built from a branch of git: it gets what every Asterisk understands.
            _log.warning("version of Asterisk cannot be read", why=str(why))
            return _UNKNOWN_VERSION

    async def _read_until_closed(self) -> None:
        socket = self._socket
        if socket is None:
            return
        self._listener.connection_changed(True)  # noqa: FBT003 - a callback has no keywords
        reconciling = asyncio.create_task(self._reconcile())
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
                if self.replaced:
                    break
        finally:
            self._socket = None
            self._listener.connection_changed(False)  # noqa: FBT003 - as above
            self._fail_waiting()
            reconciling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reconciling
            await socket.close()
        _log.warning("connection to Asterisk is gone", replaced=self.replaced)

    async def _reconcile(self) -> None:
        try:
            await self._listener.connected()
        except Exception:  # noqa: BLE001 - a bug there must not end the connection
            _log.exception("catching up with Asterisk failed")

    def _take(self, text: str) -> None:
        message = ari.read_json(text)
        if not isinstance(message, dict):
            _log.error("message of Asterisk cannot be read", why="no JSON object")
            return
        kind = message.get("type")
        if kind == "RESTResponse":
            self._answered(message)
            return
        self._listener.counted(str(kind))
        try:
            occurrence = ari.read_event(message)
            if isinstance(occurrence, ari.Replaced):
                # Stand down: two that fight for one application lose calls, both of them.
                self.replaced = True
            if occurrence is not None:
                self._listener.occurred(occurrence)
        except ari.BadEvent as bad:
            _log.error("event of Asterisk cannot be read", why=str(bad))
        except Exception:  # noqa: BLE001 - a bug over one event must not end all calls
            _log.exception("event of Asterisk cannot be handled", type=str(kind))

    def _answered(self, message: Mapping[str, Any]) -> None:
        request_id = message.get("request_id")
        waiting = self._waiting.pop(request_id, None) if isinstance(request_id, str) else None
        if waiting is not None and not waiting.done():
            status, body = message.get("status_code"), message.get("message_body")
            waiting.set_result(
                ari.Response(
                    status if isinstance(status, int) else 0, body if isinstance(body, str) else ""
                )
            )

    def _fail_waiting(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(_NO_ANSWER)
        self._waiting.clear()

    async def _over_websocket(self, requests: Sequence[commands.Request]) -> Sequence[ari.Response]:
        socket, loop = self._socket, asyncio.get_running_loop()
        if socket is None:
            return [_NO_ANSWER]
        began, waiting = loop.time(), dict[str, asyncio.Future[ari.Response]]()
        try:
            async with asyncio.timeout(_REQUEST_LIMIT):
                for request in requests:
                    request_id = str(next(self._ids))
                    waiting[request_id] = self._waiting[request_id] = loop.create_future()
                    await socket.send_str(request.over_websocket(request_id))
                answers = []
                for each in waiting.values():
                    answers.append(await each)
                    self._listener.timed(loop.time() - began)
                return answers
        except _UNREACHABLE as error:
            _log.warning("Asterisk cannot be asked", path=requests[0].path, error=repr(error))
            return [_NO_ANSWER] * len(waiting)
        finally:
            for request_id in waiting:
                self._waiting.pop(request_id, None)

    async def _patiently(self, request: commands.Request) -> ari.Response:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(_REQUEST_LIMIT):
                return await self._over_http(request)
        except _UNREACHABLE as error:
            _log.warning("Asterisk cannot be asked", path=request.path, error=repr(error))
            return _NO_ANSWER
        finally:
            self._listener.timed(loop.time() - began)

    async def _over_http(self, request: commands.Request) -> ari.Response:
        if self._session is None:
            return _NO_ANSWER
        async with self._session.request(
            request.method,
            f"{self._account.url}/ari/{request.path}",
            params=dict(request.query),
            json=request.body,
        ) as response:
            return ari.Response(response.status, await response.read())


_OK: Final = 200
_UNKNOWN_VERSION: Final = version.Version(0, 0)
