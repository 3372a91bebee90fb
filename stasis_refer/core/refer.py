"""The life of one REFER we sent (RFC 3515, RFC 6665).

Every transition of a transfer is in ``TRANSITIONS`` and nowhere else. Two witnesses feed it:
SIP, as captured on the wire, and Asterisk, by what it does to the channel. Either may be
late, doubled or missing; a fact that the table does not expect changes no state. What the
facts amount to is judged in ``core.verdict``, once the machine is over.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from math import inf
from typing import Final

from stasis_refer.core.facts import Facts, Return
from stasis_refer.core.outcome import Reason

TIMER_F: Final = 32.0
"""Seconds a REFER may stay unanswered: 64*T1 (RFC 3261, 17.1.2.2)."""

REQUEST_LIMIT: Final = TIMER_F + 2.0
"""Seconds until we give up ourselves: Asterisk's own Timer F comes first and is exact."""

SETTLING_TIME: Final = 0.5
"""Seconds the second witness may lag behind the first, so that both are heard."""

RETURN_TIME: Final = 3.0
"""Seconds from a restart of the program until a channel that waits for it is back."""

GRACE_AFTER_BYE: Final = 1.0
"""Seconds the final NOTIFY may come behind the BYE of the same phone."""

CHALLENGE_TIME: Final = 1.0
"""Seconds Asterisk has to send the REFER again with credentials after a 401 or 407."""


class State(StrEnum):
    """Where a REFER stands."""

    REQUESTED = "requested"  # asked of Asterisk; not answered yet
    CHALLENGED = "challenged"  # answered 401 or 407, which Asterisk may answer in turn
    ACCEPTED = "accepted"  # the transferee answered 2xx
    PROCEEDING = "proceeding"  # a NOTIFY came, and it was not the final one
    CONFIRMING = "confirming"  # a NOTIFY carried a 2xx; Asterisk has to bear it out
    LEAVING = "leaving"  # the call is gone; the final NOTIFY may still come
    SETTLING = "settling"  # one witness told the end, the other may add to it
    OVER = "over"


class Seen(Enum):
    """What can be seen of a REFER."""

    CHALLENGE = auto()
    SENT_AGAIN = auto()
    ACCEPTANCE = auto()
    REFUSAL = auto()
    NO_SUBSCRIPTION = auto()  # accepted, with Refer-Sub: false (RFC 4488)
    PROVISIONAL_NOTIFY = auto()
    SUCCESS_NOTIFY = auto()
    FAILURE_NOTIFY = auto()
    SUBSCRIPTION_END = auto()  # terminated without a final status
    RETURN = auto()  # Transfer() let go of the channel
    DEADLINE = auto()
    CALL_GONE = auto()
    NOT_SENT = auto()  # the call was gone before the REFER could leave


_NOTIFIED: Final = {
    Seen.PROVISIONAL_NOTIFY: State.PROCEEDING,
    Seen.SUCCESS_NOTIFY: State.CONFIRMING,
    Seen.FAILURE_NOTIFY: State.SETTLING,
    Seen.SUBSCRIPTION_END: State.SETTLING,
    Seen.RETURN: State.SETTLING,
    Seen.DEADLINE: State.OVER,
}

_ANSWERED: Final = {
    Seen.CHALLENGE: State.CHALLENGED,
    Seen.ACCEPTANCE: State.ACCEPTED,
    Seen.REFUSAL: State.SETTLING,
    Seen.NO_SUBSCRIPTION: State.SETTLING,
}

TRANSITIONS: Final[dict[State, dict[Seen, State]]] = {
    # RFC 3515, 2.4.4: a NOTIFY may overtake the response, hence _NOTIFIED here.
    State.REQUESTED: {
        **_ANSWERED,
        **_NOTIFIED,
        Seen.CALL_GONE: State.LEAVING,  # copies of what there was may still come
        Seen.NOT_SENT: State.OVER,
    },
    State.CHALLENGED: {
        **_ANSWERED,
        **_NOTIFIED,
        Seen.SENT_AGAIN: State.REQUESTED,
        Seen.CALL_GONE: State.LEAVING,
    },
    State.ACCEPTED: {**_NOTIFIED, Seen.CALL_GONE: State.LEAVING},
    State.PROCEEDING: {
        **_NOTIFIED,
        Seen.REFUSAL: State.SETTLING,
        Seen.CALL_GONE: State.LEAVING,
    },
    State.CONFIRMING: {
        # After a true 2xx nothing follows: the target rings still, or failed.
        Seen.PROVISIONAL_NOTIFY: State.PROCEEDING,
        Seen.FAILURE_NOTIFY: State.SETTLING,
        Seen.REFUSAL: State.SETTLING,
        Seen.RETURN: State.SETTLING,
        Seen.DEADLINE: State.OVER,
        Seen.CALL_GONE: State.OVER,
    },
    State.LEAVING: {
        Seen.SUCCESS_NOTIFY: State.OVER,
        Seen.FAILURE_NOTIFY: State.OVER,
        Seen.SUBSCRIPTION_END: State.OVER,
        Seen.RETURN: State.SETTLING,
        Seen.NOT_SENT: State.OVER,
        Seen.DEADLINE: State.OVER,
    },
    State.SETTLING: {
        Seen.DEADLINE: State.OVER,
    },
}


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a REFER that was accepted may take, in seconds."""

    no_notify: float  # from the acceptance to the first NOTIFY
    ring: float  # from the first NOTIFY to the final one
    ring_from_acceptance: bool = False  # from the acceptance to the final one instead

    @property
    def whole(self) -> float:
        """Seconds from the acceptance to the latest end there may be."""
        return self.ring if self.ring_from_acceptance else self.no_notify + self.ring


@dataclass(slots=True)
class Refer:
    """One REFER: feed it with ``see`` until it is ``over``; times are the loop clock's seconds."""

    started_at: float
    limits: TimeLimits
    copies: bool = False  # the call's messages are captured; a copy may be late
    state: State = State.REQUESTED
    facts: Facts = field(default_factory=Facts)
    deadline: float = 0.0
    answered_at: float | None = None
    ringing_at: float | None = None
    notified_at: float | None = None  # the first provisional NOTIFY
    succeeded_at: float | None = None  # a NOTIFY's 2xx
    heard_from: float = -inf  # since a restart of the program
    anothers_end: int | None = None  # the code that another REFER of the dialog ended with

    def __post_init__(self) -> None:
        # Until our REFER is captured nothing can be told apart: what is silent may be ringing.
        silence = self.limits.whole
        self.deadline = self.started_at + (max(silence, REQUEST_LIMIT) if self.copies else silence)

    @property
    def over(self) -> bool:
        """Whether nothing more is waited for."""
        return self.state is State.OVER

    def left(self, now: float) -> None:
        """Take in that the REFER was captured on the wire."""
        if not self.facts.captured and self.state is State.REQUESTED:
            self.deadline = now + REQUEST_LIMIT
        self.facts.captured = True

    def see(self, seen: Seen, now: float, code: int | None = None) -> None:
        """Take one fact in. ``code`` is the SIP status that came with it."""
        if self.over:
            return
        self._keep(seen, now, code)
        before = self.state
        self.state = TRANSITIONS[before].get(seen, before)
        if self.state is State.OVER and seen is Seen.DEADLINE:
            self.facts.broken_off = self._limit(before)
        if self._settled():
            self.state = State.OVER
        elif self.state is not before:
            self._set_deadline(now)

    def told_by_asterisk(self, returned: Return, now: float) -> None:
        """Take in that ``Transfer()`` let go of the channel."""
        # After a hang-up it lets go because of that too, and then tells nothing of the transfer.
        if self.facts.misled or (self.facts.call_gone and not returned.tells):
            return
        if self._is_anothers(returned):
            self._mislead(now)
            return
        if self.facts.returned is None:
            self.facts.returned = returned
        self.see(Seen.RETURN, now)

    def disown(self, now: float, code: int) -> None:
        """Take in that another REFER of the dialog ended, with ``code``, 0 for none.

        Each subscription puts its end onto the channel (xfer_client_on_evsub_state in
        chan_pjsip.c), and the ``Transfer()`` that waits takes it for its own. Where it tells
        just that, it is not of this REFER, which goes on: SIP alone is heard from then on.
        """
        if self.over or self.facts.final_code is not None:
            return
        self.anothers_end = code
        if self.facts.returned is not None and self._is_anothers(self.facts.returned):
            self._mislead(now)

    def _is_anothers(self, returned: Return) -> bool:
        code = self.anothers_end
        return code is not None and self.facts.final_code is None and returned.is_end(code)

    def _mislead(self, now: float) -> None:
        facts = self.facts
        facts.misled, facts.returned = True, None
        if self.state is State.SETTLING and not self._both_heard():
            self.state = self._reached()
            self._set_deadline(now)

    def found_here(self, now: float) -> None:
        """Take in that Asterisk, connected again, has the channel not in ``Transfer()``.

        Where it never answered our request it did not get it, or is about to do it: it has a
        moment for that.
        """
        if self.facts.unanswered and not self.facts.captured and self.state is State.REQUESTED:
            self.facts.still_here = True
            self.deadline = min(self.deadline, now + RETURN_TIME)

    def unheard(self, now: float) -> None:
        """Take in that for a while, up to now, nobody heard what was told of it."""
        if self.over:
            return
        self.facts.unheard, self.heard_from = True, now
        if self.state is State.CHALLENGED:
            self.see(Seen.SENT_AGAIN, now)  # it may have been answered
        if self.state in _SILENT:
            # What is silent may have been accepted since, and ring.
            since = self.started_at if self.answered_at is None else self.answered_at
            self.deadline = max(self.deadline, since + self.limits.whole)
        if self.state is not State.LEAVING:
            # The channel may be about to come back, with the end of all this.
            self.deadline = max(self.deadline, now + RETURN_TIME)

    def gone_unheard(self, now: float, told: Return | None) -> None:
        """Take in that the call was gone when the program was there again."""
        self.facts.gone_unheard = not self.facts.call_gone
        self.gone(now, told)

    def deaf_until(self, now: float) -> None:
        """Take in that Asterisk could not bear anything out up to now, which denies nothing."""
        self.heard_from = now

    def gone(self, now: float, told: Return | None) -> None:
        """Take in that the call is gone, and what ``Transfer()`` had said by then."""
        if told is not None and told.tells:
            self.told_by_asterisk(told, now)
        self.see(Seen.CALL_GONE, now)

    def _keep(self, seen: Seen, now: float, code: int | None) -> None:
        # Codes are evidence, not state: kept even where the state stays put.
        facts = self.facts
        match seen:
            case Seen.ACCEPTANCE | Seen.REFUSAL | Seen.NO_SUBSCRIPTION | Seen.CHALLENGE:
                if facts.refer_code is None:
                    facts.refer_code = code
                    facts.challenged = seen is Seen.CHALLENGE
                    facts.no_subscription = seen is Seen.NO_SUBSCRIPTION
                    self.answered_at = now
            case Seen.SENT_AGAIN:
                facts.refer_code = None
                facts.challenged = False
            case Seen.CALL_GONE | Seen.NOT_SENT:
                facts.call_gone = True
                self._doubt_success(now)
            case Seen.SUBSCRIPTION_END if facts.final_code is None:
                facts.subscription_ended = True
                self._keep_notify(now, code)
            case Seen.PROVISIONAL_NOTIFY if facts.final_code is None or self._confirming:
                if self._confirming:
                    facts.deny()
                self.notified_at = now if self.notified_at is None else self.notified_at
                self._keep_notify(now, code)
            case Seen.SUCCESS_NOTIFY | Seen.FAILURE_NOTIFY if facts.final_code is None:
                facts.final_code, facts.standing_code = code, facts.notify_code
                self.succeeded_at = now
                self._keep_notify(now, code)
            case Seen.FAILURE_NOTIFY if self._confirming:
                facts.standing_code = code
            case _:
                pass

    @property
    def _confirming(self) -> bool:
        return self.state is State.CONFIRMING

    def _doubt_success(self, now: float) -> None:
        # Asterisk lets go of the channel as soon as it hears a 2xx. Where it did not, the
        # NOTIFY was not from the phone, and the BYE that follows is only a hang-up.
        since = max(now if self.succeeded_at is None else self.succeeded_at, self.heard_from)
        if self._confirming and now - since > SETTLING_TIME:
            self.facts.deny()

    def _keep_notify(self, now: float, code: int | None) -> None:
        if code is not None:
            self.facts.notify_code = code
            if self.ringing_at is None and code in _RINGING:
                self.ringing_at = now

    def _settled(self) -> bool:
        if self.state is State.CONFIRMING:
            return self.facts.misled  # nobody is left to confirm it
        return self.state is State.SETTLING and self._both_heard()

    def _both_heard(self) -> bool:
        facts = self.facts
        if facts.returned is None:
            ended = facts.subscription_ended or facts.no_subscription
            final = facts.final_code is not None or self._refused or ended
            return facts.call_gone or (facts.misled and final)
        if not facts.captured and not self.copies:
            return True
        # Asterisk may have answered a challenge: the copies of that are late then.
        refused = self._refused or facts.refer_code == facts.returned.code
        told = facts.final_code is not None or facts.subscription_ended
        return refused or facts.no_subscription or (told and facts.refer_code is not None)

    @property
    def _refused(self) -> bool:
        code = self.facts.refer_code
        return code is not None and code >= _FIRST_REFUSAL and not self.facts.challenged

    def _reached(self) -> State:
        """Return the state that what was captured up to now amounts to."""
        if self.notified_at is not None:
            return State.PROCEEDING
        return State.REQUESTED if self.facts.refer_code is None else State.ACCEPTED

    def _limit(self, state: State) -> Reason | None:
        if state is State.REQUESTED and self.facts.still_here and not self.facts.captured:
            return Reason.COMMAND_REFUSED
        deaf = state is State.REQUESTED and not self.facts.captured
        if deaf or (self.facts.unheard and state in _SILENT):
            return Reason.RING_TIMEOUT
        return _LIMITS.get(state)

    def _set_deadline(self, now: float) -> None:
        match self.state:
            case State.REQUESTED:
                self.deadline = now + REQUEST_LIMIT
            case State.CHALLENGED:
                self.deadline = now + CHALLENGE_TIME
            case State.ACCEPTED:
                self.deadline = now + self.limits.no_notify
            case State.PROCEEDING:
                # A ringing target is not a silent one. Counted from the first NOTIFY:
                # phones send one 180 and then nothing until the end.
                first = self.answered_at if self.limits.ring_from_acceptance else self.notified_at
                self.deadline = (now if first is None else first) + self.limits.ring
            case State.LEAVING:
                self.deadline = now + GRACE_AFTER_BYE
            case State.SETTLING:
                self.deadline = now + SETTLING_TIME
            case State.CONFIRMING:
                # A success that Asterisk does not bear out stops no clock, but it has its moment
                # to do so also where the time limit is about to end.
                self.deadline = max(self.deadline, now + SETTLING_TIME)
            case State.OVER:
                pass


_SILENT: Final = frozenset({State.REQUESTED, State.ACCEPTED})
_FIRST_REFUSAL: Final = 300
_RINGING: Final = range(180, 200)
_LIMITS: Final = {
    State.REQUESTED: Reason.NO_RESPONSE,
    State.ACCEPTED: Reason.NO_NOTIFY,
    State.PROCEEDING: Reason.RING_TIMEOUT,
}
