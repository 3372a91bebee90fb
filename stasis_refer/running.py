"""How the program runs until it is told to stop."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, TypeVar

import structlog

from stasis_refer.adapters.systemd import Systemd
from stasis_refer.app import App
from stasis_refer.lab.lab import Lab
from stasis_refer.settings import Settings

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

_ENDS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals after which nothing is left behind; SIGHUP comes when a terminal is closed."""


def run_loop(work: Coroutine[Any, Any, _T]) -> _T:
    """Run on uvloop where it is installed (``pip install stasis-refer[fast]``)."""
    try:
        import uvloop  # noqa: PLC0415 - an extra: it may not be there
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def run_program(settings: Settings) -> None:
    """Run until a signal means an end; drain then. A second signal stops at once."""
    systemd = Systemd(os.environ)
    async with (
        _beside(systemd.live()),
        App(settings) as app,
        _beside(systemd.follow(app.not_ready)),
    ):
        # What is there now stays: the collector need not look at it again during calls.
        gc.freeze()
        with _signals() as told:
            await told.get()
            systemd.stopping()
            _log.info("draining: no new calls are taken", seconds=settings.drain_timeout)
            draining = asyncio.create_task(app.drain(settings.drain_timeout))
            again = asyncio.create_task(told.get())
            await asyncio.wait({draining, again}, return_when=asyncio.FIRST_COMPLETED)
            for task in (draining, again):
                await _cancel(task)


async def run_lab(settings: Settings) -> None:
    """Run a private Asterisk and the program; one JSON line on stdout says when it is ready."""
    await unless_told_to_stop(_stay(settings))


async def _stay(settings: Settings) -> None:
    async with Lab(settings) as lab:
        sys.stdout.write(json.dumps({"event": "ready", **lab.addresses()}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def unless_told_to_stop(work: Coroutine[Any, Any, _T]) -> _T | None:
    """Run to the end, or end early and in order when a signal says so, which is None."""
    with _signals() as told:
        task, stop = asyncio.create_task(work), asyncio.create_task(told.get())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            return await task
    return None


async def told_to_stop() -> None:
    """Wait for a signal that means an end."""
    with _signals() as told:
        await told.get()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let some work go on beside the body, and end it behind it."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await _cancel(task)


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@contextmanager
def _signals() -> Iterator[asyncio.Queue[signal.Signals]]:
    """Turn what means an end into the items of a queue; what nohup has ignored stays ignored."""
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[signal.Signals] = asyncio.Queue()
    wanted = [number for number in _ENDS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in wanted:
        loop.add_signal_handler(number, told.put_nowait, number)
    try:
        yield told
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)
