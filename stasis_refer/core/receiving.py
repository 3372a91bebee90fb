"""The part of a call's machine that a party's REFER tells to transfer, to the end of it."""

from abc import abstractmethod
from dataclasses import replace
from typing import Final

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.activity import Joining, NotFetched, Talking
from stasis_refer.core.events import FetchFailed, ReferCaptured, ReferRefused, TransferRequested
from stasis_refer.core.intents import (
    Alert,
    Fetch,
    FetchKind,
    Intent,
    ReferReport,
    ReportRefer,
    TransferBegan,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.core.parties import RELEASE_LIMIT
from stasis_refer.core.policy import Allowed
from stasis_refer.core.program import Program
from stasis_refer.core.received import (
    ANOTHER,
    NOBODY,
    OVER_LIMIT,
    Declined,
    Received,
    asked,
    declined,
    is_copy,
    judged,
    take_copy,
    witness,
)
from stasis_refer.core.talking import Connecting
from stasis_refer.core.verbs import Document

ALERT_NO_URL: Final = 13802

COPY_LIMIT: Final = 0.5
"""Seconds the captured copy of a REFER may lag behind Asterisk's own event, which on a busy
machine it does; without it the target is not known in full."""

MISSED_LIMIT: Final = 5.0
"""Seconds a copy that comes later still is known to be of a REFER that went on without it."""

_CHALLENGES: Final = frozenset({401, 407})


class Receiving(Connecting):
    """A call whose parties can send a REFER."""

    # -- it arrives --------------------------------------------------------------

    def _refer_captured(self, leg: Leg, captured: ReferCaptured, now: float) -> list[Intent]:
        user, until = self._copies_missed.pop(leg.channel, ("", 0.0))
        if now < until and is_copy(captured, user):
            return []  # of a REFER that went on without it
        self._refers_captured.setdefault(leg.channel, []).append(captured)
        return self._refer_again(leg, now)

    def _refer_again(self, leg: Leg, now: float) -> list[Intent]:
        """Look again at a REFER that waits: what it waits for may be there."""
        requested, _ = self._refers_told.pop(leg.channel, (None, 0.0))
        return self._take_or_wait(leg, requested, now) if requested else []

    def _copies_overdue(self, now: float) -> list[Intent]:
        """Go on with the REFERs that have waited long enough."""
        late = [channel for channel, (_, until) in self._refers_told.items() if until <= now]
        return [each for channel in late for each in self._wait_no_longer(channel, now)]

    def _wait_no_longer(self, channel: str, now: float) -> list[Intent]:
        """Go on with a REFER as it is."""
        requested, _ = self._refers_told.pop(channel, (None, 0.0))
        leg = self.lead if channel == self.lead.channel else self.legs.get(channel)
        if leg is None or requested is None:
            return []
        return self._take_refer(leg, self._copy_of(requested, leg, now), requested, now)

    def _copy_of(self, requested: TransferRequested, leg: Leg, now: float) -> ReferCaptured | None:
        captured = take_copy(self._refers_captured.get(leg.channel, []), requested.user)
        if captured is None:
            self._copies_missed[leg.channel] = requested.user, now + MISSED_LIMIT
        return captured

    def _refer_refused(self, leg: Leg, refused: ReferRefused) -> list[Intent]:
        """Take in that Asterisk refused a REFER by itself."""
        waiting = self._refers_captured.get(leg.channel, [])
        found = next((each for each in waiting if each.cseq == refused.cseq), None)
        if found is None:
            return []
        waiting.remove(found)
        if refused.code in _CHALLENGES:
            return []  # it is to come again, with credentials
        why = Declined(Outcome.REJECTED, Reason.REFER_REFUSED, "Asterisk refused it by itself")
        return declined(self._came(leg, found.refer_to, found.referred_by), why, refused.code)

    def _transfer_requested(
        self, leg: Leg, requested: TransferRequested, now: float
    ) -> list[Intent]:
        """Take in Asterisk's word of a REFER."""
        if leg.dropped is not None or leg.drop_at is not None:
            return []  # at the end of a channel Asterisk tells of its REFER once more
        return self._take_or_wait(leg, requested, now)

    def _take_or_wait(self, leg: Leg, requested: TransferRequested, now: float) -> list[Intent]:
        """Go on with a REFER as soon as its captured copy, which says more, is there.

        The connection that its sender, who has answered, is about to get may be late, too.
        """
        match self._activity:
            case Joining(partner=partner, deadline=until) if partner == leg.channel:
                self._refers_told[leg.channel] = requested, until
                return []
        copied = bool(self._refers_captured.get(leg.channel))
        if not copied and leg.info.captured and self._received is None:
            self._refers_told[leg.channel] = requested, now + COPY_LIMIT
            return []
        return self._take_refer(leg, self._copy_of(requested, leg, now), requested, now)

    def _take_refer(
        self, leg: Leg, captured: ReferCaptured | None, requested: TransferRequested, now: float
    ) -> list[Intent]:
        refer_to, by = _said(captured, requested)
        if self._received is not None:
            return self._another(self._received, leg, refer_to, by)
        talking, other = self._activity, self._connected_to(leg)
        if not isinstance(talking, Talking) or other is None:
            return self._decline(leg, refer_to, by, NOBODY)
        ask = asked(captured, requested, leg, other)
        if requested.attended:
            return self._attended(ask, talking, leg, requested.replaced, now)
        word = judged(ask, talking.verb.refer, self.application, self._as_of_now)
        if isinstance(word, Declined):
            return self._decline(leg, refer_to, by, word)
        return self._ask_where(ask, talking, leg, word, now)

    def _refer_over_limit(self, detail: str, now: float) -> list[Intent]:
        """Decline a REFER behind its beginning; nobody was asked where it is to go."""
        return self._decline_begun(replace(OVER_LIMIT, detail=detail), now)

    def _decline_begun(self, why: Declined, now: float) -> list[Intent]:
        """Tell the sender no, and let what it is connected to go on."""
        received = self._received
        if received is None or received.running:
            return []
        report = self._report(received, ReferReport.DECLINED)
        ended = received.ended(
            why.outcome, why.reason, now, evidence=Evidence.NONE, detail=why.detail
        )
        return [ended, *report, *self._as_before(received, now)]

    def _connected_to(self, leg: Leg) -> Leg | None:
        match self._activity:
            case Talking(partner=partner) if leg is self.lead:
                return self.legs.get(partner)
            case Talking(partner=partner) if leg.channel == partner:
                return self.lead
            case _:
                return None

    def _another(self, received: Received, leg: Leg, refer_to: str, by: str) -> list[Intent]:
        """Take in a REFER while one is under way.

        Asterisk names only the channel when it reports: another REFER of the same party ends
        with the first one.
        """
        if leg.channel != received.transferor:
            return self._decline(leg, refer_to, by, ANOTHER)
        # Without a copy only the user part is known.
        same = refer_to in {received.asked.refer_to, received.asked.user}
        return [] if same else declined(self._came(leg, refer_to, by), ANOTHER)

    def _came(self, leg: Leg, refer_to: str, by: str) -> TransferBegan:
        number = self._new_transfer()
        return TransferBegan(Direction.RECEIVED, refer_to, number, leg.channel, by)

    def _decline(self, leg: Leg, refer_to: str, by: str, why: Declined) -> list[Intent]:
        """Tell the sender no; what it is connected to stays as it is."""
        came = self._came(leg, refer_to, by)
        alert: list[Intent] = []
        if why.reason is Reason.NO_REFER_URL:
            alert = [Alert(ALERT_NO_URL, why.detail)]
        if not self._stays(leg):
            return [*declined(came, why), *alert]
        report = ReferReport.DECLINED
        told = declined(came, why, notify_code=report.code)
        return [*told, *alert, ReportRefer(leg.channel, report)]

    def _ask_where(
        self, ask: TransferAsked, talking: Talking, leg: Leg, by: Allowed, now: float
    ) -> list[Intent]:
        refer = talking.verb.refer
        if refer is None:
            return []
        stays, used = talking.verb.answer_on_bridge, self._use(by)
        began = self._begin(ask, talking, leg, now, stays=stays, by=by)
        return [began, *used, *self._trying(leg), *self._fetch(FetchKind.REFER, refer, ask)]

    def _trying(self, leg: Leg) -> list[Intent]:
        """Tell the sender at once that it was heard (RFC 3515, 2.4.4).

        Asterisk by itself sends no NOTIFY before the final one.
        """
        return [ReportRefer(leg.channel, ReferReport.TRYING)] if self._stays(leg) else []

    def _begin(  # noqa: PLR0913 - a REFER, where it finds the call, and what is said of it
        self,
        ask: TransferAsked,
        talking: Talking,
        leg: Leg,
        now: float,
        *,
        stays: bool,
        by: Allowed,
    ) -> TransferBegan:
        """Make the other party the lead: a REFER's document runs on the transferee's call."""
        came = self._came(leg, ask.refer_to, ask.referred_by)
        self._received = Received(
            asked=ask,
            began_at=now,
            transferor=leg.channel,
            stays=stays,
            talk=talking,
            program=self._program,
            document=self._document,
            swapped=leg is self.lead,
            number=came.number,
            by=by,
            counted=by.quotas,
        )
        if self._received.swapped:
            self._change_lead(self.legs[talking.partner])
        return replace(came, group=by.group, rule=by.rule)

    # -- the document that says where --------------------------------------------

    def _refer_fetched(self, received: Received, document: Document, now: float) -> list[Intent]:
        received.running = True
        self._program = Program()
        self._program.load(document)
        release: list[Intent] = []
        if not received.stays:
            release = self._release(received, ReferReport.ANSWERED, now)
        return [*release, *self._separate(received.talk, None, now)]

    def _refer_not_fetched(
        self, received: Received, fetch: Fetch, failed: FetchFailed, now: float
    ) -> list[Intent]:
        if received.stays and self._holds(received):
            report = self._report(received, ReferReport.UNAVAILABLE)
            then = self._as_before(received, now)
        else:
            self._received = None
            report = self._release(received, ReferReport.UNAVAILABLE, now)
            then = self._separate(received.talk, NotFetched(fetch, failed), now)
        ended = received.ended(
            Outcome.ERROR, Reason.NO_DOCUMENT, now, evidence=Evidence.NONE, detail=failed.message
        )
        return [ended, *report, *then]

    # -- how it ends -------------------------------------------------------------

    def _target_reached(self, now: float) -> list[Intent]:
        received = self._received
        if received is None or not received.running:
            return []
        self._received = None
        release = self._release(received, ReferReport.ANSWERED, now)
        partner = self._partner()
        evidence = witness(partner.info, partner.code) if partner else Evidence.ASTERISK
        ended = received.ended(Outcome.COMPLETED, Reason.BRIDGED, now, evidence=evidence)
        return [ended, *release]

    def _partner(self) -> Leg | None:
        match self._activity:
            case Talking(partner=partner):
                return self.legs.get(partner)
            case _:
                return None

    def _target_missed(
        self, outcome: Outcome, reason: Reason, now: float, evidence: Evidence = Evidence.NONE
    ) -> tuple[list[Intent], bool]:
        """Return what follows where no target was reached, and whether that is all."""
        received = self._received
        if received is None or not received.running:
            return [], False
        if received.stays and self._holds(received):
            report = self._report(received, ReferReport.UNAVAILABLE)
            ended = received.ended(outcome, reason, now, evidence=evidence)
            return [ended, *report, *self._as_before(received, now)], True
        self._received = None
        return [received.ended(outcome, reason, now, evidence=evidence)], False

    def _holds(self, received: Received) -> bool:
        """Whether the transferor is still there, to be connected again."""
        leg = self.legs.get(received.transferor)
        return leg is not None and self._stays(leg)

    def _report(self, received: Received, report: ReferReport) -> list[Intent]:
        """Tell a transferor that is still there how its REFER ended, once."""
        if received.report is not None or not self._holds(received):
            return []
        received.report = report
        return [ReportRefer(received.transferor, report)]

    def _release(self, received: Received, report: ReferReport, now: float) -> list[Intent]:
        """Tell it so, and hang it up behind that."""
        told = self._report(received, report)
        if told:
            self.legs[received.transferor].drop_at = now + RELEASE_LIMIT
        return told

    def _as_before(self, received: Received, now: float) -> list[Intent]:
        """Let the connection go on that the REFER was to end."""
        self._received = self._broken = None
        if not self._holds(received):
            return self._alone(received, now)
        if received.swapped:
            self._change_lead(self.legs[received.transferor])
        self._program, self._document = received.program, received.document
        if received.running:
            return self._bridge(received.talk)
        self._activity = received.talk
        return []

    def _alone(self, received: Received, now: float) -> list[Intent]:
        """Go on where the transferor hung up, and its REFER came to nothing."""
        if received.swapped:
            return self._hang_up(now)
        self._program, self._document = received.program, received.document
        return self._talk_over(received.talk, now)

    @abstractmethod
    def _attended(
        self, ask: TransferAsked, talking: Talking, leg: Leg, replaced: str, now: float
    ) -> list[Intent]:
        """Connect the transferee with who is connected to the channel ``replaced``."""


def _said(captured: ReferCaptured | None, requested: TransferRequested) -> tuple[str, str]:
    """Return Refer-To and Referred-By as far as they are known."""
    if captured is None:
        return requested.user, requested.referred_by
    return captured.refer_to, captured.referred_by or requested.referred_by
