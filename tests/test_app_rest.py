"""REST of the whole program, on the fake Asterisk."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from stasis_refer.app import App
from tests import harvest
from tests.adapters.rest.test_schemathesis import judge
from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer
from tests.test_app import HANG_UP, running, settings, waiting_call

TOKEN = "operator-hunter2"
HTTP = {"listen": "127.0.0.1:0", "operator_token": TOKEN, "rate_limit": 100_000}
TARGET = {"target": "sip:sales@example.com"}


@pytest.fixture
async def app(asterisk: Asterisk, customer: Customer) -> AsyncIterator[App]:
    async with running(settings(asterisk, customer, http=HTTP)) as app:
        yield app


@pytest.fixture
async def operator(app: App) -> AsyncIterator[aiohttp.ClientSession]:
    url, headers = f"http://127.0.0.1:{app.http_port}", {"Authorization": f"Bearer {TOKEN}"}
    async with harvest.client(url, headers=headers) as session:
        yield session


async def asked(operator: aiohttp.ClientSession, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with operator.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def changes(stream: aiohttp.ClientResponse, outcome: str) -> list[str | None]:
    """Return the outcomes of the transfers that a stream tells, up to this one."""
    told: list[str | None] = []
    async with asyncio.timeout(5):
        while outcome not in told:
            line = await stream.content.readline()
            if line.startswith(b"data: "):
                told.append(json.loads(line.removeprefix(b"data: "))["outcome"])
    return told


async def ended(operator: aiohttp.ClientSession, call: str) -> bool:
    return (await asked(operator, f"/v1/calls/{call}"))["ended_at"] is not None


async def test_live_calls_do_not_tell_who_is_who_where_that_is_wanted(
    asterisk: Asterisk, customer: Customer
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    wanted = settings(asterisk, customer, http=HTTP, ledger={"mask": True})
    async with (
        running(wanted) as app,
        harvest.client(f"http://127.0.0.1:{app.http_port}", headers=headers) as operator,
    ):
        await waiting_call(asterisk, customer)
        (call,) = (await asked(operator, "/v1/calls"))["calls"]
        assert call == await asked(operator, f"/v1/calls/{call['id']}")
        assert call["dialed"] == "s***"
        assert call["caller"] != app.desk.live()[0].caller
        assert call["caller"].endswith("***")


async def test_a_call_is_transferred_and_its_transfer_is_told(
    asterisk: Asterisk, customer: Customer, operator: aiohttp.ClientSession
) -> None:
    customer.reply("/failed", HANG_UP)
    channel = await waiting_call(asterisk, customer)
    (call,) = (await asked(operator, "/v1/calls"))["calls"]
    refer = f"/v1/calls/{call['id']}/refer"
    body = {**TARGET, "on_failure": {"url": customer.url("/failed")}}
    async with operator.get("/v1/transfers/stream") as stream:
        async with operator.post(refer, json=body) as response:
            assert response.status == 202
            begun = await response.json()
        await asterisk.received(f"POST channels/{channel.id}/continue")
        found = await asked(operator, f"/v1/transfers/{begun['transfer']}")
        assert (found["call"], found["target"], found["outcome"]) == (
            call["id"],
            TARGET["target"],
            None,
        )
        async with operator.post(refer, json=TARGET) as joined:
            assert (joined.status, await joined.json()) == (202, begun)
        async with operator.post(refer, json=body) as joined:
            assert (joined.status, await joined.json()) == (202, begun)
        async with operator.post(refer, json={**TARGET, "headers": {"X-A": "1"}}) as refused:
            problem = await refused.json()
            assert (refused.status, problem["field"]) == (409, "headers")
            assert "leave headers out to join it" in problem["message"]
        async with operator.post(refer, json={"target": "sip:a@example.com"}) as refused:
            assert (refused.status, (await refused.json())["type"]) == (409, "transferring")
        asterisk.come_back(channel, "FAILURE", "486")
        asked_for = await customer.received("/failed")
        assert asked_for.form["ReferCallStatus"] == "busy"
        assert await changes(stream, "busy") == [None, "busy"]
    found = await asked(operator, f"/v1/transfers/{begun['transfer']}")
    assert (found["outcome"], found["refer_code"], found["evidence"]) == ("busy", None, "asterisk")
    (listed,) = (await asked(operator, "/v1/transfers?outcome=busy&open=false"))["transfers"]
    assert listed["id"] == begun["transfer"]
    assert (await asked(operator, "/v1/transfers?outcome=completed"))["transfers"] == []


async def test_a_call_that_was_not_transferred_goes_on_with_what_it_did(
    asterisk: Asterisk, customer: Customer, operator: aiohttp.ClientSession
) -> None:
    customer.reply("/voice", "<Response><Pause length='2'/><Redirect>/next</Redirect></Response>")
    customer.reply("/next", HANG_UP)
    channel = await waiting_call(asterisk, customer)
    (call,) = (await asked(operator, "/v1/calls"))["calls"]
    async with operator.post(f"/v1/calls/{call['id']}/refer", json=TARGET) as response:
        assert response.status == 202
    await asterisk.received(f"POST channels/{channel.id}/continue")
    asterisk.come_back(channel, "FAILURE", "486")
    await customer.received("/next")


async def test_a_target_that_is_not_allowed_is_a_transfer_that_ended(
    asterisk: Asterisk, customer: Customer, operator: aiohttp.ClientSession
) -> None:
    await waiting_call(asterisk, customer)
    (call,) = (await asked(operator, "/v1/calls"))["calls"]
    body = {"target": "sip:fraud@example.org"}
    async with operator.post(f"/v1/calls/{call['id']}/refer", json=body) as response:
        assert response.status == 202
        begun = await response.json()
    found = await asked(operator, f"/v1/transfers/{begun['transfer']}")
    assert (found["outcome"], found["reason"]) == ("blocked", "policy")
    assert "[targets] allow" in found["detail"]


async def test_a_call_that_is_over_is_found_and_cannot_be_transferred(
    asterisk: Asterisk, customer: Customer, operator: aiohttp.ClientSession
) -> None:
    channel = await waiting_call(asterisk, customer)
    (call,) = (await asked(operator, "/v1/calls"))["calls"]
    asterisk.caller_hangs_up(channel)
    await customer.received("/status")
    async with asyncio.timeout(5):
        while not await ended(operator, call["id"]):  # noqa: ASYNC110 - it is soon over
            await asyncio.sleep(0)
    assert (await asked(operator, "/v1/calls"))["calls"] == []
    async with operator.post(f"/v1/calls/{call['id']}/refer", json=TARGET) as response:
        assert (response.status, (await response.json())["type"]) == (404, "no_call")


async def test_a_call_that_has_just_ended_is_found_by_its_vendors_sid_too(
    asterisk: Asterisk, customer: Customer
) -> None:
    support = {
        "name": "support",
        "dialect": "twiml",
        "url": customer.url("/voice"),
        "account_sid": "AC1",
        "auth_token": "hunter2",
    }
    configured = settings(asterisk, customer, http=HTTP, applications=[support])
    headers = {"Authorization": "Basic " + base64.b64encode(b"AC1:hunter2").decode()}
    async with running(configured) as app, harvest.client(headers=headers) as session:
        channel = await waiting_call(asterisk, customer)
        calls = f"http://127.0.0.1:{app.http_port}/2010-04-01/Accounts/AC1/Calls"
        (call,) = (await asked(session, f"{calls}.json"))["calls"]
        asterisk.caller_hangs_up(channel)
        one, status = f"{calls}/{call['sid']}.json", ""
        async with asyncio.timeout(5):
            while status != "completed":
                status = (await asked(session, one))["status"]
        (call,) = (await asked(session, f"{calls}.json"))["calls"]
        assert call["status"] == "completed"


async def test_a_key_is_good_behind_a_restart(asterisk: Asterisk, customer: Customer) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "4711"}
    answers: list[tuple[int, Any]] = []
    async with harvest.client(headers=headers) as session:
        for _ in range(2):
            async with running(settings(asterisk, customer, http=HTTP)) as app:
                v1 = f"http://127.0.0.1:{app.http_port}/v1"
                if not answers:
                    channel = await waiting_call(asterisk, customer)
                    (call,) = (await asked(session, f"{v1}/calls"))["calls"]
                refer = f"{v1}/calls/{call['id']}/refer"
                async with session.post(refer, json=TARGET) as response:
                    answers.append((response.status, await response.json()))
                if len(answers) == 1:
                    await asterisk.received(f"POST channels/{channel.id}/continue")
                    asterisk.caller_hangs_up(channel)
                    await customer.received("/status")
                (transfer,) = (await asked(session, f"{v1}/transfers"))["transfers"]
                assert transfer["id"] == answers[0][1]["transfer"]
    assert answers[0] == answers[1]
    assert answers[0][0] == 202


async def test_whoever_watches_does_not_hold_up_the_end(
    asterisk: Asterisk, customer: Customer
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with harvest.client(headers=headers) as session:
        async with running(settings(asterisk, customer, http=HTTP)) as app:
            url = f"http://127.0.0.1:{app.http_port}/v1/transfers/stream"
            stream = await session.get(url)
        assert (await stream.content.read()).startswith(b"retry: ")  # ended, not cut off
        stream.close()


async def test_schemathesis_finds_nothing_in_the_whole_program(
    tmp_path: Path, asterisk: Asterisk, customer: Customer
) -> None:
    async with running(settings(asterisk, customer, http=HTTP)) as app:
        operator = harvest.client(
            f"http://127.0.0.1:{app.http_port}", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        async with operator:
            customer.reply("/voice", "<Response>" + "<Pause length='60'/>" * 9 + "</Response>")
            for _ in range(2):
                await waiting_call(asterisk, customer)
            (call,) = (await asked(operator, "/v1/calls?limit=1"))["calls"]
            for _ in range(2):
                body = {"target": "sip:fraud@example.org"}
                async with operator.post(f"/v1/calls/{call['id']}/refer", json=body) as begun:
                    assert begun.status == 202
        await judge(
            f"http://127.0.0.1:{app.http_port}",
            TOKEN,
            tmp_path,
            *("--exclude-path", "/v1/transfers/stream"),  # it has no end
            # So many wrong tokens are too many, and a key may have been given before.
            *("--exclude-checks", "ignored_auth,positive_data_acceptance"),
            *("--phases", "coverage,fuzzing"),
        )


async def test_limits_are_counted(app: App, operator: aiohttp.ClientSession) -> None:
    async with operator.post("/v1/calls/x/refer", json={"target": "x" * 70_000}) as response:
        assert response.status == 413
    for _ in range(11):
        async with operator.get("/v1/calls", headers={"Authorization": "Bearer x"}) as response:
            assert response.status in {401, 429}
    page = app.metrics.render().decode()
    assert 'limits_reached_total{limit="http_body"} 1.0' in page
    assert 'limits_reached_total{limit="http_failures"} 1.0' in page


async def test_one_address_has_not_all_connections(app: App) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(250):
            _, writer = await asyncio.open_connection("127.0.0.1", app.http_port)
            stack.callback(writer.close)
        reader, writer = await asyncio.open_connection("127.0.0.1", app.http_port)
        stack.callback(writer.close)
        assert (await reader.readline()) == b"HTTP/1.1 429 Too Many Requests\r\n"
    page = app.metrics.render().decode()
    assert 'limits_reached_total{limit="connections"} 1.0' in page


async def test_nobody_is_let_in_where_no_token_is_configured(
    asterisk: Asterisk, customer: Customer
) -> None:
    async with (
        running(settings(asterisk, customer)) as app,
        harvest.client(f"http://127.0.0.1:{app.http_port}") as session,
        session.get("/v1/calls", headers={"Authorization": "Bearer "}) as response,
    ):
        assert response.status == 403
        assert "operator_token" in (await response.json())["message"]
