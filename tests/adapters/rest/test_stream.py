import asyncio
import json
from dataclasses import replace

import aiohttp
import pytest

from stasis_refer.runtime.feed import MOST_UNREAD
from tests.adapters.rest.world import TRANSFER, World

STREAM = "/v1/transfers/stream"


async def _event(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Return the fields of the next event or comment."""
    fields: dict[str, str] = {}
    while line := (await response.content.readline()).decode().rstrip("\n"):
        name, _, value = line.partition(": ")
        fields[name] = value
    return fields


async def test_transfers_are_told_as_they_change(
    world: World, client: aiohttp.ClientSession
) -> None:
    async with client.get(STREAM) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert await _event(response) == {"retry": "3000"}
        for at in (None, 7.0):
            world.feed.publish(replace(TRANSFER, ended_at=at))
        first, second = await _event(response), await _event(response)
        assert first["event"] == "transfer"
        assert first["id"]
        assert json.loads(first["data"])["ended_at"] is None
        assert json.loads(second["data"])["ended_at"] == "1970-01-01T00:00:07Z"


async def test_silence_is_broken(world: World) -> None:
    world.heartbeat = 0.05
    async with world.serving() as client, client.get(STREAM) as response:
        await _event(response)
        assert await _event(response) == {"": "still there"}
        assert await _event(response) == {"": "still there"}


async def test_who_comes_back_is_told_to_read_again(client: aiohttp.ClientSession) -> None:
    async with client.get(STREAM, headers={"Last-Event-ID": "5"}) as response:
        await _event(response)
        missed = await _event(response)
        assert missed["event"] == "missed"
        assert json.loads(missed["data"])["count"] is None


async def test_who_is_too_slow_is_told_how_much_was_left_out(
    world: World, client: aiohttp.ClientSession
) -> None:
    async with client.get(STREAM) as response:
        await _event(response)
        for _ in range(MOST_UNREAD + 1):
            world.feed.publish(TRANSFER)
        missed = await _event(response)
        assert json.loads(missed["data"])["count"] == MOST_UNREAD
        assert (await _event(response))["event"] == "transfer"


async def test_so_many_may_watch_and_who_leaves_makes_room(world: World) -> None:
    world.heartbeat = 60.0  # nothing is written meanwhile
    async with world.serving() as client:
        async with client.get(STREAM) as one, client.get(STREAM) as two:
            assert (one.status, two.status) == (200, 200)
            async with client.get(STREAM) as three:
                assert three.status == 429
                assert three.headers["Retry-After"]
                assert (await three.json())["type"] == "too_many_streams"
            assert world.limits == ["http_streams"]
        async with asyncio.timeout(5):
            while True:
                async with client.get(STREAM) as again:
                    if again.status == 200:
                        break
                await asyncio.sleep(0.05)


async def test_it_ends_in_order_when_the_feed_does(
    world: World, client: aiohttp.ClientSession
) -> None:
    async with client.get(STREAM) as response:
        world.feed.publish(TRANSFER)
        world.feed.close()
        told = (await response.content.read()).decode()
    assert told.count("event: transfer\n") == 1
    assert told.endswith("\n\n")


async def test_it_ends_for_who_has_logged_out(world: World, client: aiohttp.ClientSession) -> None:
    async with client.get(STREAM) as response:
        world.feed.publish(TRANSFER)
        await _event(response)
        await _event(response)
        world.logged_in = False
        world.feed.publish(TRANSFER)
        async with asyncio.timeout(5):
            rest = (await response.content.read()).decode()
    assert rest == ""


async def test_it_ends_for_who_has_logged_out_and_hears_nothing(
    world: World, client: aiohttp.ClientSession
) -> None:
    async with client.get(STREAM) as response:
        await _event(response)
        world.logged_in = False
        async with asyncio.timeout(5):
            assert await response.content.read() == b""


async def test_who_may_watch_no_more_learns_it_by_a_head_too() -> None:
    world = World(most_clients=1)
    async with world.serving() as client:
        async with client.get(STREAM), client.head(STREAM) as head:
            assert (head.status, head.headers["Retry-After"]) == (429, "30")
        assert world.limits == []  # nobody was kept from watching


async def test_its_head_has_an_end(client: aiohttp.ClientSession) -> None:
    async with client.head(STREAM) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")


@pytest.mark.parametrize("path", ["/v1/transfers/stream/", "/v1/transfers/stream/x"])
async def test_nothing_is_below_it(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as response:
        assert response.status == 404
