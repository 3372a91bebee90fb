"""What is written down, and what is still to be told."""

from prometheus_client import Counter, Gauge

from stasis_refer.adapters.metrics.board import Board


class Ledger:
    """Counts for the ledger and the outbox; told by each."""

    def __init__(self, board: Board) -> None:
        text = "Parcels that applications are still to be told; from 1000000 on none is kept."
        self._outbox = board(Gauge, "outbox_pending", text)
        text = "Writes to the ledger that failed, each tried again."
        self._unwritten = board(Counter, "ledger_writes_failed_total", text)

    def outbox(self, pending: int) -> None:
        """Say how many parcels are not delivered yet."""
        self._outbox.at().set(pending)

    def write_failed(self) -> None:
        """Count a write to the ledger that failed."""
        self._unwritten.at().inc()
