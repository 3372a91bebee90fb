"""The part of a call's machine that goes on after the program ended suddenly and runs again."""

from dataclasses import replace
from typing import Any, Final

from stasis_refer.core.activity import (
    Activity,
    Answering,
    Clearing,
    Dialing,
    Fetching,
    Gathering,
    Joining,
    Playing,
    Queueing,
    Recalling,
    Referring,
    Returning,
    Separating,
    TakingOver,
    Talking,
)
from stasis_refer.core.ending import CLEARING_LIMIT
from stasis_refer.core.events import (
    ChannelReturned,
    ChannelUp,
    PlaybackEnded,
    QueueLeft,
    Restarted,
)
from stasis_refer.core.facts import Return
from stasis_refer.core.found import Found
from stasis_refer.core.intents import Answer, BreakOff, HangUp, Intent, JoinQueue, Separate
from stasis_refer.core.line import ANSWER_LIMIT
from stasis_refer.core.ordering import Ordering
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.talking import SEPARATION_LIMIT
from stasis_refer.core.transferring import RETURN_LIMIT

_LIMITS: Final[dict[type[Activity], float]] = {
    Answering: ANSWER_LIMIT,
    Joining: ANSWER_LIMIT,
    Returning: RETURN_LIMIT,
    Separating: SEPARATION_LIMIT,
    Clearing: CLEARING_LIMIT,
    Recalling: RETURN_LIMIT,
}
"""What waits for Asterisk alone has its whole time again: nobody asked it in between."""

_RESTARTED: Final = Result(Outcome.ERROR, Reason.RESTARTED, Evidence.NONE)


class Restarting(Ordering):
    """A call that goes on where it was.

    Events that were missed are made good by how things stand; what waits for an answer is asked
    for again, as nobody knows whether it was.
    """

    def _restarted(self, restarted: Restarted, now: float) -> list[Intent]:
        self._give_time(now)
        if self._gone:
            return self._ask_again()
        if restarted.found is Found.GONE:
            return self._gone_unheard(restarted.back, now)
        if restarted.up and self.lead.answered_at is None:
            asked = self._activity
            answered = self.handle(ChannelUp(), now)
            if self._activity is not asked:
                return answered
        if restarted.found is Found.AWAY:
            return self._ask_again_from_afar()
        if self._away:
            return self._back_unheard(restarted.back, now)
        return self._ask_again() or self._went_on(restarted, now)

    def _give_time(self, now: float) -> None:
        activity = self._activity
        if isinstance(activity, Referring):
            activity.sent.machine.unheard(now)
        elif activity is not None and type(activity) in _LIMITS:
            changed: dict[str, Any] = {"deadline": now + _LIMITS[type(activity)]}
            self._activity = replace(activity, **changed)

    def _gone_unheard(self, back: ChannelReturned | QueueLeft | None, now: float) -> list[Intent]:
        told = back if isinstance(back, ChannelReturned) and not self._is_old(back) else None
        match self._activity:
            case Referring(sent) if self._received is None:
                self.lead.gone = True
                returned = Return(told.status, told.code) if told else None
                sent.machine.gone_unheard(now, returned)
                return self._transfer_over(sent, now)
            case Fetching(fetch):
                return [fetch, *self._call_ended(now)]
            case _:
                return self._call_ended(now)

    def _back_unheard(self, back: ChannelReturned | QueueLeft | None, now: float) -> list[Intent]:
        """Take in that the channel is back from the dialplan, or never went there."""
        match self._activity, back:
            case ((Referring() | Returning()), ChannelReturned()) if not self._is_old(back):
                return self._returned(back, now)
            case Queueing(), QueueLeft():
                return self._queue_left(back, now)
            case Queueing(verb), _:
                return [JoinQueue(verb.queue)]
            case Recalling(), _:
                self._away = False
                return self._next(now)
            case Referring(sent), _:
                # It was never asked for, so the application may ask for it again.
                self._away = False
                return self._after(sent.verb, sent.ended_so(_RESTARTED), now)
            case Returning(verb, result), _:
                self._away = False
                return self._go_on(verb, result, now)
            case _:
                return []

    def _ask_again(self) -> list[Intent]:
        match self._activity:
            case Fetching(fetch):
                return [fetch]
            case Answering() | Joining():
                return [Answer()]
            case Clearing() if not self._gone:
                return [HangUp()]
            case _:
                return []

    def _ask_again_from_afar(self) -> list[Intent]:
        match self._activity:
            case Fetching(fetch):
                return [fetch]
            case Returning() | Recalling():
                return [BreakOff()]
            case _:
                return []

    def _went_on(self, restarted: Restarted, now: float) -> list[Intent]:
        """Take in what came to its end meanwhile."""
        match self._activity:
            case Playing(name) | Gathering(name=name) | Dialing(sound=name) if name:
                return [] if restarted.plays else self.handle(PlaybackEnded(name), now)
            case Talking(bridge=bridge) as talking:
                if restarted.bridge == bridge:
                    return self._in_bridge(talking, now)
                partner = self.legs.get(talking.partner)
                if partner is None or not self._stays(partner):
                    return []  # it was being hung up, and is told of behind this
                return self._bridge(replace(talking, former=bridge))
            case Separating() if restarted.bridge:
                return [Separate(restarted.bridge)]
            case Separating():
                return self._out_of_bridge(now)
            case TakingOver():
                return self._nothing_to_replace(now)
            case _:
                return []

    @property
    def sound(self) -> str:
        """The name of the playback that is on, '' where none is waited for."""
        match self._activity:
            case Playing(name) | Gathering(name=name) | Dialing(sound=name):
                return name
            case _:
                return ""
