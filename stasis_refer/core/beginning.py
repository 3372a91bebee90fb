"""The part of a call's machine that begins it, where somebody did not just call."""

from dataclasses import replace
from typing import assert_never

from stasis_refer.core.activity import Detaching, Originating
from stasis_refer.core.application import Callback
from stasis_refer.core.calling import Called, originate
from stasis_refer.core.documents import Documents
from stasis_refer.core.events import ChannelRinging, InviteAnswered, LegCreated
from stasis_refer.core.info import CallStatus
from stasis_refer.core.intents import FetchKind, HangUp, Intent
from stasis_refer.core.opening import Arrived, Lent, Outgoing, Parted
from stasis_refer.core.orders import Origination
from stasis_refer.core.talking import SEPARATION_LIMIT
from stasis_refer.core.verbs import Document, LegEvent


class Beginning(Documents):
    """A call that begins in any way there is."""

    def start(self) -> list[Intent]:
        """Return what to do first."""
        now = self._began_at
        match self.opening:
            case Arrived():
                return super().start()
            case Outgoing(wanted):
                return self._call_lead(wanted, now)
            case Parted(document, ticket):
                self._ticket = ticket
                self._program.load(document)
                self._activity = Detaching(now + SEPARATION_LIMIT)
                return []
            case Lent(screening, to):
                self._lent_to = to
                return self._fetch(FetchKind.SCREENING, screening)
            case _:
                assert_never(self.opening)

    def _call_lead(self, wanted: Origination, now: float) -> list[Intent]:
        info = self.lead.info
        called = originate(wanted, self.application, key=self.key, at=info.started, now=now)
        if not isinstance(called, Called):
            return [called.note, *self._finish(now, CallStatus.FAILED)]
        self.lead.watch = called.leg.watch
        self._tag = self.lead.tag = called.leg.tag
        self.lead.accepts_refers = True
        self._activity = Originating(wanted.then, now + wanted.timeout)
        self._time_limit = wanted.time_limit
        return [called.intent]

    def _of_lead_s_invite(
        self, event: LegCreated | ChannelRinging | InviteAnswered, now: float
    ) -> list[Intent]:
        """Take in how the call to the lead goes."""
        if not isinstance(self._activity, Originating):
            return []  # of a leg that became the lead meanwhile
        match event:
            case LegCreated(call_id, captured):
                return self._leg_created(self.lead, call_id, now, captured=captured)
            case ChannelRinging():
                return self._leg_rings(self.lead, now)
            case InviteAnswered(code):
                self.lead.code = code
                # Whoever sees the answer will see what follows.
                self.lead.info = replace(self.lead.info, watched=True)
                return []

    def _reached(self, then: Callback | Document, now: float) -> list[Intent]:
        """Take in that the lead took our call."""
        told = self._tell_leg(self.lead, LegEvent.ANSWERED, now)
        if self._time_limit is not None:
            self._ends_at = now + self._time_limit
        if isinstance(then, Callback):
            return [*told, *self._fetch(FetchKind.DOCUMENT, then)]
        self._program.load(then)
        return [*told, *self._next(now)]

    def _not_reached(self, status: CallStatus, now: float) -> list[Intent]:
        """Give the call to the lead up."""
        self.lead.dropped = status
        return [HangUp(), *self._finish(now, status)]
