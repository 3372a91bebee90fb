"""``asterisk/include/extensions_stasis_refer.conf`` on a real Asterisk, without a phone.

The second half of a Local channel runs the dialplan as a caller's channel would.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict

import aiohttp
import pytest

from stasis_refer.lab.asterisk import AsteriskPlan, PrivateAsterisk, free_port, free_udp_port

APP = "stasis_refer_7"

QUEUES = """
[nobody there]
joinempty = no

[full]
maxlen = 1
"""


class Channel(TypedDict):
    id: str


class StasisStart(TypedDict):
    args: list[str]
    channel: Channel


@dataclass(frozen=True, slots=True)
class Ari:
    session: aiohttp.ClientSession

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.session.ws_connect("/ari/events", params={"app": APP}) as events:
            yield events

    async def dial(self, extension: str, context: str, **variables: str) -> None:
        """Let a channel run that extension; nothing answers it."""
        body = {
            "endpoint": f"Local/{extension}@{context}/n",
            "context": context,
            "extension": "none",
            "priority": 1,
            "variables": variables,
        }
        async with self.session.post("/ari/channels", json=body) as response:
            assert response.status == 200

    async def channels(self) -> list[str]:
        async with self.session.get("/ari/channels") as response:
            return [channel["id"] for channel in await response.json()]

    async def send_on(self, channel: str, **place: str) -> None:
        url = f"/ari/channels/{channel}/continue"
        async with self.session.post(url, params=place) as response:
            assert response.status == 204


async def entered(events: aiohttp.ClientWebSocketResponse) -> StasisStart:
    async with asyncio.timeout(5):
        while (event := await events.receive_json())["type"] != "StasisStart":
            pass
    start: StasisStart = event
    return start


@pytest.fixture(scope="module")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateAsterisk]:
    folder = tmp_path_factory.mktemp("asterisk")
    queues = folder / "queues.conf"
    queues.write_text(QUEUES)
    plan = AsteriskPlan(
        folder, free_udp_port(), free_port(), "ari", "password", app=APP, queues_extra=queues
    )
    async with PrivateAsterisk(plan) as running:
        yield running


@pytest.fixture
async def ari(asterisk: PrivateAsterisk) -> AsyncIterator[Ari]:
    plan = asterisk.plan
    credentials = aiohttp.encode_basic_auth(plan.ari_user, plan.ari_password)
    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{plan.http_port}", headers={"Authorization": credentials}
    ) as session:
        ari = Ari(session)
        yield ari
        for channel in await ari.channels():
            await session.delete(f"/ari/channels/{channel}")
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("dialed", "application"),
    [
        ("support", "support"),
        ("help-desk_1.b", "help-desk_1.b"),
        ("+4930123", "+4930123"),
        ("7", "7"),
        ("support,returned,SUCCESS,0", "supportreturnedSUCCESS0"),
        ("a b", "ab"),
    ],
)
async def test_the_dialed_user_is_the_application(ari: Ari, dialed: str, application: str) -> None:
    async with ari.listening() as events:
        await ari.dial(dialed, "stasis-refer")
        assert (await entered(events))["args"] == [application]


async def test_without_a_target_nothing_is_transferred(ari: Ari) -> None:
    async with ari.listening() as events:
        await ari.dial("s", "stasis-refer-transfer")
        assert (await entered(events))["args"] == ["", "returned", "FAILURE", "0", ""]


@pytest.mark.parametrize("name", ["STASIS_REFER_TO", "SIPREFERREDBYHDR"])
async def test_target_and_referred_by_are_used_once(ari: Ari, name: str) -> None:
    variables = {
        "STASIS_REFER_TO": "<sip:bob@example.com>",
        "SIPREFERREDBYHDR": "<sip:alice@example.com>",
        "STASIS_REFER_APPLICATION": "support",
        "STASIS_REFER_NUMBER": "2",
    }
    async with ari.listening() as events:
        await ari.dial("s", "stasis-refer-transfer", **variables)
        start = await entered(events)
        # Transfer(PJSIP/...) refuses a channel that is not PJSIP.
        assert start["args"] == ["support", "returned", "FAILURE", "0", "2"]
        url = f"/ari/channels/{start['channel']['id']}/variable"
        async with ari.session.get(url, params={"variable": name}) as response:
            assert await response.json() == {"value": ""}


@pytest.mark.parametrize(
    ("queue", "status"), [("nobody there", "JOINEMPTY"), ("no such queue", "UNKNOWN")]
)
async def test_a_call_that_no_queue_takes_is_back_at_once(
    ari: Ari, queue: str, status: str
) -> None:
    async with ari.listening() as events:
        variables = {"STASIS_REFER_QUEUE": queue, "STASIS_REFER_APPLICATION": "support"}
        await ari.dial("s", "stasis-refer-queue", QUEUESTATUS="", **variables)
        assert (await entered(events))["args"] == ["support", "queued", status]


async def test_a_full_queue_sends_a_call_back(ari: Ari) -> None:
    variables = {"STASIS_REFER_QUEUE": "full", "STASIS_REFER_APPLICATION": "support"}
    async with ari.listening() as events:
        for _ in range(2):
            await ari.dial("s", "stasis-refer-queue", **variables)
        assert (await entered(events))["args"] == ["support", "queued", "FULL"]


async def test_a_call_waits_for_an_application_that_is_away(ari: Ari) -> None:
    await ari.dial("support", "stasis-refer")
    await asyncio.sleep(0.5)
    async with ari.listening() as events:
        assert (await entered(events))["args"] == ["support"]


async def test_a_call_waits_no_longer_than_it_is_told_to(ari: Ari) -> None:
    await ari.dial("support", "stasis-refer", STASIS_REFER_PATIENCE="1")
    await asyncio.sleep(0.8)
    assert await ari.channels() != []
    await asyncio.sleep(0.7)
    assert await ari.channels() == []


async def test_what_transfer_said_waits_with_the_call(ari: Ari) -> None:
    variables = {"STASIS_REFER_TO": "<sip:bob@example.com>", "STASIS_REFER_NUMBER": "2"}
    await ari.dial("s", "stasis-refer-transfer", STASIS_REFER_APPLICATION="support", **variables)
    await asyncio.sleep(0.7)
    async with ari.listening() as events:
        began = asyncio.get_running_loop().time()
        start = await entered(events)
        assert start["args"] == ["support", "returned", "FAILURE", "0", "2"]
        assert asyncio.get_running_loop().time() - began < 0.6


async def test_an_abort_brings_the_call_back_and_leaves_no_channel(ari: Ari) -> None:
    async with ari.listening() as events:
        await ari.dial("support", "stasis-refer")
        channel = (await entered(events))["channel"]["id"]
        before = await ari.channels()
        await ari.dial("s", "stasis-refer-abort", STASIS_REFER_CHANNEL=channel)
        event = await entered(events)
        assert event["channel"]["id"] == channel
        assert event["args"] == ["support", "returned", "FAILURE", "0", ""]
        await asyncio.sleep(0.2)
        assert await ari.channels() == before


async def test_a_call_that_is_let_go_is_hung_up(ari: Ari) -> None:
    async with ari.listening() as events:
        await ari.dial("support", "stasis-refer")
        await ari.send_on((await entered(events))["channel"]["id"])
        await asyncio.sleep(0.2)
        assert await ari.channels() == []
