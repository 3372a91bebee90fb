"""Asterisk, the program and its customer, with what can fail in between."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.asterisk import driven_plan
from bench.program import Program, customer, program
from faults.proxy import TcpProxy, UdpProxy
from faults.stepped import set_offset
from stasis_refer.lab.asterisk import PrivateAsterisk, free_udp_port

_DISK: Final = 512 * 2**20  # bytes
_NOBODY: Final = "sip:nobody@127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Stage:
    """All that plays. The program reaches Asterisk and its customer by proxies alone."""

    asterisk: PrivateAsterisk
    program: Program
    ari: TcpProxy
    capture: UdpProxy
    customer: TcpProxy
    disk: Path | None  # a file system of its own that the ledger is on, if there is one
    clock: Path
    folder: Path

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return ledger_in(self.disk or self.folder)

    @property
    def log(self) -> str:
        """What the program has logged."""
        return (self.folder / "program.log").read_text(encoding="utf-8", errors="replace")


def ledger_in(folder: Path) -> Path:
    """Return where the ledger is in a folder."""
    return folder / "ledger.db"


@asynccontextmanager
async def stage_in(folder: Path) -> AsyncIterator[Stage]:
    """Set all of it up in an empty folder while the block runs; nothing is left running."""
    clock = folder / "clock"
    set_offset(clock, 0.0)
    hears_copies = free_udp_port()
    with _small_disk(folder / "disk") as disk:
        async with (
            UdpProxy(hears_copies) as capture,
            PrivateAsterisk(
                replace(driven_plan(folder / "asterisk"), hep_port=capture.port)
            ) as asterisk,
            TcpProxy(asterisk.plan.http_port) as ari,
            customer(folder, _NOBODY, _NOBODY) as asked,
            TcpProxy(int(asked.url.rpartition(":")[2])) as web,
            program(
                folder,
                replace(asterisk.plan, http_port=ari.port, hep_port=hears_copies),
                f"http://127.0.0.1:{web.port}",
                ledger=ledger_in(disk or folder),
                module=("faults.stepped", str(clock)),
            ) as running,
        ):
            yield Stage(asterisk, running, ari, capture, web, disk, clock, folder)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a small file system; None where that is not allowed, as to who is not root."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        yield None
        return
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603 - our own words
        (mount, "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(folder)),
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        # Lazily: the program has ended, but somebody may still look into it.
        subprocess.run(("umount", "-l", str(folder)), check=False)  # noqa: S603, S607 - as above
