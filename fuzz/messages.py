"""What Asterisk copies from the wire: HEP, SIP, and what it tells of a REFER."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from fuzz.claim import Claim
from stasis_refer.core.events import SipSeen
from stasis_refer.core.message import Message
from stasis_refer.wire import dialog, hep, kept, sip, sipfrag
from stasis_refer.wire.caller import Caller, opens

_TAG: Final = "from-1"
_CALLERS: Final = (
    Caller(),
    Caller(_TAG),
    Caller(_TAG, ours=True),
    Caller("to-2"),
    Caller("to-2", ours=True),
)


def _hep(data: bytes) -> None:
    """A datagram is refused, or is a packet that is read back the same when it is written."""
    _check_packet(data)
    # With the length that it has, so that what is behind it is looked at.
    _check_packet(data[:4] + len(data).to_bytes(4)[2:] + data[6:])


def _check_packet(data: bytes) -> None:
    try:
        packet = hep.decode(data)
    except hep.BadPacket:
        return
    assert packet.payload
    assert len(packet.payload) < len(data)
    for host, port in (packet.source, packet.destination):
        assert str(ip_address(host)) == host
        assert 0 <= port <= 65535  # noqa: PLR2004 - UDP
    # Microseconds of more than a second are carried over, and do not fit at the end of time.
    if packet.at < 2**32 - 1 and "\ufffd" not in packet.correlation_id:
        again = hep.decode(hep.encode(packet))
        assert abs(again.at - packet.at) < 1e-5  # noqa: PLR2004 - microseconds in a float
        assert replace(again, at=packet.at) == packet


def _sip(data: bytes) -> None:
    """A payload is refused, or read whole; text of it can be sent and kept."""
    quick = sip.call_id(data)
    try:
        found = sip.messages(data)
    except sip.BadMessage:
        return
    assert sip.parse(data) == found[0]
    assert quick == (sip.header(found[0], "call-id") or None)
    for message in found:
        _check_message(message)


def _check_message(message: sip.Message) -> None:
    for name, value in message.headers:
        assert name == name.lower()
        assert sip.header(message, name) is not None
        f"{name}{value}".encode()
        assert "\n" not in value
        main, parameters = sip.parameters(value)
        assert len(main) + sum(map(len, parameters.values())) <= len(value)
    assert len(sip.headers_named(message, "x-")) <= len(message.headers)
    sip.from_tag(message)
    sip.to_tag(message)
    assert sip.held(message) in {None, True, False}
    _check_kept(kept.kept(message, 0.0, sent=False))
    if isinstance(message, sip.Request):
        invite = dialog.read_invite(message, "192.0.2.7")
        assert len(invite.domain) <= len(message.uri)


def _check_kept(message: Message) -> None:
    assert len(message.headers) <= kept.MOST
    for text in (message.first_line, message.body, *(value for _, value in message.headers)):
        assert len(text) <= kept.LONGEST
        assert "\0" not in text
        text.encode()


def _sipfrag(data: bytes) -> None:
    """A body has a status of SIP's, or none."""
    status = sipfrag.status(data)
    assert status is None or 100 <= status <= 699  # noqa: PLR2004 - RFC 3261, 7.2
    assert status is None or str(status).encode() in data


def _dialog(data: bytes) -> None:
    """A message means something of the dialog, nothing, or lacks what it must have."""
    try:
        found = sip.messages(data)
    except sip.BadMessage as bad:
        said = dialog.missing(data, bad, 0.0)
        assert isinstance(said.event, SipSeen)
        _check_kept(said.event.message)
        return
    for caller in _CALLERS:
        first, *others = [_said(message, caller) for message in found]
        # Behind another message of the same payload it is told by its usual spelling alone.
        if first and not others:
            assert dialog.may_matter(data, answers=caller.ours)


def _said(message: sip.Message, caller: Caller) -> dialog.Said | None:
    opens(message)
    try:
        if caller.is_of(message):
            assert caller.with_tags_of(message).is_of(message)
        said = dialog.read(message, caller)
    except sip.BadMessage as bad:
        assert bad.why == "bad_cseq"
        return None
    if said is not None:
        hash(said.identity)
        assert said.status is None or said.phase
        assert isinstance(message, sip.Request) or message.status >= 200  # noqa: PLR2004 - final
    return said


REFER: Final = (
    b"REFER sip:bob@192.0.2.7:5070;transport=udp SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj17\r\n"
    b'From: "Support; desk" <sip:support@192.0.2.1>;tag=from-1\r\n'
    b"To: <sip:bob@192.0.2.7>;tag=to-2\r\n"
    b"Call-ID: 1-8812@192.0.2.7\r\nCSeq: 21504 REFER\r\nContact: <sip:192.0.2.1:5060>\r\n"
    b"Refer-To: <sip:alice@example.com?Replaces=1%3Bto-tag%3D2>\r\n"
    b"Referred-By: <sip:support@192.0.2.1>\r\nX-Account: 7\r\nMax-Forwards: 70\r\n"
    b"Content-Length: 0\r\n\r\n"
)
ACCEPTED: Final = (
    b"SIP/2.0 202 Accepted\r\nv: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKPj17\r\n"
    b"f: <sip:support@192.0.2.1>;tag=from-1\r\nt: <sip:bob@192.0.2.7>;tag=to-2\r\n"
    b"i: 1-8812@192.0.2.7\r\nCSeq: 21504\r\n REFER\r\nRefer-Sub: true\r\nl: 0\r\n\r\n"
)
NOTIFY: Final = (
    b"NOTIFY sip:support@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK2\r\n"
    b"From: <sip:bob@192.0.2.7>;tag=to-2\r\nTo: <sip:support@192.0.2.1>;tag=from-1\r\n"
    b"Call-ID: 1-8812@192.0.2.7\r\nCSeq: 2 NOTIFY\r\nEvent: refer;id=21504\r\n"
    b"Subscription-State: terminated;reason=noresource\r\n"
    b"Content-Type: message/sipfrag;version=2.0\r\nContent-Length: 20\r\n\r\n"
    b"SIP/2.0 486 Busy\r\n\r\n"
)
_SDP: Final = b"v=0\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"
OFFER: Final = (
    b"INVITE sip:support;x=y@192.0.2.1 SIP/2.0\r\nFrom: sip:bob@192.0.2.7;tag=to-2\r\n"
    b"To: <sip:support@192.0.2.1>;tag=from-1\r\nCall-ID: 1-8812@192.0.2.7\r\nCSeq: 3 INVITE\r\n"
    b'Content-Type: multipart/mixed;boundary="b 1"\r\nContent-Length: 147\r\n\r\n'
    b"--b 1\r\nContent-Type: application/sdp\r\n\r\n" + _SDP + b"\r\n--b 1--\r\n"
)
_SEEDS: Final = (REFER, ACCEPTED, NOTIFY, OFFER, ACCEPTED + NOTIFY, REFER.replace(b"\r\n", b"\n"))
_WORDS: Final = (
    *(b"\r\n", b"\n", b"\r\n\r\n", b"\r\n ", b": ", b";tag=", b"SIP/2.0 ", b" SIP/2.0\r\n", b"<"),
    *(b">", b'"', b"\\", b"Content-Length: ", b"l:", b"CSeq: ", b"Call-ID:", b"i:", b"NOTIFY"),
    *(b"REFER", b"INVITE", b"BYE", b"100", b"200", b"\xff", b"m=audio ", b"a=inactive", b"sip:"),
)
PACKET: Final = hep.encode(
    hep.Packet(
        payload=NOTIFY,
        correlation_id="1-8812@192.0.2.7",
        password=b"secret",
        capture_id=2001,
        at=1_760_000_000.25,
        source=("192.0.2.7", 5070),
        destination=("192.0.2.1", 5060),
    )
)
_PACKET_IPV6: Final = hep.encode(
    replace(hep.decode(PACKET), source=("2001:db8::7", 5070), destination=("2001:db8::1", 5060))
)

CLAIMS: Final = (
    Claim(
        "hep",
        _hep,
        (PACKET, _PACKET_IPV6),
        (b"HEP3", b"\0\0\0\x0f\0\0", b"\0\0\0\x0f\0\x06", b"\0\1\0\1\0\7", *_WORDS),
    ),
    Claim("sip", _sip, _SEEDS, _WORDS),
    Claim(
        "sipfrag",
        _sipfrag,
        (b"SIP/2.0 200 OK", b"\r\nsip/2.0  603\r\nContact: <sip:a@b>\r\n", b"SIP/2.0 100 Trying"),
        (b"SIP/2.0 ", b"\t", b"\r\n", b"699"),
    ),
    Claim("dialog", _dialog, _SEEDS, _WORDS),
)
