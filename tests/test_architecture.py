"""The direction of imports and the size of the rooms, checked."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "stasis_refer"
SOURCES = sorted(ROOT.rglob("*.py"))
LONGEST = 400  # lines

TOP = "app, settings and their like"
"""The modules outside all rooms, which put the parts together."""

MAY_IMPORT = {
    "core": {"core"},
    "dialects": {"core", "dialects"},
    "wire": {"core", "wire"},
    "runtime": {"core", "dialects", "runtime"},
    "adapters": {"core", "dialects", "wire", "runtime"},  # never one another
    "lab": {"core", "wire", "runtime", "lab", TOP},
    "demo": {"core", "wire", "runtime", "lab", "demo", TOP},
}

_CLOCKS_AND_CHANCE = {"time", "datetime", "random", "logging", "structlog"}
_NETWORK = {"aiohttp", "socket", "sqlite3", "prometheus_client", "pydantic", "pydantic_settings"}
FORBIDDEN = {
    "core": {"asyncio", *_CLOCKS_AND_CHANCE, *_NETWORK},
    # A dialect writes times and reads JSON by models; it has no clock and no network.
    "dialects": {"asyncio", *_CLOCKS_AND_CHANCE, *_NETWORK} - {"datetime", "pydantic"},
    "wire": {"asyncio", *_CLOCKS_AND_CHANCE, *_NETWORK},
    "runtime": _NETWORK,
}


def imported(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """Yield the full names that a module of ``package`` imports, at its top or inside."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *([node.module] if node.module else [])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room(name: str) -> str | None:
    """Return the room of an imported name, None when it is not of ours."""
    first, *inside = name.split(".")
    if first != ROOT.name:
        return None
    return inside[0] if inside and inside[0] in MAY_IMPORT else TOP


def offences(source: str, package: tuple[str, ...]) -> list[str]:
    """Return what a module imports and may not."""
    here = room(".".join(package))
    if here is None or here == TOP:
        return []
    return [
        name
        for name in imported(source, package)
        if name.partition(".")[0] in FORBIDDEN.get(here, ())
        or (room(name) not in {None, *MAY_IMPORT[here]} and not _is_inside(name, package))
    ]


def _is_inside(name: str, package: tuple[str, ...]) -> bool:
    """Tell whether a name is of the same folder within a room: an adapter that has one."""
    inner = len(package) > len((ROOT.name, "room"))
    return inner and f"{name}.".startswith(".".join(package) + ".")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT.parent).parts[:-1]
    assert offences(path.read_text(), package) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_wants_to_be_two(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_every_folder_is_a_room() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in ROOT.rglob("*/*.py")}
    assert folders == set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("here", "source", "offends"),
    [
        ("core", "from stasis_refer.core import uri", False),
        ("core", "from . import uri", False),
        ("adapters.ledger", "from stasis_refer.adapters.ledger.file import LedgerFile", False),
        ("adapters.ledger", "from stasis_refer.adapters.metrics import Metrics", True),
        ("core", "import re", False),
        ("core", "from stasis_refer.runtime.actor import CallActor", True),
        ("core", "from stasis_refer import runtime", True),
        ("core", "from ..runtime import actor", True),
        ("core", "import stasis_refer.settings", True),
        ("core", "from stasis_refer import __version__", True),
        ("core", "def late():\n    import asyncio.queues", True),
        ("dialects", "from time import time", True),
        ("wire", "from stasis_refer.dialects import twiml", True),
        ("runtime", "import asyncio", False),
        ("runtime", "import aiohttp", True),
        ("runtime", "from stasis_refer.wire import ari", True),
        ("adapters", "from stasis_refer.wire import ari", False),
        ("adapters", "from stasis_refer.adapters.http import HttpServer", True),
        ("adapters", "from .http import HttpServer", True),
        ("adapters", "from stasis_refer.settings import Settings", True),
        ("lab", "from stasis_refer.app import App", False),
        ("lab", "from stasis_refer.demo import show", True),
        ("demo", "from stasis_refer.lab.lab import Lab", False),
    ],
)
def test_a_wrong_import_would_be_seen(here: str, source: str, *, offends: bool) -> None:
    assert bool(offences(source, ("stasis_refer", *here.split(".")))) is offends
