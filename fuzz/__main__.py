"""``python -m fuzz``: every claim under atheris for a while; exit code 1 when one falls.

The input that made it fall lies in the folder that is named then; ``python -m fuzz.one CLAIM
FILE`` runs it again.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from fuzz.claims import CLAIMS
from fuzz.run import Plan, Run, command, run_of, write_corpus, write_words

FOUND: Final = Path(__file__).parent / "found"

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_out = Console(highlight=False)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@cli.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help="Claims; all without.")] = None,
    *,
    seconds: Annotated[int, typer.Option(min=1, help="How long each claim is tried.")] = 20,
    found: Annotated[Path, typer.Option(help="Where inputs are saved that make one fall.")] = FOUND,
) -> None:
    """Try to make the claims on our parsers fall."""
    unknown = sorted({*(names or ())} - CLAIMS.keys())
    if unknown:
        _errors.print(f"no claims: {', '.join(unknown)}; there are {', '.join(CLAIMS)}")
        raise typer.Exit(2)
    found.mkdir(parents=True, exist_ok=True)
    runs = [_run(name, Plan(seconds, found)) for name in names or CLAIMS]
    _out.print(_table(runs))
    raise typer.Exit(1 if any(run.fell for run in runs) else 0)


def _run(name: str, plan: Plan) -> Run:
    claim = CLAIMS[name]
    _out.print(f"{name}: {plan.seconds} s", style="dim")
    with tempfile.TemporaryDirectory(prefix="stasis-refer-fuzz-") as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        write_corpus(corpus, claim)
        write_words(words, claim)
        child = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, *command(claim, plan, corpus, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    output = child.stdout.decode(errors="replace")
    run = run_of(name, child.returncode, output)
    if run.fell:
        _errors.print(output[-4000:], markup=False)
    return run


def _table(runs: list[Run]) -> Table:
    table = Table("claim", title="Parsers under fuzz")
    for column in ("inputs", "a second", "places reached", "kept", "MiB"):
        table.add_column(column, justify="right")
    table.add_column("")
    for run in runs:
        figures = (run.inputs, run.a_second, run.reached, run.kept, run.resident)
        said = f"fell: {run.saved or 'see above'}" if run.fell else "holds"
        table.add_row(run.name, *(f"{each:,}" for each in figures), said)
    return table


if __name__ == "__main__":
    cli()
