import pytest

from stasis_refer.core.outcome import Outcome, outcome_of

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
