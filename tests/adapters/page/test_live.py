"""The page in a browser follows what changes, by ``static/live.js``."""

import asyncio
import re
from dataclasses import replace
from typing import Self

import aiohttp
from playwright.async_api import Browser, Route, expect

from stasis_refer.core.outcome import Outcome
from stasis_refer.runtime import book
from tests import harvest
from tests.adapters.page.live import is_live, is_settled, show
from tests.adapters.page.world import ID, ONE, OTHER, PageWorld
from tests.adapters.rest.world import TOKEN
from tests.browser import Trap, is_logged_in, visit


class Line:
    """Stands between browser and server, and can be cut."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._there: set[asyncio.StreamWriter] = set()
        self.cut = False
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.break_off()
        self._server.close()
        await self._server.wait_closed()

    def break_off(self) -> None:
        self.cut = True
        for each in self._there:
            each.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.close()
            return
        reader_there, writer_there = await asyncio.open_connection("127.0.0.1", self._to)
        self._there |= {writer, writer_there}
        await asyncio.gather(_pipe(reader, writer_there), _pipe(reader_there, writer))
        self._there -= {writer, writer_there}


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def test_the_list_follows_what_changes(browser: Browser, world: PageWorld) -> None:
    world.book.page = book.Page((ONE,))
    async with visit(browser, world.url, TOKEN, goal="?application=support") as page:
        await is_live(page)
        trap, rows = Trap(page), page.locator("tbody tr")
        await expect(rows).to_have_count(1)
        link = rows.first.get_by_role("link")
        await link.focus()
        show(world, OTHER, ONE)
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("under way")
        await expect(page.locator(f"#t-{ID} a")).to_be_focused()  # what stays keeps the focus
        show(world, replace(OTHER, outcome=Outcome.COMPLETED), ONE)
        await expect(rows.first).to_contain_text("completed")
        assert world.book.wanted.application == "support"  # it is asked with the same filters
        assert await trap.caught() == []


async def test_what_does_not_fit_the_filter_asks_for_nothing(
    browser: Browser, world: PageWorld
) -> None:
    async with visit(browser, world.url, TOKEN, goal="?application=support") as page:
        await is_settled(page)
        asked = len(world.book.asked)
        world.feed.publish(replace(OTHER, application="sales"))
        await asyncio.sleep(0.5)
        assert len(world.book.asked) == asked
        world.feed.publish(OTHER)
        async with asyncio.timeout(5):
            while len(world.book.asked) == asked:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)


async def test_a_slow_server_is_asked_once_at_a_time(browser: Browser, world: PageWorld) -> None:
    async with visit(browser, world.url, TOKEN) as page:
        await is_settled(page)
        waiting: list[Route] = []
        await page.route(f"{world.url}/", lambda route: waiting.append(route))  # noqa: PLW0108
        for _ in range(6):
            world.feed.publish(ONE)
            await asyncio.sleep(0.5)
        assert len(waiting) == 1
        await waiting.pop().continue_()
        async with asyncio.timeout(5):
            while not waiting:  # noqa: ASYNC110 - what changed meanwhile is looked at
                await asyncio.sleep(0.05)
        await waiting.pop().continue_()


async def test_an_empty_list_fills(browser: Browser, world: PageWorld) -> None:
    world.book.page = book.Page(())
    async with visit(browser, world.url, TOKEN) as page:
        await is_live(page)
        await expect(page.get_by_text("There is no such transfer")).to_be_visible()
        show(world, ONE)
        await expect(page.locator("tbody tr")).to_have_count(1)


async def test_a_transfer_follows_too_and_stays_unfolded(
    browser: Browser, world: PageWorld
) -> None:
    world.book.page = book.Page((replace(ONE, outcome=None),))
    async with visit(browser, world.url, TOKEN, goal=f"transfers/{ID}") as page:
        await is_live(page)
        await page.get_by_text("The messages as text").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("under way")
        show(world, ONE)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("busy")
        await expect(page.get_by_text("CSeq: 7 REFER").first).to_be_visible()


async def test_a_cut_is_told_and_it_goes_on_by_itself(browser: Browser, world: PageWorld) -> None:
    world.book.page = book.Page((ONE,))
    async with Line(world.port) as line, visit(browser, line.url, TOKEN) as page:
        await is_settled(page)
        line.break_off()
        cut = re.compile(r"The stream was cut at \d\d:\d\d:\d\d UTC\.")
        await expect(page.get_by_role("status")).to_contain_text(cut)
        show(world, OTHER, ONE)  # nobody hears it
        line.cut = False
        await is_live(page)
        await expect(page.locator("tbody tr")).to_have_count(2)


async def test_a_ledger_that_goes_away_is_told_and_asked_again(
    browser: Browser, world: PageWorld
) -> None:
    async with visit(browser, world.url, TOKEN) as page:
        await is_live(page)
        world.book.locked = True
        world.feed.publish(ONE)
        await expect(page.get_by_role("status")).to_contain_text("503")
        await expect(page.locator("tbody tr")).to_have_count(2)  # what was there stays
        world.book.locked = False
        await is_live(page)


async def test_what_nobody_told_is_seen_within_half_a_minute(
    browser: Browser, world: PageWorld
) -> None:
    world.book.page = book.Page((ONE,))
    async with visit(browser, world.url, TOKEN) as page:
        await page.clock.install()
        await page.reload()
        await is_settled(page)
        world.book.page = book.Page((OTHER, ONE))
        await page.clock.fast_forward(31_000)
        await expect(page.locator("tbody tr")).to_have_count(2)


async def test_a_list_that_may_be_old_is_not_called_live(
    browser: Browser, world: PageWorld
) -> None:
    world.book.page = book.Page((ONE,))
    async with visit(browser, world.url, TOKEN) as page:
        await is_live(page)
        world.book.page = book.Page((ONE,), behind=True)
        world.feed.publish(OTHER)
        await expect(page.get_by_role("status")).to_have_text("Not up to date")
        await expect(page.get_by_text("what you see may be old")).to_be_visible()
        show(world, OTHER, ONE)  # it was written late
        await is_live(page)
        await expect(page.get_by_text("what you see may be old")).to_have_count(0)
        await expect(page.locator("tbody tr")).to_have_count(2)


async def test_one_page_too_many_says_so_and_tries_again(
    browser: Browser, world: PageWorld
) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    status = "Too many pages are open"
    async with (
        visit(browser, world.url, TOKEN) as page,
        harvest.client(world.url, headers=bearer) as others,
    ):
        await page.goto("about:blank")
        await page.clock.install()
        watched: list[aiohttp.ClientResponse] = []
        async with asyncio.timeout(10):
            while len(watched) < world.most_clients:  # that of the page is there for a while yet
                response = await others.get("/v1/transfers/stream")
                if response.status == 200:
                    watched.append(response)
                else:
                    response.close()
                    await asyncio.sleep(0.1)
        await page.goto(world.url)
        await expect(page.get_by_role("status")).to_contain_text(status)
        for each in watched:
            each.close()
        await asyncio.sleep(0.6)  # the server looks for who has left
        await page.clock.fast_forward(31_000)
        await is_live(page)


async def test_the_end_of_a_session_shows_the_login(browser: Browser, world: PageWorld) -> None:
    async with visit(browser, world.url, TOKEN, goal="?outcome=busy") as page:
        await is_live(page)
        world.clock.now += 13 * 3600
        world.feed.publish(ONE)
        await page.get_by_label("Operator's token").fill(TOKEN)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/?outcome=busy")
        await page.get_by_role("button", name="Log out").click()
        await page.get_by_role("heading", name="Log in").wait_for()
        assert not await is_logged_in(page.context)


async def test_a_link_from_another_site_finds_the_login_again(
    browser: Browser, world: PageWorld
) -> None:
    async with visit(browser, world.url, TOKEN) as page:
        other = f"http://localhost:{world.port}/trap"  # to a browser another site
        link = f'<a href="{world.url}/transfers/{ID}">a panel</a>'
        await page.route(other, lambda route: route.fulfill(body=link, content_type="text/html"))
        await page.goto(other)
        await page.get_by_role("link").click()
        await page.wait_for_url(f"**/transfers/{ID}")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("busy")
