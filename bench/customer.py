"""A customer's application as cheap as Python has it: a transfer, then an empty document.

``python -m bench.customer`` prints its port, and serves until it is ended. What it speaks is in
the path: ``/voice/twiml``. ``GET /report`` tells what it was asked since the last report, as
JSON: ``documents`` has the time at which each call's document was sent to its end (seconds since
1970, by Call-ID, in TwiML), ``actions`` whether each call was told that it had moved.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Final

from bench.documents import TYPICAL

_LENGTH: Final = re.compile(rb"\r\ncontent-length:\s*([0-9]+)", re.IGNORECASE)
_END_OF_HEAD: Final = b"\r\n\r\n"


@dataclass(slots=True)
class Book:
    """What was asked, by Call-ID."""

    documents: dict[str, float] = field(default_factory=dict)
    actions: dict[str, bool] = field(default_factory=dict)

    def report(self) -> bytes:
        """Tell all, and begin anew."""
        told = json.dumps({"documents": self.documents, "actions": self.actions}).encode()
        self.documents, self.actions = {}, {}
        return told


class Connection(asyncio.Protocol):
    """One kept connection (RFC 9112); requests have a Content-Length or no body."""

    def __init__(self, book: Book) -> None:
        self._book = book
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
        if path == b"/report":
            self._reply(self._book.report())
            return
        what, _, dialect = path.decode().lstrip("/").partition("/")
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


async def serve() -> None:
    """Serve on a free port of 127.0.0.1, which is printed."""
    book = Book()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(book), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
