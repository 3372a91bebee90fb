"""Who may be called: URIs, the headers that go with them, and the patterns that allow them."""

import re
from dataclasses import replace
from typing import Final

from fuzz.claim import Claim, check_sentence, text_of
from stasis_refer.core import headers, policy, targets, uri
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.rules import Action, Rule

_ONE_LINE: Final = re.compile("[!-~]+")
_CONTROL: Final = re.compile("%(?:[01][0-9A-Fa-f]|7[Ff])")


def _uri(data: bytes) -> None:
    """A text is refused with a place, or what is written of it is one line and reads the same."""
    text = text_of(data)
    try:
        found = uri.parse(text)
    except uri.BadUri as bad:
        check_sentence(bad, 200)
        assert 0 <= bad.at <= len(text)
        return
    for written in (uri.write(found), uri.name_addr(found)):
        assert uri.parse(written) == found
        assert _ONE_LINE.fullmatch(written)
        assert not _CONTROL.search(written)
        assert len(written) <= uri.MAX_LENGTH + len("<>")


def _name_addr(data: bytes) -> None:
    """Any display name and any dialog to replace are refused, or stay in their places."""
    text = text_of(data)
    target = uri.SipUri(scheme="sip", user="bob", host="example.com")
    try:
        named = uri.name_addr(target, text)
        assert uri.parse(named) == target
        assert len(named.splitlines()) == 1
        replacing = uri.parse(
            uri.with_replaces(uri.write(target), text.encode(errors="replace").decode()),
            reserved=frozenset(),
        )
        assert isinstance(replacing, uri.SipUri)
        assert [name for name, _ in replacing.headers] == ["Replaces"]
    except uri.BadUri as bad:
        check_sentence(bad, 200)


def _headers(data: bytes) -> None:
    """What passes is lines that are one header each, none of them reserved."""
    lines = [line.partition(":") for line in text_of(data).split("\n\n")]
    try:
        checked = headers.check((name, value) for name, _, value in lines)
    except headers.BadHeader as bad:
        check_sentence(bad, headers.MAX_LENGTH + 200)
        return
    wire = "".join(f"{name}: {value}\r\n" for name, value in checked).encode()
    assert len(wire) <= headers.MAX_LENGTH
    assert wire.count(b"\r") == wire.count(b"\n") == len(checked)
    assert not {name.lower() for name, _ in checked} & uri.RESERVED_HEADERS


def _targets(data: bytes) -> None:
    """A rule decides the same of a URI however it is escaped; without rules nobody is called."""
    first, _, second = text_of(data).partition("\n")
    try:
        rule = targets.parse_rule(first)
    except targets.BadPattern as bad:
        check_sentence(bad, 10 * len(first) + 200)
        return
    try:
        found = uri.parse(second)
    except uri.BadUri:
        return
    assert targets.deciding_rule((), found) is None
    decided = targets.deciding_rule((rule,), found)
    assert decided in {None, rule}
    assert targets.deciding_rule((rule,), uri.parse(uri.name_addr(found))) == decided
    if isinstance(found, uri.SipUri) and found.user and "%" not in found.user:
        assert targets.deciding_rule((rule,), _all_escaped(found)) == decided


_GUARDED: Final = Application(
    "guarded",
    "twiml",
    Callback("https://customer.example.com/"),
    rules=(
        Rule("premium", Action.DENY, prefixes=("+49900",)),
        Rule("inside", Action.DENY, hosts=(".internal", "10.0.0.0/8"), users=("admin*",)),
        Rule("own", Action.ALLOW, schemes=("sip",), hosts=("example.com",), ports=(5060,)),
        Rule("numbers", Action.ALLOW, prefixes=("+49",)),
    ),
    targets=(targets.parse_rule("sip:*@*.example.com"),),
)


def _policy(data: bytes) -> None:
    """Who may be called is the same however a URI is escaped; nobody is without a rule."""
    try:
        found = uri.parse(text_of(data))
    except uri.BadUri:
        return
    nothing_said = replace(_GUARDED, rules=(), targets=())
    assert isinstance(policy.decide(nothing_said, found), policy.Blocked)
    decided = policy.decide(_GUARDED, found)
    assert policy.decide(_GUARDED, uri.parse(uri.name_addr(found))) == decided
    if isinstance(found, uri.SipUri) and found.user and "%" not in found.user:
        assert policy.decide(_GUARDED, _all_escaped(found)) == decided
    denied = replace(_GUARDED, rules=(Rule("all", Action.DENY), *_GUARDED.rules))
    assert isinstance(policy.decide(denied, found), policy.Blocked)


def _all_escaped(found: uri.SipUri) -> uri.SipUri:
    user = "".join(f"%{ord(each):02x}" for each in found.user or "")
    return replace(found, user=user)


_URIS: Final = (
    b"sip:alice@example.com",
    b"sips:alice:secret@example.com:5061;transport=tls;lr?X-Account=7&Subject=a%20b",
    b'"Alice, \\"home\\"" <sip:+49123;phone-context=x@[2001:db8::1]:5060;user=phone>',
    b"tel:+49-30-(12)34;ext=5;isub=1",
    b"sip:192.0.2.7",
    b"<sip:a%40b@xn--bcher-kva.example.?Replaces=1%3Bto-tag%3D2%3Bfrom-tag%3D3>",
)
_WORDS: Final = (
    *(b"sip:", b"sips:", b"tel:", b"@", b"%0d%0a", b"\r\n", b"%00", b"%40", b";", b"?", b"&", b"="),
    *(b"<", b">", b'"', b"\\", b"[", b"]", b"::1", b"maddr=", b"Replaces=", b"*", b".", b"%", b","),
)

CLAIMS: Final = (
    Claim("uri", _uri, _URIS, _WORDS),
    Claim("name-addr", _name_addr, (b"Bob", b"1@a;to-tag=2;from-tag=3", *_URIS), _WORDS),
    Claim(
        "headers",
        _headers,
        (b"X-Account: 7", b"X-A: b\n\nX-C:  d e \n\nUser-to-User: 00ab;encoding=hex"),
        (b":", b"\r\n", b"\n\n", b"X-", b"Via", b"Allow-", b"Refer-To", b"\xc2\x85", b"\t"),
    ),
    Claim(
        "policy",
        _policy,
        (
            *_URIS,
            b"sip:alice@example.com:5060",
            b"sip:+49900123@sip.example.com;user=phone",
            b"sip:0049%39001234@pbx.internal",
            b"tel:+49-900-1234;phone-context=+1",
            b"sip:admin@10.1.2.3;maddr=192.0.2.1",
        ),
        (*_WORDS, b"+49", b"900", b"00", b"011", b".internal", b"10.", b"user=phone", b"%25"),
    ),
    Claim(
        "targets",
        _targets,
        (
            b"sip:*@example.com\nsip:alice@example.com",
            b"sip:a*b@*.example.com:5060\nsip:aXb@sip.example.com:5060;transport=tcp",
            b"tel:+49*\ntel:+49-30-1234",
            b"sips:*@[2001:db8::1]\nsips:x@[2001:DB8::1]",
        ),
        (*_WORDS, b"\n"),
    ),
)
