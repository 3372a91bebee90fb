"""The part of a call's machine that takes in what its legs do."""

from typing import Final

from stasis_refer.core.abouts import Dialed
from stasis_refer.core.activity import Clearing, Dialing, Joining, Talking
from stasis_refer.core.ending import Ending
from stasis_refer.core.events import (
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelRinging,
    ChannelUp,
    Command,
    CommandRefused,
    InviteAnswered,
    LegCreated,
    OfLeg,
    RecordingEnded,
    ReferCaptured,
    ReferRefused,
    Regained,
    Restarted,
    TransferReported,
    TransferRequested,
)
from stasis_refer.core.found import Found
from stasis_refer.core.intents import DropLeg, Intent
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.received import user_of
from stasis_refer.core.verbs import LegEvent

_ENDS_LEG: Final = frozenset({Command.CREATE, Command.RING})


class LegEvents(Ending):
    """A call whose legs come and go."""

    def _of_leg(self, of: OfLeg, now: float) -> list[Intent]:  # noqa: C901, PLR0911, PLR0912 - the one switch over what legs do
        leg, event = self.legs.get(of.channel), of.event
        if of.channel == self.lead.channel:
            return self.handle(event, now)
        if isinstance(event, RecordingEnded):
            return self._recorded(event, now)  # of a bridge whose lead is none any more
        if leg is None:
            return []
        match event:
            case LegCreated(call_id, captured):
                return self._leg_created(leg, call_id, now, captured=captured)
            case ChannelRinging():
                return self._leg_rings(leg, now)
            case ChannelUp():
                return self._leg_answered(leg, now)
            case Regained() if leg.dropped is not None:
                return self._drop(leg.channel)
            case Restarted():
                return self._leg_found(leg, event, now)
            case InviteAnswered(code):
                leg.code = code
            case CallEnded(status=status):
                return self._leg_gone(leg, status, now)
            case CommandRefused(command) if command in _ENDS_LEG:
                # Asterisk may have it all the same, and would keep it.
                return [DropLeg(leg.channel), *self._leg_gone(leg, None, now)]
            case CommandRefused(Command.REPORT) | TransferReported(final=True):
                return self._reported(leg)
            case ReferCaptured():
                return self._refer_captured(leg, event, now)
            case ReferRefused():
                return self._refer_refused(leg, event)
            case TransferRequested():
                return self._transfer_requested(leg, event, now)
            case ChannelHeld() | ChannelResumed():
                leg.held = isinstance(event, ChannelHeld)
            case _:
                pass
        return []

    def _leg_found(self, leg: Leg, restarted: Restarted, now: float) -> list[Intent]:
        """Take in how a leg was found after a restart."""
        if restarted.found is Found.GONE:
            return self._leg_gone(leg, None, now)
        if leg.dropped is not None:
            return self._drop(leg.channel)
        if not leg.info.call_id:
            # Nobody knows whether it was called, or would hear of it.
            return [DropLeg(leg.channel), *self._leg_gone(leg, None, now)]
        answered = restarted.up and leg.answered_at is None
        return self._leg_answered(leg, now) if answered else []

    def _leg_gone(self, leg: Leg, status: int | None, now: float) -> list[Intent]:
        leg.gone = True
        before = self._overtaken(leg, now)
        if leg.answered_at is None and leg.code is None:
            leg.code = status
        self._let_go(leg)
        self._refers_captured.pop(leg.channel, None)
        told = [*before, *self._tell_leg(leg, LegEvent.COMPLETED, now)]
        match self._activity:
            case Clearing():
                self.over = self._cleared
                return told
            case Dialing(legs=legs) as dialing if leg.channel in legs:
                return [*told, *self._leg_failed(dialing, leg, now)]
            case Joining(verb, partner) if partner == leg.channel:
                left = Dialed(Outcome.NO_ANSWER, leg.info, name=verb.name)
                return [*told, *self._dial_over(verb, left, now)]
            case Talking(partner=partner) as talking if partner == leg.channel:
                return [*told, *self._talk_over(talking, now, gone=leg)]
            case _:
                return told

    def _overtaken(self, leg: Leg, now: float) -> list[Intent]:
        """Take in a REFER that still waited for something: the BYE overtook it."""
        leg.gone = True
        if leg.channel in self._refers_told:
            return self._wait_no_longer(leg.channel, now)
        waiting = self._refers_captured.get(leg.channel)
        if not waiting or self._connected_to(leg) is None or self._received is not None:
            return []
        refer_to = waiting[0].refer_to
        attended = "replaces=" in refer_to.lower()
        requested = TransferRequested(user_of(refer_to), "", attended)
        return self._transfer_requested(leg, requested, now)
