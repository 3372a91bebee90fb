"""The result for people (a table) and for programs (JSON)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, replace

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.ledger import ROWS
from bench.result import Bare, Driven, Ended, Failures, Idle, Memory, Received, Referred, Run
from bench.verdicts import Verdict, verdicts

_NOTES = """\
CPU is user and system time of that one process, all its threads (/proc/PID/stat).
(a) has no capture (HEP), and Asterisk hangs up; in (b) the phone does.
document to REFER: in a run of its own, in which the program copies each captured packet
to the bench; from the moment the customer had sent the document (its own clock)
to the REFER on the wire (Asterisk's HEP time stamp), matched by SipCallId; one machine.
failures: SIPp's failed calls / outcomes not completed / action requests missing.
(d) a caller is connected to an agent, who sends a REFER; the caller is connected to another, who
hangs up. failures: SIPp's failed calls of callers / of who transfers / of who is called then /
outcomes not completed / referUrl requests missing / channels and bridges left.
others: cores that other processes kept busy meanwhile; above 0.2 run it again."""


def as_table(run: Run) -> RenderableType:
    """Return the tables of a run."""
    first, last = run.load_average
    conditions = (
        f"load average {first:.2f} at the start, {last:.2f} at the end; "
        f"Python {run.python}, uvloop {'on' if run.uvloop else 'off'}"
    )
    return Group(
        _speed(run),
        _memory(run.memory),
        _dialects(run),
        _referred(run.referred),
        idle_table(run.idle),
        _pages(run.pages),
        _targets(run),
        Text(_NOTES, style="dim"),
        Text(conditions, style="dim"),
    )


def as_json(run: Run) -> str:
    """Return a run with its verdicts; times in seconds, sizes in bytes."""
    ratios = {str(each.rate): run.ratio(each.rate) for each in run.driven}
    sent = run.referred.sent
    told = {
        # As keys of a mapping dataclasses do not become plain.
        **asdict(replace(run, driven=(), referred=Referred(replace(sent, ended={}), ()))),
        "driven": [_as_plain(each) for each in run.driven],
        "referred": _referred_as_plain(run.referred),
        "ratio": ratios,
        "rss_growth_per_transfer": run.memory.growth,
        "targets": [asdict(verdict) for verdict in verdicts(run)],
    }
    return json.dumps(told, indent=2) + "\n"


def _referred_as_plain(referred: Referred) -> dict[str, object]:
    received = [{**_as_plain(each), "ratio": referred.ratio(each)} for each in referred.received]
    return {"sent": _as_plain(referred.sent), "received": received}


def _as_plain(driven: Driven | Received) -> dict[str, object]:
    ended = [{**asdict(how), "transfers": n} for how, n in driven.ended.items()]
    return {**asdict(replace(driven, ended={})), "ended": ended}


_ROWS = (
    "transfers",
    "failures",
    "outcome, evidence",
    "re-sent by SIPp",
    "CPU each: Asterisk",
    "CPU each: program",
    "program : Asterisk (a)",
    "document to REFER: p50",
    "  p95",
    "  p99",
    "RSS of the program",
    "others",
)


def _speed(run: Run) -> Table:
    table = Table(title="(a) the dialplan alone, (b) the whole program", title_justify="left")
    table.add_column("")
    for way, measured in (("(a)", run.bare), ("(b)", run.driven)):
        for each in measured:
            table.add_column(f"{way} {each.rate}/s", justify="right")
    columns = (_ROWS, *map(_bare, run.bare), *(_driven(each, run) for each in run.driven))
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    return table


def _bare(bare: Bare) -> Sequence[str]:
    return (
        str(bare.transfers),
        str(bare.failures),
        "-",
        str(bare.retransmissions),
        _ms(bare.asterisk_cpu, 2),
        *("-",) * 6,
        f"{bare.foreign_cores:.2f}",
    )


def _driven(driven: Driven, run: Run) -> Sequence[str]:
    ratio, found = run.ratio(driven.rate), run.timed.get(driven.rate)
    return (
        str(driven.transfers),
        _failures(driven.failures),
        _ended(driven.ended),
        str(driven.retransmissions),
        _ms(driven.asterisk_cpu, 2),
        _ms(driven.program_cpu, 2),
        "-" if ratio is None else f"{ratio:.2f}",
        *((_ms(time, 1) for time in (found.p50, found.p95, found.p99)) if found else "---"),
        _mb(driven.resident),
        f"{driven.foreign_cores:.2f}",
    )


def _failures(failures: Failures) -> str:
    return f"{failures.calls}/{failures.outcomes}/{failures.actions}"


def _memory(memory: Memory) -> Table:
    table = Table(title="Memory of the program (RSS)", title_justify="left")
    for column in ("at start", "warm", "at end", "transfers since", "growth for each"):
        table.add_column(column, justify="right")
    table.add_row(
        *(_mb(size) for size in (memory.at_start, memory.warm, memory.at_end)),
        str(memory.transfers),
        f"{memory.growth / 1024:.2f} kB",
    )
    return table


def _dialects(run: Run) -> Table:
    table = Table(title="(c) each dialect in turn", title_justify="left")
    for column in ("dialect", "transfers", "failures", "CPU each: program", "to TwiML"):
        table.add_column(column, justify="right")
    for each in run.spoken:
        ratio = f"{run.dialect_ratio(each):.2f}"
        table.add_row(
            each.dialect, str(each.transfers), str(each.failures), _ms(each.cpu, 2), ratio
        )
    return table


def idle_table(idle: Sequence[Idle]) -> Table:
    """Return the table of calls that are idle at once."""
    table = Table(title="(f) calls at once that wait for a digit", title_justify="left")
    for column in ("on", "calls", "failures", "RSS before", "with all", "for each call"):
        table.add_column(column, justify="right")
    for each in idle:
        table.add_row(
            each.asterisk,
            str(each.calls),
            str(each.failures),
            _mb(each.before),
            _mb(each.live),
            f"{each.of_each / 1000:.1f} kB",
        )
    return table


_REFERRED_ROWS = (
    "transfers",
    "failures",
    "outcome, evidence",
    "re-sent by SIPp",
    "CPU each: Asterisk",
    "CPU each: program",
    "to sent",
    "RSS of the program",
    "others",
)


def _referred(referred: Referred) -> Table:
    title = f"(d) dialed, referred and connected again, at {referred.sent.rate}/s"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in ("sent REFER", *(each.application for each in referred.received)):
        table.add_column(name, justify="right")
    columns = (
        _REFERRED_ROWS,
        _of_either(referred.sent, _failures(referred.sent.failures), 1.0),
        *(
            _of_either(each, "/".join(map(str, astuple(each.failures))), referred.ratio(each))
            for each in referred.received
        ),
    )
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    return table


def _of_either(found: Driven | Received, failures: str, ratio: float | None) -> Sequence[str]:
    return (
        str(found.transfers),
        failures,
        _ended(found.ended),
        str(found.retransmissions),
        _ms(found.asterisk_cpu, 2),
        _ms(found.program_cpu, 2),
        "-" if ratio is None else f"{ratio:.2f}",
        _mb(found.resident),
        f"{found.foreign_cores:.2f}",
    )


def _ended(ended: Mapping[Ended, int]) -> str:
    return "\n".join(f"{n} {how.outcome}, {how.evidence}" for how, n in ended.items()) or "-"


def _pages(pages: Mapping[str, float]) -> Table:
    table = Table(title=f"(e) a page of the ledger's {ROWS:,} transfers", title_justify="left")
    table.add_column("filter")
    table.add_column("median", justify="right")
    for name, seconds in pages.items():
        table.add_row(name, _ms(seconds, 2))
    return table


def _targets(run: Run) -> Table:
    table = Table(title="Targets", title_justify="left")
    for column in ("", "wanted", "reached", ""):
        table.add_column(column)
    for verdict in verdicts(run):
        table.add_row(verdict.name, verdict.wanted, verdict.reached, _word(verdict))
    return table


def _word(verdict: Verdict) -> Text:
    match verdict.good:
        case None:
            return Text("-")
        case True:
            return Text("ok", style="green")
        case _:
            return Text("NOT", style="red")


def _ms(seconds: float, digits: int) -> str:
    return f"{seconds * 1000:.{digits}f} ms"


def _mb(size: int) -> str:
    return f"{size / 2**20:.1f} MB"
