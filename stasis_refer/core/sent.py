"""A REFER we send: may it go out, which captured messages are its own, how did it end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from stasis_refer.core import targets, uri
from stasis_refer.core.application import Application
from stasis_refer.core.events import ReferAnswered, ReferNotified, ReferSeen
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import SendRefer, TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.refer import Refer, Seen
from stasis_refer.core.verbs import Refer as ReferVerb
from stasis_refer.core.verdict import judge

DEFAULT_GROUP = "default"
"""The group of every rule in ``[targets] allow``."""

MALFORMED, FORBIDDEN = 400, 403

Heard: TypeAlias = ReferSeen | ReferAnswered | ReferNotified
"""What the capture tells of a REFER."""

_CHALLENGES = frozenset({401, 407})
_FIRST_FINAL, _FIRST_FAILURE = 200, 300


@dataclass(frozen=True, slots=True)
class Cleared:
    """A REFER that may go out, and the group of the rule that lets it."""

    intent: SendRefer
    group: str


def clear(verb: ReferVerb, info: CallInfo, rules: Sequence[targets.TargetRule]) -> Cleared | Result:
    """Check a Refer before anything is sent: a result here means that nothing may be sent."""
    what = "target"
    try:
        target = uri.parse(verb.target)
        what = "Referred-By"
        referred_by = uri.parse(verb.referred_by) if verb.referred_by else None
    except uri.BadUri as bad:
        reserved = bad.why is uri.Flaw.RESERVED_HEADER
        reason = Reason.RESERVED_HEADER if reserved else Reason.BAD_URI
        return _blocked(reason, MALFORMED, f"{what}: {bad}")
    if targets.deciding_rule(rules, target) is None:
        return _blocked(Reason.POLICY, FORBIDDEN, _NO_RULE)
    if not info.is_sip:
        return Result(Outcome.ERROR, Reason.NOT_SIP, Evidence.NONE)
    by = uri.name_addr(referred_by) if referred_by else None
    return Cleared(SendRefer(uri.name_addr(target), by), DEFAULT_GROUP)


def _blocked(reason: Reason, code: int, detail: str) -> Result:
    return Result(Outcome.BLOCKED, reason, Evidence.NONE, code, detail=detail)


_NO_RULE: Final = (
    "no rule in [targets] allow fits the target: add one if it may be called;"
    " `stasis-refer check --target URI` tells which rule decides"
)


@dataclass(slots=True)
class SentRefer:
    """One REFER on its way: the machine, and what tells its messages from another's."""

    verb: ReferVerb
    group: str
    machine: Refer
    cseq: int | None = None
    last_notify: int = -1

    @classmethod
    def begin(
        cls,
        verb: ReferVerb,
        group: str,
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
        return cls(verb, group, Refer(now, no_notify, ring, copies=captured))

    def hear(self, heard: Heard, now: float) -> None:
        """Take in a captured message of this call, if it is of this REFER and new."""
        match heard:
            case ReferSeen(cseq):
                self._left(cseq, now)
            case ReferAnswered() if self.cseq in (None, heard.cseq):
                self.machine.see(_seen_in_answer(heard), now, heard.code)
            case ReferNotified() if self.owns(heard) and heard.cseq > self.last_notify:
                self.last_notify = heard.cseq
                self.machine.see(_seen_in_notify(heard), now, heard.code)
            case ReferNotified() if not self.owns(heard) and _ends(heard):
                self.machine.disown(now)
            case _:
                pass

    def owns(self, heard: Heard) -> bool:
        """Whether a NOTIFY is of this REFER's subscription (RFC 3515, 2.4.6)."""
        if not isinstance(heard, ReferNotified):
            return True
        return heard.refer_id is None or self.cseq is None or heard.refer_id == self.cseq

    def late_success(self, heard: Heard) -> bool:
        """Whether a message tells that the target answered after all."""
        return (
            isinstance(heard, ReferNotified)
            and self.owns(heard)
            and _seen_in_notify(heard) is Seen.SUCCESS_NOTIFY
        )

    def ended(self, now: float) -> TransferEnded:
        """Return the report of a REFER whose machine is over."""
        return report(self.verb, self.group, judge(self.machine.facts), self._times(now))

    def _left(self, cseq: int, now: float) -> None:
        self.machine.left(now)
        if self.cseq is not None and cseq != self.cseq:
            # Asterisk sent it again with credentials (RFC 3261, 22.2).
            self.machine.see(Seen.SENT_AGAIN, now)
        self.cseq = cseq

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


def report(
    verb: ReferVerb, group: str, result: Result, times: TransferTimes | None = None
) -> TransferEnded:
    """Return the report of a sent REFER."""
    return TransferEnded(Direction.SENT, verb.target, group, result, times or TransferTimes())


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
