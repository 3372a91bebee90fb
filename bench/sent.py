"""Calls whose phones are sent a REFER, with the whole program."""

from bench.load import Load
from bench.proc import resident_bytes
from bench.result import Driven, Failures
from bench.stage import Meter, Stage
from stasis_refer.core.outcome import Outcome


async def measure_sent(load: Load, stage: Stage) -> Driven:
    """Place a load, and see what it cost and what failed."""
    asterisk, running = stage.asterisk.pid, stage.program.pid
    before = await stage.program.ended()
    meter = Meter((asterisk, running), bystanders=(stage.customer.pid,))
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
