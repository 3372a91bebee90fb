from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.adapters.rest.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    async with world.serving() as client:
        yield client
