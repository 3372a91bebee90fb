"""The faults: how each strikes, and when what failed is back."""

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from bench.asterisk import credentials
from faults.proxy import Way
from faults.stage import Stage
from faults.stepped import set_offset

_HOUR: Final = 3600.0  # seconds
_FLOOD: Final = 5_400_000  # bytes of events: 5 MB, whatever is in the buffers between
_EVENT: Final = 30_000  # bytes; Asterisk reads no larger body

Strike = Callable[[Stage, float], Awaitable[None]]
"""Lets something fail for so many seconds; it is back when this returns."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``seconds`` are how long it lasts under ``make faults``."""

    name: str
    seconds: float
    strike: Strike


async def _asterisk_killed(stage: Stage, seconds: float) -> None:
    os.kill(stage.asterisk.pid, signal.SIGKILL)
    await stage.asterisk.stop()
    await asyncio.sleep(seconds)
    await stage.asterisk.start()


async def _asterisk_halted(stage: Stage, seconds: float) -> None:
    with _halted(stage.asterisk.pid):
        await asyncio.sleep(seconds)


async def _cut(stage: Stage, seconds: float) -> None:
    del seconds
    stage.ari.cut()


async def _away(stage: Stage, seconds: float) -> None:
    stage.ari.gone()
    await asyncio.sleep(seconds)
    await stage.ari.back()


def _half_open(ways: Way) -> Strike:
    async def strike(stage: Stage, seconds: float) -> None:
        del seconds
        stage.ari.swallow(ways)

    return strike


async def _stalled(stage: Stage, seconds: float) -> None:
    stage.ari.stall(Way.BACK)
    async with asyncio.TaskGroup() as beside:  # what is stalled may hold up who floods it
        flooding = beside.create_task(_flood(stage))
        await asyncio.sleep(seconds)
        flooding.cancel()
        stage.ari.flow()


async def _program_halted(stage: Stage, seconds: float) -> None:
    with _halted(stage.program.pid):
        await _flood(stage)
        await asyncio.sleep(seconds)


async def _no_copies(stage: Stage, seconds: float) -> None:
    stage.capture.lets_through = False
    await asyncio.sleep(seconds)
    stage.capture.lets_through = True


async def _no_customer(stage: Stage, seconds: float) -> None:
    stage.customer.gone()
    await asyncio.sleep(seconds)
    await stage.customer.back()


async def _disk_full(stage: Stage, seconds: float) -> None:
    if stage.disk is None:
        await _file_limited(stage, seconds)
        return
    filler = stage.disk / "filler"
    try:
        await asyncio.to_thread(_fill, filler)
        await asyncio.sleep(seconds)
    finally:
        filler.unlink()


async def _file_limited(stage: Stage, seconds: float) -> None:
    """Let no file of the program's grow: without a disk of its own the nearest thing to a full one.

    Python ignores SIGXFSZ, so that a write fails with EFBIG.
    """
    pid, before = stage.program.pid, resource.prlimit(stage.program.pid, resource.RLIMIT_FSIZE)
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
        await asyncio.sleep(seconds)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def _stepped(by: float) -> Strike:
    async def strike(stage: Stage, seconds: float) -> None:
        set_offset(stage.clock, by)
        await asyncio.sleep(seconds)
        set_offset(stage.clock, 0.0)

    return strike


FAULTS: Final[Sequence[Fault]] = (
    Fault("Asterisk killed, and started again", 1.0, _asterisk_killed),
    Fault("Asterisk halted", 6.0, _asterisk_halted),
    Fault("WebSocket cut", 0.0, _cut),
    Fault("WebSocket cut, ARI refuses", 4.0, _away),
    Fault("WebSocket half-open", 0.0, _half_open(Way.BOTH)),
    Fault("half-open: Asterisk hears nothing", 0.0, _half_open(Way.OUT)),
    Fault("half-open: we hear nothing", 0.0, _half_open(Way.BACK)),
    Fault("stalled in between, 5 MB unread", 6.0, _stalled),
    Fault("program halted, 5 MB unread", 6.0, _program_halted),
    Fault("capture (HEP) gone", 5.0, _no_copies),
    Fault("webhook server gone", 5.0, _no_customer),
    Fault("disk full", 5.0, _disk_full),
    Fault("clock an hour ahead, and back", 4.0, _stepped(_HOUR)),
    Fault("clock an hour behind, and back", 4.0, _stepped(-_HOUR)),
)


@contextmanager
def _halted(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _fill(file: Path) -> None:
    """Write until nothing more can be."""
    with file.open("wb", buffering=0) as opened:
        size = 2**20
        while size:
            try:
                opened.write(bytes(size))
            except OSError:
                size //= 2


async def _flood(stage: Stage) -> None:
    """Have Asterisk send more events than any buffer holds."""
    plan = stage.asterisk.plan
    url = f"http://127.0.0.1:{plan.http_port}/ari"
    event = {"variables": {"flood": "x" * _EVENT}}
    async with aiohttp.ClientSession(headers=credentials(plan), raise_for_status=True) as session:
        for _ in range(_FLOOD // _EVENT):
            where = {"application": plan.app}
            await session.post(f"{url}/events/user/flood", params=where, json=event)
