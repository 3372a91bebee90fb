"""Which URLs reach whom, asked for by a document and by a redirect, on real sockets."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest

from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.names import Resolver
from stasis_refer.adapters.webhooks import Webhooks
from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.credentials import download
from stasis_refer.dialects.dialect import WebhookLimits
from stasis_refer.dialects.webhook_urls import resolve
from stasis_refer.runtime.ports import WebhookError
from tests.fakes.harbour import OPEN, Harbour

LIMITS = WebhookLimits(connect=5, read=5, total=5, retries=0)

NAMES: Mapping[str, Sequence[Sequence[str]]] = {
    "open.example": [[OPEN]],
    "closed.example": [["127.0.0.1"]],
    "closed6.example": [["::1"]],
    "both.example": [["127.0.0.1", OPEN, "127.0.0.3"]],
    "both6.example": [["::1", OPEN]],
    "rebound.example": [[OPEN], ["127.0.0.1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "nat64.example": [["64:ff9b::7f00:1"]],
    "6to4.example": [["2002:7f00:1::1"]],
    "teredo.example": [["2001:0:7f00:1::1"]],
    "zero.example": [["0.0.0.0", "::"]],
    "short.example": [["127.1"]],
    "local.example": [["fe80::1"]],
    "nobody.example": [[]],
    "metadata.google.internal": [["169.254.169.254"]],
    "instance-data": [["169.254.169.254"]],
    "localhost": [["::1", "127.0.0.1"]],
    "xn--strae-oqa.example": [["127.0.0.1"]],
}


class Ends(Enum):
    """What comes of a URL."""

    REACHED = "the address that may be reached replied"
    UNREAD = "it is refused where it is read"
    FORBIDDEN = FetchFailure.FORBIDDEN
    NOWHERE = FetchFailure.REDIRECTS
    LOST = FetchFailure.CONNECTION


REACHED, UNREAD, FORBIDDEN, NOWHERE, LOST = Ends


@dataclass(frozen=True)
class Row:
    """A URL; what it comes to in a document, and behind a redirect."""

    url: str
    written: Ends
    redirected: Ends


ROWS = [
    Row("http://{o}:{p}/", REACHED, REACHED),
    Row("//{o}:{p}/", REACHED, REACHED),
    Row("/here", REACHED, REACHED),
    Row("http://open.example:{p}/", REACHED, REACHED),
    Row("HTTP://OPEN.EXAMPLE:{p}/", REACHED, REACHED),
    Row("http://open.example.:{p}/", REACHED, REACHED),
    Row("http://[::ffff:127.0.0.2]:{p}/", REACHED, REACHED),
    Row("http://[::ffff:7f00:2]:{p}/", REACHED, REACHED),
    Row("http://both.example:{p}/", REACHED, REACHED),
    Row("http://both6.example:{p}/", REACHED, REACHED),
    Row("http://user:secret@{o}:{p}/", REACHED, REACHED),
    Row("http://0x7f.2:{p}/", REACHED, REACHED),
    Row("http://0177.0.0.2:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0x7f000002:{p}/", REACHED, REACHED),
    Row("http://127.0.0.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://127.0.0.1.:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://127.0.0.1..:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://127.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://127.0.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://127.000.000.001:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0177.0.0.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0x7f.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0x7f.0x0.0x0.0x1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0x7f000001:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0x7F000001:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://2130706433:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://017700000001:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://0.0.0.0:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://00000000:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://256.0.0.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://127.0.0.3:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[::1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[0:0:0:0:0:0:0:1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[::]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[::ffff:127.0.0.1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[::ffff:7f00:1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[::127.0.0.1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[::ffff:0:127.0.0.1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[64:ff9b::127.0.0.1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[64:ff9b:1::7f00:1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[2002:7f00:1::1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[2001:0:7f00:1::1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[fe80::1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[fe80::1%25lo]:{p}/", UNREAD, FORBIDDEN),
    Row("http://[::1%25lo]:{p}/", UNREAD, FORBIDDEN),
    Row("http://[fec0::1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[fd00:ec2::254]/", FORBIDDEN, FORBIDDEN),
    Row("http://[ff02::1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[2001:db8::1]:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://[v1.x]:{p}/", LOST, LOST),
    Row("http://[::1:{p}/", UNREAD, NOWHERE),
    Row("http://[127.0.0.1]:{p}/", UNREAD, NOWHERE),
    Row("http://10.0.0.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://172.16.0.1/", FORBIDDEN, FORBIDDEN),
    Row("http://192.168.1.1/", FORBIDDEN, FORBIDDEN),
    Row("http://100.64.0.1/", FORBIDDEN, FORBIDDEN),
    Row("http://100.100.100.200/latest/meta-data", FORBIDDEN, FORBIDDEN),
    Row("http://169.254.169.254/latest/meta-data", FORBIDDEN, FORBIDDEN),
    Row("http://169.254.170.2/v2/credentials", FORBIDDEN, FORBIDDEN),
    Row("http://0xa9fea9fe/", FORBIDDEN, FORBIDDEN),
    Row("http://168.63.129.16/", FORBIDDEN, FORBIDDEN),
    Row("http://192.0.0.192/opc/v1", FORBIDDEN, FORBIDDEN),
    Row("http://192.0.2.1/", FORBIDDEN, FORBIDDEN),
    Row("http://198.51.100.1/", FORBIDDEN, FORBIDDEN),
    Row("http://203.0.113.1/", FORBIDDEN, FORBIDDEN),
    Row("http://198.18.0.1/", FORBIDDEN, FORBIDDEN),
    Row("http://224.0.0.1/", FORBIDDEN, FORBIDDEN),
    Row("http://255.255.255.255/", FORBIDDEN, FORBIDDEN),
    Row("http://metadata.google.internal/computeMetadata/v1", FORBIDDEN, FORBIDDEN),
    Row("http://metadata.google.internal./", FORBIDDEN, FORBIDDEN),
    Row("http://instance-data/latest", FORBIDDEN, FORBIDDEN),
    Row("http://localhost:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://LocalHost.:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://closed.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://closed6.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://mapped.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://nat64.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://6to4.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://teredo.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://zero.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://short.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://local.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://nobody.example:{p}/", LOST, LOST),
    Row("http://stra\u00dfe.example:{p}/", UNREAD, FORBIDDEN),
    Row("http://xn--strae-oqa.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{p}/", UNREAD, FORBIDDEN),
    Row("http://127\u30020\u30020\u30021:{p}/", UNREAD, FORBIDDEN),
    Row("http://\u2460\u2461\u2466.0.0.1:{p}/", UNREAD, FORBIDDEN),
    Row("http://127%2e0%2e0%2e1:{p}/", UNREAD, LOST),
    Row("http://%6c%6f%63%61%6c%68%6f%73%74:{p}/", UNREAD, LOST),
    Row("http://127.0.0.1%00.open.example:{p}/", UNREAD, LOST),
    Row("http://{o}:{p}@127.0.0.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://{o}@127.0.0.1:{p}/", FORBIDDEN, FORBIDDEN),
    Row("http://open.example:80@closed.example:{p}/", FORBIDDEN, FORBIDDEN),
    Row(r"http://127.0.0.1:{p}\@{o}:{p}/", UNREAD, NOWHERE),
    Row(r"http://{o}:{p}\@127.0.0.1:{p}/", UNREAD, NOWHERE),
    Row("http://{o}#@127.0.0.1:{p}/", LOST, LOST),
    Row("http://{o}:{p}/@127.0.0.1/", REACHED, REACHED),
    Row("http://127.0.0.1#@{o}:{p}/", FORBIDDEN, FORBIDDEN),
    Row(r"http:\\127.0.0.1:{p}/", UNREAD, REACHED),
    Row(r"\\127.0.0.1:{p}\x", UNREAD, REACHED),
    Row(r"/\127.0.0.1:{p}/", UNREAD, REACHED),
    Row("///127.0.0.1:{p}/", REACHED, REACHED),
    Row("http:127.0.0.1:{p}/", REACHED, REACHED),
    Row("http:/127.0.0.1:{p}/", REACHED, REACHED),
    Row("http:///127.0.0.1:{p}/", REACHED, REACHED),
    Row("http://127.0.0.1\t:{p}/", UNREAD, FORBIDDEN),
    Row("ht\ttp://127.0.0.1:{p}/", UNREAD, FORBIDDEN),
    Row("http://{o} 127.0.0.1:{p}/", UNREAD, LOST),
    Row("http://{o}:0/", LOST, LOST),
    Row("http://{o}:65536/", UNREAD, NOWHERE),
    Row("http://{o}:-1/", UNREAD, NOWHERE),
    Row("http://{o}:+{p}/", UNREAD, REACHED),
    Row("http://{o}:\uff18\uff10/", UNREAD, LOST),
    Row("http://{o}:/", LOST, LOST),
    Row("http:///", REACHED, REACHED),
    Row("http://", REACHED, NOWHERE),
    Row("file:///etc/passwd", UNREAD, NOWHERE),
    Row("file://127.0.0.1/etc/passwd", UNREAD, NOWHERE),
    Row("ftp://{o}:{p}/", UNREAD, NOWHERE),
    Row("gopher://127.0.0.1:{p}/_x", UNREAD, NOWHERE),
    Row("data:text/xml,<Response/>", UNREAD, NOWHERE),
    Row("javascript:alert(1)", UNREAD, NOWHERE),
    Row("unix:/var/run/docker.sock", UNREAD, NOWHERE),
    Row("http+unix://%2Fvar%2Frun%2Fdocker.sock/", UNREAD, NOWHERE),
    Row("ws://{o}:{p}/", UNREAD, NOWHERE),
    Row("wss://{o}:{p}/", UNREAD, NOWHERE),
    Row("sip:alice@{o}", UNREAD, NOWHERE),
    Row("blob:http://{o}:{p}/", UNREAD, NOWHERE),
    Row("jar:http://{o}:{p}/!/", UNREAD, NOWHERE),
    Row("view-source:http://{o}:{p}/", UNREAD, NOWHERE),
]


@pytest.fixture
async def harbour() -> AsyncIterator[Harbour]:
    async with Harbour(NAMES) as harbour:
        yield harbour


@pytest.fixture
async def webhooks(harbour: Harbour) -> AsyncIterator[Webhooks]:
    networks = AllowedNetworks([f"{OPEN}/32"])
    webhooks = Webhooks(harbour.noting(networks.open_socket), resolver=Resolver(harbour.lookup))
    yield webhooks
    await webhooks.close()


async def ends(webhooks: Webhooks, harbour: Harbour, text: str) -> Ends:
    try:
        url = resolve(f"http://{OPEN}:{harbour.port}/", text)
        reply = await webhooks.fetch(download(url, LIMITS))
    except ValueError:
        return UNREAD
    except WebhookError as error:
        return Ends(error.failure)
    assert reply.body.decode() == OPEN
    return REACHED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row.url))
@pytest.mark.parametrize("redirected", [False, True])
async def test_only_what_may_be_reached_is(
    *, harbour: Harbour, webhooks: Webhooks, row: Row, redirected: bool
) -> None:
    url = row.url.replace("{o}", OPEN).replace("{p}", str(harbour.port))
    harbour.location = url
    came_to = await ends(webhooks, harbour, "/to" if redirected else url)
    assert came_to is (row.redirected if redirected else row.written)
    assert set(harbour.arrived) <= {OPEN}
    assert {each.replace("::ffff:7f00:2", OPEN).rpartition(":")[2] for each in harbour.opened} <= {
        OPEN
    }
    if came_to not in {REACHED, NOWHERE}:
        assert len(harbour.arrived) == redirected


async def test_an_address_is_judged_each_time_it_is_connected_to(harbour: Harbour) -> None:
    """DNS rebinding: what a name led to a moment ago says nothing."""
    networks = AllowedNetworks([f"{OPEN}/32"])
    answers = []
    for _ in range(2):  # of aiohttp's cache, which would otherwise answer for ten seconds
        webhooks = Webhooks(networks.open_socket, resolver=Resolver(harbour.lookup))
        answers.append(await ends(webhooks, harbour, f"http://rebound.example:{harbour.port}/"))
        await webhooks.close()
    assert answers == [REACHED, FORBIDDEN]
    assert harbour.looked_up == ["rebound.example"] * 2
    assert harbour.arrived == [OPEN]


async def test_a_redirect_to_the_same_name_is_judged_anew(harbour: Harbour) -> None:
    networks = AllowedNetworks([f"{OPEN}/32"])
    url = f"http://rebound.example:{harbour.port}/to"
    harbour.location = f"http://rebound.example.:{harbour.port}/"  # the dot: no cache knows it
    webhooks = Webhooks(networks.open_socket, resolver=Resolver(harbour.lookup))
    try:
        assert await ends(webhooks, harbour, url) is FORBIDDEN
    finally:
        await webhooks.close()
    assert harbour.arrived == [OPEN]


async def test_what_stands_in_the_environment_is_passed_over(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login bob password S3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{harbour.port}")
    webhooks = Webhooks(
        AllowedNetworks(["127.0.0.0/8"]).open_socket, resolver=Resolver(harbour.lookup)
    )
    try:
        assert await ends(webhooks, harbour, f"http://{OPEN}:{harbour.port}/") is REACHED
    finally:
        await webhooks.close()
    assert harbour.arrived == [OPEN]
    assert harbour.authorizations == [""]
