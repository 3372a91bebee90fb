"""Token buckets: how often something may happen. Times are in seconds of any one clock."""

import math
from collections import OrderedDict
from collections.abc import Hashable

MOST_KEPT = 4096
"""Buckets that a table remembers."""


class Bucket:
    """Holds up to ``burst`` tokens, full at first, and gets ``rate`` of them a second."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = -math.inf

    def wait(self, now: float) -> float:
        """Return how long it takes until there is a token, 0 where there is one."""
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self._rate)

    def take(self, now: float) -> None:
        """Take a token; the bucket may be in debt after it, by one token at most."""
        self._fill(now)
        self._tokens = max(-1.0, self._tokens - 1.0)

    def is_full(self, now: float) -> bool:
        """Tell whether it is as a new one."""
        self._fill(now)
        return self._tokens >= self._burst

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now


class Buckets:
    """A bucket for each of many, as they come; of too many the longest unused is forgotten."""

    def __init__(self, rate: float, burst: float, most: int = MOST_KEPT) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._kept: OrderedDict[Hashable, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def wait(self, key: Hashable, now: float) -> float:
        """Return how long it takes until there is a token for ``key``; keeps nothing new."""
        bucket = self._kept.get(key)
        if bucket is None:
            return 0.0
        if bucket.is_full(now):
            del self._kept[key]
            return 0.0
        return bucket.wait(now)

    def take(self, key: Hashable, now: float) -> None:
        """Take a token of ``key``."""
        bucket = self._kept.get(key)
        if bucket is None:
            bucket = self._kept[key] = Bucket(self._rate, self._burst)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        bucket.take(now)
