"""What became of transfers."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from stasis_refer.adapters.metrics.board import OTHER, Axes, Board, axis
from stasis_refer.core.application import Application
from stasis_refer.core.intents import CalleeRefused, TransferBegan, TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.transfer_id import id_of
from stasis_refer.runtime.book import TransferRecord

NO_GROUP: Final = "none"
"""The group of targets that no policy rule decided on."""

# Upper edges of the histograms' buckets, in seconds. 15 and 30 are where the dialects' own
# time limits end; 32 is Timer F (RFC 3261, 17.1.2.2).
_TRANSFER: Final = (0.25, 0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180)
_RESPONSE: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32)
_RINGING: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 30)


@dataclass(frozen=True, slots=True)
class Names:
    """What is told apart by its name in the configuration.

    ``applications``; ``groups`` of the target policy; PJSIP ``endpoints``.
    """

    applications: Collection[str] = ()
    groups: Collection[str] = ()
    endpoints: Collection[str] = ()


class Transfers:
    """Counts transfers; told by the journal."""

    def __init__(self, board: Board, spoken: Axes, names: Names) -> None:
        way, outcome = axis("direction", Direction), axis("outcome", Outcome)
        app = axis("application", names.applications, OTHER)
        endpoint = axis("endpoint", names.endpoints, OTHER)
        group, seen = axis("group", names.groups, NO_GROUP, OTHER), axis("evidence", Evidence)
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
        text = "Targets of transfers ended, and callees blocked, by the rule that decided."
        self._targets = board(Counter, "targets_total", text, group | outcome)
        text = "Transfers ended, by application."
        self._apps = board(Counter, "application_transfers_total", text, app | way | outcome)
        text = "Transfers by a REFER that we send, ended, by the PJSIP endpoint it goes through."
        self._endpoints = board(Counter, "endpoint_transfers_total", text, endpoint | outcome)
        text = "Why transfers ended as they did."
        self._reasons = board(Counter, "transfer_reasons_total", text, axis("reason", Reason))
        text = "Transfers on which SIP and Asterisk disagree."
        self._conflicts = board(Counter, "witness_conflicts_total", text)

    def began(self, application: Application, note: TransferBegan) -> None:
        """Count one that is under way from now on."""
        self._started.at(application.dialect, note.direction).inc()
        self._running.at(note.direction).inc()

    def goes_on(self, direction: Direction) -> None:
        """Count one that was begun before a restart, and has not ended."""
        self._running.at(direction).inc()

    def lost(self, record: TransferRecord) -> None:
        """Count one that was begun before a restart, and whose end nobody heard.

        How long it took is not known, nor, where the REFER was ours, by which endpoint.
        """
        result = Result(Outcome.ERROR, Reason.RESTARTED, Evidence.NONE)
        note = TransferEnded(record.direction, "", record.group, result, TransferTimes())
        self._over(record.dialect, record.application, note)

    def ended(self, call: str, application: Application, note: TransferEnded) -> None:
        """Count one that is over, and take its times; its id is their exemplar."""
        way, result, outcome = note.direction, note.result, note.result.outcome
        exemplar = {"transfer_id": id_of(call, note.number)}
        self._running.at(way).dec()
        self._over(application.dialect, application.name, note)
        self._duration.at(way, outcome).observe(note.times.ended, exemplar)
        if way is Direction.SENT:
            self._timed(outcome, note.times, exemplar)
        if result.conflict:
            self._conflicts.at().inc()

    def _over(self, dialect: str, application: str, note: TransferEnded) -> None:
        """Count a transfer by everything that tells one from another."""
        way, result, outcome = note.direction, note.result, note.result.outcome
        self._ended.at(dialect, way, outcome, result.evidence).inc()
        self._apps.at(application, way, outcome).inc()
        self._targets.at(note.group or NO_GROUP, outcome).inc()
        self._reasons.at(result.reason).inc()
        if way is Direction.SENT:
            # The target was called by us: of the trunk that says that it refuses REFER.
            by_us = result.reason is Reason.BRIDGED_FALLBACK
            self._endpoints.at(note.endpoint, Outcome.REJECTED if by_us else outcome).inc()

    def not_called(self, note: CalleeRefused) -> None:
        """Count a callee that was blocked; it is no transfer, but a target."""
        if note.reason != Reason.NO_TRUNK:
            self._targets.at(note.group or NO_GROUP, Outcome.BLOCKED).inc()

    def late_success(self) -> None:
        """Count one that succeeded after it was given up."""
        self._reasons.at(Reason.LATE_SUCCESS).inc()

    def _timed(self, outcome: Outcome, times: TransferTimes, exemplar: dict[str, str]) -> None:
        """Take the times of a REFER that we sent: of one that was received there are no such."""
        if times.answered is not None:
            self._response.at().observe(times.answered, exemplar)
        if times.ringing is not None:
            self._ringing.at().observe(times.ringing, exemplar)
        if outcome is Outcome.COMPLETED:
            self._answer.at().observe(times.ended, exemplar)
