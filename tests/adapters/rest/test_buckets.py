import pytest

from stasis_refer.adapters.rest.buckets import Bucket, Buckets


def test_a_burst_may_come_at_once_and_then_so_many_a_second() -> None:
    bucket = Bucket(rate=2.0, burst=3)
    for _ in range(3):
        assert bucket.wait(10.0) == 0
        bucket.take(10.0)
    assert bucket.wait(10.0) == pytest.approx(0.5)
    assert bucket.wait(10.4) == pytest.approx(0.1)
    assert bucket.wait(10.5) == 0


def test_no_more_than_a_burst_is_saved_up() -> None:
    bucket = Bucket(rate=1.0, burst=2)
    for _ in range(2):
        assert bucket.wait(1000.0) == 0
        bucket.take(1000.0)
    assert bucket.wait(1000.0) == 1


def test_a_clock_that_goes_back_fills_nothing() -> None:
    bucket = Bucket(rate=1.0, burst=1)
    bucket.take(10.0)
    assert bucket.wait(5.0) == 1
    assert bucket.wait(10.5) == pytest.approx(0.5)


def test_however_much_is_taken_a_moment_makes_up_for_it() -> None:
    bucket = Bucket(rate=1.0, burst=2)
    for _ in range(100):
        bucket.take(0.0)
    assert bucket.wait(0.0) <= 2


def test_each_key_has_its_own_and_too_many_are_not_kept() -> None:
    buckets = Buckets(rate=1.0, burst=1, most=3)
    for key in "abcd":
        assert buckets.wait(key, 0.0) == 0
        buckets.take(key, 0.0)
    assert len(buckets) == 3
    assert buckets.wait("a", 0.0) == 0  # forgotten: it was unused the longest
    assert buckets.wait("d", 0.0) == 1


def test_the_one_that_was_used_last_is_kept() -> None:
    buckets = Buckets(rate=0.001, burst=1, most=2)
    for key in "abac":
        buckets.take(key, 0.0)
    assert buckets.wait("a", 0.0) > 0
    assert buckets.wait("b", 0.0) == 0


def test_a_full_one_is_as_none_and_takes_no_room() -> None:
    buckets = Buckets(rate=1.0, burst=1)
    buckets.take("a", 0.0)
    assert buckets.wait("a", 1.0) == 0
    assert len(buckets) == 0
