"""How often a quota was used of late: a window that slides over a few counts.

Uses that are close together are counted as one bucket, so that what is remembered does not grow
with the limit. A bucket counts until the last use that may be in it is a whole window old: never
more than the limit falls into any window, and each use is forgotten a 60th of a window late at
most. Times are in seconds since 1970. A clock that was set back leaves buckets in the future: they
count as of now, so that nothing is locked for longer than a window.
"""

from dataclasses import dataclass
from typing import Final

from stasis_refer.core.rules import Quota

BUCKETS: Final = 60
"""Into how many a window is divided; one or two more may be remembered."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many uses, the first of them at ``since``."""

    since: float
    uses: int = 1


@dataclass(frozen=True, slots=True)
class Used:
    """The uses of one quota that still count, the oldest first."""

    buckets: tuple[Bucket, ...] = ()


def ends_at(since: float, quota: Quota) -> float:
    """Return when a bucket counts no more."""
    return since + quota.window + _width(quota)


def left(used: Used, quota: Quota, now: float) -> int:
    """Return how many uses the quota has room for."""
    counted = sum(bucket.uses for bucket in of_now(used, quota, now).buckets)
    return max(0, quota.limit - counted)


def use(used: Used, quota: Quota, now: float) -> Used:
    """Return the uses with one more, whether there is room for it or not."""
    *older, last = of_now(used, quota, now).buckets or (None,)
    if last is None:
        return Used((Bucket(now),))
    if now - last.since < _width(quota):
        return Used((*older, Bucket(last.since, last.uses + 1)))
    return Used((*older, last, Bucket(now)))


def of_now(used: Used, quota: Quota, now: float) -> Used:
    """Return the uses that still count; those of a clock that was ahead are as of now."""
    past = [each for each in used.buckets if each.since <= now < ends_at(each.since, quota)]
    ahead = sum(each.uses for each in used.buckets if each.since > now)
    return Used((*past, Bucket(now, ahead)) if ahead else tuple(past))


def _width(quota: Quota) -> float:
    return quota.window / BUCKETS
