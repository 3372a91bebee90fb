"""Every metric of the program: a tap that is told facts and never answers.

Label sets are closed. Each combination exists, at zero, from the start, so that a rate is
right from its first increase on; a value nobody listed is counted as ``other``. No URI,
number or id ever becomes a label.
"""

from collections.abc import Callable, Iterable
from itertools import product
from typing import Final, Generic, Literal, TypeAlias, TypeVar, assert_never

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from stasis_refer.core.application import Application
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.intents import (
    Alert,
    CalleeRefused,
    DocumentFailed,
    FetchKind,
    LateSuccess,
    Note,
    TellKind,
    TransferBegan,
    TransferEnded,
    TransferTimes,
)
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason

OTHER: Final = "other"
NO_GROUP: Final = "none"  # of targets that no policy rule decided on
OK: Final = "ok"
PACKET_RESULTS: Final = (
    "accepted",
    "passed_over",  # of no live call
    "bad_password",
    "unknown_source",
    "malformed",
    "wrong_capture_id",
)
ALERT_CODES: Final = ("13801", "13802")
SIP_CODES: Final = tuple(
    str(code)
    for code in (
        *(100, 180, 181, 182, 183, 200, 202, 300, 301, 302, 400, 401, 403, 404, 405, 406, 407),
        *(408, 410, 415, 420, 423, 429, 480, 481, 482, 483, 484, 486, 487, 488, 489, 491, 493),
        *(500, 501, 502, 503, 504, 513, 600, 603, 604, 606, 607, 608),
    )
)
ARI_EVENTS: Final = (  # models of Asterisk's rest-api/api-docs/events.json
    *("ApplicationMoveFailed", "ApplicationReplaced", "ChannelCallerId", "ChannelConnectedLine"),
    *("ChannelCreated", "ChannelDestroyed", "ChannelDialplan", "ChannelDtmfReceived"),
    *("ChannelEnteredBridge", "ChannelHangupRequest", "ChannelHold", "ChannelLeftBridge"),
    *("ChannelStateChange", "ChannelTransfer", "ChannelUnhold", "ChannelUserevent"),
    *("ChannelVarset", "BridgeAttendedTransfer", "BridgeBlindTransfer", "BridgeCreated"),
    *("BridgeDestroyed", "BridgeMerged", "Dial", "MissingParams", "PlaybackContinuing"),
    *("PlaybackFinished", "PlaybackStarted", "RecordingFailed", "RecordingFinished"),
    *("RecordingStarted", "RESTResponse", "StasisEnd", "StasisStart"),
)

# The failures of documents that are limits of ours; a value of the label ``limit`` each.
_LIMITS: Final = {
    FetchFailure.TOO_LARGE: "document_size",
    FetchFailure.LIMIT: "document_shape",
    FetchFailure.TOO_MANY_STEPS: "document_steps",
}

BODY_LIMIT: Final = "http_body"
HTTP_LIMITS: Final = ("http_rate", "http_failures", BODY_LIMIT, "http_streams")
"""The limits of REST, as further values of the label ``limit``."""

# Upper edges of the histograms' buckets, in seconds. 15 and 30 are where the dialects' own
# time limits end; 32 is Timer F (RFC 3261, 17.1.2.2).
_TRANSFER: Final = (0.25, 0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180)
_RESPONSE: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32)
_RINGING: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 30)
_WEBHOOK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30)
_REQUEST: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10)
_LAG: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

_Axes: TypeAlias = dict[str, tuple[str, ...]]
_Kind = TypeVar("_Kind", bound=MetricWrapperBase)


class _Family(Generic[_Kind]):
    """One metric with all its children made: to find one is a dict look-up."""

    def __init__(self, metric: _Kind, axes: _Axes) -> None:
        self._axes = tuple(axes.values())
        self._children: dict[tuple[str, ...], _Kind] = (
            {key: metric.labels(*key) for key in product(*self._axes)} if axes else {(): metric}
        )

    def at(self, *values: str) -> _Kind:
        child = self._children.get(values)
        if child is None:
            pairs = zip(values, self._axes, strict=True)
            child = self._children[tuple(v if v in axis else OTHER for v, axis in pairs)]
        return child


class _Board:
    """Makes metrics in a registry of its own; ``options`` are those of prometheus_client."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def __call__(
        self,
        kind: Callable[..., _Kind],
        name: str,
        text: str,
        axes: _Axes | None = None,
        **options: object,
    ) -> _Family[_Kind]:
        metric = kind(
            name, text, axes or (), namespace="stasis_refer", registry=self.registry, **options
        )
        return _Family(metric, axes or {})


def _axis(label: str, values: Iterable[str], *more: str) -> _Axes:
    """Return a label with its values. It needs OTHER when they come to us as mere text."""
    return {label: tuple(dict.fromkeys((*values, *more)))}


class _Transfers:
    """What became of transfers."""

    def __init__(
        self, board: _Board, spoken: _Axes, apps: Iterable[str], groups: Iterable[str]
    ) -> None:
        way, outcome = _axis("direction", Direction), _axis("outcome", Outcome)
        app = _axis("application", apps, OTHER)
        group, seen = _axis("group", groups, NO_GROUP, OTHER), _axis("evidence", Evidence)
        text = "Transfers asked for."
        self._started = board(Counter, "transfers_started_total", text, spoken | way)
        text = "Transfers ended."
        self._ended = board(Counter, "transfers_total", text, spoken | way | outcome | seen)
        self._running = board(Gauge, "transfers_in_progress", "Transfers under way.", way)
        name, text = "transfer_duration_seconds", "From the request to the outcome."
        self._duration = board(Histogram, name, text, way | outcome, buckets=_TRANSFER)
        text = "From the REFER to its response."
        self._response = board(Histogram, "refer_response_seconds", text, buckets=_RESPONSE)
        text = "From the REFER to the first ringing NOTIFY."
        self._ringing = board(Histogram, "time_to_ringing_seconds", text, buckets=_RINGING)
        text = "From the REFER to success."
        self._answer = board(Histogram, "time_to_answer_seconds", text, buckets=_TRANSFER)
        text = "Transfers ended, by the policy rule that decided on the target."
        self._targets = board(Counter, "targets_total", text, group | outcome)
        text = "Transfers ended, by application."
        self._apps = board(Counter, "application_transfers_total", text, app | way | outcome)
        text = "Why transfers ended as they did."
        self._reasons = board(Counter, "transfer_reasons_total", text, _axis("reason", Reason))
        text = "Transfers on which SIP and Asterisk disagree."
        self._conflicts = board(Counter, "witness_conflicts_total", text)

    def began(self, application: Application, note: TransferBegan) -> None:
        self._started.at(application.dialect, note.direction).inc()
        self._running.at(note.direction).inc()

    def goes_on(self, direction: Direction) -> None:
        """Count one that was begun before a restart, and has not ended."""
        self._running.at(direction).inc()

    def ended(self, application: Application, note: TransferEnded) -> None:
        way, result, times = note.direction, note.result, note.times
        outcome = result.outcome
        self._running.at(way).dec()
        self._ended.at(application.dialect, way, outcome, result.evidence).inc()
        self._apps.at(application.name, way, outcome).inc()
        self._targets.at(note.group or NO_GROUP, outcome).inc()
        self._reasons.at(result.reason).inc()
        self._duration.at(way, outcome).observe(times.ended)
        if way is Direction.SENT:
            self._timed(outcome, times)
        if result.conflict:
            self._conflicts.at().inc()

    def _timed(self, outcome: Outcome, times: TransferTimes) -> None:
        """Take the times of a REFER that we sent: of one that was received there are no such."""
        if times.answered is not None:
            self._response.at().observe(times.answered)
        if times.ringing is not None:
            self._ringing.at().observe(times.ringing)
        if outcome is Outcome.COMPLETED:
            self._answer.at().observe(times.ended)

    def late_success(self) -> None:
        self._reasons.at(Reason.LATE_SUCCESS).inc()


class Metrics:
    """All metrics, in a registry of their own: several may live in one process.

    ``dialects`` are those in use, ``applications`` and ``groups`` (of the target policy) the
    configured names. Durations are seconds. Nothing here blocks or raises.
    """

    def __init__(
        self,
        version: str,
        *,
        dialects: Iterable[str],
        applications: Iterable[str] = (),
        groups: Iterable[str] = (),
    ) -> None:
        # A switch of the library, not state of ours: no `…_created` beside each counter.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        spoken = _axis("dialect", dialects, OTHER)
        self._board = board = _Board()
        self._transfers = _Transfers(board, spoken, applications, groups)
        self._make_webhooks(spoken)
        self._make_asterisk()
        code, limit = (
            _axis("code", ALERT_CODES, OTHER),
            _axis("limit", _LIMITS.values(), *HTTP_LIMITS),
        )
        self._alerts = board(Counter, "alerts_total", "Alerts to the operator.", code)
        self._limits = board(Counter, "limits_reached_total", "Limits reached.", limit)
        text = "How late the event loop runs what is due."
        self._lag = board(Histogram, "event_loop_lag_seconds", text, buckets=_LAG)
        self._draining = board(Gauge, "draining", "1 while no new calls are taken.")
        text = "Writes to the ledger that failed, each tried again."
        self._unwritten = board(Counter, "ledger_writes_failed_total", text)
        text = "1, with the version as label."
        board(Gauge, "build_info", text, _axis("version", [version])).at(version).set(1)

    def _make_webhooks(self, spoken: _Axes) -> None:
        board = self._board
        kind = _axis("kind", [*FetchKind, *TellKind], OTHER)
        result = _axis("result", [OK], *FetchFailure, OTHER)
        reason = _axis("reason", FetchFailure, OTHER)
        text = "Webhook requests, by how they ended."
        self._webhooks = board(Counter, "webhook_requests_total", text, spoken | kind | result)
        text = "Webhook requests, retries included."
        self._webhook_duration = board(
            Histogram, "webhook_duration_seconds", text, kind, buckets=_WEBHOOK
        )
        text = "Parcels that applications are still to be told; from 1000000 on none is kept."
        self._outbox = board(Gauge, "outbox_pending", text)
        text = "Documents that could not be had or run."
        self._rejected = board(Counter, "documents_rejected_total", text, spoken | reason)

    def _make_asterisk(self) -> None:
        board = self._board
        event, result = _axis("type", ARI_EVENTS, OTHER), _axis("result", PACKET_RESULTS, OTHER)
        answer = _axis("phase", ["refer", "notify"]) | _axis("code", SIP_CODES, OTHER)
        self._connected = board(Gauge, "ari_connected", "1 while the ARI WebSocket is up.")
        self._events = board(Counter, "ari_events_total", "Events received from ARI.", event)
        text = "ARI requests, from sent to answered."
        self._requests = board(Histogram, "ari_request_duration_seconds", text, buckets=_REQUEST)
        self._packets = board(Counter, "capture_packets_total", "HEP packets received.", result)
        text = "SIP statuses, in responses to a REFER and in NOTIFY bodies."
        self._sip = board(Counter, "sip_responses_total", text, answer)
        self._calls = board(Gauge, "calls_in_progress", "Live calls.")

    def goes_on(self, direction: Direction) -> None:
        """Count a transfer that was begun before a restart, and has not ended."""
        self._transfers.goes_on(direction)

    def note(self, application: Application, note: Note) -> None:
        """Count what the core wants known of one of the application's calls."""
        match note:
            case TransferBegan():
                self._transfers.began(application, note)
            case TransferEnded():
                self._transfers.ended(application, note)
            case LateSuccess():
                self._transfers.late_success()
            case DocumentFailed():
                self._rejected.at(application.dialect, note.failure).inc()
                if limit := _LIMITS.get(note.failure):
                    self._limits.at(limit).inc()
            case Alert():
                self._alerts.at(str(note.code)).inc()
            case CalleeRefused():
                pass  # no transfer, so no metric counts it: the log tells
            case _:
                assert_never(note)

    def limit(self, limit: str) -> None:
        """Count that a limit was reached; it is one of HTTP_LIMITS."""
        self._limits.at(limit).inc()

    def webhook(self, dialect: str, kind: str, result: str, seconds: float) -> None:
        """Count a webhook: a ``FetchKind`` or ``TellKind``, OK or a ``FetchFailure``."""
        self._webhooks.at(dialect, kind, result).inc()
        self._webhook_duration.at(kind).observe(seconds)

    def outbox(self, pending: int) -> None:
        """Say how many parcels are not delivered yet."""
        self._outbox.at().set(pending)

    def ari_event(self, event: str) -> None:
        """Count an ARI event by its ``type``."""
        self._events.at(event).inc()

    def ari_request(self, seconds: float) -> None:
        """Time one ARI request, whatever its answer."""
        self._requests.at().observe(seconds)

    def ari_connected(self, connected: bool) -> None:  # noqa: FBT001 - the state itself
        """Show whether the ARI WebSocket is up."""
        self._connected.at().set(connected)

    def packet(self, result: str) -> None:
        """Count a captured packet; ``result`` is one of PACKET_RESULTS."""
        self._packets.at(result).inc()

    def sip_response(self, phase: Literal["refer", "notify"], code: int | None) -> None:
        """Count a status told in answer to a REFER or by a NOTIFY; None: it was not readable."""
        self._sip.at(phase, str(code)).inc()

    def calls(self, number: int) -> None:
        """Say how many calls are live."""
        self._calls.at().set(number)

    def draining(self, draining: bool) -> None:  # noqa: FBT001 - the state itself
        """Show whether new calls are refused because the program stops."""
        self._draining.at().set(draining)

    def loop_lag(self, seconds: float) -> None:
        """Record how late the event loop ran a timer."""
        self._lag.at().observe(seconds)

    def ledger_write_failed(self) -> None:
        """Count a write to the ledger that failed."""
        self._unwritten.at().inc()

    def render(self) -> bytes:
        """Return the page for Prometheus, text format 0.0.4. Safe in another thread."""
        return prometheus_client.generate_latest(self._board.registry)
