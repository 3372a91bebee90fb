"""Facts the core is told. A closed union: add here, then mypy shows where.

``message`` is the captured message that tells of it, None where it was none: for taps alone.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from stasis_refer.core.allowance import QuotasTold
from stasis_refer.core.found import Found
from stasis_refer.core.handing_over import GivenBack, HandedOver, Replaced
from stasis_refer.core.message import Message
from stasis_refer.core.orders import Order
from stasis_refer.core.verbs import Document


@dataclass(frozen=True, slots=True)
class ChannelUp:
    """The channel is answered."""


@dataclass(frozen=True, slots=True)
class ChannelRinging:
    """The far end of a leg that we called rings."""


@dataclass(frozen=True, slots=True)
class ChannelHeld:
    """The far end put us on hold."""


@dataclass(frozen=True, slots=True)
class ChannelResumed:
    """The far end took us off hold."""


class TransferStatus(StrEnum):
    """Asterisk's ``TRANSFERSTATUS`` (app_transfer.c)."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    UNSUPPORTED = "UNSUPPORTED"


@dataclass(frozen=True, slots=True)
class ChannelReturned:
    """The channel is back from ``Transfer()``; ``code`` is 0 or a SIP status from 300 on.

    ``number`` says which REFER of the call it was, None where Asterisk does not tell.
    """

    status: TransferStatus
    code: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The far end hung up, or the channel is gone.

    ``told`` is what ``Transfer()`` had said by then, None where it said nothing. ``status`` is
    the SIP status that a leg of ours ended with before it was answered, None where not known.
    ``unheard``: nobody heard for a while, up to now, what Asterisk told of it.
    """

    told: ChannelReturned | None = None
    status: int | None = None
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class ReferSeen:
    """Our REFER was captured on the wire."""

    cseq: int
    message: Message | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ReferAnswered:
    """The transferee answered our REFER; ``subscribed`` is False on ``Refer-Sub: false``."""

    code: int
    cseq: int
    subscribed: bool = True  # RFC 4488
    message: Message | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ReferNotified:
    """A NOTIFY of the refer subscription was captured.

    ``code`` is the sipfrag's status, None when it cannot be read. ``refer_id`` is the
    ``id`` of its Event header (RFC 3515, 2.4.6), None when there is none.
    """

    code: int | None
    terminated: bool
    cseq: int
    refer_id: int | None = None
    message: Message | None = field(default=None, compare=False, repr=False)


class FetchFailure(StrEnum):
    """Why a document could not be had, or could not be run."""

    CONNECTION = "connection"  # no connection, or it broke
    TLS = "tls"
    TIMEOUT = "timeout"
    STATUS = "status"  # 4xx, 5xx
    REDIRECTS = "redirects"  # too many, or to nowhere
    FORBIDDEN = "forbidden"  # an address that webhooks may not reach
    TOO_LARGE = "too_large"
    CONTENT_TYPE = "content_type"
    EMPTY = "empty"
    NOT_WELL_FORMED = "not_well_formed"
    LIMIT = "limit"  # depth, elements, attributes
    UNKNOWN_VERB = "unknown_verb"
    NOT_VALID = "not_valid"  # wrong nesting, wrong attribute value
    TOO_MANY_STEPS = "too_many_steps"  # documents that redirect without end
    NOT_SIP = "not_sip"  # Refer on a leg that is not SIP


@dataclass(frozen=True, slots=True)
class DocumentFetched:
    """A document was fetched and parsed; ``number`` is that of the ``Fetch``."""

    document: Document
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """No document was to be had from ``url``; ``message`` says where and what to do.

    ``number`` is that of the ``Fetch``, None where none was made.
    """

    failure: FetchFailure
    url: str
    message: str
    line: int | None = None
    column: int | None = None
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """What was played is over, or could not be played (``ok`` False)."""

    playback: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Regained:
    """Asterisk is connected again, and the channel is in our hands.

    What was asked of it, or happened to it, before is not known. ``up``: it was answered by now.
    """

    up: bool = False


@dataclass(frozen=True, slots=True)
class Restarted:
    """The program ended suddenly and runs again, and this is how the channel was found.

    What was asked for right before may not have been done, and what happened meanwhile was not
    heard. ``back`` is what the dialplan said by then of a channel that was in it, None where it
    said nothing. ``plays``: the sound that was started last is still on. ``bridge`` is the one
    that it is in.
    """

    found: Found
    up: bool = False
    back: "ChannelReturned | QueueLeft | None" = None
    plays: bool = False
    bridge: str = ""


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """The caller pressed a key: one of ``0123456789*#ABCD``."""

    digit: str


@dataclass(frozen=True, slots=True)
class Bridged:
    """The channel was connected to another one, by us or by the dialplan."""


@dataclass(frozen=True, slots=True)
class Unbridged:
    """The channel is on its own again."""


@dataclass(frozen=True, slots=True)
class LegCreated:
    """A channel was made for a leg; nobody is called yet.

    ``call_id`` is its SIP Call-ID, ``captured`` whether its messages are.
    """

    call_id: str
    captured: bool = False


@dataclass(frozen=True, slots=True)
class InviteAnswered:
    """A final response to an INVITE of ours was captured."""

    code: int


@dataclass(frozen=True, slots=True)
class ReferCaptured:
    """A REFER of the far end's was captured; header values are as received.

    ``headers`` are those whose name begins with X-, and User-to-User.
    """

    cseq: int
    refer_to: str
    referred_by: str = ""
    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    message: Message | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ReferRefused:
    """Asterisk itself refused a REFER of the far end's, with this SIP status."""

    cseq: int
    code: int
    message: Message | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SipSeen:
    """A message was captured that belongs to a REFER, and means nothing to the call."""

    message: Message


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """Asterisk took a REFER from the far end, and leaves it to us (``ari-only``).

    ``user`` is the user part of Refer-To. ``attended``: it has Replaces, and ``replaced`` is
    the channel of that dialog, '' where it is none of this Asterisk's.
    """

    user: str
    referred_by: str = ""
    attended: bool = False
    replaced: str = ""


@dataclass(frozen=True, slots=True)
class TransferReported:
    """A NOTIFY of the far end's REFER left, or would have with ``Refer-Sub: false``."""

    final: bool


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A recording is there, or failed (``ok`` False); ``seconds`` is how long it is."""

    recording: str
    seconds: float = 0.0
    ok: bool = True


class QueueStatus(StrEnum):
    """Asterisk's ``QUEUESTATUS`` (app_queue.c), and what it leaves unsaid."""

    TIMEOUT = "TIMEOUT"
    FULL = "FULL"
    JOIN_EMPTY = "JOINEMPTY"
    LEAVE_EMPTY = "LEAVEEMPTY"
    JOIN_UNAVAILABLE = "JOINUNAVAIL"
    LEAVE_UNAVAILABLE = "LEAVEUNAVAIL"
    CONTINUE = "CONTINUE"  # a member took the call and hung up
    WITHDRAWN = "WITHDRAW"
    UNKNOWN = "UNKNOWN"  # there is no such queue


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The channel is back from ``Queue()``."""

    status: QueueStatus


class Command(StrEnum):
    """What was asked of Asterisk, for the answer that refuses it."""

    ANSWER = "answer"
    QUEUE = "queue"
    REFER = "refer"
    BREAK_OFF = "break_off"
    CREATE = "create"  # a channel for a leg
    RING = "ring"  # the far end of a leg
    CONNECT = "connect"
    REPORT = "report"  # to who sent a REFER


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """Asterisk refused a command (``status``: its HTTP code, 0 when it never answered)."""

    command: Command
    status: int


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The transfer that was begun last goes no further: as many as may be are under way.

    ``detail`` is a sentence for the log.
    """

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Somebody outside asks something of a party of the call; ``AnswerOrder`` says what came of it.

    ``ticket`` is of no meaning to the core; ``key`` is the party's.
    """

    ticket: str
    key: str
    order: Order


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The call's deadline has come."""


@dataclass(frozen=True, slots=True)
class DrainOver:
    """The program stops: the call has to go back to the dialplan."""


OfChannel: TypeAlias = (
    ChannelUp
    | ChannelRinging
    | ChannelHeld
    | ChannelResumed
    | CallEnded
    | ChannelReturned
    | ReferSeen
    | ReferAnswered
    | ReferNotified
    | DocumentFetched
    | FetchFailed
    | PlaybackEnded
    | Regained
    | Restarted
    | DigitPressed
    | Bridged
    | Unbridged
    | LegCreated
    | InviteAnswered
    | ReferCaptured
    | ReferRefused
    | SipSeen
    | TransferRequested
    | TransferReported
    | Replaced
    | HandedOver
    | GivenBack
    | Ordered
    | RecordingEnded
    | QueueLeft
    | CommandRefused
    | LimitReached
    | DeadlinePassed
    | DrainOver
    | QuotasTold
)


@dataclass(frozen=True, slots=True)
class OfLeg:
    """An event of another channel of the call than the one whose document runs."""

    channel: str
    event: OfChannel


Event: TypeAlias = OfChannel | OfLeg
