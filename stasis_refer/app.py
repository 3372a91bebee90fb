"""Putting it together: adapters around the runtime around the core."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Self

import structlog

from stasis_refer import __version__
from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.ari import Account, AriConnection, Listener
from stasis_refer.adapters.capture import CaptureListener, CaptureRules, NoCapture
from stasis_refer.adapters.http import HttpServer
from stasis_refer.adapters.log import log_note
from stasis_refer.adapters.media import MAX_RECORDING, MediaShelf
from stasis_refer.adapters.metrics import Metrics
from stasis_refer.adapters.speech import Speaker
from stasis_refer.adapters.telephony import AriTelephony
from stasis_refer.adapters.webhooks import Webhooks
from stasis_refer.core.application import Application, Method
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Note
from stasis_refer.core.sent import DEFAULT_GROUP
from stasis_refer.dialects.dialect import WebhookLimits, WebhookRequest
from stasis_refer.dialects.twiml import TWIML
from stasis_refer.errors import StartError
from stasis_refer.runtime.effects import Effects
from stasis_refer.runtime.journal import Entry, Tap, all_of
from stasis_refer.runtime.switchboard import Switchboard
from stasis_refer.settings import Settings
from stasis_refer.wire import ari

_log = structlog.get_logger(__name__)

DIALECTS = {TWIML.name: TWIML}

_LAG_INTERVAL = 1.0  # seconds


class App:
    """The whole program around one Asterisk: ``async with App(settings) as app``.

    ``taps`` read the journal besides metrics and log.
    """

    def __init__(self, settings: Settings, taps: Sequence[Tap] = ()) -> None:
        self._settings = settings
        self._clock = asyncio.get_running_loop().time
        applications = settings.application_table()
        self.metrics = Metrics(
            __version__,
            dialects=DIALECTS,
            applications=applications,
            groups=(DEFAULT_GROUP,),
        )
        self._capture = self._make_capture()
        self.ari = AriConnection(self._account(), self._listener())
        telephony = AriTelephony(self.ari.in_turn, settings.ari.app, self.ari.has)
        networks = AllowedNetworks(settings.webhooks.allow_networks)
        self._webhooks = Webhooks(networks.open_socket)
        self._media = self._make_media()
        self._http = self._make_http()
        effects = Effects(
            telephony=telephony,
            webhooks=self._webhooks,
            media=self._media,
            dialects=DIALECTS,
            count_webhook=self._count_webhook,
            clock=self._clock,
        )
        self.switchboard = Switchboard(
            applications=applications,
            telephony=telephony,
            capture=self._capture,
            perform=effects.perform,
            tap=all_of((self._tap, *taps)),
            clock=self._clock,
            on_change=self.metrics.calls,
        )
        # Calls whose INVITE was not captured yet, by channel.
        self._at_the_door: dict[str, tuple[asyncio.TimerHandle, ari.Channel, tuple[str, ...]]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def http_port(self) -> int:
        """The port of our own web server."""
        return self._http.port

    async def __aenter__(self) -> Self:
        """Listen and connect. Raises StartError when an address cannot be had."""
        capture = self._settings.capture
        try:
            if isinstance(self._capture, CaptureListener) and capture is not None:
                self._capture.start(*_host_and_port(capture.listen))
            await self._http.start()
        except OSError as error:
            await self.__aexit__()
            raise StartError(
                f"cannot listen at http.listen {self._settings.http.listen!r}"
                + (f" or capture.listen {capture.listen!r}" if capture else "")
                + f": {error}: end what has the port, or choose another"
            ) from error
        self._tasks = [asyncio.create_task(self.ari.run()), asyncio.create_task(self._watch_lag())]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of everything; calls still live are left to the dialplan."""
        for waiting in self._at_the_door.values():
            waiting[0].cancel()
        self._at_the_door.clear()
        await self.switchboard.stop()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if isinstance(self._capture, CaptureListener):
            self._capture.close()
        await self._media.close()
        await self._webhooks.close()
        await self._http.stop()

    async def drain(self, seconds: float) -> None:
        """Take no new calls, let live ones finish for ``seconds``, send the rest back."""
        self.metrics.draining(draining=True)
        await self.switchboard.drain(seconds)

    async def ready(self) -> None:
        """Wait until calls can be taken."""
        while self.not_ready():  # noqa: ASYNC110 - three parts make it ready, and it is short
            await asyncio.sleep(_POLL)

    def not_ready(self) -> list[str]:
        """Return the reasons why no call should be sent here, none when ready."""
        reasons = {
            "ari: another connection took the application over": self.ari.replaced,
            "ari: not connected to Asterisk": not self.ari.connected,
            "draining: no new calls are taken": self.switchboard.draining,
        }
        return [reason for reason, applies in reasons.items() if applies]

    # -- parts -------------------------------------------------------------------

    def _account(self) -> Account:
        settings = self._settings.ari
        return Account(
            settings.url.rstrip("/"),
            settings.app,
            settings.username,
            settings.password.get_secret_value(),
        )

    def _listener(self) -> Listener:
        return Listener(
            occurred=self._occurred,
            connected=self._connected,
            connection_changed=self._connection_changed,
            counted=self.metrics.ari_event,
            timed=self.metrics.ari_request,
        )

    def _make_capture(self) -> CaptureListener | NoCapture:
        settings = self._settings.capture
        if settings is None or not settings.enabled:
            return NoCapture()
        rules = CaptureRules(
            settings.password.get_secret_value().encode(),
            settings.sources,
            [_host_and_port(address) for address in settings.forward],
        )
        return CaptureListener(rules, self.metrics.packet, self.metrics.sip_response)

    def _make_media(self) -> MediaShelf:
        speaker, settings = Speaker(), self._settings.http
        return MediaShelf(
            settings.public_url or f"http://{settings.listen}",
            speak=speaker.speak,
            convert=speaker.convert,
            fetch=self._download,
        )

    async def _download(self, url: str) -> bytes:
        limits = WebhookLimits(largest=MAX_RECORDING)
        request = WebhookRequest(Method.GET, url, {}, b"", lambda _url, _method: {}, limits)
        return (await self._webhooks.fetch(request)).body

    def _make_http(self) -> HttpServer:
        host, port = _host_and_port(self._settings.http.listen)
        return HttpServer(
            host,
            port,
            not_ready=self.not_ready,
            metrics=self.metrics.render,
            media=self._media.get,
        )

    # -- what comes in from Asterisk ---------------------------------------------

    def _occurred(self, occurrence: ari.Occurrence) -> None:
        # The copies of SIP messages arrive before the event that they cause: read them first.
        self._capture.drain()
        match occurrence:
            case ari.Entered(channel, arguments):
                if not channel.call_id or self._capture.knows(channel.call_id):
                    self._entered(channel, arguments)
                else:
                    self._wait_for_copy(channel, arguments)
            case ari.Happened(channel_id, event):
                self._let_in(channel_id)
                self.switchboard.happened(channel_id, event)
            case ari.Replaced():
                _log.error("another connection took our application over: standing down")

    def _wait_for_copy(self, channel: ari.Channel, arguments: tuple[str, ...]) -> None:
        # Asterisk copies its messages on the side: that of the INVITE may be late.
        due = asyncio.get_running_loop().call_later(_COPY_PATIENCE, self._let_in, channel.id)
        self._at_the_door[channel.id] = (due, channel, arguments)

    def _let_in(self, channel_id: str) -> None:
        waiting = self._at_the_door.pop(channel_id, None)
        if waiting is not None:
            due, channel, arguments = waiting
            due.cancel()
            self._entered(channel, arguments)

    def _entered(self, channel: ari.Channel, arguments: tuple[str, ...]) -> None:
        application = arguments[0] if arguments else ""
        info = CallInfo(
            key="",
            channel=channel.id,
            call_id=channel.call_id,
            channel_name=channel.name,
            caller=channel.caller,
            caller_name=channel.caller_name,
            # Where the dialplan has moved on to "s", the extension dialed is not known.
            dialed=channel.dialed if channel.dialed != "s" else application,
        )
        self.switchboard.entered(info, application, up=channel.up)

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - the state itself
        self.metrics.ari_connected(connected)

    async def _connected(self) -> None:
        """Catch up with what happened while nobody listened."""
        app = self._settings.ari.app
        await self.ari.request(ari.filter_events(app))
        # Calls that come in from here on may be missing in the list.
        known = list(self.switchboard.channels)
        listed = await self.ari.request(ari.channels())
        found = listed.body
        if not listed.ok or not isinstance(found, list):
            _log.error("Asterisk does not list its channels", status=listed.status)
            return
        channels = [ari.read_channel(channel) for channel in found]
        ours = {channel.id: channel for channel in channels if channel.stasis[:1] == (app,)}
        self.switchboard.happened_meanwhile(
            known,
            {
                channel.id: ari.read_returned(channel.stasis[1:]) if channel.id in ours else None
                for channel in channels
            },
        )
        # One that has just come in may be listed before its event arrives.
        await asyncio.sleep(_EVENT_PATIENCE)
        for channel_id in ours:
            self.switchboard.send_back(channel_id)

    # -- taps --------------------------------------------------------------------

    def _tap(self, entry: Entry) -> None:
        for intent in entry.intents:
            if isinstance(intent, Note):
                self.metrics.note(entry.call.application, intent)
                log_note(entry.call.application, entry.call.info, intent)

    def _count_webhook(
        self, application: Application, kind: str, result: str, seconds: float
    ) -> None:
        self.metrics.webhook(application.dialect, kind, result, seconds)

    async def _watch_lag(self) -> None:
        while True:
            due = self._clock() + _LAG_INTERVAL
            await asyncio.sleep(_LAG_INTERVAL)
            self.metrics.loop_lag(max(0.0, self._clock() - due))


_POLL = 0.02  # seconds
_EVENT_PATIENCE = 1.0  # seconds
_COPY_PATIENCE = 0.05  # seconds


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
