"""One call: which verb runs, what it waits for, what comes next."""

from typing import assert_never

from stasis_refer.core.activity import (
    Answering,
    Clearing,
    Detaching,
    Dialing,
    Gathering,
    Joining,
    Originating,
    Playing,
    Queueing,
    Referring,
    Talking,
)
from stasis_refer.core.allowance import QuotasTold
from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelReturned,
    ChannelRinging,
    ChannelUp,
    CommandRefused,
    DeadlinePassed,
    DigitPressed,
    DocumentFetched,
    DrainOver,
    Event,
    FetchFailed,
    InviteAnswered,
    LegCreated,
    LimitReached,
    OfLeg,
    Ordered,
    PlaybackEnded,
    QueueLeft,
    RecordingEnded,
    ReferAnswered,
    ReferCaptured,
    ReferNotified,
    ReferRefused,
    ReferSeen,
    Regained,
    Restarted,
    SipSeen,
    TransferReported,
    TransferRequested,
    Unbridged,
)
from stasis_refer.core.handing_over import GivenBack, HandedOver, Replaced
from stasis_refer.core.intents import (
    Answer,
    FetchKind,
    HangUp,
    Intent,
    JoinQueue,
    StopPlayback,
)
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.core.restarting import Restarting
from stasis_refer.core.verbs import (
    AnswerCall,
    Dial,
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


class Call(Restarting):
    """The machine of one call. ``handle`` never blocks and never raises on a known event."""

    def handle(self, event: Event, now: float) -> list[Intent]:  # noqa: C901, PLR0911, PLR0912 - the one switch over all events
        """Take one event in, return what should happen."""
        if self.over:
            return []
        match event:
            case ChannelUp():
                return self._answered(now)
            case ChannelHeld():
                self.lead.held = True
            case ChannelResumed():
                return self._resumed(now)
            case Bridged():
                return self._bridged(now)
            case Unbridged():
                return self._out_of_bridge(now)
            case RecordingEnded():
                return self._recorded(event, now)
            case OfLeg():
                return self._of_leg(event, now)
            case ReferCaptured():
                return self._refer_captured(self.lead, event, now)
            case ReferRefused():
                return self._refer_refused(self.lead, event)
            case TransferRequested():
                return self._transfer_requested(self.lead, event, now)
            case Replaced():
                return self._replaced(event, now)
            case HandedOver(leg):
                return self._handed_over(leg, now)
            case GivenBack(leg):
                return self._given_back(leg, now)
            case LegCreated() | InviteAnswered() | ChannelRinging():
                return self._of_lead_s_invite(event, now)
            case TransferReported():
                pass  # of legs only, or of one that became the lead meanwhile
            case SipSeen():
                pass  # for the taps
            case CallEnded():
                return self._lead_gone(event, now)
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
            case Regained(up):
                return self._regained(now, up=up)
            case Restarted():
                return self._restarted(event, now)
            case DigitPressed():
                return self._pressed(event, now)
            case CommandRefused():
                return self._refused(event, now)
            case LimitReached():
                return self._limit_reached(event, now)
            case DeadlinePassed():
                return self._deadline_passed(now)
            case DrainOver():
                return self._drain_over()
            case QuotasTold():
                self.allowance.hear(event)
            case Ordered():
                return self._ordered(event, now)
            case _:
                assert_never(event)
        return []

    def _next(self, now: float, refusal: int | None = None) -> list[Intent]:
        self._activity, self._refusal = None, refusal
        if self._stepping:
            return []  # a verb that took no time: the loop below goes on
        self._stepping, intents = True, list[Intent]()
        while self._activity is None and not self.over:
            intents += self._step(now)
        self._stepping = False
        return intents

    def _step(self, now: float) -> list[Intent]:
        if self._gone:
            return self._finish(now)
        verb = self._program.next()
        if verb is not None:
            return [*self._let_spared_go(verb), *self._run(verb, now)]
        if self._lent_to and self._broken is None and not self._transferred:
            return self._give_back()
        if self._received is not None:
            missed, done = self._target_missed(Outcome.FAILED, Reason.NOT_DIALED, now)
            if done:
                return missed
            return [*missed, *self._hang_up(now, self._refusal)]
        return self._part(now) if self._transferred else self._hang_up(now, self._refusal)

    def _run(self, verb: Verb, now: float) -> list[Intent]:  # noqa: C901, PLR0911, PLR0912 - the one switch over all verbs
        match verb:
            case Refer():
                return self._refer(verb, now)
            case Dial():
                return self._dial(verb, now)
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
                self._tag = self.lead.tag = text
                return self._next(now)
            case AnswerCall():
                ringing = self.lead.answered_at is None
                return self._answer_for(verb, now) if ringing else self._next(now)
            case Hangup():
                return self._hang_up(now)
            case Reject(status):
                return self._hang_up(now, status)
            case _:
                assert_never(verb)

    def _answered(self, now: float) -> list[Intent]:
        if self.lead.answered_at is None:
            self.lead.answered_at = now
        match self._activity:
            case Answering(verb):
                return self._run(verb, now)
            case Joining(verb, partner):
                connect = self._connect(verb, partner, now)
                return [*connect, *self._refer_again(self.legs[partner], now)]
            case Originating(then):
                return self._reached(then, now)
            case _:
                return []

    def _bridged(self, now: float) -> list[Intent]:
        match self._activity:
            case Queueing(connected_at=None) as queueing:
                return self._served(queueing, now)
            case Talking() as talking:
                return self._in_bridge(talking, now)
            case _:
                return []

    def _pressed(self, pressed: DigitPressed, now: float) -> list[Intent]:
        match self._activity:
            case Talking(verb) as talking if pressed.digit in verb.keys_to_leave:
                return self._talk_over(talking, now)
            case _:
                return self._digit(pressed, now)

    def _playback_ended(self, ended: PlaybackEnded, now: float) -> list[Intent]:
        match self._activity:
            case Playing() as playing:
                return self._played(playing, ended, now)
            case Gathering() as gathering:
                return self._prompted(gathering, ended, now)
            case Dialing(sound=name) as dialing if name == ended.playback:
                return self._ringing_over(dialing, ended)
            case _:
                return []

    def _regained(self, now: float, *, up: bool) -> list[Intent]:  # noqa: PLR0911 - one line for each activity
        if up and self.lead.answered_at is None:  # which went by unheard
            asked, answered = self._activity, self._answered(now)
            if self._activity is not asked:
                return answered
        match self._activity:
            case Answering() | Joining():
                return [Answer()]
            case Referring(sent):
                sent.machine.found_here(now)
                return []
            case Playing(name) | Gathering(name=name) | Dialing(sound=name) if name:
                # Its end may have come and gone: what is left of it is not worth a dead call.
                return [StopPlayback(name), *self._playback_ended(PlaybackEnded(name), now)]
            case Queueing(verb):
                return [JoinQueue(verb.queue)]
            case Talking() as talking:
                return self._in_bridge(talking, now)
            case Clearing():
                return [HangUp()]
            case Detaching():
                return self._next(now)
            case _:
                return []

    def _lead_gone(self, ended: CallEnded, now: float) -> list[Intent]:
        former = self.lead
        former.gone = True
        if former.answered_at is None and former.code is None:
            former.code = ended.status
        if ended.unheard and isinstance(self._activity, Referring):
            self._activity.sent.machine.deaf_until(now)
        overtaken = self._overtaken(former, now)
        if former is self.lead:
            return [*overtaken, *self._call_ended(now, ended.told)]
        return [*overtaken, *self._leg_gone(former, ended.status, now)]
