"""Twilio's Python package as the client, with nothing changed but its base URL."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.twiml.voice_response import VoiceResponse

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.info import CallStatus
from stasis_refer.core.orders import EndCall, FetchDocument, Refusal, Refused, RunDocument
from stasis_refer.core.verbs import LegEvent, LegWatch, Number, Refer, Registered, SipAddress
from tests.adapters.rest.lobby import (
    ACCOUNT,
    FOREIGN,
    LEG,
    LIVE,
    OVER,
    STARTED,
    TOKEN,
    Lobby,
    house,
    record,
)

T = TypeVar("T")
DIALECT = "twiml"
SUPPORT, SALES, OTHER = house(DIALECT)
URL = "https://elsewhere.example.com/document"


def client_of(lobby: Lobby, account: str = ACCOUNT, token: str = TOKEN) -> Client:
    client = Client(account, token)
    client.api.base_url = lobby.url
    return client


async def do(lobby: Lobby, ask: Callable[[Client], T]) -> T:
    return await asyncio.to_thread(ask, client_of(lobby))


async def error_of(lobby: Lobby, ask: Callable[[Client], object]) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as raised:
        await do(lobby, ask)
    return raised.value


async def test_a_call_is_fetched(lobby: Lobby) -> None:
    call = await do(lobby, lambda client: client.calls(f"CA{LIVE}").fetch())
    assert (call.sid, call.account_sid, call.parent_call_sid) == (f"CA{LIVE}", ACCOUNT, None)
    assert (call.to, call.caller_name) == ("support", "Ann")
    assert call._from == "+15550001"  # noqa: SLF001 - as the package names it
    assert (call.status, call.direction, call.api_version) == (
        "in-progress",
        "inbound",
        "2010-04-01",
    )
    assert (call.start_time, call.end_time) == (datetime.fromtimestamp(STARTED, UTC), None)
    assert call.duration is None
    assert call.subresource_uris == {}
    assert call.uri == f"/2010-04-01/Accounts/{ACCOUNT}/Calls/CA{LIVE}.json"


async def test_a_call_that_is_over_is_in_the_ledger(lobby: Lobby) -> None:
    call = await do(lobby, lambda client: client.calls(f"CA{OVER}").fetch())
    assert (call.status, call.duration) == ("completed", "11")
    assert call.end_time == datetime.fromtimestamp(int(STARTED + 12.4), UTC)


async def test_a_leg_names_its_parent_and_a_sid_is_read_in_any_case(lobby: Lobby) -> None:
    call = await do(lobby, lambda client: client.calls(f"ca{LEG.upper()}").fetch())
    assert (call.parent_call_sid, call.status) == (f"CA{LIVE}", "ringing")
    assert call.direction == "outbound-dial"


@pytest.mark.parametrize("sid", [f"CA{FOREIGN}", "CA" + "9" * 32, "nonsense", f"c-{LIVE}"])
async def test_the_call_of_another_account_is_not_found(lobby: Lobby, sid: str) -> None:
    for ask in (
        lambda client: client.calls(sid).fetch(),
        lambda client: client.calls(sid).update(status="completed"),
    ):
        error = await error_of(lobby, ask)
        assert (error.status, error.code) == (404, 20404)
    assert lobby.orders == []


@pytest.mark.parametrize(
    ("account", "token"), [(ACCOUNT, "wrong"), ("AC" + "0b" * 16, TOKEN), ("nobody", "nothing")]
)
async def test_wrong_credentials_are_refused(lobby: Lobby, account: str, token: str) -> None:
    with pytest.raises(TwilioRestException) as raised:
        await asyncio.to_thread(client_of(lobby, account, token).calls(f"CA{LIVE}").fetch)
    assert (raised.value.status, raised.value.code) == (401, 20003)


CHANGES = [
    pytest.param({"url": URL}, FetchDocument(Callback(URL)), id="url"),
    pytest.param(
        {"url": URL, "method": "GET", "fallback_url": f"{URL}/2", "fallback_method": "GET"},
        FetchDocument(Callback(URL, Method.GET, Callback(f"{URL}/2", Method.GET))),
        id="url with all",
    ),
    pytest.param({"status": "completed"}, EndCall(), id="completed"),
    pytest.param({"status": "canceled"}, EndCall(unanswered=True), id="canceled"),
    pytest.param(
        {"url": URL, "status_callback": "https://support.example.com/status"},
        FetchDocument(Callback(URL)),
        id="the status callback it has",
    ),
    pytest.param(
        {"url": URL, "status_callback": "https://a:b@support.example.com/status"},
        FetchDocument(Callback(URL)),
        id="the status callback it has, with the password",
    ),
]


@pytest.mark.parametrize(("asked", "order"), CHANGES)
async def test_a_live_call_is_changed(lobby: Lobby, asked: dict[str, str], order: object) -> None:
    call = await do(lobby, lambda client: client.calls(f"CA{LIVE}").update(**asked))
    assert lobby.orders == [(LIVE, order)]
    assert call.sid == f"CA{LIVE}"


async def test_a_refer_is_started_by_a_document_in_the_request(lobby: Lobby) -> None:
    response = VoiceResponse()
    response.refer(action="after").sip("sip:agent@example.com")
    await do(lobby, lambda client: client.calls(f"CA{LIVE}").update(twiml=str(response)))
    ((call, order),) = lobby.orders
    assert isinstance(order, RunDocument)
    (refer,) = order.document
    assert isinstance(refer, Refer)
    assert (call, refer.target) == (LIVE, "sip:agent@example.com")
    # As in a document that was fetched from the application's own URL.
    assert refer.action == Callback("https://support.example.com/voice/after")


BAD_CHANGES = [
    # asked, code, what the message has in it
    ({}, 20001, "Url, Twiml and Status"),
    ({"url": URL, "status": "completed"}, 20001, "Url and Status"),
    ({"url": URL, "twiml": "<Response/>"}, 20001, "Url and Twiml"),
    ({"url": "/relative"}, 21205, "absolute URL"),
    ({"url": "ftp://elsewhere.example.com"}, 21205, "absolute URL"),
    ({"url": URL, "method": "PUT"}, 21403, "get, post"),
    ({"url": URL, "fallback_url": "nowhere"}, 21205, "FallbackUrl"),
    ({"status": "paused"}, 20001, "completed, canceled"),
    ({"url": URL, "status_callback": f"{URL}/other"}, 20001, "that it was made with"),
    ({"url": URL, "time_limit": 60}, 20001, "TimeLimit: a live call is given no new limit"),
    ({"twiml": "<Response><Refer></Response>"}, 12100, "Line 1, column"),
    ({"twiml": "<Response>\n<Conference/></Response>"}, 12200, "Line 2, column 1"),
]


@pytest.mark.parametrize(("asked", "code", "says"), BAD_CHANGES)
async def test_a_bad_change_is_refused(
    lobby: Lobby, asked: dict[str, Any], code: int, says: str
) -> None:
    error = await error_of(lobby, lambda client: client.calls(f"CA{LIVE}").update(**asked))
    assert (error.status, error.code) == (400, code)
    assert says in error.msg
    assert lobby.orders == []


REFUSED = [
    (Refusal.NO_CALL, 400, 21220),
    (Refusal.TRANSFERRING, 409, 21220),
    (Refusal.AWAY, 409, 21220),
]


@pytest.mark.parametrize(("why", "status", "code"), REFUSED)
async def test_what_the_desk_refuses_is_told(
    lobby: Lobby, why: Refusal, status: int, code: int
) -> None:
    lobby.verdict = Refused(why)
    error = await error_of(lobby, lambda client: client.calls(f"CA{LIVE}").update(url=URL))
    assert (error.status, error.code) == (status, code)


async def test_canceling_does_not_affect_a_call_that_is_answered(lobby: Lobby) -> None:
    lobby.verdict = Refused(Refusal.ANSWERED)
    call = await do(lobby, lambda client: client.calls(f"CA{LIVE}").update(status="canceled"))
    assert call.status == "in-progress"


# -- calls that are made -----------------------------------------------------------


async def test_a_call_is_made(lobby: Lobby) -> None:
    def make(client: Client) -> CallInstance:
        return client.calls.create(
            to="sip:alice@example.com?X-Acct=1",
            from_="+1 555 0002",
            url=URL,
            method="GET",
            timeout=20,
            time_limit=600,
            status_callback=f"{URL}/told",
            status_callback_event=["ringing", "answered"],
            status_callback_method="GET",
            sip_auth_username="carrier",
            sip_auth_password="hush",
        )

    call = await do(lobby, make)
    ((name, wanted),) = lobby.made
    assert (name, wanted.then) == ("support", Callback(URL, Method.GET))
    assert wanted.callee.address == SipAddress("sip:alice@example.com?X-Acct=1", "carrier")
    assert wanted.callee.watch == LegWatch(
        Callback(f"{URL}/told", Method.GET), frozenset({LegEvent.RINGING, LegEvent.ANSWERED})
    )
    assert (wanted.caller_id, wanted.timeout, wanted.time_limit) == ("+15550002", 20.0, 600.0)
    assert (call.status, call.direction) == ("queued", "outbound-api")
    assert call.sid == "CA" + "5e" * 16


@pytest.mark.parametrize(
    ("to", "address"),
    [
        ("+1 (555) 000-3", Number("+15550003")),
        ("sip:bob@example.com", SipAddress("sip:bob@example.com")),
        ("bob@example.com", SipAddress("sip:bob@example.com")),
        ("client:bob", Registered("bob")),
        ("client:bob?X-Acct=1%202", Registered("bob", (("X-Acct", "1 2"),))),
    ],
)
async def test_whom_to_call(lobby: Lobby, to: str, address: object) -> None:
    await do(lobby, lambda client: client.calls.create(to=to, from_="client:desk", url=URL))
    ((_, wanted),) = lobby.made
    assert (wanted.callee.address, wanted.caller_id) == (address, "desk")
    assert (wanted.timeout, wanted.time_limit) == (60.0, None)


async def test_a_call_runs_a_document_in_the_request(lobby: Lobby) -> None:
    twiml = "<Response><Hangup/></Response>"
    await do(lobby, lambda client: client.calls.create(to="+1", from_="+2", twiml=twiml))
    ((_, wanted),) = lobby.made
    assert isinstance(wanted.then, tuple)


async def test_an_application_is_named_by_its_sid(lobby: Lobby) -> None:
    await do(
        lobby, lambda client: client.calls.create(to="+1", from_="+2", application_sid="sales")
    )
    ((name, wanted),) = lobby.made
    assert (name, wanted.then) == ("sales", SALES.document)


BAD_CALLS = [
    ({"to": "", "from_": "+2", "url": URL}, 21201, "To is missing"),
    ({"to": "+1", "from_": "", "url": URL}, 21213, "From is missing"),
    ({"to": "alice", "from_": "+2", "url": URL}, 21211, "telephone number"),
    ({"to": "client:a b", "from_": "+2", "url": URL}, 21211, "endpoint"),
    ({"to": "+1", "from_": "a b@c", "url": URL}, 21212, "From"),
    ({"to": "+1", "from_": "+2"}, 21205, "Url, Twiml and ApplicationSid"),
    ({"to": "+1", "from_": "+2", "application_sid": "AP1"}, 21218, "no application"),
    ({"to": "+1", "from_": "+2", "url": URL, "timeout": 0}, 20001, "Timeout"),
    ({"to": "+1", "from_": "+2", "url": URL, "record": True}, 20001, "Record"),
    ({"to": "+1", "from_": "+2", "url": URL, "send_digits": "12"}, 20001, "SendDigits"),
    (
        {
            "to": "+1",
            "from_": "+2",
            "url": URL,
            "status_callback": URL,
            "status_callback_event": ["hung"],
        },
        21626,
        "initiated",
    ),
]


@pytest.mark.parametrize(("asked", "code", "says"), BAD_CALLS)
async def test_a_bad_call_is_not_made(
    lobby: Lobby, asked: dict[str, Any], code: int, says: str
) -> None:
    error = await error_of(lobby, lambda client: client.calls.create(**asked))
    assert (error.status, error.code) == (400, code)
    assert says in error.msg
    assert lobby.made == []


@pytest.mark.parametrize(
    ("refused", "status", "says"),
    [
        (Refused(Refusal.NOT_CALLABLE, "no rule in [targets]"), 400, "no rule in [targets]"),
        (Refused(Refusal.DRAINING), 503, "No new calls"),
    ],
)
async def test_a_call_that_the_desk_does_not_make(
    lobby: Lobby, refused: Refused, status: int, says: str
) -> None:
    lobby.refused = refused
    error = await error_of(lobby, lambda client: client.calls.create(to="+1", from_="+2", url=URL))
    assert error.status == status
    assert says in error.msg


# -- calls that are listed ---------------------------------------------------------


def fill(lobby: Lobby, count: int) -> None:
    lobby.live_calls = []
    lobby.kept = [
        record(
            f"{number:032x}",
            (SUPPORT, SALES, OTHER)[number % 3],
            status=CallStatus.REJECTED if number % 2 else CallStatus.COMPLETED,
            ended_at=STARTED + number,
        )
        for number in range(count)
    ]


async def test_all_calls_of_the_account_are_streamed_page_by_page(lobby: Lobby) -> None:
    fill(lobby, 60)
    calls = await do(lobby, lambda client: list(client.calls.stream(page_size=7)))
    expected = [f"CA{each.key}" for each in lobby.kept if each.application != "other"]
    assert [call.sid for call in calls] == expected


async def test_a_page_that_nothing_of_the_account_is_on_is_no_end(lobby: Lobby) -> None:
    lobby.live_calls = []
    lobby.kept = [record(f"{number:032x}", OTHER) for number in range(100)]
    lobby.kept.append(record(OVER, SALES))
    calls = await do(lobby, lambda client: client.calls.list(page_size=2))
    assert [call.sid for call in calls] == [f"CA{OVER}"]


async def test_pages_are_full_whatever_is_asked_for(lobby: Lobby) -> None:
    fill(lobby, 60)
    wanted = {"status": "no-answer", "end_time_after": datetime.fromtimestamp(STARTED + 20, UTC)}
    sizes, page = [], await do(lobby, lambda client: client.calls.page(page_size=4, **wanted))
    while page:
        sizes.append(len(list(page)))
        page = await asyncio.to_thread(page.next_page)
    assert sizes == [4, 4, 4, 1]


FILTERS = [
    ({"status": "no-answer"}, lambda call: call.status is CallStatus.REJECTED),
    ({"status": "completed"}, lambda call: call.status is CallStatus.COMPLETED),
    ({"status": "busy"}, lambda _: False),
    ({"to": "support"}, lambda _: True),
    ({"to": "sip:support@example.com"}, lambda _: True),
    ({"from_": "+15550009"}, lambda _: False),
    ({"parent_call_sid": f"CA{LIVE}"}, lambda _: False),
    ({"start_time": "2026-07-02"}, lambda _: True),
    ({"start_time": datetime(2026, 7, 3, tzinfo=UTC)}, lambda _: False),
    ({"start_time_after": "2026-07-02", "start_time_before": "2026-07-03"}, lambda _: True),
    ({"start_time_before": "2026-07-02"}, lambda _: False),
    (
        {"end_time_after": datetime.fromtimestamp(STARTED + 10, UTC)},
        lambda call: call.ended_at >= STARTED + 10,
    ),
    (
        {"end_time_before": datetime.fromtimestamp(STARTED + 10, UTC)},
        lambda call: call.ended_at < STARTED + 10,
    ),
    ({"end_time": "2026-07-02"}, lambda _: True),
]


@pytest.mark.parametrize(("wanted", "admits"), FILTERS)
async def test_calls_are_listed_by(
    lobby: Lobby, wanted: dict[str, Any], admits: Callable[[Any], bool]
) -> None:
    fill(lobby, 30)
    calls = await do(lobby, lambda client: client.calls.list(**wanted))
    expected = [each.key for each in lobby.kept if each.application != "other" and admits(each)]
    assert [call.sid for call in calls] == [f"CA{key}" for key in expected]


async def test_the_ledger_is_asked_for_all_that_it_can_tell(lobby: Lobby) -> None:
    client = client_of(lobby, OTHER.account_sid, OTHER.auth_token)
    calls = await asyncio.to_thread(client.calls.list, status="in-progress", to="support")
    (wanted,) = lobby.filters
    assert (wanted.applications, wanted.statuses) == (("other",), (CallStatus.IN_PROGRESS,))
    assert wanted.dialed == "support"
    assert [call.sid for call in calls] == [f"CA{FOREIGN}"]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"status": "waiting"}, "queued"),
        ({"start_time": "yesterday"}, "YYYY-MM-DD"),
        ({"parent_call_sid": "CA1"}, "32 hexadecimal digits"),
        ({"page_size": 1001}, "1 to 1000"),
        ({"page_number": 3}, "next_page_uri"),
        ({"page_token": "forged"}, "never given out"),
    ],
)
async def test_a_list_that_cannot_be_had(lobby: Lobby, wanted: dict[str, Any], says: str) -> None:
    def ask(client: Client) -> Response:
        return client.http_client.request(
            "GET",
            f"{lobby.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json",
            params={_NAMES[name]: value for name, value in wanted.items()},
            auth=client.auth,
        )

    response = await do(lobby, ask)
    assert response.status_code == 400
    assert says in response.text


_NAMES = {
    "status": "Status",
    "start_time": "StartTime",
    "parent_call_sid": "ParentCallSid",
    "page_size": "PageSize",
    "page_number": "Page",
    "page_token": "PageToken",
}


async def test_a_locked_ledger_is_told(lobby: Lobby) -> None:
    lobby.locked = True
    error = await error_of(lobby, lambda client: client.calls(f"CA{OVER}").fetch())
    assert (error.status, error.code) == (503, 20503)


async def test_the_record_of_a_call_cannot_be_deleted(lobby: Lobby) -> None:
    error = await error_of(lobby, lambda client: client.calls(f"CA{LIVE}").delete())
    assert (error.status, error.code) == (405, 20004)


async def test_what_is_not_served_says_so(lobby: Lobby) -> None:
    error = await error_of(
        lobby, lambda client: client.calls(f"CA{LIVE}").recordings("RE1").fetch()
    )
    assert (error.status, error.code) == (404, 20404)
    assert "Calls.json" in error.msg
