"""A customer's applications as cheap as Python has them.

``python -m bench.customer TRANSFEROR TARGET`` prints its port, and serves until it is ended. What
is wanted is in the path: ``/voice/twiml`` is a transfer in that dialect, then an empty document;
``/voice/waiting`` keeps the caller waiting, ``/voice/dial-at-once`` is a call to the SIP URI
TRANSFEROR, and one to TARGET when that one refers. ``GET /report`` tells what it was asked since
the last report, as JSON: ``documents`` has the time at which each call's document was sent to its
end (seconds since 1970, by Call-ID, in TwiML), ``actions`` whether each call was told that it had
moved, ``refers`` how often each call was referred.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from bench.documents import DIALING, TYPICAL, WAITING, WAITS, dial, dial_who_transfers

_LENGTH: Final = re.compile(rb"\r\ncontent-length:\s*([0-9]+)", re.IGNORECASE)
_END_OF_HEAD: Final = b"\r\n\r\n"
_REFER: Final = "/refer"


@dataclass(slots=True)
class Book:
    """What was asked: ``documents`` by Call-ID, the rest by the dialect's name of the call."""

    documents: dict[str, float] = field(default_factory=dict)
    actions: dict[str, bool] = field(default_factory=dict)
    refers: dict[str, int] = field(default_factory=dict)

    def report(self) -> bytes:
        """Tell all, and begin anew."""
        told = json.dumps(asdict(self)).encode()
        self.documents, self.actions, self.refers = {}, {}, {}
        return told


class Connection(asyncio.Protocol):
    """One kept connection (RFC 9112); requests have a Content-Length or no body.

    ``dialing`` are the documents that do not transfer, by path.
    """

    def __init__(self, book: Book, dialing: Mapping[str, bytes]) -> None:
        self._book = book
        self._dialing = dialing
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is here in full."""
        self._received += data
        while (end := self._received.find(_END_OF_HEAD)) >= 0:
            head = self._received[:end]
            length = int(found[1]) if (found := _LENGTH.search(head)) else 0
            body, rest = self._received[end + 4 : end + 4 + length], end + 4 + length
            if len(body) < length:
                return
            self._received = self._received[rest:]
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        where = path.decode()
        if where == "/report":
            self._reply(self._book.report())
        elif document := self._dialing.get(where):
            self._reply(document)
            if where == _REFER:
                call = TYPICAL["twiml"].fields(body)["CallSid"]
                self._book.refers[call] = self._book.refers.get(call, 0) + 1
        else:
            self._answer_in_dialect(where, body)

    def _answer_in_dialect(self, where: str, body: bytes) -> None:
        what, _, dialect = where.lstrip("/").partition("/")
        typical = TYPICAL[dialect]
        fields = typical.fields(body)
        if what == "voice":
            self._reply(typical.document.replace(b"ACTION", f"/action/{dialect}".encode()))
            # A reply this small is in the kernel's hands when write() returns.
            if "SipCallId" in fields:
                self._book.documents[fields["SipCallId"]] = time.time()
        else:
            self._reply(typical.nothing)
            self._book.actions[fields[typical.call]] = fields.get(typical.status) == typical.moved

    def _reply(self, body: bytes) -> None:
        kind = b"application/json" if body[:1] in b"[{" else b"text/xml"
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (kind, len(body), body)
        )


async def serve(transferor: str, target: str) -> None:
    """Serve on a free port of 127.0.0.1, which is printed; both are SIP URIs."""
    book, loop = Book(), asyncio.get_running_loop()
    dialing = {
        f"/voice/{name}": dial_who_transfers(name, transferor).replace(b"REFER", _REFER.encode())
        for name in DIALING
    }
    dialing[_REFER] = dial(target)
    dialing[f"/voice/{WAITING}"] = WAITS
    server = await loop.create_server(lambda: Connection(book, dialing), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
