"""What the two witnesses' words amount to: facts of one REFER in, its Result out.

SIP decides. Asterisk confirms, or fills the gap. Where they contradict each other the
transfer is never ``completed``.
"""

from dataclasses import replace
from typing import Final

from stasis_refer.core.events import TransferStatus
from stasis_refer.core.facts import Facts, Return
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result, outcome_of

_FIRST_FAILURE: Final = 300

_REFUSALS_KNOWN_BY_CODE: Final = frozenset({401, 405, 407, 481, 501})
"""Codes that answer a REFER and hardly ever end a call: without a capture they are taken
for the response to the REFER, all others for the final NOTIFY's."""

_TIMER_F_CODE: Final = 408

_CODES_OF_TIMER_F: Final = frozenset({408, 500})
"""What Transfer() says when a REFER stays unanswered: 500 (xfer_client_on_evsub_state), before
chan_pjsip ends the call for the same reason (RFC 3261, 12.2.1.2)."""


def judge(facts: Facts) -> Result:
    """Return the result of a REFER that is over."""
    if facts.final_code is not None:
        return _by_final_notify(facts, facts.final_code)
    if facts.refer_code is not None and facts.refer_code >= _FIRST_FAILURE:
        return _by_refusal(facts)
    if facts.no_subscription:
        return _result(facts, Outcome.UNCONFIRMED, Reason.REFER_SUB_FALSE, Evidence.ASTERISK)
    if facts.broken_off is not None:
        return _by_time_limit(facts, facts.broken_off)
    if _timer_f_fired(facts):
        return Result(Outcome.UNANSWERED, Reason.NO_RESPONSE, Evidence.ASTERISK, _TIMER_F_CODE)
    if facts.call_gone and not (facts.returned and facts.returned.tells):
        return _by_end_of_call(facts)
    if facts.returned is not None:
        return _by_asterisk(facts, facts.returned)
    return _result(facts, Outcome.UNCONFIRMED, Reason.SUBSCRIPTION_ENDED, Evidence.SIP)


def _timer_f_fired(facts: Facts) -> bool:
    """Whether the REFER left, nothing at all came back, and Asterisk gave up."""
    returned = facts.returned
    silent = facts.refer_code is None and facts.notify_code is None
    gave_up = returned is not None and returned.code in _CODES_OF_TIMER_F
    heard = facts.captured and not facts.unheard
    return heard and silent and not facts.subscription_ended and gave_up


def _by_final_notify(facts: Facts, code: int) -> Result:
    outcome, returned = outcome_of(code), facts.returned
    if outcome is not Outcome.COMPLETED:
        conflict = returned is not None and returned.status is TransferStatus.SUCCESS
        return _result(facts, outcome, Reason.FINAL_NOTIFY, Evidence.SIP, conflict=conflict)
    if returned and returned.status is TransferStatus.SUCCESS:
        return _result(facts, outcome, Reason.FINAL_NOTIFY, Evidence.SIP)
    if facts.refer_code is not None and facts.refer_code >= _FIRST_FAILURE:
        return replace(_by_refusal(facts), notify_code=facts.standing_code, conflict=True)
    standing = facts.standing_code
    if standing is not None and standing >= _FIRST_FAILURE:
        return _contradicted(facts, standing, Reason.FINAL_NOTIFY, Evidence.SIP)
    # A FAILURE/0 after a hang-up is only Transfer() noticing that its channel is gone.
    if facts.misled or (facts.call_gone and not (returned and returned.tells)):
        return _result(facts, outcome, Reason.FINAL_NOTIFY, Evidence.SIP)
    if returned and returned.code:
        return _contradicted(facts, returned.code, Reason.WITNESS_CONFLICT, Evidence.ASTERISK)
    evidence = Evidence.ASTERISK if returned else Evidence.NONE
    codes = facts.refer_code, facts.standing_code
    return Result(Outcome.UNCONFIRMED, Reason.WITNESS_CONFLICT, evidence, *codes, conflict=True)


def _contradicted(facts: Facts, code: int, reason: Reason, evidence: Evidence) -> Result:
    """Return the result where a 2xx was told, and is not believed: nobody is told of it."""
    return Result(outcome_of(code), reason, evidence, facts.refer_code, code, conflict=True)


def _by_refusal(facts: Facts) -> Result:
    conflict = facts.returned is not None and facts.returned.status is TransferStatus.SUCCESS
    return _result(facts, Outcome.REJECTED, Reason.REFER_REFUSED, Evidence.SIP, conflict=conflict)


def _by_time_limit(facts: Facts, limit: Reason) -> Result:
    if limit is Reason.NO_RESPONSE:
        return Result(Outcome.UNANSWERED, limit, Evidence.NONE, _TIMER_F_CODE)
    return _result(facts, Outcome.UNCONFIRMED, limit, _sip_if_heard(facts))


def _by_end_of_call(facts: Facts) -> Result:
    if facts.gone_unheard:
        return _result(facts, Outcome.ERROR, Reason.RESTARTED, Evidence.NONE)
    return _result(facts, Outcome.CANCELED, Reason.HANGUP, _sip_if_heard(facts))


def _by_asterisk(facts: Facts, returned: Return) -> Result:
    code, told = returned.code, Reason.TRANSFER_STATUS
    if facts.subscription_ended:
        success = returned.status is TransferStatus.SUCCESS
        reason = Reason.WITNESS_CONFLICT if success else Reason.SUBSCRIPTION_ENDED
        return _result(facts, Outcome.UNCONFIRMED, reason, Evidence.SIP, conflict=success)
    match returned.status:
        case TransferStatus.SUCCESS:
            return _result(facts, Outcome.COMPLETED, told, Evidence.ASTERISK)
        case TransferStatus.UNSUPPORTED:
            return Result(Outcome.ERROR, Reason.NOT_SIP, Evidence.ASTERISK)
        case TransferStatus.FAILURE:
            pass
    if code == 0:
        return _result(facts, Outcome.UNCONFIRMED, told, Evidence.ASTERISK)
    if facts.refer_code is None and code in _REFUSALS_KNOWN_BY_CODE:
        return Result(Outcome.REJECTED, told, Evidence.ASTERISK, code)
    return Result(outcome_of(code), told, Evidence.ASTERISK, facts.refer_code, code)


def _sip_if_heard(facts: Facts) -> Evidence:
    heard = facts.refer_code is not None or facts.notify_code is not None
    return Evidence.SIP if heard else Evidence.NONE


def _result(
    facts: Facts, outcome: Outcome, reason: Reason, evidence: Evidence, *, conflict: bool = False
) -> Result:
    # A 2xx that was denied and then came true after all is no contradiction.
    doubt = conflict or (facts.denied and outcome is not Outcome.COMPLETED)
    return Result(outcome, reason, evidence, facts.refer_code, facts.notify_code, doubt)
