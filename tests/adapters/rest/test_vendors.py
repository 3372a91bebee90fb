"""What holds on every path of every vendor."""

from base64 import b64encode
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from stasis_refer.core.application import Callback
from stasis_refer.dialects.rest import RestRoute, RestVendor
from stasis_refer.dialects.rest_registry import REST_VENDORS
from tests import harvest
from tests.adapters.rest.lobby import ACCOUNT, LIVE, TOKEN, application, lobby_of, record

BASIC = {"Authorization": f"Basic {b64encode(f'{ACCOUNT}:{TOKEN}'.encode()).decode()}"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CREDENTIALS = {"twiml": BASIC, "rcml": BASIC, "bxml": BASIC, "jambonz": BEARER}
SIDS = {
    "twiml": f"CA{LIVE}",
    "rcml": f"CA{LIVE}",
    "bxml": f"c-{UUID(LIVE)}",
    "jambonz": str(UUID(LIVE)),
}
URL_OF = {"twiml": "Url", "rcml": "Url", "bxml": "redirectUrl", "jambonz": "call_hook"}
URL = "https://elsewhere.example.com/document"


def routes(*methods: str, inside: str = "") -> list[Any]:
    return [
        pytest.param(vendor, route, id=f"{vendor.dialect} {route.method} {route.path}")
        for vendor in REST_VENDORS
        for route in vendor.routes
        if route.method in methods and inside in route.path
    ]


async def answer_of(
    vendor: RestVendor, route: RestRoute, query: dict[str, str], *, sent: dict[str, str]
) -> tuple[int, str, int]:
    """Return status and text that a request with a query is answered with, and what it did."""
    support = application("support", vendor.dialect)
    how = "data" if vendor.dialect in {"twiml", "rcml"} else "json"
    body: dict[str, Any] = {how: sent} if sent else {}
    path = route.path.format(account=ACCOUNT, call=SIDS[vendor.dialect])
    async with lobby_of(support) as lobby, harvest.client(lobby.url) as client:
        lobby.live_calls = [record(LIVE, support)]
        asked = client.request(
            route.method, path, params=query, headers=CREDENTIALS[vendor.dialect], **body
        )
        async with asked as response:
            text = await response.text()
        return response.status, text, len(lobby.orders) + len(lobby.made)


@pytest.mark.parametrize(("vendor", "route"), routes("GET", "POST", "PUT", "DELETE"))
async def test_a_parameter_in_a_query_that_there_is_not_is_an_error_that_names_it(
    vendor: RestVendor, route: RestRoute
) -> None:
    status, text, done = await answer_of(vendor, route, {"Colour": "blue"}, sent={})
    assert (status, "Colour" in text, done) == (400, True, 0)


@pytest.mark.parametrize(("vendor", "route"), routes("POST", "PUT", inside="{call}"))
async def test_what_stands_in_the_query_of_a_change_is_not_taken_for_its_body(
    vendor: RestVendor, route: RestRoute
) -> None:
    body = {URL_OF[vendor.dialect]: URL}
    status, text, done = await answer_of(vendor, route, body, sent=body)
    assert (status, "query" in text, done) == (400, True, 0)


ABROAD = "http://user:hunter2@10.0.0.5/document"
TWILIO_CALL = {"To": "+1", "From": "+2"}
BANDWIDTH_CALL = {"to": "+1", "from": "+2", "applicationId": "support"}
JAMBONZ_CALL = {"from": "+1", "to": {"type": "user", "name": "bob"}}
NAMING = [
    # dialect, of a live call, body
    ("twiml", True, {"Url": ABROAD}),
    ("twiml", True, {"Url": URL, "FallbackUrl": ABROAD}),
    ("twiml", True, {"Twiml": f"<Response><Redirect>{ABROAD}</Redirect></Response>"}),
    ("twiml", True, {"Twiml": f"<Response><Gather><Play>{ABROAD}</Play></Gather></Response>"}),
    ("twiml", False, {**TWILIO_CALL, "Url": ABROAD}),
    ("twiml", False, {**TWILIO_CALL, "Url": URL, "StatusCallback": ABROAD}),
    ("rcml", True, {"Url": ABROAD, "MoveConnectedCallLeg": "true"}),
    ("rcml", False, {**TWILIO_CALL, "Url": ABROAD}),
    ("bxml", True, {"redirectUrl": ABROAD}),
    ("bxml", True, {"redirectUrl": URL, "redirectFallbackUrl": ABROAD, "tag": "one"}),
    ("bxml", True, {"redirectUrl": "http://10.0.0.5/", "username": "a", "password": "hunter2"}),
    ("bxml", False, {**BANDWIDTH_CALL, "answerUrl": ABROAD}),
    ("bxml", False, {**BANDWIDTH_CALL, "answerUrl": URL, "disconnectUrl": ABROAD}),
    ("jambonz", True, {"call_hook": ABROAD}),
    ("jambonz", True, {"call_hook": {"url": "http://10.0.0.5/", "username": "a"}}),
    ("jambonz", False, {**JAMBONZ_CALL, "call_hook": ABROAD}),
    ("jambonz", False, {**JAMBONZ_CALL, "call_hook": URL, "call_status_hook": ABROAD}),
    (
        "jambonz",
        False,
        {**JAMBONZ_CALL, "app_json": f'[{{"verb": "redirect", "actionHook": "{ABROAD}"}}]'},
    ),
]


@pytest.mark.parametrize(("dialect", "live", "body"), NAMING)
async def test_a_url_that_can_never_be_requested_is_told_at_once(
    dialect: str, body: dict[str, Any], *, live: bool
) -> None:
    vendor = next(each for each in REST_VENDORS if each.dialect == dialect)
    route = next(
        each for each in vendor.routes if each.method == "POST" and ("{call}" in each.path) is live
    )
    status, text, done = await answer_of(vendor, route, {}, sent=body)
    assert (status, "the address 10.0.0.5 is not public" in text, done) == (400, True, 0), text
    assert "hunter2" not in text


async def test_twilio_has_a_number_for_it() -> None:
    vendor = next(each for each in REST_VENDORS if each.dialect == "twiml")
    route = next(
        each for each in vendor.routes if (each.method, "{call}" in each.path) == ("POST", True)
    )
    _, text, _ = await answer_of(vendor, route, {}, sent={"Url": ABROAD})
    assert '"code": 21205' in text


async def test_a_url_of_the_configuration_is_no_mistake_of_the_request() -> None:
    inside = Callback("http://10.0.0.5/status")
    support = replace(application("support", "twiml"), status_callback=inside)
    form = {**TWILIO_CALL, "ApplicationSid": "support"}
    async with lobby_of(support) as lobby, harvest.client(lobby.url) as client:
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        async with client.post(path, data=form, headers=BASIC) as response:
            assert response.status == 201
        assert len(lobby.made) == 1
