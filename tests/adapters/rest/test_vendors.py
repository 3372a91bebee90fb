"""What holds on every path of every vendor."""

from base64 import b64encode
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from stasis_refer.dialects.rest import RestRoute, RestVendor
from stasis_refer.dialects.rest_registry import REST_VENDORS
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
    async with lobby_of(support) as lobby, aiohttp.ClientSession(lobby.url) as client:
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
