"""The commands ``stasis-refer transfers``: what became of each transfer."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from stasis_refer.adapters.ledger import Reader
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.ladder import draw
from stasis_refer.runtime.book import TransferFilter, TransferRecord
from stasis_refer.runtime.points_in_time import parse_time
from stasis_refer.runtime.ports import StoreError
from stasis_refer.settings import load
from stasis_refer.terminal import (
    DEFAULT_CONFIGURATION,
    Configuration,
    fail,
    for_tables,
    out,
    tell_errors,
)
from stasis_refer.transfer_listing import csv_lines, json_line, json_lines, table_of

_T = TypeVar("_T")

_PAGE: Final = 500

transfers = typer.Typer(help="What became of each transfer.", no_args_is_help=True)


class Format(StrEnum):
    """What transfers are exported as."""

    JSON = "json"
    CSV = "csv"


def _time(text: str) -> float:
    try:
        return parse_time(text, time.time())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Since = Annotated[
    float | None,
    typer.Option(parser=_time, metavar="TIME", help="Begun then or later: ISO 8601, or 1h, 2d."),
]
Until = Annotated[
    float | None, typer.Option(parser=_time, metavar="TIME", help="Begun before then.")
]
OfOutcome = Annotated[Outcome | None, typer.Option("--outcome", help="Ended so.")]
OfDirection = Annotated[
    Direction | None, typer.Option("--direction", help="Whether we sent the REFER.")
]
OfApplication = Annotated[str, typer.Option("--application", help="Of an application's calls.")]
OfCode = Annotated[
    int | None,
    typer.Option("--code", min=100, max=699, help="The REFER's response, or the last NOTIFY."),
]
OfGroup = Annotated[str | None, typer.Option("--group", help="Decided on by a group of rules.")]
Open = Annotated[bool | None, typer.Option("--open/--ended", help="Whether it is under way.")]


@transfers.command("list")
def list_transfers(  # noqa: PLR0913 - the options, each by its name
    config: Configuration = DEFAULT_CONFIGURATION,
    *,
    since: Since = None,
    until: Until = None,
    outcome: OfOutcome = None,
    direction: OfDirection = None,
    application: OfApplication = "",
    code: OfCode = None,
    group: OfGroup = None,
    is_open: Open = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List transfers, the newest first."""
    wanted = TransferFilter(
        since, until, outcome, direction, application, code, group, open=is_open
    )
    found = _read(config, lambda reader: list(_found(reader, wanted, limit)))
    if as_json:
        for each in found:
            typer.echo(json_line(each))
    elif found:
        for_tables().print(table_of(found))
    else:
        out.print("no transfer is such")


@transfers.command("show")
def show_transfer(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `transfers list` has it.")],
    config: Configuration = DEFAULT_CONFIGURATION,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show a transfer, and the SIP messages of it in order."""
    found = _read(config, lambda reader: reader.transfer(id_))
    if found is None:
        fail(f"no transfer has the id {id_!r}: `stasis-refer transfers list` tells them")
    record, ladder = found
    if as_json:
        typer.echo(json_line(record, ladder))
        return
    for line in draw(record, ladder):
        typer.echo(line)


@transfers.command("export")
def export_transfers(  # noqa: PLR0913 - the options, each by its name
    config: Configuration = DEFAULT_CONFIGURATION,
    *,
    as_format: Annotated[Format, typer.Option("--format", help="What is written.")] = Format.JSON,
    since: Since = None,
    until: Until = None,
    outcome: OfOutcome = None,
    direction: OfDirection = None,
    application: OfApplication = "",
    code: OfCode = None,
    group: OfGroup = None,
    is_open: Open = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many at most; else all.")] = None,
) -> None:
    """Write transfers to the standard output, the newest first."""
    wanted = TransferFilter(
        since, until, outcome, direction, application, code, group, open=is_open
    )
    lines = json_lines if as_format is Format.JSON else csv_lines

    def write(reader: Reader) -> None:
        for line in lines(_found(reader, wanted, limit)):
            typer.echo(line, nl=False)

    _read(config, write)


def _found(reader: Reader, wanted: TransferFilter, limit: int | None) -> Iterator[TransferRecord]:
    return islice(_all(reader, wanted, min(limit or _PAGE, _PAGE)), limit)


def _all(reader: Reader, wanted: TransferFilter, size: int) -> Iterator[TransferRecord]:
    page = reader.transfers(wanted, limit=size)
    yield from page.items
    while page.next:
        page = reader.transfers(wanted, page.next, size)
        yield from page.items


def _read(config: Path, ask: Callable[[Reader], _T]) -> _T:
    """Ask the ledger of a configuration, which a program may be writing; tell what is wrong."""
    with closing(Reader(tell_errors(lambda: load(config)).ledger_path)) as reader:
        try:
            return ask(reader)
        except StoreError as error:
            fail(f"{config}: ledger.url: {error}")
