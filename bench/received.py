"""Calls that are dialed, referred by the agent, and connected to another one."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Final

from bench.asterisk import left_in
from bench.documents import DIALING
from bench.load import Load
from bench.proc import resident_bytes
from bench.result import Received, ReceivedFailures, Referred
from bench.sent import measure_sent
from bench.stage import WARM_UP, Meter, Say, Stage, stage_in
from stasis_refer.core.outcome import Direction, Outcome

_WARM_UP: Final = Load(rate=20, calls=60)
_LEFT_LATE: Final = 10.0  # seconds
_POLL: Final = 0.2  # seconds


async def run_referred(load: Load, folder: Path, say: Say) -> Referred:
    """Receive REFERs in each application and send some, at the same rate, by the same program.

    They are sent between the applications: a noisy minute is beside both.
    """
    say("(d) dialed, referred and connected again: starting all once more")
    async with stage_in(folder) as stage:
        await stage.place(WARM_UP)
        for application in DIALING:
            await stage.refer(_WARM_UP, application)
        await stage.customer.report()
        at_once, on_bridge = DIALING
        before = await _measure(load, stage, at_once, say)
        say(f"(d) sent REFERs: {load}")
        sent = await measure_sent(load, stage)
        after = await _measure(load, stage, on_bridge, say)
        return Referred(sent, (before, after))


async def _measure(load: Load, stage: Stage, application: str, say: Say) -> Received:
    say(f"(d) {application}: {load}")
    asterisk, running = stage.asterisk.pid, stage.program.pid
    before = await stage.program.ended(Direction.RECEIVED)
    meter = Meter((asterisk, running), bystanders=(stage.customer.pid,))
    placed = await stage.refer(load, application)
    asterisk_cpu, program_cpu = meter.spent()
    foreign = meter.foreign_cores()
    asked = (await stage.customer.report()).refers
    ended = await stage.program.ended(Direction.RECEIVED) - before
    completed = sum(n for how, n in ended.items() if how.outcome == Outcome.COMPLETED)
    callers, transferors, targets = (each.failed for each in placed)
    return Received(
        application=application,
        rate=load.rate,
        transfers=load.calls,
        failures=ReceivedFailures(
            callers=callers,
            transferors=transferors,
            targets=targets,
            outcomes=load.calls - completed,
            requests=load.calls - sum(times == 1 for times in asked.values()),
            left=await _left(stage),
        ),
        ended=ended,
        retransmissions=sum(each.retransmissions for each in placed),
        asterisk_cpu=asterisk_cpu / load.calls,
        program_cpu=program_cpu / load.calls,
        resident=resident_bytes(running),
        foreign_cores=foreign,
    )


async def _left(stage: Stage) -> int:
    """Return how many channels and bridges do not go away."""
    left, end = await left_in(stage.asterisk.plan), monotonic() + _LEFT_LATE
    while left and monotonic() < end:
        await asyncio.sleep(_POLL)
        left = await left_in(stage.asterisk.plan)
    return left
