"""What the description promises is asked for in many ways, and has to be kept."""

import asyncio
import re
import sys
from pathlib import Path

from tests.adapters.rest.world import TOKEN, Clock, NoKeys, World

# What is no fault: a cursor is ours alone to make, and good for the filters it was made with.
_CONFIGURATION = """
hooks = "leave_out"

[[operations]]
include-name = ["GET /v1/calls", "GET /v1/transfers"]
parameters = { cursor = "left-out" }
"""
_HOOKS = """
import schemathesis

@schemathesis.hook
def before_call(context, case, kwargs):
    if case.query and case.query.get("cursor") == "left-out":
        del case.query["cursor"]
"""


class ManyDays(Clock):
    """Lets more than a day pass between requests: no key is one that was given before."""

    def __call__(self) -> float:
        self.now += 100_000.0
        return self.now


async def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    world = World(clock=ManyDays(), keys=NoKeys())
    world.feed.close()  # a stream that ends at once
    async with world.serving():
        told = await judge(world.url, TOKEN, tmp_path)
    cases = re.search(r"(\d+) generated", told)
    assert "Operations:       6 selected / 6 total" in told  # all but the description itself
    assert "Tested: 6" in told
    assert cases is not None
    assert int(cases[1]) > 200
    assert world.desk.orders  # it came through to where something is done
    assert world.book.asked


async def judge(url: str, token: str, folder: Path, *options: str) -> str:
    """Let schemathesis ask a server; what it says, in the end that it found nothing."""
    command = Path(sys.executable).with_name("schemathesis")
    (folder / "schemathesis.toml").write_text(_CONFIGURATION)
    (folder / "leave_out.py").write_text(_HOOKS)
    asking = await asyncio.create_subprocess_exec(
        *(command, "run", f"{url}/openapi.json"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--max-examples", "40", "--generation-deterministic"),
        "--no-color",
        *options,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asking.communicate()
    told = out.decode()
    assert asking.returncode == 0, told
    return told
