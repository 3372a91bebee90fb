"""Every mistake that can be made in a request to ``/v1``, and what is answered."""

import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests import harvest
from tests.adapters.rest.world import AS_OPERATOR, CALL, TRANSFER, World

REFER = f"/v1/calls/{CALL.key}/refer"
JSON = {"Content-Type": "application/json"}
TARGET = '{"target": "sip:a@example.com"}'


@dataclass(frozen=True)
class Asked:
    """A request; its headers are those of the operator and ``headers``."""

    line: str
    body: str | None = None
    headers: dict[str, str | None] = field(default_factory=dict)


def get(path: str, **headers: str | None) -> Asked:
    return Asked(f"GET {path}", None, {k.replace("_", "-"): v for k, v in headers.items()})


def post(body: str = TARGET, path: str = REFER, **headers: str | None) -> Asked:
    return Asked(
        f"POST {path}", body, {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


def refers(**changes: Any) -> Asked:  # noqa: ANN401 - JSON
    return post(json.dumps({"target": "sip:a@example.com", **changes}))


NOT_ACCEPTED = "not accepted here: send those of the configuration"
MISTAKES = [
    # -- who asks, and for what
    (get("/v1/calls", Authorization=None), 401, "unauthorized", "Authorization", NOT_ACCEPTED),
    (get("/v1/calls", Authorization="Bearer x"), 401, "unauthorized", "Authorization", "send"),
    (get("/v1/calls", Authorization="Basic eDp5"), 401, "unauthorized", "Authorization", "send"),
    (get("/openapi.json", Authorization="x"), 401, "unauthorized", "Authorization", "send"),
    (post(Authorization="Bearer x"), 401, "unauthorized", "Authorization", "send"),
    (get("/v1"), 404, "not_found", "path", "nothing at /v1: look for a mistake"),
    (get("/v1/calls/"), 404, "not_found", "path", "nothing at /v1/calls/"),
    (get("/v1/call"), 404, "not_found", "path", "nothing at /v1/call"),
    (get("/v1/calls/x/y"), 404, "not_found", "path", "nothing at"),
    (get("/v1/calls/x"), 404, "not_found", "call", "GET /v1/calls tells which are live"),
    (get("/v1/transfers/x"), 404, "not_found", "transfer", "GET /v1/transfers tells"),
    (Asked("POST /v1/calls"), 405, "method_not_allowed", "method", "use GET or HEAD"),
    (Asked("PUT /v1/calls/x"), 405, "method_not_allowed", "method", "use GET or HEAD"),
    (Asked("DELETE /v1/transfers/x"), 405, "method_not_allowed", "method", "DELETE is not"),
    (Asked("OPTIONS /v1/calls"), 405, "method_not_allowed", "method", "use GET or HEAD"),
    (get(REFER), 405, "method_not_allowed", "method", "use POST"),
    # -- parameters
    (get("/v1/calls?x=1"), 400, "invalid", "x", "use one of application, caller"),
    (get("/v1/calls?=1"), 400, "invalid", "", "whose name is empty"),
    (get("/v1/calls?X"), 400, "invalid", "X", "unknown"),
    (get("/v1/calls?limit=1&limit=2"), 400, "invalid", "limit", "give it once"),
    (get("/v1/calls?limit=2&limit=2"), 400, "invalid", "limit", "give it once"),
    (get("/v1/calls?limit="), 400, "invalid", "limit", "in digits"),
    (get("/v1/calls?limit=-1"), 400, "invalid", "limit", "in digits"),
    (get("/v1/calls?limit=1001"), 400, "invalid", "limit", "less than or equal to 1000"),
    (get("/v1/calls?status=up"), 400, "invalid", "status", "use 'initiated'"),
    (get("/v1/calls?application="), 400, "invalid", "application", "leave it out"),
    (get(f"/v1/calls?caller={'x' * 257}"), 400, "invalid", "caller", "at most 256"),
    (get("/v1/calls?cursor=zzz"), 400, "invalid", "cursor", "with the filters of that page"),
    (get(f"/v1/calls/{CALL.key}?x=1"), 400, "invalid", "x", "take it out"),
    (get(f"/v1/transfers/{TRANSFER.id}?x=1"), 400, "invalid", "x", "take it out"),
    (get("/v1/transfers/stream?x=1"), 400, "invalid", "x", "take it out"),
    (get("/openapi.json?x=1"), 400, "invalid", "x", "take it out"),
    (get("/v1/transfers?since=yesterday"), 400, "invalid", "since", "write one as"),
    (get("/v1/transfers?open=1"), 400, "invalid", "open", "true or false"),
    (get("/v1/transfers?code=99"), 400, "invalid", "code", "equal to 100"),
    (get("/v1/transfers?outcome=ok"), 400, "invalid", "outcome", "'completed'"),
    (post(path=f"{REFER}?x=1"), 400, "invalid", "x", "take it out"),
    (post(path=f"{REFER}?target=sip:a@b"), 400, "invalid", "target", "take it out"),
    (Asked("GET /v1/calls", "{}", {}), 400, "invalid", "body", "send it without"),
    # -- headers
    (post(Idempotency_Key="a b"), 400, "invalid", "Idempotency-Key", "no blanks"),
    (post(Idempotency_Key=""), 400, "invalid", "Idempotency-Key", "1 to 255"),
    (
        post(Content_Type="text/plain"),
        *(415, "unsupported_media_type", "Content-Type", "Content-Type: application/json"),
    ),
    (
        post(Content_Type="application/json; charset=utf-16"),
        *(415, "unsupported_media_type", "Content-Type", "UTF-8"),
    ),
    (
        post(Content_Encoding="gzip"),
        *(415, "unsupported_media_type", "Content-Encoding", "as it is"),
    ),
    # -- bodies that cannot be read
    (post(""), 400, "bad_json", "body", "There is no body: send an object"),
    (post("{"), 400, "bad_json", "body", "Line 1, column 2: not JSON; the document breaks off"),
    (post('{"target": "a", "target": "b"}'), 400, "bad_json", "body", "stands twice"),
    (post('{"ring_timeout": 1e999}'), 400, "bad_json", "body", "out of range"),
    (post("[" * 100 + "]" * 100), 400, "bad_json", "body", "levels"),
    (post("x" * 65_537), 413, "too_large", "body", "65536 bytes: make it smaller"),
    # -- bodies that say what cannot be
    (post("[]"), 422, "invalid", "body", "no object"),
    (post("null"), 422, "invalid", "body", "no object"),
    (post("{}"), 422, "invalid", "target", "missing"),
    (post('{"": 1, "target": "a"}'), 422, "invalid", "", "whose name is empty"),
    (refers(target=None), 422, "invalid", "target", "no text"),
    (refers(target=""), 422, "invalid", "target", "empty"),
    (refers(to="b"), 422, "invalid", "to", "use one of headers"),
    (refers(headers={"X": 1}), 422, "invalid", "headers.X", "put it in quotes"),
    (refers(ring_timeout=601), 422, "invalid", "ring_timeout", "equal to 600"),
    (refers(ring_timeout="5"), 422, "invalid", "ring_timeout", "without quotes"),
    (refers(on_success={}), 422, "invalid", "on_success", '{"hangup": true}'),
    (refers(on_success={"url": "/x"}), 422, "invalid", "on_success.url", "http://"),
    (refers(on_failure={"continue": 1}), 422, "invalid", "on_failure.continue", "use true"),
]


@pytest.mark.parametrize(
    ("asked", "status", "kind", "name", "says"),
    MISTAKES,
    ids=[f"{asked.line:.60} {asked.body or '':.40}" for asked, *_ in MISTAKES],
)
async def test_every_mistake_is_told_in_one_form(  # noqa: PLR0913, PLR0917 - a table
    world: World,
    client: aiohttp.ClientSession,
    asked: Asked,
    status: int,
    kind: str,
    name: str | None,
    says: str,
) -> None:
    del client  # it serves
    method, path = asked.line.split(" ", 1)
    given = {**AS_OPERATOR, **asked.headers}
    headers = {header: value for header, value in given.items() if value is not None}
    body = None if asked.body is None else asked.body.encode()
    async with (
        harvest.client(world.url) as session,
        session.request(method, path, data=body, headers=headers) as response,
    ):
        problem = await response.json()
        assert (response.status, response.content_type) == (status, "application/json")
    message = problem.pop("message")
    assert problem == {"type": kind, "field": name}
    assert says in message
    assert message.endswith(".")
    assert message.count("column") <= 1  # the place is told once
    assert world.desk.orders == []


async def test_a_body_that_breaks_off_is_the_clients_fault(
    world: World, client: aiohttp.ClientSession
) -> None:
    packed = {**JSON, "Content-Encoding": "gzip"}
    async with client.post(REFER, data=b"\x1f\x8b no gzip", headers=packed) as response:
        assert response.status == 415
    assert world.desk.orders == []
