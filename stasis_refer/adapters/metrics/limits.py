"""The limits that keep one application, or one stranger, from taking everything."""

from typing import Final

from prometheus_client import Counter

from stasis_refer.adapters.metrics.board import OTHER, Board, axis
from stasis_refer.core.events import FetchFailure
from stasis_refer.runtime.capacity import Limit

# The failures of documents that are limits of ours; a value of the label ``limit`` each.
_OF_DOCUMENTS: Final = {
    FetchFailure.TOO_LARGE: "document_size",
    FetchFailure.LIMIT: "document_shape",
    FetchFailure.TOO_MANY_STEPS: "document_steps",
}

BODY_LIMIT: Final = "http_body"
CONNECTION_LIMIT: Final = "connections"
HTTP_LIMITS: Final = ("http_rate", "http_failures", BODY_LIMIT, "http_streams", CONNECTION_LIMIT)
"""The limits of REST, as further values of the label ``limit``."""

LIMITS: Final = (*_OF_DOCUMENTS.values(), *HTTP_LIMITS, *Limit)


class Limits:
    """Counts limits that were reached: of documents by the journal's word, others by their own."""

    def __init__(self, board: Board) -> None:
        limit = axis("limit", LIMITS, OTHER)
        self._reached = board(Counter, "limits_reached_total", "Limits reached.", limit)

    def reached(self, limit: str) -> None:
        """Count it; it is one of LIMITS."""
        self._reached.at(limit).inc()

    def rejected(self, failure: FetchFailure) -> None:
        """Count the limit that a document is over, if that is why it could not be had or run."""
        if limit := _OF_DOCUMENTS.get(failure):
            self.reached(limit)
