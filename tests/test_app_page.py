"""The page of the whole program, on the fake Asterisk."""

from pathlib import Path

import pytest

from stasis_refer.adapters.ledger import Ledger
from tests import harvest
from tests.adapters.page.world import PageWorld
from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer
from tests.test_app import get, running, settings, waiting_call

TOKEN = "operator-hunter2"
HTTP = {"listen": "127.0.0.1:0", "operator_token": TOKEN}


@pytest.mark.parametrize(
    ("mask", "shown", "hidden"),
    [
        (False, "sip:sales@example.com", "sip:s***@example.com"),
        (True, "sip:s***@example.com", "sales"),
    ],
)
async def test_who_is_who_is_shown_where_it_may_be(
    asterisk: Asterisk, customer: Customer, *, mask: bool, shown: str, hidden: str
) -> None:
    wanted = settings(asterisk, customer, http=HTTP, ledger={"mask": mask})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        running(wanted) as app,
        harvest.client(f"http://127.0.0.1:{app.http_port}", headers=headers) as operator,
    ):
        await waiting_call(asterisk, customer)
        (call,) = app.desk.live()
        refer = f"/v1/calls/{call.key}/refer"
        async with operator.post(refer, json={"target": "sip:sales@example.com"}) as response:
            begun = (await response.json())["transfer"]
        for path in ("/", f"/transfers/{begun}"):
            async with operator.get(path) as page:
                text = await page.text()
                assert page.status == 200
                assert shown in text
                assert hidden not in text


async def test_without_a_token_it_says_how_to_set_one(
    asterisk: Asterisk, customer: Customer
) -> None:
    async with running(settings(asterisk, customer)) as app:
        status, text = await get(app, "/")
    assert status == 403
    assert "set operator_token" in text
    assert "<table>" not in text


async def test_a_login_that_is_too_large_is_counted_among_the_limits(
    asterisk: Asterisk, customer: Customer
) -> None:
    async with (
        running(settings(asterisk, customer, http=HTTP)) as app,
        harvest.client(f"http://127.0.0.1:{app.http_port}") as anyone,
    ):
        headers = {"Origin": f"http://127.0.0.1:{app.http_port}"}
        async with anyone.post("/login", data=b"x" * 70_000, headers=headers) as response:
            assert response.status == 413
        _, metrics = await get(app, "/metrics")
    assert 'stasis_refer_limits_reached_total{limit="http_body"} 1.0' in metrics


@pytest.mark.parametrize("content", [None, b"this is no ledger" * 500])
async def test_a_ledger_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "gone.db"
    if content is not None:
        path.write_bytes(content)
    ledger = Ledger(path)
    world = PageWorld()
    world.book.transfers = ledger.book.transfers  # type: ignore[method-assign]
    async with world.serving() as client, client.get("/") as response:
        text = await response.text()
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
    ledger.book.close()
    assert "The ledger cannot be read now" in text
    assert str(path) in text
