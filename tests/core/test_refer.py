from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.core.events import TransferStatus
from stasis_refer.core.facts import Return
from stasis_refer.core.outcome import Reason
from stasis_refer.core.refer import (
    CHALLENGE_TIME,
    GRACE_AFTER_BYE,
    REQUEST_LIMIT,
    SETTLING_TIME,
    TIMER_F,
    TRANSITIONS,
    Refer,
    Seen,
    State,
    TimeLimits,
)

NO_NOTIFY, RING = 30.0, 60.0
OPEN = [state for state in State if state is not State.OVER]
NOTIFIES = (
    Seen.PROVISIONAL_NOTIFY,
    Seen.SUCCESS_NOTIFY,
    Seen.FAILURE_NOTIFY,
    Seen.SUBSCRIPTION_END,
)
FAILED = Return(TransferStatus.FAILURE, 486)


def refer(*, captured: bool = True, copies: bool = False) -> Refer:
    machine = Refer(0.0, TimeLimits(NO_NOTIFY, RING), copies=copies)
    if captured:
        machine.left(0.0)
    return machine


def see(machine: Refer, *facts: tuple[float, Seen, int | None]) -> Refer:
    for now, seen, code in facts:
        machine.see(seen, now, code)
    return machine


# -- the table -------------------------------------------------------------------


def test_the_table_has_a_row_for_every_state_but_the_end() -> None:
    assert set(TRANSITIONS) == set(OPEN)


@pytest.mark.parametrize("state", OPEN)
def test_every_open_state_ends_by_its_deadline(state: State) -> None:
    assert TRANSITIONS[state][Seen.DEADLINE] is State.OVER


@pytest.mark.parametrize("state", sorted({*OPEN} - {State.LEAVING, State.SETTLING}, key=str))
def test_a_hang_up_ends_every_open_state_or_leaves_it_a_moment(state: State) -> None:
    assert TRANSITIONS[state][Seen.CALL_GONE] in {State.OVER, State.LEAVING}


@pytest.mark.parametrize(
    "state", [State.REQUESTED, State.CHALLENGED, State.ACCEPTED, State.PROCEEDING]
)
def test_a_notify_may_come_in_every_state_before_the_end(state: State) -> None:
    # RFC 3515, 2.4.4: it may be there before the response.
    to = [TRANSITIONS[state][notify] for notify in NOTIFIES]
    assert to == [State.PROCEEDING, State.CONFIRMING, State.SETTLING, State.SETTLING]


def test_every_state_can_be_reached() -> None:
    reached, found = {State.REQUESTED}, {State.REQUESTED}
    while found:
        found = {to for state in found for to in TRANSITIONS.get(state, {}).values()} - reached
        reached |= found
    assert reached == set(State)


def test_everything_that_can_be_seen_matters_somewhere() -> None:
    assert {seen for row in TRANSITIONS.values() for seen in row} == set(Seen)


@pytest.mark.parametrize(("state", "seen"), list(product(State, Seen)))
def test_a_fact_that_the_table_does_not_expect_changes_no_state(state: State, seen: Seen) -> None:
    machine = refer()
    machine.state = state
    machine.see(seen, 1.0, 180)
    expected = TRANSITIONS.get(state, {}).get(seen, state)
    # Settling is skipped where both witnesses were heard already.
    assert machine.state in ({expected, State.OVER} if expected is State.SETTLING else {expected})


# -- the time limits -------------------------------------------------------------


ACCEPTED = (1.0, Seen.ACCEPTANCE, 202)
TRYING = (2.0, Seen.PROVISIONAL_NOTIFY, 100)
BUSY = (9.0, Seen.FAILURE_NOTIFY, 486)
GONE = (5.0, Seen.CALL_GONE, None)


@pytest.mark.parametrize(
    ("facts", "state", "deadline"),
    [
        pytest.param((), State.REQUESTED, REQUEST_LIMIT, id="asked"),
        pytest.param((ACCEPTED,), State.ACCEPTED, 1 + NO_NOTIFY, id="accepted"),
        pytest.param(
            (ACCEPTED, (8.0, Seen.ACCEPTANCE, 202)),
            State.ACCEPTED,
            1 + NO_NOTIFY,
            id="the response again restarts nothing",
        ),
        pytest.param((ACCEPTED, TRYING), State.PROCEEDING, 2 + RING, id="100 is a NOTIFY"),
        pytest.param(
            (ACCEPTED, (2.0, Seen.PROVISIONAL_NOTIFY, None)),
            State.PROCEEDING,
            2 + RING,
            id="a NOTIFY that cannot be read is a NOTIFY",
        ),
        pytest.param(
            (ACCEPTED, TRYING, (3.0, Seen.PROVISIONAL_NOTIFY, 180)),
            State.PROCEEDING,
            2 + RING,
            id="180 after 100 restarts nothing",
        ),
        pytest.param(
            ((0.5, Seen.PROVISIONAL_NOTIFY, 100), ACCEPTED),
            State.PROCEEDING,
            0.5 + RING,
            id="the response after the first NOTIFY restarts nothing",
        ),
        pytest.param(
            ((1.0, Seen.CHALLENGE, 401),), State.CHALLENGED, 1 + CHALLENGE_TIME, id="challenged"
        ),
        pytest.param(
            ((1.0, Seen.CHALLENGE, 401), (1.1, Seen.SENT_AGAIN, None)),
            State.REQUESTED,
            1.1 + REQUEST_LIMIT,
            id="sent again with credentials",
        ),
        pytest.param((ACCEPTED, GONE), State.LEAVING, 5 + GRACE_AFTER_BYE, id="BYE"),
        pytest.param(
            (ACCEPTED, GONE, (5.5, Seen.PROVISIONAL_NOTIFY, 180)),
            State.LEAVING,
            5 + GRACE_AFTER_BYE,
            id="a 180 after the BYE restarts nothing",
        ),
        pytest.param((ACCEPTED, BUSY), State.SETTLING, 9 + SETTLING_TIME, id="final NOTIFY"),
        pytest.param(
            (BUSY, (9.1, Seen.ACCEPTANCE, 202)),
            State.SETTLING,
            9 + SETTLING_TIME,
            id="the response after the final NOTIFY",
        ),
        pytest.param(
            (ACCEPTED, (3.0, Seen.SUCCESS_NOTIFY, 200)),
            State.CONFIRMING,
            1 + NO_NOTIFY,
            id="a success without Asterisk's word leaves the limit after acceptance",
        ),
        pytest.param(
            (ACCEPTED, TRYING, (3.0, Seen.SUCCESS_NOTIFY, 200)),
            State.CONFIRMING,
            2 + RING,
            id="a success without Asterisk's word leaves the limit of ringing",
        ),
        pytest.param(
            (ACCEPTED, TRYING, (3.0, Seen.SUBSCRIPTION_END, 180)),
            State.SETTLING,
            3 + SETTLING_TIME,
            id="the subscription ended with a 180",
        ),
        pytest.param(
            ((1.0, Seen.NO_SUBSCRIPTION, 202),),
            State.SETTLING,
            1 + SETTLING_TIME,
            id="Refer-Sub: false",
        ),
        pytest.param(((1.0, Seen.REFUSAL, 405),), State.SETTLING, 1 + SETTLING_TIME, id="refused"),
    ],
)
def test_which_time_limit_runs(
    facts: tuple[tuple[float, Seen, int | None], ...], state: State, deadline: float
) -> None:
    machine = see(refer(), *facts)
    assert machine.state is state
    assert machine.deadline == pytest.approx(deadline)


@pytest.mark.parametrize(
    ("no_notify", "ring", "copies", "deadline"),
    [
        (30.0, 60.0, False, 90.0),
        (30.0, 60.0, True, 90.0),
        (1.0, 2.0, False, 3.0),
        (1.0, 2.0, True, REQUEST_LIMIT),  # the copy of the REFER may still come
    ],
)
def test_what_is_not_captured_may_be_ringing(
    no_notify: float, ring: float, deadline: float, *, copies: bool
) -> None:
    machine = Refer(0.0, TimeLimits(no_notify, ring), copies=copies)
    assert machine.deadline == pytest.approx(deadline)
    machine.see(Seen.DEADLINE, machine.deadline)
    assert machine.facts.broken_off is Reason.RING_TIMEOUT


def test_a_success_right_before_the_time_limit_has_its_moment_to_be_confirmed() -> None:
    machine = see(refer(), (1.0, Seen.ACCEPTANCE, 202), (2.0, Seen.PROVISIONAL_NOTIFY, 180))
    limit = machine.deadline
    see(machine, (limit - 0.1, Seen.SUCCESS_NOTIFY, 200))
    assert machine.deadline == pytest.approx(limit - 0.1 + SETTLING_TIME)
    machine.told_by_asterisk(Return(TransferStatus.SUCCESS, 0), limit + 0.1)
    assert machine.over
    assert machine.facts.broken_off is None


def test_a_success_long_before_the_time_limit_stops_no_clock() -> None:
    machine = see(refer(), (1.0, Seen.ACCEPTANCE, 202), (2.0, Seen.PROVISIONAL_NOTIFY, 180))
    limit = machine.deadline
    see(machine, (3.0, Seen.SUCCESS_NOTIFY, 200))
    assert machine.deadline == pytest.approx(limit)


def test_a_ring_timeout_from_the_acceptance_is_not_put_off_by_notifies() -> None:
    machine = Refer(0.0, TimeLimits(30.0, 30.0, ring_from_acceptance=True))
    machine.left(0.0)
    see(machine, (1.0, Seen.ACCEPTANCE, 202))
    assert machine.deadline == pytest.approx(31.0)
    see(machine, (20.0, Seen.PROVISIONAL_NOTIFY, 180))
    assert machine.deadline == pytest.approx(31.0)
    see(machine, (31.0, Seen.DEADLINE, None))
    assert machine.facts.broken_off is Reason.RING_TIMEOUT


def test_without_a_capture_a_ring_timeout_from_the_acceptance_is_all_there_is() -> None:
    machine = Refer(0.0, TimeLimits(30.0, 30.0, ring_from_acceptance=True))
    assert machine.deadline == pytest.approx(30.0)


def test_the_captured_refer_starts_the_wait_for_its_response() -> None:
    machine = refer(captured=False)
    machine.left(0.2)
    machine.left(0.4)
    assert machine.deadline == pytest.approx(0.2 + REQUEST_LIMIT)


def test_asterisk_s_own_timer_f_comes_before_our_limit() -> None:
    assert TIMER_F < REQUEST_LIMIT


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param((), Reason.NO_RESPONSE, id="no response"),
        pytest.param((ACCEPTED,), Reason.NO_NOTIFY, id="no NOTIFY"),
        pytest.param((ACCEPTED, TRYING), Reason.RING_TIMEOUT, id="no final NOTIFY"),
        pytest.param((ACCEPTED, BUSY), None, id="not broken off: the end is known"),
        pytest.param((ACCEPTED, GONE), None, id="not broken off: the call is gone"),
    ],
)
def test_a_time_limit_that_breaks_off_says_which(
    facts: tuple[tuple[float, Seen, int | None], ...], reason: Reason | None
) -> None:
    machine = see(refer(), *facts, (99.0, Seen.DEADLINE, None))
    assert machine.over
    assert machine.facts.broken_off is reason


def test_a_phone_that_goes_on_with_notifies_cannot_draw_the_end_out() -> None:
    machine = see(refer(), ACCEPTED, BUSY)
    see(machine, *((9.4 + 0.4 * more, Seen.PROVISIONAL_NOTIFY, 180) for more in range(5)))
    assert machine.deadline == pytest.approx(9 + SETTLING_TIME)


# -- both witnesses --------------------------------------------------------------


@pytest.mark.parametrize(
    ("captured", "facts", "waits_until"),
    [
        pytest.param(True, (ACCEPTED, BUSY), None, id="final NOTIFY and response"),
        pytest.param(True, (BUSY,), 9.5, id="a final NOTIFY without the response"),
        pytest.param(True, (ACCEPTED, TRYING), 9.7, id="no final NOTIFY yet"),
        pytest.param(True, ((1.0, Seen.REFUSAL, 405),), None, id="refused"),
        pytest.param(True, ((1.0, Seen.NO_SUBSCRIPTION, 202),), None, id="Refer-Sub: false"),
        pytest.param(
            True, (ACCEPTED, (3.0, Seen.SUBSCRIPTION_END, None)), None, id="subscription ended"
        ),
        pytest.param(True, (), 9.7, id="nothing captured but the REFER"),
        pytest.param(False, (), None, id="nothing is captured at all"),
    ],
)
def test_asterisk_s_word_ends_it_when_sip_has_nothing_to_add(
    facts: tuple[tuple[float, Seen, int | None], ...],
    waits_until: float | None,
    *,
    captured: bool,
) -> None:
    machine = see(refer(captured=captured), *facts)
    machine.told_by_asterisk(FAILED, 9.2)
    assert machine.over is (waits_until is None)
    if waits_until is not None:
        assert machine.deadline == pytest.approx(waits_until)


def test_the_first_word_of_asterisk_counts() -> None:
    machine = see(refer(), ACCEPTED)
    machine.told_by_asterisk(FAILED, 2.0)
    machine.told_by_asterisk(Return(TransferStatus.SUCCESS, 0), 2.1)
    assert machine.facts.returned == FAILED


@pytest.mark.parametrize(
    ("told", "leaves", "returned"),
    [
        pytest.param(Return(TransferStatus.SUCCESS, 0), False, True, id="it had ended well"),
        pytest.param(FAILED, False, True, id="it had ended badly"),
        pytest.param(Return(TransferStatus.FAILURE, 0), True, False, id="FAILURE/0 tells nothing"),
        pytest.param(None, True, False, id="nothing was said"),
    ],
)
def test_a_call_that_is_gone_before_anything_was_captured(
    told: Return | None, *, leaves: bool, returned: bool
) -> None:
    machine = refer(captured=False)
    machine.gone(3.0, told)
    assert (machine.facts.returned == told) is (returned or told is None)
    assert machine.over is not leaves
    if leaves:
        assert machine.deadline == pytest.approx(3.0 + GRACE_AFTER_BYE)


def test_asterisk_s_word_on_a_call_that_is_gone_may_come_before_the_captured_notify() -> None:
    machine = see(refer(), ACCEPTED)
    machine.gone(2.0, Return(TransferStatus.SUCCESS, 0))
    assert not machine.over
    assert machine.deadline == pytest.approx(2.0 + SETTLING_TIME)
    see(machine, (2.01, Seen.SUCCESS_NOTIFY, 200))
    assert (machine.over, machine.facts.final_code) == (True, 200)


def test_asterisk_s_word_may_come_before_all_the_copies() -> None:
    machine = refer(captured=False, copies=True)
    machine.told_by_asterisk(FAILED, 2.0)
    assert not machine.over
    assert machine.deadline == pytest.approx(2.0 + SETTLING_TIME)
    machine.left(2.01)
    see(machine, (2.01, Seen.ACCEPTANCE, 202), (2.02, Seen.FAILURE_NOTIFY, 486))
    assert (machine.over, machine.facts.final_code) == (True, 486)


def test_the_hang_up_and_asterisk_s_word_may_come_before_all_the_copies() -> None:
    machine = refer(captured=False, copies=True)
    machine.gone(2.0, None)
    machine.gone(2.01, Return(TransferStatus.SUCCESS, 0))
    assert not machine.over
    machine.left(2.02)
    see(machine, (2.02, Seen.ACCEPTANCE, 202), (2.03, Seen.SUCCESS_NOTIFY, 200))
    assert (machine.over, machine.facts.final_code) == (True, 200)


def test_asterisk_s_word_may_follow_the_hang_up() -> None:
    machine = refer(captured=False)
    machine.gone(3.0, None)
    machine.told_by_asterisk(FAILED, 3.1)
    assert (machine.over, machine.facts.returned) == (True, FAILED)


def test_what_is_over_stays_as_it_was() -> None:
    machine = see(refer(), ACCEPTED, GONE, (6.0, Seen.DEADLINE, None))
    assert machine.over
    see(machine, (7.0, Seen.SUCCESS_NOTIFY, 200))
    assert (machine.facts.final_code, machine.facts.notify_code) == (None, None)


# -- codes and moments -----------------------------------------------------------


def test_the_last_status_of_any_notify_is_kept_and_the_first_final_one_decides() -> None:
    machine = see(refer(), ACCEPTED, TRYING, (3.0, Seen.PROVISIONAL_NOTIFY, 183))
    assert machine.facts.notify_code == 183
    see(machine, BUSY, (9.1, Seen.SUCCESS_NOTIFY, 200))
    assert machine.facts.final_code == 486


def test_a_notify_behind_the_final_one_is_of_no_subscription() -> None:
    # RFC 6665, 4.4.1: the subscription ended with the first.
    machine = see(
        refer(), ACCEPTED, (3.0, Seen.SUCCESS_NOTIFY, 200), (3.1, Seen.FAILURE_NOTIFY, 487)
    )
    assert (machine.facts.final_code, machine.facts.notify_code) == (200, 200)


def test_a_transaction_has_one_final_response() -> None:
    # RFC 3261, 17.1.2.2: what follows it is absorbed.
    machine = see(refer(), ACCEPTED, (2.0, Seen.REFUSAL, 500))
    assert (machine.state, machine.facts.refer_code) == (State.ACCEPTED, 202)


@pytest.mark.parametrize(
    ("codes", "ringing_at"),
    [((100,), None), ((100, 180), 2.0), ((183,), 1.0), ((100, 180, 183), 2.0), ((None,), None)],
)
def test_ringing_begins_with_the_first_180_to_199(
    codes: tuple[int | None, ...], ringing_at: float | None
) -> None:
    machine = see(
        refer(),
        *((float(now), Seen.PROVISIONAL_NOTIFY, code) for now, code in enumerate(codes, 1)),
    )
    assert machine.ringing_at == ringing_at


# -- whatever comes --------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Seen), st.sampled_from([None, 100, 200, 405, 486]))))
def test_whatever_was_seen_the_next_deadline_ends_it(
    facts: list[tuple[Seen, int | None]],
) -> None:
    machine = refer()
    for now, (seen, code) in enumerate(facts):
        machine.see(seen, float(now), code)
    machine.see(Seen.DEADLINE, machine.deadline)
    assert machine.over
