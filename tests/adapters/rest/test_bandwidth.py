"""Bandwidth's Python package as the client, with nothing changed but its host."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import bandwidth
import pytest
import yarl
from bandwidth.exceptions import ApiException
from bandwidth.models.bxml import Bxml, Refer, SipUri
from bandwidth.models.create_call import CreateCall
from bandwidth.models.update_call import UpdateCall

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.orders import EndCall, FetchDocument, Refusal, Refused, RunDocument
from stasis_refer.core.verbs import LegWatch, Number, Redirect, SipAddress, Tag
from tests import harvest
from tests.adapters.rest.lobby import (
    ACCOUNT,
    BASE,
    FOREIGN,
    LEG,
    LIVE,
    OVER,
    STARTED,
    TOKEN,
    Lobby,
    house,
    lobby_of,
    record,
)

T = TypeVar("T")
DIALECT = "bxml"
SUPPORT, SALES, _ = house(DIALECT)
URL = "https://elsewhere.example.com/bxml"


def id_of(key: str) -> str:
    return f"c-{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


async def do(lobby: Lobby, ask: Callable[[bandwidth.CallsApi], T], password: str = TOKEN) -> T:
    configuration = bandwidth.Configuration(
        host=f"{lobby.url}/api/v2",
        username=ACCOUNT,
        password=password,
        ignore_operation_servers=True,
    )

    def asking() -> T:
        with bandwidth.ApiClient(configuration) as client:
            return ask(bandwidth.CallsApi(client))

    return await asyncio.to_thread(asking)


async def error_of(
    lobby: Lobby, ask: Callable[[bandwidth.CallsApi], object], password: str = TOKEN
) -> ApiException:
    with pytest.raises(ApiException) as raised:
        await do(lobby, ask, password)
    return raised.value


async def test_a_call_is_shown(lobby: Lobby) -> None:
    call = await do(lobby, lambda api: api.get_call_state(ACCOUNT, id_of(LIVE)))
    assert (call.call_id, call.account_id, call.application_id) == (id_of(LIVE), ACCOUNT, "support")
    assert (call.to, call.var_from, call.direction) == ("support", "+15550001", "inbound")
    assert (call.state, call.disconnect_cause, call.end_time) == ("answered", None, None)
    assert call.answer_time.timestamp() == STARTED + 2


async def test_a_call_that_is_over_is_in_the_ledger(lobby: Lobby) -> None:
    unanswered = {"status": CallStatus.NO_ANSWER, "answered_at": None}
    lobby.kept = [record(OVER, SALES, ended_at=STARTED + 30, **unanswered)]
    call = await do(lobby, lambda api: api.get_call_state(ACCOUNT, id_of(OVER).upper()))
    assert (call.state, call.disconnect_cause) == ("disconnected", "timeout")
    assert call.error_message == "The callee did not answer in time."
    assert (call.answer_time, call.end_time.timestamp()) == (None, STARTED + 30)


async def test_a_leg_names_its_parent(lobby: Lobby) -> None:
    call = await do(lobby, lambda api: api.get_call_state(ACCOUNT, id_of(LEG)))
    assert (call.parent_call_id, call.direction) == (id_of(LIVE), "outbound")


async def test_a_call_that_was_asked_for_has_been_enqueued_when_it_was(lobby: Lobby) -> None:
    lobby.live_calls.append(record("6f" * 16, SUPPORT, direction=CallDirection.ORIGINATED))
    call = await do(lobby, lambda api: api.get_call_state(ACCOUNT, id_of("6f" * 16)))
    assert call.enqueued_time == call.start_time
    call = await do(lobby, lambda api: api.get_call_state(ACCOUNT, id_of(LIVE)))
    assert call.enqueued_time is None


@pytest.mark.parametrize("call", [id_of(FOREIGN), id_of("9" * 32), f"CA{LIVE}", LIVE])
async def test_the_call_of_another_account_is_not_found(lobby: Lobby, call: str) -> None:
    error = await error_of(lobby, lambda api: api.get_call_state(ACCOUNT, call))
    assert (error.status, error.data.type) == (404, "validation")
    assert call in error.data.description


async def test_wrong_credentials_are_refused(lobby: Lobby) -> None:
    error = await error_of(lobby, lambda api: api.list_calls(ACCOUNT), password="wrong")
    assert (error.status, error.data.type) == (401, "authentication-error")


CHANGES = [
    pytest.param(UpdateCall(redirectUrl=URL), FetchDocument(Callback(URL)), id="redirect"),
    pytest.param(
        UpdateCall(
            redirectUrl=URL,
            redirectMethod="GET",
            username="a",
            password="b:c",
            redirectFallbackUrl=f"{URL}/2",
            fallbackUsername="d",
            fallbackPassword="e",
        ),
        FetchDocument(
            Callback(
                "https://a:b%3Ac@elsewhere.example.com/bxml",
                Method.GET,
                Callback("https://d:e@elsewhere.example.com/bxml/2"),
            )
        ),
        id="redirect with all",
    ),
    pytest.param(
        UpdateCall(redirectUrl=URL, tag="order 7"),
        RunDocument((Tag("order 7"), Redirect(Callback(URL)))),
        id="redirect with a tag",
    ),
    pytest.param(
        UpdateCall(redirectUrl=URL, redirectFallbackUrl="", username="", tag=None),
        FetchDocument(Callback(URL)),
        id="redirect with what is empty",
    ),
    pytest.param(
        UpdateCall(redirectUrl=URL, tag=""),
        RunDocument((Tag(""), Redirect(Callback(URL)))),
        id="the tag is taken away",
    ),
    pytest.param(UpdateCall(state="completed"), EndCall(), id="completed"),
    pytest.param(
        UpdateCall(state="completed", redirectUrl="", redirectFallbackUrl=None),
        EndCall(),
        id="completed with what is empty",
    ),
]


@pytest.mark.parametrize(("asked", "order"), CHANGES)
async def test_a_live_call_is_changed(lobby: Lobby, asked: UpdateCall, order: object) -> None:
    await do(lobby, lambda api: api.update_call(ACCOUNT, id_of(LIVE), asked))
    assert lobby.orders == [(LIVE, order)]


async def test_a_refer_is_started_by_a_document_in_the_request(lobby: Lobby) -> None:
    refer = Refer(SipUri("sip:agent@example.com"), refer_complete_url="after")
    document = Bxml([refer]).to_bxml()
    response = await do(
        lobby,
        lambda api: api.update_call_bxml_with_http_info(ACCOUNT, id_of(LIVE), document),
    )
    assert response.status_code == 204
    ((_, order),) = lobby.orders
    (verb,) = order.document  # type: ignore[union-attr]
    assert verb.target == "sip:agent@example.com"  # type: ignore[union-attr]
    assert verb.action == Callback("https://support.example.com/voice/after")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("<Bxml><Refer></Bxml>", "BXML: Line 1, column"),
        ("<Bxml>\n  <Bridge/></Bxml>", "BXML: Line 2, column 3"),
        (" ", "send a BXML document"),
    ],
)
async def test_a_bad_document_is_refused(lobby: Lobby, document: str, says: str) -> None:
    error = await error_of(lobby, lambda api: api.update_call_bxml(ACCOUNT, id_of(LIVE), document))
    assert error.status == 400
    assert says in error.data.description
    assert lobby.orders == []


BAD_CHANGES = [
    ({}, "redirectUrl"),
    ({"state": "completed", "redirectUrl": URL}, "not allowed with state completed"),
    ({"state": "completed", "tag": ""}, "not allowed with state completed"),
    ({"state": "paused", "redirectUrl": URL}, "active and completed"),
    ({"redirectUrl": "/relative"}, "absolute URL"),
    ({"redirectUrl": URL, "redirectMethod": "PUT"}, "GET and POST"),
    ({"redirectUrl": 7}, "text"),
    ({"redirectUrl": URL, "redirectUri": URL}, "Line 1, column"),
]


async def ask(lobby: Lobby, method: str, path: str, body: object) -> tuple[int, Any]:
    """Ask what the package itself would not."""

    def asking(api: bandwidth.CallsApi) -> Any:  # noqa: ANN401 - of the package
        client, of = api.api_client, {"auth_settings": ["Basic"]}
        asked = client.param_serialize(
            method, path, header_params={"Content-Type": "application/json"}, body=body, **of
        )
        return client.call_api(*asked)

    response = await do(lobby, asking)
    return response.status, response.read()


@pytest.mark.parametrize(("asked", "says"), BAD_CHANGES)
async def test_a_bad_change_is_refused(lobby: Lobby, asked: dict[str, Any], says: str) -> None:
    path = f"/accounts/{ACCOUNT}/calls/{id_of(LIVE)}"
    status, body = await ask(lobby, "POST", path, asked)
    assert (status, says in body.decode()) == (400, True), body
    assert lobby.orders == []


@pytest.mark.parametrize("why", [Refusal.NO_CALL, Refusal.TRANSFERRING, Refusal.AWAY])
async def test_what_the_desk_refuses_is_a_conflict(lobby: Lobby, why: Refusal) -> None:
    lobby.verdict = Refused(why)
    asked = UpdateCall(redirectUrl=URL)
    error = await error_of(lobby, lambda api: api.update_call(ACCOUNT, id_of(LIVE), asked))
    assert error.status == 409
    assert "cannot be modified in its current state" in str(error.body)


# -- calls that are made -----------------------------------------------------------


async def test_a_call_is_made(lobby: Lobby) -> None:
    wanted = CreateCall(
        to="+15550003",
        **{"from": "+15550002"},
        applicationId="sales",
        answerUrl=URL,
        answerFallbackUrl=f"{URL}/2",
        disconnectUrl=f"{URL}/end",
        disconnectMethod="GET",
        username="a",
        password="b",
        callTimeout=12.5,
        displayName="Support",
        tag="order 7",
    )
    call = await do(lobby, lambda api: api.create_call(ACCOUNT, wanted))
    ((name, made),) = lobby.made
    credentials = "https://a:b@elsewhere.example.com/bxml"
    answered = Callback(credentials, fallback=Callback(f"{URL}/2"))
    assert (name, made.then) == ("sales", (Tag("order 7"), Redirect(answered)))
    assert made.callee.address == Number("+15550003")
    assert made.callee.watch == LegWatch(Callback(f"{credentials}/end", Method.GET))
    assert (made.callee.tag, made.timeout, made.time_limit) == ("order 7", 12.5, None)
    assert (made.caller_id, made.caller_name) == ("+15550002", "Support")
    assert (call.application_id, call.call_id) == ("sales", id_of("5e" * 16))
    assert call.call_url == f"{BASE}/api/v2/accounts/{ACCOUNT}/calls/{call.call_id}"
    assert (call.answer_url, call.call_timeout, call.tag) == (URL, 12.5, "order 7")
    assert (call.username, call.password) == (None, None)


async def test_a_uri_is_called_from_nobody(lobby: Lobby) -> None:
    wanted = CreateCall(
        to="sip:bob@example.com",
        **{"from": "+15550002"},
        applicationId="support",
        answerUrl=URL,
        privacy=True,
        uui="abc;encoding=hex",
    )
    await do(lobby, lambda api: api.create_call(ACCOUNT, wanted))
    ((_, made),) = lobby.made
    uui = (("User-to-User", "abc;encoding=hex"),)
    assert made.callee.address == SipAddress("sip:bob@example.com", headers=uui)
    assert (made.caller_id, made.caller_name) == ("anonymous", "Anonymous")
    assert (made.then, made.timeout) == (Callback(URL), 30.0)


async def test_a_call_asks_for_nothing_with_what_is_empty(lobby: Lobby) -> None:
    empty = {"answerFallbackUrl": "", "disconnectUrl": "", "tag": None, "uui": "", "username": ""}
    wanted = CreateCall(**GOOD, **empty, machineDetection=None, displayName="")
    await do(lobby, lambda api: api.create_call(ACCOUNT, wanted))
    ((_, made),) = lobby.made
    assert (made.then, made.callee.watch, made.callee.tag) == (Callback(URL), None, "")


GOOD = {"to": "+1", "from": "+2", "applicationId": "support", "answerUrl": URL}
BAD_CALLS: list[tuple[object, str]] = [
    (None, "no body"),
    ([], "send one in JSON"),
    ({**GOOD, "applicationId": "nobody"}, "no application"),
    ({**GOOD, "answerUrl": "elsewhere"}, "absolute URL"),
    ({**GOOD, "answerUrl": f"{URL}/{'a' * 2048}"}, "2048 characters"),
    ({**GOOD, "callTimeout": 301}, "from 1 to 300"),
    ({**GOOD, "to": "alice"}, "telephone number"),
    ({**GOOD, "uui": "abc"}, "encoding"),
    ({**GOOD, "tag": "a" * 4097}, "4096"),
    ({**GOOD, "answerurl": URL}, "no key"),
    ({**GOOD, "answerUrl": ""}, "needs the key answerUrl"),
    *(({key: each for key, each in GOOD.items() if key != name}, name) for name in GOOD),
]


@pytest.mark.parametrize(("asked", "says"), BAD_CALLS)
async def test_a_bad_call_is_not_made(lobby: Lobby, asked: object, says: str) -> None:
    status, body = await ask(lobby, "POST", f"/accounts/{ACCOUNT}/calls", asked)
    assert (status, says in body.decode()) == (400, True), body
    assert lobby.made == []


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        (Refused(Refusal.NOT_CALLABLE, "no rule in [targets]"), 400),
        (Refused(Refusal.DRAINING), 503),
    ],
)
async def test_a_call_that_the_desk_does_not_make(
    lobby: Lobby, refused: Refused, status: int
) -> None:
    lobby.refused = refused
    error = await error_of(lobby, lambda api: api.create_call(ACCOUNT, CreateCall(**GOOD)))
    assert error.status == status


# -- calls that are listed ---------------------------------------------------------


async def test_calls_are_listed_page_by_page(lobby: Lobby) -> None:
    found = []
    token = None
    while True:
        page = await do(
            lobby,
            lambda api: api.list_calls_with_http_info(
                ACCOUNT,
                page_size=1,
                page_token=token,  # noqa: B023 - called at once
            ),
        )
        found += [call.call_id for call in page.data]
        link = page.headers.get("Link")
        if link is None:
            break
        assert link.startswith(f"<{BASE}/api/v2/accounts/{ACCOUNT}/calls?")
        assert link.endswith('>; rel="next"')
        token = link.split("pageToken=")[1].split(">")[0]
    assert found == [id_of(LIVE), id_of(LEG), id_of(OVER)]


async def test_the_next_page_is_where_this_one_is_however_the_account_is_spelled() -> None:
    path = "/api/v2/accounts/%0D%0AX%3E/calls"
    headers = {"Authorization": f"Basic {b64encode(f'support:{TOKEN}'.encode()).decode()}"}
    any_account = replace(SUPPORT, account_sid="", username="support", password=TOKEN)
    async with lobby_of(any_account) as lobby, harvest.client(headers=headers) as client:
        lobby.kept = [record(LIVE, any_account), record(OVER, any_account)]
        url = yarl.URL(f"{lobby.url}{path}?pageSize=1", encoded=True)
        async with client.get(url) as response:
            assert response.status == 200
            assert response.headers["Link"].startswith(f"<{BASE}{path}?")


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ({"to": "support"}, [LIVE, LEG, OVER]),
        ({"var_from": "sip:+15550009@example.com"}, []),
        ({"disconnect_cause": "hangup"}, [OVER]),
        ({"disconnect_cause": "timeout"}, []),
        ({"disconnect_cause": "invalid-bxml"}, []),
        ({"min_start_time": "2026-07-02T13:46:40Z"}, [LIVE, LEG, OVER]),
        ({"min_start_time": "2026-07-02T13:46:41Z"}, []),
        ({"max_start_time": "2026-07-02T13:46:40Z"}, [LIVE, LEG, OVER]),
        ({"max_start_time": "2026-07-02T13:46:39Z"}, []),
    ],
)
async def test_calls_are_listed_by(lobby: Lobby, wanted: dict[str, str], keys: list[str]) -> None:
    calls = await do(lobby, lambda api: api.list_calls(ACCOUNT, **wanted))
    assert [call.call_id for call in calls] == [id_of(key) for key in keys]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"disconnect_cause": "boredom"}, "hangup"),
        ({"min_start_time": "now"}, "ISO 8601"),
        ({"page_token": "forged"}, "never given out"),
    ],
)
async def test_a_list_that_cannot_be_had(lobby: Lobby, wanted: dict[str, str], says: str) -> None:
    error = await error_of(lobby, lambda api: api.list_calls(ACCOUNT, **wanted))
    assert error.status == 400
    assert says in error.data.description


async def test_another_content_type_is_refused(lobby: Lobby) -> None:
    asked = UpdateCall(redirectUrl=URL)
    error = await error_of(
        lobby,
        lambda api: api.update_call(ACCOUNT, id_of(LIVE), asked, _content_type="text/json"),
    )
    assert (error.status, error.data.type) == (415, "validation")
