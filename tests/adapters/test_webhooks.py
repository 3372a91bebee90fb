import asyncio
import gzip
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import pytest
from aiohttp import AddrInfoType, SocketFactoryType

from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.webhooks import Webhooks
from stasis_refer.core.application import Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import WebhookLimits, WebhookRequest
from stasis_refer.dialects.jambonz_requests import LIMITS as JAMBONZ
from stasis_refer.runtime import ports
from stasis_refer.runtime.ports import WebhookError
from tests.fakes.customer import Customer, Fault, Reply

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SHORT = WebhookLimits(connect=0.2, read=0.3, total=0.3, retries=0)


@dataclass
class Signer:
    """Counts what it signs."""

    signed: list[tuple[str, Method]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def sign(self, url: str, method: Method, now: float) -> Mapping[str, str]:
        self.signed.append((url, method))
        self.times.append(now)
        return {"X-Signature": f"{len(self.signed)}"}


def post(
    url: str,
    limits: WebhookLimits = SHORT,
    signer: Signer | None = None,
    headers: Mapping[str, str] = FORM,
) -> WebhookRequest:
    sign = (signer or Signer()).sign
    return WebhookRequest(Method.POST, url, headers, b"CallSid=CA1&From=", sign, limits)


def get(url: str, limits: WebhookLimits = SHORT, signer: Signer | None = None) -> WebhookRequest:
    return WebhookRequest(Method.GET, url, {}, b"", (signer or Signer()).sign, limits)


Asking: TypeAlias = Callable[..., WebhookRequest]


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with Customer() as customer:
        yield customer


@pytest.fixture
async def webhooks() -> AsyncIterator[Webhooks]:
    webhooks = Webhooks(AllowedNetworks(["127.0.0.0/8"]).open_socket)
    yield webhooks
    await webhooks.close()


async def failure(webhooks: Webhooks, request: WebhookRequest) -> WebhookError:
    with pytest.raises(WebhookError) as caught:
        await webhooks.fetch(request)
    return caught.value


async def test_a_form_is_posted_and_the_reply_brought(
    customer: Customer, webhooks: Webhooks
) -> None:
    url = customer.reply("/voice", Reply("<a/>", 203, "application/xml; charset=utf-8"))
    reply = await webhooks.fetch(post(f"{url}?a=%2b&b={{x}}"))
    assert reply == ports.Reply(
        203, "application/xml; charset=utf-8", b"<a/>", f"{url}?a=%2b&b={{x}}"
    )
    received = await customer.received("/voice")
    assert received.method == "POST"
    assert received.url == f"{url}?a=%2b&b={{x}}"
    assert dict(received.form) == {"CallSid": "CA1", "From": ""}
    assert dict(received.headers) == {
        "Host": url.split("/")[2],
        "User-Agent": "stasis-refer",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Signature": "1",
        "Content-Length": "17",
    }


async def test_a_get_has_no_body(customer: Customer, webhooks: Webhooks) -> None:
    await webhooks.fetch(get(customer.reply("/voice", "<a/>") + "?CallSid=CA1"))
    received = await customer.received("/voice")
    assert (received.method, received.body) == ("GET", b"")
    assert received.query["CallSid"] == "CA1"
    assert "Content-Length" not in received.headers


async def test_an_empty_reply_without_a_type_is_a_reply(
    customer: Customer, webhooks: Webhooks
) -> None:
    url = customer.reply("/voice", Reply(b"", 204))
    reply = await webhooks.fetch(post(url))
    assert (reply.status, reply.body) == (204, b"")


async def test_cookies_are_not_kept(customer: Customer, webhooks: Webhooks) -> None:
    url = customer.reply("/voice", Reply(headers={"Set-Cookie": "a=b; Path=/"}))
    url = url.replace("127.0.0.1", "localhost")  # aiohttp keeps none for addresses anyway
    await webhooks.fetch(post(url))
    await webhooks.fetch(post(url))
    assert all("Cookie" not in request.headers for request in customer.requests)


async def test_text_that_does_not_fit_a_request_line_is_encoded_and_signed_so(
    customer: Customer, webhooks: Webhooks
) -> None:
    customer.reply("/ä b", "<a/>")
    signer = Signer()
    await webhooks.fetch(post(customer.url("/ä b"), signer=signer))
    received = await customer.received("/ä b")
    assert received.url == customer.url("/%C3%A4%20b")
    assert signer.signed == [(received.url, Method.POST)]


@dataclass(frozen=True)
class Failing:
    kind: FetchFailure
    message: str
    within: float  # seconds


FAULTS = {
    Fault.REFUSED: Failing(FetchFailure.CONNECTION, "gave no connection: Connection refused", 0.4),
    Fault.UNREACHABLE: Failing(FetchFailure.CONNECTION, "gave no connection within 0.2 s", 0.4),
    Fault.BAD_TLS: Failing(FetchFailure.TLS, "self-signed certificate", 0.4),
    Fault.BLACK_HOLE: Failing(FetchFailure.TIMEOUT, "did not reply within 0.3 s", 0.8),
    Fault.RESET: Failing(FetchFailure.CONNECTION, "broke the connection off", 0.4),
    Fault.NOT_HTTP: Failing(FetchFailure.CONNECTION, "did not answer in HTTP", 0.4),
    Fault.STALL: Failing(FetchFailure.TIMEOUT, "did not reply within 0.3 s", 0.8),
    Fault.CUT_OFF: Failing(FetchFailure.CONNECTION, "broke the connection off", 0.4),
    Fault.LATE: Failing(FetchFailure.TIMEOUT, "did not reply within 0.3 s", 0.8),
    Fault.DRIP: Failing(FetchFailure.TIMEOUT, "did not reply within 0.3 s", 0.8),
    Fault.SERVER_ERROR: Failing(FetchFailure.STATUS, "answered with status 500", 0.4),
    Fault.NOT_FOUND: Failing(FetchFailure.STATUS, "answered with status 404", 0.4),
    Fault.REDIRECT_LOOP: Failing(FetchFailure.REDIRECTS, "redirected, after the 10 allowed", 0.4),
    Fault.REDIRECT_NOWHERE: Failing(FetchFailure.REDIRECTS, "with 302 to nowhere", 0.4),
    Fault.BOMB: Failing(FetchFailure.TOO_LARGE, "more than 65536 bytes", 0.4),
    Fault.TOO_LARGE: Failing(FetchFailure.TOO_LARGE, "more than 65536 bytes", 0.4),
    Fault.BAD_ENCODING: Failing(FetchFailure.CONTENT_TYPE, "cannot be decoded as 'gzip'", 0.4),
}


@pytest.mark.parametrize(("fault", "failing"), FAULTS.items())
@pytest.mark.parametrize("asking", [post, get])
async def test_each_fault_has_its_failure_in_time(
    customer: Customer, webhooks: Webhooks, asking: Asking, fault: Fault, failing: Failing
) -> None:
    url = await customer.fault(fault)
    began = time.monotonic()
    error = await failure(webhooks, asking(url + "?pin=1234"))
    assert time.monotonic() - began < failing.within
    assert error.failure is failing.kind
    assert failing.message in str(error)
    assert url.split("/")[2] in str(error)
    assert "1234" not in str(error)


NO_FAULTS_HERE = [Fault.WRONG_TYPE, Fault.UNPARSABLE, Fault.UNPARSABLE_JSON]


@pytest.mark.parametrize("fault", NO_FAULTS_HERE)
async def test_what_a_reply_says_is_not_judged_here(
    customer: Customer, webhooks: Webhooks, fault: Fault
) -> None:
    assert (await webhooks.fetch(post(await customer.fault(fault)))).status == 200


def test_every_fault_is_tested() -> None:
    assert FAULTS.keys() | set(NO_FAULTS_HERE) == set(Fault)


@pytest.mark.parametrize("fault", [Fault.BLACK_HOLE, Fault.STALL])
async def test_silence_is_bounded_by_the_read_limit(
    customer: Customer, webhooks: Webhooks, fault: Fault
) -> None:
    url = await customer.fault(fault)
    began = time.monotonic()
    error = await failure(webhooks, post(url, replace(SHORT, read=0.1, total=5)))
    assert 0.1 <= time.monotonic() - began < 1
    assert error.failure is FetchFailure.TIMEOUT
    assert "sent nothing for 0.1 s" in str(error)


async def test_no_tls_where_http_is_spoken(customer: Customer, webhooks: Webhooks) -> None:
    error = await failure(webhooks, post(customer.url("/").replace("http:", "https:")))
    assert error.failure is FetchFailure.TLS


@pytest.mark.parametrize("largest", [1000, 64 * 1024, 200_000])
async def test_the_largest_body_is_let_through_and_no_more(
    customer: Customer, webhooks: Webhooks, largest: int
) -> None:
    request = post(
        customer.reply("/v", "x" * largest, "x" * (largest + 1)), replace(SHORT, largest=largest)
    )
    assert len((await webhooks.fetch(request)).body) == largest
    error = await failure(webhooks, request)
    assert error.failure is FetchFailure.TOO_LARGE
    assert f"more than {largest} bytes" in str(error)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"<a/>")),
        ("GZIP", gzip.compress(b"<a/>")),
        ("x-gzip", gzip.compress(b"<a/>")),
        ("deflate", zlib.compress(b"<a/>")),
        ("identity", b"<a/>"),
    ],
)
async def test_compression_is_undone(
    customer: Customer, webhooks: Webhooks, encoding: str, body: bytes
) -> None:
    url = customer.reply("/v", Reply(body, headers={"Content-Encoding": encoding}))
    assert (await webhooks.fetch(post(url))).body == b"<a/>"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "identity, gzip", "aes128gcm"])
async def test_what_cannot_be_decoded_is_an_error(
    customer: Customer, webhooks: Webhooks, encoding: str
) -> None:
    body = gzip.compress(gzip.compress(b"<a/>") if "," in encoding else b"<a/>")
    url = customer.reply("/v", Reply(body, headers={"Content-Encoding": encoding}))
    error = await failure(webhooks, post(url))
    assert error.failure is FetchFailure.CONTENT_TYPE
    assert repr(encoding) in str(error)


async def test_a_compression_bomb_is_not_unpacked(customer: Customer, webhooks: Webhooks) -> None:
    url = await customer.fault(Fault.BOMB)
    tracemalloc.start()
    try:
        await failure(webhooks, post(url))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


async def test_half_a_compressed_body_is_an_error(customer: Customer, webhooks: Webhooks) -> None:
    half = gzip.compress(b"<Response/>" * 50)[:-12]
    url = customer.reply("/v", Reply(half, headers={"Content-Encoding": "gzip"}))
    assert (await failure(webhooks, post(url))).failure is FetchFailure.CONTENT_TYPE


@pytest.mark.parametrize(
    ("accepted", "status", "ok"),
    [
        (range(200, 300), 299, True),
        (range(200, 300), 304, False),
        ({200, 202, 204}, 202, True),
        ({200, 202, 204}, 201, False),
    ],
)
async def test_the_dialect_says_which_status_is_accepted(
    *, customer: Customer, webhooks: Webhooks, accepted: Iterable[int], status: int, ok: bool
) -> None:
    url = customer.reply("/v", Reply(status=status))
    request = post(url, replace(SHORT, accepted=frozenset(accepted)))
    if ok:
        assert (await webhooks.fetch(request)).status == status
    else:
        assert (await failure(webhooks, request)).status == status


@dataclass(frozen=True)
class Tries:
    replies: tuple[str | Fault, ...]
    retries: int
    retry_on: set[str]
    tries: int
    ends: FetchFailure | None = None


@pytest.mark.parametrize(
    "row",
    [
        Tries((Fault.RESET, "<a/>"), 1, {"connection"}, 2),
        Tries((Fault.RESET, "<a/>"), 0, {"connection"}, 1, FetchFailure.CONNECTION),
        Tries((Fault.RESET, "<a/>"), 1, {"timeout"}, 1, FetchFailure.CONNECTION),
        Tries((Fault.RESET,), 3, {"connection"}, 4, FetchFailure.CONNECTION),
        Tries((Fault.CUT_OFF, "<a/>"), 1, {"connection"}, 2),
        Tries((Fault.BLACK_HOLE, "<a/>"), 1, {"timeout"}, 2),
        Tries((Fault.BLACK_HOLE, "<a/>"), 1, {"connection"}, 1, FetchFailure.TIMEOUT),
        Tries((Fault.SERVER_ERROR, "<a/>"), 1, {"status_5xx"}, 2),
        Tries((Fault.SERVER_ERROR, "<a/>"), 1, {"status_4xx", "timeout"}, 1, FetchFailure.STATUS),
        Tries((Fault.NOT_FOUND, "<a/>"), 1, {"status_4xx"}, 2),
        Tries((Fault.NOT_FOUND, Fault.RESET), 2, {"status_4xx"}, 2, FetchFailure.CONNECTION),
        Tries((Fault.TOO_LARGE,), 2, {"connection", "status_5xx"}, 1, FetchFailure.TOO_LARGE),
    ],
)
@pytest.mark.parametrize("asking", [post, get])
async def test_tries_are_counted_and_each_is_signed_anew(
    customer: Customer, webhooks: Webhooks, asking: Asking, row: Tries
) -> None:
    url, signer = customer.reply("/v", *row.replies), Signer()
    request = asking(url, WebhookLimits(1, 0.15, 2, row.retries, frozenset(row.retry_on)), signer)
    if row.ends is None:
        assert (await webhooks.fetch(request)).body == b"<a/>"
    else:
        assert (await failure(webhooks, request)).failure is row.ends
    assert [each.headers["X-Signature"] for each in customer.requests] == [
        str(number) for number in range(1, row.tries + 1)
    ]


async def test_the_total_limit_bounds_all_tries(customer: Customer, webhooks: Webhooks) -> None:
    limits = WebhookLimits(1, 0.15, 0.4, 9, frozenset({"timeout"}))
    began = time.monotonic()
    error = await failure(webhooks, post(await customer.fault(Fault.BLACK_HOLE), limits))
    assert 0.35 < time.monotonic() - began < 0.9
    assert error.failure is FetchFailure.TIMEOUT
    assert len(customer.requests) == 3


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [
        (301, "GET", b""),
        (302, "GET", b""),
        (303, "GET", b""),
        (307, "POST", b"CallSid=CA1&From="),
        (308, "POST", b"CallSid=CA1&From="),
    ],
)
async def test_the_status_of_a_redirect_decides_on_method_and_body(
    customer: Customer, webhooks: Webhooks, status: int, method: str, body: bytes
) -> None:
    url = customer.reply("/a", Reply(status=status, headers={"Location": "/b?x=%2F"}))
    customer.reply("/b", "<b/>")
    signer = Signer()
    reply = await webhooks.fetch(post(url, signer=signer))
    received = await customer.received("/b")
    assert reply.url == received.url == customer.url("/b?x=%2F")
    assert (received.method, received.body) == (method, body)
    assert ("Content-Type" in received.headers) is bool(body)
    assert received.headers["X-Signature"] == "2"
    assert signer.signed == [(url, Method.POST), (reply.url, Method(method))]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("b", "/dir/b"),
        ("../b", "/b"),
        ("?x=1", "/dir/a"),
        ("/ä b", "/ä b"),
        ("{base}/abs#part", "/abs"),
        ("//{host}/same", "/same"),
    ],
)
async def test_a_location_may_be_relative(
    customer: Customer, webhooks: Webhooks, location: str, path: str
) -> None:
    base = customer.url("")
    location = location.format(base=base, host=base.removeprefix("http://"))
    customer.reply(path, "<b/>")
    url = customer.reply("/dir/a", Reply(status=302, headers={"Location": location}), "<b/>")
    assert (await webhooks.fetch(post(url))).body == b"<b/>"
    assert customer.requests[-1].path == path


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "http://",
        "http://[::1/",
        "http://h:99999/",
        "a:b",
    ],
)
async def test_a_redirect_to_nowhere_is_refused(
    customer: Customer, webhooks: Webhooks, location: str
) -> None:
    url = customer.reply("/a", Reply(status=302, headers={"Location": location}))
    error = await failure(webhooks, post(url))
    assert error.failure is FetchFailure.REDIRECTS
    assert error.url == url


@pytest.mark.parametrize(
    ("allowed", "hops", "ok"), [(0, 0, True), (0, 1, False), (2, 2, True), (2, 3, False)]
)
async def test_redirects_are_counted(
    *, customer: Customer, webhooks: Webhooks, allowed: int, hops: int, ok: bool
) -> None:
    on = [Reply(status=307, headers={"Location": "/a"})] * hops
    request = post(customer.reply("/a", *on, Reply()), replace(SHORT, redirects=allowed))
    if ok:
        await webhooks.fetch(request)
    else:
        assert (await failure(webhooks, request)).failure is FetchFailure.REDIRECTS
        assert len(customer.requests) == allowed + 1


@pytest.mark.parametrize(("limits", "allowed"), [(WebhookLimits(), 10), (JAMBONZ, 0)])
async def test_the_dialect_says_how_many_redirects_are_followed(
    customer: Customer, webhooks: Webhooks, limits: WebhookLimits, allowed: int
) -> None:
    on = Reply(status=302, headers={"Location": "/a"})
    customer.reply("/a", *[on] * allowed, Reply())
    assert (await webhooks.fetch(post(customer.url("/a"), limits))).status == 200
    customer.reply("/a", *[on] * (allowed + 1), Reply())
    error = await failure(webhooks, post(customer.url("/a"), limits))
    assert error.failure is FetchFailure.REDIRECTS
    assert len(customer.requests) == 2 * (allowed + 1)


async def test_a_retry_asks_the_hop_again_that_failed(
    customer: Customer, webhooks: Webhooks
) -> None:
    url = customer.reply("/a", Reply(status=307, headers={"Location": "/b"}))
    customer.reply("/b", Fault.RESET, "<b/>")
    await webhooks.fetch(post(url, replace(SHORT, retries=1)))
    assert [each.path for each in customer.requests] == ["/a", "/b", "/b"]


async def test_authorization_stays_with_its_origin(customer: Customer, webhooks: Webhooks) -> None:
    headers = FORM | {"authorization": "Basic abc", "X-Other": "1"}
    async with Customer() as other:
        there = {"Location": other.url("/b").replace("http://", "http://user:secret@")}
        back = {"Location": customer.url("/c")}
        url = customer.reply("/start", Reply(status=307, headers={"Location": "/a"}))
        customer.reply("/a", Reply(status=307, headers=there))
        other.reply("/b", Reply(status=307, headers=back))
        customer.reply("/c", "<c/>")
        reply = await webhooks.fetch(post(url, headers=headers))
        elsewhere = await other.received("/b")
    assert reply.url == customer.url("/c")
    assert elsewhere.headers["X-Other"] == "1"
    assert "Authorization" not in elsewhere.headers
    assert [each.headers.get("Authorization") for each in customer.requests] == [
        "Basic abc",
        "Basic abc",
        None,
    ]


@pytest.mark.parametrize("safe", [True, False])
async def test_no_redirect_leads_from_https_to_http(*, customer: Customer, safe: bool) -> None:
    url = await customer.secure_url("/a")
    target = customer.reply("/b", "<b/>")
    location = await customer.secure_url("/b") if safe else target
    customer.reply("/a", Reply(status=307, headers={"Location": location}))
    trust = ssl.create_default_context(cadata=customer.certificate)
    webhooks = Webhooks(AllowedNetworks(["127.0.0.0/8"]).open_socket, trust)
    try:
        if safe:
            assert (await webhooks.fetch(post(url))).body == b"<b/>"
        else:
            error = await failure(webhooks, post(url))
            assert error.failure is FetchFailure.REDIRECTS
            assert "from https to http" in str(error)
    finally:
        await webhooks.close()
    assert ("/b" in [each.path for each in customer.requests]) is safe


@pytest.mark.parametrize("status", [200, 404, 302])
async def test_connections_are_kept_whatever_the_reply(
    customer: Customer, webhooks: Webhooks, status: int
) -> None:
    url = customer.reply("/a", Reply(status=status, headers={"Location": "/b"}))
    customer.reply("/b", "<b/>")
    for _ in range(5):
        with suppress(WebhookError):
            await webhooks.fetch(post(url))
    assert len(customer.requests) >= 5
    assert customer.connections == 1


async def test_a_connection_that_broke_is_not_used_again(
    customer: Customer, webhooks: Webhooks
) -> None:
    url = customer.reply("/a", "<a/>", Fault.BLACK_HOLE, "x" * 1_000_000, "<a/>")
    await webhooks.fetch(post(url))
    await failure(webhooks, post(url, replace(SHORT, total=0.1)))
    await failure(webhooks, post(url))
    await webhooks.fetch(post(url))
    assert customer.connections == 3


def only_port(port: int) -> SocketFactoryType:
    """Make sockets to one port of any address, so that a redirect has where to start."""
    guard = AllowedNetworks([])

    def open_socket(info: AddrInfoType) -> socket.socket:
        return socket.socket(info[0], info[1]) if info[4][1] == port else guard.open_socket(info)

    return open_socket


IN_FULL = "write its address in full"
SETTING = "list its network in [webhooks] allow_networks"


@pytest.mark.parametrize(
    ("host", "message"),
    [
        (
            "127.0.0.1",
            f"the address 127.0.0.1 is not public; if webhooks are to reach it, {SETTING}",
        ),
        ("[::1]", f"the address ::1 is not public; if webhooks are to reach it, {SETTING}"),
        ("[::ffff:127.0.0.1]", SETTING),
        ("[::ffff:7f00:1]", SETTING),
        ("localhost", SETTING),
        ("0x7f.1", SETTING),
        ("0x7f000001", SETTING),
        ("127.1", IN_FULL),
        ("2130706433", IN_FULL),
        ("017700000001", IN_FULL),
        ("0", IN_FULL),
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
async def test_addresses_that_are_not_listed_are_not_reached(
    *, customer: Customer, host: str, message: str, redirected: bool
) -> None:
    target = f"http://{host}:{customer.port}/"
    async with Customer() as start:
        first = start.reply("/", Reply(status=302, headers={"Location": target}))
        webhooks = Webhooks(only_port(start.port))
        try:
            error = await failure(webhooks, post(first if redirected else target))
        finally:
            await webhooks.close()
        assert len(start.requests) == redirected
    assert error.failure is FetchFailure.FORBIDDEN
    assert message in str(error)
    assert error.url == target
    assert customer.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "127.0.0.1/voice",
        "/voice",
        "",
        "http://",
        "http://[::1/",
        "http://h:ab/",
    ],
)
async def test_a_url_that_is_none_is_refused(webhooks: Webhooks, url: str) -> None:
    signer = Signer()
    error = await failure(webhooks, post(url, signer=signer))
    assert (error.failure, error.url) == (FetchFailure.FORBIDDEN, url)
    assert signer.signed == []


@pytest.mark.parametrize("host", ["a" * 70 + ".invalid", "a..b", "a." * 150 + "invalid"])
async def test_a_name_that_cannot_be_resolved(webhooks: Webhooks, host: str) -> None:
    error = await failure(webhooks, post(f"http://{host}/", replace(SHORT, connect=3, total=3)))
    assert error.failure is FetchFailure.CONNECTION
    assert str(error).startswith(f"{host} cannot be resolved: ")


async def test_userinfo_is_neither_sent_nor_told(customer: Customer, webhooks: Webhooks) -> None:
    url = customer.reply("/v", Fault.NOT_FOUND).replace("http://", "http://user:secret@")
    error = await failure(webhooks, post(url + "#part"))
    assert error.url == customer.url("/v")
    assert "secret" not in str(error)
    assert "Authorization" not in customer.requests[0].headers


async def test_a_cancelled_fetch_is_cancelled(customer: Customer, webhooks: Webhooks) -> None:
    url = await customer.fault(Fault.BLACK_HOLE)
    fetch = asyncio.create_task(webhooks.fetch(post(url, WebhookLimits())))
    await customer.received(f"/{Fault.BLACK_HOLE}")
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
