"""``python -m bench``: measure, print a table; exit code 1 when a transfer failed."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.result import Run
from bench.run import Plan, run_bench
from bench.show import as_json, as_table
from stasis_refer.errors import StasisReferError
from stasis_refer.lab.asterisk import AsteriskError
from stasis_refer.running import run_loop, unless_told_to_stop

_DEFAULT = Plan()

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_out = Console(highlight=False)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@cli.command()
def main(
    *,
    rate: Annotated[
        list[int] | None, typer.Option(min=1, max=1000, help="Transfers a second; may be repeated.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, max=600, help="How long each rate is kept up.")
    ] = _DEFAULT.seconds,
    dialed: Annotated[
        int, typer.Option(min=1, max=1000, help="Calls a second whose agent sends a REFER.")
    ] = _DEFAULT.dialed,
    transfers: Annotated[
        int, typer.Option(min=0, max=100_000, help="Transfers in all over which memory is judged.")
    ] = _DEFAULT.transfers,
    json: Annotated[Path | None, typer.Option(help="Write the result there, too.")] = None,
) -> None:
    """Measure what a transfer costs, side by side with Asterisk's dialplan alone."""
    rates = tuple(rate or _DEFAULT.rates)
    plan = Plan(rates=rates, seconds=seconds, dialed=dialed, transfers=transfers)
    try:
        run = run_loop(_bench(plan))
    except (StasisReferError, AsteriskError) as error:
        _errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    if run is None:
        raise typer.Exit(1)
    if json is not None:
        json.write_text(as_json(run), encoding="utf-8")
    _out.print(as_table(run))
    raise typer.Exit(1 if run.failed else 0)


async def _bench(plan: Plan) -> Run | None:
    """Run until done or told to stop, which is None; nothing is left behind either way."""
    with tempfile.TemporaryDirectory(prefix="stasis-refer-bench-") as folder:
        return await unless_told_to_stop(run_bench(plan, Path(folder), _say))


def _say(text: str) -> None:
    _out.print(text, style="dim", markup=False)


if __name__ == "__main__":
    cli()
