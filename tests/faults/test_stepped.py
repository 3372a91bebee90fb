import asyncio
import sys
import time
from pathlib import Path

import pytest

from faults.stepped import set_offset

CHILD = """
import runpy, sys
sys.argv = ["stepped", sys.argv[1]]
import stasis_refer.cli
def main():
    import time
    print(time.time(), time.monotonic())
    sys.stdin.readline()
    print(time.time(), time.monotonic())
stasis_refer.cli.main = main
runpy.run_module("faults.stepped", run_name="__main__")
"""


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_the_wall_clock_alone_is_stepped(tmp_path: Path, step: float) -> None:
    clock = tmp_path / "clock"
    set_offset(clock, 0.0)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, str(clock)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    wall, steady = map(float, (await process.stdout.readline()).split())
    assert abs(wall - time.time()) < 30
    set_offset(clock, step)
    told, _ = await process.communicate(b"\n")
    wall_then, steady_then = map(float, told.split())
    assert abs(wall_then - wall - step) < 30
    assert 0 <= steady_then - steady < 30
