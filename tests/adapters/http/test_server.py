import asyncio
import gzip
import json
import logging
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from yarl import URL

from stasis_refer.adapters.http import HttpServer
from tests import harvest

PAGE = b"# HELP up 1 while it runs.\n# TYPE up gauge\nup 1.0\n"
SOUND = b"RIFF....WAVE"
RECORDING = f"{'0123456789abcdef' * 2}-1"


async def _echo(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def _bug(_: web.Request) -> web.Response:
    raise ZeroDivisionError


async def _refuse(_: web.Request) -> web.Response:
    raise web.HTTPUnauthorized(text="A token is needed.", headers={"WWW-Authenticate": "Bearer"})


async def _own_error(_: web.Request) -> web.Response:
    body = {"code": 20003, "message": "Authenticate"}
    raise web.HTTPForbidden(text=json.dumps(body), content_type="application/json")


async def _no_recording(_: str) -> bytes | None:
    return None


class World:
    """A server that runs, and what it is asked about."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.metrics_take = 0.0
        self.accepted: list[str] = []  # formats of metrics
        self.wanted: list[str] = []  # recordings
        self.too_large = 0
        self.server = HttpServer(
            "127.0.0.1",
            0,
            not_ready=lambda: self.reasons,
            metrics=self._metrics,
            media={"a1.wav": SOUND}.get,
            recording=self._recording,
            routes=[
                web.post("/v1/echo", _echo),
                web.get("/v1/bug", _bug),
                web.get("/v1/closed", _refuse),
                web.get("/v1/own", _own_error),
            ],
            too_large=self._count_too_large,
        )

    async def _recording(self, name: str) -> bytes | None:
        self.wanted.append(name)
        return SOUND if name == RECORDING else None

    def _count_too_large(self) -> None:
        self.too_large += 1

    def _metrics(self, accept: str) -> tuple[bytes, str]:
        time.sleep(self.metrics_take)
        self.accepted.append(accept)
        return PAGE, "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.server.start()
    yield world
    await world.server.stop()


@pytest.fixture
async def client(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    async with harvest.client(f"http://127.0.0.1:{world.server.port}") as session:
        yield session


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/healthz", "application/json; charset=utf-8", b'{"status": "ok"}'),
        ("/readyz", "application/json; charset=utf-8", b'{"ready": true, "reasons": []}'),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", PAGE),
        ("/media/a1.wav", "audio/wav", SOUND),
        (f"/recordings/{RECORDING}.wav", "audio/wav", SOUND),
    ],
)
async def test_what_is_served(
    client: aiohttp.ClientSession, path: str, content_type: str, body: bytes
) -> None:
    async with client.get(path) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == content_type
        assert await response.read() == body
    async with client.head(path) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == content_type
        assert response.headers["Content-Length"] == str(len(body))
        assert await response.read() == b""


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ([], "*/*"),  # as aiohttp's client says by itself
        ([("Accept", "text/plain;q=0.5")], "text/plain;q=0.5"),
        ([("Accept", "text/plain"), ("Accept", "*/*;q=0.1")], "text/plain,*/*;q=0.1"),
    ],
)
async def test_a_scrape_says_which_formats_it_reads(
    world: World, client: aiohttp.ClientSession, headers: list[tuple[str, str]], accepted: str
) -> None:
    async with client.get("/metrics", headers=headers) as response:
        assert response.headers["Vary"] == "Accept"
    assert world.accepted == [accepted]


async def test_not_ready_says_why(world: World, client: aiohttp.ClientSession) -> None:
    world.reasons = ["ARI is not connected", "draining"]
    async with client.get("/readyz") as response:
        assert response.status == 503
        assert await response.json() == {"ready": False, "reasons": world.reasons}
    async with client.get("/healthz") as response:
        assert response.status == 200


async def test_asterisk_may_keep_a_sound(client: aiohttp.ClientSession) -> None:
    async with client.get("/media/a1.wav") as response:
        assert response.headers["Cache-Control"] == "max-age=86400"


@pytest.mark.parametrize(
    ("request_line", "status", "error", "message"),
    [
        ("GET /", 404, "not_found", "There is nothing at /: look for a mistake in the path."),
        (
            "GET /nothing",
            404,
            "not_found",
            "There is nothing at /nothing: look for a mistake in the path.",
        ),
        (
            "GET /media/../up",
            404,
            "not_found",
            "There is nothing at /up: look for a mistake in the path.",
        ),
        (
            "GET /media/b2.wav",
            404,
            "not_found",
            "There is no such sound; it may have been dropped.",
        ),
        (
            f"GET /recordings/{RECORDING}2.wav",
            404,
            "not_found",
            "There is no such recording; it may have been deleted.",
        ),
        ("POST /healthz", 405, "method_not_allowed", "POST is not served here: use GET or HEAD."),
        ("GET /v1/closed", 401, "unauthorized", "A token is needed."),
    ],
)
async def test_every_error_has_one_form(
    client: aiohttp.ClientSession, request_line: str, status: int, error: str, message: str
) -> None:
    async with client.request(*request_line.split()) as response:
        assert response.status == status
        field = {401: "Authorization", 404: "path", 405: "method"}[status]
        assert await response.json() == {"type": error, "message": message, "field": field}


@pytest.mark.parametrize(
    "name",
    [
        f"{RECORDING}",
        f"{RECORDING}.mp3",
        f"{RECORDING.upper()}.wav",
        f"{RECORDING[1:]}.wav",
        f"{RECORDING[:33]}.wav",
        f"{RECORDING}x.wav",
        "..%2F..%2Fpassword-1.wav",
        f"x%2F{RECORDING}.wav",
        "",
    ],
)
async def test_asterisk_is_asked_for_recordings_of_ours_alone(
    world: World, client: aiohttp.ClientSession, name: str
) -> None:
    url = f"http://127.0.0.1:{world.server.port}/recordings/{name}"
    async with client.get(URL(url, encoded=True)) as response:
        assert response.status == 404
    assert world.wanted == []


@pytest.mark.parametrize(
    ("method", "path", "header", "value"),
    [
        ("POST", "/healthz", "Allow", "GET,HEAD"),
        ("GET", "/v1/closed", "WWW-Authenticate", "Bearer"),
    ],
)
async def test_an_error_keeps_the_headers_that_belong_to_it(
    client: aiohttp.ClientSession, method: str, path: str, header: str, value: str
) -> None:
    async with client.request(method, path) as response:
        assert response.headers[header] == value


async def test_a_bug_is_logged_and_not_shown(client: aiohttp.ClientSession) -> None:
    with capture_logs() as logs:
        async with client.get("/v1/bug") as response:
            assert response.status == 500
            assert (await response.json())["type"] == "internal_server_error"
            assert "ZeroDivision" not in await response.text()
    assert [(log["event"], log["path"]) for log in logs] == [("an HTTP request failed", "/v1/bug")]


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 413)])
async def test_a_body_may_have_64_kib(
    world: World, client: aiohttp.ClientSession, size: int, status: int
) -> None:
    async with client.post("/v1/echo", data=b"x" * size) as response:
        assert response.status == status
        if status == 413:
            assert await response.json() == {
                "type": "too_large",
                "message": "The body has more than 65536 bytes: make it smaller.",
                "field": "body",
            }
    assert world.too_large == (status == 413)


@pytest.mark.parametrize("path", ["/v1/echo", "/healthz"])
async def test_a_packed_body_is_refused_and_not_unpacked(
    client: aiohttp.ClientSession, path: str
) -> None:
    packed = gzip.compress(b"a" * 1000)
    headers = {"Content-Encoding": "gzip"}
    async with client.post(path, data=packed, headers=headers) as response:
        assert response.status == 415
        assert await response.json() == {
            "type": "unsupported_media_type",
            "message": "Send the body as it is, neither packed nor encoded.",
            "field": "Content-Encoding",
        }


async def test_a_client_who_leaves_in_the_middle_of_a_body_is_no_fault_of_ours(
    world: World, client: aiohttp.ClientSession
) -> None:
    with capture_logs() as logs:
        _, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        writer.write(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        await writer.drain()
        async with client.get("/healthz"):
            pass
        writer.transport.abort()
        async with client.get("/healthz"):
            pass
        await asyncio.sleep(0.05)
    assert logs == []


async def test_an_error_that_is_json_stays_as_it_is(client: aiohttp.ClientSession) -> None:
    async with client.get("/v1/own") as response:
        assert response.status == 403
        assert await response.json() == {"code": 20003, "message": "Authenticate"}


async def test_a_malformed_request_is_logged_without_its_text(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nAuthorization: hunter2\0\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
    assert [log["event"] for log in logs] == ["a malformed HTTP request was refused"]
    assert "hunter2" not in caplog.text + str(logs)


async def test_a_slow_scrape_holds_up_nothing(world: World, client: aiohttp.ClientSession) -> None:
    world.metrics_take = 0.5
    scrape = asyncio.create_task(client.get("/metrics"))
    await asyncio.sleep(0.1)
    async with client.get("/healthz") as response:
        assert response.status == 200
    assert not scrape.done()
    async with await scrape as response:
        assert await response.read() == PAGE


async def test_a_port_in_use_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HttpServer(
            "127.0.0.1",
            taken.getsockname()[1],
            not_ready=list,
            metrics=lambda _: (b"", ""),
            media=lambda _: None,
            recording=_no_recording,
        )
        with pytest.raises(OSError, match="in use"):
            await server.start()
        await server.stop()


async def test_requests_are_not_logged(
    client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with client.get("/healthz") as response:
        assert response.status == 200
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []


async def test_a_stopped_server_leaves_its_port() -> None:
    world = World()
    await world.server.start()
    port = world.server.port
    await world.server.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass
