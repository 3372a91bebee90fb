"""The page while real calls are transferred on a real Asterisk, in a real browser."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    pause,
)
from tests.browser import Trap, chromium, visit
from tests.scenarios.cast import TARGET, Cast
from tests.scenarios.theatre import OPERATOR_TOKEN, Theatre
from tests.scenarios.voices import TWIML

RINGS = 6.0
"""Seconds that the target rings: long enough to be seen."""

IS_TRANSFERRED: tuple[Step, ...] = (
    call(),
    expect_refer(refer_to=TARGET),
    answer_refer(202),
    notify(180),
    pause(RINGS),
    notify(200),
    bye(),
)
SHOT = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
def transfers(theatre: Theatre) -> Cast:
    """Return an application that transfers its callers."""
    cast = Cast(theatre, theatre.free_application())
    refer = f'<Refer x-ring-timeout="30" action="after"><Sip>{TARGET}</Sip></Refer>'
    theatre.reply(cast.name, "voice", f"<Response>{refer}</Response>")
    theatre.reply(cast.name, "after", TWIML.nothing)
    return cast


def list_of(cast: Cast) -> str:
    return f"?application={cast.name}"


async def has_ladder(page: Page, *messages: str) -> None:
    """Expect these on the ladder, in this order, with times that never go back."""
    drawn = page.locator("svg .message")
    texts: list[str] = []
    async with asyncio.timeout(10):
        while not _in_order(messages, texts):
            await asyncio.sleep(0.1)
            texts = await drawn.all_text_contents()
    times = await page.locator("svg .seconds").all_text_contents()
    seconds = [float(each.removesuffix(" s")) for each in times]
    assert seconds[0] == 0
    assert seconds == sorted(seconds)


def _in_order(wanted: tuple[str, ...], texts: list[str]) -> bool:
    left = iter(texts)
    return all(any(each in text for text in left) for each in wanted)


async def test_the_list_and_the_ladder_follow_a_transfer(
    theatre: Theatre, transfers: Cast, browser: Browser
) -> None:
    goal = list_of(transfers)
    async with (
        visit(browser, theatre.running.http, OPERATOR_TOKEN, goal=goal) as page,
        visit(browser, theatre.running.http, OPERATOR_TOKEN, goal=f"{goal}&outcome=busy") as other,
    ):
        await expect(page.get_by_role("status")).to_have_text("Live", timeout=20_000)
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(0)
        phone = asyncio.create_task(theatre.phone(transfers.name, *IS_TRANSFERRED))
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("under way")
        await page.locator("tbody a").click()
        await has_ladder(page, "REFER sip:", "SIP/2.0 202", "SIP/2.0 180 Ringing")
        title = page.get_by_role("heading", level=1)
        await expect(title).to_contain_text("under way")
        # From here on nobody touches it.
        await expect(title).to_contain_text("completed", timeout=20_000)
        await has_ladder(page, "REFER sip:", "SIP/2.0 202", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK")
        assert await page.locator("svg .message.success .detail").all_text_contents() != []
        await page.go_back()
        await expect(rows).to_contain_text("completed")
        await expect(rows).to_contain_text("202")
        await expect(other.locator("tbody tr")).to_have_count(0)
        assert await phone == ""


async def test_a_received_refer_has_its_ladder(theatre: Theatre, browser: Browser) -> None:
    cast = Cast(theatre, theatre.free_application())
    await cast.have_a_transfer_the_caller_to_b()
    url = theatre.running.http
    async with visit(
        browser, url, OPERATOR_TOKEN, goal=f"{list_of(cast)}&direction=received", script=False
    ) as page:
        await page.locator("tbody a").click()
        await has_ladder(page, "REFER sip:", "202 Accepted", "SIP/2.0 100", "SIP/2.0 200")
        await expect(page.locator("svg")).to_contain_text("phone (transferor)")


async def test_what_a_phone_plants_is_text(
    theatre: Theatre, transfers: Cast, browser: Browser
) -> None:
    agent = f"User-Agent: {SHOT}"
    phone = (
        Step(call(headers=agent).replace('"Phone"', f'"{SHOT}"')),
        expect_refer(refer_to=TARGET),
        Step(answer_refer(202, headers=agent).replace("202 Accepted", f"202 {SHOT}")),
        notify(body=f"SIP/2.0 180 {SHOT}", state="active;expires=60"),
        notify(486),
        hear_bye(),
    )
    theatre.reply(transfers.name, "after", "<Response><Hangup/></Response>")
    async with visit(
        browser, theatre.running.http, OPERATOR_TOKEN, goal=list_of(transfers)
    ) as page:
        trap = Trap(page)
        await expect(page.get_by_role("status")).to_have_text("Live", timeout=20_000)
        assert await theatre.phone(transfers.name, *phone) == ""
        await expect(page.locator("tbody tr")).to_contain_text("busy")
        assert await trap.caught() == []
        await page.locator("tbody a").click()
        await has_ladder(page, "REFER sip:", f"SIP/2.0 202 {SHOT[:20]}", f"SIP/2.0 180 {SHOT[:20]}")
        await page.get_by_text("The messages as text").click()
        text = await page.locator("main").inner_text()
        assert f"SIP/2.0 202 {SHOT}" in text
        assert f"SIP/2.0 180 {SHOT}" in text
        assert agent in text
        assert f"Caller's name\n{SHOT}" in text
        assert await trap.caught() == []
