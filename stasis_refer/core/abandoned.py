"""The part of a call's machine that goes on where a transferee hung up before it had a target."""

from dataclasses import replace

from stasis_refer.core.abouts import Dialed
from stasis_refer.core.activity import Referring, Returning
from stasis_refer.core.events import ChannelReturned
from stasis_refer.core.intents import Intent, ReferReport, TransferEnded
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.received import Received
from stasis_refer.core.talking import talked
from stasis_refer.core.transferring import Transferring
from stasis_refer.core.verbs import LegEvent

_CANCELED = Result(Outcome.CANCELED, Reason.HANGUP, Evidence.NONE)


class Abandoned(Transferring):
    """A call whose lead may hang up while a REFER that moves it is under way."""

    def _transferee_gone(
        self, received: Received, now: float, told: ChannelReturned | None
    ) -> list[Intent]:
        self._received = None
        if received.swapped and self._holds(received):
            report = self._report(received, ReferReport.UNAVAILABLE)
            ended = received.ended(Outcome.CANCELED, Reason.HANGUP, now)
            return [*self._broken_off(_CANCELED), ended, *report, *self._back(received, now)]
        release = self._release(received, ReferReport.UNAVAILABLE, now)
        ended = received.ended(Outcome.CANCELED, Reason.HANGUP, now)
        return [ended, *release, *self._without_transferor(received, now, told)]

    def _without_transferor(
        self, received: Received, now: float, told: ChannelReturned | None
    ) -> list[Intent]:
        if received.running:
            return self._call_ended(now, told)
        if received.swapped:
            return self._finish(now)
        self._program, self._document = received.program, received.document
        partner = self.legs.get(received.transferor)
        dialed = talked(received.talk, partner, now, hung_up=False)
        return self._separate(received.talk, dialed, now)

    def _back(self, received: Received, now: float) -> list[Intent]:
        """Go on with the transferor's own document: whom its Dial called is gone."""
        gone = self.lead
        self._change_lead(self.legs[received.transferor])
        self._let_go(gone)
        self._away, self._broken = False, None
        told = self._tell_leg(gone, LegEvent.COMPLETED, now)
        others = [each for each in self.legs.values() if each.drop_at is None]
        drops = [each for leg in others for each in self._drop(leg.channel)]
        self._program, self._document = received.program, received.document
        dialed = talked(received.talk, gone, now, hung_up=True)
        return [*told, *drops, *self._behind(received, dialed, now)]

    def _behind(self, received: Received, dialed: Dialed, now: float) -> list[Intent]:
        if received.running:
            return self._dial_over(received.talk.verb, dialed, now)
        return self._separate(received.talk, dialed, now)

    def _broken_off(self, why: Result) -> list[Intent]:
        """Close the books on a REFER of ours that is under way."""
        ended, instead = list[Intent](), self._in_its_place
        match self._activity:
            case Referring(sent):
                ended.append(sent.ended_so(why))
            case Returning(untold=TransferEnded() as untold):
                ended.append(replace(untold, result=why))
            case _:
                pass
        if instead is not None and instead.ended.result.outcome is Outcome.REJECTED:
            ended.append(replace(instead.ended, result=why))
        self._in_its_place = None
        return ended
