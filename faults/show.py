"""The result for people: a table."""

import os
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from faults.result import READY_WITHIN, Endured

_NOTES = f"""\
Half of the phones say that the target answered, half that it was busy.
begun: transfers, by the metrics. outcomes: by the ledger. astray: without exactly one outcome
there, or told of differently by the metrics. unproven: completed, and nobody said so.
left: channels and bridges in Asterisk at the end. phones: parts that were not played to their end.
ready, next: seconds since what failed was back, until the program was ready (at most \
{READY_WITHIN:g}) and until a
transfer was completed. others: cores that other processes kept busy, Asterisk and phones too."""

_COLUMNS = ("begun", "astray", "unproven", "left", "crashes", "ready", "next", "phones", "others")


def as_table(endured: Sequence[Endured]) -> RenderableType:
    """Return the table of all faults."""
    table = Table(title="Faults, while transfers run", title_justify="left")
    table.add_column("fault")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    table.add_column("outcomes, evidence")
    table.add_column("")
    for each in endured:
        table.add_row(*_row(each))
    load = Text(f"load average at the end {os.getloadavg()[0]:.2f}", style="dim")
    return Group(table, Text(_NOTES, style="dim"), load)


def _row(each: Endured) -> Sequence[RenderableType]:
    books = each.books
    failed, calls = (sum(getattr(of, what) for of in each.phones) for what in ("failed", "calls"))
    kept = sorted(books.kept.items(), key=lambda item: -item[1])
    ended = "\n".join(f"{n} {how.outcome}, {how.evidence}" for how, n in kept)
    return (
        each.fault,
        str(books.began),
        str(books.astray),
        str(books.unproven),
        str(each.left),
        str(each.crashes),
        _seconds(each.ready_after),
        _seconds(each.completed_after),
        f"{failed} of {calls}",
        f"{each.foreign_cores:.2f}",
        ended or "-",
        _word(each),
    )


def _word(each: Endured) -> Text:
    if each.good:
        return Text("ok", style="green")
    wrong = [what for what, is_wrong in each.wrong.items() if is_wrong]
    return Text("NOT: " + ", ".join(wrong), style="red")


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f}"
