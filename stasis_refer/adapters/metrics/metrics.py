"""All metrics together."""

from collections.abc import Iterable
from typing import assert_never

import prometheus_client

from stasis_refer.adapters.metrics.ari import Ari
from stasis_refer.adapters.metrics.board import OTHER, Board, axis
from stasis_refer.adapters.metrics.ledger import Ledger
from stasis_refer.adapters.metrics.limits import Limits
from stasis_refer.adapters.metrics.page import TEXT, Page, format_for
from stasis_refer.adapters.metrics.program import Program
from stasis_refer.adapters.metrics.sip import Sip
from stasis_refer.adapters.metrics.transfers import Names, Transfers
from stasis_refer.adapters.metrics.webhooks import Webhooks
from stasis_refer.core.application import Application
from stasis_refer.core.intents import (
    Alert,
    CalleeRefused,
    DocumentFailed,
    LateSuccess,
    Note,
    QuotaTaken,
    TransferBegan,
    TransferEnded,
)


class Metrics:
    """All metrics, in a registry of their own: several may live in one process.

    ``dialects`` are those in use. Durations are seconds. Nothing here blocks or raises.
    """

    def __init__(self, version: str, dialects: Iterable[str], names: Names) -> None:
        # A switch of the library, not state of ours: no `…_created` beside each counter.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        spoken = axis("dialect", dialects, OTHER)
        board = Board()
        self._page = Page(board.registry)
        self.transfers = Transfers(board, spoken, names)
        self.webhooks = Webhooks(board, spoken)
        self.ari = Ari(board)
        self.sip = Sip(board)
        self.ledger = Ledger(board)
        self.limits = Limits(board)
        self.program = Program(board, version)

    def note(self, call: str, application: Application, note: Note) -> None:
        """Count what the core wants known of one of the application's calls, by the call's key."""
        match note:
            case TransferBegan():
                self.transfers.began(application, note)
            case TransferEnded():
                self.transfers.ended(call, application, note)
            case LateSuccess():
                self.transfers.late_success()
            case DocumentFailed():
                self.webhooks.rejected(application.dialect, note.failure)
                self.limits.rejected(note.failure)
            case Alert():
                self.program.alert(note.code)
            case CalleeRefused():
                self.transfers.not_called(note)
            case QuotaTaken():
                pass  # what it is taken for is counted
            case _:
                assert_never(note)

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return the page for Prometheus and its content type, by the value of a header Accept.

        Safe in another thread.
        """
        form = format_for(accept)
        return self._page.written(form), form

    def render(self) -> bytes:
        """Return the page in the text format 0.0.4."""
        return self._page.written(TEXT)
