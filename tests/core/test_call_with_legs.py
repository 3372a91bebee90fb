"""Whatever the parties of a call do, and in whatever order: what holds all the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from hypothesis import given, note, settings
from hypothesis import strategies as st

from stasis_refer.core.activity import Talking
from stasis_refer.core.application import Application
from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelHeld,
    ChannelReturned,
    ChannelRinging,
    ChannelUp,
    Command,
    CommandRefused,
    DeadlinePassed,
    DigitPressed,
    DocumentFetched,
    DrainOver,
    Event,
    InviteAnswered,
    LegCreated,
    OfChannel,
    OfLeg,
    Ordered,
    PlaybackEnded,
    QueueLeft,
    QueueStatus,
    RecordingEnded,
    ReferAnswered,
    ReferCaptured,
    ReferNotified,
    ReferRefused,
    ReferSeen,
    Regained,
    Restarted,
    TransferReported,
    TransferRequested,
    Unbridged,
)
from stasis_refer.core.found import Found
from stasis_refer.core.handing_over import GivenBack, HandedOver, Replaced
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    AnswerOrder,
    Branch,
    Connect,
    CreateLeg,
    DropLeg,
    Fetch,
    HandOver,
    HangUp,
    Intent,
    JoinQueue,
    ReferReport,
    ReportRefer,
    ReturnToDialplan,
    SendRefer,
    Separate,
    StartPlayback,
    Tell,
    TellKind,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.core.leg import Leg, info_of
from stasis_refer.core.opening import Lent, Parted
from stasis_refer.core.orders import (
    EndCall,
    FetchDocument,
    Order,
    RunDocument,
    TagCall,
    TransferCall,
)
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.core.verbs import (
    Document,
    Enqueue,
    Hangup,
    Instead,
    LegEvent,
    LegWatch,
    Pause,
    Recorder,
    Redirect,
    Refer,
    SecondLeg,
)
from tests.core.calls import (
    AFTER,
    CHANNEL,
    INFO,
    NOT_FETCHED,
    PLAIN,
    REFER,
    SAY,
    STATUS,
    SUCCESS,
    VOICE,
    WITH_FALLBACK,
    Line,
    returned,
)
from tests.core.dials import DIAL, HOLDING, TO_B, WATCH, sip

WATCHED = replace(sip("a"), watch=LegWatch(WATCH, frozenset(LegEvent)))
SCREENED = replace(WATCHED, screening=VOICE)
DIALS = [
    DIAL,
    HOLDING,
    TO_B,
    replace(DIAL, callees=(WATCHED, sip("c")), recorder=Recorder(STATUS)),
    replace(DIAL, callees=(SCREENED, sip("c"))),
    replace(HOLDING, callees=(WATCHED, sip("c")), sequential=True, timeout=5.0),
    replace(HOLDING, recorder=Recorder(), keys_to_leave="*", time_limit=20.0),
]
DOCUMENTS: list[Document] = [
    *[(dial,) for dial in DIALS],
    *[(dial, SAY) for dial in DIALS[:2]],
    (SAY, TO_B),
    (Refer("sip:alice@example.com", AFTER, instead=Instead.DIAL),),
    (Refer("sip:alice@example.com", AFTER, replaces=SecondLeg()), SAY),
    (REFER,),
    (Enqueue("support"),),
    (Pause(2.0),),
    (Redirect(VOICE),),
    (Hangup(),),
    (),
]
ORDERS: list[Order] = [
    *[RunDocument(document, both=bool(at % 2)) for at, document in enumerate(DOCUMENTS)],
    FetchDocument(VOICE),
    TransferCall(REFER),
    TransferCall(replace(REFER, target="sip:c@example.com")),
    EndCall(),
    EndCall(unanswered=True),
    TagCall("tag"),
]
ATTENDED = TransferRequested("b", attended=True, replaced="other.1")
TARGETS = ["<sip:b@example.com>", "sip:c@example.com", "sip:b@example.org", "%", "x" * 257]
APPLICATIONS = [
    PLAIN,
    WITH_FALLBACK,
    replace(PLAIN, status_callback=STATUS, dial_instead=True),
]


# -- what may happen -------------------------------------------------------------


def of_any(line: Line, pick: int, event: OfChannel) -> Event:
    """An event of one of the parties, the caller among them."""
    channels = sorted(line.call.channels)
    channel = channels[pick % len(channels)]
    return event if channel == line.call.info.channel else OfLeg(channel, event)


def of_leg(line: Line, pick: int, *events: OfChannel) -> list[Event]:
    legs = list(line.call.legs)
    return [OfLeg(legs[pick % len(legs)], each) for each in events] if legs else []


def last_of(line: Line, kind: type[Intent]) -> Intent | None:
    return next((each for each in reversed(line.intents) if isinstance(each, kind)), None)


def picked_up(line: Line, pick: int) -> list[Event]:
    made = LegCreated("c@a", captured=True)
    return of_leg(line, pick, made, ChannelRinging(), InviteAnswered(200), ChannelUp())


def refused(line: Line, pick: int) -> list[Event]:
    code = (486, 480, 404)[pick % 3]
    return of_leg(line, pick, LegCreated("c@a"), InviteAnswered(code), CallEnded(status=code))


def fetched(line: Line, pick: int) -> list[Event]:
    fetch = last_of(line, Fetch)
    number = fetch.number if isinstance(fetch, Fetch) else None
    return [DocumentFetched(DOCUMENTS[pick % len(DOCUMENTS)], number)]


def sent_refer(line: Line, pick: int) -> list[Event]:
    captured = ReferCaptured(pick, TARGETS[0 if pick % 2 else pick % len(TARGETS)])
    return [of_any(line, pick, captured), of_any(line, pick, TransferRequested("b"))]


def handed_over(line: Line, pick: int) -> list[Event]:
    name = f"party-{len(line.intents)}"
    info = replace(info_of(INFO, 7, "b", "example.com", 0.0), channel=name)
    return [HandedOver(Leg(info, 0.0, answered_at=0.0) if pick % 4 else None)]


def replaced(line: Line, pick: int) -> list[Event]:
    channels = [*sorted(line.call.channels), "nobody"]
    return [Replaced(channels[pick % len(channels)], "other.1")]


def played(line: Line, pick: int) -> list[Event]:
    started = last_of(line, StartPlayback)
    name = started.playback if isinstance(started, StartPlayback) else ""
    return [PlaybackEnded(name, ok=bool(pick % 4))]


def recorded(line: Line, pick: int) -> list[Event]:
    connects = [each for each in line.intents if isinstance(each, Connect)]
    return [RecordingEnded(each.recording, 3.0, ok=bool(pick % 4)) for each in connects[-1:]]


def command_refused(line: Line, pick: int) -> list[Event]:
    command, status = list(Command)[pick % len(Command)], (404, 409, 0)[pick % 3]
    return [of_any(line, pick // 8, CommandRefused(command, status))]


def ordered(line: Line, pick: int) -> list[Event]:
    parties = [line.call.lead, *line.call.legs.values()]
    key = parties[pick % len(parties)].info.key if pick % 16 else "nobody's"
    return [Ordered(f"ticket-{len(line.intents)}-{pick}", key, ORDERS[pick % len(ORDERS)])]


def came_back(line: Line, pick: int) -> list[Event]:
    """A leg that runs a document of its own is given back, or hangs up there."""
    lent = [leg for leg in line.call.legs.values() if leg.lent]
    for leg in lent[:1]:
        leg.gone = bool(pick % 3 == 0)
    return [GivenBack(leg) for leg in lent[:1]]


def restarted(line: Line, pick: int) -> list[Event]:
    """Return how all channels may be found: those that are over are."""
    found = [*Found][pick % 3]
    connects = [each for each in line.intents if isinstance(each, Connect)]
    bridge = connects[-1].bridge if connects and pick % 2 else ""
    lead = line.call.info.channel
    legs = sorted(line.call.channels - {lead})
    return [
        Restarted(found, up=bool(pick % 4), plays=bool(pick % 5), bridge=bridge),
        *(OfLeg(leg, Restarted([*Found][(pick // 3) % 2], up=bool(pick % 8))) for leg in legs),
    ]


def one(event: Event) -> Callable[[Line, int], list[Event]]:
    return lambda _line, _pick: [event]


def somebodys(event: OfChannel) -> Callable[[Line, int], list[Event]]:
    return lambda line, pick: [of_any(line, pick, event)]


Move: TypeAlias = Callable[[Line, int], list[Event]]
MOVES: dict[str, Move] = {
    "a leg answers": picked_up,
    "a document": fetched,
    "a REFER": sent_refer,
    "out of the bridge": one(Unbridged()),
    "in a bridge": somebodys(Bridged()),
    "the final NOTIFY left": somebodys(TransferReported(final=True)),
    "a hang-up": somebodys(CallEnded()),
    "the caller is up": one(ChannelUp()),
    "a recording": recorded,
    "an order": ordered,
    "a lent leg comes back": came_back,
}
USUAL = [*MOVES, "a leg answers", "a leg answers", "a document", "a document", "a REFER"]
MOVES |= {
    "a leg refuses": refused,
    "a leg is made": lambda line, pick: of_leg(line, pick, LegCreated("c@a")),
    "a leg is up": lambda line, pick: of_leg(line, pick, ChannelUp()),
    "a leg rings": lambda line, pick: of_leg(line, pick, ChannelRinging()),
    "a REFER without a copy": somebodys(TransferRequested("b")),
    "the copy of a REFER": somebodys(ReferCaptured(4, "<sip:b@example.com>")),
    "the copy of an attended REFER": somebodys(ReferCaptured(4, "<sip:b@b.com?Replaces=1>")),
    "Asterisk refuses a REFER": somebodys(ReferRefused(4, 603)),
    "an attended REFER": somebodys(ATTENDED),
    "an attended REFER to elsewhere": somebodys(replace(ATTENDED, replaced="")),
    "held": somebodys(ChannelHeld()),
    "handed over": handed_over,
    "to be handed over": replaced,
    "played": played,
    "a command is refused": command_refused,
    "no document": one(NOT_FETCHED),
    "connected again": one(Regained()),
    "restarted": restarted,
    "a key": one(DigitPressed("*")),
    "our REFER left": one(ReferSeen(7)),
    "our REFER was refused": one(ReferAnswered(405, 7)),
    "our REFER was accepted": one(ReferAnswered(202, 7)),
    "the target of our REFER answered": one(ReferNotified(200, terminated=True, cseq=9)),
    "back from Transfer() with success": one(SUCCESS),
    "back from Transfer(), refused": one(returned(405)),
    "back from Transfer()": one(returned(0)),
    "back from Queue()": one(QueueLeft(QueueStatus.TIMEOUT)),
    "a deadline": one(DeadlinePassed()),
}
UNUSUAL = [*MOVES]
PAUSES = st.sampled_from([0.0, 0.0, 0.2, 0.7, 3.0, 40.0])
NAMES = st.one_of(*[st.sampled_from(USUAL)] * 2, st.sampled_from(UNUSUAL))
STEPS = st.lists(st.tuples(PAUSES, NAMES, st.integers(0, 63)), max_size=30)
ENDS = st.sampled_from(["hang up", "drain"])


# -- what is watched -------------------------------------------------------------


@dataclass
class Watch:
    """What has to hold at each step, and at the end."""

    line: Line
    refers: dict[str, int] = field(default_factory=dict)  # that Asterisk told of, by channel
    gone: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    lent: set[str] = field(default_factory=set)  # to the dialplan, by its own will
    asked: list[str] = field(default_factory=list)  # tickets that were not answered yet
    made: set[str] = field(default_factory=lambda: {CHANNEL})
    bridges: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)  # bridges that are there behind a restart
    connected: bool = False  # somebody, by us or a queue, since the last document
    told: set[CallInfo | None] = field(default_factory=set)  # whose end was told
    open_transfers: list[tuple[int, Direction, str]] = field(default_factory=list)
    transfers: int = 0

    def happens(self, at: float, event: Event) -> None:
        """Let time pass up to an event, and that happen."""
        line = self.line
        self.wait(at)
        note(f"{at:g} {in_short(event)}")
        self._note(event)
        was_over = line.call.over
        asked = self._step(lambda: line.happens((at, event)))
        assert not (was_over and asked)
        own = {channel for channel, leg in line.call.legs.items() if not leg.lent}
        assert line.call.channels == {line.call.info.channel, *own}

    def wait(self, until: float) -> None:
        """Let time pass."""
        self._step(lambda: self.line.wait(until))

    def _step(self, do: Callable[[], None]) -> Sequence[Intent]:
        before = len(self.line.intents)
        do()
        asked = self.line.intents[before:]
        if asked:
            note(f"    {self.line.words[before:]}")
        for intent in asked:
            self._take(intent)
        return asked

    def _note(self, event: Event) -> None:  # noqa: C901 - one line for each event
        channel, what = self.line.call.info.channel, event
        if isinstance(event, OfLeg):
            channel, what = event.channel, event.event
        if isinstance(what, Restarted):
            self.found.add(what.bridge)
        match what:
            case CallEnded() | Restarted(Found.GONE):
                self.gone.add(channel)
            case GivenBack(leg) if leg.gone:
                self.gone.add(leg.channel)
            case Ordered(ticket) if not self.line.call.over:
                self.asked.append(ticket)
            case DocumentFetched() if isinstance(self.line.call._activity, Talking):  # noqa: SLF001
                pass  # nobody waits for it
            case DocumentFetched() | HandedOver():
                self.connected = False
            case Bridged() | Regained() | Restarted() | ReferNotified() | ChannelReturned():
                self.connected = True
            case CommandRefused(Command.CONNECT | Command.REPORT):
                pass
            case CommandRefused(_, 404) if channel == self.line.call.info.channel:
                self.gone.add(channel)
            case TransferRequested():
                self.refers[channel] = self.refers.get(channel, 0) + 1
            case HandedOver(Leg() as leg) if not self.line.call.over:
                self.made.add(leg.channel)

    def _take(self, intent: Intent) -> None:  # noqa: C901, PLR0912 - one line for each intent
        match intent:
            case CreateLeg(channel):
                self.made.add(channel)
            case DropLeg(channel):
                self.dropped.add(channel)
            case AnswerOrder(ticket):
                self.asked.remove(ticket)
            case Branch(leg, Lent()):
                assert leg.channel not in self.gone
            case Branch(leg, Parted(ticket=ticket)) if ticket:
                self.asked.remove(ticket)  # the new call answers
                self.given.add(leg.channel)
            case Branch(leg) | HandOver(_, Leg() as leg):
                assert leg.channel not in self.gone
                self.given.add(leg.channel)
            case HangUp() | ReturnToDialplan():
                self.dropped.add(self.line.call.info.channel)
            case SendRefer():
                self.lent.add(self.line.call.info.channel)
            case JoinQueue():
                self.lent.add(self.line.call.info.channel)
                self.connected = True  # a place in a queue counts, behind a second
            case Connect(bridge, channels):
                assert not (self.gone | self.dropped) & set(channels)
                self.connected = True
                assert set(channels) <= self.line.call.channels
                self.bridges.add(bridge)
            case Separate(bridge):
                assert bridge in self.bridges | self.found
                self.bridges.discard(bridge)
            case ReportRefer(channel, ReferReport.TRYING):
                assert self.refers.get(channel, 0) > 0
            case ReportRefer(channel):
                assert channel not in self.gone | self.dropped | self.given
                self.refers[channel] = self.refers.get(channel, 0) - 1
                assert self.refers[channel] >= 0
            case Tell(TellKind.STATUS, of=of):
                assert of not in self.told
                self.told.add(of)
            case TransferBegan(direction, target, number, channel):
                self.transfers += 1
                assert number == self.transfers
                # It may be dropped in the step that the transfer begins in.
                assert channel in self.line.call.channels | self.gone | self.given | self.dropped
                self.open_transfers.append((number, direction, target))
            case TransferEnded(direction, target, result=result, number=number):
                if direction is Direction.RECEIVED and result.outcome is Outcome.COMPLETED:
                    assert self.connected
                self.open_transfers.remove((number, direction, target))
            case _:
                pass

    def over(self) -> None:
        """Check what has to hold when all is over."""
        assert self.line.call.over
        assert not self.open_transfers
        assert not self.asked
        assert not self.bridges
        assert self.made <= self.gone | self.dropped | self.given | self.lent


def in_short(event: Event) -> str:
    return repr(event) if not isinstance(event, DocumentFetched) else "DocumentFetched"


def end_of(line: Line, end: str) -> list[tuple[float, Event]]:
    if end == "drain":
        return [(0.0, DrainOver())]
    lead = line.call.info.channel
    ends: list[Event] = [OfLeg(each, CallEnded()) for each in line.call.channels if each != lead]
    for leg in [each for each in line.call.legs.values() if each.lent]:
        leg.gone = True
        ends.append(GivenBack(leg))
    return [*((0.0, each) for each in ends), (0.0, CallEnded()), *[(99.0, NOT_FETCHED)] * 5]


def run(
    application: Application,
    document: Document,
    steps: Sequence[tuple[float, str, int]],
    end: str,
    *,
    up: bool,
) -> Watch:
    watch = Watch(Line(application, up=up))
    watch.line.bridges = False  # it is one of the things that may happen
    line = watch.line
    watch.happens(0.0, DocumentFetched(document, 1))
    for pause, name, pick in steps:
        at = line.now + pause
        watch.wait(at)
        for event in MOVES[name](line, pick):
            watch.happens(at, event)
    while not line.call.over:
        for pause, event in end_of(line, end):
            watch.happens(line.now + pause, event)
    return watch


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2), st.integers(0, len(DOCUMENTS) - 1), STEPS, ENDS, st.booleans())
def test_whatever_the_parties_do_all_is_brought_to_an_end(
    application: int,
    document: int,
    steps: list[tuple[float, str, int]],
    end: str,
    up: bool,  # noqa: FBT001 - hypothesis fills arguments by position
) -> None:
    run(APPLICATIONS[application], DOCUMENTS[document], steps, end, up=up).over()
