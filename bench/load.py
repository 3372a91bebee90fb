"""Calls at a steady rate, placed by SIPp."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.children import child
from stasis_refer.errors import StartError
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    scenario,
)

_TRANSFER: Final = (call(), expect_refer(), answer_refer(202), notify(200))

PHONE_HANGS_UP: Final[Sequence[Step]] = (*_TRANSFER, bye())
"""As phones do after a transfer; the program gives them a second for it."""

ASTERISK_HANGS_UP: Final[Sequence[Step]] = (*_TRANSFER, hear_bye())
"""The dialplan's ``Hangup()`` follows ``Transfer()`` at once, so here the phone waits."""

_PATIENCE: Final = 15  # seconds for the last calls; a call that hangs has failed
_AT_ONCE: Final = 20  # seconds' worth of calls may be up at the same time


@dataclass(frozen=True, slots=True)
class Load:
    """So many calls, so many a second."""

    rate: int
    calls: int

    @property
    def seconds(self) -> float:
        """How long it takes to place them."""
        return self.calls / self.rate


@dataclass(frozen=True, slots=True)
class Placed:
    """What SIPp counted. ``retransmissions`` are its own: something was slow or got lost."""

    calls: int
    failed: int
    retransmissions: int


async def place(
    load: Load, asterisk: str, user: str, steps: Sequence[Step], folder: Path
) -> Placed:
    """Call ``user`` at ``asterisk`` (``HOST:PORT``); ends by itself.

    Every call that was asked for and did not succeed counts as failed.
    """
    program = shutil.which("sipp")
    if program is None:
        raise StartError("SIPp is not installed: run `make setup`, or apt-get install sip-tester")
    script, counts = folder / "phones.xml", folder / "counts.csv"
    script.write_text(scenario(steps), encoding="utf-8")
    counts.unlink(missing_ok=True)
    command = (
        *(program, asterisk, "-sf", str(script), "-s", user),
        *("-i", "127.0.0.1", "-p", str(free_udp_port())),
        *("-r", str(load.rate), "-m", str(load.calls), "-l", str(load.rate * _AT_ONCE)),
        *("-recv_timeout", str(_PATIENCE * 1000), "-deadcall_wait", "0", "-nostdin"),
        *("-timeout", f"{load.seconds + 2 * _PATIENCE:.0f}s", "-timeout_error"),
        *("-trace_stat", "-stf", str(counts), "-fd", "5"),
    )
    log = folder / "phones.log"
    async with child(command, log) as phones:
        await phones.communicate()
    if not counts.exists():
        raise StartError(f"SIPp did not start: {log.read_text(errors='replace')}")
    return _counted(counts, load.calls)


def _counted(counts: Path, wanted: int) -> Placed:
    with counts.open(encoding="utf-8", newline="") as file:
        *_, last = csv.DictReader(file, delimiter=";")
    return Placed(
        calls=wanted,
        failed=wanted - int(last["SuccessfulCall(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
    )
