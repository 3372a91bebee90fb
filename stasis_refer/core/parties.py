"""The part of a call's machine that keeps its legs: who they are, and who is told of them."""

from stasis_refer.core.abouts import LegProgress
from stasis_refer.core.activity import Clearing
from stasis_refer.core.counting import Counting
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.intents import (
    DropLeg,
    Intent,
    Separate,
    Tell,
    TellKind,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.verbs import LegEvent

RELEASE_LIMIT = 1.0
"""Seconds from the command for the final NOTIFY of a REFER to the BYE, if nobody tells that it
left."""

_STATUS = {
    LegEvent.INITIATED: CallStatus.INITIATED,
    LegEvent.RINGING: CallStatus.RINGING,
    LegEvent.ANSWERED: CallStatus.IN_PROGRESS,
}


class Parties(Counting):
    """A call with legs."""

    def _take_in(self, leg: Leg) -> None:
        self.legs[leg.channel] = leg
        self._channels_changed()

    def _let_go(self, leg: Leg) -> None:
        self.legs.pop(leg.channel, None)
        self._channels_changed()

    def _change_lead(self, leg: Leg) -> None:
        """Let another party's document run from now on; the old lead stays a leg."""
        former, self.lead = self.lead, leg
        del self.legs[leg.channel]
        self.legs[former.channel] = former
        self._channels_changed()

    @property
    def _cleared(self) -> bool:
        """Whether nothing is left that the end of the call has to wait for."""
        told_of = (each for each in self._recorders.values() if each.watch is not None)
        return not self.legs and not any(told_of)

    def _stays(self, leg: Leg) -> bool:
        """Whether a party is there, and not being hung up."""
        if leg is self.lead and isinstance(self._activity, Clearing):
            return False
        return not leg.gone and leg.drop_at is None and leg.dropped is None

    def _drop(self, channel: str, unanswered: CallStatus = CallStatus.CANCELED) -> list[Intent]:
        """Hang a leg up, if it is there; ``unanswered`` is how it ends if it was not answered."""
        leg = self.legs.get(channel)
        if leg is None:
            return []
        leg.drop_at = None
        if leg.dropped is None:
            leg.dropped = unanswered
        return [DropLeg(channel)]

    def _drop_all(self, *, at_once: bool = False) -> list[Intent]:
        """Hang all legs up, ``at_once`` also those whose final NOTIFY is still to leave."""
        return [
            each
            for leg in self.legs.values()
            if leg.dropped is None and (at_once or leg.drop_at is None)
            for each in self._drop(leg.channel)
        ]

    def _take_away(self, *bridges: str) -> list[Intent]:
        """Take bridges away, those that are still there."""
        there = [each for each in bridges if each in self._open_bridges]
        self._open_bridges = [each for each in self._open_bridges if each not in there]
        return [Separate(each) for each in there]

    def _take_all_away(self) -> list[Intent]:
        return self._take_away(*self._open_bridges)

    # -- the sender of a REFER ---------------------------------------------------

    def _reported(self, leg: Leg) -> list[Intent]:
        """Take in that the final NOTIFY left, or never will."""
        return self._drop(leg.channel) if leg.drop_at is not None else []

    def _drop_overdue(self, now: float) -> list[Intent]:
        overdue = [leg for leg in self.legs.values() if leg.drop_at is not None]
        return [
            each
            for leg in overdue
            if leg.drop_at is not None and leg.drop_at <= now
            for each in self._drop(leg.channel)
        ]

    # -- who is told -------------------------------------------------------------

    def _tell_leg(self, leg: Leg, event: LegEvent, now: float) -> list[Intent]:
        if event is LegEvent.COMPLETED and leg.info.direction is CallDirection.INBOUND:
            return self._tell_end(leg, CallStatus.COMPLETED, now)
        watch = leg.watch
        if watch is None or event not in watch.events:
            return []
        about = LegProgress(event, leg.told, leg.code, leg.tag)
        leg.told += 1
        standing = self._standing(_STATUS.get(event) or leg.end, leg)
        by, duration = leg.application, self._duration(leg, now)
        return [Tell(TellKind.LEG, watch.callback, standing, about, duration, leg.info, by)]

    def _tell_end(self, leg: Leg, status: CallStatus, now: float) -> list[Intent]:
        """Tell the end of a call that came in and is not, or no longer, the lead."""
        callback, by = leg.status_callback, leg.application
        if callback is None:
            return []
        standing, duration = self._standing(status, leg), self._duration(leg, now)
        return [Tell(TellKind.STATUS, callback, standing, None, duration, leg.info, by)]

    @staticmethod
    def _duration(leg: Leg, now: float) -> float:
        return 0.0 if leg.answered_at is None else now - leg.answered_at
