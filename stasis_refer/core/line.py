"""What every part of a call's machine stands on: its state, and how it asks and ends."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Final

from stasis_refer.core.abouts import FetchAbout, Standing
from stasis_refer.core.activity import (
    Activity,
    Answering,
    Dialing,
    Fetching,
    Gathering,
    InItsPlace,
    Parting,
    Playing,
    Ringing,
)
from stasis_refer.core.allowance import Allowance
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import (
    ChannelReturned,
    Event,
    FetchFailed,
    ReferCaptured,
    TransferRequested,
)
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Answer, Fetch, FetchKind, HangUp, Intent, StopPlayback
from stasis_refer.core.leg import Leg
from stasis_refer.core.opening import Arrived, Opening, Outgoing
from stasis_refer.core.program import Program
from stasis_refer.core.received import Received
from stasis_refer.core.sent import SentRefer
from stasis_refer.core.verbs import Recorder, Verb

ANSWER_LIMIT = 5.0
"""Seconds until a channel that was answered must be Up."""

PARTING_TIME = 1.0
"""Seconds a phone has for its own BYE after a transfer that succeeded."""

FAILED: Final = 500
"""What a ringing call is refused with when its application cannot be asked what to do."""


ARRIVED: Final = Arrived()


class Line(ABC):
    """The state of one call and the steps that all of its parts share."""

    def __init__(  # noqa: PLR0913 - who calls whom, and how that begins
        self,
        info: CallInfo,
        application: Application,
        *,
        up: bool,
        now: float,
        opening: Opening = ARRIVED,
        leg: Leg | None = None,
    ) -> None:
        """Begin a call at ``now``; ``leg`` is its lead where it was another call's before."""
        self.key = info.key  # stays, whoever is the lead
        self.application = application
        self.allowance = Allowance(application)
        self.over = False
        self._began_at = now
        self.opening = opening
        self.lead = leg or Leg(
            info,
            now,
            answered_at=now if up else None,
            status_callback=_status_callback(application, opening),
        )
        self.lead.lent = False
        self.legs: dict[str, Leg] = {}
        self.channels = frozenset({info.channel})
        self._activity: Activity | None = None
        self._program = Program()
        self._document = application.document  # the one that runs, or is on its way
        self._away = False  # the channel is in the dialplan, out of our control
        self._recovering = False  # a transfer failed, and nothing was played since
        self._transferred = False
        self._refers = 0  # how many were sent on this call
        self._transfers = self.lead.transfers  # how many were asked for under this key
        self._referred = 0  # the number of the last one that was to be sent
        self._given_up: SentRefer | None = None  # a REFER that ended unconfirmed
        self._fetches = self.lead.asked
        self._playbacks = 0
        self._called = 0  # legs, in all
        self._bridges = 0  # in all
        self._open_bridges: list[str] = []
        self._recorders: dict[str, Recorder] = {}  # of the recordings that run, by name
        self._received: Received | None = None  # a REFER of a party's that is under way
        self._refers_captured: dict[str, list[ReferCaptured]] = {}  # and not told of by Asterisk
        self._refers_told: dict[str, tuple[TransferRequested, float]] = {}  # waiting so long
        self._copies_missed: dict[str, tuple[str, float]] = {}  # user parts, and until when
        self._in_its_place: InItsPlace | None = None  # the target of a refused REFER is called
        self._tag = self.lead.tag
        self.ended_as: CallStatus | None = None  # the lead, once its end was told
        self._time_limit: float | None = None  # seconds, of a call that was asked for from outside
        self._ends_at: float | None = None
        self._lent_to = ""  # the key of the call that has the lead behind this one's document
        self._spared: frozenset[str] = frozenset()  # legs that the next verb may need
        self._ticket = ""  # of an order that is answered when its REFER begins
        self._stepping = False  # verbs are run one after the other
        self._refusal: int | None = None  # of a ringing call, if the verb was the last one
        self._broken: FetchFailed | None = None  # why the call has no document any more

    @property
    def info(self) -> CallInfo:
        """The facts of the lead, the party whose document runs."""
        return self.lead.info

    @property
    def tag(self) -> str:
        """What is sent along with every request about the call, '' for nothing."""
        return self._tag

    @property
    def deadline(self) -> float | None:
        """When ``DeadlinePassed`` is due, in the clock of ``now``."""
        if self.over:
            return None
        activity, party = self._activity.deadline if self._activity else None, self._next_due
        if activity is None or party is None:
            return party if activity is None else activity
        return min(activity, party)

    @property
    def _next_due(self) -> float | None:
        """When something is due that concerns one party, whatever the call is doing."""
        if not self.legs and not self._refers_told:
            return self._ends_at
        drops = (leg.drop_at for leg in self.legs.values() if leg.drop_at is not None)
        ends = () if self._ends_at is None else (self._ends_at,)
        told = (until for _, until in self._refers_told.values())
        return min((*drops, *told, *ends), default=None)

    def start(self) -> list[Intent]:
        """Return what to do first."""
        return self._fetch(FetchKind.DOCUMENT, self.application.document)

    def _fetch(
        self,
        kind: FetchKind,
        callback: Callback,
        about: FetchAbout = None,
        *,
        or_go_on: bool = False,
    ) -> list[Intent]:
        fetch = Fetch(kind, callback, self._standing(self._status), about)
        return self._ask(fetch, or_go_on=or_go_on)

    def _ask(self, fetch: Fetch, *, or_go_on: bool = False) -> list[Intent]:
        self._fetches += 1
        fetch = replace(fetch, number=self._fetches)
        self._activity = Fetching(fetch, or_go_on)
        self._document = fetch.callback
        return [fetch]

    def _request_action(
        self,
        action: Callback | None,
        about: FetchAbout,
        now: float,
        *,
        or_go_on: bool = False,
        refusal: int | None = None,
    ) -> list[Intent]:
        """Request what follows a verb; without an action URL go on with the next one."""
        if action is None:
            return self._next(now, refusal)
        return self._fetch(FetchKind.ACTION, action, about, or_go_on=or_go_on)

    @property
    def _gone(self) -> bool:
        return self.lead.gone

    @property
    def _status(self) -> CallStatus:
        if self._gone:
            return CallStatus.COMPLETED
        return CallStatus.RINGING if self.lead.answered_at is None else CallStatus.IN_PROGRESS

    def _standing(self, status: CallStatus, leg: Leg | None = None) -> Standing:
        """Return how a leg stands, the lead unless given."""
        leg = leg or self.lead
        after = None if leg.answered_at is None else leg.answered_at - leg.began_at
        return Standing(status, after, self._tag)

    def _answer_for(self, verb: Verb, now: float) -> list[Intent]:
        self._activity = Answering(verb, now + ANSWER_LIMIT)
        return [Answer()]

    def _new_transfer(self) -> int:
        self._transfers += 1
        return self._transfers

    def _new_playback(self) -> str:
        self._playbacks += 1
        return f"{self.info.channel}-{self._playbacks}"

    def _stop_playback(self) -> list[Intent]:
        match self._activity:
            case Playing(name) | Ringing(name) | Gathering(name=name) | Dialing(sound=name) if name:
                return [StopPlayback(name)]
            case _:
                return []

    def _part(self, now: float) -> list[Intent]:
        """Leave the call to the phone's own BYE for a moment."""
        self._activity = Parting(now + PARTING_TIME)
        return []

    def _hang_up(self, now: float, refusal: int | None = None) -> list[Intent]:
        refusal = refusal if self.lead.answered_at is None else None
        failed = self._broken is not None and refusal is not None
        status = CallStatus.FAILED if failed else _status_of(refusal)
        return [HangUp(refusal), *self._finish(now, status)]

    def _channels_changed(self) -> None:
        own = (channel for channel, leg in self.legs.items() if not leg.lent)
        self.channels = frozenset({self.lead.channel, *own})

    @abstractmethod
    def _finish(self, now: float, status: CallStatus = CallStatus.COMPLETED) -> list[Intent]:
        """End the call: the lead is gone, or being hung up."""

    @abstractmethod
    def _target_reached(self, now: float) -> list[Intent]:
        """Take in that the lead was connected, by which a REFER that we received is completed."""

    @abstractmethod
    def handle(self, event: Event, now: float) -> list[Intent]:
        """Take one event in, return what should happen."""

    @abstractmethod
    def _next(self, now: float, refusal: int | None = None) -> list[Intent]:
        """Run the next verb; without one, end the call, ``refusal`` if it still rings."""

    @abstractmethod
    def _run(self, verb: Verb, now: float) -> list[Intent]:
        """Run a verb."""

    @abstractmethod
    def _call_ended(self, now: float, told: ChannelReturned | None = None) -> list[Intent]:
        """Take in that the far end is gone."""


def _status_of(refusal: int | None) -> CallStatus:
    match refusal:
        case None:
            return CallStatus.COMPLETED
        case 486 | 600:  # RFC 3261: busy, here or everywhere
            return CallStatus.BUSY
        case _:
            return CallStatus.REJECTED


def _status_callback(application: Application, opening: Opening) -> Callback | None:
    """Return who is told of the end; of a call that we made its legs' watch is."""
    return None if isinstance(opening, Outgoing) else application.status_callback
