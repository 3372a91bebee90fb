"""What every part of a call's machine stands on: its state, and how it asks and ends."""

from abc import ABC, abstractmethod
from typing import Final

from stasis_refer.core.activity import (
    Activity,
    Answering,
    Fetching,
    Gathering,
    Parting,
    Playing,
    Ringing,
)
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import ChannelReturned, FetchFailed
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Answer,
    CallStatus,
    Fetch,
    FetchKind,
    Gathered,
    HangUp,
    Intent,
    LeftQueue,
    Standing,
    StopPlayback,
    Tell,
    TellKind,
    Transferred,
)
from stasis_refer.core.program import Program
from stasis_refer.core.sent import SentRefer
from stasis_refer.core.verbs import Verb

ANSWER_LIMIT = 5.0
"""Seconds until a channel that was answered must be Up."""

PARTING_TIME = 1.0
"""Seconds a phone has for its own BYE after a transfer that succeeded."""

FAILED: Final = 500
"""What a ringing call is refused with when its application cannot be asked what to do."""


class Line(ABC):
    """The state of one call and the steps that all of its parts share."""

    def __init__(self, info: CallInfo, application: Application, *, up: bool, now: float) -> None:
        self.info = info
        self.application = application
        self.over = False
        self._activity: Activity | None = None
        self._program = Program()
        self._document = application.document  # the one that runs, or is on its way
        self._began_at = now
        self._answered_at = now if up else None
        self._gone = False
        self._away = False  # the channel is in the dialplan, out of our control
        self._held = False
        self._recovering = False  # a transfer failed, and nothing was played since
        self._transferred = False
        self._refers = 0  # how many were sent on this call
        self._given_up: SentRefer | None = None  # a REFER that ended unconfirmed
        self._playbacks = 0
        self._tag = ""
        self._stepping = False  # verbs are run one after the other
        self._broken: FetchFailed | None = None  # why the call has no document any more

    @property
    def deadline(self) -> float | None:
        """When ``DeadlinePassed`` is due, in the clock of ``now``."""
        return self._activity.deadline if self._activity else None

    def start(self) -> list[Intent]:
        """Return what to do first."""
        return self._fetch(FetchKind.DOCUMENT, self.application.document)

    def _fetch(
        self,
        kind: FetchKind,
        callback: Callback,
        about: Transferred | Gathered | LeftQueue | FetchFailed | None = None,
        *,
        or_go_on: bool = False,
    ) -> list[Intent]:
        fetch = Fetch(kind, callback, self._standing(self._status), about)
        return self._ask(fetch, or_go_on=or_go_on)

    def _ask(self, fetch: Fetch, *, or_go_on: bool = False) -> list[Intent]:
        self._activity = Fetching(fetch, or_go_on)
        self._document = fetch.callback
        return [fetch]

    def _request_action(
        self,
        action: Callback | None,
        about: Transferred | Gathered | LeftQueue,
        now: float,
        *,
        or_go_on: bool = False,
    ) -> list[Intent]:
        """Request what follows a verb; without an action URL go on with the next one."""
        if action is None:
            return self._next(now)
        return self._fetch(FetchKind.ACTION, action, about, or_go_on=or_go_on)

    @property
    def _status(self) -> CallStatus:
        if self._gone:
            return CallStatus.COMPLETED
        return CallStatus.RINGING if self._answered_at is None else CallStatus.IN_PROGRESS

    def _standing(self, status: CallStatus) -> Standing:
        answered = self._answered_at
        after = None if answered is None else answered - self._began_at
        return Standing(status, after, self._tag)

    def _answer_for(self, verb: Verb, now: float) -> list[Intent]:
        self._activity = Answering(verb, now + ANSWER_LIMIT)
        return [Answer()]

    def _new_playback(self) -> str:
        self._playbacks += 1
        return f"{self.info.channel}-{self._playbacks}"

    def _stop_playback(self) -> list[Intent]:
        match self._activity:
            case Playing(name) | Ringing(name) | Gathering(name=name) if name:
                return [StopPlayback(name)]
            case _:
                return []

    def _part(self, now: float) -> list[Intent]:
        """Leave the call to the phone's own BYE for a moment."""
        self._activity = Parting(now + PARTING_TIME)
        return []

    def _hang_up(self, now: float, refusal: int | None = None) -> list[Intent]:
        refusal = refusal if self._answered_at is None else None
        failed = self._broken is not None and refusal is not None
        status = CallStatus.FAILED if failed else _status_of(refusal)
        return [HangUp(refusal), *self._finish(now, status)]

    def _finish(self, now: float, status: CallStatus = CallStatus.COMPLETED) -> list[Intent]:
        self.over = True
        self._activity = None
        if self.application.status_callback is None:
            return []
        duration = 0.0 if self._answered_at is None else now - self._answered_at
        return [
            Tell(
                TellKind.STATUS,
                self.application.status_callback,
                self._standing(status),
                self._broken,
                duration,
            )
        ]

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
