"""One run of the bench: Asterisk alone, then Asterisk driven by the program."""

import asyncio
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench.asterisk import BARE_USER, BareAsterisk, bare_plan
from bench.bookkeeping import seconds_a_transfer
from bench.documents import TYPICAL
from bench.idle import run_idle
from bench.ledger import ROWS, seconds_a_page
from bench.load import ASTERISK_HANGS_UP, Load, Placed, place
from bench.parsing import documents_a_second
from bench.proc import resident_bytes
from bench.program import Report
from bench.received import run_referred
from bench.rest import CALLS, seconds_a_listing
from bench.result import Bare, Driven, Latency, Memory, Run, Spoken, latency
from bench.scrape import seconds_a_scrape
from bench.sent import measure_sent
from bench.stage import SETTLING, WARM_UP, Meter, Say, stage_in
from bench.wire import WireTap
from stasis_refer.lab.asterisk import PrivateAsterisk

_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """At which rates, for how many seconds each; so many transfers in all for the memory.

    ``dialed`` is the rate of the calls whose agents send a REFER.
    """

    rates: Sequence[int] = (50, 100)
    seconds: float = 30.0
    transfers: int = 5000
    of_each_dialect: int = 1500
    dialed: int = 20

    @property
    def loads(self) -> list[Load]:
        """The loads that are measured with and without the program."""
        return [self._at(rate) for rate in self.rates]

    @property
    def of_dialed(self) -> Load:
        """The load of each application that calls agents."""
        return self._at(self.dialed)

    def _at(self, rate: int) -> Load:
        return Load(rate, max(1, round(rate * self.seconds)))

    @property
    def rest(self) -> Load | None:
        """What the program still gets afterwards, so that the memory is judged."""
        left = self.transfers - sum(load.calls for load in self.loads)
        return Load(max(self.rates), left) if left > 0 else None


async def run_bench(plan: Plan, folder: Path, say: Say) -> Run:
    """Run all of it; ``folder`` takes logs and configuration, ``say`` hears how it goes on."""
    before = os.getloadavg()[0]
    bare = await _run_bare(plan, folder / "bare", say)
    driven, memory = await _run_driven(plan, folder / "driven", say)
    timed = await _run_timed(plan, folder / "timed", say)
    spoken = await _run_dialects(plan, folder / "dialects", say)
    referred = await run_referred(plan.of_dialed, folder / "referred", say)
    idle = await run_idle(folder / "idle", say)
    say("reading documents")
    parsing = {dialect: documents_a_second(dialect) for dialect in TYPICAL}
    say("writing transfers down")
    bookkeeping = seconds_a_transfer()
    say("scraping the metrics")
    scrape = await seconds_a_scrape()
    say(f"looking through a ledger of {ROWS:,} transfers")
    pages = await seconds_a_page(folder)
    say(f"listing {CALLS:,} live calls")
    listing = statistics.median(await seconds_a_listing())
    return Run(
        load_average=(before, os.getloadavg()[0]),
        python=platform.python_version(),
        uvloop=find_spec("uvloop") is not None,
        bare=bare,
        driven=driven,
        timed=timed,
        memory=memory,
        referred=referred,
        idle=idle,
        spoken=spoken,
        parsing=parsing,
        pages=pages,
        listing=listing,
        bookkeeping=bookkeeping,
        scrape=scrape,
    )


async def _run_bare(plan: Plan, folder: Path, say: Say) -> list[Bare]:
    say("(a) the dialplan alone: starting Asterisk, without capture")
    async with BareAsterisk(bare_plan(folder)) as asterisk:
        await _place_bare(WARM_UP, asterisk)
        found = []
        for load in plan.loads:
            say(f"(a) {load}")
            found.append(await _measure_bare(load, asterisk))
        return found


async def _place_bare(load: Load, asterisk: PrivateAsterisk) -> Placed:
    plan = asterisk.plan
    address = f"127.0.0.1:{plan.sip_port}"
    placed = await place(load, address, BARE_USER, ASTERISK_HANGS_UP, plan.folder)
    await asyncio.sleep(SETTLING)
    return placed


async def _measure_bare(load: Load, asterisk: PrivateAsterisk) -> Bare:
    meter = Meter((asterisk.pid,))
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


async def _run_driven(plan: Plan, folder: Path, say: Say) -> tuple[list[Driven], Memory]:
    say("(b) the whole program: starting Asterisk, with capture, the program and its customer")
    async with stage_in(folder) as stage:
        at_start = resident_bytes(stage.program.pid)
        await stage.place(WARM_UP)
        await stage.customer.report()
        warm = resident_bytes(stage.program.pid)
        found = []
        for load in plan.loads:
            say(f"(b) {load}")
            found.append(await measure_sent(load, stage))
        if plan.rest:
            say(f"(b) {plan.rest}, for the memory")
            await stage.place(plan.rest)
        transfers = sum(load.calls for load in plan.loads) + (plan.rest.calls if plan.rest else 0)
        at_end = resident_bytes(stage.program.pid)
        return found, Memory(at_start, warm, at_end, transfers)


async def _run_timed(plan: Plan, folder: Path, say: Say) -> dict[int, Latency]:
    """Run (b) once more with a copy of each captured packet to here: that costs CPU."""
    say("(b) once more, watched on the wire")
    async with WireTap() as tap, stage_in(folder, [tap.address]) as stage:
        await stage.place(WARM_UP)
        await stage.customer.report()
        found = {}
        for load in plan.loads:
            say(f"(b) {load}, on the wire")
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
    async with stage_in(folder) as stage:
        for dialect in TYPICAL:
            await stage.place(Load(WARM_UP.rate, WARM_UP.rate), dialect)
        await stage.customer.report()
        for number in range(_ROUNDS):
            say(f"(c) round {number + 1} of {_ROUNDS}: {load} in each")
            for dialect in TYPICAL:
                meter = Meter((stage.program.pid,))
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
