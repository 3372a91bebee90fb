"""Messages of the torture tests, and what a reader of captures has to read of them."""

from dataclasses import dataclass

from fuzz.claims import CLAIMS
from stasis_refer.wire import dialog, sip
from stasis_refer.wire.sip import BadMessage, MessageFault

SDP = (
    b"v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
    b"m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\n"
)


@dataclass(frozen=True)
class Read:
    """What is read: ``first`` is the method or the status, ``tags`` are those of From and To.

    ``cseq`` None: there is none that can be read. ``party`` is the user and the host of the
    request's URI. ``messages`` is how many are in the payload.
    """

    first: str | int
    cseq: tuple[int, str] | None
    tags: tuple[str | None, str | None] = ("from-tag", None)
    call_id: str | None = "torture@192.0.2.1"
    party: tuple[str, str] = ("user", "example.com")
    body: bytes = b""
    held: bool | None = None
    messages: int = 1


Expected = Read | MessageFault


@dataclass(frozen=True)
class Row:
    """A message, by the name and the section that it has in its RFC."""

    name: str
    section: str
    data: bytes
    expected: Expected

    def __str__(self) -> str:
        return f"{self.section} {self.name}"


def message(start: str, *lines: str, body: bytes = b"", without: tuple[str, ...] = ()) -> bytes:
    """Return a message of usual headers, in which ``lines`` replace those of the same name.

    Of a name in ``without`` there is none.
    """
    method = "OPTIONS" if start.startswith("SIP/") else start.split(maxsplit=1)[0]
    usual = {
        "Via": "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKtorture",
        "Max-Forwards": "70",
        "From": "<sip:caller@example.net>;tag=from-tag",
        "To": "<sip:user@example.com>",
        "Call-ID": "torture@192.0.2.1",
        "CSeq": f"7 {method}",
        "Content-Length": str(len(body)),
    }
    given = {line.partition(":")[0].strip().title() for line in lines}
    kept = [
        f"{name}: {value}"
        for name, value in usual.items()
        if name.title() not in given and name not in without
    ]
    return "\r\n".join((start, *kept, *lines, "", "")).encode() + body


def assert_read_right(row: Row) -> None:
    """Check what is read of a message, and that whatever is claimed of a reader holds of it."""
    assert read(row.data) == row.expected
    for claim in ("sip", "dialog", "hep"):
        CLAIMS[claim].holds(row.data)


def read(data: bytes) -> Expected:
    """Return what the reader reads, or why it refuses the message."""
    try:
        found = sip.messages(data)
    except BadMessage as bad:
        return bad.why
    first = found[0]
    return Read(
        first=first.method if isinstance(first, sip.Request) else first.status,
        cseq=_cseq(first),
        tags=(sip.from_tag(first), sip.to_tag(first)),
        call_id=sip.call_id(data),
        party=dialog.parties(first.uri) if isinstance(first, sip.Request) else ("", ""),
        body=first.body,
        held=sip.held(first),
        messages=len(found),
    )


def _cseq(found: sip.Message) -> tuple[int, str] | None:
    try:
        return sip.cseq(found)
    except BadMessage:
        return None
