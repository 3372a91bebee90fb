"""The part of a call's machine that transfers: a REFER begins, is followed, and ends."""

from dataclasses import replace
from typing import assert_never

from stasis_refer.core.abouts import Progress, Transferred
from stasis_refer.core.activity import Clearing, Dialing, Recalling, Referring, Returning
from stasis_refer.core.application import Callback
from stasis_refer.core.events import (
    ChannelReturned,
    FetchFailed,
    FetchFailure,
    LimitReached,
    ReferNotified,
)
from stasis_refer.core.facts import Return
from stasis_refer.core.instead import Bridging
from stasis_refer.core.intents import (
    Alert,
    AnswerOrder,
    BreakOff,
    DropLeg,
    FetchKind,
    HangUp,
    Intent,
    LateSuccess,
    Tell,
    TellKind,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.core.orders import Taken
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.owed import Owed, action_behind, then_behind
from stasis_refer.core.sent import (
    Cleared,
    Heard,
    SentRefer,
    Withheld,
    clear,
    over_limit,
    report,
    text_of,
)
from stasis_refer.core.transfer_id import id_of
from stasis_refer.core.verbs import Refer, Then

RETURN_LIMIT = 5.0
"""Seconds until a channel must be back from a ``Transfer()`` that was broken off."""

ALERT_NOT_SIP = 13801


class Transferring(Bridging):
    """A call that can be transferred."""

    def _refer(self, verb: Refer, now: float) -> list[Intent]:
        cleared = clear(verb, self.info, self.application, self._as_of_now)
        if isinstance(cleared, Cleared) and self.lead.answered_at is None:
            # On a ringing channel Asterisk would send a 302 instead of a REFER.
            return self._answer_for(verb, now)
        began = self._began(verb, cleared)
        taken, way = self._order_taken(began.number), self.info.endpoint
        if isinstance(cleared, Withheld):
            ended = report(verb, cleared.by, cleared.result, number=began.number, endpoint=way)
            return [began, *taken, *self._after(verb, ended, now)]
        used = self._use(cleared.by)
        if self.info.refuses_refer and self._wants_dial(verb):
            refused = Result(Outcome.REJECTED, Reason.REFER_REFUSED, Evidence.SIP)
            ended = report(verb, cleared.by, refused, number=began.number, endpoint=way)
            return [began, *taken, *used, *self._dial_instead(verb, ended, now)]
        return [began, *taken, *used, *self._send(verb, cleared, began.number, now)]

    def _began(self, verb: Refer, cleared: Cleared | Withheld) -> TransferBegan:
        by = (cleared.intent.referred_by or "") if isinstance(cleared, Cleared) else ""
        self._referred = number = self._new_transfer()
        channel, owed = self.lead.channel, self._owed(verb, number)
        target, policy = text_of(verb.target), cleared.by
        return TransferBegan(
            Direction.SENT, target, number, channel, by, policy.group, owed, policy.rule
        )

    def _owed(self, verb: Refer, number: int) -> Owed | None:
        unheard = verb.action is None and verb.failure_action is None
        if unheard or not self.info.is_sip:
            return None  # of a leg that is not SIP the fallback URL is told first
        return Owed(verb, self.info, self._standing(self._status), number)

    def _send(self, verb: Refer, cleared: Cleared, number: int, now: float) -> list[Intent]:
        self._away = True
        self._program.took_time()
        self._refers += 1
        captured = self.info.captured
        sent = SentRefer.begin(verb, cleared.by, self.application, now, captured=captured)
        sent.number, sent.endpoint = number, self.info.endpoint
        self._activity = Referring(sent)
        return [replace(cleared.intent, number=self._refers, replaces=self._to_replace(verb))]

    def _order_taken(self, number: int) -> list[Intent]:
        """Tell who asked for the transfer that is begun now which one it is."""
        if not self._ticket:
            return []
        ticket, self._ticket = self._ticket, ""
        return [AnswerOrder(ticket, Taken(id_of(self.key, number)))]

    def _heard(self, heard: Heard, now: float) -> list[Intent]:
        late = self._given_up is not None and self._given_up.late_success(heard)
        if not isinstance(self._activity, Referring):
            return self._late_success(heard, now) if late else []
        sent, notes = self._activity.sent, list[Intent]()
        if late and not sent.owns(heard):
            # The call stays: another REFER is open on it.
            self._given_up = None
            notes = [LateSuccess(_code(heard))]
        progress = self._progress(sent, heard) if sent.hear(heard, now) else []
        return [*notes, *progress, *self._transfer_over(sent, now)]

    def _progress(self, sent: SentRefer, heard: Heard) -> list[Intent]:
        # A success is told when Asterisk has borne it out.
        return [] if sent.success_told(heard) else self._tell_progress(sent, _code(heard))

    def _tell_progress(self, sent: SentRefer, code: int) -> list[Intent]:
        events = sent.verb.events
        if events is None or not code:
            return []
        return [Tell(TellKind.EVENT, events, self._standing(self._status), Progress(code))]

    def _tell_success(self, sent: SentRefer, result: Result) -> list[Intent]:
        if result.outcome is not Outcome.COMPLETED:
            return []
        return self._tell_progress(sent, sent.machine.facts.final_code or 0)

    def _transfer_over(self, sent: SentRefer, now: float) -> list[Intent]:
        if not sent.machine.over:
            return []
        ended = sent.ended(now)
        success = self._tell_success(sent, ended.result)
        unconfirmed = ended.result.outcome is Outcome.UNCONFIRMED
        self._given_up = sent if unconfirmed else None
        untold = ended if self._falls_back(sent.verb, ended.result) else None
        if self._away and not self._gone:
            self._activity = Returning(sent.verb, ended.result, now + RETURN_LIMIT, untold)
            return [BreakOff()] if untold else [*success, ended, BreakOff()]
        if untold is not None:
            return self._dial_instead(sent.verb, untold, now)
        return [*success, *self._after(sent.verb, ended, now)]

    def _after(self, verb: Refer, ended: TransferEnded, now: float) -> list[Intent]:
        return [ended, *self._go_on(verb, ended.result, now)]

    def _go_on(self, verb: Refer, result: Result, now: float) -> list[Intent]:
        self._transferred = result.outcome is Outcome.COMPLETED
        self._recovering = not self._transferred
        reached = self._target_reached(now) if self._transferred else []
        return [*reached, *self._go_on_after(verb, result, now)]

    def _go_on_after(self, verb: Refer, result: Result, now: float) -> list[Intent]:
        if result.reason is Reason.NOT_SIP:
            return self._not_sip(verb, result, now)
        return self._go_on_with(then_behind(verb, result), verb, result, now)

    def _go_on_with(self, then: Then, verb: Refer, result: Result, now: float) -> list[Intent]:
        about = Transferred(result, verb.name, self._referred)
        action = action_behind(verb, result)
        match then:
            case Then.RUN | Then.RUN_IF_ANY:
                or_go_on = then is Then.RUN_IF_ANY
                return self._request_action(action, about, now, or_go_on=or_go_on)
            case Then.END:
                self._program.clear()
                return [*self._tell_action(action, about), *self._next(now)]
            case Then.GO_ON:
                return self._next(now)
            case Then.NOTHING:
                self._program.clear()
                return self._next(now)
            case _:
                assert_never(then)

    def _tell_action(self, action: Callback | None, about: Transferred) -> list[Intent]:
        if action is None:
            return []
        return [Tell(TellKind.ACTION, action, self._standing(self._status), about)]

    def _not_sip(self, verb: Refer, result: Result, now: float) -> list[Intent]:
        message = "a REFER can only be sent on a SIP leg"
        alert, fallback = Alert(ALERT_NOT_SIP, message), self.application.fallback
        if fallback is not None:
            failed = FetchFailed(FetchFailure.NOT_SIP, self._document.url, message)
            return [alert, *self._fetch(FetchKind.FALLBACK, fallback, failed)]
        return [alert, *self._go_on_with(verb.after.failed, verb, result, now)]

    def _returned(self, returned: ChannelReturned, now: float) -> list[Intent]:
        if not self._away or self._is_old(returned):
            return []
        self._away = False
        match self._activity:
            case Referring(sent):
                sent.machine.told_by_asterisk(Return(returned.status, returned.code), now)
                return self._transfer_over(sent, now)
            case Returning(verb, _, untold=TransferEnded() as untold):
                return self._dial_instead(verb, untold, now)
            case Returning(verb, result):
                return self._go_on(verb, result, now)
            case Recalling():
                return self._next(now)
            case _:
                return []

    def _limit_reached(self, reached: LimitReached, now: float) -> list[Intent]:
        """End the transfer that was begun last, of which nothing has gone out yet."""
        match self._activity:
            case Referring(sent):
                self._away = False
                return self._after(sent.verb, sent.ended_so(over_limit(reached.detail)), now)
            case Dialing() as dialing if self._in_its_place is not None:
                result = over_limit(reached.detail)
                return self._not_called_instead(self._in_its_place, dialing, result, now)
            case _:
                return self._refer_over_limit(reached.detail, now)

    def _is_old(self, returned: ChannelReturned) -> bool:
        """Tell whether it is of an earlier REFER than the last one of this call."""
        return returned.number is not None and returned.number != self._refers

    def _late_success(self, heard: Heard, now: float) -> list[Intent]:
        late = LateSuccess(_code(heard))
        if isinstance(self._activity, Returning):
            return [late, *self._lose_channel(now)]
        if isinstance(self._activity, Clearing):
            return [late]
        stop = self._stop_playback()
        return [late, *stop, *self._hang_up(now)]

    def _lose_channel(self, now: float) -> list[Intent]:
        # It neither came back nor can be reached: the application is told all the same.
        lost, ended = self.lead, self._call_ended(now)
        hang_up = HangUp() if lost is self.lead else DropLeg(lost.channel)
        return [hang_up, *ended]


def _code(heard: Heard) -> int:
    return heard.code if isinstance(heard, ReferNotified) and heard.code else 0
