"""HEPv3 packets as res_hep writes them, and everything that is none."""

import struct
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.wire.hep import BadPacket, Packet, PacketFault, decode, encode, is_whole

ACCEPTED = (
    b"SIP/2.0 202 Accepted\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5060;rport=5060;branch=z9hG4bKPj17\r\n"
    b"Call-ID: 1-8812@127.0.0.1\r\n"
    b"CSeq: 21504 REFER\r\n"
    b"Content-Length: 0\r\n\r\n"
)
PACKET = Packet(
    payload=ACCEPTED,
    correlation_id="1-8812@127.0.0.1",
    password=b"s3cret",
    capture_id=2001,
    at=1_760_000_000.250125,
    source=("192.0.2.7", 5070),
    destination=("192.0.2.1", 5060),
)
PACKET_IPV6 = replace(PACKET, source=("2001:db8::7", 5070), destination=("2001:db8::1", 5060))


def chunk(kind: int, data: bytes, vendor: int = 0) -> bytes:
    return struct.pack(">HHH", vendor, kind, 6 + len(data)) + data


def packet(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return b"HEP3" + struct.pack(">H", 6 + len(body)) + body


# The chunks of hep_queue_cb in res/res_hep.c, in its order.
CHUNKS = {
    1: b"\x02",
    2: b"\x11",
    7: b"\x13\xce",
    8: b"\x13\xc4",
    9: struct.pack(">I", 1_760_000_000),
    10: struct.pack(">I", 250_125),
    11: b"\x01",
    12: struct.pack(">I", 2001),
    3: b"\xc0\x00\x02\x07",
    4: b"\xc0\x00\x02\x01",
    14: b"s3cret",
    17: b"1-8812@127.0.0.1",
    15: ACCEPTED,
}


def of_asterisk(**changes: bytes | None) -> bytes:
    """Build a packet of res_hep with chunks changed (`c11=…`) or left out (None)."""
    chunks = {**CHUNKS, **{int(name[1:]): data for name, data in changes.items()}}
    return packet(*(chunk(kind, data) for kind, data in chunks.items() if data is not None))


def test_a_packet_of_res_hep_is_read() -> None:
    assert decode(of_asterisk()) == PACKET


def test_an_ipv6_packet_is_read() -> None:
    source = bytes.fromhex("20010db8000000000000000000000007")
    destination = bytes.fromhex("20010db8000000000000000000000001")
    data = of_asterisk(c1=b"\x0a", c3=None, c4=None, c5=source, c6=destination)
    assert decode(data) == PACKET_IPV6


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"c14": None}, replace(PACKET, password=b"")),
        ({"c17": None}, replace(PACKET, correlation_id="")),
        ({"c12": None}, replace(PACKET, capture_id=None)),
        ({"c12": b"\xff\xff\xff\xff"}, replace(PACKET, capture_id=4_294_967_295)),
        ({"c17": b"caf\xc3\xa9"}, replace(PACKET, correlation_id="café")),
        ({"c17": b"caf\xe9"}, replace(PACKET, correlation_id="caf\N{REPLACEMENT CHARACTER}")),
        ({"c13": b"\x00\x1e"}, PACKET),
        ({"c999": b"unknown to us"}, PACKET),
    ],
)
def test_chunks_that_may_differ(changes: dict[str, bytes | None], expected: Packet) -> None:
    assert decode(of_asterisk(**changes)) == expected


@pytest.mark.parametrize("kind", [11, 15, 17, 3])
def test_chunks_of_a_vendor_are_passed_over(kind: int) -> None:
    generic = of_asterisk()[6:]
    assert decode(packet(chunk(kind, b"theirs", vendor=4), generic)) == PACKET
    assert decode(packet(generic, chunk(kind, b"theirs", vendor=0x0004))) == PACKET


WHOLE = of_asterisk()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not_hep"),
        (b"HEP", "not_hep"),
        (b"\x00" * 200, "not_hep"),
        (b"HEP2" + WHOLE[4:], "not_hep"),
        (b"\x02\x10\x02\x11" + WHOLE, "not_hep"),
        (ACCEPTED, "not_hep"),
        (b"HEP3", "truncated"),
        (b"HEP3\x00", "truncated"),
        (WHOLE[:-1], "truncated"),
        (WHOLE[:40], "truncated"),
        (WHOLE + b"\x00", "bad_length"),
        (b"HEP3\x00\x00", "bad_length"),
        (b"HEP3\x00\x05" + WHOLE[6:], "bad_length"),
        (packet(WHOLE[6:], b"\x00\x00\x00"), "bad_length"),
        (packet(b"\x00\x00\x00\x01\x00\x00\x02", WHOLE[6:]), "bad_length"),
        (packet(b"\x00\x00\x00\x01\x00\x05\x02", WHOLE[6:]), "bad_length"),
        (packet(WHOLE[6:], b"\x00\x00\x00\x01\x00\x08\x02"), "bad_length"),
        (of_asterisk(c3=b"\xc0\x00\x02"), "bad_length"),
        (of_asterisk(c7=b"\x13"), "bad_length"),
        (of_asterisk(c9=b"\x00" * 8), "bad_length"),
        (of_asterisk(c11=b""), "bad_length"),
        (of_asterisk(c12=b"\x07"), "bad_length"),
        (of_asterisk(c3=None), "incomplete"),
        (of_asterisk(c4=None), "incomplete"),
        (of_asterisk(c8=None), "incomplete"),
        (of_asterisk(c10=None), "incomplete"),
        (of_asterisk(c11=None), "incomplete"),
        (packet(), "incomplete"),
        (of_asterisk(c15=None), "no_payload"),
        (of_asterisk(c15=b""), "no_payload"),
        (of_asterisk(c15=None, c16=b"\x78\x9c"), "no_payload"),
        (of_asterisk(c11=b"\x05", c15=b'{"type":200}'), "not_sip"),
        (of_asterisk(c11=b"\x00"), "not_sip"),
    ],
)
def test_what_is_no_packet_says_why(data: bytes, why: str) -> None:
    with pytest.raises(BadPacket) as caught:
        decode(data)
    assert caught.value.why == why
    assert why in get_args(PacketFault)


@pytest.mark.parametrize(
    "written",
    [
        PACKET,
        PACKET_IPV6,
        replace(PACKET, password=b"", correlation_id="", capture_id=None),
        replace(PACKET, capture_id=0),
        replace(PACKET, at=1_760_000_000.999999),
        replace(PACKET, at=0.0, source=("0.0.0.0", 0), destination=("255.255.255.255", 65535)),
    ],
)
def test_what_is_written_is_read_again(written: Packet) -> None:
    assert decode(encode(written)) == written


def test_a_packet_over_65535_bytes_is_not_written() -> None:
    with pytest.raises(BadPacket):
        encode(replace(PACKET, payload=b"x" * 65_500))


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("2001:db8::7", "families"),
        ("phone.example.com", "does not appear to be"),
        ("192.0.2.256", "does not appear to be"),
    ],
)
def test_addresses_of_two_families_or_names_are_not_written(host: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        encode(replace(PACKET, source=(host, 5070)))


VALID = (WHOLE, encode(PACKET_IPV6), encode(replace(PACKET, password=b"", capture_id=None)))


def length_fields(data: bytes) -> list[int]:
    """Tell where lengths stand in a valid packet: its own, then one a chunk."""
    found, start = [4], 6
    while start < len(data):
        found.append(start + 4)
        start += struct.unpack_from(">H", data, start + 4)[0]
    return found


LENGTH_FIELDS = {valid: length_fields(valid) for valid in VALID}
CHANGES = ("flip", "length", "cut", "grow", "repair")


def mutated(valid: bytes, changes: list[tuple[str, int]]) -> bytes:
    """Apply changes; the number says where, and to what."""
    data = bytearray(valid)
    for change, number in changes:
        where, what = divmod(number, 65536)
        at = where % (len(data) + 1)
        match change:
            case "flip" if at < len(data):
                data[at] ^= 1 << what % 8
            case "length":
                field = LENGTH_FIELDS[valid][where % len(LENGTH_FIELDS[valid])]
                data[field : field + 2] = struct.pack(">H", what)
            case "cut":
                del data[at:]
            case "grow":
                data.insert(at, what % 256)
            case "repair":  # the total put right, so that the damage is found deeper
                data[4:6] = struct.pack(">H", len(data))
    return bytes(data)


MUTATED = st.builds(
    mutated,
    st.sampled_from(VALID),
    st.lists(
        st.tuples(st.sampled_from(CHANGES), st.integers(0, 2**32 - 1)), min_size=1, max_size=4
    ),
)


@settings(max_examples=5000, deadline=None)
@given(MUTATED)
def test_a_mutated_packet_is_read_or_refused(data: bytes) -> None:
    try:
        read = decode(data)
    except BadPacket:
        return
    assert read.payload
    assert read.payload in data
    assert 0 <= read.source[1] <= 65535
    assert read.correlation_id.encode().decode() == read.correlation_id


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_after_the_magic_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(BadPacket):
        decode(b"HEP3" + struct.pack(">H", 6 + len(data)) + data)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"HEP3\x00\x07x", True),
        (b"HEP3\x00\x06", False),
        (b"HEP3\x00\x08x", False),
        (b"HEP3\x00\x07xy", False),
        (b"HEP2\x00\x07x", False),
        (b"", False),
    ],
)
def test_what_can_be_a_packet_is_told_by_its_head(data: bytes, *, whole: bool) -> None:
    assert is_whole(data) is whole
