"""The part of a call's machine that keeps to the quotas of the target policy."""

from stasis_refer.core.intents import Intent, QuotaTaken
from stasis_refer.core.line import Line
from stasis_refer.core.outcome import Reason
from stasis_refer.core.policy import Allowed, Blocked, Decision
from stasis_refer.core.rules import Counted


class Counting(Line):
    """A call that uses quotas up, once for each transfer, and once for each call that it makes."""

    def _as_of_now(self, decision: Decision) -> Decision:
        """Return a decision, blocked where what it allows is more than the quotas have room for."""
        if isinstance(decision, Blocked):
            return decision
        full = self.allowance.used_up(self._due(decision))
        return over_quota(decision, full) if full else decision

    def _use(self, by: Allowed) -> list[Intent]:
        """Use the quotas of what is allowed now."""
        due = self._due(by)
        if self._received is not None:
            self._received.counted = ()
        self.allowance.take(due)
        return [QuotaTaken(due)] if due else []

    def _due(self, by: Allowed) -> tuple[Counted, ...]:
        """Return the quotas that are to be used: none that the same transfer has used already.

        So the first that is called for a REFER which we received counts only where it uses others,
        and who is called in the place of a REFER that was refused does not.
        """
        if self._in_its_place is not None:
            return ()
        counted = self._received.counted if self._received is not None else ()
        return tuple(each for each in by.quotas if each not in counted)


def over_quota(allowed: Allowed, full: Counted) -> Blocked:
    """Return that who is allowed is not now, as a quota is used up."""
    why = f"the quota of {full.scope} {full.name!r}, {full.quota}, is used up: wait, or raise it"
    return Blocked(why, allowed.rule, allowed.group, Reason.QUOTA)
