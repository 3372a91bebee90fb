import random

import pytest

from stasis_refer.core.quota import BUCKETS, Bucket, Used, ends_at, left, of_now, use
from stasis_refer.core.rules import Quota

NOW = 1_764_000_000.0  # seconds since 1970
FIVE = Quota(5, 60.0)
HOUR = 3600.0


def used(times: int, at: float = NOW, quota: Quota = FIVE, before: Used | None = None) -> Used:
    uses = before or Used()
    for _ in range(times):
        uses = use(uses, quota, at)
    return uses


def test_one_that_was_not_used_has_its_limit_left() -> None:
    assert left(Used(), FIVE, NOW) == 5


def test_each_use_leaves_one_less_and_none_behind_the_limit() -> None:
    assert [left(used(times), FIVE, NOW) for times in range(7)] == [5, 4, 3, 2, 1, 0, 0]


def test_a_use_counts_for_a_window_and_a_60th_more_at_most() -> None:
    uses = used(5)
    assert left(uses, FIVE, NOW + 60.0) == 0
    assert left(uses, FIVE, NOW + 60.999) == 0
    assert left(uses, FIVE, NOW + 61.0) == 5
    assert ends_at(NOW, FIVE) == NOW + 61.0


def test_uses_are_forgotten_one_after_the_other() -> None:
    uses = used(3, NOW + 30, before=used(2))
    assert [left(uses, FIVE, NOW + after) for after in (30.0, 62.0, 90.0, 92.0)] == [0, 2, 2, 5]


def test_uses_close_together_are_one_bucket() -> None:
    uses = used(1, NOW + 0.9, before=used(2))
    assert uses.buckets == (Bucket(NOW, 3),)
    assert used(1, NOW + 1.0, before=uses).buckets == (Bucket(NOW, 3), Bucket(NOW + 1.0))


def test_what_is_remembered_does_not_grow_with_the_uses() -> None:
    quota, uses, at, most = Quota(1_000_000, 60.0), Used(), NOW, 0
    for _ in range(20_000):
        at += 0.0151
        uses = use(uses, quota, at)
        most = max(most, len(uses.buckets))
    assert most <= BUCKETS + 2


@pytest.mark.parametrize("seed", range(5))
def test_no_window_ever_holds_more_than_the_limit(seed: int) -> None:
    chosen, uses, at = random.Random(seed), Used(), NOW  # noqa: S311 - times of a test
    allowed: list[float] = []
    for _ in range(2_000):
        at += chosen.expovariate(1.0)
        if left(uses, FIVE, at):
            allowed.append(at)
            uses = use(uses, FIVE, at)
        else:  # not without need
            assert sum(at - 61.0 < each for each in allowed) >= 5
    ends = [sum(at - 60.0 < each <= at for each in allowed) for at in allowed]
    assert max(ends) == 5


# -- a clock that is set ---------------------------------------------------------


def test_a_clock_set_back_by_an_hour_locks_for_a_window_and_no_longer() -> None:
    uses, now = used(5), NOW - HOUR
    assert left(uses, FIVE, now) == 0
    uses = used(1, now, before=uses)  # allowed or not: it takes in what the time is
    assert left(uses, FIVE, now + 60.0) == 0
    assert left(uses, FIVE, now + 61.0) == 5


def test_a_clock_set_back_forgets_nothing() -> None:
    uses = used(1, NOW - HOUR, before=used(3))
    assert left(uses, FIVE, NOW - HOUR) == 1
    assert of_now(uses, FIVE, NOW - HOUR).buckets == (Bucket(NOW - HOUR, 4),)


def test_a_clock_set_forward_by_an_hour_opens_once() -> None:
    now = NOW + HOUR
    uses = used(5, now, before=used(5))
    assert left(uses, FIVE, now) == 0
    assert left(uses, FIVE, now + 59.0) == 0


def test_one_with_another_window_counts_the_same_uses() -> None:
    uses = used(5)
    assert left(uses, Quota(5, 10.0), NOW + 11.0) == 5
    assert left(uses, Quota(7, 600.0), NOW + 11.0) == 2
