"""Putting it together: adapters around the runtime around the core."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Self

import structlog

from stasis_refer import __version__
from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.ari import Account, AriConnection, Listener
from stasis_refer.adapters.capture import CaptureListener, CaptureRules, NoCapture
from stasis_refer.adapters.http import ConnectionLimits, Connections, HttpServer
from stasis_refer.adapters.ledger import Ledger, Limits
from stasis_refer.adapters.log import log_note
from stasis_refer.adapters.media import MAX_RECORDING, MediaShelf
from stasis_refer.adapters.metrics import BODY_LIMIT, CONNECTION_LIMIT, Metrics, Names
from stasis_refer.adapters.names import Resolver
from stasis_refer.adapters.rest.peers import Peers
from stasis_refer.adapters.speech import Speaker
from stasis_refer.adapters.telephony import AriTelephony
from stasis_refer.adapters.webhooks import Webhooks
from stasis_refer.catching_up import catch_up
from stasis_refer.core.application import Application
from stasis_refer.core.intents import Note
from stasis_refer.dialects.credentials import download
from stasis_refer.dialects.dialect import WebhookLimits
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.entrance import Entrance
from stasis_refer.errors import StartError
from stasis_refer.rest import rest_routes
from stasis_refer.runtime.call_log import CallLog
from stasis_refer.runtime.capacity import Bounds, Capacity
from stasis_refer.runtime.courier import Courier
from stasis_refer.runtime.debts import Debts
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.effects import Effects
from stasis_refer.runtime.front_desk import FrontDesk
from stasis_refer.runtime.journal import Entry, Tap, all_of
from stasis_refer.runtime.letters import Letters
from stasis_refer.runtime.outbox import Outbox
from stasis_refer.runtime.ports import StoreError
from stasis_refer.runtime.pulse import Pulse
from stasis_refer.runtime.quotas import Quotas
from stasis_refer.runtime.steps import Steps
from stasis_refer.runtime.switchboard import Switchboard
from stasis_refer.settings import Settings
from stasis_refer.taking_up import take_up
from stasis_refer.wire import ari, commands

_log = structlog.get_logger(__name__)

_WATCH_INTERVAL = 1.0  # seconds


class App:
    """The whole program around one Asterisk: ``async with App(settings) as app``.

    ``taps`` read the journal besides metrics and log.
    """

    def __init__(self, settings: Settings, taps: Sequence[Tap] = ()) -> None:
        self._settings = settings
        self._clock = asyncio.get_running_loop().time
        applications = settings.application_table()
        names = Names(applications, settings.groups(), settings.metrics.endpoints)
        self.metrics = Metrics(__version__, DIALECTS, names)
        self._capture = self._make_capture()
        pulse = partial(Pulse, patience=settings.ari.patience)
        self.ari = AriConnection(self._account(), self._listener(), pulse)
        self._telephony = telephony = AriTelephony(self.ari.in_turn, settings.ari.app, self.ari.has)
        self._networks = AllowedNetworks(settings.webhooks.allow_networks)
        self._webhooks = Webhooks(self._networks.open_socket, resolver=Resolver())
        self.ledger = self._make_ledger()
        self._outbox = self._make_outbox(applications)
        self._media = self._make_media()
        directory = Directory(self._capture)
        capacity = self._make_capacity()
        since = time.time() - self._clock()  # a wall clock that nobody sets while we run
        self._quotas = Quotas(
            self.ledger.quotas, lambda: since + self._clock(), held_back=capacity.holds_back
        )
        self.desk = FrontDesk(
            directory,
            applications,
            self._clock,
            time.time,
            quotas=self._quotas,
            capacity=capacity,
            not_called=self.metrics.transfers.not_called,
        )
        letters = Letters(DIALECTS, time.time)
        self._http = self._make_http(applications)
        effects = Effects(
            telephony=telephony,
            directory=directory,
            webhooks=self._webhooks,
            outbox=self._outbox,
            media=self._media,
            dialects=DIALECTS,
            count_webhook=self._count_webhook,
            letters=letters,
            clock=self._clock,
            answer_order=self.desk.answer_order,
            capacity=capacity,
        )
        later = asyncio.get_running_loop().call_later
        self._debts = Debts(
            store=self.ledger.owed,
            together=self.ledger.step,
            later=later,
            letters=letters,
            outbox=self._outbox,
            applications=applications,
        )
        self._steps = steps = Steps(
            together=self.ledger.step,
            log=CallLog(self.ledger.call_log, time.time),
            letters=letters,
            outbox=self._outbox,
            later=later,
            tables=(self.ledger.tap, self._debts, self._quotas.tap),
        )
        self._applications = applications
        self.switchboard = Switchboard(
            applications=applications,
            telephony=telephony,
            directory=directory,
            perform=effects.perform,
            # Capacity first: what is over a limit uses no quota.
            tap=all_of((capacity.take, steps, self._tap, *taps)),
            clock=self._clock,
            wall=time.time,
            on_change=self.metrics.program.calls,
            forget=steps.forget,
            overheard=self.ledger.tap,
            capacity=capacity,
            news=self._quotas.news,
        )
        self.desk.switchboard = self.switchboard
        self._entrance = Entrance(self._capture, self.ari.request, self.switchboard.entered)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def http_port(self) -> int:
        """The port of our own web server."""
        return self._http.port

    async def __aenter__(self) -> Self:
        """Listen and connect. Raises StartError when an address or a file cannot be had.

        A ledger that somebody else has locked is waited for first, for 30 s at most.
        """
        capture = self._settings.capture
        try:
            await self.ledger.open_when_free()
            if isinstance(self._capture, CaptureListener) and capture is not None:
                self._capture.start(*_host_and_port(capture.listen))
            await self._http.start()
        except StoreError as error:
            await self.__aexit__()
            raise StartError(f"ledger.url: {error}") from error
        except OSError as error:
            await self.__aexit__()
            raise StartError(
                f"cannot listen at http.listen {self._settings.http.listen!r}"
                + (f" or capture.listen {capture.listen!r}" if capture else "")
                + f": {error}: end what has the port, or choose another"
            ) from error
        self._quotas.open()
        self._outbox.start()
        await take_up(
            ledger=self.ledger,
            switchboard=self.switchboard,
            outbox=self._outbox,
            debts=self._debts,
            applications=self._applications,
            now=self._clock(),
            goes_on=self.metrics.transfers.goes_on,
            lost=self.metrics.transfers.lost,
        )
        running = (self.ari.run(), self._watch_itself(), self.ledger.keep())
        self._tasks = [asyncio.create_task(each) for each in running]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of everything; calls still live are left to the dialplan."""
        self._entrance.close()
        await self.switchboard.stop()
        await self._outbox.stop()
        self._steps.flush()
        self._debts.flush()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if isinstance(self._capture, CaptureListener):
            self._capture.close()
        await self._media.close()
        await self._webhooks.close()
        self.ledger.feed.close()  # whoever watches would hold the server up
        await self._http.stop()
        self.ledger.close()

    async def drain(self, seconds: float) -> None:
        """Take no new calls, let live ones finish for ``seconds``, send the rest back.

        What is left of the time is for what applications were not told yet.
        """
        self.metrics.program.draining(draining=True)
        end = self._clock() + seconds
        await self.switchboard.drain(seconds)
        await self._outbox.first_tries(end - self._clock())

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
            "ledger: cannot be written": not self.ledger.writable(),
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
            counted=self.metrics.ari.event,
            timed=self.metrics.ari.request,
        )

    def _make_capture(self) -> CaptureListener | NoCapture:
        settings = self._settings.capture
        if settings is None or not settings.enabled:
            return NoCapture()
        rules = CaptureRules(
            settings.password.get_secret_value().encode(),
            settings.sources,
            [_host_and_port(address) for address in settings.forward],
            settings.capture_id,
            settings.rate_limit,
        )
        return CaptureListener(rules, self.metrics.sip.packet, self.metrics.sip.response)

    def _make_capacity(self) -> Capacity:
        program = self._settings.limits
        return Capacity(
            Bounds(program.max_calls, program.max_transfers),
            {each.name: each.bounds for each in self._settings.applications},
            self._clock,
            self.metrics.limits.reached,
        )

    def _make_ledger(self) -> Ledger:
        settings = self._settings.ledger
        ari = self._settings.ari
        return Ledger(
            self._settings.ledger_path,
            f"{ari.app} at {ari.url}",
            hide=settings.mask,
            limits=Limits(settings.keep_days, settings.max_megabytes),
            clock=self._clock,
            failed=self.metrics.ledger.write_failed,
        )

    def _make_outbox(self, applications: Mapping[str, Application]) -> Outbox:
        courier = Courier(self._webhooks, applications, DIALECTS, self._count_webhook, self._clock)
        return Outbox(
            store=self.ledger.outbox,
            deliver=courier.deliver,
            clock=self._clock,
            wall=time.time,
            later=asyncio.get_running_loop().call_later,
            on_change=self.metrics.ledger.outbox,
        )

    def _make_media(self) -> MediaShelf:
        speaker = Speaker()
        return MediaShelf(
            self._settings.http.base,
            speak=speaker.speak,
            convert=speaker.convert,
            fetch=self._download,
        )

    async def _download(self, url: str) -> bytes:
        request = download(url, WebhookLimits(largest=MAX_RECORDING))
        return (await self._webhooks.fetch(request)).body

    def _make_http(self, applications: Mapping[str, Application]) -> HttpServer:
        settings, ledger = self._settings.http, self.ledger
        return HttpServer(
            *_host_and_port(settings.listen),
            not_ready=self.not_ready,
            metrics=self.metrics.page,
            media=self._media.get,
            recording=self._recording,
            routes=rest_routes(
                settings,
                applications=applications,
                desk=self.desk,
                book=ledger.book,
                keys=ledger.keys,
                feed=ledger.feed,
                clock=self._clock,
                policy=self._networks,
                on_limit=self.metrics.limits.reached,
                mask=self._settings.ledger.mask,
            ),
            too_large=partial(self.metrics.limits.reached, BODY_LIMIT),
            connections=Connections(
                ConnectionLimits(),
                Peers(settings.trusted_proxies).site,
                partial(self.metrics.limits.reached, CONNECTION_LIMIT),
            ),
        )

    async def _recording(self, name: str) -> bytes | None:
        return await self.ari.download(commands.stored_recording(name))

    # -- what comes in from Asterisk ---------------------------------------------

    def _occurred(self, occurrence: ari.Occurrence) -> None:
        # The copies of SIP messages arrive before the event that they cause: read them first.
        self._capture.drain()
        match occurrence:
            case ari.Entered(channel, arguments):
                self._entrance.entered(channel, arguments)
            case ari.Happened(channel_id, event):
                self._entrance.let_in(channel_id)
                self.switchboard.happened(channel_id, event)
            case ari.Replaced():
                _log.error("another connection took our application over: standing down")

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - the state itself
        self.metrics.ari.connected(connected)

    async def _connected(self) -> None:
        await self._telephony.ask_again()
        await catch_up(self.ari.request, self.switchboard, self._settings.ari.app)

    # -- taps --------------------------------------------------------------------

    def _tap(self, entry: Entry) -> None:
        for intent in entry.intents:
            if isinstance(intent, Note):
                self.metrics.note(entry.call.key, entry.call.application, intent)
                log_note(entry.call.application, entry.call.info, intent)

    def _count_webhook(
        self, application: Application, kind: str, result: str, seconds: float
    ) -> None:
        self.metrics.webhooks.ended(application.dialect, kind, result, seconds)

    async def _watch_itself(self) -> None:
        while True:
            due = self._clock() + _WATCH_INTERVAL
            await asyncio.sleep(_WATCH_INTERVAL)
            self.metrics.program.loop_lag(max(0.0, self._clock() - due))
            self.metrics.program.ready(not self.not_ready())


_POLL = 0.02  # seconds


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
