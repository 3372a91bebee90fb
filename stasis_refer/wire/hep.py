"""HEPv3, the capture protocol in which Asterisk's res_hep copies SIP messages to us.

A packet is `HEP3`, its total length (uint16), then chunks of vendor, type and length
(uint16 each, the length counting these six bytes) and data.  Numbers are big-endian.
One UDP datagram is one packet.  So of a SIP message over some 65,300 bytes, as TCP lets pass, there
is no copy: Asterisk cannot send it, and its log says so (res_hep.c, hep_queue_cb).
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import Final, Literal, TypeAlias

PacketFault: TypeAlias = Literal[
    "not_hep",  # no HEP3 at the start: HEPv1, HEPv2, or something else altogether
    "truncated",  # shorter than its own total length says
    "bad_length",  # longer than it says, or a chunk whose length cannot be
    "incomplete",  # an address, a port or the time is missing
    "no_payload",  # no message in it
    "not_sip",  # another protocol: res_hep_rtcp sends RTCP as JSON
]

_IPV4: Final = (3, 4)  # chunk types of the source and the destination address
_IPV6: Final = (5, 6)
_PORTS: Final = (7, 8)
_SECONDS: Final = 9
_MICROSECONDS: Final = 10
_PROTOCOL: Final = 11
_CAPTURE_ID: Final = 12
_PASSWORD: Final = 14
_PAYLOAD: Final = 15
_CORRELATION_ID: Final = 17

_SIP: Final = 1  # value of the protocol chunk
_MAGIC: Final = b"HEP3"
# What a chunk's data must measure, where its type fixes that.
_SIZES: Final = {3: 4, 4: 4, 5: 16, 6: 16, 7: 2, 8: 2, 9: 4, 10: 4, 11: 1, 12: 4}

_FIXED: Final = Struct(">HHIIB")
_FIXED_TYPES: Final = (*_PORTS, _SECONDS, _MICROSECONDS, _PROTOCOL)
_HEAD: Final = Struct(">4sH")
_CHUNK: Final = Struct(">HHH")
_LARGEST: Final = 65535  # the total length is a uint16

_Chunks: TypeAlias = dict[int, bytes]


class BadPacket(ValueError):
    """The bytes are no HEPv3 packet with a SIP message; `why` is one of PacketFault."""

    def __init__(self, why: PacketFault) -> None:
        super().__init__(why)
        self.why: Final[PacketFault] = why


@dataclass(frozen=True, slots=True)
class Packet:
    """One captured SIP message and where it was seen.

    `at` is in seconds since 1970.  Asterisk stamps what it sends to the microsecond and
    what it receives to the millisecond, rounded down, so order packets by their arrival.
    `correlation_id` is the Call-ID (`uuid_type=call-id` in hep.conf), "" if absent.
    `password` is b"" if absent: nothing here checks it, the caller does.
    Over TCP and TLS `payload` may hold several messages: see `sip.messages`.
    """

    payload: bytes
    correlation_id: str
    password: bytes
    capture_id: int | None
    at: float
    source: tuple[str, int]
    destination: tuple[str, int]


def is_whole(data: bytes) -> bool:
    """Tell cheaply whether a datagram can be a packet: how it begins, and how long it is."""
    return data[:4] == _MAGIC and int.from_bytes(data[4:6]) == len(data) > _HEAD.size


def decode(data: bytes) -> Packet:
    """Read one datagram.  Raises BadPacket, and nothing else, whatever the bytes."""
    chunks = _chunks(data)
    source, destination = _IPV4 if _IPV4[0] in chunks else _IPV6
    try:
        from_host, to_host = _written(chunks[source]), _written(chunks[destination])
        fixed = b"".join([chunks[kind] for kind in _FIXED_TYPES])
    except KeyError:
        raise BadPacket("incomplete") from None
    from_port, to_port, seconds, microseconds, protocol = _FIXED.unpack(fixed)
    if protocol != _SIP:
        raise BadPacket("not_sip")
    payload = chunks.get(_PAYLOAD)
    if not payload:
        raise BadPacket("no_payload")
    return Packet(
        payload=payload,
        # A Call-ID is ASCII (RFC 3261, 25.1); what is not matches no call, and that is enough.
        correlation_id=chunks.get(_CORRELATION_ID, b"").decode("utf-8", "replace"),
        password=chunks.get(_PASSWORD, b""),
        capture_id=int.from_bytes(chunks[_CAPTURE_ID]) if _CAPTURE_ID in chunks else None,
        at=seconds + microseconds / 1_000_000,
        source=(from_host, from_port),
        destination=(to_host, to_port),
    )


def encode(packet: Packet) -> bytes:
    """Write a packet with the chunks of res_hep; `decode` reads it back.

    Addresses are numeric and of one family.  Raises ValueError if they are not, and
    BadPacket if the whole would be longer than 65535 bytes.
    """
    source, destination = ip_address(packet.source[0]), ip_address(packet.destination[0])
    if source.version != destination.version:
        raise ValueError("source and destination are of different address families")
    source_type, destination_type = _IPV4 if isinstance(source, IPv4Address) else _IPV6
    seconds, microseconds = divmod(round(packet.at * 1_000_000), 1_000_000)
    chunks = [
        (_PORTS[0], packet.source[1].to_bytes(2)),
        (_PORTS[1], packet.destination[1].to_bytes(2)),
        (_SECONDS, seconds.to_bytes(4)),
        (_MICROSECONDS, microseconds.to_bytes(4)),
        (_PROTOCOL, _SIP.to_bytes(1)),
        (source_type, source.packed),
        (destination_type, destination.packed),
        (_PASSWORD, packet.password),
        (_CORRELATION_ID, packet.correlation_id.encode()),
        (_PAYLOAD, packet.payload),
    ]
    if packet.capture_id is not None:
        chunks.append((_CAPTURE_ID, packet.capture_id.to_bytes(4)))
    total = _HEAD.size + sum(_CHUNK.size + len(data) for _, data in chunks if data)
    if total > _LARGEST:
        raise BadPacket("bad_length")
    return _HEAD.pack(_MAGIC, total) + b"".join(
        _CHUNK.pack(0, kind, _CHUNK.size + len(data)) + data for kind, data in chunks if data
    )


def _chunks(data: bytes) -> _Chunks:
    """Collect the data of the generic chunks (vendor 0) by type; the last of a type counts."""
    if data[:4] != _MAGIC:
        raise BadPacket("not_hep")
    size = len(data)
    if size < _HEAD.size:
        raise BadPacket("truncated")
    _, declared = _HEAD.unpack_from(data)
    if declared != size:
        raise BadPacket("truncated" if declared > size else "bad_length")
    found: _Chunks = {}
    start, header, unpack = _HEAD.size, _CHUNK.size, _CHUNK.unpack_from
    while start < size:
        if start + header > size:
            raise BadPacket("bad_length")
        vendor, kind, length = unpack(data, start)
        end = start + length
        if length < header or end > size:
            raise BadPacket("bad_length")
        if vendor == 0:
            found[kind] = data[start + header : end]
            if length - header != _SIZES.get(kind, length - header):
                raise BadPacket("bad_length")
        start = end
    return found


# A capture sees few addresses, and writing an IPv6 one costs more than the rest of a packet.
@lru_cache(maxsize=4096)
def _written(address: bytes) -> str:
    return str(IPv4Address(address) if len(address) == 4 else IPv6Address(address))  # noqa: PLR2004 - bytes of an IPv4 address
