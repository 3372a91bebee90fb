"""The torture test messages of RFC 5118 (IPv6 in SIP), written anew after what it says of each."""

import pytest

from stasis_refer.core.uri import BadUri, Flaw, parse
from tests.wire.torture import Read, Row, assert_read_right, message

SDP = (
    b"v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=Live video feed\r\n"
    b"c=IN IP6 2001:db8::20\r\nt=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 2\r\n"
    b"a=rtpmap:2 G726-32/8000\r\nm=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n"
)
TWO_FAMILIES = (
    b"v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\n"
    b"m=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\na=sendonly\r\n"
    b"m=audio 6000 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=inactive\r\n"
)
REGISTER, OPTIONS, INVITE = (7, "REGISTER"), (7, "OPTIONS"), (7, "INVITE")
WITH_SDP = "Content-Type: application/sdp"

ROWS = [
    Row(
        *("ipv6-good", "4.1"),
        message(
            "REGISTER sip:[2001:db8::10] SIP/2.0",
            "To: sip:user@example.com",
            "From: sip:user@example.com;tag=81x2",
            "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111",
            'Contact: "Caller" <sip:caller@[2001:db8::1]>',
        ),
        Read("REGISTER", REGISTER, ("81x2", None), party=("", "2001:db8::10")),
    ),
    # Without brackets nobody can say where the host ends.
    Row(
        *("ipv6-bad", "4.2"),
        message("REGISTER sip:2001:db8::10 SIP/2.0"),
        Read("REGISTER", REGISTER, party=("", "2001")),
    ),
    Row(
        *("port-ambiguous", "4.3"),
        message("REGISTER sip:[2001:db8::10:5070] SIP/2.0"),
        Read("REGISTER", REGISTER, party=("", "2001:db8::10:5070")),
    ),
    Row(
        *("port-unambiguous", "4.4"),
        message("REGISTER sip:[2001:db8::10]:5070 SIP/2.0"),
        Read("REGISTER", REGISTER, party=("", "2001:db8::10")),
    ),
    Row(
        *("via-received-param-with-delim", "4.5"),
        message(
            "BYE sip:[2001:db8::10] SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111",
        ),
        Read("BYE", (7, "BYE"), party=("", "2001:db8::10")),
    ),
    Row(
        *("via-received-param-no-delim", "4.5"),
        message(
            "OPTIONS sip:[2001:db8::10] SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3",
        ),
        Read("OPTIONS", OPTIONS, party=("", "2001:db8::10")),
    ),
    Row(
        *("ipv6-in-sdp", "4.6"),
        message("INVITE sip:user@[2001:db8::10] SIP/2.0", WITH_SDP, body=SDP),
        Read("INVITE", INVITE, party=("user", "2001:db8::10"), body=SDP, held=False),
    ),
    Row(
        *("mult-ip-in-header", "4.7"),
        message(
            "BYE sip:user@host.example.net SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
            "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
            "To: <sip:user@example.com>;tag=bd76ya",
        ),
        Read("BYE", (7, "BYE"), ("from-tag", "bd76ya"), party=("user", "host.example.net")),
    ),
    Row(
        *("mult-ip-in-sdp", "4.8"),
        message("INVITE sip:user@[2001:db8::10] SIP/2.0", WITH_SDP, body=TWO_FAMILIES),
        Read("INVITE", INVITE, party=("user", "2001:db8::10"), body=TWO_FAMILIES, held=True),
    ),
    Row(
        *("ipv4-mapped-ipv6", "4.9"),
        message(
            "INVITE sip:user@example.com SIP/2.0",
            "Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19",
            "Contact: <sip:user@[::ffff:192.0.2.10]:5060>",
            "From: <sip:user@[::ffff:192.0.2.10]>;tag=10[::ffff",
        ),
        Read("INVITE", INVITE, ("10[::ffff", None)),
    ),
    # The grammar of RFC 3261 made a third colon before an IPv4 address: a phone may have it.
    Row(
        *("ipv6-bug-abnf-3-colons", "4.10"),
        message("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0"),
        Read("OPTIONS", OPTIONS, party=("user", "2001:db8:::192.0.2.1")),
    ),
]


def test_they_are_all_there() -> None:
    assert len({row.name for row in ROWS}) == 11
    assert {row.section for row in ROWS} == {f"4.{number}" for number in range(1, 11)}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_can_be_read_is_read_right(row: Row) -> None:
    assert_read_right(row)


@pytest.mark.parametrize(
    ("section", "target", "host", "port"),
    [
        ("4.1", "sip:[2001:db8::10]", "[2001:db8::10]", None),
        ("4.3", "sip:[2001:db8::10:5070]", "[2001:db8::10:5070]", None),
        ("4.4", "sip:[2001:db8::10]:5070", "[2001:db8::10]", 5070),
        ("4.9", "sip:user@[::ffff:192.0.2.10]:5060", "[::ffff:c000:20a]", 5060),
        ("4.10", "sip:user@[2001:db8::192.0.2.1]", "[2001:db8::c000:201]", None),
    ],
)
def test_an_address_in_brackets_is_a_host(
    section: str, target: str, host: str, port: int | None
) -> None:
    found = parse(target)
    assert (getattr(found, "host", ""), getattr(found, "port", 0)) == (host, port), section


@pytest.mark.parametrize(
    ("section", "target"),
    [("4.2", "sip:2001:db8::10"), ("4.10", "sip:user@[2001:db8:::192.0.2.1]")],
)
def test_nobody_is_transferred_to_what_is_no_address(section: str, target: str) -> None:
    with pytest.raises(BadUri) as caught:
        parse(target)
    assert caught.value.why is Flaw.BAD_HOST, section
