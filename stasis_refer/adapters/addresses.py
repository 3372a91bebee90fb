"""Which addresses webhooks may reach, judged at the socket.

The URL of a webhook is written by customers, in documents too. A name in it can resolve to
anything, and to something else a moment later, so only the address that a socket is about to
be connected to can be trusted.
"""

import errno
import re
import socket
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from aiohttp import AddrInfoType

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network

_UNICAST = IPv6Network("2000::/3")  # all that IANA has given out for the public internet

# What ``is_global`` takes for public in some version of Python or in all, and is not.
_NOT_PUBLIC = (
    IPv4Network("168.63.129.16/32"),  # the host of every virtual machine at Azure
    IPv4Network("192.0.0.0/24"),  # RFC 6890 2.2.2; in it 192.0.0.192, Oracle's metadata
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    IPv6Network("2001::/23"),  # RFC 6890 2.2.3; in it Teredo, which hides an IPv4 address
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)

# IPv6 networks whose addresses carry an IPv4 address, and how many bits stand behind it.
_EMBEDDING = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291 2.5.5.2
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052 2.1
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056 2
)


class AllowedNetworks:
    """The addresses that may be reached: all public ones, and these networks besides.

    ``networks`` are the entries of ``[webhooks] allow_networks``: "10.1.0.0/16", "::1".
    Raises ValueError for one that cannot be read; the text says how to write it.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(_network(text) for text in networks)

    def allows(self, address: str) -> bool:
        """Tell whether this address, in its numeric form, may be reached.

        An IPv6 address that carries an IPv4 address is judged as the latter, which is where
        its packets end. What is no address ("127.1", a name) may not be reached.
        """
        try:
            judged = _innermost(ip_address(address))
        except ValueError:
            return False
        return _is_public(judged) or any(judged in network for network in self._networks)

    def open_socket(self, addr_info: AddrInfoType) -> socket.socket:
        """Return a new socket for ``addr_info``, which is what getaddrinfo(3) tells.

        Raises PermissionError when the address may not be reached; its ``strerror`` names
        the address and the setting.
        """
        family, kind, proto, _, sockaddr = addr_info
        address = str(sockaddr[0])
        if not self.allows(address):
            raise PermissionError(errno.EACCES, _REFUSAL.format(address))
        return socket.socket(family, kind, proto)

    def why_not(self, url: str) -> str:
        """Return why an absolute URL can never be requested, '' where it may be.

        It is judged by what is written in it: where a name leads to is seen at the socket.
        """
        try:
            host = urlsplit(url).hostname or ""
            host.encode("idna")
        except ValueError:
            return "this is no URL with a host"
        addresses = _written_in(host)
        if not addresses and _NUMERIC.fullmatch(host):
            return f"{host} is no address in full; write one with four numbers"
        if not addresses or any(map(self.allows, addresses)):
            return ""
        return _REFUSAL.format(addresses[0])


_REFUSAL: Final = (
    "the address {} is not public; if webhooks are to reach it, "
    "list its network in [webhooks] allow_networks"
)
_NUMERIC: Final = re.compile("[0-9.]+")  # such as "127.1", which aiohttp does not take either
_LOOPBACK: Final = ("127.0.0.1", "::1")


def _written_in(host: str) -> tuple[str, ...]:
    """Return the addresses that a host means wherever it is resolved, none of most names."""
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return _LOOPBACK
    try:
        return (str(ip_address(host)),)
    except ValueError:
        pass
    try:
        # Hexadecimal numbers are an address to getaddrinfo(3), as they are to inet_aton(3).
        return () if _NUMERIC.fullmatch(host) else (socket.inet_ntoa(socket.inet_aton(host)),)
    except OSError:
        return ()


def _network(text: str) -> _Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(
            f"[webhooks] allow_networks: {text!r} is not a network; {_remedy(text)}"
        ) from error


def _remedy(text: str) -> str:
    try:
        return f"write {ip_network(text, strict=False)}"  # it has bits behind its prefix
    except ValueError:
        return 'write an address and a prefix length, such as "10.1.0.0/16" or "fd00::/8"'


def _innermost(address: _Address) -> _Address:
    for network, behind in _EMBEDDING:
        if address in network:
            return IPv4Address(int(address) >> behind & 0xFFFF_FFFF)
    return address


def _is_public(address: _Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast
