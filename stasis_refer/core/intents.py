"""What the core asks the world to do. It never learns how."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from stasis_refer.core.abouts import FetchAbout, Standing, TellAbout
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.leg import Leg
from stasis_refer.core.opening import Lent, Parted
from stasis_refer.core.orders import Verdict
from stasis_refer.core.outcome import Direction, Result
from stasis_refer.core.owed import Owed
from stasis_refer.core.rules import Counted
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
    replaces: str = ""  # the key of another call of ours, whose dialog Refer-To is to name


@dataclass(frozen=True, slots=True)
class BreakOff:
    """Take the channel out of ``Transfer()``; ``ChannelReturned`` follows."""


class FetchKind(StrEnum):
    """What a document is fetched for; one value of the metric label ``kind`` each."""

    DOCUMENT = "document"
    ACTION = "action"
    FALLBACK = "fallback"
    SCREENING = "screening"  # a callee answered: what does it run before it is connected?
    REFER = "refer"  # a party sent a REFER: where is the other one to go?


@dataclass(frozen=True, slots=True)
class Fetch:
    """Request a document; ``DocumentFetched`` or ``FetchFailed`` follows.

    ``about`` is what the request tells; of a fallback, what it is asked to mend.
    ``instead_of`` is the request a fallback stands in for, None where none was made. ``number``
    counts the requests of a call; what follows repeats it, so that no late answer is taken for
    that to another request.
    """

    kind: FetchKind
    callback: Callback
    standing: Standing
    about: FetchAbout = None
    instead_of: "Fetch | None" = None
    number: int = field(default=0, compare=False)


class TellKind(StrEnum):
    """What an application is told, whatever it replies; values of the label ``kind``."""

    STATUS = "status"  # the call is over
    EVENT = "event"  # a NOTIFY
    ACTION = "action"  # a transfer that ended the call
    LEG = "leg"  # something happened to a leg that was dialed
    RECORDING = "recording"  # a recording is there


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the application, at least once and in order; nothing follows.

    ``about`` goes with the kind: of STATUS the failure that ended the call, if one did.
    ``of`` is the leg that it tells of, None for the call whose document runs; ``by`` the
    application that is told, None for the call's own.
    """

    kind: TellKind
    callback: Callback
    standing: Standing
    about: TellAbout = None
    duration: float = 0.0  # seconds since the call was answered
    of: CallInfo | None = None
    by: Application | None = None


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
class AcceptRefers:
    """Let a REFER from the call's far end become ``TransferRequested`` (``ari-only``)."""


@dataclass(frozen=True, slots=True)
class CreateLeg:
    """Make the channel of a leg; ``LegCreated`` follows. A REFER from it is left to us.

    ``endpoint`` is Asterisk's dial string behind ``PJSIP/``; all text in it and in ``headers``
    was parsed and written again by ``core``. ``caller`` is the number it is called from, with a
    name, '' each where unknown.
    """

    channel: str
    endpoint: str
    caller: str = ""
    caller_name: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class RingLeg:
    """Send the INVITE of a leg; ``ChannelRinging``, ``ChannelUp`` or ``CallEnded`` follow."""

    channel: str


@dataclass(frozen=True, slots=True)
class DropLeg:
    """End a leg, in whatever state; ``CallEnded`` follows."""

    channel: str


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect two channels in a bridge that is made for it; ``Bridged`` follows for each.

    ``keys``: keys pressed are to be told. ``recording`` is its name, '' for none;
    ``RecordingEnded`` follows when the bridge is gone.
    """

    bridge: str
    channels: tuple[str, str]
    keys: bool = False
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Separate:
    """Take a bridge away; ``Unbridged`` follows for who is in it."""

    bridge: str


class ReferReport(StrEnum):
    """What a NOTIFY tells the sender of a REFER; ARI's ``transfer_progress`` knows no other."""

    TRYING = "channel_progress"  # 100; all others are final
    ANSWERED = "channel_answered"  # 200
    UNAVAILABLE = "channel_unavailable"  # 503
    DECLINED = "channel_declined"  # 603

    @property
    def code(self) -> int:
        """The status in the NOTIFY."""
        return _CODES[self]


_CODES: Final = {
    ReferReport.TRYING: 100,
    ReferReport.ANSWERED: 200,
    ReferReport.UNAVAILABLE: 503,
    ReferReport.DECLINED: 603,
}


@dataclass(frozen=True, slots=True)
class ReportRefer:
    """Send a NOTIFY of a REFER that was received; ``TransferReported`` follows."""

    channel: str
    report: ReferReport


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Ask for the party that the channel is connected to; ``HandedOver`` follows."""

    channel: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Answer that, to the call of channel ``to``: the leg is its own from now on."""

    to: str
    leg: Leg | None


@dataclass(frozen=True, slots=True)
class Branch:
    """Let a leg be the lead of a new call."""

    leg: Leg
    opening: Parted | Lent


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Return a leg that was lent to the call of key ``to``; ``GivenBack`` is what it hears."""

    to: str
    leg: Leg


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    """Tell who asked what came of it."""

    ticket: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ReturnToDialplan:
    """Let the channel go on in the dialplan, behind ``Stasis()``."""


@dataclass(frozen=True, slots=True)
class TransferBegan:
    """A transfer was asked for; ``number`` counts those of a call from 1, sent and received.

    ``channel`` is the one whose far end the REFER goes to or comes from. ``referred_by`` is as
    in that REFER, '' where it is not known; ``group`` and ``rule`` as of TransferEnded, where it is
    decided.
    ``owed`` is who is to be told of the end, None where nobody is.
    """

    direction: Direction
    target: str
    number: int = field(default=0, compare=False)
    channel: str = field(default="", compare=False)
    referred_by: str = field(default="", compare=False)
    group: str = field(default="", compare=False)
    owed: Owed | None = field(default=None, compare=False, repr=False)
    rule: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class TransferTimes:
    """Seconds since the transfer began; None where it never came so far."""

    answered: float | None = None  # the response to the REFER
    ringing: float | None = None  # the first NOTIFY with 180 to 199
    ended: float = 0.0


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """A transfer is over; exactly one for each ``TransferBegan``.

    ``endpoint`` is the PJSIP endpoint that a REFER of ours goes through, '' of one received.
    ``group`` is that of the policy rule that decided on the target, and ``rule`` its name,
    ``default`` for a pattern in ``[targets] allow``; '' where none did.
    """

    direction: Direction
    target: str
    group: str
    result: Result
    times: TransferTimes
    number: int = field(default=0, compare=False)
    endpoint: str = field(default="", compare=False)
    rule: str = field(default="", compare=False)


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


@dataclass(frozen=True, slots=True)
class CalleeRefused:
    """A callee was not called; ``detail`` is a sentence with place and remedy.

    ``group`` and ``rule`` are as of TransferEnded. ``info`` is what would have been known of its
    leg: ``dialed`` is who was to be called, as far as that can be told.
    """

    group: str
    reason: str
    detail: str
    rule: str = ""
    info: CallInfo | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class QuotaTaken:
    """A transfer or a call was allowed that uses each of these quotas once."""

    quotas: tuple[Counted, ...]


Note: TypeAlias = (
    TransferBegan
    | TransferEnded
    | LateSuccess
    | DocumentFailed
    | CalleeRefused
    | Alert
    | QuotaTaken
)
"""Intents nobody performs: they are there for the taps (metrics, log, ledger) to read."""

Deed: TypeAlias = (
    Answer
    | SendRefer
    | BreakOff
    | Fetch
    | StartPlayback
    | StopPlayback
    | IndicateRinging
    | JoinQueue
    | HangUp
    | ReturnToDialplan
    | AcceptRefers
    | CreateLeg
    | RingLeg
    | DropLeg
    | Connect
    | Separate
    | ReportRefer
    | TakeOver
    | HandOver
    | Branch
    | GiveBack
    | AnswerOrder
)
"""Intents that change the world."""

Intent: TypeAlias = Deed | Tell | Note
