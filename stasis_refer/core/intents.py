"""What the core asks the world to do. It never learns how."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from stasis_refer.core.application import Callback
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.outcome import Direction, Result
from stasis_refer.core.verbs import Source


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the ringing channel; ``ChannelUp`` follows."""


@dataclass(frozen=True, slots=True)
class SendRefer:
    """Send a REFER in the call's dialog; ``ChannelReturned`` follows, whatever becomes of it.

    Both texts were parsed and written again by ``core.uri``; ``headers`` are further ones of the
    REFER, checked by ``core.headers``. ``number`` counts the REFERs of a call from 1.
    """

    refer_to: str
    referred_by: str | None = None
    number: int = 1
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BreakOff:
    """Take the channel out of ``Transfer()``; ``ChannelReturned`` follows."""


class FetchKind(StrEnum):
    """What a document is fetched for; one value of the metric label ``kind`` each."""

    DOCUMENT = "document"
    ACTION = "action"
    FALLBACK = "fallback"


class CallStatus(StrEnum):
    """Where a call stands, in no vendor's words."""

    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    BUSY = "busy"  # refused by its application as busy
    REJECTED = "rejected"  # refused by its application otherwise
    FAILED = "failed"  # refused because its application could not be asked


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stands. ``answered_after`` is in seconds from its start, None while it rings."""

    status: CallStatus
    answered_after: float | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Transferred:
    """A transfer is over; ``name`` is the document's own name for its verb."""

    result: Result
    name: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The caller's digits; ``finished_by`` is the key that ended them, '' without one."""

    digits: str
    finished_by: str = ""
    name: str = ""


class QueueResult(StrEnum):
    """How the wait in a queue ended, in no vendor's words."""

    CONNECTED = "connected"  # a member took the call; it is over
    FULL = "full"
    EMPTY = "empty"  # there is nobody who could take the call
    TIMEOUT = "timeout"
    WITHDRAWN = "withdrawn"
    HANGUP = "hangup"  # the caller did not wait
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LeftQueue:
    """The wait in a queue is over; ``waited`` is in seconds, up to the connection if any."""

    queue: str
    result: QueueResult
    waited: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A NOTIFY told this of a transfer that is under way, or of its end."""

    notify_code: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """Request a document; ``DocumentFetched`` or ``FetchFailed`` follows.

    ``about`` is what the request tells; of a fallback, what it is asked to mend.
    ``instead_of`` is the request a fallback stands in for, None where none was made.
    """

    kind: FetchKind
    callback: Callback
    standing: Standing
    about: Transferred | Gathered | LeftQueue | FetchFailed | None = None
    instead_of: "Fetch | None" = None


class TellKind(StrEnum):
    """What an application is told, whatever it replies; values of the label ``kind``."""

    STATUS = "status"  # the call is over
    EVENT = "event"  # a NOTIFY
    ACTION = "action"  # a transfer that ended the call


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the application, at least once and in order; nothing follows.

    ``about`` goes with the kind: of STATUS the failure that ended the call, if one did.
    """

    kind: TellKind
    callback: Callback
    standing: Standing
    about: Progress | Transferred | FetchFailed | None = None
    duration: float = 0.0  # seconds since the call was answered


@dataclass(frozen=True, slots=True)
class StartPlayback:
    """Play a source to the caller; ``PlaybackEnded`` with the same name follows."""

    playback: str
    source: Source


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Stop what is played."""

    playback: str


@dataclass(frozen=True, slots=True)
class IndicateRinging:
    """Send 180 on the ringing channel."""


@dataclass(frozen=True, slots=True)
class JoinQueue:
    """Send the channel into ``Queue()``; ``QueueLeft`` follows, or ``CallEnded``."""

    queue: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call. ``status`` is what a ringing one is refused with, None for a plain end."""

    status: int | None = None


@dataclass(frozen=True, slots=True)
class ReturnToDialplan:
    """Let the channel go on in the dialplan, behind ``Stasis()``."""


@dataclass(frozen=True, slots=True)
class TransferBegan:
    """A transfer was asked for."""

    direction: Direction
    target: str


@dataclass(frozen=True, slots=True)
class TransferTimes:
    """Seconds since the transfer began; None where it never came so far."""

    answered: float | None = None  # the response to the REFER
    ringing: float | None = None  # the first NOTIFY with 180 to 199
    ended: float = 0.0


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """A transfer is over; exactly one for each ``TransferBegan``."""

    direction: Direction
    target: str
    group: str  # of the policy rule that decided, '' when none did
    result: Result
    times: TransferTimes


@dataclass(frozen=True, slots=True)
class LateSuccess:
    """A 2xx NOTIFY came after the application was told ``unconfirmed``."""

    code: int


@dataclass(frozen=True, slots=True)
class DocumentFailed:
    """A document could not be had or run."""

    failure: FetchFailure
    url: str
    message: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the operator must hear of, under its documented number."""

    code: int
    message: str


Note: TypeAlias = TransferBegan | TransferEnded | LateSuccess | DocumentFailed | Alert
"""Intents nobody performs: they are there for the taps (metrics, log, ledger) to read."""

Deed: TypeAlias = (
    Answer
    | SendRefer
    | BreakOff
    | Fetch
    | Tell
    | StartPlayback
    | StopPlayback
    | IndicateRinging
    | JoinQueue
    | HangUp
    | ReturnToDialplan
)
"""Intents that change the world."""

Intent: TypeAlias = Deed | Note
