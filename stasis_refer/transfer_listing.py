"""Transfers as the command line lists them: a table, JSON, CSV."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from io import StringIO
from typing import Final

from rich.table import Table
from rich.text import Text

from stasis_refer.core.visible import visible
from stasis_refer.runtime.book import Rung, TransferRecord
from stasis_refer.runtime.points_in_time import iso_time, short_time

_COLUMNS: Final = (
    *("id", "began (UTC)", "application", "direction", "target", "took", "codes", "outcome"),
    *("reason", "rule"),
)
_NAMES: Final = tuple(field.name for field in fields(TransferRecord))
_TIMES: Final = ("began_at", "accepted_at", "ringing_at", "ended_at")


def table_of(records: Iterable[TransferRecord]) -> Table:
    """Return the list for people."""
    table = Table()
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for each in records:
        cells = (
            *(each.id, short_time(each.began_at), each.application, each.direction, each.target),
            *(took(each), codes(each), each.outcome or "under way", each.reason or "-"),
            each.rule or "-",
        )
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def took(record: TransferRecord) -> str:
    """Return how long a transfer took, '-' while it is under way."""
    return "-" if record.ended_at is None else f"{record.ended_at - record.began_at:.1f} s"


def codes(record: TransferRecord) -> str:
    """Return the response to the REFER and the last NOTIFY, '-' each where there was none."""
    return f"{record.refer_code or '-'} / {record.notify_code or '-'}"


def plain(record: TransferRecord) -> dict[str, object]:
    """Return a transfer as JSON has it: its fields, times as ISO 8601 in UTC."""
    found: dict[str, object] = asdict(record)
    for name in _TIMES:
        at = getattr(record, name)
        found[name] = None if at is None else iso_time(at)
    return found


def json_line(record: TransferRecord, ladder: Iterable[Rung] | None = None) -> str:
    """Return a transfer as a JSON object in one line, with its SIP ladder where one is given."""
    found = plain(record)
    if ladder is not None:
        found["ladder"] = [{**asdict(rung), "at": iso_time(rung.at)} for rung in ladder]
    return json.dumps(found)


def json_lines(records: Iterable[TransferRecord]) -> Iterator[str]:
    """Return transfers as one JSON array, an object a line."""
    before = "[\n"
    for each in records:
        yield before + json_line(each)
        before = ",\n"
    yield "\n]\n" if before.startswith(",") else "[]\n"


def csv_lines(records: Iterable[TransferRecord]) -> Iterator[str]:
    """Return transfers as CSV (RFC 4180), the names of the columns first."""
    yield _csv_line(_NAMES)
    for each in records:
        yield _csv_line("" if cell is None else _harmless(cell) for cell in plain(each).values())


def _csv_line(cells: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _harmless(cell: object) -> str:
    text = visible(str(cell))
    # A spreadsheet would run it.
    runs = text.startswith(("=", "@", "+", "-")) and not text[1:].isdecimal()
    return f"'{text}" if runs else text
