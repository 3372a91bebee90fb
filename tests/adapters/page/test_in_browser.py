"""The page in a browser: it can be read anywhere, and nothing runs that somebody planted."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser, expect

from stasis_refer.core.outcome import Outcome
from stasis_refer.runtime import book
from tests.adapters.page.hostile import SHOTS, of, planted
from tests.adapters.page.live import is_live, show
from tests.adapters.page.world import ID, OTHER, PageWorld
from tests.adapters.rest.world import TOKEN
from tests.browser import Trap, visit

# -- it can be read without ------------------------------------------------------


async def test_without_javascript_all_can_be_read(browser: Browser, world: PageWorld) -> None:
    async with visit(browser, world.url, TOKEN, script=False) as page:
        await expect(page.get_by_role("status")).to_contain_text("reload for more")
        await page.get_by_label("Outcome").select_option("busy")
        await page.get_by_role("button", name="Show").click()
        assert world.book.wanted.outcome is Outcome.BUSY
        await page.locator(f"#t-{ID}").get_by_role("link").click()
        await expect(page.locator("svg .message")).to_have_count(3)
        await page.get_by_role("button", name="Log out").click()
        await page.get_by_role("heading", name="Log in").wait_for()


@pytest.mark.parametrize("goal", ["", f"transfers/{ID}"])
async def test_on_a_telephone_nothing_sticks_out(
    browser: Browser, world: PageWorld, goal: str
) -> None:
    async with visit(browser, world.url, TOKEN, goal=goal, width=360) as page:
        widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths == [360, 360]
        broken = "[...document.querySelectorAll('.whole, .buttons a')].filter("
        assert not await page.evaluate(
            f"{broken}(each) => each.getClientRects().length > 1).length"
        )
        box = await page.get_by_role("button", name="Log out").bounding_box()
        assert box is not None
        assert box["y"] >= 4
        sideways = page.get_by_text("scroll it sideways")
        assert await sideways.count() == (1 if goal else 0)
        if goal:
            await expect(sideways).to_be_visible()


async def test_dark_is_dark(browser: Browser, world: PageWorld) -> None:
    async with visit(browser, world.url, TOKEN, scheme="dark") as page:
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(21, 24, 28)"


# -- nothing runs ----------------------------------------------------------------


async def test_the_trap_snaps_where_something_runs(browser: Browser, world: PageWorld) -> None:
    async with visit(browser, world.url, TOKEN) as page:
        trap = Trap(page)
        await page.goto(f"{world.url}/trap")  # the same, as markup and without a policy
        assert await trap.caught() == ["x", "1"]


@pytest.mark.parametrize("shot", SHOTS)
async def test_what_was_planted_is_text(browser: Browser, world: PageWorld, shot: str) -> None:
    record, ladder, call = planted(shot)
    world.book.page, world.book.call_record = book.Page((OTHER, record)), call
    world.book.ladders[ID] = ladder
    async with visit(browser, world.url, TOKEN) as page:
        trap = Trap(page)
        await is_live(page)
        await expect(page.locator(f"#t-{ID}")).to_contain_text(of(shot, "target"))
        show(world, replace(record, refer_code=299), OTHER)  # it comes by the script as well
        await expect(page.locator(f"#t-{ID}")).to_contain_text("299")
        await expect(page.locator(f"#t-{ID}")).to_contain_text(of(shot, "caller"))
        assert await trap.caught() == []
        await page.goto(f"{world.url}/transfers/{ID}")
        await page.get_by_text("The messages as text").click()
        text = await page.locator("main").inner_text()
        for where in ("target", "detail", "caller_name", "tag", "User-Agent", "phrase", "sipfrag"):
            assert of(shot, where) in text
        await page.mouse.move(300, 300)
        await page.keyboard.press("Tab")
        show(world, replace(record, refer_code=298))
        await expect(page.locator("dl")).to_contain_text("298")
        assert await trap.caught() == []


@pytest.mark.parametrize("shot", SHOTS)
async def test_what_was_planted_in_a_link_is_text(
    browser: Browser, world: PageWorld, shot: str
) -> None:
    async with visit(browser, world.url, TOKEN) as page:
        trap = Trap(page)
        for name in ("outcome", "application", "since", "cursor", of(shot, "name")):
            await page.goto(f"{world.url}/")
            url = await page.evaluate(
                "([name, value]) => '/?' + new URLSearchParams([[name, value]])",
                [name, of(shot, name)],
            )
            await page.goto(f"{world.url}{url}")
            await page.keyboard.press("Tab")
            assert await trap.caught() == []
