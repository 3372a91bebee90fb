"""The UDP socket that Asterisk's copies arrive at."""

import socket
import struct
from typing import Final, TypeAlias

Address: TypeAlias = tuple[str, int]

LARGEST: Final = 65535
"""Bytes of a datagram; UDP has none that are larger."""

_RECEIVE_BUFFER: Final = 4 * 1024 * 1024  # bytes

# socket(7) and linux/sock_diag.h; Python's module has no names for them.
_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("9I")
_DROPS: Final = 8
_COUNTED_TO: Final = 1 << 32


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens and never blocks. Raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_DGRAM)
    try:
        listening.setblocking(False)  # noqa: FBT003 - the socket's own interface
        _widen(listening)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


class Losses:
    """How many datagrams the kernel had no room for, as far as it tells."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket = listening
        self._before = self._drops()

    def since_last(self) -> int:
        """Return how many there were since this was asked last."""
        before, self._before = self._before, self._drops()
        return (self._before - before) % _COUNTED_TO

    def _drops(self) -> int:
        try:
            told = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:  # Linux before 4.12, or none at all
            return 0
        return int(_MEMINFO.unpack(told)[_DROPS]) if len(told) == _MEMINFO.size else 0


def _widen(listening: socket.socket) -> None:
    """Make room for what arrives while the event loop is busy."""
    try:
        # Beyond net.core.rmem_max, for those who may (CAP_NET_ADMIN).
        listening.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except OSError:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
