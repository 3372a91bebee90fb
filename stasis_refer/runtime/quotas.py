"""The quotas of the target policy, counted for all calls together, and kept for a restart."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from stasis_refer.core import quota
from stasis_refer.core.allowance import PLENTY, Allowance, Key, QuotasTold, key_of
from stasis_refer.core.call import Call
from stasis_refer.core.intents import QuotaTaken
from stasis_refer.core.quota import Bucket, Used
from stasis_refer.core.rules import Counted
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.ports import StoreError

_log = structlog.get_logger(__name__)

_NEVER: Final = Used()


@dataclass(frozen=True, slots=True)
class KeptUses:
    """A bucket of uses as it is kept; both times are in seconds since 1970.

    From ``until`` on it counts no more.
    """

    key: Key
    bucket: Bucket
    until: float


class QuotaStore(Protocol):
    """Where uses are kept. Every method may raise StoreError; none waits long."""

    def add(self, use: KeptUses) -> None:
        """Keep a bucket as it is now, in the place of what was kept of it."""
        ...

    def left(self) -> Sequence[KeptUses]:
        """Return what is kept, the oldest first."""
        ...

    def forget(self, now: float) -> None:
        """Forget what counts no more."""
        ...

    def replace(self, uses: Sequence[KeptUses]) -> None:
        """Keep these, and nothing else."""
        ...


class Quotas:
    """All quotas. ``wall`` is in seconds since 1970, and is best one that nobody sets.

    ``open`` first. ``tap`` counts what calls take, ``news`` tells a call what is left. What a call
    takes for a transfer that is ``held_back`` is left to others: ``news`` tells it so, too.
    """

    def __init__(
        self,
        store: QuotaStore,
        wall: Callable[[], float],
        held_back: Callable[[Call], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._wall = wall
        self._held_back = held_back
        self._used: dict[Key, Used] = {}

    def open(self) -> None:
        """Take up what was used before a restart.

        A clock that was set back since leaves uses in the future: they are of now, also on file.
        """
        now = self._wall()
        try:
            left = self._store.left()
            uses = [*_of_now(left, now)]
            if uses != left:
                self._store.replace(uses)
        except StoreError as error:
            _log.error("quotas begin anew: what was used of them cannot be read", why=str(error))
            return
        for each in uses:
            before = self._used.get(each.key, _NEVER).buckets
            self._used[each.key] = Used((*before, each.bucket))

    def news(self, allowance: Allowance) -> QuotasTold | None:
        """Return what is left of a call's quotas, None where it knows."""
        if not allowance.quotas:
            return None
        now = self._wall()
        found = ((key_of(each), self._left(each, now)) for each in allowance.quotas)
        told = QuotasTold(tuple((*key, uses) for key, uses in found if uses < PLENTY))
        return None if told == allowance.known else told

    def used_up(self, counted: Iterable[Counted]) -> Counted | None:
        """Return the first of these quotas that has no use left, None where all have."""
        now = self._wall()
        return next((each for each in counted if not self._left(each, now)), None)

    def tap(self, entry: Entry) -> None:
        """Count what a call took. Never raises, never waits long."""
        for intent in entry.intents:
            if isinstance(intent, QuotaTaken) and not self._held_back(entry.call):
                self.take(intent.quotas)

    def take(self, counted: Iterable[Counted]) -> None:
        """Count one use of each of these quotas."""
        now = self._wall()
        for each in counted:
            key = key_of(each)
            used = quota.use(self._used.get(key, _NEVER), each.quota, now)
            self._used[key] = used
            self._keep(each, used, now)

    def _left(self, counted: Counted, now: float) -> int:
        return quota.left(self._used.get(key_of(counted), _NEVER), counted.quota, now)

    def _keep(self, counted: Counted, used: Used, now: float) -> None:
        latest = used.buckets[-1]
        until = quota.ends_at(latest.since, counted.quota)
        try:
            if latest.uses == 1:
                self._store.forget(now)
            self._store.add(KeptUses(key_of(counted), latest, until))
        except StoreError as error:
            _log.warning(
                "use of a quota is not kept: it is forgotten if the program ends now",
                quota=counted.name,
                why=str(error),
            )


def _of_now(left: Sequence[KeptUses], now: float) -> Iterator[KeptUses]:
    """Yield what counts still; what a clock that was ahead has left is as of now."""
    ahead: dict[Key, KeptUses] = {}
    for each in left:
        late = each.bucket.since - now
        if late > 0:
            uses = ahead[each.key].bucket.uses if each.key in ahead else 0
            bucket = Bucket(now, each.bucket.uses + uses)
            ahead[each.key] = KeptUses(each.key, bucket, each.until - late)
        elif each.until > now:
            yield each
    yield from ahead.values()
