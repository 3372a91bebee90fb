"""``python -m faults``: let all fail once, print a table; exit code 1 when one was not good."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from faults.catalogue import FAULTS, Fault
from faults.endure import Ordeal, endure
from faults.result import Endured
from faults.show import as_table
from faults.stage import stage_in
from stasis_refer.errors import StasisReferError
from stasis_refer.lab.asterisk import AsteriskError
from stasis_refer.running import run_loop, unless_told_to_stop

_DEFAULT = Ordeal()
_WIDE = 160  # columns, where nobody says

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@cli.command()
def main(
    *,
    rate: Annotated[int, typer.Option(min=2, max=200, help="Transfers a second.")] = _DEFAULT.rate,
    only: Annotated[
        list[str] | None, typer.Option(help="Part of a fault's name; may be repeated.")
    ] = None,
    keep_log: Annotated[Path | None, typer.Option(help="Write the program's log there.")] = None,
) -> None:
    """Let Asterisk, the network, the disk and the clock fail while transfers run."""
    faults = [each for each in FAULTS if not only or any(part in each.name for part in only)]
    try:
        endured = run_loop(_endure(faults, Ordeal(rate=rate), keep_log))
    except (StasisReferError, AsteriskError) as error:
        _errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    if endured is None:
        raise typer.Exit(1)
    _out.print(as_table(endured))
    raise typer.Exit(0 if all(each.good for each in endured) else 1)


async def _endure(
    faults: Sequence[Fault], ordeal: Ordeal, keep_log: Path | None
) -> Sequence[Endured] | None:
    """Run until done or told to stop, which is None; nothing is left behind either way."""
    with tempfile.TemporaryDirectory(prefix="stasis-refer-faults-") as folder:
        return await unless_told_to_stop(_each(faults, ordeal, Path(folder), keep_log))


async def _each(
    faults: Sequence[Fault], ordeal: Ordeal, folder: Path, keep_log: Path | None
) -> Sequence[Endured]:
    endured = list[Endured]()
    async with stage_in(folder) as stage:
        try:
            for fault in faults:
                _out.print(f"{fault.name}: {ordeal.rate} transfers a second", style="dim")
                endured.append(await endure(fault, stage, ordeal, fault.seconds))
        finally:
            if keep_log is not None:
                await asyncio.to_thread(keep_log.write_text, stage.log, encoding="utf-8")
    return endured


if __name__ == "__main__":
    cli()
