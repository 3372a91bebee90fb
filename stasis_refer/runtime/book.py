"""What the ledger knows of transfers and calls, and how it is asked.

Times are in seconds since 1970, None where it never came so far.
"""

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from stasis_refer.core.call_record import CallFilter, CallRecord
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason

__all__ = [
    "BadCursorError",
    "Book",
    "CallFilter",
    "CallRecord",
    "Page",
    "Rung",
    "TransferFilter",
    "TransferRecord",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rung:
    """One captured message of a transfer's SIP dialog.

    ``sent`` tells that Asterisk sent it. ``headers`` are those that concern a REFER, in wire
    order; ``body`` is that of a NOTIFY, '' for any other.
    """

    at: float
    sent: bool
    first_line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """One transfer; ``outcome``, ``reason`` and ``evidence`` are None while it is under way.

    ``id`` is the key of its call, a hyphen, and which of the call's transfers it is. ``caller``
    and ``dialed`` are those of the call. ``detail`` says in a sentence what is wrong and what to
    do, '' where there is nothing to say. ``rule`` is the name of the rule of the target policy
    that decided, '' where none did.
    """

    id: str
    call: str
    application: str
    dialect: str
    direction: Direction
    target: str
    group: str
    referred_by: str
    caller: str
    dialed: str
    began_at: float
    accepted_at: float | None = None
    ringing_at: float | None = None
    ended_at: float | None = None
    refer_code: int | None = None
    notify_code: int | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    evidence: Evidence | None = None
    detail: str = ""
    rule: str = ""

    @property
    def refer_answer(self) -> int | None:
        """What the REFER was answered with.

        ``refer_code`` is what the application is told, and that is so also of a REFER that was
        not sent (400, 403), or that nobody answered (408).
        """
        blocked = self.outcome is Outcome.BLOCKED and self.notify_code is None
        silent = blocked or self.outcome is Outcome.UNANSWERED
        return None if silent and self.direction is Direction.SENT else self.refer_code


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """Which transfers are asked for; None and '' stand for any.

    ``since`` and ``until`` bound ``began_at``, the first included and the second not. ``code``
    is that of the REFER's response or of the last NOTIFY, as the application is told;
    ``refer_code`` is a ``refer_answer``. ``open``: whether it is under way.
    """

    since: float | None = None
    until: float | None = None
    outcome: Outcome | None = None
    direction: Direction | None = None
    application: str = ""
    code: int | None = None
    group: str | None = None
    call: str = ""
    open: bool | None = None
    refer_code: int | None = None
    notify_code: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of what was asked for, the newest first.

    ``next`` is the cursor that asks for those behind them, '' where there are no more. ``behind``:
    what has happened since may not be among them, as the ledger cannot be written now.
    """

    items: tuple[T, ...]
    next: str = field(default="")
    behind: bool = False


class BadCursorError(ValueError):
    """What was given as a cursor was never ``next`` of a page."""


class Book(Protocol):
    """The ledger, as it is read. Every method may raise StoreError."""

    async def transfers(
        self, wanted: TransferFilter, cursor: str = "", limit: int = 50
    ) -> Page[TransferRecord]:
        """Return a page of transfers. Raises BadCursorError."""
        ...

    async def transfer(self, id_: str) -> tuple[TransferRecord, tuple[Rung, ...]] | None:
        """Return a transfer and its SIP ladder in the order of time; None when there is none."""
        ...

    async def calls(
        self, wanted: CallFilter, cursor: str = "", limit: int = 50
    ) -> Page[CallRecord]:
        """Return a page of calls, live and over. Raises BadCursorError."""
        ...

    async def call(self, key: str) -> CallRecord | None:
        """Return a call; None when there is none."""
        ...
