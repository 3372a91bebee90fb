"""Draws docs/page.png, from real calls in a lab: ``.venv/bin/python -m tests.page_picture``."""

import asyncio
import base64
from pathlib import Path
from typing import Final

from playwright.async_api import Browser

from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import (
    Phone,
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    pause,
)
from stasis_refer.settings import Settings
from tests.browser import chromium, visit
from tests.fakes.customer import Customer

PICTURE: Final = Path(__file__).parents[1] / "docs" / "page.png"
_TOKEN: Final = "operator"
_BEGIN: Final = (call(), expect_refer(), answer_refer(202), notify(100))
_RINGS: Final = (notify(180), pause(0.8))
_END: Final = "<Response><Hangup/></Response>"
_TARGETS: Final = {
    "support": "sip:alice@example.com",
    "sales": "sip:sales@example.com",
    "night": "sip:desk@night.example.com",
    "strict": "sip:anybody@elsewhere.example.net",
}
_SCENES: Final[tuple[tuple[str, tuple[Step, ...]], ...]] = (
    ("sales", (*_BEGIN, notify(486), hear_bye())),
    ("night", (call(), expect_refer(), answer_refer(405), hear_bye())),
    ("night", (call(), expect_refer(), answer_refer(202), hear_bye())),
    ("strict", (call(), hear_bye())),
    ("support", (*_BEGIN, *_RINGS, bye())),
    ("sales", (*_BEGIN, *_RINGS, notify(480), hear_bye())),
    ("support", (*_BEGIN, *_RINGS, notify(200), bye())),
)
_UNDER_WAY: Final = ("sales", (*_BEGIN, notify(180), pause(8), bye()))
_BOTH: Final = """<style>body {{ margin: 0; padding: 12px; background: #888888; display: flex;
gap: 12px; align-items: start }} img {{ border-radius: 6px }}</style>
<img src="data:image/png;base64,{}"><img src="data:image/png;base64,{}">"""


def _settings(customer: Customer) -> Settings:
    for name, target in _TARGETS.items():
        refer = f"<Refer action='after'><Sip>{target}</Sip></Refer>"
        customer.reply(f"/{name}/voice", f"<Response>{refer}</Response>")
        customer.reply(f"/{name}/after", _END)
    applications = [
        {
            "name": name,
            "dialect": "twiml",
            "url": customer.url(f"/{name}/voice"),
            "no_notify_timeout": 2,
        }
        for name in _TARGETS
    ]
    return Settings.model_validate(
        {
            "applications": applications,
            "http": {"operator_token": _TOKEN},
            "targets": {"allow": ["sip:*@example.com", "sip:*@night.example.com"]},
            "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        }
    )


async def _pictures(browser: Browser, lab: Lab) -> tuple[bytes, bytes]:
    async with (
        Phone(lab.sip).dial(*_UNDER_WAY),
        visit(browser, lab.http, _TOKEN, width=880) as page,
    ):
        await page.locator(".outcome.under-way").wait_for()
        await page.get_by_role("status").get_by_text("Live", exact=True).wait_for()
        shown = await page.screenshot(full_page=True)
    async with visit(
        browser, lab.http, _TOKEN, goal="?outcome=completed", width=760, scheme="dark"
    ) as page:
        await page.locator("tbody a").click()
        await page.locator("svg").wait_for()
        return shown, await page.screenshot(full_page=True)


async def _draw() -> None:
    async with Customer() as customer, Lab(_settings(customer)) as lab, chromium() as browser:
        for name, steps in _SCENES:
            await Phone(lab.sip).play(name, steps, within=20)
        both = [base64.b64encode(each).decode() for each in await _pictures(browser, lab)]
        page = await browser.new_page(viewport={"width": 880 + 760 + 36, "height": 100})
        await page.set_content(_BOTH.format(*both))
        await page.screenshot(path=PICTURE, full_page=True)


if __name__ == "__main__":
    asyncio.run(_draw())
