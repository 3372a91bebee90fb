"""A REFER we send: may it go out, which captured messages are its own, how did it end."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from stasis_refer.core import headers, uri
from stasis_refer.core.application import Application
from stasis_refer.core.events import ReferAnswered, ReferNotified, ReferSeen
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import SendRefer, TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.policy import (
    UNDECIDED,
    Allowed,
    AsOfNow,
    Blocked,
    Decision,
    decide,
    for_good,
)
from stasis_refer.core.refer import Refer, Seen, TimeLimits
from stasis_refer.core.verbs import AtPeer, Party, Transferee
from stasis_refer.core.verbs import Refer as ReferVerb
from stasis_refer.core.verdict import judge

MALFORMED, FORBIDDEN, NO_ROOM = 400, 403, 503
_CODES: Final = {Reason.QUOTA: NO_ROOM, Reason.BAD_URI: MALFORMED}

Heard: TypeAlias = ReferSeen | ReferAnswered | ReferNotified
"""What the capture tells of a REFER."""

_CHALLENGES = frozenset({401, 407})
_FIRST_FINAL, _FIRST_FAILURE = 200, 300


@dataclass(frozen=True, slots=True)
class Cleared:
    """A REFER that may go out, and what of the policy lets it."""

    intent: SendRefer
    by: Allowed


@dataclass(frozen=True, slots=True)
class Withheld:
    """A REFER that nothing may be sent of, and what the policy says of it."""

    result: Result
    by: Blocked = UNDECIDED


def clear(
    verb: ReferVerb, info: CallInfo, application: Application, as_of_now: AsOfNow = for_good
) -> Cleared | Withheld:
    """Check a Refer before anything is sent."""
    what = "target"
    try:
        target = _uri_of(verb.target, info)
        what = "Referred-By"
        by = _referred_by(verb, info)
        further = headers.check(verb.headers)
    except uri.BadUri as bad:
        reserved = bad.why is uri.Flaw.RESERVED_HEADER
        reason = Reason.RESERVED_HEADER if reserved else Reason.BAD_URI
        return _blocked(verb, reason, MALFORMED, f"{what}: {bad}")
    except headers.BadHeader as bad:
        reserved = isinstance(bad, headers.ReservedHeader)
        reason = Reason.RESERVED_HEADER if reserved else Reason.BAD_HEADER
        return _blocked(verb, reason, MALFORMED, str(bad))
    decision = as_of_now(decide(application, target))
    if isinstance(decision, Blocked):
        return _blocked(verb, decision.why, code_of(decision), decision.reason, decision)
    if not info.is_sip:
        return Withheld(Result(Outcome.ERROR, Reason.NOT_SIP, Evidence.NONE))
    return Cleared(SendRefer(uri.name_addr(target), by, headers=further), decision)


def code_of(blocked: Blocked) -> int:
    """Return the SIP status that who is blocked is told to have answered."""
    return _CODES.get(blocked.why, FORBIDDEN)


def over_limit(detail: str) -> Result:
    """Return the result of a transfer of which nothing may go out, as there are too many."""
    reason, none = Reason.TRANSFER_LIMIT, Evidence.NONE
    return Result(Outcome.BLOCKED, reason, none, NO_ROOM, detail=detail)


def text_of(target: Party) -> str:
    """Return a target as its document has it."""
    match target:
        case AtPeer(user):
            return user
        case Transferee():
            return ""
        case _:
            return target


def _uri_of(target: Party, info: CallInfo) -> uri.Uri:
    match target:
        case AtPeer(user):
            if not info.peer:
                raise uri.BadUri(uri.Flaw.BAD_HOST, 0, _NO_PEER)
            return uri.parse(info.at_peer(user))
        case Transferee():
            return uri.parse(info.identity)
        case _:
            return uri.parse(target)


def _referred_by(verb: ReferVerb, info: CallInfo) -> str | None:
    """Return the Referred-By; None leaves it to Asterisk, which names itself.

    A caller whose identity is not known is anonymous (RFC 3323, 4.1.1.3).
    """
    by = verb.referred_by
    if not by:
        return None
    try:
        party = _uri_of(by, info)
    except uri.BadUri:
        if not isinstance(by, Transferee):
            raise
        # What the caller called itself is no fault of the document.
        party = uri.SipUri(scheme="sip", user="anonymous", host="anonymous.invalid")
    return uri.name_addr(party, verb.referred_by_name)


def _blocked(
    verb: ReferVerb, reason: Reason, code: int, detail: str, by: Blocked = UNDECIDED
) -> Withheld:
    place = f"{verb.place}: " if verb.place else ""
    return Withheld(Result(Outcome.BLOCKED, reason, Evidence.NONE, code, detail=place + detail), by)


_NO_PEER: Final = "the host of the caller is not known: write a whole URI, sip:user@host"


@dataclass(slots=True)
class SentRefer:
    """One REFER on its way: the machine, and what tells its messages from another's."""

    verb: ReferVerb
    by: Decision
    machine: Refer
    cseq: int | None = None
    last_notify: int = -1
    number: int = 0  # of the transfer
    endpoint: str = ""  # that it goes through

    @classmethod
    def begin(
        cls,
        verb: ReferVerb,
        by: Decision,
        application: Application,
        now: float,
        *,
        captured: bool = False,
    ) -> "SentRefer":
        """Start the clocks of a REFER: the verb's time limits, else the application's.

        ``captured`` says whether the call's SIP messages are, so that copies are to come.
        """
        no_notify = verb.no_notify_timeout or application.no_notify_timeout
        ring = verb.ring_timeout or application.ring_timeout
        limits = TimeLimits(no_notify, ring, ring_from_acceptance=verb.ring_from_acceptance)
        return cls(verb, by, Refer(now, limits, copies=captured))

    def hear(self, heard: Heard, now: float) -> bool:
        """Take in a captured message of this call; whether it is of this REFER and new."""
        match heard:
            case ReferSeen(cseq):
                return self._left(cseq, now)
            case ReferAnswered() if self.cseq in (None, heard.cseq):
                self.machine.see(_seen_in_answer(heard), now, heard.code)
            case ReferNotified() if self.owns(heard) and heard.cseq > self.last_notify:
                self.last_notify = heard.cseq
                self.machine.see(_seen_in_notify(heard), now, heard.code)
            case ReferNotified() if not self.owns(heard) and _ends(heard):
                self.machine.disown(now, heard.code or 0)
                return False
            case _:
                return False
        return True

    def owns(self, heard: Heard) -> bool:
        """Whether a NOTIFY is of this REFER's subscription (RFC 3515, 2.4.6)."""
        if not isinstance(heard, ReferNotified):
            return True
        return heard.refer_id is None or self.cseq is None or heard.refer_id == self.cseq

    def success_told(self, heard: Heard) -> bool:
        """Whether a message says that the target answered, which Asterisk has to bear out."""
        return isinstance(heard, ReferNotified) and _seen_in_notify(heard) is Seen.SUCCESS_NOTIFY

    def late_success(self, heard: Heard) -> bool:
        """Whether a message tells that the target answered after all."""
        return self.owns(heard) and self.success_told(heard)

    def ended(self, now: float) -> TransferEnded:
        """Return the report of a REFER whose machine is over."""
        return self.ended_so(judge(self.machine.facts), self._times(now))

    def ended_so(self, result: Result, times: TransferTimes | None = None) -> TransferEnded:
        """Return the report of a REFER that ended by another's doing."""
        return report(self.verb, self.by, result, times, number=self.number, endpoint=self.endpoint)

    def _left(self, cseq: int, now: float) -> bool:
        facts = self.machine.facts
        if self.cseq is not None and cseq != self.cseq:
            if not (facts.challenged or facts.unheard):
                return False  # one transfer, one REFER: this is nobody's
            # Asterisk sent it again with credentials (RFC 3261, 22.2).
            self.machine.see(Seen.SENT_AGAIN, now)
        self.machine.left(now)
        self.cseq = cseq
        return True

    def _times(self, now: float) -> TransferTimes:
        start, answered, ringing = (
            self.machine.started_at,
            self.machine.answered_at,
            self.machine.ringing_at,
        )
        return TransferTimes(
            answered - start if answered is not None else None,
            ringing - start if ringing is not None else None,
            now - start,
        )


def report(  # noqa: PLR0913 - all that is told of a transfer
    verb: ReferVerb,
    by: Decision,
    result: Result,
    times: TransferTimes | None = None,
    *,
    number: int = 0,
    endpoint: str = "",
) -> TransferEnded:
    """Return the report of a sent REFER; number and endpoint are those of ``TransferEnded``."""
    target, times = text_of(verb.target), times or TransferTimes()
    sent = Direction.SENT
    return TransferEnded(sent, target, by.group, result, times, number, endpoint, by.rule)


def _seen_in_answer(answer: ReferAnswered) -> Seen:
    if answer.code in _CHALLENGES:
        return Seen.CHALLENGE
    if answer.code >= _FIRST_FAILURE:
        return Seen.REFUSAL
    return Seen.ACCEPTANCE if answer.subscribed else Seen.NO_SUBSCRIPTION


def _ends(notify: ReferNotified) -> bool:
    return notify.terminated or _seen_in_notify(notify) is not Seen.PROVISIONAL_NOTIFY


def _seen_in_notify(notify: ReferNotified) -> Seen:
    if notify.code is not None and notify.code >= _FIRST_FINAL:
        success = notify.code < _FIRST_FAILURE
        return Seen.SUCCESS_NOTIFY if success else Seen.FAILURE_NOTIFY
    return Seen.SUBSCRIPTION_END if notify.terminated else Seen.PROVISIONAL_NOTIFY
