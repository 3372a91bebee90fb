"""Where the demo writes, and how a line of what happens looks."""

import sys
from collections.abc import Iterable
from typing import Final

from rich.console import Console

WIDTH: Final = 110
"""Columns, where no terminal says."""

console: Final = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def say(name: str, text: str) -> None:
    """Show what happened in a scene; ``text`` may hold rich's markup."""
    console.print(f"  {name:<16} {text}")


def common(values: Iterable[str]) -> str:
    """Return what is the same everywhere, or all that there was."""
    return " / ".join(dict.fromkeys(values))


def judged(seen: str, expected: str) -> str:
    """Return a cell of a table; one that is not as expected says what should be there."""
    text = seen or "[dim]nothing[/]"
    return text if seen == expected else f"[red]{text}[/], not {expected or 'nothing'}"


def verdict(*, good: bool) -> str:
    """Return the last cell of a row."""
    return "[green]yes[/]" if good else "[red]NO[/]"
