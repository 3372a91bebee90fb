"""What the bench found, and what it is measured against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

TARGET_RATIO: Final = 1.25
"""Our CPU for a transfer, to that of Asterisk's dialplan alone."""

TARGET_P99: Final = 0.020  # seconds
TARGET_DIALECT: Final = 1.2
"""The program's CPU for a transfer in any dialect, to that in TwiML."""

TARGET_PARSING: Final = 10_000.0  # documents a second and core
TARGET_GROWTH: Final = 1024.0  # bytes of RSS for each transfer
GROWTH_TRANSFERS: Final = 5000
LATENCY_RATE: Final = 50  # transfers a second at which the p99 counts
FAILURE_RATE: Final = 100


@dataclass(frozen=True, slots=True)
class Bare:
    """Asterisk's dialplan alone at one rate. ``asterisk_cpu`` is seconds for each transfer.

    ``foreign_cores`` is how many cores others of this machine kept busy meanwhile.
    """

    rate: int
    transfers: int
    failures: int
    retransmissions: int
    asterisk_cpu: float
    foreign_cores: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How a transfer ended, in the words of the program's metrics."""

    outcome: str
    evidence: str  # sip, asterisk or none


@dataclass(frozen=True, slots=True)
class Failures:
    """What went wrong, as three witnesses saw it; one transfer may be in all of them."""

    calls: int  # SIPp's failed calls
    outcomes: int  # transfers that ended otherwise than completed
    actions: int  # transfers whose action URL was not told in-progress

    @property
    def most(self) -> int:
        """How many transfers failed, at the least."""
        return max(self.calls, self.outcomes, self.actions)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from document received to REFER on the wire; ``seen`` transfers were timed."""

    seen: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Driven:
    """The whole program at one rate; CPU in seconds for each transfer, RSS in bytes."""

    rate: int
    transfers: int
    failures: Failures
    ended: Mapping[Ended, int]
    retransmissions: int
    asterisk_cpu: float
    program_cpu: float
    resident: int
    foreign_cores: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """One dialect under the load of all; ``cpu`` of the program in seconds for each transfer."""

    dialect: str
    transfers: int
    failures: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Memory:
    """RSS of the program, in bytes: ready, warm, and ``transfers`` after that."""

    at_start: int
    warm: int
    at_end: int
    transfers: int

    @property
    def growth(self) -> float:
        """Bytes that each transfer added."""
        return (self.at_end - self.warm) / self.transfers if self.transfers else 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the bench. Load averages are those of one minute, at its start and end.

    ``timed`` is by rate; a rate is missing when not one transfer got as far as its REFER.
    """

    load_average: tuple[float, float]
    python: str
    uvloop: bool
    bare: Sequence[Bare]
    driven: Sequence[Driven]
    timed: Mapping[int, Latency]
    memory: Memory
    spoken: Sequence[Spoken] = ()
    parsing: Mapping[str, float] = field(default_factory=dict)  # documents a second

    @property
    def failed(self) -> bool:
        """Whether anything failed, with or without the program, in any dialect."""
        return (
            any(each.failures for each in self.bare)
            or any(each.failures.most for each in self.driven)
            or any(each.failures for each in self.spoken)
        )

    def dialect_ratio(self, spoken: Spoken) -> float:
        """Return a dialect's CPU for a transfer to that of the first one, TwiML."""
        return spoken.cpu / self.spoken[0].cpu

    def ratio(self, rate: int) -> float | None:
        """Return the program's CPU to the bare Asterisk's at that rate."""
        bare = next((each for each in self.bare if each.rate == rate), None)
        driven = next((each for each in self.driven if each.rate == rate), None)
        if bare is None or driven is None or not bare.asterisk_cpu:
            return None
        return driven.program_cpu / bare.asterisk_cpu


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target and what was reached; None where this run does not tell."""

    name: str
    wanted: str
    reached: str
    good: bool | None


def verdicts(run: Run) -> list[Verdict]:
    """Compare a run with the targets."""
    return [
        _failures(run),
        *(_ratio(run, each.rate) for each in run.driven),
        _p99(run),
        _growth(run.memory),
        *(_dialect(run, each) for each in run.spoken[1:]),
        *(_parsing(dialect, speed) for dialect, speed in run.parsing.items()),
    ]


def latency(seconds: Sequence[float]) -> Latency | None:
    """Return the percentiles (nearest rank) of what was timed."""
    ordered = sorted(seconds)
    if not ordered:
        return None

    def rank(share: float) -> float:
        return ordered[ceil(share * len(ordered)) - 1]

    return Latency(len(ordered), rank(0.50), rank(0.95), rank(0.99))


def _at(run: Run, rate: int) -> Driven | None:
    return next((each for each in run.driven if each.rate == rate), None)


def _failures(run: Run) -> Verdict:
    at = _at(run, FAILURE_RATE)
    return Verdict(
        f"failures at {FAILURE_RATE}/s",
        "0",
        "not run" if at is None else f"{at.failures.most} of {at.transfers}",
        None if at is None else at.failures.most == 0,
    )


def _ratio(run: Run, rate: int) -> Verdict:
    ratio = run.ratio(rate)
    return Verdict(
        f"program (b) : Asterisk (a) at {rate}/s",
        f"<= {TARGET_RATIO:.2f}",
        "-" if ratio is None else f"{ratio:.2f}",
        None if ratio is None else ratio <= TARGET_RATIO,
    )


def _dialect(run: Run, spoken: Spoken) -> Verdict:
    ratio = run.dialect_ratio(spoken)
    return Verdict(
        f"program (c) in {spoken.dialect} : in {run.spoken[0].dialect}",
        f"<= {TARGET_DIALECT:.2f}",
        f"{ratio:.2f}",
        ratio <= TARGET_DIALECT,
    )


def _parsing(dialect: str, speed: float) -> Verdict:
    return Verdict(
        f"{dialect} documents read a second and core",
        f">= {TARGET_PARSING:,.0f}",
        f"{speed:,.0f}",
        speed >= TARGET_PARSING,
    )


def _p99(run: Run) -> Verdict:
    found = run.timed.get(LATENCY_RATE)
    return Verdict(
        f"p99 document to REFER at {LATENCY_RATE}/s",
        f"<= {TARGET_P99 * 1000:.0f} ms",
        "not run" if found is None else f"{found.p99 * 1000:.1f} ms",
        None if found is None else found.p99 <= TARGET_P99,
    )


def _growth(memory: Memory) -> Verdict:
    enough = memory.transfers >= GROWTH_TRANSFERS
    return Verdict(
        f"RSS growth over {memory.transfers} transfers",
        f"< {TARGET_GROWTH / 1024:.0f} kB each",
        f"{memory.growth / 1024:.2f} kB each",
        memory.growth < TARGET_GROWTH if enough else None,
    )
