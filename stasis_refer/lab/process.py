"""Child processes that do not outlive us."""

import asyncio
import shutil
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress


def tied(command: Sequence[str]) -> Sequence[str]:
    """Return the command such that the kernel kills it when we are killed.

    setpriv(1) asks the kernel for it; where that is not there, nobody does.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--", *command) if setpriv else command


async def end(process: Process, patience: float) -> None:
    """End a process: SIGTERM, and SIGKILL ``patience`` seconds later. One that ended stays so."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        # Not asyncio.timeout: in a task that was cancelled Python 3.11.2's never ends well.
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        await kill(process)


async def kill(process: Process) -> None:
    """End a process by SIGKILL, and wait until it is gone."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
