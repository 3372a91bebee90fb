"""The part of a call's machine that is told to transfer to a call of ours (RFC 3891: Replaces)."""

from dataclasses import replace
from typing import Final

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.activity import TakingOver, Talking
from stasis_refer.core.handing_over import Replaced
from stasis_refer.core.intents import (
    DropLeg,
    HandOver,
    HangUp,
    Intent,
    TakeOver,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.policy import Allowed
from stasis_refer.core.program import Program
from stasis_refer.core.received import NOT_OURS
from stasis_refer.core.receiving import Receiving

TAKE_OVER_LIMIT: Final = 5.0
"""Seconds another call has to hand a party over."""

_CONNECTED: Final = Allowed(rule="")
"""No rule is asked of somebody who was called already."""


class Attending(Receiving):
    """A call that can be connected with a party of another one."""

    def _attended(
        self, ask: TransferAsked, talking: Talking, leg: Leg, replaced: str, now: float
    ) -> list[Intent]:
        if not replaced:
            return self._decline(leg, ask.refer_to, ask.referred_by, NOT_OURS)
        # Whoever talked to both stays until they are connected, whatever the Dial says.
        began = self._begin(ask, talking, leg, now, stays=True, by=_CONNECTED)
        self._activity = TakingOver(now + TAKE_OVER_LIMIT)
        return [began, *self._trying(leg), TakeOver(replaced)]

    def _handed_over(self, leg: Leg | None, now: float) -> list[Intent]:
        received = self._received
        if received is None or not isinstance(self._activity, TakingOver):
            return [DropLeg(leg.channel)] if leg else []
        if leg is None:
            return self._nothing_to_replace(now)
        received.running = True
        leg = replace(leg)  # a leg changes, and what happened stays
        self._take_in(leg)
        talk, verb = received.talk, received.talk.verb
        if received.swapped:
            # The Dial was the transferor's, and so is what comes behind it.
            verb, self._program = replace(verb, action=None), Program()
        talking = Talking(verb, leg.channel, "", now, talk.deadline, former=talk.bridge)
        return self._bridge(talking)

    def _nothing_to_replace(self, now: float) -> list[Intent]:
        return self._decline_begun(NOT_OURS, now)

    def _replaced(self, replaced: Replaced, now: float) -> list[Intent]:
        """Let another call have the party that ``replaced.channel`` is connected to."""
        talking, legs = self._activity, {self.lead.channel: self.lead, **self.legs}
        other = self._connected_to(legs[replaced.channel]) if replaced.channel in legs else None
        if not isinstance(talking, Talking) or other is None or self._received is not None:
            return [HandOver(replaced.by, None)]
        if other is self.lead:
            self._change_lead(self.legs[talking.partner])
        self._let_go(other)
        # Its own application goes on being told of it, in its own words.
        other.application = other.application or self.application
        return [HandOver(replaced.by, other), HangUp(), *self._finish(now)]
