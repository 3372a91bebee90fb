"""``python -m bench.idle``: what calls cost that are live at once, and for which nothing happens.

A thousand on the fake Asterisk of the tests, which may run anywhere; three hundred on a real one.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Final

from rich.console import Console

from bench.documents import WAITING
from bench.load import Load, place
from bench.proc import resident_bytes
from bench.program import Program, customer, program
from bench.result import Idle
from bench.show import idle_table
from bench.stage import SETTLING, Say, stage_in
from bench.verdicts import of_idle
from stasis_refer.lab.asterisk import AsteriskPlan, free_udp_port
from stasis_refer.lab.phone import bye, call, pause
from stasis_refer.running import run_loop
from tests.fakes.asterisk import Asterisk, Channel

ON_FAKE: Final = 1000
ON_REAL: Final = 300
_RATE: Final = 50  # new calls a second
_WARM_UP: Final = 20
"""Calls that have come and gone before: what they leave behind is no call's."""

_PATIENCE: Final = 30.0  # seconds
_POLL: Final = 0.1  # seconds
_TALK: Final = 3 * SETTLING  # seconds that all of them are there together


async def run_idle(folder: Path, say: Say) -> list[Idle]:
    """Measure on both; ``folder`` takes logs and configuration."""
    say(f"(f) {ON_FAKE:,} calls at once on the fake Asterisk")
    fake = await _on_fake(folder / "fake")
    say(f"(f) {ON_REAL} calls at once on a real Asterisk")
    return [fake, await _on_real(folder / "real")]


# -- the fake Asterisk -----------------------------------------------------------


async def _on_fake(folder: Path) -> Idle:
    folder.mkdir(parents=True)  # noqa: ASYNC240 - nothing runs yet
    async with Asterisk() as asterisk, customer(folder, "", "") as asked:
        plan = AsteriskPlan(
            folder=folder,
            sip_port=0,
            http_port=asterisk.port,
            ari_user=asterisk.username,
            ari_password=asterisk.password,
            hep_port=free_udp_port(),
            hep_password="bench",  # noqa: S106 - nothing is captured
        )
        async with program(folder, plan, asked.url) as running:
            await _hang_up(asterisk, await _call(asterisk, _WARM_UP), running)
            before = resident_bytes(running.pid)
            channels = await _call(asterisk, ON_FAKE)
            await asyncio.sleep(SETTLING)
            live = resident_bytes(running.pid)
            there = min(sum(map(_is_up, channels)), await running.calls())
            left = await _hang_up(asterisk, channels, running)
            return Idle("the fake Asterisk", ON_FAKE, ON_FAKE - there + left, before, live)


async def _call(asterisk: Asterisk, calls: int) -> list[Channel]:
    channels = []
    for number in range(calls):
        channels.append(asterisk.call(WAITING, call_id=f"{number}@127.0.0.1"))
        await asyncio.sleep(1 / _RATE)
    await _until(lambda: all(map(_is_up, channels)))
    return channels


async def _hang_up(asterisk: Asterisk, channels: Sequence[Channel], running: Program) -> int:
    """Let all callers hang up; how many calls are left."""
    for channel in channels:
        asterisk.caller_hangs_up(channel)
        await asyncio.sleep(1 / _RATE / 2)
    return await _left(running)


def _is_up(channel: Channel) -> bool:
    return channel.state == "Up"


async def _until(done: Callable[[], bool]) -> None:
    end = monotonic() + _PATIENCE
    while not done() and monotonic() < end:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(_POLL)


# -- a real one ------------------------------------------------------------------


async def _on_real(folder: Path) -> Idle:
    async with stage_in(folder) as stage:
        running, address = stage.program, f"127.0.0.1:{stage.asterisk.plan.sip_port}"
        warm = Load(_RATE, _WARM_UP)
        await place(warm, address, WAITING, (call(), pause(SETTLING), bye()), folder)
        await _left(running)
        before = resident_bytes(running.pid)
        load = Load(_RATE, ON_REAL)
        # Who came first stays until the last one has been there for a while.
        steps = (call(), pause(load.seconds + _TALK), bye())
        placing = asyncio.create_task(place(load, address, WAITING, steps, folder))
        try:
            await asyncio.sleep(load.seconds + _TALK / 2)
            live, there = resident_bytes(running.pid), await running.calls()
            failed = max((await placing).failed, ON_REAL - there)
        finally:
            placing.cancel()
        return Idle("a real Asterisk", ON_REAL, failed + await _left(running), before, live)


async def _left(running: Program) -> int:
    """Return how many calls there are that should be over, in time."""
    end = monotonic() + _PATIENCE
    while (calls := await running.calls()) and monotonic() < end:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(_POLL)
    return calls


def main() -> int:
    """Measure, print a table; 1 where something failed or took too much."""
    out = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="stasis-refer-bench-") as folder:
        idle = run_loop(run_idle(Path(folder), out.print))
    out.print(idle_table(idle))
    told = [verdict for each in idle for verdict in of_idle(each)]
    for each in told:
        out.print(f"{each.name}: {each.reached} ({each.wanted})")
    return 0 if all(each.good for each in told) else 1


if __name__ == "__main__":
    sys.exit(main())
