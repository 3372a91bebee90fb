import ipaddress
import re
import string
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
import sipmessage
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stasis_refer.core.uri import (
    MAX_HEADERS_LENGTH,
    MAX_LENGTH,
    RESERVED_HEADERS,
    BadUri,
    Flaw,
    SipUri,
    TelUri,
    Uri,
    name_addr,
    parse,
    with_replaces,
    without_headers,
    write,
)


def sip(host: str, user: str | None = None, **rest: Any) -> SipUri:  # noqa: ANN401
    return SipUri(scheme="sip", host=host, user=user, **rest)


def sips(host: str, user: str | None = None, **rest: Any) -> SipUri:  # noqa: ANN401
    return SipUri(scheme="sips", host=host, user=user, **rest)


READ_AS: list[tuple[str, Uri]] = [
    # RFC 3261, 19.1.3
    ("sip:alice@atlanta.com", sip("atlanta.com", "alice")),
    (
        "sip:alice:secretword@atlanta.com;transport=tcp",
        sip("atlanta.com", "alice", password="secretword", params=(("transport", "tcp"),)),
    ),
    (
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        sips("atlanta.com", "alice", headers=(("subject", "project%20x"), ("priority", "urgent"))),
    ),
    (
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        sip("gateway.com", "+1-212-555-1212", password="1234", params=(("user", "phone"),)),
    ),
    ("sips:1212@gateway.com", sips("gateway.com", "1212")),
    ("sip:alice@192.0.2.4", sip("192.0.2.4", "alice")),
    (
        "sip:atlanta.com;method=REGISTER?priority=urgent",
        sip("atlanta.com", params=(("method", "REGISTER"),), headers=(("priority", "urgent"),)),
    ),
    ("sip:alice;day=tuesday@atlanta.com", sip("atlanta.com", "alice;day=tuesday")),
    # RFC 4475
    (
        "sip:vivekg@chair-dnrc.example.com;unknownparam",
        sip("chair-dnrc.example.com", "vivekg", params=(("unknownparam", None),)),
    ),
    (
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        sip(
            "example.com",
            "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
            password="&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
        ),
    ),
    ("sip:sips%3Auser%40example.com@example.net", sip("example.net", "sips%3Auser%40example.com")),
    (
        "sip:user;par=u%40example.net@example.com",
        sip("example.com", "user;par=u%40example.net"),
    ),
    ("sip:%66%6f%6f@example.net", sip("example.net", "%66%6f%6f")),
    # The forms of hosts
    ("SIP:Alice@Example.COM", sip("example.com", "Alice")),
    ("sip:alice@example.com.", sip("example.com.", "alice")),
    ("sip:alice@xn--mller-kva.example", sip("xn--mller-kva.example", "alice")),
    ("sip:alice@3com.example", sip("3com.example", "alice")),
    ("sip:h", sip("h")),
    ("sip:alice@" + "a" * 63 + ".example", sip("a" * 63 + ".example", "alice")),
    ("sip:alice@192.0.2.4:5060", sip("192.0.2.4", "alice", port=5060)),
    ("sip:alice@example.com:05060", sip("example.com", "alice", port=5060)),
    ("sip:alice@example.com:1", sip("example.com", "alice", port=1)),
    ("sip:alice@example.com:65535", sip("example.com", "alice", port=65535)),
    ("sip:bob@[2001:DB8:0:0::10]:5070", sip("[2001:db8::10]", "bob", port=5070)),
    ("sip:[::ffff:192.0.2.1]", sip(f"[{ipaddress.IPv6Address('::ffff:192.0.2.1')}]")),
    # The forms of users and passwords
    ("sip:alice:@example.com", sip("example.com", "alice", password="")),
    ("sip:%23%2a21@example.com", sip("example.com", "%23%2a21")),
    ("sip:m%C3%BCller@example.com", sip("example.com", "m%C3%BCller")),
    ("sip:a,b@example.com", sip("example.com", "a,b")),
    ("sip:twice%250d@example.com", sip("example.com", "twice%250d")),
    # The forms of parameters
    (
        "sip:a@example.com;lr;x=%3b;maddr=[2001:db8::1]",
        sip("example.com", "a", params=(("lr", None), ("x", "%3b"), ("maddr", "[2001:db8::1]"))),
    ),
    # Headers: what vendors' documents show
    (
        "sip:alice@example.com?X-AcctNumber=123456&X-ReasonForCalling=billing-question",
        sip(
            "example.com",
            "alice",
            headers=(("X-AcctNumber", "123456"), ("X-ReasonForCalling", "billing-question")),
        ),
    ),
    (
        "sip:alice@example.com?User-to-User=123456789%3Bencoding%3Dhex",
        sip("example.com", "alice", headers=(("User-to-User", "123456789%3Bencoding%3Dhex"),)),
    ),
    (
        "sip:a@example.com?User-to-User=123456789%3Bencoding%3Dhex&X-Name=Agent%2C+A",
        sip(
            "example.com",
            "a",
            headers=(("User-to-User", "123456789%3Bencoding%3Dhex"), ("X-Name", "Agent%2C+A")),
        ),
    ),
    ("sip:phone_number@domain.com", sip("domain.com", "phone_number")),
    ("sip:phone_number@domain.com?", sip("domain.com", "phone_number")),
    (
        "sip:phone_number@domain.com?myCustomHeader=value",
        sip("domain.com", "phone_number", headers=(("myCustomHeader", "value"),)),
    ),
    ("sip:a@example.com?X-A=1,2;3=", sip("example.com", "a", headers=(("X-A", "1,2;3="),))),
    ("sip:a@example.com?X-A=", sip("example.com", "a", headers=(("X-A", ""),))),
    (
        "sip:a@example.com?X-A=2&x-a=1&X-A=2",
        sip("example.com", "a", headers=(("X-A", "2"), ("x-a", "1"), ("X-A", "2"))),
    ),
    ("sip:a@example.com?%58-A=1", sip("example.com", "a", headers=(("%58-A", "1"),))),
    (
        "sip:a@example.com?Subject=Hi&Contactless=y",
        sip("example.com", "a", headers=(("Subject", "Hi"), ("Contactless", "y"))),
    ),
    # What may be around a URI
    ("\r\n\t sip:alice@example.com \r\n", sip("example.com", "alice")),
    ("<sip:alice@example.com>", sip("example.com", "alice")),
    (" <sip:alice@example.com;lr> ", sip("example.com", "alice", params=(("lr", None),))),
    ('"Alice" <sip:alice@example.com>', sip("example.com", "alice")),
    (r'"A. \"Al\" <b>, \\ 100%"<sip:alice@example.com>', sip("example.com", "alice")),
    ("Alice Smith <sip:alice@example.com>", sip("example.com", "alice")),
    # tel:
    ("tel:+49-30-1234(5)6.7", TelUri(number="+49-30-1234(5)6.7")),
    ("TEL:+4930123", TelUri(number="+4930123")),
    ("tel:*21#", TelUri(number="*21#")),
    (
        "tel:7042;phone-context=example.com",
        TelUri(number="7042", params=(("phone-context", "example.com"),)),
    ),
    ("<tel:+4930123;ext=12>", TelUri(number="+4930123", params=(("ext", "12"),))),
]


@pytest.mark.parametrize(("text", "uri"), READ_AS)
def test_a_good_uri_is_read_and_written_again(text: str, uri: Uri) -> None:
    assert parse(text) == uri
    assert parse(write(uri)) == uri
    assert parse(name_addr(uri)) == uri


@pytest.mark.parametrize(
    ("text", "written", "in_header"),
    [
        ("sip:a@b", "sip:a@b", "sip:a@b"),
        ("SIPS:A@B:05061", "sips:A@b:5061", "sips:A@b:5061"),
        ("<sip:a@b>", "sip:a@b", "sip:a@b"),
        ("sip:a@b?", "sip:a@b", "sip:a@b"),
        ("sip:a?@b", "sip:a?@b", "<sip:a?@b>"),
        ("sip:a,b@c", "sip:a,b@c", "<sip:a,b@c>"),
        ("sip:a@b;lr", "sip:a@b;lr", "<sip:a@b;lr>"),
        ("sip:a@b?X-B=1&X-A=%2c", "sip:a@b?X-B=1&X-A=%2c", "<sip:a@b?X-B=1&X-A=%2c>"),
        ("sip:a:p@b:1;c=d?G=h", "sip:a:p@b:1;c=d?G=h", "<sip:a:p@b:1;c=d?G=h>"),
        ("tel:+1", "tel:+1", "tel:+1"),
        ("tel:1;ext=2", "tel:1;ext=2", "<tel:1;ext=2>"),
    ],
)
def test_a_uri_is_written_in_one_way(text: str, written: str, in_header: str) -> None:
    uri = parse(text)
    assert (write(uri), name_addr(uri)) == (written, in_header)


REFUSED: list[tuple[str, Flaw, int]] = [
    ("", Flaw.EMPTY, 0),
    (" \r\n\t", Flaw.EMPTY, 0),
    ("<>", Flaw.EMPTY, 1),
    ("Alice <>", Flaw.EMPTY, 7),
    ("sip:a@b" + "c" * MAX_LENGTH, Flaw.TOO_LONG, 0),
    # Nothing that ends a header line, or that somebody else's parser might take for an end
    ("sip:a@b\r\nX-A: 1", Flaw.CONTROL_CHARACTER, 7),
    ("sip:a@b\rX", Flaw.CONTROL_CHARACTER, 7),
    ("sip:a\n@b", Flaw.CONTROL_CHARACTER, 5),
    ("sip:a\x00@b", Flaw.CONTROL_CHARACTER, 5),
    ("sip:a\t@b", Flaw.CONTROL_CHARACTER, 5),
    ("sip:a\x7f@b", Flaw.CONTROL_CHARACTER, 5),
    ("sip:a\x85@b", Flaw.CONTROL_CHARACTER, 5),
    ("\x00sip:a@b", Flaw.CONTROL_CHARACTER, 0),
    ("sip:a@b\x0b", Flaw.CONTROL_CHARACTER, 7),
    ('"A\r\nX: 1" <sip:a@b>', Flaw.CONTROL_CHARACTER, 2),
    ("sip:null-%00-null@example.com", Flaw.CONTROL_CHARACTER, 9),
    ("sip:a@b?X-A=1%0d%0aX-B:2", Flaw.CONTROL_CHARACTER, 13),
    ("sip:a@b?X-A=1%0A", Flaw.CONTROL_CHARACTER, 13),
    ("sip:a@b;c=%1F", Flaw.CONTROL_CHARACTER, 10),
    ("sip:a:%1f@b", Flaw.CONTROL_CHARACTER, 6),
    ("sip:a%7f@b", Flaw.CONTROL_CHARACTER, 5),
    ("sip:a%7F@b", Flaw.CONTROL_CHARACTER, 5),
    ("sip:a@b%0d", Flaw.CONTROL_CHARACTER, 7),
    # ASCII only
    ("sip:a@müller.example", Flaw.NON_ASCII, 7),
    ("sip:ü@b", Flaw.NON_ASCII, 4),
    ("sip:a@b:\uff15060", Flaw.NON_ASCII, 8),
    ("sip:a@b\u2028", Flaw.NON_ASCII, 7),
    ("sip:a@b\u00a0", Flaw.NON_ASCII, 7),
    ("sip:a@b?X-A=\ud800", Flaw.NON_ASCII, 12),
    # Delimiters
    ("<sip:a@b", Flaw.UNQUOTED_DELIMITER, 0),
    ("sip:a@b>", Flaw.UNQUOTED_DELIMITER, 7),
    ("<sip:a@b>;tag=1", Flaw.UNQUOTED_DELIMITER, 0),
    ("<sip:a@b>, <sip:c@d>", Flaw.UNQUOTED_DELIMITER, 0),
    ("<<sip:a@b>>", Flaw.UNQUOTED_DELIMITER, 0),
    ('"Alice <sip:a@b>', Flaw.UNQUOTED_DELIMITER, 0),
    ('"Alice"', Flaw.UNQUOTED_DELIMITER, 0),
    ('"Alice" sip:a@b', Flaw.UNQUOTED_DELIMITER, 0),
    ("Alice, Bob <sip:a@b>", Flaw.UNQUOTED_DELIMITER, 6),
    ('sip:a"b@c', Flaw.UNQUOTED_DELIMITER, 5),
    ("sip:a@b?X-A=<1>", Flaw.UNQUOTED_DELIMITER, 12),
    ("sip:a b@c", Flaw.UNQUOTED_DELIMITER, 5),
    ("< sip:a@b>", Flaw.UNQUOTED_DELIMITER, 1),
    # Escapes
    ("sip:100%@b", Flaw.BAD_ESCAPE, 7),
    ("sip:a%4@b", Flaw.BAD_ESCAPE, 5),
    ("sip:a%g0@b", Flaw.BAD_ESCAPE, 5),
    ("sip:a@b?X-A=1%", Flaw.BAD_ESCAPE, 13),
    # Schemes
    ("alice@example.com", Flaw.BAD_SCHEME, 0),
    ("alice", Flaw.BAD_SCHEME, 0),
    ("sip", Flaw.BAD_SCHEME, 0),
    ("  http://example.com", Flaw.BAD_SCHEME, 2),
    ("PJSIP/sip:a@b", Flaw.BAD_SCHEME, 0),
    (":a@b", Flaw.BAD_SCHEME, 0),
    # Users
    ("sip:@b", Flaw.BAD_USER, 4),
    ("sip::p@b", Flaw.BAD_USER, 4),
    ("sip:#21@b", Flaw.BAD_USER, 4),
    ("sip:a{b@c", Flaw.BAD_USER, 5),
    ("sip:a\\b@c", Flaw.BAD_USER, 5),
    ("sip:a[b@c", Flaw.BAD_USER, 5),
    ("sip:a:b:c@d", Flaw.BAD_USER, 7),
    ("<sip:a|b@c>", Flaw.BAD_USER, 6),
    # Hosts
    ("sip:", Flaw.BAD_HOST, 4),
    ("sip:a@", Flaw.BAD_HOST, 6),
    ("sip:a@:5060", Flaw.BAD_HOST, 6),
    ("sip:a@;lr", Flaw.BAD_HOST, 6),
    ("sip:a@?X-A=1", Flaw.BAD_HOST, 6),
    ("sip:a@b@c", Flaw.BAD_HOST, 6),
    ("sip:a@b,sip:c@d", Flaw.BAD_HOST, 6),
    ("sip:a@my_host", Flaw.BAD_HOST, 6),
    ("sip:a@-b", Flaw.BAD_HOST, 6),
    ("sip:a@b-", Flaw.BAD_HOST, 6),
    ("sip:a@b..c", Flaw.BAD_HOST, 6),
    ("sip:a@.", Flaw.BAD_HOST, 6),
    ("sip:a@b%2ec", Flaw.BAD_HOST, 6),
    ("sip:a@" + "b" * 64, Flaw.BAD_HOST, 6),
    ("sip:a@" + "b." * 128, Flaw.BAD_HOST, 6),
    ("sip:a@256.0.0.1", Flaw.BAD_HOST, 6),
    ("sip:a@1.2.3", Flaw.BAD_HOST, 6),
    ("sip:a@1.2.3.4.5", Flaw.BAD_HOST, 6),
    ("sip:a@1.2.3.4.", Flaw.BAD_HOST, 6),
    ("sip:a@010.0.0.1", Flaw.BAD_HOST, 6),
    ("sip:a@2130706433", Flaw.BAD_HOST, 6),
    ("sip:a@0x7f.1", Flaw.BAD_HOST, 6),
    ("sip:a@[::1", Flaw.BAD_HOST, 6),
    ("sip:a@[]", Flaw.BAD_HOST, 6),
    ("sip:a@[::g]", Flaw.BAD_HOST, 6),
    ("sip:a@[::1]x", Flaw.BAD_HOST, 6),
    ("sip:a@[192.0.2.1]", Flaw.BAD_HOST, 6),
    ("sip:a@[fe80::1%25eth0]", Flaw.BAD_HOST, 6),
    ("sip:a@::1", Flaw.BAD_HOST, 6),
    # Ports
    ("sip:a@b:", Flaw.BAD_PORT, 8),
    ("sip:a@b:0", Flaw.BAD_PORT, 8),
    ("sip:a@b:65536", Flaw.BAD_PORT, 8),
    ("sip:a@b:" + "9" * 1000, Flaw.BAD_PORT, 8),
    ("sip:a@b:+80", Flaw.BAD_PORT, 8),
    ("sip:a@b:5_060", Flaw.BAD_PORT, 8),
    ("sip:a@b:5060:5060", Flaw.BAD_PORT, 8),
    ("sip:a@[::1]:", Flaw.BAD_PORT, 12),
    # Parameters
    ("sip:a@b;", Flaw.BAD_PARAMETER, 8),
    ("sip:a@b;;lr", Flaw.BAD_PARAMETER, 8),
    ("sip:a@b;=1", Flaw.BAD_PARAMETER, 8),
    ("sip:a@b;c=", Flaw.BAD_PARAMETER, 10),
    ("sip:a@b;c=d=e", Flaw.BAD_PARAMETER, 11),
    ("sip:a@b;c=d,e", Flaw.BAD_PARAMETER, 11),
    ("sip:a@b;c=d@e", Flaw.BAD_PARAMETER, 11),
    ("sip:a@b;lr;LR", Flaw.BAD_PARAMETER, 11),
    ("sip:a@b;maddr=c;m%61ddr=d", Flaw.BAD_PARAMETER, 16),
    # Headers
    ("sip:a@b?X-A", Flaw.BAD_HEADER, 8),
    ("sip:a@b?=1", Flaw.BAD_HEADER, 8),
    ("sip:a@b?X-A=1&", Flaw.BAD_HEADER, 14),
    ("sip:a@b?&X-A=1", Flaw.BAD_HEADER, 8),
    ("sip:a@b?X:A=1", Flaw.BAD_HEADER, 8),
    ("sip:a@b?X%3aA=1", Flaw.BAD_HEADER, 8),
    ("sip:a@b?X%20A=1", Flaw.BAD_HEADER, 8),
    ("sip:a@b?X-%C3%BC=1", Flaw.BAD_HEADER, 8),
    ("sip:a@b?Rou%2574e=1", Flaw.BAD_HEADER, 8),
    ("sip:a@b?X-A=c@d", Flaw.BAD_HEADER, 13),
    ("sip:a@b?X-A={1}", Flaw.BAD_HEADER, 12),
    ("sip:a@b?X-A=" + "1" * (MAX_HEADERS_LENGTH - 3), Flaw.HEADERS_TOO_LONG, 8),
    # tel:
    ("tel:", Flaw.BAD_NUMBER, 4),
    ("tel:+", Flaw.BAD_NUMBER, 4),
    ("tel:-.()", Flaw.BAD_NUMBER, 4),
    ("tel:+49ab", Flaw.BAD_NUMBER, 4),
    ("tel:4+9", Flaw.BAD_NUMBER, 4),
    ("tel:a@b", Flaw.BAD_NUMBER, 4),
    ("tel:1?X-A=1", Flaw.BAD_NUMBER, 4),
    ("tel:1;ext=2?X-A=1", Flaw.BAD_PARAMETER, 11),
    ("tel:1;", Flaw.BAD_PARAMETER, 6),
]


@pytest.mark.parametrize(("text", "why", "at"), REFUSED)
def test_a_bad_uri_is_refused_with_its_flaw_and_where_it_is(text: str, why: Flaw, at: int) -> None:
    with pytest.raises(BadUri) as refusal:
        parse(text)
    assert (refusal.value.why, refusal.value.at) == (why, at)


def test_every_flaw_has_a_text_that_shows_it() -> None:
    assert {why for _, why, _ in REFUSED} | {Flaw.RESERVED_HEADER} == set(Flaw)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sip:#21@b", "bad_user at offset 4: '#': write it percent-encoded in the user"),
        (
            "sip:a@b\r\n.",
            r"control_character at offset 7: '\r': take it out, it is sent in no form",
        ),
        (
            "sip:a@müller.example",
            (
                r"non_ascii at offset 7: '\xfc': write a host name as its A-label (xn--...), "
                "anything else percent-encoded"
            ),
        ),
        ("sip:a@b:99999", "bad_port at offset 8: write 1 to 65535"),
        ("sip:@b", "bad_user at offset 4: the user is missing here"),
    ],
)
def test_a_refusal_says_where_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(BadUri, match=f"^{re.escape(message)}$"):
        parse(text)


RESERVED_NAMES = """
    Call-ID i CSeq From f To t Via v Contact m Route Record-Route Max-Forwards
    body BODY Content-Type c Content-Length l Content-Disposition content-x e
    Require Supported k Allow Allow-Events u Authorization Refer-To r
    Proxy-Authorization proxy-require Referred-By b Event o
    Replaces Join Target-Dialog
    %52oute Call%2DID %63 rOuTe Content%2dType %52eplaces
"""
OTHER_NAMES = """
    User-to-User X-Route Subject s Priority X-Content-Type P-Asserted-Identity Contactless
"""


@pytest.mark.parametrize("name", RESERVED_NAMES.split())
def test_a_reserved_header_is_refused(name: str) -> None:
    with pytest.raises(BadUri) as refusal:
        parse(f"sip:a@b?X-A=1&{name}=2")
    assert (refusal.value.why, refusal.value.at) == (Flaw.RESERVED_HEADER, 14)


@pytest.mark.parametrize("name", OTHER_NAMES.split())
def test_any_other_header_is_taken(name: str) -> None:
    assert parse(f"sip:a@b?{name}=2") == sip("b", "a", headers=((name, "2"),))


def test_the_caller_decides_what_is_reserved() -> None:
    text = "sip:a@b?Route=1"
    assert write(parse(text, reserved=frozenset())) == text
    with pytest.raises(BadUri):
        parse("sip:a@b?X-Own=1", reserved=RESERVED_HEADERS | {"x-*"})


def test_the_longest_header_part_is_taken() -> None:
    text = "sip:a@b?X-A=" + "1" * (MAX_HEADERS_LENGTH - 4)
    assert write(parse(text)) == text


@pytest.mark.parametrize(
    "uri",
    [
        sip("b\r\nX-A: 1"),
        sip("b", "a\n"),
        sip("b", "a", password="%0d"),
        sip("b", params=(("c", "\x00"),)),
        sip("b", headers=(("X-A", "1\r\nX-B: 2"),)),
        sip("b> <sip:c"),
        sip("ü"),
        TelUri(number="1\r\n"),
    ],
)
@pytest.mark.parametrize("writer", [write, name_addr])
def test_a_value_made_by_hand_cannot_bring_in_a_line(
    writer: Callable[[Uri], str], uri: Uri
) -> None:
    with pytest.raises(BadUri):
        writer(uri)


# -- Replaces --------------------------------------------------------------------

DIALOG = "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff"  # RFC 3891, 6.1
ESCAPED = "Replaces=98732%40sip.example.com%3Bfrom-tag%3Dr33th4x0r%3Bto-tag%3Dff87ff"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sip:bob@example.com", f"<sip:bob@example.com?{ESCAPED}>"),
        ("<sip:bob@example.com>", f"<sip:bob@example.com?{ESCAPED}>"),
        ("<sip:bob@example.com;gr=1>", f"<sip:bob@example.com;gr=1?{ESCAPED}>"),
        ("<sips:b@[::1]:5061?X-A=1,2;3>", f"<sips:b@[::1]:5061?X-A=1,2;3&{ESCAPED}>"),
    ],
)
def test_a_dialog_to_be_replaced_is_a_header_of_the_uri(text: str, written: str) -> None:
    assert with_replaces(text, DIALOG) == written
    uri = parse(written, reserved=frozenset())
    assert isinstance(uri, SipUri)
    assert unquote(uri.headers[-1][1]) == DIALOG


@pytest.mark.parametrize(
    ("text", "replaces", "why"),
    [
        ("tel:+4930123", DIALOG, Flaw.BAD_SCHEME),
        (
            "<sip:bob@example.com?Replaces=1%3Bto-tag%3D2%3Bfrom-tag%3D3>",
            DIALOG,
            Flaw.RESERVED_HEADER,
        ),
        ("<sip:bob@example.com?rEPLACES=1>", DIALOG, Flaw.RESERVED_HEADER),
        ("sip:bob@example.com", "1;to-tag=2\r\nX-Evil: 1;from-tag=3", Flaw.CONTROL_CHARACTER),
        ("sip:bob@example.com", f"{'1' * 1020};to-tag=2", Flaw.HEADERS_TOO_LONG),
        (f"<sip:b@example.com?X={'1' * 1000}>", DIALOG, Flaw.HEADERS_TOO_LONG),
    ],
)
def test_a_uri_without_room_for_a_dialog_is_refused(text: str, replaces: str, why: Flaw) -> None:
    with pytest.raises(BadUri) as refused:
        with_replaces(text, replaces)
    assert refused.value.why is why


def test_a_password_is_in_no_repr() -> None:
    assert "secretword" not in repr(parse("sip:alice:secretword@atlanta.com"))


UNRESERVED = string.ascii_letters + string.digits + "-_.!~*'()"
ESCAPES = dict(enumerate(["%20", "%2C", "%2c", "%40", "%25", "%3B", "%7E", "%80", "%C3%BC"]))


def escaped(extra: str, min_size: int = 0) -> st.SearchStrategy[str]:
    """Text of the unreserved characters, the extra ones, and escapes."""
    alphabet = UNRESERVED + extra + "".join(map(chr, ESCAPES))
    return st.text(alphabet, min_size=min_size, max_size=8).map(
        lambda text: text.translate(ESCAPES)
    )


def named(prefix: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Up to two names of different value."""
    return st.lists(values, max_size=2).map(
        lambda each: tuple((f"{prefix}{n}", value) for n, value in enumerate(each))
    )


HOSTS = st.sampled_from(
    ["h", "a-b.example", "x.y.z.", "3com.example", "192.0.2.4", "[2001:db8::1]"]
)
SIP_URIS = st.builds(
    SipUri,
    scheme=st.sampled_from(["sip", "sips"]),
    host=HOSTS,
    user=st.none() | escaped("&=+$,;?/", 1),
    port=st.none() | st.integers(1, 65535),
    params=named("p", escaped("[]/:&+$", 1)),
    headers=named("X-", escaped("[]/?:+$,;=")),
)
PASSWORDS = escaped("&=+$,")
TEL_URIS = st.text(string.digits + "-.()").map(lambda digits: TelUri(number=f"+1{digits}"))

WILD = st.text(max_size=40)
NEARLY = st.text('sip:tel@;?&=,.%<>"[]0daf1\\\r\n\t \x00é', max_size=20)
INSERTS = ["", "\r\n", "\n", "\x00", "%0d%0a", "%00", "%", "<", ">", '"', ",", ";", "@", " ", "é"]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A good URI into which something was put, or out of which something was cut."""
    text = write(draw(SIP_URIS))
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from(INSERTS)) + text[at + draw(st.integers(0, 2)) :]


@settings(max_examples=10_000, deadline=None)
@given(WILD | NEARLY | NEARLY.map("sip:a@b".__add__) | damaged())
@example("sip:a@b\r\nVia: x")
@example("sip:" + " " * 1000 + "<")
def test_any_text_is_refused_or_read_back_the_same(text: str) -> None:
    try:
        uri = parse(text)
    except BadUri:
        return
    for written in (write(uri), name_addr(uri)):
        assert parse(written) == uri
        assert re.fullmatch("[!-~]+", written)
        assert not re.search("%([01].|7[fF])", written)


@settings(max_examples=1_000, deadline=None)
@given(SIP_URIS | TEL_URIS)
def test_any_uri_of_the_grammar_is_read_back_the_same(uri: Uri) -> None:
    assert parse(write(uri)) == uri
    assert parse(name_addr(uri)) == uri
    assert parse(f'"Name, \\"x\\"" <{write(uri)}>') == uri


@settings(max_examples=300, deadline=None)
@given(SIP_URIS, PASSWORDS)
def test_a_password_is_read_back_the_same(uri: SipUri, password: str) -> None:
    text = f"{uri.scheme}:bob:{password}@{uri.host}"
    assert write(parse(text)) == text


def both_agree_on(uri: SipUri) -> None:
    judged = sipmessage.URI.parse(write(uri))
    user = None if uri.user is None else unquote(uri.user)
    assert (judged.scheme, judged.host, judged.port) == (uri.scheme, uri.host, uri.port)
    assert judged.user == user
    # The judge keeps no order and no escapes of parameters, and no header.
    assert dict(judged.parameters) == {
        name: None if value is None else unquote(value) for name, value in uri.params
    }


@settings(max_examples=1_000, deadline=None)
@given(SIP_URIS)
def test_another_library_reads_any_written_uri_the_same(uri: SipUri) -> None:
    both_agree_on(replace(uri, headers=()))


@pytest.mark.parametrize(
    "uri", [uri for _, uri in READ_AS if isinstance(uri, SipUri) and uri.password != ""]
)
def test_another_library_reads_a_good_uri_the_same(uri: SipUri) -> None:
    both_agree_on(replace(uri, headers=()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:a@example.com?X-A=1&User-to-User=2", "sip:a@example.com"),
        ("sips:a@example.com:5061;transport=tls?X-A=1", "sips:a@example.com:5061;transport=tls"),
        ("sip:a@example.com", "sip:a@example.com"),
    ],
)
def test_a_request_goes_to_the_uri_without_its_headers(text: str, expected: str) -> None:
    parsed = parse(text)
    assert isinstance(parsed, SipUri)
    assert write(without_headers(parsed)) == expected
