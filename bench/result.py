"""What the bench found."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from math import ceil


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
class ReceivedFailures:
    """What went wrong with received REFERs, as each witness saw it; nothing is added up."""

    callers: int  # SIPp's failed calls
    transferors: int
    targets: int
    outcomes: int  # transfers not counted as completed
    requests: int  # transfers whose referUrl was not asked, or more than once
    left: int  # channels and bridges that Asterisk still has

    @property
    def most(self) -> int:
        """How many transfers failed, at the least."""
        counts: tuple[int, ...] = astuple(self)
        return max(counts)


@dataclass(frozen=True, slots=True)
class Received:
    """Calls that were dialed, referred and connected again; CPU in seconds for each, RSS in bytes.

    ``application`` is one of ``bench.documents.DIALING``.
    """

    application: str
    rate: int
    transfers: int
    failures: ReceivedFailures
    ended: Mapping[Ended, int]
    retransmissions: int
    asterisk_cpu: float
    program_cpu: float
    resident: int
    foreign_cores: float


@dataclass(frozen=True, slots=True)
class Referred:
    """Received REFERs, one application after the other, and sent ones at the same rate beside."""

    sent: Driven
    received: Sequence[Received]

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return bool(self.sent.failures.most) or any(each.failures.most for each in self.received)

    def ratio(self, received: Received) -> float | None:
        """Return the program's CPU for a received REFER to that for a sent one."""
        return received.program_cpu / self.sent.program_cpu if self.sent.program_cpu else None


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
class Idle:
    """Calls that are live at once, and for which nothing happens; RSS of the program in bytes.

    ``asterisk`` says which one they are on. ``failures`` are calls that were not answered, did
    not stay until the others were there, or that the program did not know to be over afterwards.
    """

    asterisk: str
    calls: int
    failures: int
    before: int
    live: int

    @property
    def of_each(self) -> float:
        """Bytes that each call takes."""
        return (self.live - self.before) / self.calls


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
    referred: Referred
    idle: Sequence[Idle] = ()
    spoken: Sequence[Spoken] = ()
    parsing: Mapping[str, float] = field(default_factory=dict)  # documents a second
    pages: Mapping[str, float] = field(default_factory=dict)  # seconds, by the filter's name
    listing: float = 0.0  # seconds, of 1,000 live calls by REST
    bookkeeping: float = 0.0  # seconds of CPU that the ledger takes for a transfer
    scrape: float = 0.0  # seconds

    @property
    def failed(self) -> bool:
        """Whether anything failed, with or without the program, in any dialect."""
        return (
            any(each.failures for each in self.bare)
            or any(each.failures.most for each in self.driven)
            or any(each.failures for each in self.spoken)
            or any(each.failures for each in self.idle)
            or self.referred.failed
        )

    @property
    def bookkeeping_share(self) -> float | None:
        """What the ledger adds to the CPU that a transfer takes without it, at the first rate."""
        if not self.driven:
            return None
        return self.bookkeeping / (self.driven[0].program_cpu - self.bookkeeping)

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


def latency(seconds: Sequence[float]) -> Latency | None:
    """Return the percentiles (nearest rank) of what was timed."""
    ordered = sorted(seconds)
    if not ordered:
        return None

    def rank(share: float) -> float:
        return ordered[ceil(share * len(ordered)) - 1]

    return Latency(len(ordered), rank(0.50), rank(0.95), rank(0.99))
