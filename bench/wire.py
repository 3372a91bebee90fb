"""When each REFER went onto the wire: the program's copies of Asterisk's copies (HEPv3)."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from typing import Final, Self

from stasis_refer.wire import hep, sip

_RECEIVE_BUFFER: Final = 8 * 1024 * 1024  # bytes
_LARGEST: Final = 65535


class WireTap:
    """Receives what ``[capture] forward`` sends: ``async with WireTap() as tap``."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the socket's own interface
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._socket.bind(("127.0.0.1", 0))
        self._refers: dict[str, float] = {}

    @property
    def address(self) -> str:
        """Where to send copies, ``HOST:PORT``."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def refers(self) -> Mapping[str, float]:
        """Asterisk's time stamp of each call's first REFER, by Call-ID, in seconds since 1970."""
        return self._refers

    async def __aenter__(self) -> Self:
        """Listen."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self._socket.recv(_LARGEST)
                if b"REFER sip:" in data:
                    self._take(data)

    def _take(self, data: bytes) -> None:
        with contextlib.suppress(hep.BadPacket):
            packet = hep.decode(data)
            if sip.first_line_is(packet.payload, "REFER"):
                self._refers.setdefault(packet.correlation_id, packet.at)
