"""Loopback addresses that count who connects, and names that lead to them or anywhere."""

import asyncio
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self

from aiohttp import AddrInfoType, SocketFactoryType

OPEN: Final = "127.0.0.2"
"""Stands for all that webhooks may reach."""

CLOSED: Final = ("127.0.0.1", "127.0.0.3", "::1")
"""Stand for all that they may not."""


class Harbour:
    """Servers at the same port of ``OPEN`` and of ``CLOSED``; ``arrived`` has who was reached.

    Each answers every request with its own address, ``OPEN`` one to ``/to`` with a redirect to
    ``location``. ``opened`` has the addresses that a socket was made for.
    """

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self.arrived: list[str] = []
        self.opened: list[str] = []
        self.looked_up: list[str] = []
        self.authorizations: list[str] = []
        self.location = ""
        self.port = 0
        self._names = {name: list(answers) for name, answers in names.items()}
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> Self:
        while len(self._servers) < len((OPEN, *CLOSED)):  # until one port is free at each
            await self.__aexit__()
            with suppress(OSError):
                await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._servers:
            server = self._servers.pop()
            server.close()
            await server.wait_closed()

    async def _listen(self) -> None:
        self.port = 0
        for address in (OPEN, *CLOSED):
            server = await asyncio.start_server(self._serve, address, self.port)
            self._servers.append(server)
            self.port = server.sockets[0].getsockname()[1]

    def noting(self, open_socket: SocketFactoryType) -> SocketFactoryType:
        """Return what makes sockets as ``open_socket`` does, and notes for which address."""

        def noted(info: AddrInfoType) -> socket.socket:
            made = open_socket(info)
            self.opened.append(str(info[4][0]))
            return made

        return noted

    def lookup(self, host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
        """Resolve a name as getaddrinfo does: answers in turn, the last one for good."""
        self.looked_up.append(host)
        answers = self._names.get(host.rstrip(".").lower())
        if answers is None:
            # What is no name of ours has to be a number, however it is written.
            return socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port),
            )
            for address in answer
        ]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0].removeprefix("::ffff:")
        self.arrived.append(address)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            found = re.search(r"(?im)^Authorization: *(.*)\r$", request.decode())
            self.authorizations.append(found[1] if found else "")
            if request.split()[1] == b"/to":
                head = f"302 Found\r\nLocation: {self.location}\r\nConnection: close"
            else:
                head = "200 OK\r\nConnection: close"
            writer.write(
                f"HTTP/1.1 {head}\r\nContent-Length: {len(address)}\r\n\r\n{address}".encode()
            )
            await writer.drain()
        writer.close()
