"""Processes of the bench: each one ends with the bench, however that ends."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from stasis_refer.lab.process import end, tied

TREE: Final = Path(__file__).parents[1]
"""Where ``python -m bench.…`` finds this package."""

_GOODBYE: Final = 5.0  # seconds from SIGTERM to SIGKILL


@asynccontextmanager
async def child(command: Sequence[str], log: Path) -> AsyncIterator[Process]:
    """Run a command while the block runs; its standard error goes to ``log``.

    ``process.stdout`` is a pipe. The child goes with the bench when that is killed.
    """
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *tied(command),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            cwd=TREE,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await end(process, _GOODBYE)
