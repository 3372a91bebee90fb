"""Somebody who sees all that Asterisk copies, knows the password, and sends copies of their own."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Self

from stasis_refer.wire import hep, sip

_HOST = "127.0.0.1"
PATIENCE = 20.0  # seconds


class Forger:
    """Hears what the program forwards, and sends to where it listens."""

    def __init__(self) -> None:
        self._ear = _bound(_HOST)
        self._mouths = {host: _bound(host) for host in (_HOST, "127.0.0.2")}
        self.target = 0  # the port of the program

    @property
    def forward(self) -> str:
        """Where copies are to be forwarded to."""
        return f"{_HOST}:{self._ear.getsockname()[1]}"

    def close(self) -> None:
        """Be gone."""
        for each in (self._ear, *self._mouths.values()):
            each.close()

    async def hears(self, text: str) -> hep.Packet:
        """Wait for a message with this in it, captured from now on or lately."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            while True:
                packet = hep.decode(await loop.sock_recv(self._ear, 65535))
                if text.encode() in packet.payload:
                    return packet

    def deafen(self) -> None:
        """Pass over what was heard up to now."""
        try:
            while True:
                self._ear.recv(65535)
        except BlockingIOError:
            pass

    def say(self, *packets: bytes | hep.Packet, host: str = _HOST) -> None:
        """Send packets to the program, from an address of 127.0.0.0/8."""
        for each in packets:
            data = each if isinstance(each, bytes) else hep.encode(each)
            self._mouths[host].sendto(data, (_HOST, self.target))


@dataclass(frozen=True)
class Dialog:
    """A live dialog as our REFER in it shows it, and what could be said in it.

    ``ours`` and ``theirs`` are From and To of the REFER, ``captured`` is its copy.
    """

    captured: hep.Packet
    ours: str
    theirs: str
    call_id: str
    cseq: int

    @classmethod
    def of(cls, captured: hep.Packet) -> Self:
        """Return the dialog of a captured REFER."""
        refer = sip.parse(captured.payload)
        ours, theirs, call_id = (sip.header(refer, name) or "" for name in _NAMES)
        return cls(captured, ours, theirs, call_id, sip.cseq(refer)[0])

    def with_tags(self, *, ours: str = "", theirs: str = "") -> Self:
        """Return the dialog with another tag of Asterisk's, or of the phone's."""
        return replace(self, ours=_tagged(self.ours, ours), theirs=_tagged(self.theirs, theirs))

    def answered(self, status: str, *, cseq: int = 0) -> hep.Packet:
        """Return the phone's answer to our REFER."""
        return self.said(f"SIP/2.0 {status}", f"{cseq or self.cseq} REFER")

    def notified(self, cseq: int, status: str = "200 OK", *, refer_id: int = 0) -> hep.Packet:
        """Return a final NOTIFY of the phone's."""
        event = f"refer;id={refer_id}" if refer_id else "refer"
        headers = (f"Event: {event}", "Subscription-State: terminated;reason=noresource")
        line, body = "NOTIFY sip:x@127.0.0.1 SIP/2.0", f"SIP/2.0 {status}\r\n"
        return self.mirrored().said(line, f"{cseq} NOTIFY", *headers, body=body)

    def hung_up(self, cseq: int) -> hep.Packet:
        """Return the phone's BYE."""
        return self.mirrored().said("BYE sip:x@127.0.0.1 SIP/2.0", f"{cseq} BYE")

    def referred(self, cseq: int) -> hep.Packet:
        """Return another REFER of ours."""
        line = "REFER sip:x@127.0.0.1 SIP/2.0"
        return self.said(line, f"{cseq} REFER", "Refer-To: <sip:x@example.com>")

    def mirrored(self) -> Self:
        """Return the dialog with its sides exchanged: what the phone says claims to be ours."""
        return replace(self, ours=self.theirs, theirs=self.ours)

    def said(self, first_line: str, cseq: str, *headers: str, body: str = "") -> hep.Packet:
        """Write a message whose request is Asterisk's."""
        lines = [
            first_line,
            "Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1",
            f"From: {self.ours}",
            f"To: {self.theirs}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq}",
            *headers,
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        return replace(self.captured, payload="\r\n".join(lines).encode())


_NAMES = ("from", "to", "call-id")


def _tagged(party: str, tag: str) -> str:
    return f"{party.partition(';tag=')[0]};tag={tag}" if tag else party


def _bound(host: str) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)  # noqa: FBT003 - the socket's own interface
    bound.bind((host, 0))
    return bound


@asynccontextmanager
async def forging() -> AsyncIterator[Forger]:
    """Have a forger about."""
    forger = Forger()
    try:
        yield forger
    finally:
        forger.close()
