"""What the description promises is asked for in many ways, and has to be kept."""

import asyncio
import re
import sys
from pathlib import Path

from stasis_refer.adapters.rest.cursors import page_of
from tests.adapters.rest.world import CALL, OVER, TOKEN, Clock, World

# What is no fault: a cursor is ours alone to make, so the right ones are given.
CONFIGURATION = """
[[operations]]
include-name = "GET /v1/calls"
parameters = {{ cursor = "{calls}" }}

[[operations]]
include-name = "GET /v1/transfers"
parameters = {{ cursor = "further" }}
"""


class ManyDays(Clock):
    """Lets more than a day pass between requests: no key is one that was given before."""

    def __call__(self) -> float:
        self.now += 100_000.0
        return self.now


async def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    cursor = page_of([CALL, OVER], "", 1).next
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.format(calls=cursor))
    world = World(clock=ManyDays())
    world.feed.close()  # a stream that ends at once
    async with world.serving():
        told = await judge(world.url, TOKEN, configuration)
    cases = re.search(r"(\d+) generated", told)
    assert "Operations:       6 selected / 6 total" in told
    assert "Tested: 6" in told
    assert cases is not None
    assert int(cases[1]) > 200
    assert world.desk.orders  # it came through to where something is done
    assert world.book.asked


async def judge(url: str, token: str, configuration: Path, *options: str) -> str:
    """Let schemathesis ask a server; what it says, in the end that it found nothing."""
    command = Path(sys.executable).with_name("schemathesis")
    asking = await asyncio.create_subprocess_exec(
        *(command, "--config-file", configuration, "run", f"{url}/openapi.json"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--max-examples", "40", "--generation-deterministic"),
        "--no-color",
        *options,
        cwd=configuration.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asking.communicate()
    told = out.decode()
    assert asking.returncode == 0, told
    return told
