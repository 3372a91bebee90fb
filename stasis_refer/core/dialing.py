"""The part of a call's machine that calls others: until one answers, or nobody does."""

from abc import abstractmethod
from dataclasses import replace
from typing import Final

from stasis_refer.core.abouts import Dialed
from stasis_refer.core.activity import Dialing, Joining
from stasis_refer.core.application import Callback
from stasis_refer.core.calling import Called, Refused, call_out
from stasis_refer.core.events import PlaybackEnded
from stasis_refer.core.info import CallStatus
from stasis_refer.core.intents import (
    AcceptRefers,
    Answer,
    Branch,
    DropLeg,
    IndicateRinging,
    Intent,
    RingLeg,
    StartPlayback,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.line import ANSWER_LIMIT
from stasis_refer.core.opening import Lent
from stasis_refer.core.outcome import Outcome, outcome_of
from stasis_refer.core.parties import Parties
from stasis_refer.core.playing import Listening
from stasis_refer.core.verbs import Dial, LegEvent, Ringback

UNAVAILABLE: Final = 480
"""What a ringing caller is refused with when nobody answered and nobody said why."""

_OK: Final = 200

_TELLING: Final = (Outcome.BUSY, Outcome.NO_ANSWER, Outcome.FAILED, Outcome.BLOCKED)
"""Which end of several tells most of why nobody was reached, the first first."""


class Calling(Listening, Parties):
    """A call that can call others."""

    def _dial(self, verb: Dial, now: float) -> list[Intent]:
        accept: list[Intent] = [] if self.lead.accepts_refers else [AcceptRefers()]
        self.lead.accepts_refers = True
        if self.lead.answered_at is None and not verb.answer_on_bridge:
            return [*accept, *self._answer_for(verb, now)]
        self._recovering = False
        self._activity = Dialing(verb, verb.callees)
        return [*accept, *self._call_more(self._activity, now)]

    def _call_more(self, dialing: Dialing, now: float) -> list[Intent]:
        """Call those whose turn it is: all, or of a sequence the next one."""
        verb, intents = dialing.verb, list[Intent]()
        while dialing.rest and not (verb.sequential and dialing.legs):
            callee, *rest = dialing.rest
            self._called += 1
            called = call_out(
                verb,
                callee,
                self.lead,
                self.application,
                self._as_of_now,
                number=self._called,
                now=now,
            )
            dialing = replace(dialing, rest=tuple(rest))
            match called:
                case Called(leg, intent, by):
                    intents += self._use(by)
                    self._take_in(leg)
                    dialing = replace(dialing, legs=(*dialing.legs, leg.channel))
                    intents.append(intent)
                case Refused(outcome, code, note):
                    failed = Dialed(outcome, None, code, tag=callee.tag, name=verb.name)
                    dialing = replace(dialing, best=_better(dialing.best, failed))
                    intents.append(note)
        if not dialing.legs:
            self._activity = dialing
            return [*intents, *self._nobody_answered(dialing, now)]
        self._program.took_time()
        self._activity = replace(dialing, deadline=now + verb.timeout)
        return [*intents, *self._let_hear_ringing(self._activity)]

    def _let_hear_ringing(self, dialing: Dialing) -> list[Intent]:
        if dialing.sound:
            return []
        if self.lead.answered_at is None:
            return [IndicateRinging()]
        name = self._new_playback()
        self._activity = replace(dialing, sound=name)
        return [StartPlayback(name, dialing.verb.meanwhile or Ringback())]

    def _ringing_over(self, dialing: Dialing, ended: PlaybackEnded) -> list[Intent]:
        """Let the caller hear it again; the ringing tone where it cannot be heard."""
        wanted = dialing.verb.meanwhile
        if not ended.ok and wanted is None:
            return []
        name = self._new_playback()
        verb = dialing.verb if ended.ok else replace(dialing.verb, meanwhile=None)
        self._activity = replace(dialing, verb=verb, sound=name)
        return [StartPlayback(name, verb.meanwhile or Ringback())]

    # -- legs --------------------------------------------------------------------

    def _leg_created(self, leg: Leg, call_id: str, now: float, *, captured: bool) -> list[Intent]:
        leg.info = replace(leg.info, call_id=call_id, watched=captured)
        if leg.dropped is not None:
            return self._drop(leg.channel)  # it came into being behind its own end
        return [*self._tell_leg(leg, LegEvent.INITIATED, now), RingLeg(leg.channel)]

    def _leg_rings(self, leg: Leg, now: float) -> list[Intent]:
        if leg.ringing or leg.answered_at is not None:
            return []
        leg.ringing = True
        return self._tell_leg(leg, LegEvent.RINGING, now)

    def _leg_answered(self, leg: Leg, now: float) -> list[Intent]:
        if leg.answered_at is not None or leg.dropped is not None:
            return self._drop(leg.channel) if leg.dropped else []
        leg.answered_at = now
        told = self._tell_leg(leg, LegEvent.ANSWERED, now)
        match self._activity:
            case Dialing(legs=legs) if leg.channel in legs and leg.screening is not None:
                return [*told, *self._lend(leg, leg.screening)]
            case Dialing(legs=legs) as dialing if leg.channel in legs:
                return [*told, *self._chosen(dialing, leg, now)]
            case _:
                return [*told, *self._drop(leg.channel)]

    def _chosen(self, dialing: Dialing, leg: Leg, now: float) -> list[Intent]:
        """Take in that this one is to be connected: the others are not needed any more."""
        stop, others = self._stop_playback(), (each for each in dialing.legs if each != leg.channel)
        lost = [each for other in others for each in self._drop(other)]
        return [*stop, *lost, *self._join(dialing.verb, leg, now)]

    def _lend(self, leg: Leg, screening: Callback) -> list[Intent]:
        """Let a document run on a leg of its own accord; the others go on ringing."""
        lent = replace(leg)  # the other call's own, until it gives it back
        leg.lent = True
        self._channels_changed()
        return [Branch(lent, Lent(screening, self.key))]

    def _given_back(self, leg: Leg, now: float) -> list[Intent]:
        if leg.channel not in self.legs:
            return [] if leg.gone else [DropLeg(leg.channel)]
        leg = replace(leg, lent=False)  # a copy: an event never changes
        self.legs[leg.channel] = leg
        if leg.gone:
            return self._leg_gone(leg, None, now)
        self._channels_changed()
        match self._activity:
            case Dialing() as dialing if leg.channel in dialing.legs and leg.dropped is None:
                return self._chosen(dialing, leg, now)
            case _ if leg.channel in self._spared:
                return []
            case _:
                return [DropLeg(leg.channel)]

    def _join(self, verb: Dial, leg: Leg, now: float) -> list[Intent]:
        if self.lead.answered_at is None:
            self._activity = Joining(verb, leg.channel, now + ANSWER_LIMIT)
            return [Answer()]
        return self._connect(verb, leg.channel, now)

    def _leg_failed(self, dialing: Dialing, leg: Leg, now: float) -> list[Intent]:
        failed = _dialed(dialing.verb, leg)
        legs = tuple(each for each in dialing.legs if each != leg.channel)
        dialing = replace(dialing, legs=legs, best=_better(dialing.best, failed))
        self._activity = dialing
        return [] if legs else self._call_more(dialing, now)

    def _rang_out(self, dialing: Dialing, now: float) -> list[Intent]:
        """Take in that the time for this round is over."""
        legs = [self.legs[channel] for channel in dialing.legs if channel in self.legs]
        drops, best = list[Intent](), dialing.best
        for leg in legs:
            if leg.answered_at is None:
                drops += self._drop(leg.channel, CallStatus.NO_ANSWER)
                best = _better(best, _dialed(dialing.verb, leg))
        screened = tuple(leg.channel for leg in legs if leg.answered_at is not None)
        dialing = replace(dialing, legs=screened, best=best, deadline=None)
        self._activity = dialing
        return [*drops, *([] if screened else self._call_more(dialing, now))]

    def _nobody_answered(self, dialing: Dialing, now: float) -> list[Intent]:
        stop = self._stop_playback()
        none = Dialed(Outcome.FAILED, name=dialing.verb.name)
        return [*stop, *self._dial_over(dialing.verb, dialing.best or none, now)]

    def _dialing_canceled(self, verb: Dial, legs: tuple[str, ...], now: float) -> list[Intent]:
        """Take in that the caller is gone."""
        first = next((self.legs[each] for each in legs if each in self.legs), None)
        info = first.info if first else None
        drops = [each for channel in legs for each in self._drop(channel)]
        canceled = Dialed(Outcome.CANCELED, info, name=verb.name)
        return [*drops, *self._dial_over(verb, canceled, now)]

    @abstractmethod
    def _leg_gone(self, leg: Leg, status: int | None, now: float) -> list[Intent]:
        """Take in that a leg is over."""

    @abstractmethod
    def _connect(self, verb: Dial, partner: str, now: float) -> list[Intent]:
        """Connect the lead with a leg."""

    @abstractmethod
    def _dial_over(self, verb: Dial, dialed: Dialed, now: float) -> list[Intent]:
        """Go on behind a Dial."""


_OUTCOMES: Final = {
    CallStatus.BUSY: Outcome.BUSY,
    CallStatus.NO_ANSWER: Outcome.NO_ANSWER,
    CallStatus.CANCELED: Outcome.CANCELED,
}


def _dialed(verb: Dial, leg: Leg) -> Dialed:
    """Return how a leg ended that was not connected."""
    # One that hangs up at once may be gone before Asterisk tells that it was there.
    if leg.answered_at is not None or leg.code == _OK:
        return Dialed(Outcome.NO_ANSWER, leg.info, tag=leg.tag, name=verb.name)
    outcome = _OUTCOMES.get(leg.end, Outcome.FAILED)
    if leg.code is not None and leg.dropped is None:
        outcome = outcome_of(leg.code)
    return Dialed(outcome, leg.info, leg.code, tag=leg.tag, name=verb.name)


def _better(best: Dialed | None, other: Dialed) -> Dialed:
    if best is None or _rank(other) < _rank(best):
        return other
    return best


def _rank(dialed: Dialed) -> int:
    return _TELLING.index(dialed.outcome) if dialed.outcome in _TELLING else len(_TELLING)
