"""Which packets are believed to be copies that our Asterisk made."""

import hmac
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Literal, TypeAlias

from stasis_refer.adapters.capture.allowance import Allowance
from stasis_refer.adapters.capture.datagrams import Address
from stasis_refer.wire import hep

Refused: TypeAlias = Literal[
    "unknown_source",
    "malformed",
    "rate_limited",
    "bad_password",
    "wrong_capture_id",
]
"""Why a packet is not believed."""

RATE: Final = 20_000.0
"""Packets a second."""

_SENDERS: Final = 1024
"""Addresses of which it is kept whether they are among the sources."""


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """Which packets are believed.

    ``sources`` are addresses and networks; empty stands for any sender. ``capture_id`` None
    stands for any. ``rate`` is in packets a second, of each Asterisk.
    """

    password: bytes = field(repr=False)
    sources: Collection[str] = ()
    forward: Sequence[Address] = ()
    capture_id: int | None = None
    rate: float = RATE


class Admission:
    """Judges packets, the cheapest checks first; the SIP message in them is not looked at.

    The rate is bounded before the password is compared, and not all senders share what is
    allowed: a flood of strangers' packets takes nothing from Asterisk.
    """

    def __init__(self, rules: CaptureRules) -> None:
        self._rules = rules
        self._is_source = _among(rules.sources)
        self._allowance = Allowance(rules.rate)

    def judge(self, data: bytes, sender: Address, now: float) -> hep.Packet | Refused:
        """Return the packet, or why it is not believed; ``now`` in seconds, of any clock."""
        if not self._is_source(sender[0]):
            return "unknown_source"
        if not hep.is_whole(data):
            return "malformed"
        if not self._allowance.take(sender, now):
            return "rate_limited"
        try:
            packet = hep.decode(data)
        except hep.BadPacket:
            return "malformed"
        if not hmac.compare_digest(packet.password, self._rules.password):
            return "bad_password"
        if self._rules.capture_id not in (None, packet.capture_id):
            return "wrong_capture_id"
        self._allowance.trust(sender, now)
        return packet


def _among(sources: Collection[str]) -> Callable[[str], bool]:
    networks = [ip_network(source) for source in sources]
    if not networks:
        return lambda _: True

    @lru_cache(_SENDERS)
    def is_among(sender: str) -> bool:
        address = ip_address(sender)
        # An IPv6 socket shows who comes by IPv4 so.
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in networks)

    return is_among
