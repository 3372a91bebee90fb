"""The feed: transfers as they change, for whoever watches."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from stasis_refer.runtime.book import TransferRecord

MOST_UNREAD: Final = 1000
"""Records a subscriber may have left unread; one that leaves more has lost its place."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Records were left out for a subscriber that was too slow, ``count`` of them.

    Those that follow are whole again: what was missed is to be asked of the book.
    """

    count: int


class Subscription:
    """What one subscriber has not read yet; iterate over it with ``async for``.

    It ends when the feed is closed. One reader at a time.
    """

    def __init__(self) -> None:
        self._unread: deque[TransferRecord] = deque()
        self._lost = 0
        self._closed = False
        self._changed = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[TransferRecord | Lost]:
        """Read on where it was read last."""
        return self

    async def __anext__(self) -> TransferRecord | Lost:
        """Wait for the next record; ``Lost`` comes in the place of those that are left out."""
        while not self._unread and not self._lost:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        if self._lost:
            lost, self._lost = Lost(self._lost), 0
            return lost
        return self._unread.popleft()

    def put(self, record: TransferRecord) -> None:
        """Add a record; all that is unread goes when it is too much."""
        if len(self._unread) >= MOST_UNREAD:
            self._lost += len(self._unread)
            self._unread.clear()
        self._unread.append(record)
        self._changed.set()

    def close(self) -> None:
        """Let it end behind what is unread."""
        self._closed = True
        self._changed.set()


class Feed:
    """Hands each change of a transfer to all subscribers; none of them slows a call.

    A transfer is published when it begins, is accepted, rings, and ends; and once more when it
    could be written only later, for whoever has looked for it in the ledger meanwhile.
    """

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def publish(self, record: TransferRecord) -> None:
        """Hand a transfer, as it stands now, to all who watch. Never blocks, never raises."""
        for each in self._subscriptions:
            each.put(record)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Watch from now on: ``with feed.subscribe() as records: async for record in records``."""
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions, also those to come."""
        self._closed = True
        for each in self._subscriptions:
            each.close()
