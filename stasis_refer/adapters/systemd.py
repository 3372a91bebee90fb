"""What systemd is told of a service of ``Type=notify``: sd_notify(3), in a few lines of our own."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

_LOOK: Final = 0.1  # seconds between two looks at what is missing


class Systemd:
    """The manager that started this process; where none did, it is told nothing.

    ``environment`` has ``NOTIFY_SOCKET``, a path or an abstract name that begins with ``@``, and
    ``WATCHDOG_USEC`` where the manager wants a sign of life.
    """

    def __init__(self, environment: Mapping[str, str], pid: int | None = None) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # Other families, as AF_VSOCK of a virtual machine, are passed over.
        self._address = address if address.startswith(("/", "@")) else ""
        self._patience = _patience(environment, os.getpid() if pid is None else pid)

    @property
    def sign_interval(self) -> float | None:
        """Seconds between two signs of life, half of what is waited; None: none is wanted."""
        return self._patience / 2 if self._address and self._patience else None

    def tell(self, *assignments: str) -> None:
        """Send assignments as ``READY=1``. Never raises: a manager that is away hears nothing."""
        if not self._address:
            return
        # The zero byte says that the name is in no file system (unix(7)).
        name = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            sender.sendto("\n".join(assignments).encode(), name)

    async def follow(self, not_ready: Callable[[], Sequence[str]]) -> None:
        """Tell when the program is ready, and from then on what is missing; until cancelled."""
        began, told = False, ""
        while self._address:
            reasons = not_ready()
            status = "; ".join(reasons) or "calls can be taken"
            if not (began or reasons):
                began = True
                self.tell("READY=1")
            if status != told:
                told = status
                self.tell(f"STATUS={status}")
            await asyncio.sleep(_LOOK)

    async def live(self) -> None:
        """Give signs of life, until cancelled. A loop that hangs gives none, and is killed."""
        while self.sign_interval is not None:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self.sign_interval)

    def stopping(self) -> None:
        """Tell that the end has begun."""
        self.tell("STOPPING=1")


def _patience(environment: Mapping[str, str], pid: int) -> float:
    """Return after how many seconds without a sign of life we are killed; 0: never."""
    wanted = environment.get("WATCHDOG_USEC", "")
    whose = environment.get("WATCHDOG_PID", str(pid))
    return int(wanted) / 1e6 if wanted.isdecimal() and whose == str(pid) else 0.0
