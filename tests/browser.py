"""Debian's Chromium without a window, and a trap for what should not run in it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from stasis_refer.adapters.rest.sessions import COOKIE

_BROWSER = Path(__file__).parents[1] / "tools/browser"

_WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (each) => violations.push(each.violatedDirective));
"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the browser of the system; tools/packages installs it."""
    assert shutil.which("chromium-headless-shell"), "there is no Chromium: run tools/packages"
    async with async_playwright() as playwright:
        # Root, as in a container, may not use the sandbox.
        browser = await playwright.chromium.launch(executable_path=_BROWSER, args=["--no-sandbox"])
        yield browser
        await browser.close()


@asynccontextmanager
async def visit(  # noqa: PLR0913 - whose page, and what it is looked at with
    browser: Browser,
    url: str,
    token: str,
    *,
    script: bool = True,
    goal: str = "",
    width: int = 1200,
    scheme: str = "light",
) -> AsyncIterator[Page]:
    """Open the page at ``url``, log in there, and go on to ``goal``."""
    context = await browser.new_context(
        java_script_enabled=script,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(10_000)
    if script:
        await context.add_init_script(_WATCH)
    try:
        page = await context.new_page()
        await page.goto(f"{url}/{goal}")
        await page.get_by_label("Operator's token").fill(token)
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_role("button", name="Log out").wait_for()
        yield page
    finally:
        await context.close()


async def is_logged_in(context: BrowserContext) -> bool:
    """Tell whether the browser has the cookie of a session."""
    return any(each.get("name") == COOKIE for each in await context.cookies())


class Trap:
    """Notes what a page does that only a script which somebody planted would do."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._requested(request.url))

    async def _dialog(self, dialog: object) -> None:
        self.dialogs.append(getattr(dialog, "message", ""))
        await dialog.dismiss()  # type: ignore[attr-defined]

    def _requested(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:,")):
            self.elsewhere.append(url)

    async def caught(self) -> list[object]:
        """Return all that was noted of the page that is open; nothing, where all is well."""
        hit = await self._page.evaluate("window.hit ?? null")
        violations = await self._page.evaluate("window.violations ?? []")
        return [*([hit] if hit else []), *violations, *self.dialogs, *self.errors, *self.elsewhere]
