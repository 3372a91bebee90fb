"""What an application is told beyond the address it is told at: how things stand and ended."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from stasis_refer.core.events import FetchFailed
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.outcome import Outcome, Result
from stasis_refer.core.verbs import LegEvent


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stands. ``answered_after`` is in seconds from its start, None while it rings."""

    status: CallStatus
    answered_after: float | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Transferred:
    """A transfer is over; ``name`` is the document's own name for its verb.

    ``number`` is which one of its call it was.
    """

    result: Result
    name: str = ""
    number: int = field(default=0, compare=False)


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
class Recorded:
    """A recording; ``name`` is of our choice and ``seconds`` its length."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Dialed:
    """A Dial is over: ``outcome`` is one of completed, busy, no_answer, failed, canceled, blocked.

    ``info`` is of the leg that answered, else of the one whose end decided, None where nobody
    was called. ``code`` is the final response to its INVITE, None where not known, ``seconds``
    how long both were connected. ``hung_up``: the callee ended the connection.
    """

    outcome: Outcome
    info: CallInfo | None = None
    code: int | None = None
    seconds: float = 0.0
    connected: bool = False
    hung_up: bool = False
    recorded: Recorded | None = None
    tag: str = ""  # of the leg
    name: str = ""  # the document's own for its verb


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """A party sent a REFER, and asks where the other one, the transferee, is to go.

    ``refer_to`` and ``referred_by`` are the headers' values as received; where nothing is
    captured ``refer_to`` is only the user part, and then ``whole`` is False. ``headers`` are
    further ones of the REFER, X-… and User-to-User.
    """

    refer_to: str
    user: str
    transferor: CallInfo
    transferee: CallInfo
    referred_by: str = ""
    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    whole: bool = True


@dataclass(frozen=True, slots=True)
class LegProgress:
    """What happened to a leg that a Dial called; ``number`` counts what is told of it from 0.

    ``code`` is the final response to its INVITE, None while there is none or not known.
    """

    event: LegEvent
    number: int
    code: int | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A NOTIFY told this of a transfer that is under way, or of its end."""

    notify_code: int


FetchAbout: TypeAlias = (
    Transferred | Gathered | LeftQueue | Dialed | TransferAsked | FetchFailed | None
)
"""What a request for a document tells beyond how the call stands."""


TellAbout: TypeAlias = Progress | Transferred | LegProgress | Recorded | FetchFailed | None
"""What is told beyond how the call stands."""
