import pytest

from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result, outcome_of

NAMED = {
    Outcome.BUSY: (486, 600),
    Outcome.NO_ANSWER: (408, 480, 487),
}


@pytest.mark.parametrize(
    ("outcome", "code"), [(outcome, code) for outcome, codes in NAMED.items() for code in codes]
)
def test_codes_that_have_an_outcome_of_their_own(outcome: Outcome, code: int) -> None:
    assert outcome_of(code) is outcome


def test_any_2xx_is_success_and_every_other_final_code_a_failure() -> None:
    named = {code for codes in NAMED.values() for code in codes}
    assert {outcome_of(code) for code in range(200, 300)} == {Outcome.COMPLETED}
    assert {outcome_of(code) for code in range(300, 700) if code not in named} == {Outcome.FAILED}


@pytest.mark.parametrize(
    ("outcome", "notify_code", "final_code"),
    [
        (Outcome.COMPLETED, 200, 200),
        (Outcome.BUSY, 486, 486),
        (Outcome.NO_ANSWER, 408, 408),
        (Outcome.FAILED, 603, 603),
        # Known from Asterisk alone: what was captured is no final code, or says otherwise.
        (Outcome.COMPLETED, 180, None),
        (Outcome.COMPLETED, None, None),
        (Outcome.BUSY, 200, None),
        (Outcome.COMPLETED, 486, None),
        # No final NOTIFY decided.
        (Outcome.UNCONFIRMED, 180, None),
        (Outcome.CANCELED, 200, None),
        (Outcome.REJECTED, None, None),
    ],
)
def test_a_final_code_agrees_with_its_outcome(
    outcome: Outcome, notify_code: int | None, final_code: int | None
) -> None:
    result = Result(outcome, Reason.FINAL_NOTIFY, Evidence.SIP, 202, notify_code)
    assert result.final_code == final_code
