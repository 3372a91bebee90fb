"""SIP messages as phones and Asterisk put them on the wire."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.wire import sip
from stasis_refer.wire.sip import BadMessage, Request, Response

# RFC 3515, 4.1, F1
REFER = b"""\
REFER sip:b@atlanta.example.com SIP/2.0
Via: SIP/2.0/UDP agenta.atlanta.example.com;branch=z9hG4bK2293940223
To: <sip:b@atlanta.example.com>
From: <sip:a@atlanta.example.com>;tag=193402342
Call-ID: 898234234@agenta.atlanta.example.com
CSeq: 93809823 REFER
Max-Forwards: 70
Refer-To: <sip:c@example.com?X-Acct=1&Subject=a%20b>
Contact: sip:a@atlanta.example.com
Content-Length: 0

""".replace(b"\n", b"\r\n")

# RFC 3515, 4.1, F5, with the id of a second REFER in a dialog
NOTIFY = b"""\
NOTIFY sip:a@atlanta.example.com SIP/2.0
Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bK1
Via: SIP/2.0/UDP agentb.atlanta.example.com;branch=z9hG4bK9922ef992-25
To: <sip:a@atlanta.example.com>;tag=193402342
From: "B; the \\"second\\"" <sip:b@atlanta.example.com;transport=udp>;tag=4992881234
Call-ID: 898234234@agenta.atlanta.example.com
CSeq: 1993402 NOTIFY
Max-Forwards: 70
Event: refer;id=93809823
Subscription-State: terminated;reason=noresource
Contact: sip:b@atlanta.example.com
Content-Type: message/sipfrag;version=2.0
Content-Length: 16

SIP/2.0 200 OK
""".replace(b"\n", b"\r\n")

ACCEPTED = b"""\
SIP/2.0 202 Accepted
Via: SIP/2.0/UDP agenta.atlanta.example.com;branch=z9hG4bK2293940223
To: <sip:b@atlanta.example.com>;tag=4992881234
From: <sip:a@atlanta.example.com>;tag=193402342
Call-ID: 898234234@agenta.atlanta.example.com
CSeq: 93809823 REFER
Content-Length: 0

""".replace(b"\n", b"\r\n")

# Compact forms, folded lines, LF alone, blanks before colons, and a line that is no header.
COMPACT = b"""\
INVITE sip:support@example.com;transport=tcp SIP/2.0
v: SIP/2.0/TCP 192.0.2.7:5070;branch=z9hG4bKa,
 SIP/2.0/TCP 192.0.2.8;branch=z9hG4bKb
f : "J\xc3\xbcrgen"
\t<sip:j@example.com>
  ;tag=88
t:sip:support@example.com
i: f81d4fae
cSeQ:  1   INVITE
m: <sip:j@192.0.2.7:5070>
this line is no header
X-AcctNumber: 123456
x-acctnumber: 654321
User-to-User: 56a390f3;encoding=hex
k:
l: 0

"""

SDP = """\
v=0
o=- 1 2 IN IP4 192.0.2.7
s=-
c=IN IP4 192.0.2.7
t=0 0
m=audio 40000 RTP/AVP 0 101
a=rtpmap:101 telephone-event/8000
a=sendrecv
"""


def with_body(body: bytes, kind: str = "application/sdp") -> Request:
    return Request("INVITE", "sip:a@example.com", (("content-type", kind),), body)


def sdp(text: str) -> Request:
    return with_body(text.replace("\n", "\r\n").encode())


def notify(*lines: str) -> bytes:
    return "\r\n".join(("NOTIFY sip:a@example.com SIP/2.0", *lines, "", "")).encode()


def test_a_refer_of_rfc_3515() -> None:
    refer = sip.parse(REFER)
    assert isinstance(refer, Request)
    assert (refer.method, refer.uri) == ("REFER", "sip:b@atlanta.example.com")
    assert refer.headers[0] == (
        "via",
        "SIP/2.0/UDP agenta.atlanta.example.com;branch=z9hG4bK2293940223",
    )
    assert len(refer.headers) == 9
    assert sip.header(refer, "Refer-To") == "<sip:c@example.com?X-Acct=1&Subject=a%20b>"
    assert sip.cseq(refer) == (93809823, "REFER")
    assert (sip.from_tag(refer), sip.to_tag(refer)) == ("193402342", None)
    assert refer.body == b""


def test_a_notify_of_rfc_3515() -> None:
    message = sip.parse(NOTIFY)
    assert sip.parameters(sip.header(message, "event") or "") == ("refer", {"id": "93809823"})
    assert sip.parameters(sip.header(message, "subscription-state") or "") == (
        "terminated",
        {"reason": "noresource"},
    )
    assert (sip.from_tag(message), sip.to_tag(message)) == ("4992881234", "193402342")
    assert message.body == b"SIP/2.0 200 OK\r\n"


def test_several_via_lines_keep_their_order() -> None:
    assert sip.headers_named(sip.parse(NOTIFY), "via") == (
        ("Via", "SIP/2.0/UDP proxy.example.com;branch=z9hG4bK1"),
        ("Via", "SIP/2.0/UDP agentb.atlanta.example.com;branch=z9hG4bK9922ef992-25"),
    )


def test_a_response() -> None:
    response = sip.parse(ACCEPTED)
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (202, "Accepted")
    assert sip.cseq(response) == (93809823, "REFER")


def test_compact_forms_folded_lines_and_line_feeds() -> None:
    invite = sip.parse(COMPACT)
    assert isinstance(invite, Request)
    assert invite.uri == "sip:support@example.com;transport=tcp"
    assert invite.headers == (
        (
            "via",
            "SIP/2.0/TCP 192.0.2.7:5070;branch=z9hG4bKa, SIP/2.0/TCP 192.0.2.8;branch=z9hG4bKb",
        ),
        ("from", '"Jürgen" <sip:j@example.com> ;tag=88'),
        ("to", "sip:support@example.com"),
        ("call-id", "f81d4fae"),
        ("cseq", "1   INVITE"),
        ("contact", "<sip:j@192.0.2.7:5070>"),
        ("x-acctnumber", "123456"),
        ("x-acctnumber", "654321"),
        ("user-to-user", "56a390f3;encoding=hex"),
        ("supported", ""),
        ("content-length", "0"),
    )
    assert sip.cseq(invite) == (1, "INVITE")
    assert sip.from_tag(invite) == "88"


@pytest.mark.parametrize("name", ["from", "FROM", "f", "F"])
def test_a_header_is_found_by_any_of_its_names(name: str) -> None:
    assert sip.header(sip.parse(REFER), name) == "<sip:a@atlanta.example.com>;tag=193402342"


def test_the_first_of_a_duplicated_header_counts() -> None:
    assert sip.header(sip.parse(COMPACT), "X-AcctNumber") == "123456"
    assert sip.header(sip.parse(COMPACT), "X-Other") is None


def test_headers_by_prefix_keep_the_senders_spelling() -> None:
    assert sip.headers_named(sip.parse(COMPACT), "x-") == (
        ("X-AcctNumber", "123456"),
        ("x-acctnumber", "654321"),
    )
    assert sip.headers_named(sip.parse(COMPACT), "User-to-User") == (
        ("User-to-User", "56a390f3;encoding=hex"),
    )
    assert sip.headers_named(sip.parse(COMPACT), "user") == ()


def test_headers_of_a_message_made_here_have_lower_case_names() -> None:
    made = Response(200, "OK", (("x-one", "1"), ("to", "<sip:a@b>")), b"")
    assert sip.headers_named(made, "X-") == (("x-one", "1"),)


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        ("SIP/2.0 200", 200, ""),
        ("SIP/2.0 200 ", 200, ""),
        ("sip/2.0 603 Decline", 603, "Decline"),
        ("SIP/2.0  405  Method Not Allowed ", 405, "Method Not Allowed"),
        ("SIP/2.0 486 Besetzt, später", 486, "Besetzt, später"),
    ],
)
def test_status_lines(line: str, status: int, reason: str) -> None:
    response = sip.parse(f"{line}\r\nTo: <sip:a@b>\r\n\r\n".encode())
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (status, reason)


@pytest.mark.parametrize(
    ("line", "method", "uri"),
    [
        ("BYE sip:a@b SIP/2.0", "BYE", "sip:a@b"),
        ("OPTIONS  sip:a@b;x=1?h=%20  sip/2.0 ", "OPTIONS", "sip:a@b;x=1?h=%20"),
        ("X-NEW.1 tel:+49301234 SIP/2.0", "X-NEW.1", "tel:+49301234"),
        ("invite sip:[2001:db8::1]:5070 SIP/2.0", "invite", "sip:[2001:db8::1]:5070"),
    ],
)
def test_request_lines(line: str, method: str, uri: str) -> None:
    request = sip.parse(f"{line}\r\nTo: <sip:a@b>\r\n\r\n".encode())
    assert isinstance(request, Request)
    assert (request.method, request.uri) == (method, uri)


def test_line_breaks_before_the_start_line_are_passed_over() -> None:
    assert sip.parse(b"\r\n\r\n" + REFER) == sip.parse(REFER)
    assert sip.call_id(b"\r\n\r\n" + REFER) == sip.call_id(REFER)


def test_text_that_is_not_utf_8_is_latin_1_and_can_be_encoded() -> None:
    message = sip.parse(notify("From: J\u00fcrgen <sip:j@b>;tag=1").decode().encode("latin-1"))
    assert sip.header(message, "from") == "Jürgen <sip:j@b>;tag=1"


def test_a_line_that_is_not_utf_8_leaves_the_others_as_they_are() -> None:
    data = notify("From: J\u00fcrgen <sip:j@b>;tag=1", "Call-ID: \u00fc", " 7")
    data = data.replace("J\u00fc".encode(), "J\u00fc".encode("latin-1"))
    assert sip.header(sip.parse(data), "from") == "Jürgen <sip:j@b>;tag=1"
    assert sip.header(sip.parse(data), "call-id") == sip.call_id(data) == "ü 7"


def test_no_line_break_of_another_alphabet_makes_a_header() -> None:
    split = "Subject: a\u2028X-Evil: 1\u0085X-Evil: 2\x0bX-Evil: 3\rX-Evil: 4"
    assert sip.headers_named(sip.parse(notify(split)), "X-") == ()


@pytest.mark.parametrize(
    ("length", "body", "read"),
    [
        pytest.param("Content-Length: 5", b"12345", b"12345", id="right"),
        pytest.param("l: 5", b"12345", b"12345", id="compact"),
        pytest.param("Content-Length: 3", b"12345", b"123", id="too short: RFC 3261, 18.3"),
        pytest.param("Content-Length: 0", b"12345", b"", id="none promised"),
        pytest.param("Content-Length: 99", b"12345", b"12345", id="too long: as pjsip"),
        pytest.param("Content-Length: " + "9" * 5000, b"12345", b"12345", id="absurd"),
        pytest.param("Content-Length: -1", b"12345", b"12345", id="negative"),
        pytest.param("Content-Length: five", b"12345", b"12345", id="no number"),
        pytest.param("Subject: none", b"12345", b"12345", id="absent"),
        pytest.param("Subject: none", b"a\r\n\r\nb", b"a\r\n\r\nb", id="blank line in the body"),
    ],
)
def test_the_body_by_content_length(length: str, body: bytes, read: bytes) -> None:
    assert sip.parse(notify(length) + body).body == read


def test_a_message_may_lack_the_empty_line_but_not_the_end_of_a_line() -> None:
    assert sip.parse(REFER[:-2]) == sip.parse(REFER)
    for end in (-3, -10, -60):
        with pytest.raises(BadMessage) as caught:
            sip.parse(REFER[:end])
        assert caught.value.why == "truncated"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "bad_start_line", id="empty"),
        pytest.param(b"\r\n\r\n", "bad_start_line", id="keep-alive"),
        pytest.param(bytes(range(256)) * 4, "bad_start_line", id="garbage"),
        pytest.param(REFER[:20], "bad_start_line", id="truncated in the start line"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", "bad_start_line", id="HTTP"),
        pytest.param(b"REFER SIP/2.0\r\n\r\n", "bad_start_line", id="no URI"),
        pytest.param(b"RE\x00FER sip:a@b SIP/2.0\r\n\r\n", "bad_start_line", id="NUL in method"),
        pytest.param(b"SIP/2.0 99 Low\r\n\r\n", "bad_start_line", id="status of two digits"),
        pytest.param(b"SIP/2.0 700 High\r\n\r\n", "bad_start_line", id="status over 699"),
        pytest.param(b"SIP/2.0 2020 Long\r\n\r\n", "bad_start_line", id="status of four digits"),
        pytest.param(b"SIP/2.0 202", "truncated", id="truncated after the status"),
        pytest.param(notify("Subject: " + "x" * 65_536), "too_large", id="over 65535 bytes"),
        pytest.param(notify(*["A: b"] * 1001), "too_many_headers", id="1001 headers"),
        pytest.param(notify("A: b", *[" c"] * 1000), "too_many_headers", id="1001 folded lines"),
    ],
)
def test_what_is_no_message_says_why(data: bytes, why: str) -> None:
    with pytest.raises(BadMessage) as caught:
        sip.parse(data)
    assert caught.value.why == why
    assert why in get_args(sip.MessageFault)


def test_the_caps_themselves_are_allowed() -> None:
    assert len(sip.parse(notify(*["A: b"] * 1000)).headers) == 1000
    most = notify("Subject: x")
    assert len(sip.parse(most + b"x" * (65_535 - len(most))).body) == 65_535 - len(most)


def test_messages_of_one_tcp_segment() -> None:
    first, second = sip.parse(ACCEPTED), sip.parse(NOTIFY)
    assert sip.messages(ACCEPTED) == (first,)
    assert sip.messages(ACCEPTED + NOTIFY) == (first, second)
    assert sip.messages(NOTIFY + b"\r\n\r\n" + ACCEPTED + b"\r\n") == (second, first)


@pytest.mark.parametrize(
    "kept", [10, 45, 300, NOTIFY.index(b"\r\n\r\n") + 2, len(NOTIFY) - 16, len(NOTIFY) - 1]
)
def test_a_later_message_still_incomplete_is_left_for_its_own_capture(kept: int) -> None:
    assert sip.messages(ACCEPTED + NOTIFY[:kept]) == (sip.parse(ACCEPTED),)


def test_a_later_message_without_its_empty_line_is_incomplete() -> None:
    assert sip.messages(ACCEPTED + REFER[:-2]) == (sip.parse(ACCEPTED),)


def test_messages_want_the_first_to_be_one() -> None:
    with pytest.raises(BadMessage):
        sip.messages(b"junk\r\n\r\n" + NOTIFY)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (REFER, "898234234@agenta.atlanta.example.com"),
        (COMPACT, "f81d4fae"),
        (notify("CALL-ID :\tabc  "), "abc"),
        (notify("Call-ID:", " folded"), "folded"),
        (notify("X-Call-ID: no", "Subject: Call-ID: no", "I: yes"), "yes"),
        (notify("Call-ID: first", "Call-ID: second"), "first"),
        (notify("\rCall-ID\r: of a bare CR"), "of a bare CR"),
        (notify("Call-ID:"), None),
        (notify("Subject: x"), None),
        (notify("Subject: x") + b"\r\nCall-ID: in-the-body\r\n", None),
        (b"", None),
        (REFER[: REFER.index(b"Call-ID")], None),
    ],
)
def test_the_call_id_without_reading_the_rest(data: bytes, expected: str | None) -> None:
    assert sip.call_id(data) == expected


@pytest.mark.parametrize(
    ("data", "method", "expected"),
    [
        (NOTIFY, "NOTIFY", True),
        (b"\r\n" + NOTIFY, "NOTIFY", True),
        (NOTIFY, "NOT", False),
        (REFER, "NOTIFY", False),
        (ACCEPTED, "REFER", False),
        (b"", "REFER", False),
    ],
)
def test_the_method_without_reading_the_rest(data: bytes, method: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert sip.first_line_is(data, method) is expected


@pytest.mark.parametrize(
    "value",
    [None, "", "1", "REFER", "1REFER", "one REFER", "-1 REFER", "1 REFER x", "9" * 11 + " REFER"],
)
def test_a_cseq_that_cannot_be_read(value: str | None) -> None:
    headers = () if value is None else (("cseq", value),)
    with pytest.raises(BadMessage) as caught:
        sip.cseq(Response(200, "OK", headers, b""))
    assert caught.value.why == "bad_cseq"


@pytest.mark.parametrize(
    ("value", "main", "expected"),
    [
        ("refer", "refer", {}),
        ("refer;id=93809823", "refer", {"id": "93809823"}),
        (" refer ; ID = 7 ", "refer", {"id": "7"}),
        ("active;expires=60;x", "active", {"expires": "60", "x": ""}),
        ("a;;=1;b=2;b=3", "a", {"b": "2"}),
        ("", "", {}),
        (";tag=1", "", {"tag": "1"}),
        ("sip:a@b;tag=1", "sip:a@b", {"tag": "1"}),
        ("<sip:a@b;tag=uri>;tag=1", "<sip:a@b;tag=uri>", {"tag": "1"}),
        ('"A;tag=name" <sip:a@b>;tag=1', '"A;tag=name" <sip:a@b>', {"tag": "1"}),
        (r'"A\";tag=no" <sip:a@b> ;tag=1', r'"A\";tag=no" <sip:a@b>', {"tag": "1"}),
        ('"<" <sip:a@b>;tag=1', '"<" <sip:a@b>', {"tag": "1"}),
        (r'x;text="a;b\"c\\";y=1', "x", {"text": 'a;b"c\\', "y": "1"}),
        ('"A <sip:a@b>;tag=1', '"A <sip:a@b>;tag=1', {}),
        ("<sip:a@b;tag=1", "<sip:a@b;tag=1", {}),
        ("multipart/mixed;boundary=--=x=", "multipart/mixed", {"boundary": "--=x="}),
    ],
)
def test_parameters(value: str, main: str, expected: dict[str, str]) -> None:
    assert sip.parameters(value) == (main, expected)


NO_DIRECTION = SDP.replace("a=sendrecv\n", "")
AT_SESSION = NO_DIRECTION.replace("t=0 0\n", "t=0 0\na=sendonly\n")
VIDEO = "m=video 40002 RTP/AVP 31\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(SDP, False, id="sendrecv"),
        pytest.param(SDP.replace("sendrecv", "recvonly"), False, id="recvonly"),
        pytest.param(SDP.replace("sendrecv", "sendonly"), True, id="sendonly"),
        pytest.param(SDP.replace("sendrecv", "inactive"), True, id="inactive"),
        pytest.param(SDP.replace("sendrecv", "inactive "), True, id="blank after it"),
        pytest.param(NO_DIRECTION, False, id="no direction is sendrecv"),
        pytest.param(AT_SESSION, True, id="direction of the session"),
        pytest.param(AT_SESSION + "a=sendrecv\n", False, id="media goes before session"),
        pytest.param(SDP.replace("c=IN IP4 192.0.2.7", "c=IN IP4 0.0.0.0"), True, id="RFC 2543"),
        pytest.param(SDP + "c=IN IP4 0.0.0.0\n", True, id="RFC 2543 on the media"),
        pytest.param(
            SDP.replace("IP4 192.0.2.7\nt=", "IP4 0.0.0.0\nt=") + "c=IN IP4 192.0.2.7\n",
            False,
            id="address of the media goes before that of the session",
        ),
        pytest.param(SDP + VIDEO + "a=sendonly\n", False, id="video on hold, audio not"),
        pytest.param(
            SDP.replace("sendrecv", "sendonly") + VIDEO + "a=sendrecv\n", True, id="audio on hold"
        ),
        pytest.param(
            SDP.replace("audio 40000", "audio 0") + "m=audio 40004 RTP/AVP 8\na=inactive\n",
            True,
            id="a refused stream does not count",
        ),
        pytest.param(SDP.replace("audio 40000", "audio 0"), None, id="all audio refused"),
        pytest.param("v=0\ns=-\n" + VIDEO, None, id="no audio"),
        pytest.param(SDP.replace("a=sendrecv", "a=label:sendonly"), False, id="another attribute"),
        pytest.param("", None, id="empty"),
    ],
)
def test_what_an_sdp_says_about_hold(text: str, expected: bool | None) -> None:  # noqa: FBT001 - a column of the table
    assert sip.held(sdp(text)) is expected
    assert sip.held(with_body(text.encode(), "Application/SDP ;charset=utf-8")) is expected


HELD = SDP.replace("sendrecv", "sendonly").encode()
MULTIPART = (
    b"preamble\r\n--b=1\r\nContent-Type: text/plain\r\n\r\na=sendrecv\r\n"
    b"--b=1\r\nContent-Type: application/SDP\r\n\r\n" + HELD + b"\r\n--b=1--\r\n"
)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(sip.parse(REFER), None, id="no body"),
        pytest.param(sip.parse(NOTIFY), None, id="a sipfrag"),
        pytest.param(with_body(HELD, "text/plain"), None, id="another type"),
        pytest.param(replace(with_body(HELD), headers=()), None, id="no type"),
        pytest.param(with_body(bytes(range(256))), None, id="garbage"),
        pytest.param(with_body(MULTIPART, 'multipart/mixed;boundary="b=1"'), True, id="multipart"),
        pytest.param(with_body(MULTIPART, "multipart/mixed"), None, id="no boundary"),
        pytest.param(with_body(b"--b", "multipart/mixed;boundary=b"), None, id="no SDP part"),
        pytest.param(Response(200, "OK", with_body(b"").headers, HELD), True, id="a response"),
    ],
)
def test_which_body_is_an_sdp(message: sip.Message, expected: bool | None) -> None:  # noqa: FBT001 - a column of the table
    assert sip.held(message) is expected


def read_everything(data: bytes) -> None:
    """Call all that reads; BadMessage may come from parse, messages and cseq alone."""
    sip.call_id(data)
    sip.first_line_is(data, "INVITE")
    try:
        message, *_ = sip.messages(data)
    except BadMessage:
        return
    assert sip.parse(data) == message
    sip.held(message)
    sip.from_tag(message)
    sip.to_tag(message)
    sip.headers_named(message, "x-")
    for name, value in message.headers:
        assert sip.header(message, name) is not None
        name.encode()
        value.encode()
        sip.parameters(value)


WHOLE = (REFER, NOTIFY, ACCEPTED + NOTIFY, COMPACT, notify("c:application/sdp") + HELD)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(at + 8, len(data))))
        data[at:end] = draw(
            st.sampled_from([b"", b"\n", b"\r\n\r\n", b'"', b"<", b":", b" ", b";"])
        )
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@settings(max_examples=1000, deadline=None)
@given(damaged())
def test_a_damaged_message_is_read_or_refused(data: bytes) -> None:
    read_everything(data)


@settings(max_examples=500, deadline=None)
@given(st.binary() | st.binary().map(lambda tail: b"SIP/2.0 200 OK\r\n" + tail))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    read_everything(data)


TOKEN = st.text("abcXYZ019-.@", min_size=1, max_size=8)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Call-ID", "i", "I ", "X-Call-ID", "To"]), TOKEN)))
def test_the_quick_call_id_is_that_of_the_whole_message(lines: list[tuple[str, str]]) -> None:
    data = notify(*(f"{name}: {value}" for name, value in lines))
    assert sip.call_id(data) == sip.header(sip.parse(data), "call-id")


@pytest.mark.parametrize(
    "value", ['"\\' * 30_000, "<" * 60_000, '"' + ";" * 60_000, " " * 60_000, "<>" + '"' * 60_000]
)
def test_a_hostile_header_is_looked_at_once(value: str) -> None:
    # Each takes about a millisecond, and minutes where a scan starts again at each character.
    message = sip.parse(notify(f"From: {value}", " x"))
    assert sip.from_tag(message) is None
