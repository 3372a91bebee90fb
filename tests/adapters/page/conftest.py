from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import Browser

from tests.adapters.page.hostile import SHOTS
from tests.adapters.page.world import PageWorld
from tests.browser import chromium

SHOT = SHOTS["script"].format("x")


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def world() -> AsyncIterator[PageWorld]:
    async def trap(_: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html>{SHOT}", content_type="text/html")

    world = PageWorld(public_url="http://pbx.example.com")
    world.more = (*world.more, web.get("/trap", trap))
    async with world.serving():
        yield world
