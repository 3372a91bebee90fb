"""What the bench measures a run against."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.result import Driven, Idle, Memory, Received, Referred, Run, Spoken

TARGET_RATIO: Final = 1.25
"""Our CPU for a transfer, to that of Asterisk's dialplan alone."""

TARGET_P99: Final = 0.020  # seconds
TARGET_DIALECT: Final = 1.2
"""The program's CPU for a transfer in any dialect, to that in TwiML."""

TARGET_RECEIVED: Final = 2.5
"""The program's CPU for a call dialed, referred and connected again, to that for a sent REFER."""

TARGET_PARSING: Final = 10_000.0  # documents a second and core
TARGET_BOOKKEEPING: Final = 0.15
"""What the ledger may add to the program's CPU for a transfer."""

TARGET_PAGE: Final = 0.050  # seconds, for a page of a million transfers
TARGET_LISTING: Final = 0.1  # seconds, for 1,000 live calls
TARGET_SCRAPE: Final = 0.050  # seconds, with twenty applications
TARGET_GROWTH: Final = 1024.0  # bytes of RSS for each transfer
TARGET_IDLE: Final = 25_000.0  # bytes of RSS for each call that waits
GROWTH_TRANSFERS: Final = 5000
LATENCY_RATE: Final = 50  # transfers a second at which the p99 counts
FAILURE_RATE: Final = 100


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
        *(_received_failures(each) for each in run.referred.received),
        *(_received_ratio(run.referred, each) for each in run.referred.received),
        *(verdict for each in run.idle for verdict in of_idle(each)),
        *(_parsing(dialect, speed) for dialect, speed in run.parsing.items()),
        _bookkeeping(run),
        *_slowest_page(run.pages),
        _listing(run),
        _scrape(run.scrape),
    ]


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


def _received_failures(received: Received) -> Verdict:
    return Verdict(
        f"failures (d) of {received.application} at {received.rate}/s",
        "0",
        f"{received.failures.most} of {received.transfers}",
        received.failures.most == 0,
    )


def _received_ratio(referred: Referred, received: Received) -> Verdict:
    ratio = referred.ratio(received)
    return Verdict(
        f"program (d) in {received.application} : sent REFER",
        f"<= {TARGET_RECEIVED:.2f}",
        "-" if ratio is None else f"{ratio:.2f}",
        None if ratio is None else ratio <= TARGET_RECEIVED,
    )


def of_idle(idle: Idle) -> tuple[Verdict, Verdict]:
    """Return what calls that are idle at once are measured against."""
    on = f"on {idle.asterisk}"
    return (
        Verdict(
            f"failures of {idle.calls:,} calls at once {on}",
            "0",
            str(idle.failures),
            idle.failures == 0,
        ),
        Verdict(
            f"RSS for each idle call of {idle.calls:,} {on}",
            f"<= {TARGET_IDLE / 1000:.0f} kB",
            f"{idle.of_each / 1000:.1f} kB",
            idle.of_each <= TARGET_IDLE,
        ),
    )


def _parsing(dialect: str, speed: float) -> Verdict:
    return Verdict(
        f"{dialect} documents read a second and core",
        f">= {TARGET_PARSING:,.0f}",
        f"{speed:,.0f}",
        speed >= TARGET_PARSING,
    )


def _bookkeeping(run: Run) -> Verdict:
    share = run.bookkeeping_share
    return Verdict(
        "the ledger adds to a transfer's CPU",
        f"<= {TARGET_BOOKKEEPING:.0%}",
        "-" if share is None else f"{share:.1%}, {run.bookkeeping * 1000:.2f} ms",
        None if share is None else share <= TARGET_BOOKKEEPING,
    )


def _listing(run: Run) -> Verdict:
    return Verdict(
        "1,000 live calls listed by REST",
        f"<= {TARGET_LISTING * 1000:.0f} ms",
        f"{run.listing * 1000:.1f} ms",
        run.listing <= TARGET_LISTING,
    )


def _slowest_page(pages: Mapping[str, float]) -> list[Verdict]:
    if not pages:
        return []
    name, seconds = max(pages.items(), key=lambda page: page[1])
    return [
        Verdict(
            f"slowest page of the ledger (filter: {name})",
            f"<= {TARGET_PAGE * 1000:.0f} ms",
            f"{seconds * 1000:.1f} ms",
            seconds <= TARGET_PAGE,
        )
    ]


def _scrape(seconds: float) -> Verdict:
    return Verdict(
        "a scrape of the metrics, 20 applications",
        f"<= {TARGET_SCRAPE * 1000:.0f} ms",
        f"{seconds * 1000:.1f} ms",
        seconds <= TARGET_SCRAPE,
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
