"""The part of a call's machine that does what somebody outside asks of it."""

from dataclasses import replace
from typing import assert_never

from stasis_refer.core.activity import (
    Activity,
    Answering,
    Clearing,
    Dialing,
    Fetching,
    Gathering,
    Joining,
    Originating,
    Pausing,
    Playing,
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
from stasis_refer.core.beginning import Beginning
from stasis_refer.core.events import FetchFailed, Ordered
from stasis_refer.core.info import CallStatus
from stasis_refer.core.intents import AnswerOrder, Branch, BreakOff, GiveBack, Intent
from stasis_refer.core.joining import refusal_to_join
from stasis_refer.core.leg import Leg
from stasis_refer.core.opening import Parted
from stasis_refer.core.orders import (
    EndCall,
    FetchDocument,
    Refusal,
    Refused,
    RunDocument,
    TagCall,
    Taken,
    TransferCall,
    Verdict,
)
from stasis_refer.core.refer import Seen
from stasis_refer.core.sent import Withheld, clear, report, text_of
from stasis_refer.core.transfer_id import id_of
from stasis_refer.core.transferring import RETURN_LIMIT
from stasis_refer.core.verbs import (
    Document,
    Pause,
    Redirect,
    Refer,
    Ring,
    SecondLeg,
    Tag,
    Then,
    Verb,
)

_NOT_ANSWERED = "the call is not answered yet: ask again when it is"


class Ordering(Beginning):
    """A call that can be told what to do."""

    def _ordered(self, asked: Ordered, now: float) -> list[Intent]:
        if asked.key == self.lead.info.key:
            return self._lead_ordered(asked, now)
        legs = (leg for leg in self.legs.values() if leg.info.key == asked.key)
        leg = next(legs, None)
        if leg is None or leg.gone or leg.dropped is not None:
            return _answer(asked, Refused(Refusal.NO_CALL))
        return self._leg_ordered(leg, asked, now)

    # -- of the party whose document runs ----------------------------------------

    def _lead_ordered(self, asked: Ordered, now: float) -> list[Intent]:
        if self._gone or isinstance(self._activity, Clearing):
            return _answer(asked, Refused(Refusal.NO_CALL))
        match asked.order:
            case TagCall(text):
                self._tag = self.lead.tag = text
                return _answer(asked, Taken())
            case EndCall(unanswered) if unanswered and self.lead.answered_at is not None:
                return _answer(asked, Refused(Refusal.ANSWERED))
            case EndCall():
                return [*_answer(asked, Taken()), *self._end_lead(now)]
            case RunDocument(document, both):
                return self._run_instead(asked, document, now, both=both)
            case FetchDocument(callback, both):
                return self._run_instead(asked, (Redirect(callback),), now, both=both)
            case TransferCall() as order:
                return self._transfer_lead(asked, order, now)
            case _:
                assert_never(asked.order)

    def _end_lead(self, now: float) -> list[Intent]:
        if isinstance(self._activity, Originating):
            self.lead.dropped = CallStatus.CANCELED
        ended = self._lose_channel(now)
        if isinstance(self._activity, Referring):
            # We hung up: what the phone makes of its transfer now is not waited for.
            self._activity.sent.machine.see(Seen.DEADLINE, now)
            ended += self._transfer_over(self._activity.sent, now)
        return ended

    def _run_instead(
        self, asked: Ordered, document: Document, now: float, *, both: bool
    ) -> list[Intent]:
        joined = self._joined(document[0]) if len(document) == 1 else None
        verdict = joined or self._not_now()
        if verdict is not None:
            return _answer(asked, verdict)
        partner = self._partner()
        moved: list[Intent] = []
        if both and partner is not None:
            self._let_go(partner)
            moved = [Branch(partner, Parted(document))]
        self._program.took_time()
        self._program.load(document)
        return [*_answer(asked, Taken()), *moved, *self._leave_verb(now)]

    def _transfer_lead(self, asked: Ordered, order: TransferCall, now: float) -> list[Intent]:
        verb = order.verb
        verdict = self._joined(verb, order) or self._not_now()
        if verdict is not None:
            return _answer(asked, verdict)
        cleared = clear(verb, self.info, self.application, self._as_of_now)
        stays = verb.after.failed is Then.GO_ON
        if stays and isinstance(cleared, Withheld):
            began = self._began(verb, cleared)
            taken = _answer(asked, Taken(id_of(self.key, began.number)))
            return [began, *taken, report(verb, cleared.by, cleared.result, number=began.number)]
        left = _left_of(self._activity, now) if stays else None
        if left is not None:
            self._program.put_first(left)  # where the transfer fails, nothing else has changed
        self._ticket = asked.ticket
        self._program.put_first(verb)
        return self._leave_verb(now)

    def _joined(self, verb: Verb, order: TransferCall | None = None) -> Verdict | None:
        """Return the transfer under way that a verb is to begin, None where it is another one.

        It is refused where an order says in so many words what differs.
        """
        match self._activity, verb:
            case Referring(sent), Refer(target) if text_of(sent.verb.target) == text_of(target):
                refused = refusal_to_join(sent.verb, order, self.application) if order else None
                return refused or Taken(id_of(self.key, sent.number))
            case _:
                return None

    def _not_now(self) -> Refused | None:
        """Return why the verb that runs cannot be left."""
        if self._received is not None or self._in_its_place is not None or self._ticket:
            return Refused(Refusal.TRANSFERRING)
        match self._activity:
            case Referring() | Returning() | TakingOver():
                return Refused(Refusal.TRANSFERRING)
            case Originating():
                return Refused(Refusal.AWAY, _NOT_ANSWERED)
            case _:
                return None

    def _leave_verb(self, now: float) -> list[Intent]:
        """End the verb that runs, in order, and go on with the program."""
        match self._activity:
            case Talking() as talking:
                self._spare(talking.partner)
                return self._separate(talking, None, now)
            case Separating() as separating:
                self._activity = replace(separating, then=None, recording="")
                return self._separated_if_all(self._activity, now)
            case Queueing():
                self._activity = Recalling(now + RETURN_LIMIT)
                return [BreakOff()]
            case Dialing(legs=legs):
                left = [each for channel in legs for each in self._leave(channel)]
                return [*self._stop_playback(), *left, *self._next(now)]
            case Joining(_, partner):
                self._spare(partner)
                return self._next(now)
            case Recalling():
                return []
            case _:
                return [*self._stop_playback(), *self._next(now)]

    def _leave(self, channel: str) -> list[Intent]:
        leg = self.legs.get(channel)
        if leg is None or leg.answered_at is None:
            return self._drop(channel)
        self._spare(channel)
        return []

    # -- legs that are left over -------------------------------------------------

    def _spare(self, channel: str) -> None:
        """Keep an answered leg until it is known whether a REFER is to name it."""
        if channel in self.legs:
            self._spared |= {channel}

    def _let_spared_go(self, verb: Verb) -> list[Intent]:
        if isinstance(verb, Redirect | Tag) or _wants_second(verb):
            return []
        spared, self._spared = self._spared, frozenset[str]()
        return [each for channel in sorted(spared) for each in self._drop(channel)]

    # -- of another party --------------------------------------------------------

    def _leg_ordered(self, leg: Leg, asked: Ordered, now: float) -> list[Intent]:
        match asked.order:
            case TagCall(text):
                leg.tag = text
                return _answer(asked, Taken())
            case EndCall(unanswered) if unanswered and leg.answered_at is not None:
                return _answer(asked, Refused(Refusal.ANSWERED))
            case EndCall():
                return [*_answer(asked, Taken()), *self._drop(leg.channel)]
            case RunDocument(document):
                return self._part_with(leg, asked, document, now)
            case FetchDocument(callback):
                return self._part_with(leg, asked, (Redirect(callback),), now)
            case TransferCall(verb):
                return self._part_with(leg, asked, (verb,), now, ticket=asked.ticket)
            case _:
                assert_never(asked.order)

    def _part_with(
        self, leg: Leg, asked: Ordered, document: Document, now: float, *, ticket: str = ""
    ) -> list[Intent]:
        """Let a party leave the connection for a call of its own; the other goes on."""
        match self._activity:
            case Talking(partner=partner) as talking if partner == leg.channel:
                if self._received is not None or self._in_its_place is not None:
                    return _answer(asked, Refused(Refusal.TRANSFERRING))
                self._let_go(leg)
                taken = [] if ticket else _answer(asked, Taken())
                branch = Branch(leg, Parted(document, ticket))
                return [*taken, branch, *self._talk_over(talking, now, gone=leg)]
            case _:
                detail = "" if leg.answered_at is not None else _NOT_ANSWERED
                return _answer(asked, Refused(Refusal.AWAY, detail))

    # -- what others wait for ----------------------------------------------------

    def _give_back(self) -> list[Intent]:
        """Return the lead, whose document is over, to the call that lent it."""
        self.over = True
        return [self._given_back_lead()]

    def _given_back_lead(self) -> GiveBack:
        self.lead.asked, self.lead.transfers = self._fetches, self._transfers
        return GiveBack(self._lent_to, self.lead)

    def _last_words(self) -> list[Intent]:
        words: list[Intent] = []
        if self._ticket:
            words.append(AnswerOrder(self._ticket, Refused(Refusal.NO_CALL)))
            self._ticket = ""
        if self._lent_to:
            self.lead.gone = True  # or being hung up
            words.append(self._given_back_lead())
        return words


def _left_of(activity: Activity | None, now: float) -> Verb | None:
    """Return what is left of a verb that can be run again, None of any other."""
    match activity:
        case Pausing(deadline):
            return Pause(max(0.0, deadline - now))
        case Ringing(_, deadline):
            return Ring(max(0.0, deadline - now))
        case Fetching(fetch, or_go_on) if not isinstance(fetch.about, FetchFailed):
            return Redirect(fetch.callback, or_go_on)
        case (
            Playing(verb=verb)
            | Gathering(verb=verb)
            | Queueing(verb)
            | Answering(verb)
            | Resuming(verb)
        ):
            return verb
        case _:
            return None


def _wants_second(verb: Verb) -> bool:
    return isinstance(verb, Refer) and isinstance(verb.replaces, SecondLeg)


def _answer(asked: Ordered, verdict: Verdict) -> list[Intent]:
    return [AnswerOrder(asked.ticket, verdict)]
