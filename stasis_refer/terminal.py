"""What all commands share: where they print, how they tell an error, which file they read."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Never, TypeVar

import typer
from rich.console import Console

from stasis_refer.errors import StasisReferError
from stasis_refer.lab.asterisk import AsteriskError

_T = TypeVar("_T")

DEFAULT_CONFIGURATION: Final = Path("stasis_refer.toml")

errors = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)

Configuration = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file (TOML).")
]

_WIDE: Final = 250  # characters


def for_tables() -> Console:
    """Return where tables go: where nobody watches, the lines are as long as they have to be."""
    return Console(highlight=False, width=None if out.is_terminal else _WIDE)


def tell_errors(work: Callable[[], _T]) -> _T:
    """Do some work; an error that it raises is told, and ends the command."""
    try:
        return work()
    except (StasisReferError, AsteriskError) as error:
        fail(str(error))


def fail(message: str) -> Never:
    """Tell what is wrong, and end the command with 1."""
    errors.print(message, style="red", markup=False)
    raise typer.Exit(1)
