"""What all of the bench's loads are placed on: Asterisk, the program, its customer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from bench.asterisk import driven_plan
from bench.load import (
    HANGS_UP,
    IS_TRANSFERRED,
    PHONE_HANGS_UP,
    TRANSFERS,
    Load,
    Placed,
    answering,
    place,
)
from bench.proc import cpu_seconds, foreign_cpu_seconds
from bench.program import Customer, Program, customer, program
from stasis_refer.lab.asterisk import PrivateAsterisk, free_udp_port

WARM_UP: Final = Load(rate=50, calls=250)
"""Calls before anything is measured: caches fill, connections open."""

SETTLING: Final = 2.0
"""Seconds until the last call is over for everybody."""

TWIML: Final = "twiml"

Say = Callable[[str], None]
"""Hears how the bench goes on."""

_TOLD_LATE: Final = 10.0  # seconds


@dataclass(slots=True)
class Meter:
    """CPU seconds of some processes since it was made, and of others' on this machine."""

    pids: tuple[int, ...]
    bystanders: tuple[int, ...] = ()
    _before: dict[int, float] = field(init=False)
    _foreign: float = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._before = {pid: cpu_seconds(pid) for pid in self.pids}
        self._foreign = foreign_cpu_seconds((*self.pids, *self.bystanders))
        self._began = monotonic()

    def spent(self) -> list[float]:
        """Return what each of ``pids`` has spent."""
        return [cpu_seconds(pid) - self._before[pid] for pid in self.pids]

    def foreign_cores(self) -> float:
        """Return how many cores others kept busy: neither we, ``pids`` nor ``bystanders``."""
        foreign = foreign_cpu_seconds((*self.pids, *self.bystanders)) - self._foreign
        return max(0.0, foreign / (monotonic() - self._began))


@dataclass(frozen=True, slots=True)
class Stage:
    """The whole program, and all that it talks to."""

    asterisk: PrivateAsterisk
    program: Program
    customer: Customer
    transferor: int  # the UDP ports of the agents' phones
    target: int

    async def place(self, load: Load, user: str = TWIML) -> Placed:
        """Let callers be transferred by the application ``user``; all is over when it ends."""
        plan = self.asterisk.plan
        placed = await place(load, f"127.0.0.1:{plan.sip_port}", user, PHONE_HANGS_UP, plan.folder)
        await asyncio.sleep(SETTLING)
        return placed

    async def refer(self, load: Load, user: str) -> Sequence[Placed]:
        """Let callers be dialed, referred and connected again by the application ``user``.

        Returns how the callers fared, the agents who transfer, and those to whom they do.
        """
        plan = self.asterisk.plan
        folder, address = plan.folder, f"127.0.0.1:{plan.sip_port}"
        async with (
            answering(load, self.transferor, TRANSFERS, folder / "transferors") as transferors,
            answering(load, self.target, HANGS_UP, folder / "targets") as targets,
        ):
            callers = await place(load, address, user, IS_TRANSFERRED, folder)
            placed = (callers, await transferors.placed(), await targets.placed())
        await asyncio.sleep(SETTLING)
        return placed

    async def told(self, calls: int) -> int:
        """Return how many calls were told that they had moved; what is only told may be late."""
        told, end = 0, monotonic() + _TOLD_LATE
        while told < calls and monotonic() < end:
            told += sum((await self.customer.report()).actions.values())
            await asyncio.sleep(SETTLING / 10)
        return told


@asynccontextmanager
async def stage_in(folder: Path, forward: Sequence[str] = ()) -> AsyncIterator[Stage]:
    """Set all of it up while the block runs; ``forward`` is where captured packets are copied."""
    transferor, target = free_udp_port(), free_udp_port()
    agents = (f"sip:a@127.0.0.1:{transferor}", f"sip:b@127.0.0.1:{target}")
    async with (
        PrivateAsterisk(driven_plan(folder)) as asterisk,
        customer(folder, *agents) as asked,
        program(folder, asterisk.plan, asked.url, forward) as running,
    ):
        yield Stage(asterisk, running, asked, transferor, target)
