"""Processes of the bench: each one ends with the bench, however that ends."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

TREE: Final = Path(__file__).parents[1]
"""Where ``python -m bench.…`` finds this package."""

_GOODBYE: Final = 5.0  # seconds from SIGTERM to SIGKILL


@asynccontextmanager
async def child(command: Sequence[str], log: Path) -> AsyncIterator[Process]:
    """Run a command while the block runs; its standard error goes to ``log``.

    ``process.stdout`` is a pipe. The kernel kills the child when the bench is killed, where
    setpriv(1) is there to ask for it.
    """
    setpriv = shutil.which("setpriv")
    prefix = (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *prefix,
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            cwd=TREE,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        # Not asyncio.timeout: in a task that was cancelled Python 3.11.2's never ends well.
        await asyncio.wait_for(process.wait(), _GOODBYE)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
