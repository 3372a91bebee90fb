"""A reader of captured SIP messages (RFC 3261, 7).

The messages were on the wire already and Asterisk has acted on them, so this reads what
pjsip reads: line ends LF or CRLF, any case and the compact forms of header names, folded
lines; a line that is no header is passed over.  Nothing here is ever sent again.

Text is UTF-8 (RFC 3261, 7.3.1), or latin-1 in a line that is not, as old phones write names:
every str can be encoded again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, Literal, TypeAlias

MessageFault: TypeAlias = Literal[
    "too_large",  # over 65535 bytes
    "too_many_headers",  # over 1000 header lines
    "truncated",  # ends within the start line or a header line
    "bad_start_line",  # neither a request line nor a status line
    "bad_cseq",  # no CSeq, or not a number and a method
]

_LARGEST: Final = 65535
# pjsip has no such limit. A REFER of ours has up to 409, in the 2048 bytes that a document may
# fill, and some 20 of Asterisk's; this many are read in a millisecond.
_MOST_LINES: Final = 1000
_LENGTH_DIGITS: Final = 9  # of Content-Length: enough to be more than any message has
_BLANK: Final = " \t\r"

# RFC 3261, 7.3.3; the SIP Parameters registry of IANA names the later ones.
# fmt: off
_COMPACT: Final = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact",
    "k": "supported", "l": "content-length", "m": "contact", "o": "event", "r": "refer-to",
    "s": "subject", "t": "to", "u": "allow-events", "v": "via", "x": "session-expires",
    "y": "identity",
}
# fmt: on

# Nearly every header is one of these, spelled so: no need to look closer.
_LONG: Final = {
    name: name.lower()
    for name in (
        *("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Length"),
        *("Content-Type", "Event", "Subscription-State", "Refer-To", "Referred-By", "Allow"),
        *("Supported", "User-Agent", "Server", "Expires", "Allow-Events", "Record-Route", "Route"),
    )
}

_METHOD: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_STATUS_LINE: Final = re.compile(
    r"SIP/2\.0[ \t]+([1-6][0-9]{2})(?![0-9])(.*)", re.IGNORECASE | re.DOTALL
)
_CSEQ: Final = re.compile(r"([0-9]{1,10})[ \t]+(\S+)")
_CALL_ID: Final = re.compile(
    rb"\n(?:\r[ \t\r]*+)?(?:call-id|i)[ \t\r]*+:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE
)
_FOLD: Final = re.compile(rb"\n[ \t]+")
# A quoted string or an angle bracket that is never closed runs to the end, so that each
# character is looked at once, whatever a stranger sent.
_PIECE: Final = re.compile(r'(?:"(?:[^"\\]++|\\.)*+"?|<[^>]*+>?|[^;"<]++)*+', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_MEDIA: Final = re.compile(r"^m=", re.MULTILINE)
_AUDIO_IN_USE: Final = re.compile(r"audio[ \t]+0*[1-9]")
_DIRECTION: Final = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)[ \t]*$", re.MULTILINE)
_CONNECTION: Final = re.compile(r"^c=IN[ \t]+IP[46][ \t]+(\S+)", re.MULTILINE)

Headers: TypeAlias = tuple[tuple[str, str], ...]


class BadMessage(ValueError):
    """The bytes are no SIP message; `why` is one of MessageFault."""

    def __init__(self, why: MessageFault) -> None:
        super().__init__(why)
        self.why: Final[MessageFault] = why


@dataclass(frozen=True, slots=True)
class Request:
    """A request.  `headers` are (long name in lower case, value) in the order of the wire.

    `spelled` holds the names as the sender wrote them, one for each of `headers`.
    """

    method: str
    uri: str
    headers: Headers
    body: bytes
    spelled: tuple[str, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Response:
    """A response; `headers` and `spelled` as in Request."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    spelled: tuple[str, ...] = field(default=(), repr=False, compare=False)


Message: TypeAlias = Request | Response


def parse(data: bytes) -> Message:
    """Read a message, the first if there are several.  Raises BadMessage, nothing else.

    What lies beyond Content-Length is no body (RFC 3261, 18.3).  A body shorter than
    Content-Length is taken as it is, because pjsip takes it so from a datagram.
    """
    return _read(data)[0]


def messages(data: bytes) -> tuple[Message, ...]:
    """Read all messages in a captured payload; raises BadMessage if the first is none.

    For TCP and TLS, res_hep_pjsip copies pjsip's whole receive buffer once for each
    message in it.  So a 202 and a NOTIFY that came in one segment are captured twice, as
    the same two messages, which may be of different calls: compare each Call-ID.  What
    follows them incomplete is captured again with its end, and left out here.
    """
    message, rest, _ = _read(data)
    found = [message]
    while rest:
        try:
            message, rest, whole = _read(rest)
        except BadMessage:
            break
        if whole:
            found.append(message)
    return tuple(found)


def call_id(data: bytes) -> str | None:
    """Find the Call-ID in a message's bytes without reading the rest; None if absent."""
    data = data.lstrip(b"\r\n")
    found = _CALL_ID.search(data, 0, _head_end(data)[0])
    return _lines(found[1])[0].strip(_BLANK) or None if found else None


def first_line_is(data: bytes, method: str) -> bool:
    """Tell whether these are the bytes of a request with that method."""
    return data.lstrip(b"\r\n").startswith(method.encode() + b" ")


def header(message: Message, name: str) -> str | None:
    """Tell the first value of a header; any case, long name or compact form."""
    wanted = _long(name)
    return next((value for known, value in message.headers if known == wanted), None)


def headers_named(message: Message, name: str) -> Headers:
    """Tell all headers of that name, or that begin with it if it ends in `-` (as `X-`).

    Pairs of name and value, the names as the sender spelled them.  Values that a sender
    joined by commas in one line stay joined.
    """
    wanted = _long(name)
    names = message.spelled or tuple(known for known, _ in message.headers)
    return tuple(
        (spelled, value)
        for spelled, (known, value) in zip(names, message.headers, strict=True)
        if known == wanted or (wanted.endswith("-") and known.startswith(wanted))
    )


def cseq(message: Message) -> tuple[int, str]:
    """Tell number and method of CSeq.  Raises BadMessage (`bad_cseq`)."""
    found = _CSEQ.fullmatch(header(message, "cseq") or "")
    if found is None:
        raise BadMessage("bad_cseq")
    return int(found[1]), found[2]


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Divide a header's value from its `;name=value` parameters, as of Event or From.

    Names are in lower case, quoted values unquoted, a parameter without a value is "", and
    the first of a name counts.  A `;` in quotes or angle brackets divides nothing: the
    parameters of the URI in `<sip:a@b;lr>;tag=1` stay with the URI.
    """
    first, *pieces = _pieces(value)
    found: dict[str, str] = {}
    for piece in pieces:
        name, _, text = piece.partition("=")
        found.setdefault(name.strip().lower(), _unquoted(text.strip()))
    found.pop("", None)
    return first.strip(), found


def from_tag(message: Message) -> str | None:
    """Tell the tag of From; None if there is none."""
    return _tag(message, "from")


def to_tag(message: Message) -> str | None:
    """Tell the tag of To; None if there is none, as in what opens a dialog."""
    return _tag(message, "to")


def held(message: Message) -> bool | None:
    """Tell whether the sender of an SDP body puts its audio on hold.

    True if it says sendonly or inactive (RFC 3264, 8.4) or has the address 0.0.0.0
    (RFC 2543), False if it is sendrecv or recvonly.  None without an SDP body, or if that
    has no audio in use (port 0 is a refused stream).  With several audio streams, all.
    """
    sdp = _sdp(message)
    if sdp is None:
        return None
    session, *media = _MEDIA.split(sdp)
    direction, address = _direction_and_address(session)
    streams = [_direction_and_address(part) for part in media if _AUDIO_IN_USE.match(part)]
    if not streams:
        return None
    # What a media section says goes before what is said for the session (RFC 4566, 5.7 and 6).
    return all(
        (own_direction or direction) in {"sendonly", "inactive"}
        or (own_address or address) == "0.0.0.0"  # noqa: S104 - an address read, none bound
        for own_direction, own_address in streams
    )


def _read(data: bytes) -> tuple[Message, bytes, bool]:
    """Read a message, what follows it, and whether all of it is there."""
    if len(data) > _LARGEST:
        raise BadMessage("too_large")
    data = data.lstrip(b"\r\n")  # RFC 3261, 7.5
    head_end, body_start = _head_end(data)
    head = data[:head_end]
    if head.count(b"\n") > _MOST_LINES:
        raise BadMessage("too_many_headers")
    start_line, *lines = _lines(head)
    build = _start_line(start_line)
    if head_end == len(data) and not data.endswith(b"\n"):
        raise BadMessage("truncated")
    spelled, headers = _headers(lines)
    body, rest, whole = _divided(data[body_start:], headers)
    return build(headers, body, spelled), rest, whole and head_end < len(data)


def _head_end(data: bytes) -> tuple[int, int]:
    """Find where the header lines end and the body begins: the first empty line.

    Some phones leave it out where there is no body; pjsip lets them.
    """
    ends = [
        (at, at + len(empty)) for empty in (b"\n\r\n", b"\n\n") if (at := data.find(empty)) >= 0
    ]
    return min(ends, default=(len(data), len(data)))


def _lines(head: bytes) -> list[str]:
    """Divide into lines, folded ones joined by a space (RFC 3261, 7.3.1)."""
    head = head.replace(b"\r\n", b"\n")
    if b"\n " in head or b"\n\t" in head:
        head = _FOLD.sub(b" ", head)
    try:
        return head.decode().split("\n")
    except UnicodeDecodeError:
        return [_decoded(line) for line in head.split(b"\n")]


def _decoded(line: bytes) -> str:
    # Each line by itself: what one phone adds does not change what another has written.
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _start_line(line: str) -> Callable[[Headers, bytes, tuple[str, ...]], Message]:
    """Read the first line; what comes back takes the rest and makes the message."""
    if found := _STATUS_LINE.fullmatch(line):
        return partial(Response, int(found[1]), found[2].strip(_BLANK))
    method, _, rest = line.partition(" ")
    uri, _, version = rest.strip(_BLANK).rpartition(" ")
    uri = uri.strip(_BLANK)
    if version.upper() != "SIP/2.0" or not uri or not _METHOD.fullmatch(method):
        raise BadMessage("bad_start_line")
    return partial(Request, method, uri)


def _headers(lines: list[str]) -> tuple[tuple[str, ...], Headers]:
    """Tell the names as spelled, and the headers; lines without a name are passed over."""
    names: list[str] = []
    headers: list[tuple[str, str]] = []
    for line in lines:
        spelled, colon, value = line.partition(":")
        if colon and (name := spelled.strip(_BLANK)):
            names.append(name)
            headers.append((_LONG.get(name) or _long(name), value.strip(_BLANK)))
    return tuple(names), tuple(headers)


def _divided(rest: bytes, headers: Headers) -> tuple[bytes, bytes, bool]:
    """Divide what follows the head at Content-Length, which may promise too much or be absent."""
    text = next((value for name, value in headers if name == "content-length"), "")
    if not (text.isascii() and text.isdigit()):
        return rest, b"", False
    length = int(text[:_LENGTH_DIGITS])
    return rest[:length], rest[length:], length <= len(rest)


def _long(name: str) -> str:
    lower = name.lower()
    return _COMPACT.get(lower, lower)


def _pieces(value: str) -> list[str]:
    """Split at each `;` that is not in quotes or angle brackets."""
    if '"' not in value and "<" not in value:
        return value.split(";")
    found, start = [], 0
    while start <= len(value) and (piece := _PIECE.match(value, start)):
        found.append(piece[0])
        start = piece.end() + 1
    return found


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return _ESCAPED.sub(r"\1", text[1:].removesuffix('"'))


def _tag(message: Message, name: str) -> str | None:
    value = header(message, name)
    return _tag_in(value) if value else None


# Both tags of a message are asked for several times.
@lru_cache(maxsize=256)
def _tag_in(value: str) -> str | None:
    return parameters(value)[1].get("tag")


def _sdp(message: Message) -> str | None:
    """Find the SDP: the body, or the part of a multipart body that is one."""
    kind, options = parameters(header(message, "content-type") or "")
    if kind.lower() == "application/sdp":
        return "\n".join(_lines(message.body)) if message.body else None
    if not kind.lower().startswith("multipart/") or not options.get("boundary"):
        return None
    for part in message.body.split(b"--" + options["boundary"].encode()):
        head_end, start = _head_end(part)
        if b"application/sdp" in part[:head_end].lower():
            return "\n".join(_lines(part[start:]))
    return None


def _direction_and_address(section: str) -> tuple[str | None, str | None]:
    direction, connection = _DIRECTION.search(section), _CONNECTION.search(section)
    return direction and direction[1], connection and connection[1]
