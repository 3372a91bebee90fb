"""What every part of a call's machine stands on: its state, and how it asks and ends."""

from abc import ABC, abstractmethod

from stasis_refer.core.activity import Activity, Answering, Fetching, Playing
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import ChannelReturned, FetchFailed
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Answer,
    CallStatus,
    Fetch,
    FetchKind,
    HangUp,
    HangupCause,
    Intent,
    StopPlayback,
    Tell,
)
from stasis_refer.core.outcome import Result
from stasis_refer.core.program import Program
from stasis_refer.core.sent import SentRefer
from stasis_refer.core.verbs import Verb

ANSWER_LIMIT = 5.0
"""Seconds until a channel that was answered must be Up."""

_STATUS_OF_CAUSE = {
    HangupCause.NORMAL: CallStatus.COMPLETED,
    HangupCause.BUSY: CallStatus.BUSY,
    HangupCause.REJECTED: CallStatus.FAILED,
    HangupCause.FAILED: CallStatus.FAILED,
}


class Line(ABC):
    """The state of one call and the steps that all of its parts share."""

    def __init__(self, info: CallInfo, application: Application, *, up: bool, now: float) -> None:
        self.info = info
        self.application = application
        self.over = False
        self._activity: Activity | None = None
        self._program = Program()
        self._document = application.document  # the one that runs, or is on its way
        self._answered_at = now if up else None
        self._gone = False
        self._away = False  # the channel is in Transfer(), out of our control
        self._held = False
        self._recovering = False  # a transfer failed, and nothing was played since
        self._transferred = False
        self._refers = 0  # how many were sent on this call
        self._given_up: SentRefer | None = None  # a REFER that ended unconfirmed
        self._playbacks = 0

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
        result: Result | None = None,
        failure: FetchFailed | None = None,
    ) -> list[Intent]:
        self._activity = Fetching(kind)
        self._document = callback
        return [Fetch(kind, callback, self._status, result, failure)]

    @property
    def _status(self) -> CallStatus:
        if self._gone:
            return CallStatus.COMPLETED
        return CallStatus.RINGING if self._answered_at is None else CallStatus.IN_PROGRESS

    def _answer_for(self, verb: Verb, now: float) -> list[Intent]:
        self._activity = Answering(verb, now + ANSWER_LIMIT)
        return [Answer()]

    def _stop_playback(self) -> list[Intent]:
        playing = self._activity
        return [StopPlayback(playing.name)] if isinstance(playing, Playing) else []

    def _hang_up(self, now: float, cause: HangupCause = HangupCause.NORMAL) -> list[Intent]:
        cause = cause if self._answered_at is None else HangupCause.NORMAL
        return [HangUp(cause), *self._finish(now, _STATUS_OF_CAUSE[cause])]

    def _finish(self, now: float, status: CallStatus = CallStatus.COMPLETED) -> list[Intent]:
        self.over = True
        self._activity = None
        if self.application.status_callback is None:
            return []
        duration = 0.0 if self._answered_at is None else now - self._answered_at
        return [Tell(self.application.status_callback, status, duration)]

    @abstractmethod
    def _next(self, now: float, last: HangupCause = HangupCause.NORMAL) -> list[Intent]:
        """Run the next verb; without one, end the call for the reason ``last``."""

    @abstractmethod
    def _call_ended(self, now: float, told: ChannelReturned | None = None) -> list[Intent]:
        """Take in that the far end is gone."""
