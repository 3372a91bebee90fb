"""Calls at a steady rate, placed by SIPp, and answered by SIPp where they are sent on."""

import asyncio
import csv
import shutil
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.children import child
from bench.documents import TARGET
from stasis_refer.errors import StartError
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.phone import (
    Step,
    answer,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    hear_notify,
    notify,
    pause,
    ring_in,
    scenario,
    send_refer,
)
from stasis_refer.lab.sipp import is_bound

_TRANSFER: Final = (call(), expect_refer(), answer_refer(202), notify(200))

PHONE_HANGS_UP: Final[Sequence[Step]] = (*_TRANSFER, bye())
"""As phones do after a transfer; the program gives them a second for it."""

ASTERISK_HANGS_UP: Final[Sequence[Step]] = (*_TRANSFER, hear_bye())
"""The dialplan's ``Hangup()`` follows ``Transfer()`` at once, so here the phone waits."""

_TALK: Final = 0.2  # seconds that phones ring, and that people talk
_ANSWERS: Final = (ring_in(), pause(_TALK), answer(), pause(_TALK))

IS_TRANSFERRED: Final[Sequence[Step]] = (call(), hear_bye())
"""A caller whom others transfer, and hang up on."""

TRANSFERS: Final[Sequence[Step]] = (
    *(*_ANSWERS, send_refer(f"<{TARGET}>"), hear_notify(200), hear_bye()),
)
"""An agent who is called, presses transfer, and is out of the call."""

HANGS_UP: Final[Sequence[Step]] = (*_ANSWERS, bye())
"""An agent to whom the call is transferred."""

PATIENCE: Final = 15
"""Seconds that a phone waits for what is next; a call that hangs has failed."""

_AT_ONCE: Final = 20  # seconds' worth of calls may be up at the same time
_POLL: Final = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class Load:
    """So many calls, so many a second."""

    rate: int
    calls: int

    @property
    def seconds(self) -> float:
        """How long it takes to place them."""
        return self.calls / self.rate

    def __str__(self) -> str:
        return f"{self.calls} transfers at {self.rate}/s"


@dataclass(frozen=True, slots=True)
class Placed:
    """What SIPp counted. ``retransmissions`` are its own: something was slow or got lost."""

    calls: int
    failed: int
    retransmissions: int


class Phones:
    """Phones of one SIPp process, that play the same part in as many calls as are to come."""

    def __init__(self, process: Process, calls: int, files: Path) -> None:
        self._process = process
        self._calls = calls
        self._counts, self._log = _counts(files), _log(files)

    async def listening(self, port: int) -> None:
        """Wait until they can be called at this UDP port. Raises StartError when they ended."""
        while not is_bound("127.0.0.1", port):
            if self._process.returncode is not None:
                raise self._not_started()
            await asyncio.sleep(_POLL)

    async def placed(self) -> Placed:
        """Wait until all calls are over, or none can come any more."""
        await self._process.communicate()
        if not self._counts.exists():
            raise self._not_started()
        return _counted(self._counts, self._calls)

    def _not_started(self) -> StartError:
        return StartError(f"SIPp did not start: {self._log.read_text(errors='replace')}")


async def place(  # noqa: PLR0913 - who calls whom, how often, how patiently, how it goes on
    load: Load,
    asterisk: str,
    user: str,
    steps: Sequence[Step],
    folder: Path,
    *,
    patience: int = PATIENCE,
) -> Placed:
    """Call ``user`` at ``asterisk`` (``HOST:PORT``); ends by itself.

    Every call that was asked for and did not succeed counts as failed. ``folder`` takes the files
    of one load at a time.
    """
    at_once = str(load.rate * _AT_ONCE)
    more = (asterisk, "-s", user, "-r", str(load.rate), "-l", at_once)
    callers = _phones(load, free_udp_port(), steps, folder / "callers", more, patience=patience)
    async with callers as phones:
        return await phones.placed()


@asynccontextmanager
async def answering(
    load: Load, port: int, steps: Sequence[Step], files: Path
) -> AsyncIterator[Phones]:
    """Answer the calls of a load at a UDP port of 127.0.0.1; the block begins when it can be.

    ``files`` is a path that the names of SIPp's files begin with.
    """
    async with _phones(load, port, steps, files) as phones:
        await phones.listening(port)
        yield phones


@asynccontextmanager
async def _phones(  # noqa: PLR0913 - who they are, and how SIPp plays them
    load: Load,
    port: int,
    steps: Sequence[Step],
    files: Path,
    more: Sequence[str] = (),
    *,
    patience: int = PATIENCE,
) -> AsyncIterator[Phones]:
    program = shutil.which("sipp")
    if program is None:
        raise StartError("SIPp is not installed: run `make setup`, or apt-get install sip-tester")
    script, counts = files.with_suffix(".xml"), _counts(files)
    script.write_text(scenario(steps), encoding="utf-8")
    counts.unlink(missing_ok=True)
    command = (
        *(program, *more, "-sf", str(script), "-i", "127.0.0.1", "-p", str(port)),
        *("-m", str(load.calls), "-recv_timeout", str(patience * 1000)),
        *("-deadcall_wait", "0", "-nostdin"),
        *("-timeout", f"{load.seconds + 2 * patience:.0f}s", "-timeout_error"),
        *("-trace_stat", "-stf", str(counts), "-fd", "5"),
    )
    async with child(command, _log(files)) as process:
        yield Phones(process, load.calls, files)


def _counts(files: Path) -> Path:
    return files.with_suffix(".csv")


def _log(files: Path) -> Path:
    return files.with_suffix(".log")


def _counted(counts: Path, wanted: int) -> Placed:
    with counts.open(encoding="utf-8", newline="") as file:
        *_, last = csv.DictReader(file, delimiter=";")
    return Placed(
        calls=wanted,
        failed=wanted - int(last["SuccessfulCall(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
    )
