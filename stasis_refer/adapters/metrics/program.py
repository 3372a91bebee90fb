"""The program itself: how it is, and what it has to do."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

from stasis_refer.adapters.metrics.board import OTHER, Board, axis

ALERT_CODES: Final = ("13801", "13802")

# Upper edges of the buckets, in seconds.
_LAG: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Program:
    """Shows how the program is; told by those who run it, of alerts by the journal.

    Memory, CPU, files and the time of the start, in which a restart shows, are the kernel's word
    (Linux only), under the names that such metrics have everywhere: ``process_…``.
    """

    def __init__(self, board: Board, version: str) -> None:
        self._calls = board(Gauge, "calls_in_progress", "Live calls.")
        self._draining = board(Gauge, "draining", "1 while no new calls are taken.")
        self._ready = board(Gauge, "ready", "1 while /readyz says so, looked at each second.")
        text = "How late the event loop runs what is due."
        self._lag = board(Histogram, "event_loop_lag_seconds", text, buckets=_LAG)
        code = axis("code", ALERT_CODES, OTHER)
        self._alerts = board(Counter, "alerts_total", "Alerts to the operator.", code)
        text = "1, with the version as label."
        board(Gauge, "build_info", text, axis("version", [version])).at(version).set(1)
        ProcessCollector(registry=board.registry)
        PlatformCollector(registry=board.registry)

    def calls(self, number: int) -> None:
        """Say how many calls are live."""
        self._calls.at().set(number)

    def draining(self, draining: bool) -> None:  # noqa: FBT001 - the state itself
        """Show whether new calls are refused because the program stops."""
        self._draining.at().set(draining)

    def ready(self, ready: bool) -> None:  # noqa: FBT001 - the state itself
        """Show whether calls should be sent here."""
        self._ready.at().set(ready)

    def loop_lag(self, seconds: float) -> None:
        """Record how late the event loop ran a timer."""
        self._lag.at().observe(seconds)

    def alert(self, code: int) -> None:
        """Count an alert by its documented number."""
        self._alerts.at(str(code)).inc()
