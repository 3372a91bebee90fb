"""jambonz's Python package as the client, with nothing changed but its base URL."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from jambonz_sdk.client import JambonzClient

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.orders import (
    EndCall,
    FetchDocument,
    Order,
    Refusal,
    Refused,
    TagCall,
)
from stasis_refer.core.verbs import (
    Hangup,
    LegEvent,
    LegWatch,
    Number,
    Redirect,
    Registered,
    SipAddress,
    Tag,
)
from tests.adapters.rest.lobby import (
    ACCOUNT,
    FOREIGN,
    LEG,
    LIVE,
    OVER,
    TOKEN,
    Lobby,
    house,
)

DIALECT = "jambonz"
SUPPORT, SALES, _ = house(DIALECT)
URL = "https://elsewhere.example.com/hook"


def sid_of(key: str) -> str:
    return str(UUID(key))


@pytest.fixture
async def client(lobby: Lobby) -> AsyncIterator[JambonzClient]:
    async with JambonzClient(base_url=lobby.url, account_sid=ACCOUNT, api_key=TOKEN) as client:
        yield client


async def error_of(client: JambonzClient, method: str, path: str, body: object = None) -> str:
    """Return what is answered to a request that is refused with 400."""
    session = await client._get_session()  # noqa: SLF001 - the package tells the status alone
    url = f"{client._api_base}/Calls{path}"  # noqa: SLF001 - the same
    async with session.request(method, url, json=body) as response:
        assert response.status == 400
        told: dict[str, str] = await response.json()
        return told["msg"]


async def test_a_call_is_shown(client: JambonzClient) -> None:
    call = await client.calls.get(sid_of(LIVE).upper())
    assert call == {
        "call_sid": sid_of(LIVE),
        "account_sid": ACCOUNT,
        "application_sid": "support",
        "direction": "inbound",
        "from": "+15550001",
        "to": "support",
        "caller_name": "Ann",
        "trace_id": LIVE,
        "sip_status": 200,
        "sip_reason": "OK",
        "call_status": "in-progress",
    }


async def test_a_call_that_is_over_is_in_the_ledger(client: JambonzClient) -> None:
    call = await client.calls.get(sid_of(OVER))
    assert (call["call_status"], call["duration"]) == ("completed", 10)


@pytest.mark.parametrize("sid", [sid_of(FOREIGN), sid_of("9" * 32), LIVE, "nonsense"])
async def test_the_call_of_another_account_is_not_found(client: JambonzClient, sid: str) -> None:
    with pytest.raises(aiohttp.ClientResponseError) as raised:
        await client.calls.get(sid)
    assert raised.value.status == 404


async def test_wrong_credentials_are_refused(lobby: Lobby) -> None:
    async with JambonzClient(base_url=lobby.url, account_sid=ACCOUNT, api_key="no") as stranger:
        with pytest.raises(aiohttp.ClientResponseError) as raised:
            await stranger.calls.list()
    assert raised.value.status == 401


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (None, [LIVE, LEG]),
        ({"direction": "outbound"}, [LEG]),
        ({"direction": "inbound", "callStatus": "in-progress"}, [LIVE]),
        ({"callStatus": "ringing"}, [LEG]),
        ({"from": "+15550009"}, []),
        ({"to": "support"}, [LIVE, LEG]),
    ],
)
async def test_live_calls_are_listed(
    client: JambonzClient, wanted: dict[str, str] | None, keys: list[str]
) -> None:
    calls = await client.calls.list(wanted)
    assert [call["call_sid"] for call in calls] == [sid_of(key) for key in keys]


async def test_live_calls_are_counted(client: JambonzClient) -> None:
    assert await client.calls.count() == {"inbound": 1, "outbound": 1}


@pytest.mark.parametrize(
    ("query", "says"),
    [("?direction=up", "inbound"), ("?callStatus=odd", "trying"), ("?a=1", "no parameter")],
)
async def test_a_list_that_cannot_be_had(client: JambonzClient, query: str, says: str) -> None:
    assert says in await error_of(client, "GET", query)


CHANGES: list[tuple[dict[str, Any], Order]] = [
    ({"call_hook": URL}, FetchDocument(Callback(URL))),
    # As jambonz's feature server, relative to the application's own.
    ({"call_hook": "/next"}, FetchDocument(Callback("https://support.example.com/next"))),
    (
        {"call_hook": {"url": URL, "method": "GET", "username": "a", "password": "b"}},
        FetchDocument(Callback("https://a:b@elsewhere.example.com/hook", Method.GET)),
    ),
    ({"call_hook": URL, "child_call_hook": URL}, FetchDocument(Callback(URL), both=True)),
    (
        {"call_hook": URL, "call_status_hook": "https://support.example.com/status"},
        FetchDocument(Callback(URL)),
    ),
    (
        {"call_hook": URL, "call_status_hook": "https://a:b@support.example.com/status"},
        FetchDocument(Callback(URL)),
    ),
    ({"call_status": "completed"}, EndCall()),
    ({"call_status": "no-answer"}, EndCall(unanswered=True)),
    ({"tag": {"order": 7}}, TagCall('{"order":7}')),
    ({"tag": {}}, TagCall("")),
    # As the vendor's package may send what was not set.
    (
        {"call_hook": URL, "call_status": None, "tag": None, "child_call_hook": ""},
        FetchDocument(Callback(URL)),
    ),
    ({"call_status": "completed", "call_hook": "", "unheard_of": None}, EndCall()),
    (
        {
            "call_status": "completed",
            "mute_status": "",
            "record": False,
            "whisper": {},
            "dtmf": None,
        },
        EndCall(),
    ),
]


@pytest.mark.parametrize(("asked", "order"), CHANGES)
async def test_a_live_call_is_changed(
    lobby: Lobby, client: JambonzClient, asked: dict[str, Any], order: Order
) -> None:
    assert await client.calls.update(sid_of(LIVE), asked) == "Accepted"
    await client._request("POST", f"/Calls/{sid_of(LIVE)}", json=asked)  # noqa: SLF001 - as older clients ask
    assert lobby.orders == [(LIVE, order), (LIVE, order)]


async def test_a_call_is_terminated(lobby: Lobby, client: JambonzClient) -> None:
    await client.calls.delete(sid_of(LIVE))
    assert lobby.orders == [(LIVE, EndCall())]


BAD_CHANGES: list[tuple[object, str]] = [
    (None, "no body"),
    ([], "send one in JSON"),
    ({}, "one of call_hook, call_status and tag"),
    ({"call_hook": URL, "call_status": "completed"}, "call_hook and call_status"),
    ({"call_hook": ""}, "one of call_hook, call_status and tag, not none of them"),
    ({"mute_status": "", "record": False}, "not none of them"),
    ({"call_hook": 7}, "text of a URL"),
    ({"call_hook": {"method": "GET"}}, "url"),
    ({"call_hook": "wss://elsewhere.example.com"}, "http"),
    ({"call_hook": URL, "child_call_hook": f"{URL}/2"}, "own call_sid"),
    ({"call_hook": URL, "call_status_hook": f"{URL}/2"}, "status_callback"),
    ({"call_status": "busy"}, "completed, no-answer"),
    ({"tag": "text"}, "object"),
    ({"mute_status": "mute"}, "not supported"),
    ({"whisper": {"verb": "say", "text": "Hello"}}, "not supported"),
    ({"listen_status": "pause"}, "not supported"),
    ({"noiseIsolation_status": "on"}, "not supported"),
    ({"agent_update": {"goal": "sell"}}, "not supported"),
    ({"record": {"action": "startCallRecording"}}, "record: not supported: calls are recorded by"),
    ({"call_hok": URL}, "no key"),
    ({"call_hok": "", "call_hook": URL}, "no key"),
]


@pytest.mark.parametrize(("asked", "says"), BAD_CHANGES)
async def test_a_bad_change_is_refused(
    lobby: Lobby, client: JambonzClient, asked: object, says: str
) -> None:
    assert says in await error_of(client, "PUT", f"/{sid_of(LIVE)}", asked)
    assert lobby.orders == []


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (Refusal.NO_CALL, 422),
        (Refusal.ANSWERED, 422),
        (Refusal.TRANSFERRING, 409),
        (Refusal.AWAY, 409),
    ],
)
async def test_what_the_desk_refuses_is_told(
    lobby: Lobby, client: JambonzClient, why: Refusal, status: int
) -> None:
    lobby.verdict = Refused(why)
    with pytest.raises(aiohttp.ClientResponseError) as raised:
        await client.calls.redirect(sid_of(LIVE), URL)
    assert raised.value.status == status


# -- calls that are made -----------------------------------------------------------


async def test_a_call_is_made(lobby: Lobby, client: JambonzClient) -> None:
    sid = await client.calls.create(
        {
            "from": "+15550002",
            "to": {"type": "phone", "number": "+15550003", "trunk": "carrier"},
            "call_hook": "/incoming",
            "call_status_hook": URL,
            "timeout": 20,
            "timeLimit": 600,
            "tag": {"order": 7},
            "headers": {"X-Acct": "1"},
            "callerName": "Support",
            "speech_synthesis_vendor": "google",
        }
    )
    assert sid == sid_of("5e" * 16)
    ((name, made),) = lobby.made
    hook = Callback("https://support.example.com/incoming")
    assert (name, made.then) == ("support", (Tag('{"order":7}'), Redirect(hook)))
    assert made.callee.address == Number("+15550003", "carrier", (("X-Acct", "1"),))
    assert made.callee.watch == LegWatch(Callback(URL), frozenset(LegEvent))
    assert (made.caller_id, made.caller_name) == ("+15550002", "Support")
    assert (made.timeout, made.time_limit) == (20.0, 600.0)


@pytest.mark.parametrize(
    ("to", "address"),
    [
        ({"type": "sip", "sipUri": "sip:bob@example.com"}, SipAddress("sip:bob@example.com")),
        ({"type": "user", "name": "bob"}, Registered("bob")),
    ],
)
async def test_whom_to_call(
    lobby: Lobby, client: JambonzClient, to: dict[str, str], address: object
) -> None:
    await client.calls.create({"from": "desk", "to": to, "call_hook": URL})
    ((_, made),) = lobby.made
    assert (made.callee.address, made.timeout, made.time_limit) == (address, 60.0, None)
    assert made.callee.watch is not None
    assert made.callee.watch.callback == SUPPORT.status_callback


async def test_an_application_is_named_by_its_sid(lobby: Lobby, client: JambonzClient) -> None:
    to = {"type": "user", "name": "bob"}
    await client.calls.create({"from": "+1", "to": to, "application_sid": "sales"})
    ((name, made),) = lobby.made
    assert (name, made.then) == ("sales", SALES.document)


async def test_a_call_runs_a_document_in_the_request(lobby: Lobby, client: JambonzClient) -> None:
    to = {"type": "user", "name": "bob"}
    await client.calls.create({"from": "+1", "to": to, "app_json": '[{"verb": "hangup"}]'})
    ((_, made),) = lobby.made
    assert made.then == (Hangup(),)


async def test_a_call_asks_for_nothing_with_what_is_empty(
    lobby: Lobby, client: JambonzClient
) -> None:
    empty: dict[str, Any] = {
        "call_status_hook": "",
        "app_json": "",
        "tag": None,
        "headers": {},
        "amd": None,
    }
    await client.calls.create({**GOOD, **empty, "application_sid": "", "timeout": None})
    ((_, made),) = lobby.made
    assert (made.then, made.timeout) == (Callback(URL), 60.0)


GOOD = {"from": "+1", "to": {"type": "user", "name": "bob"}, "call_hook": URL}
BAD_CALLS = [
    ({**GOOD, "to": "bob"}, "object"),
    ({**GOOD, "to": {"type": "teams", "number": "+1"}}, "teams"),
    ({**GOOD, "to": {"type": "phone"}}, "number"),
    ({**GOOD, "from": ""}, "from"),
    ({**GOOD, "application_sid": "nobody"}, "no application"),
    ({**GOOD, "call_hook": None}, "call_hook, app_json"),
    ({**GOOD, "call_hook": None, "app_json": '[{"verb": "hangup"]'}, "Line 1, column 19"),
    ({**GOOD, "call_hook": None, "app_json": '[{"verb": "listen"}]'}, "listen"),
    ({**GOOD, "timeout": -1}, "from 0"),
    ({**GOOD, "callback": URL}, "no key"),
]


@pytest.mark.parametrize(("asked", "says"), BAD_CALLS)
async def test_a_bad_call_is_not_made(
    lobby: Lobby, client: JambonzClient, asked: dict[str, Any], says: str
) -> None:
    assert says in await error_of(client, "POST", "", asked)
    assert lobby.made == []


@pytest.mark.parametrize(
    ("refused", "status"), [(Refusal.NOT_CALLABLE, 400), (Refusal.DRAINING, 480)]
)
async def test_a_call_that_the_desk_does_not_make(
    lobby: Lobby, client: JambonzClient, refused: Refusal, status: int
) -> None:
    lobby.refused = Refused(refused)
    with pytest.raises(aiohttp.ClientResponseError) as raised:
        await client.calls.create(GOOD)
    assert raised.value.status == status
