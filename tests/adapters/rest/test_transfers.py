from typing import Any

import aiohttp
import pytest

from stasis_refer.adapters.rest.cursors import bound
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.runtime.book import Page, TransferFilter
from tests.adapters.rest.world import LADDER, TRANSFER, World

FURTHER = bound("further", TransferFilter())
SHOWN = {
    "id": TRANSFER.id,
    "call": TRANSFER.call,
    "application": "support",
    "dialect": "twiml",
    "direction": "sent",
    "target": "sip:alice@example.com",
    "group": "default",
    "referred_by": "",
    "caller": "+4930123",
    "dialed": "support",
    "began_at": "2023-11-14T22:13:22Z",
    "accepted_at": "2023-11-14T22:13:22.125000Z",
    "ringing_at": None,
    "ended_at": "2023-11-14T22:13:25Z",
    "refer_code": 202,
    "notify_code": 486,
    "outcome": "busy",
    "reason": "final_notify",
    "evidence": "sip",
    "detail": "",
    "rule": "partners",
}


async def asked(client: aiohttp.ClientSession, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with client.get(path) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def test_transfers_are_told_whole(client: aiohttp.ClientSession) -> None:
    assert await asked(client, "/v1/transfers") == {"transfers": [SHOWN], "next": FURTHER}


async def test_the_last_page_has_no_next(world: World, client: aiohttp.ClientSession) -> None:
    world.book.page = Page(())
    assert await asked(client, f"/v1/transfers?cursor={FURTHER}") == {"transfers": [], "next": None}


async def test_a_transfer_has_its_ladder(client: aiohttp.ClientSession) -> None:
    found = await asked(client, f"/v1/transfers/{TRANSFER.id}")
    ladder = found.pop("ladder")
    assert found == SHOWN
    assert [each["first_line"] for each in ladder] == [each.first_line for each in LADDER]
    assert ladder[1] == {
        "at": "2023-11-14T22:13:25Z",
        "sent": False,
        "first_line": "NOTIFY sip:us@127.0.0.1 SIP/2.0",
        "headers": [
            {"name": "Event", "value": "refer"},
            {"name": "Subscription-State", "value": "terminated"},
        ],
        "body": "SIP/2.0 486 Busy Here",
    }


@pytest.mark.parametrize("key", ["x", "%00", "a%2Fb", "stream%20"])
async def test_a_transfer_that_is_not_there(client: aiohttp.ClientSession, key: str) -> None:
    problem = await asked(client, f"/v1/transfers/{key}", 404)
    assert problem["type"] == "not_found"
    assert "deleted for its age" in problem["message"]


@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/transfers/x"])
async def test_a_ledger_that_cannot_be_read(
    world: World, client: aiohttp.ClientSession, path: str
) -> None:
    world.book.locked = True
    async with client.get(path) as response:
        assert response.status == 503
        assert response.headers["Retry-After"]
        problem = await response.json()
    assert problem == {
        "type": "unavailable",
        "message": "The ledger cannot be read now, try again later: stasis_refer.db is locked.",
        "field": None,
    }


NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", TransferFilter()),
        ("since=2026-01-01T12:00:00Z", TransferFilter(since=NOON)),
        ("since=2026-01-01T13:00:00.5%2B01:00", TransferFilter(since=NOON + 0.5)),
        ("until=2026-01-01t12:00:00z", TransferFilter(until=NOON)),
        ("until=2026-01-01", TransferFilter(until=NOON - 12 * 3600)),
        ("outcome=no_answer", TransferFilter(outcome=Outcome.NO_ANSWER)),
        ("direction=received", TransferFilter(direction=Direction.RECEIVED)),
        ("application=support&call=c1", TransferFilter(application="support", call="c1")),
        ("code=486", TransferFilter(code=486)),
        ("refer_code=405", TransferFilter(refer_code=405)),
        ("notify_code=180", TransferFilter(notify_code=180)),
        ("group=default", TransferFilter(group="default")),
        ("group=", TransferFilter(group="")),
        ("open=true", TransferFilter(open=True)),
        ("open=false", TransferFilter(open=False)),
    ],
)
async def test_what_is_looked_for(
    world: World, client: aiohttp.ClientSession, query: str, wanted: TransferFilter
) -> None:
    await asked(client, f"/v1/transfers?{query}")
    assert world.book.asked == [(wanted, "", 50)]


async def test_the_limit_and_the_cursor_are_handed_on(
    world: World, client: aiohttp.ClientSession
) -> None:
    await asked(client, f"/v1/transfers?limit=200&cursor={FURTHER}")
    assert world.book.asked == [(TransferFilter(), "further", 200)]


@pytest.mark.parametrize("query", ["outcome=busy", "since=2026-01-01", "call=c1&open=true"])
async def test_a_cursor_is_good_for_its_own_filters_alone(
    world: World, client: aiohttp.ClientSession, query: str
) -> None:
    page = await asked(client, f"/v1/transfers?{query}&limit=1")
    await asked(client, f"/v1/transfers?{query}&cursor={page['next']}")
    for other in ("", "outcome=failed&", "since=2026-01-02&"):
        problem = await asked(client, f"/v1/transfers?{other}cursor={page['next']}", 400)
        assert (problem["type"], problem["field"]) == ("invalid", "cursor")
    assert len(world.book.asked) == 2
