"""Hosts of URIs and of rules: one way of writing each, and what a host may also be meant as."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

from stasis_refer.core.uri import BadUri, SipUri, parse

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network


class BadHost(ValueError):
    """A text is no host of a rule; the message says what to write instead."""


def canonical(text: str) -> str:
    """Return a rule's host as it is compared: lower case, A-labels, a network as its address.

    Raises BadHost.
    """
    below, name = ("." if text.startswith(".") else ""), text.removeprefix(".")
    if not below and (network := _written_network(text)) is not None:
        return str(network)
    if any(mark in name for mark in _DEVIATING):
        raise BadHost(f"{text!r} is read in two ways: write it as its A-label, xn--…")
    try:
        ascii_name = name.encode("idna").decode() if not name.isascii() else name
        found = parse(f"sip:{ascii_name}")
    except (UnicodeError, BadUri):
        found = None
    if not isinstance(found, SipUri) or found.host != ascii_name.lower() or not _is_name(found):
        raise BadHost(
            f"{text!r} is no host: write a name as example.com, .example.com for all below it, an"
            " address or a network as 10.0.0.0/8"
        )
    if below and _literal(found.host) is not None:
        raise BadHost(f"{text!r} fits nothing, as no name is below an address: take the dot away")
    return below + plain(found.host)


def plain(host: str) -> str:
    """Return a host of a parsed URI as rules have it: no brackets, no dot at the end."""
    text = host.removesuffix(".")
    address = _literal(text)
    return text if address is None else str(address)


def fits(pattern: str, host: str) -> bool:
    """Tell whether a rule's host, as ``canonical`` wrote it, is one that ``plain`` returned."""
    network = _network(pattern)
    if network is not None:
        address = _literal(host)
        return address is not None and address in network
    return host.endswith(pattern) if pattern.startswith(".") else host == pattern


def addresses_in(host: str) -> Iterator[str]:
    """Yield the addresses that one may also lead to: that which it carries within, or loopback.

    A request to the address of nobody in particular comes to the machine that sends it.
    """
    address = _literal(host)
    if address is not None and address.is_unspecified:
        yield from _LOOPBACK
    if not isinstance(address, IPv6Address):
        return
    carried = [address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _LAST_32_BITS):
        carried.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    yield from (str(each) for each in carried if each is not None)


_DEVIATING: Final = "ß\u03c2\u200c\u200d\u1e9e"  # RFC 5895, and IDNA2003 reads them otherwise
_LOOPBACK: Final = ("127.0.0.1", "::1")
_LAST_32_BITS: Final = (
    IPv6Network("::/96"),  # RFC 4291, 2.5.5.1: compatible
    IPv6Network("::ffff:0:0:0/96"),  # RFC 2765, 2.1: translated
    IPv6Network("64:ff9b::/96"),  # RFC 6052: of a translator
    IPv6Network("64:ff9b:1::/48"),  # RFC 8215: of one of their own
)


def _is_name(found: SipUri) -> bool:
    whole = found.user is None and found.port is None and not found.params and not found.headers
    return whole and not found.host.startswith("[")


def _written_network(text: str) -> _Network | None:
    try:
        network = ip_network(text.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        if "host bits" in str(error):
            raise BadHost(f"{text!r}: {error}: write the network's own address") from None
        return None
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED.prefixlen:
        inner = network.network_address.ipv4_mapped
        if inner is not None:
            return IPv4Network((inner, network.prefixlen - _MAPPED.prefixlen))
    return network


_MAPPED: Final = IPv6Network("::ffff:0:0/96")


@lru_cache(maxsize=4096)
def _network(pattern: str) -> _Network | None:
    try:
        return ip_network(pattern)
    except ValueError:
        return None


def _literal(host: str) -> _Address | None:
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except (ValueError, AddressValueError):
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
