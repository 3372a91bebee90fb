"""ARI over one WebSocket: events in, requests out on the same socket (Asterisk REST Interface).

The reading loop never awaits work, because Asterisk cuts a reader off that stalls.
"""

import asyncio
import socket as sockets
import struct
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Final

import aiohttp
import stamina
import structlog

from stasis_refer.runtime.pulse import Pulse
from stasis_refer.wire import ari, commands, version

_log = structlog.get_logger(__name__)

_REQUEST_LIMIT: Final = 10.0  # seconds
_LIST_LIMIT: Final = 30.0  # seconds; some thousand calls
_DOWNLOAD_LIMIT: Final = 60.0  # seconds; hours of speech
_CONNECT_LIMIT: Final = 3.0  # seconds; with the longest pause less than 5 until we are back
_LONGEST_PAUSE: Final = 1.0  # seconds
_CLOSE_LIMIT: Final = 1.0  # seconds
_GOODBYE: Final = aiohttp.ClientWSTimeout(ws_close=_CLOSE_LIMIT)
_PAUSE: Final = 0.1  # seconds; an Asterisk that accepts and drops us is not asked without rest
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # socket(7), SO_LINGER: what is not sent is not, then RST
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
    """Keeps one connection to Asterisk's ARI for as long as ``run`` runs.

    A request that is not answered in its time ends it as silence does: what became of the request
    is found out by whoever catches up with the next one. Silence is that events which are asked for
    do not come: Asterisk may answer pings and requests, and yet send no events any more, as when
    the end of a connection that was stuck takes the application from the one behind it
    (ari_websockets.c). ``make_pulse`` is given what asks for an event.
    """

    def __init__(
        self,
        account: Account,
        listener: Listener,
        make_pulse: Callable[[Callable[[str], Awaitable[None]]], Pulse] = Pulse,
        request_limit: float = _REQUEST_LIMIT,
    ) -> None:
        self._account = account
        self._listener = listener
        self._make_pulse = make_pulse
        self._request_limit = request_limit
        self._unanswered = asyncio.Event()  # a request, for too long
        self._pulse: Pulse | None = None
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
        while not self.replaced:
            # A session each time: connections that the last one keeps may be as dead as it is.
            async with aiohttp.ClientSession(headers=self._account.headers) as session:
                self._session = session
                try:
                    await self._stay_connected(await self._connect(session))
                finally:
                    self._session = None
            await asyncio.sleep(_PAUSE)

    async def request(self, request: commands.Request) -> ari.Response:
        """Make one request. Never raises: status 0 when Asterisk could not be asked."""
        return (await self.in_turn(request))[-1]

    async def in_turn(self, *requests: commands.Request) -> Sequence[ari.Response]:
        """Make requests in this order; the answers to all that may have reached Asterisk.

        Over the WebSocket all are sent before the first is answered, so those behind a refused
        one are made too. Over HTTP the first that is not done is the last; lists always go that
        way, or all else, pings too, would wait behind them. Never raises.
        """
        if self.has(version.REST_OVER_WEBSOCKET) and not any(each.lists for each in requests):
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

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        attempts = stamina.retry_context(
            on=_UNREACHABLE, attempts=None, timeout=None, wait_initial=0.1, wait_max=_LONGEST_PAUSE
        )
        async for attempt in attempts:
            with attempt:
                async with asyncio.timeout(_CONNECT_LIMIT):
                    self.version = await self._ask_version()
                    opened = await session.ws_connect(
                        f"{self._account.url}/ari/events",
                        params={"app": self._account.app},
                        timeout=_GOODBYE,
                        max_msg_size=_LARGEST_MESSAGE,
                    )
        _log.info("connected to Asterisk", version=str(self.version), app=self._account.app)
        return opened

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

    async def _stay_connected(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._unanswered.clear()
        self._socket = socket
        self._listener.connection_changed(True)  # noqa: FBT003 - a callback has no keywords
        self._pulse = pulse = self._make_pulse(partial(self._ask_for_event, socket))
        reading = asyncio.create_task(self._read(socket))
        ends = {
            reading: "closed",
            asyncio.create_task(pulse.stops()): "events do not come",
            asyncio.create_task(self._unanswered.wait()): "no answer to a request",
        }
        beside = (*ends, asyncio.create_task(self._reconcile()))
        why = "stopped"
        try:
            ended, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            why = "closed" if reading in ended else ends[ended.pop()]
        finally:
            self._socket = None
            self._listener.connection_changed(False)  # noqa: FBT003 - as above
            self._fail_waiting()
            for task in beside:
                task.cancel()
            for bug in await asyncio.gather(*beside, return_exceptions=True):
                if isinstance(bug, Exception) and not isinstance(bug, _UNREACHABLE):
                    _log.error("a bug has ended the connection to Asterisk", exc_info=bug)
            await self._close(socket, at_once=why not in {"closed", "stopped"})
        _log.warning("connection to Asterisk is gone", why=why, replaced=self.replaced)

    @staticmethod
    async def _close(socket: aiohttp.ClientWebSocketResponse, *, at_once: bool) -> None:
        """Close a WebSocket; ``at_once``: nothing that was not sent may be sent later."""
        peer = socket.get_extra_info("socket")
        if at_once and peer is not None:
            peer.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, _AT_ONCE)
        # Who does not read keeps even a goodbye from being sent. (Not asyncio.wait_for: Python
        # 3.11's may swallow that we are cancelled.)
        closing = asyncio.create_task(socket.close())
        await asyncio.wait((closing,), timeout=_CLOSE_LIMIT)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.data)
            if self.replaced:
                break

    async def _ask_for_event(self, socket: aiohttp.ClientWebSocketResponse, name: str) -> None:
        request = commands.happen(self._account.app, name)
        if self.has(version.REST_OVER_WEBSOCKET):
            await socket.send_str(request.over_websocket(name))
        else:
            await self._over_http(request)
            if self._pulse is not None:
                self._pulse.done(name)

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
        if kind == ari.BEAT and self._pulse and self._pulse.answered(str(message.get("eventname"))):
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
        if not isinstance(request_id, str):
            return
        if self._pulse is not None:
            self._pulse.done(request_id)  # that of a beat is its name
        waiting = self._waiting.pop(request_id, None)
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
            async with asyncio.timeout(self._request_limit):
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
            self._not_answered(requests[0], error)
            return [_NO_ANSWER] * len(waiting)
        finally:
            for request_id in waiting:
                self._waiting.pop(request_id, None)

    async def _patiently(self, request: commands.Request) -> ari.Response:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(_LIST_LIMIT if request.lists else self._request_limit):
                return await self._over_http(request)
        except _UNREACHABLE as error:
            self._not_answered(request, error)
            return _NO_ANSWER
        finally:
            self._listener.timed(loop.time() - began)

    def _not_answered(self, request: commands.Request, error: Exception) -> None:
        _log.warning("Asterisk cannot be asked", path=request.path, error=repr(error))
        self._unanswered.set()

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
