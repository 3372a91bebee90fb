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

    Both texts were parsed and written again by ``core.uri``. ``number`` counts the REFERs of a
    call from 1.
    """

    refer_to: str
    referred_by: str | None = None
    number: int = 1


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
    BUSY = "busy"  # refused by us as busy
    FAILED = "failed"  # refused by us otherwise


@dataclass(frozen=True, slots=True)
class Fetch:
    """Request a document; ``DocumentFetched`` or ``FetchFailed`` follows."""

    kind: FetchKind
    callback: Callback
    status: CallStatus
    result: Result | None = None  # of the transfer this action request tells about
    failure: FetchFailed | None = None  # what the fallback is asked to mend


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the application how the call stands; nothing follows."""

    callback: Callback
    status: CallStatus
    duration: float  # seconds since the call was answered


@dataclass(frozen=True, slots=True)
class StartPlayback:
    """Play a source to the caller; ``PlaybackEnded`` with the same name follows."""

    playback: str
    source: Source


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Stop what is played."""

    playback: str


class HangupCause(StrEnum):
    """Why we end a call; the adapter knows Asterisk's number for each.

    A call that is up ends NORMAL: only what still rings can be told more.
    """

    NORMAL = "normal"
    BUSY = "busy"
    REJECTED = "rejected"
    FAILED = "failed"  # its application could not be asked what to do


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    cause: HangupCause = HangupCause.NORMAL


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
    | HangUp
    | ReturnToDialplan
)
"""Intents that change the world."""

Intent: TypeAlias = Deed | Note
