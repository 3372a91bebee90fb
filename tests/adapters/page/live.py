"""What changes behind a page that is open."""

import asyncio

from playwright.async_api import Page, expect

from stasis_refer.runtime import book
from tests.adapters.page.world import PageWorld


def show(world: PageWorld, *records: book.TransferRecord) -> None:
    """Put transfers into the ledger, the first of which has just changed."""
    world.book.page = book.Page(records)
    world.feed.publish(records[0])


async def is_live(page: Page) -> None:
    """Wait until it is; what has failed is tried again after 5 s."""
    await expect(page.get_by_role("status")).to_have_text("Live", timeout=20_000)


async def is_settled(page: Page) -> None:
    """Wait until it is live, and its look behind the opening is over."""
    await is_live(page)
    async with asyncio.timeout(20):
        while not await page.evaluate("looked && !looking && !timer"):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
