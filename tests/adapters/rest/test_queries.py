import aiohttp
import pytest

MOMENT = "write one as 2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("/v1/transfers?outcom=busy", "outcom", "or use one of application, call, code"),
        ("/v1/transfers?outcome=bussy", "outcome", "use 'completed', 'busy'"),
        ("/v1/transfers?outcome=", "outcome", "use 'completed', 'busy'"),
        ("/v1/transfers?direction=out", "direction", "use 'sent' or 'received'"),
        ("/v1/transfers?code=1", "code", "greater than or equal to 100"),
        ("/v1/transfers?code=700", "code", "less than or equal to 699"),
        ("/v1/transfers?code=4xx", "code", "no whole number"),
        ("/v1/transfers?code=%D9%A4%D9%A8%D9%A6", "code", "no whole number"),
        ("/v1/transfers?limit=0", "limit", "greater than or equal to 1"),
        ("/v1/transfers?limit=201", "limit", "less than or equal to 200"),
        ("/v1/transfers?limit=1_0", "limit", "no whole number"),
        ("/v1/transfers?open=yes", "open", "true or false"),
        ("/v1/transfers?since=now", "since", MOMENT),
        ("/v1/transfers?since=1767225600", "since", MOMENT),
        ("/v1/transfers?since=2026-02-30T00:00:00Z", "since", MOMENT),
        ("/v1/transfers?since=2026-01-01T00:00:00", "since", MOMENT),
        ("/v1/transfers?since=2026-01-01T00:00:00+01:00", "since", "%2B"),
        ("/v1/transfers?application=", "application", "empty"),
        ("/v1/transfers?call=", "call", "empty"),
        ("/v1/transfers?cursor=x", "cursor", "no cursor"),
        ("/v1/transfers?code=486&code=487", "code", "more than once"),
        ("/v1/calls?limit=1001", "limit", "less than or equal to 1000"),
        ("/v1/calls?status=up", "status", "use 'initiated', 'ringing'"),
        ("/v1/calls?cursor=x", "cursor", "no cursor"),
        ("/v1/calls?cursor=%C3%BC", "cursor", "no cursor"),
        ("/v1/calls?since=2026-01-01", "since", "unknown"),
        ("/v1/calls?=1", "", "name is empty"),
        ("/v1/calls/x?y=1", "y", "unknown"),
        ("/openapi.json?y=1", "y", "unknown"),
        ("/v1/transfers/x?y=1", "y", "unknown"),
        ("/v1/transfers/stream?y=1", "y", "unknown"),
    ],
)
async def test_what_is_wrong_is_named(
    client: aiohttp.ClientSession, query: str, field: str, message: str
) -> None:
    async with client.get(query.replace("+", "%20")) as response:
        assert response.status == 400
        problem = await response.json()
    assert (problem["type"], problem["field"]) == ("invalid", field)
    assert message in problem["message"]
