"""What processes have cost so far, as the kernel counts it (proc(5))."""

import os
import resource
from collections.abc import Collection
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_IDLE_AND_IOWAIT: Final = (3, 4)  # of /proc/stat's cpu line
_COUNTED_TWICE: Final = slice(0, 8)  # guest times behind these are in user and nice already


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, all its threads, in seconds (utime and stime)."""
    # The second field, the name, may hold blanks; fields are counted behind it.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / _TICKS


def resident_bytes(pid: int) -> int:
    """Return the resident set size of a process in bytes (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {pid} has ended")


def foreign_cpu_seconds(ours: Collection[int]) -> float:
    """Return the CPU time spent on this machine by others than us.

    We are this process, its ended children, and the running ones in ``ours``.
    """
    total = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]
    counted = [int(ticks) for ticks in total[_COUNTED_TWICE]]
    busy = (sum(counted) - sum(counted[at] for at in _IDLE_AND_IOWAIT)) / _TICKS
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return busy - sum(map(cpu_seconds, (*ours, os.getpid()))) - ended.ru_utime - ended.ru_stime
