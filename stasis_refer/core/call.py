"""One call: which verb runs, what it waits for, what comes next."""

from typing import assert_never

from stasis_refer.core.activity import (
    Answering,
    Fetching,
    Gathering,
    Parting,
    Pausing,
    Playing,
    Queueing,
    Referring,
    Resuming,
    Returning,
    Ringing,
)
from stasis_refer.core.application import Callback
from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelReturned,
    ChannelUp,
    Command,
    CommandRefused,
    DeadlinePassed,
    DigitPressed,
    DocumentFetched,
    DrainOver,
    Event,
    FetchFailed,
    FetchFailure,
    PlaybackEnded,
    QueueLeft,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    Regained,
)
from stasis_refer.core.gathering import DigitTaking
from stasis_refer.core.intents import (
    DocumentFailed,
    Fetch,
    FetchKind,
    Intent,
    JoinQueue,
    QueueResult,
    ReturnToDialplan,
    StopPlayback,
)
from stasis_refer.core.line import FAILED
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.queueing import Waiting
from stasis_refer.core.refer import Return, Seen
from stasis_refer.core.sent import report
from stasis_refer.core.transferring import Transferring
from stasis_refer.core.verbs import (
    AnswerCall,
    Enqueue,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Refer,
    Reject,
    Ring,
    Tag,
    Verb,
)

_CHANNEL_GONE = 404


class Call(Transferring, DigitTaking, Waiting):
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
            case Bridged():
                self._bridged(now)
            case CallEnded():
                return self._call_ended(now, event.told)
            case ChannelReturned():
                return self._returned(event, now)
            case QueueLeft():
                return self._queue_left(event, now)
            case ReferSeen() | ReferAnswered() | ReferNotified():
                return self._heard(event, now)
            case DocumentFetched():
                return self._fetched(event, now)
            case FetchFailed():
                return self._fetch_failed(event, now)
            case PlaybackEnded():
                return self._playback_ended(event, now)
            case Regained():
                return self._regained(now)
            case DigitPressed():
                return self._digit(event, now)
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
        activity = self._activity
        if not isinstance(activity, Fetching):
            return []
        if self._gone:
            return self._finish(now)
        if activity.or_go_on and not fetched.document:
            return self._next(now)
        if not self._program.load(fetched.document):
            return self._going_round(now)
        return self._next(now)

    def _going_round(self, now: float) -> list[Intent]:
        message = "the documents redirect to one another without end"
        loop = FetchFailed(FetchFailure.TOO_MANY_STEPS, self._document.url, message)
        if self._program.allow_once_more():
            return self._fetch_failed(loop, now)
        self._broken = loop
        return [*self._failure_notes(loop), *self._hang_up(now, FAILED)]

    def _fetch_failed(self, failed: FetchFailed, now: float) -> list[Intent]:
        activity = self._activity
        if not isinstance(activity, Fetching):
            return []
        notes = self._failure_notes(failed)
        if self._gone:
            return [*notes, *self._finish(now)]
        fallback = self._fallback_of(activity.fetch)
        if fallback is None:
            self._broken = failed
            self._program.clear()
            return [*notes, *self._next(now, FAILED)]
        standing = self._standing(self._status)
        instead = Fetch(FetchKind.FALLBACK, fallback, standing, failed, activity.fetch)
        return [*notes, *self._ask(instead)]

    def _fallback_of(self, fetch: Fetch) -> Callback | None:
        if fetch.kind is FetchKind.FALLBACK:
            return None
        return fetch.callback.fallback or self.application.fallback

    @staticmethod
    def _failure_notes(failed: FetchFailed) -> list[Intent]:
        return [DocumentFailed(failed.failure, failed.url, failed.message)]

    # -- verbs -------------------------------------------------------------------

    def _next(self, now: float, refusal: int | None = None) -> list[Intent]:
        self._activity = None
        if self._stepping:
            return []  # a verb that took no time: the loop below goes on
        self._stepping, intents = True, list[Intent]()
        while self._activity is None and not self.over:
            intents += self._step(now, refusal)
        self._stepping = False
        return intents

    def _step(self, now: float, refusal: int | None) -> list[Intent]:
        if self._gone:
            return self._finish(now)
        verb = self._program.next()
        if verb is not None:
            return self._run(verb, now)
        return self._part(now) if self._transferred else self._hang_up(now, refusal)

    def _run(self, verb: Verb, now: float) -> list[Intent]:  # noqa: C901, PLR0911 - the one switch over all verbs
        match verb:
            case Refer():
                return self._refer(verb, now)
            case Redirect(to, or_go_on):
                return self._fetch(FetchKind.DOCUMENT, to, or_go_on=or_go_on)
            case Pause():
                return self._pause(verb, now)
            case Play():
                return self._play(verb, now)
            case Ring():
                return self._ring(verb, now)
            case Gather():
                return self._gather(verb, now)
            case Enqueue():
                return self._enqueue(verb, now)
            case Tag(text):
                self._tag = text
                return self._next(now)
            case AnswerCall():
                ringing = self._answered_at is None
                return self._answer_for(verb, now) if ringing else self._next(now)
            case Hangup():
                return self._hang_up(now)
            case Reject(status):
                return self._hang_up(now, status)
            case _:
                assert_never(verb)

    def _answered(self, now: float) -> list[Intent]:
        if self._answered_at is None:
            self._answered_at = now
        if isinstance(self._activity, Answering):
            return self._run(self._activity.verb, now)
        return []

    def _playback_ended(self, ended: PlaybackEnded, now: float) -> list[Intent]:
        match self._activity:
            case Playing() as playing:
                return self._played(playing, ended, now)
            case Gathering() as gathering:
                return self._prompted(gathering, ended, now)
            case _:
                return []

    def _regained(self, now: float) -> list[Intent]:
        match self._activity:
            case Playing(name) | Gathering(name=name) if name:
                # Its end may have come and gone: what is left of it is not worth a dead call.
                return [StopPlayback(name), *self._playback_ended(PlaybackEnded(name), now)]
            case Queueing(verb):
                return [JoinQueue(verb.queue)]
            case _:
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
            case Queueing() as queueing:
                return self._out_of_queue(queueing, QueueResult.HANGUP, now)
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
            case Queueing() as queueing if refused.command is Command.QUEUE:
                self._away = False
                return self._out_of_queue(queueing, QueueResult.ERROR, now)
            case _:
                return []

    def _deadline_passed(self, now: float) -> list[Intent]:
        match self._activity:
            case Referring(sent):
                sent.machine.see(Seen.DEADLINE, now)
                return self._transfer_over(sent, now)
            case Pausing():
                return self._next(now)
            case Ringing():
                return [*self._stop_playback(), *self._next(now)]
            case Gathering() as gathering:
                return self._gathered_nothing_yet(gathering, now)
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
        gone = self._gone or self._away
        # Behind a sound that plays it would wait, behind one without end for ever.
        back = [] if gone else [*self._stop_playback(), ReturnToDialplan()]
        if not isinstance(self._activity, Referring):
            return back
        sent = self._activity.sent
        stopped = Result(Outcome.ERROR, Reason.STOPPED, Evidence.NONE)
        return [report(sent.verb, sent.group, stopped), *back]
