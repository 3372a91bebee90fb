"""Requests to the customers' applications, and the documents that come back."""

from typing import Final

from prometheus_client import Counter, Histogram

from stasis_refer.adapters.metrics.board import OTHER, Axes, Board, axis
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.intents import FetchKind, TellKind

OK: Final = "ok"
KINDS: Final = (*FetchKind, *TellKind)

# They are about what a call did with its documents, whatever the requests brought.
_OF_CALLS: Final = frozenset({FetchFailure.TOO_MANY_STEPS, FetchFailure.NOT_SIP})
RESULTS: Final = (OK, *(each for each in FetchFailure if each not in _OF_CALLS))

# Upper edges of the buckets, in seconds.
_WEBHOOK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30)


class Webhooks:
    """Counts webhooks, told by those who make them, and documents, told by the journal."""

    def __init__(self, board: Board, spoken: Axes) -> None:
        kind = axis("kind", KINDS, OTHER)
        result = axis("result", RESULTS, OTHER)
        reason = axis("reason", FetchFailure, OTHER)
        name, text = "webhook_requests_total", "Webhook requests, by how they ended."
        self._requests = board(Counter, name, text, spoken | kind | result)
        name, text = "webhook_duration_seconds", "Webhook requests, retries included."
        self._duration = board(Histogram, name, text, kind, buckets=_WEBHOOK)
        name, text = "documents_rejected_total", "Documents that could not be had or run."
        self._rejected = board(Counter, name, text, spoken | reason)

    def ended(self, dialect: str, kind: str, result: str, seconds: float) -> None:
        """Count a webhook; ``kind`` is one of KINDS and ``result`` one of RESULTS."""
        self._requests.at(dialect, kind, result).inc()
        self._duration.at(kind).observe(seconds)

    def rejected(self, dialect: str, failure: FetchFailure) -> None:
        """Count a document that could not be had or run."""
        self._rejected.at(dialect, failure).inc()
