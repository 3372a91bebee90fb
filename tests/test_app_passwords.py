"""A password in a URL of the configuration goes to its server, and is to be seen nowhere else."""

import base64
from pathlib import Path
from typing import Any

import aiohttp
from structlog.testing import capture_logs

from stasis_refer.settings import Settings
from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer, Fault, Reply
from tests.test_app import REFER, referred_call, running, settings, until
from tests.test_app_rest import HTTP, TOKEN

PASSWORD = "hunter2-it's"
BASIC = f"Basic {base64.b64encode(f'bob:{PASSWORD}'.encode()).decode()}"
SHOWN = ("/metrics", "/v1/calls", "/v1/transfers", "/openapi.json", "/readyz")


def protected(asterisk: Asterisk, customer: Customer) -> Settings:
    base = settings(asterisk, customer, http=HTTP)
    urls: dict[str, Any] = {
        name: customer.url(path).replace("http://", f"http://bob:{PASSWORD}@")
        for name, path in (("url", "/voice"), ("status_callback", "/status"))
    }
    (application,) = base.applications
    return base.model_copy(update={"applications": (application.model_copy(update=urls),)})


def on_file() -> bytes:
    """Return all that the ledger has on disk."""
    return b"".join(each.read_bytes() for each in Path().glob("stasis_refer.db*"))


async def test_it_is_neither_kept_nor_shown(asterisk: Asterisk, customer: Customer) -> None:
    customer.reply("/status", Fault.SERVER_ERROR)
    customer.reply("/after", "<Response><Play>tone.wav</Play><Bad/></Response>")
    customer.reply(
        "/again", Reply("<Response><Play>/tone.wav</Play><Pause length='60'/></Response>")
    )
    after = REFER.replace("/after", "after")
    with capture_logs() as logs:
        async with running(protected(asterisk, customer)) as app:
            channel = await referred_call(app, asterisk, customer, after)
            kept = on_file()
            assert b"/after" in kept
            asterisk.come_back(channel, "FAILURE", "486")
            await customer.received("/after")
            await until(lambda: not app.switchboard.channels)
            await customer.received("/status")
            customer.reply("/voice", "<Response><Redirect>again</Redirect></Response>")
            asterisk.call("support")
            await customer.received("/tone.wav")
            kept += on_file()
            shown = await seen(app.http_port)
    assert {each.headers.get("Authorization") for each in customer.requests} == {BASIC}
    assert b"/again" in kept
    for text in (kept.decode(errors="replace"), shown, repr(logs)):
        assert "hunter2" not in text
    assert any("document" in line["event"] for line in logs)
    assert any("not delivered" in line["event"] for line in logs)


async def seen(port: int) -> str:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    texts = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session:
        for path in SHOWN:
            async with session.get(path) as response:
                assert response.status == 200
                texts.append(await response.text())
    return "".join(texts)
