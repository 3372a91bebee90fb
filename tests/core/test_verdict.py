from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.core.events import TransferStatus
from stasis_refer.core.facts import Facts, Return
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.verdict import judge

SUCCESS = Return(TransferStatus.SUCCESS, 0)
BROKEN_OFF = Return(TransferStatus.FAILURE, 0)
"""What ``Transfer()`` says after a hang-up, after our breaking off, and when it knows nothing."""

ACCEPTED = Facts(captured=True, refer_code=202)
SIP, ASTERISK, NONE = Evidence.SIP, Evidence.ASTERISK, Evidence.NONE


def failure(code: int) -> Return:
    return Return(TransferStatus.FAILURE, code)


def final(code: int, returned: Return | None) -> Facts:
    return replace(ACCEPTED, final_code=code, notify_code=code, returned=returned)


# -- both witnesses agree, or only SIP was heard ---------------------------------


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (200, Outcome.COMPLETED),
        (202, Outcome.COMPLETED),
        (486, Outcome.BUSY),
        (600, Outcome.BUSY),
        (408, Outcome.NO_ANSWER),
        (480, Outcome.NO_ANSWER),
        (487, Outcome.NO_ANSWER),
        (302, Outcome.FAILED),
        (404, Outcome.FAILED),
        (503, Outcome.FAILED),
        (603, Outcome.FAILED),
    ],
)
def test_the_final_notify_decides(code: int, outcome: Outcome) -> None:
    returned = SUCCESS if outcome is Outcome.COMPLETED else failure(code)
    expected = Result(outcome, Reason.FINAL_NOTIFY, SIP, 202, code)
    assert judge(final(code, returned)) == expected


@pytest.mark.parametrize("code", [300, 401, 403, 405, 407, 481, 501, 503, 603])
def test_a_refused_refer_is_rejected(code: int) -> None:
    facts = Facts(captured=True, refer_code=code, returned=failure(code))
    assert judge(facts) == Result(Outcome.REJECTED, Reason.REFER_REFUSED, SIP, code)


@pytest.mark.parametrize("code", [200, 202, 204])
def test_any_2xx_is_acceptance(code: int) -> None:
    facts = replace(final(200, SUCCESS), refer_code=code)
    assert judge(facts) == Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, SIP, code, 200)


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        pytest.param(
            replace(ACCEPTED, no_subscription=True, returned=SUCCESS),
            Result(Outcome.UNCONFIRMED, Reason.REFER_SUB_FALSE, ASTERISK, 202),
            id="Refer-Sub: false is no success, though Asterisk assumes one",
        ),
        pytest.param(
            replace(ACCEPTED, subscription_ended=True, notify_code=180, returned=BROKEN_OFF),
            Result(Outcome.UNCONFIRMED, Reason.SUBSCRIPTION_ENDED, SIP, 202, 180),
            id="the subscription ended with a 180",
        ),
        pytest.param(
            replace(ACCEPTED, subscription_ended=True),
            Result(Outcome.UNCONFIRMED, Reason.SUBSCRIPTION_ENDED, SIP, 202),
            id="the subscription ended with no status, Asterisk is late",
        ),
        pytest.param(
            replace(ACCEPTED, broken_off=Reason.NO_NOTIFY),
            Result(Outcome.UNCONFIRMED, Reason.NO_NOTIFY, SIP, 202),
            id="no NOTIFY",
        ),
        pytest.param(
            replace(ACCEPTED, broken_off=Reason.RING_TIMEOUT, notify_code=180),
            Result(Outcome.UNCONFIRMED, Reason.RING_TIMEOUT, SIP, 202, 180),
            id="no final NOTIFY",
        ),
        pytest.param(
            Facts(captured=True, broken_off=Reason.NO_RESPONSE),
            Result(Outcome.UNANSWERED, Reason.NO_RESPONSE, NONE, 408),
            id="no response: Timer F",
        ),
        pytest.param(
            Facts(captured=True, returned=failure(408)),
            Result(Outcome.UNANSWERED, Reason.NO_RESPONSE, ASTERISK, 408),
            id="no response: Asterisk's Timer F",
        ),
        pytest.param(
            Facts(captured=True, returned=failure(500)),
            Result(Outcome.UNANSWERED, Reason.NO_RESPONSE, ASTERISK, 408),
            id="no response: Asterisk's 500 for its Timer F",
        ),
        pytest.param(
            Facts(captured=True, returned=failure(500), call_gone=True),
            Result(Outcome.UNANSWERED, Reason.NO_RESPONSE, ASTERISK, 408),
            id="no response: Asterisk ends the call for it",
        ),
        pytest.param(
            replace(ACCEPTED, returned=failure(500)),
            Result(Outcome.FAILED, Reason.TRANSFER_STATUS, ASTERISK, 202, 500),
            id="500 of the target: the REFER was accepted",
        ),
        pytest.param(
            Facts(captured=True, call_gone=True),
            Result(Outcome.CANCELED, Reason.HANGUP, NONE),
            id="BYE before the response",
        ),
        pytest.param(
            replace(ACCEPTED, call_gone=True, notify_code=180),
            Result(Outcome.CANCELED, Reason.HANGUP, SIP, 202, 180),
            id="BYE while it rings",
        ),
        pytest.param(
            replace(ACCEPTED, call_gone=True, notify_code=180, returned=BROKEN_OFF),
            Result(Outcome.CANCELED, Reason.HANGUP, SIP, 202, 180),
            id="FAILURE/0 after a hang-up is no contradiction",
        ),
        pytest.param(
            replace(final(200, BROKEN_OFF), call_gone=True),
            Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, SIP, 202, 200),
            id="FAILURE/0 after a hang-up is no contradiction of a success either",
        ),
        pytest.param(
            replace(final(486, None), call_gone=True),
            Result(Outcome.BUSY, Reason.FINAL_NOTIFY, SIP, 202, 486),
            id="the final NOTIFY after the BYE decides",
        ),
        pytest.param(
            replace(ACCEPTED, call_gone=True, subscription_ended=True, notify_code=180),
            Result(Outcome.CANCELED, Reason.HANGUP, SIP, 202, 180),
            id="the subscription ended by the BYE",
        ),
    ],
)
def test_ends_without_a_final_status(facts: Facts, result: Result) -> None:
    assert judge(facts) == result


# -- where SIP has gaps, Asterisk fills them -------------------------------------


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        pytest.param(
            replace(ACCEPTED, notify_code=180, returned=SUCCESS),
            Result(Outcome.COMPLETED, Reason.TRANSFER_STATUS, ASTERISK, 202, 180),
            id="the final NOTIFY was not captured",
        ),
        pytest.param(
            replace(ACCEPTED, returned=failure(486)),
            Result(Outcome.BUSY, Reason.TRANSFER_STATUS, ASTERISK, 202, 486),
            id="no NOTIFY was captured",
        ),
        pytest.param(
            replace(ACCEPTED, returned=failure(405)),
            Result(Outcome.FAILED, Reason.TRANSFER_STATUS, ASTERISK, 202, 405),
            id="405 of the target: the REFER was accepted",
        ),
        pytest.param(
            Facts(captured=True, returned=failure(405)),
            Result(Outcome.REJECTED, Reason.TRANSFER_STATUS, ASTERISK, 405),
            id="the response was not captured",
        ),
        pytest.param(
            replace(ACCEPTED, returned=BROKEN_OFF),
            Result(Outcome.UNCONFIRMED, Reason.TRANSFER_STATUS, ASTERISK, 202),
            id="Asterisk gave up and does not say why",
        ),
        pytest.param(
            Facts(returned=Return(TransferStatus.UNSUPPORTED, 0)),
            Result(Outcome.ERROR, Reason.NOT_SIP, ASTERISK),
            id="the channel cannot be transferred",
        ),
        pytest.param(
            replace(ACCEPTED, notify_code=180, returned=SUCCESS, call_gone=True),
            Result(Outcome.COMPLETED, Reason.TRANSFER_STATUS, ASTERISK, 202, 180),
            id="SUCCESS was said before the BYE",
        ),
        pytest.param(
            replace(ACCEPTED, notify_code=180, returned=failure(486), call_gone=True),
            Result(Outcome.BUSY, Reason.TRANSFER_STATUS, ASTERISK, 202, 486),
            id="486 was said before the BYE",
        ),
    ],
)
def test_asterisk_fills_the_gaps(facts: Facts, result: Result) -> None:
    assert judge(facts) == result


@pytest.mark.parametrize(
    ("returned", "result"),
    [
        (SUCCESS, Result(Outcome.COMPLETED, Reason.TRANSFER_STATUS, ASTERISK)),
        (BROKEN_OFF, Result(Outcome.UNCONFIRMED, Reason.TRANSFER_STATUS, ASTERISK)),
        *(
            (failure(code), Result(Outcome.REJECTED, Reason.TRANSFER_STATUS, ASTERISK, code))
            for code in (401, 405, 407, 481, 501)
        ),
        *(
            (failure(code), Result(outcome, Reason.TRANSFER_STATUS, ASTERISK, None, code))
            for code, outcome in (
                (302, Outcome.FAILED),
                (403, Outcome.FAILED),
                (404, Outcome.FAILED),
                (408, Outcome.NO_ANSWER),
                (480, Outcome.NO_ANSWER),
                (486, Outcome.BUSY),
                (487, Outcome.NO_ANSWER),
                (500, Outcome.FAILED),
                (503, Outcome.FAILED),
                (600, Outcome.BUSY),
                (603, Outcome.FAILED),
            )
        ),
    ],
)
def test_without_a_capture_one_code_is_known(returned: Return, result: Result) -> None:
    assert judge(Facts(returned=returned)) == result


def test_without_a_capture_a_hang_up_is_canceled() -> None:
    result = Result(Outcome.CANCELED, Reason.HANGUP, NONE)
    assert judge(Facts(call_gone=True)) == result
    assert judge(Facts(call_gone=True, returned=BROKEN_OFF)) == result


# -- where they contradict each other --------------------------------------------


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        pytest.param(
            final(200, failure(486)),
            Result(Outcome.BUSY, Reason.WITNESS_CONFLICT, ASTERISK, 202, 486, conflict=True),
            id="SIP 200, Asterisk 486",
        ),
        pytest.param(
            final(200, failure(603)),
            Result(Outcome.FAILED, Reason.WITNESS_CONFLICT, ASTERISK, 202, 603, conflict=True),
            id="SIP 200, Asterisk 603",
        ),
        pytest.param(
            final(200, BROKEN_OFF),
            Result(Outcome.UNCONFIRMED, Reason.WITNESS_CONFLICT, ASTERISK, 202, conflict=True),
            id="SIP 200, Asterisk failed without a code",
        ),
        pytest.param(
            final(200, None),
            Result(Outcome.UNCONFIRMED, Reason.WITNESS_CONFLICT, NONE, 202, conflict=True),
            id="SIP 200, no word of Asterisk's until the time limit",
        ),
        pytest.param(
            replace(final(200, None), standing_code=180),
            Result(Outcome.UNCONFIRMED, Reason.WITNESS_CONFLICT, NONE, 202, 180, conflict=True),
            id="SIP 180 and 200, no word of Asterisk's until the time limit",
        ),
        pytest.param(
            replace(final(200, failure(486)), standing_code=486),
            Result(Outcome.BUSY, Reason.FINAL_NOTIFY, SIP, 202, 486, conflict=True),
            id="SIP 200 and then 486, Asterisk 486",
        ),
        pytest.param(
            replace(final(200, None), standing_code=486, call_gone=True),
            Result(Outcome.BUSY, Reason.FINAL_NOTIFY, SIP, 202, 486, conflict=True),
            id="SIP 200 and then 486, then the caller hangs up",
        ),
        pytest.param(
            replace(final(200, failure(405)), refer_code=405),
            Result(Outcome.REJECTED, Reason.REFER_REFUSED, SIP, 405, conflict=True),
            id="SIP 200 of a REFER that is refused",
        ),
        pytest.param(
            final(486, SUCCESS),
            Result(Outcome.BUSY, Reason.FINAL_NOTIFY, SIP, 202, 486, conflict=True),
            id="SIP 486, Asterisk SUCCESS",
        ),
        pytest.param(
            Facts(captured=True, refer_code=405, returned=SUCCESS),
            Result(Outcome.REJECTED, Reason.REFER_REFUSED, SIP, 405, conflict=True),
            id="REFER refused, Asterisk SUCCESS",
        ),
    ],
)
def test_a_contradiction_is_flagged(facts: Facts, result: Result) -> None:
    assert judge(facts) == result


@pytest.mark.parametrize(
    ("facts", "outcome", "conflict"),
    [
        (replace(final(200, SUCCESS), denied=True), Outcome.COMPLETED, False),
        (replace(final(486, failure(486)), denied=True), Outcome.BUSY, True),
        (replace(ACCEPTED, call_gone=True, denied=True), Outcome.CANCELED, True),
    ],
)
def test_a_2xx_that_was_denied_is_flagged_unless_it_came_true(
    facts: Facts, outcome: Outcome, *, conflict: bool
) -> None:
    result = judge(facts)
    assert (result.outcome, result.conflict) == (outcome, conflict)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(
            replace(ACCEPTED, subscription_ended=True, notify_code=180, returned=SUCCESS),
            id="the subscription ended with a 180, Asterisk SUCCESS",
        ),
        pytest.param(
            replace(final(200, failure(405)), refer_code=405), id="refused and yet a success"
        ),
        pytest.param(final(200, Return(TransferStatus.UNSUPPORTED, 0)), id="SIP 200, UNSUPPORTED"),
        pytest.param(
            replace(final(200, failure(486)), call_gone=True),
            id="SIP 200, FAILURE/486 of a call that is gone",
        ),
    ],
)
def test_a_contradiction_never_ends_in_success(facts: Facts) -> None:
    result = judge(facts)
    assert result.outcome is not Outcome.COMPLETED
    assert result.conflict


CODES = st.sampled_from([None, 100, 180, 200, 202, 302, 401, 405, 408, 480, 486, 603])
RETURNS = st.builds(
    lambda status, code: Return(status, 0 if status is TransferStatus.SUCCESS else code),
    st.sampled_from(TransferStatus),
    st.sampled_from([0, 302, 401, 405, 408, 486, 603]),
)
FACTS = st.builds(
    Facts,
    captured=st.booleans(),
    refer_code=CODES.filter(lambda code: code is None or code >= 200),
    notify_code=CODES,
    final_code=CODES.filter(lambda code: code is None or code >= 200),
    no_subscription=st.booleans(),
    subscription_ended=st.booleans(),
    returned=st.none() | RETURNS,
    broken_off=st.sampled_from([None, Reason.NO_RESPONSE, Reason.NO_NOTIFY, Reason.RING_TIMEOUT]),
    call_gone=st.booleans(),
)


@settings(max_examples=500, deadline=None)
@given(FACTS)
def test_whatever_the_facts_success_rests_on_a_witness(facts: Facts) -> None:
    result = judge(facts)
    told_by_sip = facts.final_code is not None and facts.final_code < 300
    told_by_asterisk = facts.returned == SUCCESS
    if result.conflict:
        assert result.outcome is not Outcome.COMPLETED
    if result.outcome is Outcome.COMPLETED:
        assert told_by_sip or told_by_asterisk
        assert result.evidence is (SIP if told_by_sip else ASTERISK)
        assert facts.call_gone or told_by_asterisk
