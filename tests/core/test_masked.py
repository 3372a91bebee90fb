import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stasis_refer.core import masked


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("", ""),
        ("4001", "4***"),
        ("+493012345", "+***"),
        ("4", "4***"),
        ("Bob Builder", "B***"),
        ("sip:4001@example.com", "sip:4***@example.com"),
        ("sips:4001@example.com:5061;transport=tls", "sips:4***@example.com:5061;transport=tls"),
        ("SIP:bob:secret@example.com", "SIP:b***@example.com"),
        ("sip:example.com", "sip:example.com"),
        ("tel:+49-30-12345", "tel:+4***"),
        ("tel:112;phone-context=+49", "tel:1***;phone-context=+49"),
        ('"Bob" <sip:bob@example.com>;tag=1', '"B***" <sip:b***@example.com>;tag=1'),
        ("Bob B <sip:bob@example.com>", "B*** <sip:b***@example.com>"),
        ('"A \\"B\\" C"<tel:+4930>', '"A***"<tel:+4***>'),
        ("<sip:bob@example.com>", "<sip:b***@example.com>"),
        ("sip:127.0.0.1:5060", "sip:127.0.0.1:5060"),
        ("sip:+4930123456", "sip:+***"),
        ("<sip:4001;user=phone>", "<sip:4***;user=phone>"),
        ("sip:alice", "s***"),
        ("sip:a b@c", "s***"),
        ("<sip:a b@c>", "<sip:a***@c>"),
        ("Bob: sip:bob@c", "B***"),
        ('"*Bob" <sip:bob@a>', '"****" <sip:b***@a>'),
        ("*Bob <sip:bob@a>", "**** <sip:b***@a>"),
        ("sip:bob@a?X-Name=Bob%20B&Subject=eve", "sip:b***@a?X-Name=B***&Subject=e***"),
    ],
)
def test_a_party_cannot_be_told(text: str, hidden: str) -> None:
    assert masked.party(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("REFER sip:1001@127.0.0.7:5062 SIP/2.0", "REFER sip:1***@127.0.0.7:5062 SIP/2.0"),
        ("SIP/2.0 486 Busy Here", "SIP/2.0 486 Busy Here"),
        ("12491 NOTIFY", "12491 NOTIFY"),
        ("refer;id=12491", "refer;id=12491"),
        ("terminated;reason=noresource", "terminated;reason=noresource"),
        (
            "<sip:bob@a.example?Referred-By=%3Csip%3Aeve%40b.example%3E&Replaces=1%40c%3Bto-tag%3D2>",
            "<sip:b***@a.example?Referred-By=%3Csip%3Ae***%40b.example%3E&Replaces=1%40c%3Bto-tag%3D2>",
        ),
        (
            "SIP/2.0 200 OK\r\nContact: Bob <sip:bob@a>\r\n",
            "SIP/2.0 200 OK\r\nContact: B*** <sip:b***@a>\r\n",
        ),
        (
            "<sip:h?User-to-User=426f62%3Bencoding%3Dhex&X-Name=Bob&Bob>",
            "<sip:h?User-to-User=4***&X-Name=B***&B***>",
        ),
        (
            "<sip:bob@a?X-By=%22Eve%22%20%3Csip%3Aeve%40b%3FX%3DEve%3E>;tag=1",
            "<sip:b***@a?X-By=%22E***%22%20%3Csip%3Ae***%40b>;tag=1",
        ),
        (
            "<sip:bob@a?Referred-By=%22Eve%22%20%3Csip%3Aeve%40b.example%3E>",
            "<sip:b***@a?Referred-By=%22E***%22%20%3Csip%3Ae***%40b.example%3E>",
        ),
        ("+4930123456 is not allowed: 'sip:a b@c'", "+*** is not allowed: 'sip:a***@c'"),
        ("line 3, <Refer>: '4930123456' is no URI", "line 3, <Refer>: '4***' is no URI"),
        (
            "Bob <sip:bob@a>, Eve <sip:eve@b>",
            "B*** <sip:b***@a>, E*** <sip:e***@b>",
        ),
    ],
)
def test_in_a_line_the_parties_alone_are_hidden(text: str, hidden: str) -> None:
    assert masked.line(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("", ""),
        ("0301234567 is not allowed", "0*** is not allowed"),
        ("call +4930123456 back", "call +*** back"),
        ("number:0301234, or 12345", "number:0***, or 1***"),
        ("12345@example.com", "1***@example.com"),
        ("call 030/1234567, or (030) 123 45-67", "call 0***, or (0***"),
        ("030.123.4567", "0***"),
        ('"Bob Builder" cannot be called', '"B***" cannot be called'),
        ("'Bob Builder' is no URI", "'B***' is no URI"),
        ("'sip:bob@a' is not allowed", "'sip:b***@a' is not allowed"),
    ],
)
def test_in_prose_numbers_and_quoted_names_are_hidden_too(text: str, hidden: str) -> None:
    assert masked.text(text) == hidden
    assert masked.text(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "REFER 404, then 202",
        "SIP/2.0 486 Busy Here",
        "at 127.0.0.1:17001, 192.168.100.200:5060, [::1]:17001 and a.example:17001",
        "channel 1795323075.189595",
        "call 550d9091290240404da3d049111c04a6-1",
        "550d9091-2902-404d-a3d0-d49111c04a6b",
        "the headers have 12320 bytes: keep them to 2048 in all",
        "Refer-To has more than 65536 characters: shorten it",
        "attribute 'foo': it is the far end's, not the document's to set",
    ],
)
def test_in_prose_what_is_nobody_stays(text: str) -> None:
    assert masked.text(text) == text


SECRET = st.text("abcdefg0123456789.-_", min_size=4, max_size=20)


FORMS = [
    "sip:{}@h",
    "<sips:{}@h>",
    '"{}" <sip:x@h>',
    '"*{}" <sip:x@h>',
    "{} <tel:1>",
    "{}",
    "sip:{}",
    "<sip:{}>",
    "sip:a {}@h",
    "<sip:x@h?X-Name={}>",
    "<sip:x@h?User-to-User=ab&X=%3Csip%3A{}%40h%3E>",
]


@given(SECRET, st.sampled_from(FORMS))
def test_a_name_is_nowhere_whole(secret: str, form: str) -> None:
    # Without a user part, what has a dot is a host, which stays.
    assume("." not in secret or form.strip("<>") != "sip:{}")
    hidden = masked.party(form.format("Q" + secret))
    assert secret not in hidden
    assert masked.HIDDEN in hidden


@given(st.text(), st.sampled_from(["sip:{}@h", "{} <sip:a@h>", "sip:{}", "sip:a@h?b={}"]))
def test_what_is_masked_twice_is_the_same(text: str, form: str) -> None:
    once = masked.party(form.format(text))
    assert masked.party(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        '"\\"',
        "sip:",
        "tel:",
        "a ",
        "a,",
        ":a ",
        "\n ",
        "\\",
        "a%40",
        "sip:a?b=",
        "sip:+1",
        "%25",
        "+1",
        "'1",
        "<sip:1",
        "1 ",
        "(1",
        "12345 ",
        "1-",
        "'a ",
        " 1",
        " ",
    ],
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    began = time.process_time()
    for start in ('"', "a"):
        masked.text(start + piece * 20_000 + "x")
    assert time.process_time() - began < 1
