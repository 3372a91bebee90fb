"""What can go wrong with a customer's web server, each over real sockets."""

import asyncio
import gzip
import socket
import ssl
import struct
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the customer's; ``delay`` is in seconds, before its first byte."""

    body: str | bytes = "<Response/>"
    status: int = 200
    content_type: str = "text/xml"
    delay: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


class Fault(StrEnum):
    """A way to fail; a value is also the path it is found under."""

    REFUSED = "refused"  # nobody listens
    UNREACHABLE = "unreachable"  # the connection never comes about
    BAD_TLS = "bad_tls"  # a certificate that nobody trusts
    BLACK_HOLE = "black_hole"  # reads the request and never replies
    RESET = "reset"  # RST instead of a reply
    NOT_HTTP = "not_http"
    STALL = "stall"  # half a body, then nothing
    CUT_OFF = "cut_off"  # half a body, then the end
    DRIP = "drip"  # one byte every 20 ms, without end
    SERVER_ERROR = "server_error"
    NOT_FOUND = "not_found"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_NOWHERE = "redirect_nowhere"
    BOMB = "bomb"  # 10 MB of nothing as 10 kB of gzip
    TOO_LARGE = "too_large"  # 65 KiB
    BAD_ENCODING = "bad_encoding"
    WRONG_TYPE = "wrong_type"
    UNPARSABLE = "unparsable"
    UNPARSABLE_JSON = "unparsable_json"
    LATE = "late"  # a good reply after 15.1 s


AT_THE_PORT = frozenset({Fault.REFUSED, Fault.UNREACHABLE, Fault.BAD_TLS})
"""Those that a path cannot have: they come before the request."""

REPLIES: Mapping[Fault, Reply] = {
    Fault.SERVER_ERROR: Reply("broken", 500, "text/plain"),
    Fault.NOT_FOUND: Reply("not here", 404, "text/plain"),
    Fault.REDIRECT_LOOP: Reply(status=302, headers={"Location": "?again"}),
    Fault.REDIRECT_NOWHERE: Reply(status=302),
    Fault.BOMB: Reply(gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"}),
    Fault.TOO_LARGE: Reply("<Response>" + " " * 65 * 1024 + "</Response>"),
    Fault.BAD_ENCODING: Reply("plain", headers={"Content-Encoding": "gzip"}),
    Fault.WRONG_TYPE: Reply(b"\x89PNG\r\n", content_type="image/png"),
    Fault.UNPARSABLE: Reply("<Response><Refer></Response>"),
    Fault.UNPARSABLE_JSON: Reply('[{"verb":', content_type="application/json"),
    Fault.LATE: Reply(delay=15.1),
}


async def _black_hole(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def _reset(request: web.Request) -> web.StreamResponse:
    if (transport := request.transport) is not None:
        # socket(7): with a linger time of 0, close() sends RST.
        peer: socket.socket = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _not_http(request: web.Request) -> web.StreamResponse:
    if (transport := request.transport) is not None and isinstance(transport, asyncio.Transport):
        transport.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        transport.close()
    return web.Response()


async def _half_a_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "20"})
    await response.prepare(request)
    await response.write(b"<Response>")
    return response


async def _stall(request: web.Request) -> web.StreamResponse:
    await _half_a_body(request)
    return await _black_hole(request)


async def _cut_off(request: web.Request) -> web.StreamResponse:
    response = await _half_a_body(request)
    if (transport := request.transport) is not None:
        transport.close()
    return response


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


BEHAVIOURS: Mapping[Fault, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
    Fault.BLACK_HOLE: _black_hole,
    Fault.RESET: _reset,
    Fault.NOT_HTTP: _not_http,
    Fault.STALL: _stall,
    Fault.CUT_OFF: _cut_off,
    Fault.DRIP: _drip,
}


def refusing_port() -> list[socket.socket]:
    """Return a socket whose port refuses connections as long as it is open."""
    return [_bound()]


def unreachable_port() -> list[socket.socket]:
    """Return sockets; connections to the first one's port hang as long as all are open."""
    listening = _bound()
    listening.listen(0)
    waiting = []
    for _ in range(2):  # listen(2): with a backlog of 0 one fits, further SYNs are dropped
        waiting.append(socket.socket())
        waiting[-1].settimeout(0)
        waiting[-1].connect_ex(listening.getsockname())
    return [listening, *waiting]


def _bound() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def self_signed() -> tuple[ssl.SSLContext, str]:
    """Return a server's context for 127.0.0.1, and its certificate as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "customer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate + private)
        file.flush()
        context.load_cert_chain(file.name)
    return context, certificate.decode()
