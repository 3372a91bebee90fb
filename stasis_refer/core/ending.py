"""The part of a call's machine that ends it, and what is under way when it ends."""

from abc import abstractmethod
from typing import Final

from stasis_refer.core.abandoned import Abandoned
from stasis_refer.core.abouts import QueueResult
from stasis_refer.core.activity import (
    Answering,
    Clearing,
    Detaching,
    Dialing,
    Fetching,
    Gathering,
    Joining,
    Originating,
    Parting,
    Pausing,
    Queueing,
    Recalling,
    Referring,
    Resuming,
    Returning,
    Ringing,
    Separating,
    TakingOver,
    Talking,
)
from stasis_refer.core.events import ChannelReturned, Command, CommandRefused
from stasis_refer.core.facts import Return
from stasis_refer.core.gathering import DigitTaking
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.intents import HangUp, Intent, ReferReport, ReturnToDialplan, Tell, TellKind
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.queueing import Waiting
from stasis_refer.core.refer import Seen
from stasis_refer.core.verbs import LegEvent

CLEARING_LIMIT: Final = 5.0
"""Seconds until the legs of a call that is over must be gone, and its recordings there."""

_CHANNEL_GONE: Final = 404
_CALLS: Final = frozenset({Command.CREATE, Command.RING})


class Ending(Abandoned, DigitTaking, Waiting):
    """A call that ends."""

    def _call_ended(  # noqa: C901, PLR0911 - one line for each activity
        self, now: float, told: ChannelReturned | None = None
    ) -> list[Intent]:
        self.lead.gone = True
        if self._received is not None and not isinstance(self._activity, Talking):
            return self._transferee_gone(self._received, now, told)
        match self._activity:
            case Referring(sent):
                ours = told if told and not self._is_old(told) else None
                sent.machine.gone(now, Return(ours.status, ours.code) if ours else None)
                return self._transfer_over(sent, now)
            case Returning(verb, result, untold=untold):
                before = [untold] if untold else []
                return [*before, *self._go_on(verb, result, now)]
            case Queueing() as queueing:
                return self._out_of_queue(queueing, QueueResult.HANGUP, now)
            case Dialing(verb, legs=legs):
                return self._dialing_canceled(verb, legs, now)
            case Joining(verb, partner):
                return self._dialing_canceled(verb, (partner,), now)
            case Talking() as talking:
                return self._talk_over(talking, now)
            case Separating():
                return self._out_of_bridge(now)
            case Originating():
                return self._finish(now, self.lead.end)
            case Clearing():
                return []
            case Fetching():
                return []  # the application gets its answer taken, then the call is over
            case _:
                return self._finish(now)

    def _refused(  # noqa: C901, PLR0911 - one line for each activity
        self, refused: CommandRefused, now: float
    ) -> list[Intent]:
        of_refer = refused.command is Command.REFER
        if of_refer and not refused.status:
            return self._unanswered()
        if refused.command is Command.CONNECT:
            return self._not_connected(now)
        if refused.command is Command.REPORT:
            return []
        if refused.status == _CHANNEL_GONE or (self._gone and of_refer):
            if isinstance(self._activity, Referring) and of_refer:
                self._activity.sent.machine.see(Seen.NOT_SENT, now)
            return self._call_ended(now)
        match self._activity:
            case Referring(sent) if of_refer:
                self._away = False
                error = Result(Outcome.ERROR, Reason.COMMAND_REFUSED, Evidence.ASTERISK)
                return self._after(sent.verb, sent.ended_so(error), now)
            case Returning() if refused.command is Command.BREAK_OFF:
                return self._lose_channel(now)
            case Originating() if refused.command in _CALLS:
                return self._not_reached(CallStatus.FAILED, now)
            case Recalling() if refused.command is Command.BREAK_OFF:
                return self._lose_channel(now)
            case Answering() | Joining() if refused.command is Command.ANSWER and refused.status:
                return self._hang_up(now)
            case Queueing() as queueing if refused.command is Command.QUEUE:
                self._away = False
                return self._out_of_queue(queueing, QueueResult.ERROR, now)
            case _:
                return []

    def _unanswered(self) -> list[Intent]:
        # The REFER may be on its way: what is seen of it decides, or where its channel is found.
        if isinstance(self._activity, Referring):
            self._activity.sent.machine.facts.unanswered = True
        return []

    def _deadline_passed(self, now: float) -> list[Intent]:
        party, activity = self._next_due, self._activity
        later = activity.deadline if activity else None
        if party is not None and (later is None or party < later):
            return self._party_overdue(max(now, party))  # a timer may be a hair early
        overdue = self._party_overdue(now)
        return [*overdue, *(self._activity_overdue(now) if self._activity is activity else ())]

    def _party_overdue(self, now: float) -> list[Intent]:
        overdue = [*self._drop_overdue(now), *self._copies_overdue(now)]
        if self._ends_at is not None and self._ends_at <= now and not self.over:
            self._ends_at = None
            return [*overdue, *self._end_lead(now)]
        return overdue

    def _activity_overdue(self, now: float) -> list[Intent]:  # noqa: C901, PLR0911, PLR0912 - one line for each activity
        match self._activity:
            case Referring(sent):
                sent.machine.see(Seen.DEADLINE, now)
                return self._transfer_over(sent, now)
            case Pausing() | Detaching():
                return self._next(now)
            case Originating():
                return self._not_reached(CallStatus.NO_ANSWER, now)
            case Recalling():
                return self._lose_channel(now)
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
            case Queueing() as queueing:
                return self._settled(queueing, now)
            case Dialing() as dialing:
                return self._rang_out(dialing, now)
            case Joining(verb, partner):
                return [*self._drop(partner), *self._hang_up(now)]
            case Talking() as talking:
                return self._talk_over(talking, now)
            case Separating() as separating:
                return self._separated(separating, now)
            case TakingOver():
                return self._nothing_to_replace(now)
            case Clearing():
                self.over = True
                return []
            case _:
                return []

    def _drain_over(self) -> list[Intent]:
        self.over = True
        # A channel in Transfer() is in the dialplan already, and goes on without us.
        gone = self._gone or self._away or isinstance(self._activity, Clearing)
        # Behind a sound that plays it would wait, behind one without end for ever.
        dialed = self.info.direction is not CallDirection.INBOUND  # whom we called has no dialplan
        way_out = HangUp() if dialed else ReturnToDialplan()
        back = [] if gone else [*self._stop_playback(), way_out]
        rest = [*self._drop_all(at_once=True), *self._take_all_away(), *back]
        return [*self._stopped(), *rest, *self._last_words()]

    def _stopped(self) -> list[Intent]:
        """Close the books on the transfers that are under way."""
        ended = self._broken_off(Result(Outcome.ERROR, Reason.STOPPED, Evidence.NONE))
        if self._received is not None:
            began = self._received.began_at
            ended.append(
                self._received.ended(Outcome.ERROR, Reason.STOPPED, began, evidence=Evidence.NONE)
            )
        return ended

    def _finish(self, now: float, status: CallStatus = CallStatus.COMPLETED) -> list[Intent]:
        """End the call: the lead is gone, or being hung up."""
        self.ended_as = status
        received = self._given_up_transfer(now)
        told = self._tell_lead_s_end(status, now)
        drops = self._drop_all()
        self.over = self._cleared
        self._activity = None if self.over else Clearing(now + CLEARING_LIMIT)
        return [*received, *told, *drops, *self._take_all_away(), *self._last_words()]

    def _given_up_transfer(self, now: float) -> list[Intent]:
        """Close the books on a REFER whose document ended the call."""
        received = self._received
        if received is None:
            return []
        self._received = None
        release = self._release(received, ReferReport.UNAVAILABLE, now)
        return [received.ended(Outcome.FAILED, Reason.NOT_DIALED, now), *release]

    def _tell_lead_s_end(self, status: CallStatus, now: float) -> list[Intent]:
        if self._lent_to:
            return []  # the call that has it again tells
        if self.lead.info.direction is not CallDirection.INBOUND:
            return self._tell_leg(self.lead, LegEvent.COMPLETED, now)
        callback = self.lead.status_callback
        if callback is None:
            return []
        standing, duration = self._standing(status), self._duration(self.lead, now)
        return [Tell(TellKind.STATUS, callback, standing, self._broken, duration)]

    @abstractmethod
    def _not_reached(self, status: CallStatus, now: float) -> list[Intent]:
        """Give the call to the lead up."""

    @abstractmethod
    def _end_lead(self, now: float) -> list[Intent]:
        """Hang the lead up, in whatever state."""

    @abstractmethod
    def _last_words(self) -> list[Intent]:
        """Answer who still waits for something of this call."""
