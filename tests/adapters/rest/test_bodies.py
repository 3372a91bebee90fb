import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.adapters.rest.test_calls import REFER
from tests.adapters.rest.world import World

OK: dict[str, Any] = {"target": "sip:alice@example.com"}
NEXT = "It is none of what can follow"


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "target", "missing"),
        ({"target": ""}, "target", "empty"),
        ({"target": 7}, "target", "no text"),
        ({"target": None}, "target", "no text"),
        (OK | {"tarqet": "x"}, "tarqet", "or use one of headers, no_notify_timeout"),
        (OK | {"referred_by": ""}, "referred_by", "empty"),
        (OK | {"headers": []}, "headers", "no object"),
        (OK | {"headers": {"X-A": 1}}, "headers.X-A", "no text"),
        (OK | {"ring_timeout": 0}, "ring_timeout", "greater than 0"),
        (OK | {"ring_timeout": 601}, "ring_timeout", "less than or equal to 600"),
        (OK | {"no_notify_timeout": "5"}, "no_notify_timeout", "no number"),
        (OK | {"no_notify_timeout": True}, "no_notify_timeout", "no number"),
        (OK | {"on_success": "http://a/"}, "on_success", NEXT),
        (OK | {"on_success": {}}, "on_success", NEXT),
        (OK | {"on_success": {"hangup": True, "continue": True}}, "on_success", NEXT),
        (OK | {"on_success": {"hangup": False}}, "on_success.hangup", "use true"),
        (OK | {"on_failure": {"continue": 1}}, "on_failure.continue", "use true"),
        (OK | {"on_failure": {"url": ""}}, "on_failure.url", "write http://"),
        (OK | {"on_failure": {"url": "/next"}}, "on_failure.url", "write http://"),
        (OK | {"on_failure": {"url": "ftp://a/"}}, "on_failure.url", "write http://"),
        (OK | {"on_failure": {"url": "http://a b/"}}, "on_failure.url", "write http://"),
        (OK | {"on_failure": {"url": "http://a/", "method": "PUT"}}, "on_failure.method", "GET"),
        (OK | {"on_failure": {"url": "http://a/", "metod": "GET"}}, "on_failure.metod", "unknown"),
        (OK | {"": 1}, "", "name is empty"),
        ([], "body", "no object"),
        ("x", "body", "no object"),
    ],
)
async def test_what_is_wrong_is_named(
    world: World, client: aiohttp.ClientSession, body: object, field: str, message: str
) -> None:
    async with client.post(REFER, json=body) as response:
        assert response.status == 422
        problem = await response.json()
    assert problem["type"] == "invalid"
    assert problem["field"] == field
    assert message in problem["message"]
    assert world.desk.orders == []


DEEP = b'{"target": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind"),
    [
        (b"", "application/json", 400, "bad_json"),
        (b"{", "application/json", 400, "bad_json"),
        (b'{"target": "a", "target": "b"}', "application/json", 400, "bad_json"),
        (b'{"target": NaN}', "application/json", 400, "bad_json"),
        (b'{"target": "\\ud800"}', "application/json", 400, "bad_json"),
        (b'{"target": "\xff"}', "application/json", 400, "bad_json"),
        (DEEP, "application/json", 400, "bad_json"),
        (b"target=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (json.dumps(OK).encode(), "text/plain", 415, "unsupported_media_type"),
        (b'{"target": "' + b"x" * 65_536 + b'"}', "application/json", 413, "too_large"),
        (json.dumps(OK).encode(), "application/json; charset=UTF-8", 202, None),
        (
            json.dumps(OK).encode("utf-16"),
            "application/json; charset=utf-16",
            415,
            "unsupported_media_type",
        ),
    ],
)
async def test_what_is_no_json_is_not_taken(  # noqa: PLR0913, PLR0917 - a table
    world: World,
    client: aiohttp.ClientSession,
    body: bytes,
    content_type: str,
    status: int,
    kind: str | None,
) -> None:
    headers = {"Content-Type": content_type}
    async with client.post(REFER, data=body, headers=headers) as response:
        assert response.status == status
        assert (await response.json()).get("type") == kind
    assert bool(world.desk.orders) is (status == 202)


async def test_a_body_is_also_limited_where_its_length_is_not_told(
    client: aiohttp.ClientSession,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    headers = {"Content-Type": "application/json"}
    async with client.post(REFER, data=pieces(), headers=headers) as response:
        assert response.status == 413
