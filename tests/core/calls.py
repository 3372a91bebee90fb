"""A call on a clock of its own, and what it asks for in short words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from stasis_refer.core.abouts import (
    Dialed,
    Gathered,
    LeftQueue,
    LegProgress,
    Progress,
    Recorded,
    Standing,
    TransferAsked,
    Transferred,
)
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    Bridged,
    ChannelReturned,
    DeadlinePassed,
    DocumentFetched,
    Event,
    FetchFailed,
    FetchFailure,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    TransferStatus,
)
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import (
    AcceptRefers,
    Alert,
    Answer,
    AnswerOrder,
    Branch,
    BreakOff,
    CalleeRefused,
    Connect,
    CreateLeg,
    DocumentFailed,
    DropLeg,
    Fetch,
    GiveBack,
    HandOver,
    HangUp,
    IndicateRinging,
    Intent,
    JoinQueue,
    LateSuccess,
    QuotaTaken,
    ReferReport,
    ReportRefer,
    ReturnToDialplan,
    RingLeg,
    SendRefer,
    Separate,
    StartPlayback,
    StopPlayback,
    TakeOver,
    Tell,
    TellKind,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.core.opening import Parted
from stasis_refer.core.orders import Refused, Taken, Verdict
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import (
    Document,
    Play,
    Recording,
    Refer,
    Speech,
    Verb,
)

CHANNEL = "1700000000.1"
INFO = CallInfo("0" * 32, CHANNEL, "call@127.0.0.1", "PJSIP/caller-00000001")
LOCAL = replace(INFO, channel_name="Local/s@demo-00000001;1")
VOICE = Callback("http://127.0.0.1/voice")
AFTER = Callback("http://127.0.0.1/after")
FALLBACK = Callback("http://127.0.0.1/fallback")
STATUS = Callback("http://127.0.0.1/status")
PLAIN = Application("support", "twiml", VOICE, targets=(parse_rule("sip:*@example.com"),))
WITH_FALLBACK = replace(PLAIN, fallback=FALLBACK)
WITH_STATUS = replace(PLAIN, status_callback=STATUS)

REFER = Refer("sip:alice@example.com", AFTER)
NO_ACTION = Refer("sip:alice@example.com")
FORBIDDEN = Refer("sip:alice@example.org", AFTER)
MALFORMED = Refer("sip:alice@example.com\r\nX-Evil: 1", AFTER)
SAY = Play(Speech("sorry"))
SECOND = Play(Recording("http://127.0.0.1/second.wav"))
FIRST_SOUND, SECOND_SOUND = f"{CHANNEL}-1", f"{CHANNEL}-2"

UP = Standing(CallStatus.IN_PROGRESS, 0.0)
OVER = Standing(CallStatus.COMPLETED, 0.0)

Step: TypeAlias = tuple[float, Event]


def document(*verbs: Verb) -> DocumentFetched:
    return DocumentFetched(verbs)


def notify(
    number: int, code: int | None, *, end: bool = False, refer_id: int | None = None
) -> ReferNotified:
    return ReferNotified(code, end, number, refer_id)


def returned(code: int = 0) -> ChannelReturned:
    return ChannelReturned(TransferStatus.FAILURE, code)


SUCCESS = ChannelReturned(TransferStatus.SUCCESS, 0)
OF_THE_FIRST = ChannelReturned(TransferStatus.FAILURE, 486, number=1)
OF_THE_SECOND = ChannelReturned(TransferStatus.SUCCESS, 0, number=2)
SENT: Step = (0.0, ReferSeen(7))
TAKEN: Step = (0.1, ReferAnswered(202, 7))
RINGING: Step = (0.2, notify(1, 180))
ANSWERED: tuple[Step, ...] = (SENT, TAKEN, (5.0, notify(2, 200, end=True)), (5.0, SUCCESS))
BUSY: tuple[Step, ...] = (SENT, TAKEN, (5.0, notify(2, 486, end=True)), (5.0, returned(486)))
SILENT: tuple[Step, ...] = (SENT, TAKEN, (30.2, returned()))
NOT_FETCHED = FetchFailed(FetchFailure.STATUS, VOICE.url, "it answered 500")


class Line:
    """A call and its clock: what happens when, and in short words what it asked for."""

    def __init__(
        self, application: Application = PLAIN, info: CallInfo = INFO, *, up: bool = True
    ) -> None:
        self.call = Call(info, application, up=up, now=0.0)
        self.now = 0.0
        self.intents: list[Intent] = []
        self.words: list[str] = []
        self.steps: list[tuple[float, Event | None, Sequence[Intent]]] = []
        self.bridges = True  # whoever is to be connected is, at once
        started = self.call.start()
        self.steps.append((0.0, None, started))
        self._keep(started)

    def happens(self, *steps: Step) -> None:
        """Let things happen; deadlines that come before them pass first."""
        for at, event in steps:
            self.wait(at)
            self.now = at
            self.take(event)

    def wait(self, until: float) -> None:
        """Let time pass."""
        while (deadline := self.call.deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.take(DeadlinePassed())
            if self.call.deadline == deadline:
                break

    def take(self, event: Event) -> None:
        """Let something happen now, whatever was due before."""
        intents = self.call.handle(event, self.now)
        self.steps.append((self.now, event, intents))
        self._keep(intents)

    def _keep(self, intents: Sequence[Intent]) -> None:
        self.intents += intents
        # That a REFER was heard is said in a test of its own, and would be a line in each table.
        told = [each for each in intents if not (isinstance(each, ReportRefer) and is_trying(each))]
        self.words += [f"{self.now:g} {word(intent)}" for intent in told]
        if self.bridges and any(isinstance(each, Connect) for each in intents):
            self.take(Bridged())


def is_trying(report: ReportRefer) -> bool:
    return report.report is ReferReport.TRYING


def word(intent: Intent) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each intent
    match intent:
        case Fetch(kind, about=about):
            return f"fetch {kind}" + (f" {in_short(about)}" if about else "")
        case TransferBegan():
            return "began"
        case TransferEnded(result=result):
            return f"ended {result.outcome}"
        case SendRefer(refer_to):
            return f"refer {refer_to}"
        case StartPlayback(name):
            return f"play {name}"
        case StopPlayback(name):
            return f"stop {name}"
        case HangUp(status):
            return "hang up" if status is None else f"hang up {status}"
        case Tell(TellKind.STATUS, _, standing, duration=duration):
            return f"tell {standing.status} {duration:g}"
        case Tell(kind, about=about):
            return f"tell {kind} {in_short(about)}"
        case IndicateRinging():
            return "ring"
        case JoinQueue(queue):
            return f"join {queue}"
        case LateSuccess(code):
            return f"late success {code}"
        case DocumentFailed(failure):
            return f"document failed {failure}"
        case Alert(code):
            return f"alert {code}"
        case Answer():
            return "answer"
        case BreakOff():
            return "break off"
        case ReturnToDialplan():
            return "return to dialplan"
        case AcceptRefers():
            return "accept REFERs"
        case CreateLeg(channel, endpoint):
            return f"create {named(channel)} {endpoint}"
        case RingLeg(channel):
            return f"call {named(channel)}"
        case DropLeg(channel):
            return f"drop {named(channel)}"
        case Connect(bridge, (one, other), recording=recording):
            recorded = f", recorded as {recording}" if recording else ""
            return f"connect {named(one)} {named(other)} in {number(bridge)}{recorded}"
        case Separate(bridge):
            return f"separate {number(bridge)}"
        case ReportRefer(channel, report):
            return f"notify {named(channel)} {report.code}"
        case TakeOver(channel):
            return f"take over from {channel}"
        case HandOver(to, leg):
            return f"hand {named(leg.channel) if leg else 'nobody'} over to {to}"
        case Branch(leg, opening):
            return f"{'part with' if isinstance(opening, Parted) else 'lend'} {named(leg.channel)}"
        case GiveBack(_, leg):
            return f"give {named(leg.channel)} back{' gone' if leg.gone else ''}"
        case AnswerOrder(_, verdict):
            return answered(verdict)
        case CalleeRefused(_, reason):
            return f"refused {reason}"
        case QuotaTaken(quotas):
            return f"use {' and '.join(f'{each.scope} {each.name}' for each in quotas)}"


def answered(verdict: Verdict) -> str:
    match verdict:
        case Taken(transfer):
            return f"taken {transfer.rpartition('-')[2]}".strip()
        case Refused(why):
            return f"not taken {why}"


def number(bridge: str) -> str:
    return f"bridge {bridge.rpartition('-')[2]}"


def leg(number: int, of: CallInfo = INFO) -> str:
    """Return the channel of the leg of this number."""
    return f"{of.key}-leg-{number}"


def named(channel: str) -> str:
    if channel == CHANNEL:
        return "caller"
    return "leg " + channel.rpartition("-leg-")[2] if "-leg-" in channel else channel


def in_short(about: object) -> str:  # noqa: PLR0911 - one line for each about
    match about:
        case Transferred(result):
            return result.outcome
        case FetchFailed(failure):
            return failure
        case Gathered(digits, finished_by):
            return f"{digits or 'nothing'}{finished_by}"
        case LeftQueue(_, result, waited):
            return f"{result} {waited:g}"
        case Progress(code):
            return str(code)
        case Dialed(outcome, seconds=seconds, code=code):
            return f"{outcome} {code} {seconds:g}"
        case TransferAsked(refer_to):
            return refer_to
        case LegProgress(event, number):
            return f"{event.name.lower()} {number}"
        case Recorded(name, seconds):
            return f"{name} {seconds:g}"
        case _:
            raise AssertionError(about)


def follow(
    *steps: Step,
    verbs: Document = (REFER,),
    application: Application = PLAIN,
    info: CallInfo = INFO,
    up: bool = True,
    until: float = 300.0,
) -> list[str]:
    """Return what a call asked for behind its first request, each line with its time."""
    line = Line(application, info, up=up)
    line.happens((0.0, document(*verbs)), *steps)
    line.wait(until)
    return line.words[1:]


BEGAN = ["0 began", "0 refer sip:alice@example.com"]
