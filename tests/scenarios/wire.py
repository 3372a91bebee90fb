"""All that Asterisk sends, as its copies say that the program passes on."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from stasis_refer.wire import hep, sip


@dataclass
class Wire(asyncio.DatagramProtocol):
    """A HEP server, as ``[capture] forward`` may name; of its port it is told nothing."""

    requests: list[tuple[tuple[str, int], sip.Request]] = field(default_factory=list)

    def datagram_received(self, data: bytes, _: object) -> None:
        """Take a copy in."""
        with suppress(hep.BadPacket, sip.BadMessage):
            packet = hep.decode(data)
            for each in sip.messages(packet.payload):
                if isinstance(each, sip.Request):
                    self.requests.append((packet.source, each))

    def sent(self, by: str, method: str, header: str) -> list[str]:
        """Return a header of the requests that ``HOST:PORT`` sent, each once."""
        found = [
            (each.method, sip.header(each, "Call-ID"), sip.header(each, "CSeq"), value)
            for source, each in self.requests
            if each.method == method
            and f"{source[0]}:{source[1]}" == by
            and (value := sip.header(each, header)) is not None
        ]
        return [value for *_, value in dict.fromkeys(found)]
