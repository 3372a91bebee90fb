"""SIP and tel URIs: a text is parsed to a value, and the value is written again.

Asterisk copies a transfer target raw into Refer-To, so a line break in it would become a
header line on the wire. Only what ``write`` or ``name_addr`` returned may reach Asterisk.

The grammar is that of RFC 3261, 25.1 and RFC 3966, 3, read strictly but for one thing:
``,``, ``;`` and ``=`` are taken unescaped in a header's value, as they are safe within
``<...>`` and vendors' examples have them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never
from urllib.parse import quote, unquote

MAX_LENGTH: Final = 2048  # characters of a whole text; Asterisk refuses much longer requests
MAX_HEADERS_LENGTH: Final = 1023  # characters behind the question mark
MAX_PORT: Final = 65535
MAX_DISPLAY_NAME: Final = 256

_RESERVED = """
    call-id i cseq from f to t via v contact m max-forwards route record-route path service-route
    body content-* c e l mime-version
    allow allow-* u supported k unsupported require rack rseq
    authorization authentication-info www-authenticate proxy-*
    refer-to r referred-by b refer-sub event o subscription-state
    replaces join target-dialog
"""
RESERVED_HEADERS: Final = frozenset(_RESERVED.split())
"""Header names a URI may not carry, in lower case; ``allow-*`` is all that begin ``allow-``.

They are, line by line: what makes the transferee's INVITE the request it is (RFC 3261,
19.1.5), its body, what the transferee is able to do, credentials, the REFER's own, and other
dialogs: behind ``Replaces`` there may be anybody (RFC 3891, 3911, 4538).
"""


class Flaw(StrEnum):
    """What is wrong with a text that is not a URI we would send."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"  # as it is, or percent-encoded
    NON_ASCII = "non_ascii"
    UNQUOTED_DELIMITER = "unquoted_delimiter"  # < > " or a space
    BAD_ESCAPE = "bad_escape"  # a % without two hexadecimal digits
    BAD_SCHEME = "bad_scheme"
    BAD_USER = "bad_user"  # the password included
    BAD_HOST = "bad_host"
    BAD_PORT = "bad_port"
    BAD_NUMBER = "bad_number"  # of a tel: URI
    BAD_PARAMETER = "bad_parameter"
    BAD_HEADER = "bad_header"
    HEADERS_TOO_LONG = "headers_too_long"
    RESERVED_HEADER = "reserved_header"


class BadUri(ValueError):
    """A text is no URI that we would send.

    ``why`` is the flaw, ``at`` the offset of it in the text, counted in characters from 0.
    The message says both and what to do, and quotes no more than the offending character.
    """

    def __init__(self, why: Flaw, at: int, remedy: str) -> None:
        super().__init__(f"{why.value} at offset {at}: {remedy}")
        self.why = why
        self.at = at


Pairs: TypeAlias = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SipUri:
    """A ``sip:`` or ``sips:`` URI (RFC 3261, 19.1).

    ``scheme`` and ``host`` are in lower case, an IPv6 address has its brackets and its
    shortest form. User, password, parameters and headers keep order, case and escaping.
    """

    scheme: Literal["sip", "sips"]
    host: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    params: Pairs = ()
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TelUri:
    """A ``tel:`` URI (RFC 3966); the number keeps its visual separators."""

    number: str
    params: Pairs = ()


Uri: TypeAlias = SipUri | TelUri


def parse(text: str, *, reserved: frozenset[str] = RESERVED_HEADERS) -> Uri:
    """Return the URI that a text holds, or raise BadUri.

    White space around it, angle brackets and a display name before them are dropped.
    ``reserved`` are the header names refused, in the form of RESERVED_HEADERS.
    """
    scheme, rest = _addr_spec(text).cut(":")
    name = scheme.text.lower()
    if rest is None or name not in {"sip", "sips", "tel"}:
        raise BadUri(Flaw.BAD_SCHEME, scheme.at, "begin it with sip:, sips: or tel:")
    if name == "tel":
        return _tel(rest)
    return _sip("sips" if name == "sips" else "sip", rest, reserved)


def is_number(text: str) -> bool:
    """Tell whether a text is a number as in a ``tel:`` URI."""
    return bool(_NUMBER.fullmatch(text))


def write(uri: Uri) -> str:
    """Return the URI as text; raise BadUri for a value made by hand that cannot be sent."""
    match uri:
        case SipUri():
            secret = "" if uri.password is None else f":{uri.password}"
            text = f"{uri.scheme}:" + ("" if uri.user is None else f"{uri.user}{secret}@")
            text += uri.host + ("" if uri.port is None else f":{uri.port}") + _tail(uri.params)
            text += "?" * bool(uri.headers)
            text += "&".join(f"{name}={value}" for name, value in uri.headers)
        case TelUri():
            text = f"tel:{uri.number}{_tail(uri.params)}"
        case _:
            assert_never(uri)
    _Part(text, 0).keep(_CONTROL, _NON_ASCII, _DELIMITER, _ESCAPE)
    return text


def without_headers(uri: SipUri) -> SipUri:
    """Return the URI as a request goes to: what its headers say is written into the request."""
    return replace(uri, headers=())


def name_addr(uri: Uri, display_name: str = "") -> str:
    """Return what ``write`` does, in ``<...>`` where a header needs it (RFC 3261, 20).

    Raises BadUri also for a display name that cannot be sent.
    """
    text = write(uri)
    if display_name:
        return f"{_quoted(display_name)} <{text}>"
    return f"<{text}>" if any(mark in text for mark in "?;,") else text


def with_replaces(text: str, replaces: str) -> str:
    """Return a Refer-To, as ``name_addr`` wrote it, with the dialog that the target is to give up.

    ``replaces`` is a value of the header Replaces (RFC 3891, 6.1); it becomes a header of the URI,
    as in RFC 5589, 7. Raises BadUri where there is no room for it: a ``tel:`` URI has no headers,
    and only one Replaces is allowed.
    """
    uri = parse(text, reserved=_ONLY_ONCE)
    if isinstance(uri, TelUri):
        raise BadUri(Flaw.BAD_SCHEME, 0, "write a sip: URI, tel: has no place for Replaces")
    header = ("Replaces", quote(replaces, safe=""))
    written = name_addr(replace(uri, headers=(*uri.headers, header)))
    parse(written, reserved=frozenset())  # it may be too long by now
    return written


_ONLY_ONCE: Final = frozenset({"replaces"})


def _quoted(display_name: str) -> str:
    """Return a quoted-string (RFC 3261, 25.1), UTF-8 on the wire."""
    flaw = _UNQUOTABLE.search(display_name)
    if flaw or len(display_name) > MAX_DISPLAY_NAME:
        at = flaw.start() if flaw else MAX_DISPLAY_NAME
        remedy = f"write a display name of one line, at most {MAX_DISPLAY_NAME} characters"
        raise BadUri(Flaw.CONTROL_CHARACTER if flaw else Flaw.TOO_LONG, at, remedy)
    escaped = display_name.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _tail(params: Pairs) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


class _Ban(NamedTuple):
    """What may not occur in a part, and what to do about it."""

    flaw: Flaw
    forbidden: re.Pattern[str]
    remedy: str


def _only(flaw: Flaw, extra: str, part: str) -> _Ban:
    """Ban whatever is not ``unreserved``, ``escaped`` or one of ``extra``."""
    allowed = "-A-Za-z0-9_.!~*'()%" + re.escape(extra)
    return _Ban(flaw, re.compile(f"[^{allowed}]"), f"write it percent-encoded in {part}")


_UNQUOTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]|%(?:[01][0-9A-Fa-f]|7[Ff])")
_CONTROL = _Ban(Flaw.CONTROL_CHARACTER, _CONTROLS, "take it out, it is sent in no form")
_A_LABEL = "write a host name as its A-label (xn--...), anything else percent-encoded"
_NON_ASCII = _Ban(Flaw.NON_ASCII, re.compile(r"[^\x00-\x7f]"), _A_LABEL)
_DELIMITER = _Ban(Flaw.UNQUOTED_DELIMITER, re.compile('[<>" ]'), "write it percent-encoded")
_ESCAPE = _Ban(
    Flaw.BAD_ESCAPE, re.compile("%(?![0-9A-Fa-f]{2})"), "write a percent sign itself as %25"
)
_USER = _only(Flaw.BAD_USER, "&=+$,;?/", "the user")
_PASSWORD = _only(Flaw.BAD_USER, "&=+$,", "the password")
_PARAMETER = _only(Flaw.BAD_PARAMETER, "[]/:&+$", "a parameter")
_HEADER_NAME = _only(Flaw.BAD_HEADER, "[]/?:+$", "a header's name")
_HEADER_VALUE = _only(Flaw.BAD_HEADER, "[]/?:+$,;=", "a header's value")

# A % is a token's too, but a name that still holds one could be decoded twice.
_TOKEN = re.compile(r"[A-Za-z0-9.!*_+`'~-]+")
_NAME_ADDR = re.compile(r"""(?:"(?:[^"\\]|\\.)*" *|[A-Za-z0-9.!%*_+`'~ -]*)<([^<>]*)>""")
_HOST_PORT = re.compile(r"(\[[^]]*\]|[^:]*)(?::(.*))?")
_LABEL = "(?:[a-z0-9-]{0,61}[a-z0-9])?"  # what may follow a label's first character
_HOSTNAME = re.compile(rf"(?=.{{1,253}}\.?\Z)(?:[a-z0-9]{_LABEL}\.)*[a-z]{_LABEL}\.?")
_NUMBER = re.compile(r"\+(?=[-.()]*[0-9])[-.()0-9]+|(?=[-.()]*[0-9A-Fa-f*#])[-.()0-9A-Fa-f*#]+")


class _Part(NamedTuple):
    """A stretch of the text, and its offset, so that every error can say where."""

    text: str
    at: int

    def cut(self, mark: str) -> tuple["_Part", "_Part | None"]:
        """Return what is before the first mark and what is behind it, None without one."""
        head, found, tail = self.text.partition(mark)
        return _Part(head, self.at), _Part(tail, self.at + len(head) + 1) if found else None

    def split(self, mark: str) -> Iterator["_Part"]:
        rest: _Part | None = self
        while rest is not None:
            head, rest = rest.cut(mark)
            yield head

    def keep(self, *bans: _Ban) -> str:
        """Return the text when nothing banned is in it, else raise BadUri."""
        for ban in bans:
            if found := ban.forbidden.search(self.text):
                raise BadUri(ban.flaw, self.at + found.start(), f"{found[0]!a}: {ban.remedy}")
        return self.text

    def need(self, flaw: Flaw, what: str) -> "_Part":
        if not self.text:
            raise BadUri(flaw, self.at, f"{what} is missing here")
        return self


def _addr_spec(text: str) -> _Part:
    """Return the URI proper, free of what may be nowhere in it."""
    stripped = text.strip(" \t\r\n")
    whole = _Part(stripped, text.find(stripped))
    if len(stripped) > MAX_LENGTH:
        raise BadUri(Flaw.TOO_LONG, whole.at, f"keep it to {MAX_LENGTH} characters")
    whole.keep(_CONTROL, _NON_ASCII)
    bracketed = _NAME_ADDR.fullmatch(stripped)
    part = _Part(bracketed[1], whole.at + bracketed.start(1)) if bracketed else whole
    part.need(Flaw.EMPTY, "the URI").keep(_DELIMITER, _ESCAPE)
    return part


def _sip(scheme: Literal["sip", "sips"], part: _Part, reserved: frozenset[str]) -> SipUri:
    # No part behind the user may hold an @, so the first one ends the user.
    before, behind = part.cut("@")
    userinfo, rest = (before, behind) if behind else (None, before)
    user, password = userinfo.cut(":") if userinfo else (None, None)
    location, query = rest.cut("?")
    host_port, *params = location.split(";")
    host, port = _host_port(host_port)
    return SipUri(
        scheme=scheme,
        user=user and user.need(Flaw.BAD_USER, "the user").keep(_USER),
        password=password and password.keep(_PASSWORD),
        host=host,
        port=port,
        params=_params(params),
        headers=_headers(query, reserved) if query and query.text else (),
    )


def _tel(part: _Part) -> TelUri:
    number, *params = part.split(";")
    if not _NUMBER.fullmatch(number.text):
        raise BadUri(Flaw.BAD_NUMBER, number.at, "write digits, with + before a global number")
    return TelUri(number=number.text, params=_params(params))


def _host_port(part: _Part) -> tuple[str, int | None]:
    found = _HOST_PORT.fullmatch(part.text)
    if not found or not (host := _host(found[1].lower())):
        remedy = "write a host name, an IPv4 address or [an IPv6 address]"
        raise BadUri(Flaw.BAD_HOST, part.at, remedy)
    if found[2] is None:
        return host, None
    port = int(found[2]) if found[2].isdigit() else 0
    if not 1 <= port <= MAX_PORT:
        raise BadUri(Flaw.BAD_PORT, part.at + found.start(2), f"write 1 to {MAX_PORT}")
    return host, port


def _host(text: str) -> str | None:
    if _HOSTNAME.fullmatch(text):
        return text
    try:
        if text.startswith("[") and "%" not in text:  # RFC 3261 has no zones
            return f"[{IPv6Address(text[1:-1])}]"
        return str(IPv4Address(text))
    except AddressValueError:
        return None


def _params(parts: list[_Part]) -> Pairs:
    pairs: dict[str, tuple[str, str | None]] = {}
    for part in parts:
        name, value = part.cut("=")
        key = unquote(name.need(Flaw.BAD_PARAMETER, "a parameter").keep(_PARAMETER)).lower()
        if key in pairs:  # RFC 3261, 19.1.1
            raise BadUri(Flaw.BAD_PARAMETER, part.at, "give each parameter only once")
        worth = value and value.need(Flaw.BAD_PARAMETER, "the parameter's value").keep(_PARAMETER)
        pairs[key] = (name.text, worth)
    return tuple(pairs.values())


def _headers(query: _Part, reserved: frozenset[str]) -> tuple[tuple[str, str], ...]:
    if len(query.text) > MAX_HEADERS_LENGTH:
        remedy = f"keep all headers together to {MAX_HEADERS_LENGTH} characters"
        raise BadUri(Flaw.HEADERS_TOO_LONG, query.at, remedy)
    return tuple(_header(part, reserved) for part in query.split("&"))


def _header(part: _Part, reserved: frozenset[str]) -> tuple[str, str]:
    name, value = part.cut("=")
    decoded = unquote(name.keep(_HEADER_NAME)).lower()
    if value is None or not _TOKEN.fullmatch(decoded):
        raise BadUri(Flaw.BAD_HEADER, part.at, "write it as name=value, the name a token")
    if not reserved.isdisjoint({decoded, f"{decoded.partition('-')[0]}-*"}):
        raise BadUri(Flaw.RESERVED_HEADER, part.at, "take it out: it is not the URI's to set")
    return name.text, value.keep(_HEADER_VALUE)
