"""Restcomm's paths, asked as its own pages do with curl: it has no package of its own."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.orders import EndCall, FetchDocument, Order, Refusal, Refused
from stasis_refer.core.verbs import LegEvent, LegWatch, Registered, SipAddress
from tests import harvest
from tests.adapters.rest.lobby import (
    ACCOUNT,
    FOREIGN,
    LEG,
    LIVE,
    OVER,
    TOKEN,
    Lobby,
    house,
    record,
)

DIALECT = "rcml"
SUPPORT, _, _ = house(DIALECT)
URL = "https://elsewhere.example.com/document"
CALLS = f"/restcomm/2012-04-24/Accounts/{ACCOUNT}/Calls"


def credentials(password: str) -> dict[str, str]:
    text = b64encode(f"{ACCOUNT}:{password}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


@pytest.fixture
async def client(lobby: Lobby) -> AsyncIterator[aiohttp.ClientSession]:
    async with harvest.client(lobby.url, headers=credentials(TOKEN)) as session:
        yield session


async def ask(
    client: aiohttp.ClientSession, method: str, path: str, **form: str
) -> tuple[int, dict[str, Any]]:
    """Ask with a form or a query, for JSON."""
    given = {"params" if method == "GET" else "data": form}
    async with client.request(method, f"{CALLS}{path}", **given) as response:  # type: ignore[arg-type]
        return response.status, await response.json()


async def test_a_call_is_shown_in_json(client: aiohttp.ClientSession) -> None:
    status, call = await ask(client, "GET", f"/ca{OVER.upper()}.json")
    assert status == 200
    assert (call["sid"], call["status"], call["duration"]) == (f"CA{OVER}", "completed", 11)
    assert (call["from"], call["to"], call["direction"]) == ("+15550001", "support", "inbound")
    assert call["start_time"] == "2026-07-02T13:46:40.000+00:00"
    assert call["uri"] == f"/2012-04-24/Accounts/{ACCOUNT}/Calls/CA{OVER}.json"


async def test_a_call_is_shown_in_xml_unless_json_is_asked_for(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get(f"{CALLS}/CA{LEG}") as response:
        assert response.content_type == "application/xml"
        root = ET.fromstring(await response.text())  # noqa: S314 - our own
    assert root.tag == "RestcommResponse"
    call = {each.tag: each.text for each in root[0]}
    assert (root[0].tag, call["Sid"], call["ParentCallSid"]) == ("Call", f"CA{LEG}", f"CA{LIVE}")
    assert (call["CallerName"], call["EndTime"], call["ApiVersion"]) == ("Ann", None, "2012-04-24")
    headers = {"Accept": "application/json"}
    async with client.get(f"{CALLS}/CA{LEG}", headers=headers) as response:
        assert (await response.json())["sid"] == f"CA{LEG}"


@pytest.mark.parametrize("sid", [f"CA{FOREIGN}", "CA" + "9" * 32, "nonsense"])
async def test_the_call_of_another_account_is_not_found(
    client: aiohttp.ClientSession, sid: str
) -> None:
    status, told = await ask(client, "GET", f"/{sid}.json")
    assert (status, told) == (404, {"message": f"There is no call {sid}."})
    async with client.post(f"{CALLS}/{sid}", data={"Status": "completed"}) as response:
        assert response.status == 404
        text = f"<RestcommResponse><Message>There is no call {sid}.</Message></RestcommResponse>"
        assert await response.text() == text


async def test_wrong_credentials_are_refused(lobby: Lobby) -> None:
    async with (
        harvest.client(lobby.url, headers=credentials("wrong")) as stranger,
        stranger.get(f"{CALLS}.json") as response,
    ):
        assert response.status == 401
        assert "Basic" in response.headers["WWW-Authenticate"]


CHANGES: list[tuple[dict[str, str], Order]] = [
    ({"Url": URL}, FetchDocument(Callback(URL))),
    ({"Url": URL, "MoveConnectedCallLeg": "true"}, FetchDocument(Callback(URL), both=True)),
    ({"Url": URL, "MoveConnectedCallLeg": "False"}, FetchDocument(Callback(URL))),
    (
        {"Url": URL, "Method": "GET", "FallbackUrl": f"{URL}/2"},
        FetchDocument(Callback(URL, Method.GET, Callback(f"{URL}/2"))),
    ),
    ({"Status": "completed"}, EndCall()),
    ({"Status": "canceled"}, EndCall(unanswered=True)),
    ({"Url": URL, "Mute": "false"}, FetchDocument(Callback(URL))),
]


@pytest.mark.parametrize("path", ["/CA{}.json", "/CA{}", ".json/CA{}"])
@pytest.mark.parametrize(("asked", "order"), CHANGES)
async def test_live_call_modification(
    lobby: Lobby, client: aiohttp.ClientSession, path: str, asked: dict[str, str], order: Order
) -> None:
    async with client.post(f"{CALLS}{path.format(LIVE)}", data=asked) as response:
        assert response.status == 200
        assert f"CA{LIVE}" in await response.text()
    assert lobby.orders == [(LIVE, order)]


BAD_CHANGES = [
    ({}, "either Url"),
    ({"Url": URL, "Status": "completed"}, "either Url"),
    ({"Url": URL, "Mute": "true"}, "Mute: parties are not muted here"),
    ({"Url": "next"}, "absolute URL"),
    ({"Url": URL, "MoveConnectedCallLeg": "both"}, "true, false"),
    ({"Url": URL, "StatusCallback": URL}, "status_callback"),
    ({"Url": URL, "Twiml": "<Response/>"}, "no parameter here"),
]


@pytest.mark.parametrize(("asked", "says"), BAD_CHANGES)
async def test_a_bad_modification_is_refused(
    lobby: Lobby, client: aiohttp.ClientSession, asked: dict[str, str], says: str
) -> None:
    status, told = await ask(client, "POST", f"/CA{LIVE}.json", **asked)
    assert (status, says in told["message"]) == (400, True), told
    assert lobby.orders == []


@pytest.mark.parametrize(
    ("why", "status"),
    [(Refusal.NO_CALL, 410), (Refusal.TRANSFERRING, 409), (Refusal.AWAY, 409)],
)
async def test_what_the_desk_refuses_is_told(
    lobby: Lobby, client: aiohttp.ClientSession, why: Refusal, status: int
) -> None:
    lobby.verdict = Refused(why)
    told = await ask(client, "POST", f"/CA{LIVE}.json", Url=URL)
    assert told[0] == status


async def test_a_call_is_made(lobby: Lobby, client: aiohttp.ClientSession) -> None:
    status, call = await ask(
        client,
        "POST",
        ".json",
        From="+15550002",
        To="client:alice?X-Acct=1",
        Url=URL,
        StatusCallback=f"{URL}/told",
        StatusCallbackEvent="initiated ringing",
        Timeout="20",
    )
    assert (status, call["status"], call["direction"]) == (200, "queued", "outbound-api")
    ((name, made),) = lobby.made
    assert (name, made.then, made.timeout) == ("support", Callback(URL), 20.0)
    assert made.callee.address == Registered("alice", (("X-Acct", "1"),))
    events = frozenset({LegEvent.INITIATED, LegEvent.RINGING})
    assert made.callee.watch == LegWatch(Callback(f"{URL}/told"), events)


async def test_a_uri_is_called_through_an_endpoint_with_credentials(
    lobby: Lobby, client: aiohttp.ClientSession
) -> None:
    form = {"From": "+1", "To": "bob@example.com", "Url": URL, "Username": "carrier"}
    await ask(client, "POST", ".json", **form, Password="hush")
    ((_, made),) = lobby.made
    assert made.callee.address == SipAddress("sip:bob@example.com", "carrier")


@pytest.mark.parametrize("missing", ["From", "To", "Url"])
async def test_a_call_needs(lobby: Lobby, client: aiohttp.ClientSession, missing: str) -> None:
    form = {"From": "+1", "To": "+2", "Url": URL, missing: ""}
    status, told = await ask(client, "POST", ".json", **form)
    assert (status, told["message"]) == (400, f"{missing} is missing: add it.")
    assert lobby.made == []


async def test_calls_are_listed_page_by_page(client: aiohttp.ClientSession) -> None:
    status, page = await ask(client, "GET", ".json", PageSize="2")
    assert (status, page["page"], page["page_size"]) == (200, 0, 2)
    assert page["previous_page_uri"] == "null"
    found = [call["sid"] for call in page["calls"]]
    while page["next_page_uri"] != "null":
        async with client.get(page["next_page_uri"]) as response:
            page = await response.json()
        found += [call["sid"] for call in page["calls"]]
    assert found == [f"CA{LIVE}", f"CA{LEG}", f"CA{OVER}"]


async def test_a_page_in_xml(client: aiohttp.ClientSession) -> None:
    async with client.get(CALLS, params={"PageSize": "2"}) as response:
        root = ET.fromstring(await response.text())  # noqa: S314 - our own
    assert root[0].tag == "Calls"
    assert root[0].attrib["pagesize"] == "2"
    assert root[0].attrib["nextpageuri"].startswith(f"{CALLS}?PageSize=2&Page=1&PageToken=")
    assert [call.findtext("Sid") for call in root[0]] == [f"CA{LIVE}", f"CA{LEG}"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"SortBy": "From:asc"}, "DateCreated:desc"),
        ({"SubAccounts": "true"}, "SubAccounts"),
        ({"Page": "1"}, "next_page_uri"),
        ({"Status": "odd"}, "queued"),
    ],
)
async def test_a_list_that_cannot_be_had(
    client: aiohttp.ClientSession, query: dict[str, str], says: str
) -> None:
    status, told = await ask(client, "GET", ".json", **query)
    assert (status, says in told["message"]) == (400, True), told


async def test_parameters_that_do_nothing_do_no_harm(client: aiohttp.ClientSession) -> None:
    query = {"SortBy": "DateCreated:desc", "localOnly": "false", "SubAccounts": "false"}
    status, page = await ask(client, "GET", ".json", **query)
    assert (status, len(page["calls"])) == (200, 3)


FORM = "application/x-www-form-urlencoded"
BODIES = [
    (b'{"Url": "x"}', "application/json", 415, FORM),
    (b"Url=%ff", FORM, 400, "UTF-8"),
    (b"Url=a&Url=b", FORM, 400, "more than once"),
    (b"&a=1" * 300, FORM, 400, "200 parameters"),
    (b"Url=" + b"a" * 70_000, FORM, 413, ""),
]


@pytest.mark.parametrize("of", BODIES, ids=["json", "latin", "twice", "many", "large"])
async def test_a_body_that_is_no_form(
    lobby: Lobby, client: aiohttp.ClientSession, of: tuple[bytes, str, int, str]
) -> None:
    body, content_type, status, says = of
    headers = {"Content-Type": content_type}
    async with client.post(f"{CALLS}/CA{LIVE}.json", data=body, headers=headers) as response:
        assert response.status == status
        assert says in (await response.json())["message"]
    assert lobby.orders == []
    assert lobby.too_large == (status == 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("DELETE", f"{CALLS}/CA{LIVE}.json", 405), ("GET", f"{CALLS}/CA{LIVE}/Recordings.json", 404)],
)
async def test_what_is_not_served_says_so(
    client: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as response:
        assert response.status == status
        assert "served here" in (await response.json())["message"]


async def test_what_xml_cannot_hold_is_left_out(
    lobby: Lobby, client: aiohttp.ClientSession
) -> None:
    name = "A\x01n\x0bn\ufffe & \udc80B\U0001f642"
    lobby.live_calls[0] = record(LIVE, SUPPORT, caller_name=name)
    async with client.get(CALLS) as response:
        root = ET.fromstring(await response.text())  # noqa: S314 - our own
    assert next(root.iter("CallerName")).text == "Ann & B\U0001f642"
