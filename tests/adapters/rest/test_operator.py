import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from stasis_refer.adapters.rest.guard import CLOSED
from tests import harvest
from tests.adapters.rest.world import CALL, TOKEN, TRANSFER, World

ENDPOINTS = [
    ("GET", "/v1/calls"),
    ("GET", f"/v1/calls/{CALL.key}"),
    ("POST", f"/v1/calls/{CALL.key}/refer"),
    ("GET", "/v1/transfers"),
    ("GET", "/v1/transfers/stream"),
    ("GET", f"/v1/transfers/{TRANSFER.id}"),
    ("GET", "/openapi.json"),
]


@pytest.fixture
async def stranger(
    world: World, client: aiohttp.ClientSession
) -> AsyncIterator[aiohttp.ClientSession]:
    del client  # it serves
    async with harvest.client(world.url) as session:
        yield session


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {TOKEN}x"}])
async def test_nobody_but_the_operator_is_answered(
    world: World,
    stranger: aiohttp.ClientSession,
    method: str,
    path: str,
    headers: Mapping[str, str],
) -> None:
    async with stranger.request(method, path, headers=headers) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
        assert (await response.json())["type"] == "unauthorized"
    assert world.desk.orders == []


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_without_a_configured_token_it_stays_closed(method: str, path: str) -> None:
    world = World(token="")
    async with world.serving() as client, client.request(method, path) as response:
        assert response.status == 403
        assert await response.json() == {
            "type": "forbidden",
            "message": CLOSED,
            "field": "Authorization",
        }


async def test_too_much_is_refused_in_the_one_form(world: World) -> None:
    world.rate = 1.0
    async with world.serving() as client:
        for _ in range(2):
            async with client.get("/v1/calls") as response:
                assert response.status == 200
        async with client.get("/v1/calls") as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "1"
            assert (await response.json())["field"] is None
    assert world.limits == ["http_rate"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/v1/calls", 405),
        ("POST", "/v1/transfers", 405),
        ("GET", f"/v1/calls/{CALL.key}/refer", 405),
        ("GET", "/v1", 404),
        ("GET", "/v1/calls/", 404),
        ("HEAD", "/v1/calls", 200),
    ],
)
async def test_what_there_is(
    client: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as response:
        assert response.status == status
        assert response.content_type == "application/json"


# -- nothing secret in the log ---------------------------------------------------

MALFORMED = (
    f"GET /v1/calls HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\0\r\n\r\n",
    f"GET /v1/calls?token={TOKEN} HTP/1.1\r\nHost: a\r\n\r\n",
    f"GET /v1/calls HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}{'x' * 10_000}\r\n\r\n",
    f"{TOKEN} / HTTP/1.1\r\n: {TOKEN}\r\n\r\n",
)


async def _bug(request: web.Request) -> web.Response:
    raise RuntimeError(request.method)


async def _send(world: World, text: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(text.encode())
    answer = await reader.read(1000)
    writer.close()
    return answer


async def test_no_secret_is_logged_whatever_comes(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World(more=(web.get("/v1/bug", _bug),))
    wrong = (f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}\N{SNOWMAN}")
    with capture_logs() as logs:
        async with world.serving() as client:
            for path in ("/v1/calls", "/v1/calls?x=1", "/v1/transfers/none", "/v1/bug"):
                async with client.get(path) as response:
                    await response.read()
            for authorization in wrong:
                headers = {"Authorization": authorization}
                async with client.get("/v1/calls", headers=headers) as response:
                    assert response.status == 401
                    assert "hunter2" not in await response.text()
            for text in MALFORMED:
                assert b" 400 " in await _send(world, text)
    written = [str(log) for log in logs] + [caplog.text, *capfd.readouterr()]
    assert any("a malformed HTTP request was refused" in each for each in written)
    assert any("an HTTP request failed" in each for each in written)
    assert not [each for each in written if "hunter2" in each]


async def test_bytes_that_are_no_text_are_no_token(world: World) -> None:
    async with world.serving():
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(b"GET /v1/calls HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
        assert b" 401 " in await reader.readline()
        writer.close()
