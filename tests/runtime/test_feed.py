import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from stasis_refer.core.outcome import Direction
from stasis_refer.runtime.book import TransferRecord
from stasis_refer.runtime.feed import MOST_UNREAD, Feed, Lost, Subscription

RECORD = TransferRecord(
    id="c1-1",
    call="c1",
    application="support",
    dialect="twiml",
    direction=Direction.SENT,
    target="sip:4001@example.com",
    group="",
    referred_by="",
    caller="1001",
    dialed="support",
    began_at=1_764_000_000.0,
)


def record(number: int) -> TransferRecord:
    return replace(RECORD, id=f"c1-{number}")


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def watching(feed: Feed) -> Iterator[Subscription]:
    with feed.subscribe() as records:
        yield records


async def read(records: Subscription) -> list[TransferRecord | Lost]:
    return [each async for each in records]


async def test_each_subscriber_gets_every_record_in_order(feed: Feed) -> None:
    with feed.subscribe() as first, feed.subscribe() as second:
        for number in range(3):
            feed.publish(record(number))
        feed.close()
        expected = [record(number) for number in range(3)]
        assert await read(first) == await read(second) == expected


async def test_a_subscriber_waits_for_what_comes(feed: Feed, watching: Subscription) -> None:
    waiting = asyncio.ensure_future(anext(aiter(watching)))
    await asyncio.sleep(0)
    assert not waiting.done()
    feed.publish(RECORD)
    assert await waiting == RECORD


async def test_what_was_before_is_not_told(feed: Feed) -> None:
    feed.publish(record(1))
    with feed.subscribe() as records:
        feed.publish(record(2))
        feed.close()
        assert await read(records) == [record(2)]


async def test_a_slow_subscriber_is_told_how_much_it_lost(
    feed: Feed, watching: Subscription
) -> None:
    for number in range(MOST_UNREAD + 2):
        feed.publish(record(number))
    feed.close()
    assert await read(watching) == [
        Lost(MOST_UNREAD),
        record(MOST_UNREAD),
        record(MOST_UNREAD + 1),
    ]


async def test_a_slow_subscriber_costs_the_others_nothing(
    feed: Feed, watching: Subscription
) -> None:
    del watching
    for number in range(MOST_UNREAD):
        feed.publish(record(number))
    with feed.subscribe() as late:
        feed.publish(RECORD)
        assert await anext(aiter(late)) == RECORD


async def test_who_waits_is_let_go_when_the_feed_is_closed(
    feed: Feed, watching: Subscription
) -> None:
    waiting = asyncio.create_task(read(watching))
    await asyncio.sleep(0)
    feed.close()
    assert await waiting == []


async def test_who_comes_when_it_is_closed_waits_for_nothing(feed: Feed) -> None:
    feed.close()
    with feed.subscribe() as records:
        assert await read(records) == []


async def test_a_subscription_ends_with_its_block(feed: Feed) -> None:
    with feed.subscribe() as records:
        pass
    feed.publish(RECORD)
    records.close()
    assert await read(records) == []
