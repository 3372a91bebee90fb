"""An Asterisk's ARI over real sockets, as 22.10 speaks it (rest-api, ari_websocket_requests.c)."""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self, TypeAlias

from aiohttp import WSMsgType, web

from tests.fakes import asterisk_bridges
from tests.fakes.asterisk_bridges import Bridge
from tests.fakes.asterisk_commands import COMMANDS, Answer, Asked, Channel, json_of

__all__ = ["Asked", "Asterisk", "Bridge", "Channel"]

Json: TypeAlias = dict[str, Any]

MODULES = (
    "app_channelredirect",
    "app_stasis",
    "app_transfer",
    "bridge_simple",
    "bridge_softmix",
    "chan_pjsip",
    "func_callerid",
    "func_channel",
    "func_dialplan",
    "res_ari_applications",
    "res_ari_asterisk",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_endpoints",
    "res_ari_events",
    "res_ari_playbacks",
    "res_ari_recordings",
    "res_hep",
    "res_hep_pjsip",
    "res_http_media_cache",
    "res_pjsip_header_funcs",
    "res_pjsip_refer",
    "res_stasis_playback",
    "res_stasis_recording",
)

CONTEXTS = (
    "stasis-refer-transfer",
    "stasis-refer-queue",
    "stasis-refer-abort",
    "stasis-refer-enter",
)

_BEAT = "POST events/user/"

_REST_OVER_WEBSOCKET = {20: 14, 21: 9, 22: 4}


@dataclass(slots=True)
class _Socket:
    app: str
    socket: web.WebSocketResponse
    request: web.Request
    replaced: bool = False
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def write(self) -> None:
        while True:
            await self.socket.send_str(await self.outgoing.get())


class Asterisk:
    """``async with Asterisk() as asterisk``; everything that is asked of it is in ``asked``.

    Channels do what commands say: answered ones are Up, hung up ones are gone. What the far
    end does is up to the test: ``call``, ``come_back``, ``caller_hangs_up``, ``emit``; of a leg
    ``leg_rings``, ``leg_answers``, ``leg_ends``; of either ``sends_refer``.
    """

    def __init__(self, version: str = "22.10.1+dfsg") -> None:
        self.version = version
        self.username, self.password = "stasis_refer", "hunter2-ari"
        self.port = 0
        self.asked: list[Asked] = []
        self.channels: dict[str, Channel] = {}
        self.modules = list(MODULES)
        self.contexts = set(CONTEXTS)
        self.channelvars: tuple[str, ...] = (
            "TRANSFERSTATUS",
            "TRANSFERSTATUSPROTOCOL",
            "STASIS_REFER_NUMBER",
        )
        self.endpoints = ["lab"]
        self.unknown_endpoints: set[str] = set()  # as ``PJSIP/desk``: no channel is made for them
        self.bridges: dict[str, Bridge] = {}
        self.recordings: dict[str, bytes] = {}
        self.filters: dict[str, list[str]] = {}
        self.subscriptions: set[tuple[str, str]] = set()
        self.refusals: dict[str, tuple[int, str]] = {}
        self.silent: set[str] = set()  # lines of requests that are done, and never answered
        self.slow: dict[str, float] = {}  # seconds, of requests over HTTP, by line
        self.pongs: list[bytes] = []
        self.beats = True  # whether an application gets the events that it asks for
        self.on_call_out: Callable[[], object] = lambda: None
        self.stalled = False
        self.connections = 0
        self._sockets: list[_Socket] = []
        self._arrivals: defaultdict[str, asyncio.Queue[Asked]] = defaultdict(asyncio.Queue)
        self._opened = asyncio.Condition()
        self._numbers = count(1)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.crash()

    @property
    def url(self) -> str:
        """What ``[ari] url`` has to be."""
        return f"http://127.0.0.1:{self.port}"

    # -- what the machine does ---------------------------------------------------

    async def start(self) -> None:
        """Listen, on the port of before if there was one."""
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._over_http)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[-1][1]

    async def crash(self) -> None:
        """Be gone: no goodbye, nobody listens, nothing is remembered."""
        self.drop()
        await self._runner.cleanup()
        self.channels.clear()
        self.bridges.clear()
        self.filters.clear()
        self.subscriptions.clear()

    def drop(self) -> None:
        """Cut all WebSockets off; channels stay in ``Stasis()``."""
        for each in self._sockets:
            if each.request.transport is not None:
                each.request.transport.abort()
        self._sockets.clear()

    async def ping(self, text: bytes) -> None:
        """Send a ping to whoever is connected."""
        for each in self._sockets:
            await each.socket.ping(text)

    def refuse(self, line: str, status: int, message: str = "no") -> None:
        """Answer requests of a line, as ``POST channels/1/answer``, with a status from now on."""
        self.refusals[line] = (status, message)

    # -- what the test sees ------------------------------------------------------

    async def connected(self, times: int = 1, within: float = 5.0) -> None:
        """Wait until that many WebSockets have been opened in all."""
        async with asyncio.timeout(within), self._opened:
            await self._opened.wait_for(lambda: self.connections >= times)

    async def received(self, line: str, within: float = 5.0) -> Asked:
        """Return the next request of a line, each once, waiting for it; seconds."""
        try:
            async with asyncio.timeout(within):
                return await self._arrivals[line].get()
        except TimeoutError:
            seen = ", ".join(asked.line for asked in self.asked) or "nothing"
            raise AssertionError(f"{line} was not asked within {within} s, but {seen}") from None

    # -- what the far end does ---------------------------------------------------

    def call(self, *arguments: str, call_id: str = "", technology: str = "PJSIP") -> Channel:
        """Let a call reach ``Stasis(app,arguments…)``; its channel."""
        number = next(self._numbers)
        channel = Channel(f"1764000000.{number}", f"{technology}/lab-{number:08x}", call_id)
        self.channels[channel.id] = channel
        self.enter(channel, *arguments)
        return channel

    def enter(self, channel: Channel, *arguments: str) -> bool:
        """Put a channel into ``Stasis()``; whether there is an application to take it."""
        if not any(each.app == channel.app and not each.replaced for each in self._sockets):
            channel.arguments = None  # STASISSTATUS=FAILED: it goes on in the dialplan
            return False
        channel.arguments = arguments
        self.happen("StasisStart", channel, args=list(arguments))
        return True

    def come_back(self, channel: Channel, status: str = "SUCCESS", code: str = "0") -> bool:
        """Bring a channel back from ``Transfer()``."""
        application = channel.variables["STASIS_REFER_APPLICATION"]
        return self.enter(channel, application, "returned", status, code)

    def caller_hangs_up(self, channel: Channel) -> None:
        """Let the far end hang up."""
        self.leg_ends(channel)

    def leg_rings(self, channel: Channel) -> None:
        """Let the far end of a leg ring: 180 or 183."""
        channel.state = "Ringing"
        self.happen("ChannelStateChange", channel)

    def leg_answers(self, channel: Channel) -> None:
        """Let the far end of a leg answer."""
        channel.state = "Up"
        self.happen("ChannelStateChange", channel)

    def leg_ends(self, channel: Channel, cause: int = 16, tech_cause: int | None = None) -> None:
        """Let a channel end with a Q.850 cause, and the SIP status that it was refused with."""
        why = {"cause": cause} | ({"tech_cause": tech_cause} if tech_cause else {})
        self.happen("ChannelHangupRequest", channel, **why)
        asterisk_bridges.leave_all(self, channel)
        self.leave(channel)
        self.happen("ChannelDestroyed", channel, cause_txt="Normal Clearing", **why)
        self.channels.pop(channel.id, None)

    def sends_refer(
        self, channel: Channel, user: str = "bob", replaces: Channel | str | None = None
    ) -> None:
        """Let the far end send a REFER that Asterisk leaves to the application.

        ``replaces`` is the channel of the dialog in Replaces, or the Call-ID of one elsewhere.
        """
        asterisk_bridges.ask_for_transfer(self, channel, user, replaces)

    def leave(self, channel: Channel) -> None:
        """Take a channel out of ``Stasis()``."""
        if channel.arguments is not None:
            self.happen("StasisEnd", channel)
            channel.arguments = None

    def happen(self, kind: str, channel: Channel, **rest: object) -> None:
        """Emit an event of a channel, if its application may hear of it."""
        if channel.arguments is not None or (channel.app, channel.id) in self.subscriptions:
            self.emit({"type": kind, "channel": json_of(channel), **rest}, channel.app)

    def emit(self, event: Json, app: str = "stasis_refer") -> None:
        """Send an event to whoever has the application."""
        for each in self._sockets:
            if each.app == app and not each.replaced:
                self._send(each, event)

    def emit_text(self, text: str) -> None:
        """Send any text."""
        for each in self._sockets:
            each.outgoing.put_nowait(text)

    # -- ARI ---------------------------------------------------------------------

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        if "GET events" in self.refusals:
            return web.Response(status=self.refusals["GET events"][0])
        opened = _Socket(request.query["app"], web.WebSocketResponse(autoping=False), request)
        await opened.socket.prepare(request)
        self._take_over(opened)
        async with self._opened:
            self.connections += 1
            self._opened.notify_all()
        writing = asyncio.create_task(opened.write())
        try:
            await self._read(opened)
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await writing
            with suppress(ValueError):
                self._sockets.remove(opened)
        return opened.socket

    async def _read(self, opened: _Socket) -> None:
        async for message in opened.socket:
            if self.stalled:
                await asyncio.Event().wait()
            if message.type is WSMsgType.PING:
                await opened.socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs.append(message.data)
            elif message.type is WSMsgType.TEXT and self.has(_REST_OVER_WEBSOCKET):
                asked = json.loads(message.data)
                answer = self._rest(asked)
                if f"{asked['method']} {asked['uri']}" not in self.silent:
                    self._send(opened, answer)

    def _take_over(self, opened: _Socket) -> None:
        for each in self._sockets:
            if each.app == opened.app and not each.replaced:
                self._send(each, {"type": "ApplicationReplaced"})
                each.replaced = True
        if all(each.app != opened.app for each in self._sockets):
            self.filters.pop(opened.app, None)
        self._sockets.append(opened)

    def _send(self, to: _Socket, message: Json) -> None:
        # stasis_app_event_allowed(): the filter holds back answers to requests too.
        allowed = self.filters.get(to.app)
        if allowed and message["type"] not in allowed:
            return
        stamp = {"timestamp": "2026-02-03T04:05:06.789+0000", "asterisk_id": "02:fc:00:00:00:01"}
        to.outgoing.put_nowait(json.dumps({**message, "application": to.app, **stamp}))

    def has(self, since: Mapping[int, int]) -> bool:
        """Whether this version has what came with these minor versions, by branch."""
        major, minor = (int(number) for number in self.version.split(".")[:2])
        return major > max(since) or minor >= since.get(major, 1000)

    def _rest(self, message: Json) -> Json:
        query = {each["name"]: each["value"] for each in message.get("query_strings", ())}
        body = json.loads(message.get("message_body") or "null")
        asked = Asked(message["method"], message["uri"], query, body, "websocket")
        status, answer = self._answer(asked)
        response: Json = {
            "type": "RESTResponse",
            "transaction_id": message.get("transaction_id", ""),
            "request_id": message.get("request_id", ""),
            "status_code": status,
            "reason_phrase": "",
            "uri": message["uri"],
        }
        if answer is not None:
            response |= {"content_type": "application/json", "message_body": json.dumps(answer)}
        return response

    async def _over_http(self, request: web.Request) -> web.StreamResponse:
        if self.stalled:
            await asyncio.Event().wait()
        if (refused := self._unauthorized(request)) is not None:
            return refused
        body = await request.json() if request.can_read_body else None
        path = request.match_info["path"]
        asked = Asked(request.method, path, dict(request.query), body, "http")
        status, answer = self._answer(asked)
        if asked.line in self.silent:
            await asyncio.Event().wait()
        await asyncio.sleep(self.slow.get(asked.line, 0.0))
        if answer is None or isinstance(answer, bytes):
            return web.Response(status=status, body=answer)
        return web.json_response(answer, status=status)

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        credentials = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if request.headers.get("Authorization") == f"Basic {credentials}":
            return None
        return web.json_response({"message": "Authentication required"}, status=401)

    def _beat(self, name: str, app: str) -> Answer:
        """Send an application the event that it asked for, which is no business of a test's."""
        if self.beats:
            self.emit({"type": "ChannelUserevent", "eventname": name, "userevent": {}}, app)
        return 204, None

    def _answer(self, asked: Asked) -> Answer:
        if asked.line.startswith(_BEAT):
            return self._beat(asked.line.removeprefix(_BEAT), asked.query["application"])
        self.asked.append(asked)
        self._arrivals[asked.line].put_nowait(asked)
        if asked.line in self.refusals:
            status, message = self.refusals[asked.line]
            return status, {"message": message}
        for pattern, command in (*COMMANDS, *asterisk_bridges.COMMANDS):
            if found := pattern.fullmatch(asked.line):
                return command(self, asked, **found.groupdict())
        return 404, {"message": "Resource not found"}
