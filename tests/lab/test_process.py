import asyncio
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

import pytest

from stasis_refer.lab.process import end, kill, tied

DEAF = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
OBEDIENT = "echo ready; exec sleep 60"


async def started(script: str) -> Process:
    process = await asyncio.create_subprocess_exec(
        *tied(("sh", "-c", script)), stdin=DEVNULL, stdout=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize(("script", "number"), [(OBEDIENT, signal.SIGTERM), (DEAF, signal.SIGKILL)])
async def test_a_process_is_asked_to_end_and_then_made_to(
    script: str, number: signal.Signals
) -> None:
    process = await started(script)
    began = time.monotonic()
    await end(process, 0.2)
    assert process.returncode == -number
    assert time.monotonic() - began < 10


async def test_one_that_has_ended_stays_so() -> None:
    process = await started("echo ready; exit 3")
    await process.wait()
    await end(process, 0.2)
    await kill(process)
    assert process.returncode == 3


async def test_a_process_is_ended_in_a_task_that_was_cancelled_too() -> None:
    process = await started(DEAF)

    async def run() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await end(process, 0.2)

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert process.returncode == -signal.SIGKILL
