"""What a phone and Asterisk say in a call, and how res_hep copies it to a listener."""

import socket
from collections import Counter

from stasis_refer.adapters.capture import CaptureListener, CaptureRules
from stasis_refer.core.events import Event
from stasis_refer.core.info import Invite
from stasis_refer.wire.hep import Packet, encode

AT = 1_764_000_000.25  # seconds since 1970
CALL = "1-28941@127.0.0.7"
PHONE, ASTERISK = "28941t1", "b4b5543b-778b"
PASSWORD = b"hunter2"

SDP = """\
v=0
o=u 1 1 IN IP4 127.0.0.7
s=-
c=IN IP4 127.0.0.7
t=0 0
m=audio 6000 RTP/AVP 0
a={direction}
"""


def sip(
    start: str, cseq: str, *lines: str, body: str = "", of: str = PHONE, call_id: str = CALL
) -> bytes:
    """Write a message of the dialog; ``of`` is the From tag, so the requester's."""
    other = ASTERISK if of == PHONE else PHONE
    to_tag = "" if cseq == "1 INVITE" else f";tag={other}"
    head = [
        start,
        "Via: SIP/2.0/UDP 127.0.0.7:17001;branch=z9hG4bK-28941-1-0",
        f"From: <sip:one@127.0.0.7:17001>;tag={of}",
        f"To: <sip:two@127.0.0.1>{to_tag}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq}",
        *lines,
        f"Content-Length: {len(body.replace(chr(10), chr(13) + chr(10)))}",
        "",
        body,
    ]
    return "\r\n".join(head).replace("\r\n", "\n").replace("\n", "\r\n").encode()


def notify(
    cseq: int, status_line: str, state: str = "active", event: str = "refer", of: str = PHONE
) -> bytes:
    return sip(
        "NOTIFY sip:127.0.0.1:5060 SIP/2.0",
        f"{cseq} NOTIFY",
        f"Event: {event}",
        f"Subscription-State: {state}",
        "Content-Type: message/sipfrag;version=2.0",
        body=status_line,
        of=of,
    )


def offer(cseq: int, direction: str, of: str = PHONE) -> bytes:
    return sip(
        "INVITE sip:127.0.0.1:5060 SIP/2.0",
        f"{cseq} INVITE",
        "Content-Type: application/sdp",
        body=SDP.format(direction=direction),
        of=of,
    )


INVITE = sip(
    "INVITE sip:support@voice.example.com:5060 SIP/2.0",
    "1 INVITE",
    "X-Account: 17",
    "x-two: a, b",
    "User-to-User: 56a390f3;encoding=hex",
    "Content-Type: application/sdp",
    body=SDP.format(direction="sendrecv"),
)
REFER = sip(
    "REFER sip:caller@127.0.0.7:17001 SIP/2.0",
    "12491 REFER",
    "Refer-To: <sip:bob@example.com?X-A=1,2;3>",
    of=ASTERISK,
)
REFER_OF_PHONE = sip(
    "REFER sip:127.0.0.1 SIP/2.0", "12491 REFER", "r: <sip:c@d?X-A=1>", "X-Call: 7"
)
ACCEPTED = sip("SIP/2.0 202 Accepted", "12491 REFER", of=ASTERISK)
RINGING = notify(2, "SIP/2.0 180 Ringing")
BUSY = notify(3, "SIP/2.0 486 Busy Here", "terminated;reason=noresource")
BYE = sip("BYE sip:127.0.0.1:5060 SIP/2.0", "4 BYE")
BYE_OF_OURS = sip("BYE sip:127.0.0.7 SIP/2.0", "5 BYE", of=ASTERISK)


class Wire:
    """Copies messages to a listener as res_hep does, and writes down what comes of it."""

    def __init__(self, rules: CaptureRules) -> None:
        self.results: Counter[str] = Counter()
        self.statuses: list[tuple[str, int]] = []
        self.events: list[Event] = []
        self.listener = CaptureListener(
            rules, self._count, lambda phase, status: self.statuses.append((phase, status))
        )
        self.port = self.listener.start("127.0.0.1", 0)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    def _count(self, result: str, number: int) -> None:
        self.results[result] += number

    def close(self) -> None:
        self.listener.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, ("127.0.0.1", self.port))

    def copy(self, *messages: bytes) -> None:
        for message in messages:
            self.send(hep(message))

    def copy_of(self, call_id: str, *messages: bytes) -> None:
        """Copy messages of another dialog, and let them be read."""
        for message in messages:
            self.send(hep(message, call_id))
        self.listener.drain()

    def watch(self, call_id: str = CALL) -> Invite | None:
        return self.listener.watch(call_id, self.events.append)

    def told(self, *messages: bytes) -> list[Event]:
        """Copy messages and return what they told."""
        self.copy(*messages)
        self.listener.drain()
        events, self.events[:] = list(self.events), []
        return events


def hep(message: bytes, call_id: str = CALL) -> bytes:
    """Write the copy of a message, which becomes one of the dialog ``call_id``."""
    return encode(
        Packet(
            payload=message.replace(CALL.encode(), call_id.encode()) if call_id else message,
            correlation_id=call_id,
            password=PASSWORD,
            capture_id=1,
            at=AT,
            source=("192.0.2.7", 17001),
            destination=("127.0.0.1", 5060),
        )
    )
