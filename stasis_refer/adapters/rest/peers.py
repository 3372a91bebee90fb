"""Who a request comes from, also where proxies hand it on."""

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

from aiohttp import web

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_IPV6_SITE: Final = 64  # bits: whoever has one address of it has them all


class Peers:
    """Tells who asks, by address; ``proxies`` are the networks of those that are believed.

    A proxy appends the address that it was asked from to ``X-Forwarded-For``. What stands there
    is read from its end for as long as a proxy that is believed has written it: all else anybody
    may have made up.
    """

    def __init__(self, proxies: Iterable[str] = ()) -> None:
        self._proxies = tuple(ipaddress.ip_network(each) for each in proxies)

    def of(self, request: web.Request) -> str:
        """Return what stands for who asks: the network of an IPv6 address, any other as it is."""
        return self.behind(request.remote or "", request.headers.getall("X-Forwarded-For", []))

    def behind(self, remote: str, forwarded: Iterable[str]) -> str:
        """Return what stands for who asked ``remote``; ``forwarded`` are X-Forwarded-For."""
        peer = _read(remote)
        if peer is None:
            return remote
        hops = ",".join(forwarded).split(",")
        while hops and self._believes(peer):
            found = _read(hops.pop().strip())
            if found is None:
                break  # it is the proxy's then, which should have said whose it is
            peer = found
        return _site(peer)

    def site(self, address: str) -> str:
        """Return what stands for who connects from an address.

        '' for a proxy that is believed, which speaks for many.
        """
        peer = _read(address)
        if peer is None:
            return address
        return "" if self._believes(peer) else _site(peer)

    def _believes(self, peer: _Address) -> bool:
        return any(peer in network for network in self._proxies)


def _read(text: str) -> _Address | None:
    """Return an address, with or without a port; that of IPv4 where it is mapped into IPv6."""
    host = text.partition("%")[0]
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _site(address: _Address) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address.packed, _IPV6_SITE), strict=False))
