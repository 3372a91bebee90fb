"""One call: which verb runs, what it waits for, what comes next."""

from typing import assert_never

from stasis_refer.core.activity import (
    Answering,
    Fetching,
    Parting,
    Pausing,
    Playing,
    Referring,
    Resuming,
    Returning,
)
from stasis_refer.core.events import (
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelReturned,
    ChannelUp,
    Command,
    CommandRefused,
    DeadlinePassed,
    DocumentFetched,
    DrainOver,
    Event,
    FetchFailed,
    FetchFailure,
    PlaybackEnded,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
)
from stasis_refer.core.intents import (
    DocumentFailed,
    FetchKind,
    HangupCause,
    Intent,
    ReturnToDialplan,
    StartPlayback,
)
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.refer import Return, Seen
from stasis_refer.core.sent import report
from stasis_refer.core.transferring import Transferring
from stasis_refer.core.verbs import Hangup, Pause, Play, Redirect, Refer, Reject, Verb

RESUME_LIMIT = 5.0
"""Seconds the recovery document waits for the caller to take us off hold."""

PARTING_TIME = 1.0
"""Seconds a phone has for its own BYE after a transfer that succeeded."""

_CHANNEL_GONE = 404

_REJECTIONS = {True: HangupCause.BUSY, False: HangupCause.REJECTED}


class Call(Transferring):
    """The machine of one call. ``handle`` never blocks and never raises on a known event."""

    def handle(self, event: Event, now: float) -> list[Intent]:  # noqa: C901, PLR0911, PLR0912 - the one switch over all events
        """Take one event in, return what should happen."""
        if self.over:
            return []
        match event:
            case ChannelUp():
                return self._answered(now)
            case ChannelHeld():
                self._held = True
            case ChannelResumed():
                return self._resumed(now)
            case CallEnded():
                return self._call_ended(now, event.told)
            case ChannelReturned():
                return self._returned(event, now)
            case ReferSeen() | ReferAnswered() | ReferNotified():
                return self._heard(event, now)
            case DocumentFetched():
                return self._fetched(event, now)
            case FetchFailed():
                return self._fetch_failed(event, now)
            case PlaybackEnded():
                return self._playback_ended(event, now)
            case CommandRefused():
                return self._refused(event, now)
            case DeadlinePassed():
                return self._deadline_passed(now)
            case DrainOver():
                return self._drain_over()
            case _:
                assert_never(event)
        return []

    # -- documents ---------------------------------------------------------------

    def _fetched(self, fetched: DocumentFetched, now: float) -> list[Intent]:
        if not isinstance(self._activity, Fetching):
            return []
        if self._gone:
            return self._finish(now)
        if not self._program.load(fetched.document):
            return self._going_round(now)
        return self._next(now)

    def _going_round(self, now: float) -> list[Intent]:
        message = "the documents redirect to one another without end"
        loop = FetchFailed(FetchFailure.TOO_MANY_STEPS, self._document.url, message)
        if self._program.allow_once_more():
            return self._fetch_failed(loop, now)
        return [*self._failure_notes(loop), *self._hang_up(now, HangupCause.FAILED)]

    def _fetch_failed(self, failed: FetchFailed, now: float) -> list[Intent]:
        activity, fallback = self._activity, self.application.fallback
        if not isinstance(activity, Fetching):
            return []
        notes = self._failure_notes(failed)
        if self._gone:
            return [*notes, *self._finish(now)]
        if fallback is None or activity.kind is FetchKind.FALLBACK:
            self._program.clear()
            return [*notes, *self._next(now, HangupCause.FAILED)]
        return [*notes, *self._fetch(FetchKind.FALLBACK, fallback, failure=failed)]

    @staticmethod
    def _failure_notes(failed: FetchFailed) -> list[Intent]:
        return [DocumentFailed(failed.failure, failed.url, failed.message)]

    # -- verbs -------------------------------------------------------------------

    def _next(self, now: float, last: HangupCause = HangupCause.NORMAL) -> list[Intent]:
        if self._gone:
            return self._finish(now)
        verb = self._program.next()
        if verb is not None:
            return self._run(verb, now)
        if not self._transferred:
            return self._hang_up(now, last)
        self._activity = Parting(now + PARTING_TIME)
        return []

    def _run(self, verb: Verb, now: float) -> list[Intent]:
        match verb:
            case Refer():
                return self._refer(verb, now)
            case Redirect(to):
                return self._fetch(FetchKind.DOCUMENT, to)
            case Pause(seconds):
                return self._pause(seconds, now)
            case Play():
                return self._play(verb, now)
            case Hangup():
                return self._hang_up(now)
            case Reject(busy):
                return self._hang_up(now, _REJECTIONS[busy])
            case _:
                assert_never(verb)

    def _answered(self, now: float) -> list[Intent]:
        if self._answered_at is None:
            self._answered_at = now
        if isinstance(self._activity, Answering):
            return self._run(self._activity.verb, now)
        return []

    def _pause(self, seconds: float, now: float) -> list[Intent]:
        if seconds > 0:
            self._program.took_time()
        self._activity = Pausing(now + seconds)
        return []

    def _play(self, verb: Play, now: float) -> list[Intent]:
        if self._answered_at is None:
            return self._answer_for(verb, now)
        if self._held and self._recovering:
            self._activity = Resuming(verb, now + RESUME_LIMIT)
            return []
        self._recovering = False
        return self._play_once(verb, verb.times or None)

    def _play_once(self, verb: Play, left: int | None) -> list[Intent]:
        self._playbacks += 1
        name = f"{self.info.channel}-{self._playbacks}"
        self._activity = Playing(name, verb, left)
        return [StartPlayback(name, verb.source)]

    def _playback_ended(self, ended: PlaybackEnded, now: float) -> list[Intent]:
        playing = self._activity
        if not isinstance(playing, Playing) or playing.name != ended.playback:
            return []
        left = None if playing.left is None else playing.left - 1
        if ended.ok:
            self._program.took_time()
        if left == 0 or not ended.ok:
            return self._next(now)
        return self._play_once(playing.verb, left)

    def _resumed(self, now: float) -> list[Intent]:
        self._held = False
        if isinstance(self._activity, Resuming):
            return self._run(self._activity.verb, now)
        return []

    # -- the end -----------------------------------------------------------------

    def _call_ended(self, now: float, told: ChannelReturned | None = None) -> list[Intent]:
        first, self._gone = not self._gone, True
        match self._activity:
            case Referring(sent):
                ours = told if told and not self._is_old(told) else None
                sent.machine.gone(now, Return(ours.status, ours.code) if ours else None)
                return self._transfer_over(sent, now)
            case _ if not first:
                return []
            case Returning(verb, result):
                return self._go_on(verb, result, now)
            case Fetching():
                return []  # the application gets its answer taken, then the call is over
            case _:
                return self._finish(now)

    def _refused(self, refused: CommandRefused, now: float) -> list[Intent]:
        of_refer = refused.command is Command.REFER
        if refused.status == _CHANNEL_GONE or (self._gone and of_refer):
            if isinstance(self._activity, Referring) and of_refer:
                self._activity.sent.machine.see(Seen.NOT_SENT, now)
            return self._call_ended(now)
        match self._activity:
            case Referring(sent) if of_refer:
                self._away = False
                error = Result(Outcome.ERROR, Reason.COMMAND_REFUSED, Evidence.ASTERISK)
                return self._after(sent.verb, report(sent.verb, sent.group, error), now)
            case Returning() if refused.command is Command.BREAK_OFF:
                return self._lose_channel(now)
            case Answering() if refused.command is Command.ANSWER:
                return self._hang_up(now)
            case _:
                return []

    def _deadline_passed(self, now: float) -> list[Intent]:
        match self._activity:
            case Referring(sent):
                sent.machine.see(Seen.DEADLINE, now)
                return self._transfer_over(sent, now)
            case Pausing():
                return self._next(now)
            case Resuming(verb):
                self._recovering = False
                return self._run(verb, now)
            case Returning():
                return self._lose_channel(now)
            case Parting() | Answering():
                return self._hang_up(now)
            case _:
                return []

    def _drain_over(self) -> list[Intent]:
        self.over = True
        # A channel in Transfer() is in the dialplan already, and goes on without us.
        back: list[Intent] = [] if self._gone or self._away else [ReturnToDialplan()]
        if not isinstance(self._activity, Referring):
            return back
        sent = self._activity.sent
        stopped = Result(Outcome.ERROR, Reason.STOPPED, Evidence.NONE)
        return [report(sent.verb, sent.group, stopped), *back]
