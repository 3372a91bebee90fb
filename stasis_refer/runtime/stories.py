"""Transfers and calls as they go: a record that grows, and what of it is to be written down."""

from dataclasses import dataclass, field

from stasis_refer.core import masked
from stasis_refer.core.message import Message
from stasis_refer.runtime.book import CallRecord, Rung, TransferRecord

MOST_RUNGS = 200
"""Messages that are kept of one transfer, whoever goes on sending them; one more says so."""

_NO_MORE = f"(of one transfer {MOST_RUNGS} messages are kept: from here on they are not)"


@dataclass(slots=True, eq=False)
class TransferStory:
    """A transfer as it goes; ``number`` counts those of its call.

    ``rungs`` are the messages that are not written yet, ``written`` how many are. ``row`` is the
    number of its row, and ``kept`` the record as it is there, None while there is none.
    ``latest`` is when its last message was captured. ``late``: whoever watches was told of it
    before it could be written.
    """

    number: int
    record: TransferRecord
    rungs: list[Rung] = field(default_factory=list)
    written: int = 0
    row: int | None = None
    kept: TransferRecord | None = None
    latest: float = 0.0
    late: bool = False

    @property
    def open(self) -> bool:
        """Whether it is under way."""
        return self.record.outcome is None

    def keep(self, row: int, record: TransferRecord, rungs: int) -> bool:
        """Take in that a record and so many messages were written; whether that was all."""
        self.row, self.kept = row, record
        self.written += rungs
        del self.rungs[:rungs]
        return self.record is record and not self.rungs

    def add(self, message: Message, *, hide: bool) -> bool:
        """Take a message into its SIP ladder; ``hide``: its parties are not to be told.

        Returns whether there was room.
        """
        there = self.written + len(self.rungs)
        if there > MOST_RUNGS:
            return False
        # Asterisk stamps what it receives to the millisecond, rounded down, and what it sends to
        # the microsecond: an answer would be there before its request.
        self.latest = max(self.latest, message.at)
        full = there == MOST_RUNGS
        self.rungs.append(
            Rung(self.latest, message.sent, _NO_MORE)
            if full
            else _rung(message, self.latest, hide=hide)
        )
        return True


@dataclass(slots=True, eq=False)
class CallStory:
    """A call or leg as it goes; ``looks`` is what its record depends on."""

    looks: tuple[object, ...]
    record: CallRecord


def _rung(message: Message, at: float, *, hide: bool) -> Rung:
    if not hide:
        return Rung(at, message.sent, message.first_line, message.headers, message.body)
    return Rung(
        at,
        message.sent,
        masked.line(message.first_line),
        tuple((name, masked.line(value)) for name, value in message.headers),
        masked.line(message.body),
    )
