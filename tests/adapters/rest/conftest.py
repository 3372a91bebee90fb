from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.adapters.rest.lobby import Lobby, busy_lobby
from tests.adapters.rest.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    async with world.serving() as client:
        yield client


@pytest.fixture
async def lobby(request: pytest.FixtureRequest) -> AsyncIterator[Lobby]:
    """Return the vendors' paths before the house of the module's DIALECT."""
    async with busy_lobby(request.module.DIALECT) as lobby:
        yield lobby
