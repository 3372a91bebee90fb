"""Quotas, as one call keeps to them."""

from dataclasses import replace

import pytest

from stasis_refer.core import masked
from stasis_refer.core.allowance import QuotasTold
from stasis_refer.core.application import Application
from stasis_refer.core.counting import over_quota
from stasis_refer.core.events import Ordered
from stasis_refer.core.intents import CalleeRefused, QuotaTaken, TransferEnded
from stasis_refer.core.orders import TransferCall
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.core.policy import Allowed
from stasis_refer.core.rules import Action, Counted, Quota, Rule, Scope
from stasis_refer.core.verbs import After, Dial, Refer, Then
from tests.core.calls import INFO, PLAIN, REFER, SENT, TAKEN, Line, Step, document
from tests.core.dials import DIAL, HOLDING, TO_B, answers, apart, refers, sip
from tests.core.test_instead import DIALED, NO_REFER, refused

RULE = Rule("partners", Action.ALLOW, hosts=("example.com",), group="near", quota=Quota(2, 60.0))
QUOTAS = replace(PLAIN, rules=(RULE,), targets=(), quota=Quota(3, 3600.0))
BY_RULE = replace(QUOTAS, quota=None)


def told(partners: int = 2, all_: int = 3) -> QuotasTold:
    return QuotasTold(((Scope.RULE, "partners", partners), (Scope.APPLICATION, "support", all_)))


def left(uses: int) -> QuotasTold:
    return QuotasTold(((Scope.RULE, "partners", uses),))


def line(*steps: Step, application: Application = QUOTAS) -> Line:
    line = Line(application=application)
    line.happens(*steps)
    return line


def used(line: Line) -> list[list[str]]:
    """Return the names of the quotas that were used, for each time that some were."""
    taken = (each for each in line.intents if isinstance(each, QuotaTaken))
    return [[each.name for each in note.quotas] for note in taken]


def ends(line: Line) -> list[tuple[Outcome, Reason, str, str, int | None]]:
    return [
        (each.result.outcome, each.result.reason, each.rule, each.group, each.result.refer_code)
        for each in line.intents
        if isinstance(each, TransferEnded)
    ]


OVER = (Outcome.BLOCKED, Reason.QUOTA, "partners", "near", 503)


# -- REFERs that we send -----------------------------------------------------------


def test_a_refer_uses_the_quotas_of_its_rule_and_of_its_application() -> None:
    assert used(line((0.0, document(REFER)))) == [["partners", "support"]]


@pytest.mark.parametrize("left", [told(partners=0), told(all_=0)])
def test_one_over_a_quota_is_blocked_and_uses_nothing(left: QuotasTold) -> None:
    over = line((0.0, left), (0.0, document(REFER)))
    assert ends(over) == [OVER]
    assert used(over) == []
    assert not [word for word in over.words if word.startswith("refer")]
    (ended,) = (each for each in over.intents if isinstance(each, TransferEnded))
    assert "is used up: wait, or raise it" in ended.result.detail


def test_what_is_said_of_a_quota_names_nobody_and_is_shown_as_it_is() -> None:
    month = Counted(Scope.APPLICATION, "support", Quota(20_000, 2_592_000.0))
    why = over_quota(Allowed(), month).reason
    assert "'support', 20000 transfers in 2592000 seconds, is" in why
    assert masked.text(why) == why


def test_what_is_told_last_counts() -> None:
    later = line((0.0, told(partners=0)), (0.0, told(partners=1)), (0.0, document(REFER)))
    assert used(later) == [["partners", "support"]]


def test_one_that_has_to_wait_for_the_answer_uses_them_once() -> None:
    ringing = Line(application=QUOTAS, up=False)
    ringing.happens((0.0, document(REFER)))
    assert used(ringing) == []
    ringing.happens((0.5, told(partners=0)))
    assert ends(ringing) == []


def test_one_that_is_blocked_by_the_policy_uses_nothing() -> None:
    assert used(line((0.0, document(replace(REFER, target="sip:a@example.org"))))) == []


def test_the_same_target_again_joins_and_uses_nothing() -> None:
    asked = Ordered("t", INFO.key, TransferCall(REFER))
    assert used(line((0.0, document(REFER)), SENT, TAKEN, (0.5, asked))) == [
        ["partners", "support"]
    ]


def test_an_order_over_a_quota_leaves_the_call_as_it_is() -> None:
    verb = Refer("sip:alice@example.com", after=After(failed=Then.GO_ON))
    over = line((0.0, document(DIAL)), (0.5, told(partners=0)))
    before = len(over.words)
    over.happens((0.5, Ordered("t", INFO.key, TransferCall(verb))))
    assert ends(over) == [OVER]
    assert not [word for word in over.words[before:] if "drop" in word or "stop" in word]


# -- calls that we make ------------------------------------------------------------


def test_each_callee_uses_them_until_none_is_left() -> None:
    dial = line((0.0, document(Dial((sip("a"), sip("b"), sip("c"), sip("d"))))))
    assert used(dial) == [["partners", "support"]] * 2
    notes = [each for each in dial.intents if isinstance(each, CalleeRefused)]
    assert [(each.reason, each.rule, each.group) for each in notes] == [
        ("quota", "partners", "near")
    ] * 2
    assert len([word for word in dial.words if "create leg" in word]) == 2


# -- once for each transfer ----------------------------------------------------------


def test_who_is_called_in_the_place_of_a_refused_refer_is_not_counted_again() -> None:
    always = replace(BY_RULE, dial_instead=True)
    instead = line((0.0, left(1)), (0.0, document(REFER)), *refused(405), application=always)
    assert used(instead) == [["partners"]]
    assert DIALED in " ".join(instead.words)


def test_nor_where_the_phone_says_beforehand_that_it_refuses() -> None:
    always = replace(BY_RULE, dial_instead=True)
    instead = Line(always, NO_REFER)
    instead.happens((0.0, left(1)), (0.0, document(REFER)))
    assert used(instead) == [["partners"]]
    assert DIALED in " ".join(instead.words)


def received(*steps: Step) -> Line:
    """A call with agent A, who sends a REFER to B; then the steps."""
    connected = line((0.0, document(HOLDING)), *answers(1.0), application=BY_RULE)
    connected.happens(*steps)
    return connected


def not_called(line: Line) -> list[str]:
    return [each.reason for each in line.intents if isinstance(each, CalleeRefused)]


def test_a_received_refer_is_counted_and_the_first_called_for_it_is_not() -> None:
    moved = received((3.0, left(1)), *refers(3.0), (3.5, document(TO_B)), apart(3.6))
    assert used(moved) == [["partners"], ["partners"]], "the Dial of A, and the REFER"
    assert not_called(moved) == []
    assert "create leg 2 stasis_refer/sip:b@example.com" in " ".join(moved.words)


def test_whom_its_document_calls_besides_is_counted() -> None:
    to_both = Dial((sip("b"), sip("c")))
    moved = received((3.0, left(1)), *refers(3.0), (3.5, document(to_both)), apart(3.6))
    assert used(moved) == [["partners"], ["partners"]]
    assert not_called(moved) == ["quota"]
    moved = received((3.0, left(2)), *refers(3.0), (3.5, document(to_both)), apart(3.6))
    assert used(moved) == [["partners"]] * 3
    assert not_called(moved) == []


def test_a_received_refer_over_a_quota_is_declined() -> None:
    moved = received((3.0, left(0)), *refers(3.0))
    assert [each[:4] for each in ends(moved)] == [OVER[:4]]
    assert moved.words[-1].endswith("notify leg 1 603")
    assert used(moved) == [["partners"]], "the Dial of A alone"
