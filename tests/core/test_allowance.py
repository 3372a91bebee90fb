from dataclasses import replace

import pytest

from stasis_refer.core.allowance import PLENTY, Allowance, QuotasTold
from stasis_refer.core.rules import Action, Counted, Quota, Rule, Scope
from tests.core.calls import PLAIN

PARTNERS = Counted(Scope.RULE, "partners", Quota(2, 60.0))
ALL = Counted(Scope.APPLICATION, PLAIN.name, Quota(3, 3600.0))
LARGE = Counted(Scope.RULE, "large", Quota(PLENTY, 60.0))
APPLICATION = replace(
    PLAIN,
    rules=tuple(
        Rule(name, Action.ALLOW, quota=quota)
        for name, quota in (("partners", PARTNERS.quota), ("free", None), ("large", LARGE.quota))
    ),
    quota=ALL.quota,
)


@pytest.fixture
def allowance() -> Allowance:
    return Allowance(APPLICATION)


def told(partners: int, all_: int) -> QuotasTold:
    return QuotasTold(
        ((Scope.RULE, "partners", partners), (Scope.APPLICATION, PLAIN.name, all_)),
    )


def test_it_has_the_quotas_of_rules_and_application(allowance: Allowance) -> None:
    assert allowance.quotas == (PARTNERS, LARGE, ALL)
    assert Allowance(PLAIN).quotas == ()


def test_until_it_is_told_nothing_was_used(allowance: Allowance) -> None:
    assert allowance.known == told(2, 3)


def test_what_is_taken_is_not_left(allowance: Allowance) -> None:
    allowance.take((PARTNERS, ALL))
    assert allowance.known == told(1, 2)
    allowance.take((ALL,))
    assert allowance.known == told(1, 1)


def test_what_it_is_told_counts(allowance: Allowance) -> None:
    allowance.take((ALL,))
    allowance.hear(told(0, 3))
    assert allowance.known == told(0, 3)
    assert allowance.used_up((ALL,)) is None
    assert allowance.used_up((PARTNERS, ALL)) == PARTNERS
    allowance.hear(told(1, 0))
    assert allowance.used_up((PARTNERS, ALL)) == ALL


def test_of_what_is_not_named_there_is_plenty(allowance: Allowance) -> None:
    assert allowance.used_up((LARGE,)) is None
    allowance.hear(QuotasTold())
    allowance.take((LARGE, PARTNERS, ALL))
    assert allowance.used_up((LARGE, PARTNERS, ALL)) is None
    assert allowance.known == QuotasTold()
