"""The part of a call's machine that calls a target itself, of a REFER that its phone refused."""

from abc import abstractmethod
from dataclasses import replace
from typing import Final

from stasis_refer.core.abouts import Dialed
from stasis_refer.core.activity import Dialing, InItsPlace
from stasis_refer.core.attended import Attending
from stasis_refer.core.intents import Intent, TransferEnded
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.received import witness
from stasis_refer.core.verbs import (
    AtPeer,
    Callee,
    Dial,
    Instead,
    Party,
    Refer,
    SipAddress,
    Transferee,
)

_MEANS_CANNOT: Final = frozenset({400, 403, 405, 420, 488, 501, 603})
"""Answers to a REFER of phones that do not transfer, whoever the target is."""


class Bridging(Attending):
    """A call that can be connected where it cannot be transferred."""

    def _wants_dial(self, verb: Refer) -> bool:
        if self._to_replace(verb):
            return False  # who is meant has a call, and is not to be given another one
        if verb.instead is None:
            return self.application.dial_instead
        return verb.instead is Instead.DIAL

    def _to_replace(self, verb: Refer) -> str:
        """Return the key of the call that the transferee is to take the place of, '' for none."""
        if isinstance(verb.replaces, str):
            return verb.replaces
        there = (leg for leg in self.legs.values() if leg.answered_at is not None)
        return next((leg.info.key for leg in there if self._stays(leg)), "")

    def _falls_back(self, verb: Refer, result: Result) -> bool:
        """Whether the target of a REFER that ended so is to be called by us."""
        refused = result.outcome is Outcome.REJECTED and result.refer_code in _MEANS_CANNOT
        return refused and not self._gone and self._wants_dial(verb)

    def _dial_instead(self, verb: Refer, refused: TransferEnded, now: float) -> list[Intent]:
        self._in_its_place = InItsPlace(verb, refused, now - refused.times.ended)
        address = SipAddress(self._address(verb.target), headers=verb.headers)
        rings = verb.ring_timeout or self.application.ring_timeout
        return self._dial(Dial((Callee(address, place=verb.place),), timeout=rings), now)

    def _address(self, target: Party) -> str | AtPeer:
        return self.info.identity if isinstance(target, Transferee) else target

    def _target_reached(self, now: float) -> list[Intent]:
        reached, instead = super()._target_reached(now), self._in_its_place
        if instead is None or instead.ended.result.outcome is not Outcome.REJECTED:
            return reached
        ended = _ended(instead, Outcome.COMPLETED, None, now)
        self._in_its_place = replace(instead, ended=ended)
        return [ended, *reached]

    def _dial_over(self, verb: Dial, dialed: Dialed, now: float) -> list[Intent]:
        if self._in_its_place is not None:
            return self._called_instead(self._in_its_place, dialed, now)
        if dialed.outcome is Outcome.COMPLETED:
            return self._go_on_behind(verb, dialed, now)
        # Of a Dial that called nobody there is nothing to be seen.
        evidence = witness(dialed.info, dialed.code) if dialed.info else Evidence.NONE
        missed, done = self._target_missed(dialed.outcome, Reason.DIAL_FAILED, now, evidence)
        return missed if done else [*missed, *self._go_on_behind(verb, dialed, now)]

    def _called_instead(self, instead: InItsPlace, dialed: Dialed, now: float) -> list[Intent]:
        self._in_its_place = None
        if instead.ended.result.outcome is Outcome.COMPLETED:
            return self._go_on(instead.verb, instead.ended.result, now)
        ended = _ended(instead, dialed.outcome, dialed.code, now)
        return [ended, *self._go_on(instead.verb, ended.result, now)]

    def _not_called_instead(
        self, instead: InItsPlace, dialing: Dialing, result: Result, now: float
    ) -> list[Intent]:
        """End a transfer whose target was to be called at once, and is not: no leg was made."""
        stop = self._stop_playback()
        for leg in [self.legs[channel] for channel in dialing.legs]:
            leg.gone = True
            self._let_go(leg)
        self._in_its_place = None
        return [
            *stop,
            replace(instead.ended, result=result),
            *self._go_on(instead.verb, result, now),
        ]

    @abstractmethod
    def _go_on(self, verb: Refer, result: Result, now: float) -> list[Intent]:
        """Go on behind a Refer."""


def _ended(instead: InItsPlace, outcome: Outcome, code: int | None, now: float) -> TransferEnded:
    refused = instead.ended
    canceled = outcome is Outcome.CANCELED
    result = replace(
        refused.result,
        outcome=outcome,
        reason=Reason.HANGUP if canceled else Reason.BRIDGED_FALLBACK,
        evidence=Evidence.ASTERISK,
        notify_code=code,
    )
    times = replace(refused.times, ended=now - instead.began_at)
    return replace(refused, result=result, times=times)
