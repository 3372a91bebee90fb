"""systemd's end of the notification socket: a real one, of which a test reads."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Manager:
    """Who started a service; all that it was told is in ``told``."""

    def __init__(self, listening: socket.socket, address: str) -> None:
        self.address = address
        self.told: list[str] = []
        self._listening = listening

    def hear(self) -> list[str]:
        """Return all that was told until now."""
        while True:
            try:
                self.told += self._listening.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.told

    def signs(self) -> int:
        """Return how many signs of life there were until now."""
        return self.hear().count("WATCHDOG=1")

    async def hears(self, wanted: str, within: float = 15.0) -> None:
        """Wait until something is told that begins so; seconds."""
        deadline = time.monotonic() + within
        while not any(each.startswith(wanted) for each in self.hear()):
            assert time.monotonic() < deadline, f"{wanted} was not told, but {self.told}"
            await asyncio.sleep(0.02)


@contextmanager
def manager(address: str) -> Iterator[Manager]:
    """Listen at a path, or at an abstract name that begins with ``@``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        listening.settimeout(0)
        yield Manager(listening, address)
