import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.info import CallStatus
from stasis_refer.core.orders import Refusal, Refused, Taken, TransferCall
from stasis_refer.core.verbs import After, Refer, Then
from stasis_refer.runtime.book import CallRecord
from tests.adapters.rest.world import CALL, OVER, World

ALICE = "sip:alice@example.com"
REFER = f"/v1/calls/{CALL.key}/refer"
BOB = replace(
    CALL,
    key="b" * 32,
    application="sales",
    caller="bob",
    dialed="shop",
    status=CallStatus.RINGING,
    started_at=CALL.started_at + 1,
    answered_at=None,
)
DEFAULT = After(completed=Then.NOTHING, failed=Then.GO_ON, canceled=Then.NOTHING)


def many(number: int) -> list[CallRecord]:
    return [
        replace(CALL, key=f"{n:032x}", started_at=CALL.started_at + n // 3) for n in range(number)
    ]


async def asked(client: aiohttp.ClientSession, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with client.get(path) as response:
        assert response.status == status, await response.text()
        assert response.content_type == "application/json"
        return await response.json()


async def test_a_call_is_told_whole(client: aiohttp.ClientSession) -> None:
    assert await asked(client, "/v1/calls") == {
        "calls": [
            {
                "id": CALL.key,
                "parent": "",
                "application": "support",
                "dialect": "twiml",
                "direction": "inbound",
                "caller": "+4930123",
                "caller_name": "Ada",
                "dialed": "support",
                "status": "in_progress",
                "started_at": "2023-11-14T22:13:20.250000Z",
                "answered_at": "2023-11-14T22:13:21.500000Z",
                "ended_at": None,
                "tag": "",
                "rule": "",
                "reason": "",
            }
        ],
        "next": None,
    }


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", [BOB.key, CALL.key]),
        ("application=sales", [BOB.key]),
        ("application=none", []),
        ("status=ringing", [BOB.key]),
        ("status=in_progress&application=sales", []),
        ("caller=%2B4930123", [CALL.key]),
        ("dialed=shop", [BOB.key]),
        ("limit=1", [BOB.key]),
    ],
)
async def test_which_calls_are_listed(
    world: World, client: aiohttp.ClientSession, query: str, keys: list[str]
) -> None:
    world.desk.calls = [CALL, BOB]
    found = await asked(client, f"/v1/calls?{query}")
    assert [each["id"] for each in found["calls"]] == keys


async def test_pages_have_each_call_once_while_others_come_and_go(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.desk.calls = many(10)
    seen: list[str] = []
    path = "/v1/calls?limit=3"
    while True:
        page = await asked(client, path)
        seen += [each["id"] for each in page["calls"]]
        if page["next"] is None:
            break
        path = f"/v1/calls?limit=3&cursor={page['next']}"
        world.desk.calls = [each for each in world.desk.calls if each.key != seen[-1]]
        world.desk.calls.append(
            replace(BOB, key=f"{len(seen):032x}", started_at=CALL.started_at + 100)
        )
    ordered = sorted(many(10), key=lambda call: (-call.started_at, call.key))
    assert seen == [call.key for call in ordered]


async def test_a_cursor_is_good_for_its_own_filters_alone(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.desk.calls = many(3)
    page = await asked(client, "/v1/calls?application=support&limit=1")
    assert page["next"]
    for query in ("", "application=sales&", "application=support&status=ringing&"):
        problem = await asked(client, f"/v1/calls?{query}cursor={page['next']}", 400)
        assert (problem["type"], problem["field"]) == ("invalid", "cursor")
    again = await asked(client, f"/v1/calls?cursor={page['next']}&limit=9&application=support")
    assert len(again["calls"]) == 2


@pytest.mark.parametrize(
    ("key", "status"), [(CALL.key, "in_progress"), (OVER.key, "completed")], ids=["live", "over"]
)
async def test_a_call_is_found_live_or_over(
    client: aiohttp.ClientSession, key: str, status: str
) -> None:
    found = await asked(client, f"/v1/calls/{key}")
    assert (found["id"], found["status"]) == (key, status)


@pytest.mark.parametrize("key", ["nobody", "%00", "a%2Fb", "\N{SNOWMAN}"])
async def test_a_call_that_is_not_there(client: aiohttp.ClientSession, key: str) -> None:
    assert (await asked(client, f"/v1/calls/{key}", 404))["type"] == "not_found"


async def test_a_live_call_is_told_where_the_ledger_cannot_be_read(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.book.locked = True
    await asked(client, f"/v1/calls/{CALL.key}")
    assert (await asked(client, f"/v1/calls/{OVER.key}", 503))["type"] == "unavailable"


async def test_a_thousand_calls_are_listed_in_a_tenth_of_a_second(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.desk.calls = many(1000)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        found = await asked(client, "/v1/calls?limit=1000")
        took.append(time.perf_counter() - began)
    assert len(found["calls"]) == 1000
    assert min(took) <= 0.1


# -- a transfer ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "verb"),
    [
        ({}, Refer(ALICE, after=DEFAULT)),
        (
            {
                "referred_by": "sip:desk@example.com",
                "headers": {"X-Account": "7", "X-Other": "8"},
                "no_notify_timeout": 5,
                "ring_timeout": 20.5,
            },
            Refer(
                ALICE,
                referred_by="sip:desk@example.com",
                headers=(("X-Account", "7"), ("X-Other", "8")),
                no_notify_timeout=5.0,
                ring_timeout=20.5,
                after=DEFAULT,
            ),
        ),
        (
            {
                "on_success": {"url": "https://a.example/ok"},
                "on_failure": {"url": "http://b.example/no?x=1", "method": "GET"},
            },
            Refer(
                ALICE,
                action=Callback("https://a.example/ok"),
                failure_action=Callback("http://b.example/no?x=1", Method.GET),
                after=After(Then.RUN, Then.RUN, Then.END),
            ),
        ),
        (
            {"on_success": {"continue": True}, "on_failure": {"hangup": True}},
            Refer(ALICE, after=After(Then.GO_ON, Then.NOTHING, Then.NOTHING)),
        ),
        (
            {"on_success": {"url": "https://a.example/ok"}},
            Refer(
                ALICE,
                action=Callback("https://a.example/ok"),
                after=After(Then.RUN, Then.GO_ON, Then.NOTHING),
            ),
        ),
    ],
)
async def test_a_transfer_is_ordered(
    world: World, client: aiohttp.ClientSession, body: dict[str, Any], verb: Refer
) -> None:
    async with client.post(REFER, json={"target": ALICE, **body}) as response:
        assert response.status == 202
        assert await response.json() == {"transfer": f"{CALL.key}-2", "call": CALL.key}
        assert response.headers["Location"] == f"/v1/transfers/{CALL.key}-2"
    assert world.desk.orders == [(CALL.key, TransferCall(verb, frozenset(body)))]


LATER = {Refusal.AWAY, Refusal.DRAINING, Refusal.TOO_MANY, Refusal.TOO_OFTEN}


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (Refusal.NO_CALL, 404),
        (Refusal.TRANSFERRING, 409),
        (Refusal.ANSWERED, 409),
        (Refusal.AWAY, 409),
        (Refusal.UNDECIDED, 504),
        (Refusal.NOT_CALLABLE, 422),
        (Refusal.DRAINING, 503),
        (Refusal.TOO_MANY, 429),
        (Refusal.TOO_OFTEN, 429),
    ],
)
async def test_a_call_may_refuse(
    world: World, client: aiohttp.ClientSession, why: Refusal, status: int
) -> None:
    world.desk.verdict = Refused(why)
    async with client.post(REFER, json={"target": ALICE}) as response:
        assert response.status == status
        problem = await response.json()
        assert problem["type"] == why.value
        assert problem["message"].endswith(".")
        assert ("Retry-After" in response.headers) is (why in LATER)


async def test_a_refusal_names_what_stands_in_the_way(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.desk.verdict = Refused(Refusal.TRANSFERRING, "with another headers", "headers")
    async with client.post(REFER, json={"target": ALICE, "headers": {}}) as response:
        assert response.status == 409
        assert (await response.json())["field"] == "headers"


async def test_a_refusal_that_says_more_is_told_so(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.desk.verdict = Refused(Refusal.AWAY, "the call rings still: ask again")
    async with client.post(REFER, json={"target": ALICE}) as response:
        assert (await response.json())["message"] == "The call rings still: ask again."


# -- the same again --------------------------------------------------------------

BODY = {"target": ALICE}
KEY = {"Idempotency-Key": "4711"}


async def test_what_is_asked_again_is_answered_again_and_done_once(
    world: World, client: aiohttp.ClientSession
) -> None:
    answers = []
    for number in range(3):
        world.desk.verdict = Taken(f"{CALL.key}-{number}")
        async with client.post(REFER, json=BODY, headers=KEY) as response:
            answers.append((response.status, response.headers["Location"], await response.json()))
    assert answers[1:] == answers[:1] * 2
    assert len(world.desk.orders) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (REFER, {"target": "sip:bob@example.com"}),
        (REFER, {**BODY, "headers": {"X-Account": "1"}}),
        (f"/v1/calls/{BOB.key}/refer", BODY),
    ],
    ids=["target", "headers", "call"],
)
async def test_a_key_is_for_one_request(
    client: aiohttp.ClientSession, path: str, body: dict[str, Any]
) -> None:
    async with client.post(REFER, json=BODY, headers=KEY) as response:
        assert response.status == 202
    async with client.post(path, json=body, headers=KEY) as response:
        assert response.status == 422
        problem = await response.json()
        assert (problem["type"], problem["field"]) == ("key_reused", "Idempotency-Key")


async def test_the_same_body_in_other_words_is_the_same(
    world: World, client: aiohttp.ClientSession
) -> None:
    spelled = json.dumps({"on_success": {"hangup": True}, **BODY}, indent=4)
    headers = {**KEY, "Content-Type": "application/json"}
    async with client.post(REFER, json=BODY, headers=KEY) as response:
        assert response.status == 202
    async with client.post(REFER, data=spelled, headers=headers) as response:
        assert response.status == 202
    assert len(world.desk.orders) == 1


async def test_a_request_under_way_is_not_made_twice(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.desk.gate = asyncio.Event()

    async def ask() -> tuple[int, Any]:
        async with client.post(REFER, json=BODY, headers=KEY) as response:
            return response.status, await response.json()

    first = asyncio.create_task(ask())
    while not world.desk.orders:  # noqa: ASYNC110 - it is soon there
        await asyncio.sleep(0.01)
    status, problem = await ask()
    assert (status, problem["type"]) == (409, "in_progress")
    world.desk.gate.set()
    assert (await first)[0] == 202
    assert (await ask())[0] == 202
    assert len(world.desk.orders) == 1


async def test_what_was_refused_may_be_asked_again(
    world: World, client: aiohttp.ClientSession
) -> None:
    world.desk.verdict = Refused(Refusal.TRANSFERRING)
    async with client.post(REFER, json=BODY, headers=KEY) as response:
        assert response.status == 409
    world.desk.verdict = Taken(f"{CALL.key}-3")
    async with client.post(REFER, json=BODY, headers=KEY) as response:
        assert response.status == 202


async def test_a_key_is_free_again_after_a_bug(world: World, client: aiohttp.ClientSession) -> None:
    world.desk.fails = True
    async with client.post(REFER, json=BODY, headers=KEY) as response:
        assert response.status == 500
    world.desk.fails = False
    async with client.post(REFER, json=BODY, headers=KEY) as response:
        assert response.status == 202


@pytest.mark.parametrize("key", ["", "two words", "ü", "x" * 256])
async def test_a_key_that_is_none(world: World, client: aiohttp.ClientSession, key: str) -> None:
    async with client.post(REFER, json=BODY, headers={"Idempotency-Key": key}) as response:
        assert response.status == 400
        assert (await response.json())["field"] == "Idempotency-Key"
    assert world.desk.orders == []
