"""One run of the bench: Asterisk alone, then Asterisk driven by the program."""

import asyncio
import os
import platform
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Final

from bench.asterisk import BARE_USER, BareAsterisk, bare_plan, driven_plan
from bench.documents import TYPICAL
from bench.load import ASTERISK_HANGS_UP, PHONE_HANGS_UP, Load, Placed, place
from bench.parsing import documents_a_second
from bench.proc import cpu_seconds, foreign_cpu_seconds, resident_bytes
from bench.program import Customer, Program, Report, customer, program
from bench.result import Bare, Driven, Failures, Latency, Memory, Run, Spoken, latency
from bench.wire import WireTap
from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.asterisk import PrivateAsterisk

WARM_UP: Final = Load(rate=50, calls=250)
"""Calls before anything is measured: caches fill, connections open."""

_ROUNDS: Final = 3

_TOLD_LATE: Final = 10.0  # seconds

_SETTLING: Final = 2.0  # seconds until the last call is over for everybody
_TWIML: Final = "twiml"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """At which rates, for how many seconds each; so many transfers in all for the memory."""

    rates: Sequence[int] = (50, 100)
    seconds: float = 30.0
    transfers: int = 5000
    of_each_dialect: int = 1500

    @property
    def loads(self) -> list[Load]:
        """The loads that are measured with and without the program."""
        return [Load(rate, max(1, round(rate * self.seconds))) for rate in self.rates]

    @property
    def rest(self) -> Load | None:
        """What the program still gets afterwards, so that the memory is judged."""
        left = self.transfers - sum(load.calls for load in self.loads)
        return Load(max(self.rates), left) if left > 0 else None


@dataclass(slots=True)
class _Meter:
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
        return [cpu_seconds(pid) - self._before[pid] for pid in self.pids]

    def foreign_cores(self) -> float:
        foreign = foreign_cpu_seconds((*self.pids, *self.bystanders)) - self._foreign
        return max(0.0, foreign / (monotonic() - self._began))


async def run_bench(plan: Plan, folder: Path, say: Say) -> Run:
    """Run all of it; ``folder`` takes logs and configuration, ``say`` hears how it goes on."""
    before = os.getloadavg()[0]
    bare = await _run_bare(plan, folder / "bare", say)
    driven, memory = await _run_driven(plan, folder / "driven", say)
    timed = await _run_timed(plan, folder / "timed", say)
    spoken = await _run_dialects(plan, folder / "dialects", say)
    say("reading documents")
    parsing = {dialect: documents_a_second(dialect) for dialect in TYPICAL}
    return Run(
        load_average=(before, os.getloadavg()[0]),
        python=platform.python_version(),
        uvloop=find_spec("uvloop") is not None,
        bare=bare,
        driven=driven,
        timed=timed,
        memory=memory,
        spoken=spoken,
        parsing=parsing,
    )


async def _run_bare(plan: Plan, folder: Path, say: Say) -> list[Bare]:
    say("(a) the dialplan alone: starting Asterisk, without capture")
    async with BareAsterisk(bare_plan(folder)) as asterisk:
        await _place_bare(WARM_UP, asterisk)
        found = []
        for load in plan.loads:
            say(f"(a) {_words(load)}")
            found.append(await _measure_bare(load, asterisk))
        return found


async def _place_bare(load: Load, asterisk: PrivateAsterisk) -> Placed:
    plan = asterisk.plan
    address = f"127.0.0.1:{plan.sip_port}"
    placed = await place(load, address, BARE_USER, ASTERISK_HANGS_UP, plan.folder)
    await asyncio.sleep(_SETTLING)
    return placed


async def _measure_bare(load: Load, asterisk: PrivateAsterisk) -> Bare:
    meter = _Meter((asterisk.pid,))
    placed = await _place_bare(load, asterisk)
    (cpu,) = meter.spent()
    return Bare(
        rate=load.rate,
        transfers=load.calls,
        failures=placed.failed,
        retransmissions=placed.retransmissions,
        asterisk_cpu=cpu / load.calls,
        foreign_cores=meter.foreign_cores(),
    )


@dataclass(frozen=True, slots=True)
class _Stage:
    """All that takes part in (b)."""

    asterisk: PrivateAsterisk
    program: Program
    customer: Customer

    async def place(self, load: Load, user: str = _TWIML) -> Placed:
        plan = self.asterisk.plan
        placed = await place(load, f"127.0.0.1:{plan.sip_port}", user, PHONE_HANGS_UP, plan.folder)
        await asyncio.sleep(_SETTLING)
        return placed

    async def told(self, calls: int) -> int:
        """Return how many calls were told that they had moved; what is only told may be late."""
        told, end = 0, monotonic() + _TOLD_LATE
        while told < calls and monotonic() < end:
            told += sum((await self.customer.report()).actions.values())
            await asyncio.sleep(_SETTLING / 10)
        return told


@asynccontextmanager
async def _stage(folder: Path, forward: Sequence[str] = ()) -> AsyncIterator[_Stage]:
    async with (
        PrivateAsterisk(driven_plan(folder)) as asterisk,
        customer(folder) as asked,
        program(folder, asterisk.plan, asked.url, forward) as running,
    ):
        yield _Stage(asterisk, running, asked)


async def _run_driven(plan: Plan, folder: Path, say: Say) -> tuple[list[Driven], Memory]:
    say("(b) the whole program: starting Asterisk, with capture, the program and its customer")
    async with _stage(folder) as stage:
        at_start = resident_bytes(stage.program.pid)
        await stage.place(WARM_UP)
        await stage.customer.report()
        warm = resident_bytes(stage.program.pid)
        found = []
        for load in plan.loads:
            say(f"(b) {_words(load)}")
            found.append(await _measure_driven(load, stage))
        if plan.rest:
            say(f"(b) {_words(plan.rest)}, for the memory")
            await stage.place(plan.rest)
        transfers = sum(load.calls for load in plan.loads) + (plan.rest.calls if plan.rest else 0)
        at_end = resident_bytes(stage.program.pid)
        return found, Memory(at_start, warm, at_end, transfers)


async def _measure_driven(load: Load, stage: _Stage) -> Driven:
    asterisk, running = stage.asterisk.pid, stage.program.pid
    before = await stage.program.ended()
    meter = _Meter((asterisk, running), bystanders=(stage.customer.pid,))
    placed = await stage.place(load)
    asterisk_cpu, program_cpu = meter.spent()
    foreign = meter.foreign_cores()
    report = await stage.customer.report()
    ended = await stage.program.ended() - before
    return Driven(
        rate=load.rate,
        transfers=load.calls,
        failures=Failures(
            calls=placed.failed,
            outcomes=sum(n for how, n in ended.items() if how.outcome != Outcome.COMPLETED),
            actions=load.calls - sum(report.actions.values()),
        ),
        ended=ended,
        retransmissions=placed.retransmissions,
        asterisk_cpu=asterisk_cpu / load.calls,
        program_cpu=program_cpu / load.calls,
        resident=resident_bytes(running),
        foreign_cores=foreign,
    )


async def _run_timed(plan: Plan, folder: Path, say: Say) -> dict[int, Latency]:
    """Run (b) once more with a copy of each captured packet to here: that costs CPU."""
    say("(b) once more, watched on the wire")
    async with WireTap() as tap, _stage(folder, [tap.address]) as stage:
        await stage.place(WARM_UP)
        await stage.customer.report()
        found = {}
        for load in plan.loads:
            say(f"(b) {_words(load)}, on the wire")
            await stage.place(load)
            timed = _latency(await stage.customer.report(), tap.refers)
            if timed is not None:
                found[load.rate] = timed
        return found


async def _run_dialects(plan: Plan, folder: Path, say: Say) -> list[Spoken]:
    """Let each dialect transfer in turn, several times over: a noisy minute hits them all."""
    say("(c) each dialect in turn")
    spent = dict.fromkeys(TYPICAL, 0.0)
    failures = dict.fromkeys(TYPICAL, 0)
    load = Load(min(plan.rates), plan.of_each_dialect // _ROUNDS)
    async with _stage(folder) as stage:
        for dialect in TYPICAL:
            await stage.place(Load(WARM_UP.rate, WARM_UP.rate), dialect)
        await stage.customer.report()
        for number in range(_ROUNDS):
            say(f"(c) round {number + 1} of {_ROUNDS}: {_words(load)} in each")
            for dialect in TYPICAL:
                meter = _Meter((stage.program.pid,))
                placed = await stage.place(load, dialect)
                spent[dialect] += meter.spent()[0]
                failures[dialect] += max(placed.failed, load.calls - await stage.told(load.calls))
    transfers = load.calls * _ROUNDS
    return [
        Spoken(dialect, transfers, failures[dialect], spent[dialect] / transfers)
        for dialect in TYPICAL
    ]


def _latency(report: Report, refers: Mapping[str, float]) -> Latency | None:
    return latency(
        [refers[call_id] - at for call_id, at in report.documents.items() if call_id in refers]
    )


def _words(load: Load) -> str:
    return f"{load.calls} transfers at {load.rate}/s"
