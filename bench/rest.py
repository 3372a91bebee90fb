"""``python -m bench.rest``: how long it takes to list 1,000 live calls by REST.

They come in on the fake Asterisk of the tests: what is measured is ours alone. All runs in one
process, so the time is that of the server and of the client that reads the answer.
"""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import aiohttp

from bench.verdicts import TARGET_LISTING
from stasis_refer.app import App
from stasis_refer.running import run_loop
from stasis_refer.settings import Settings
from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer

CALLS: Final = 1000
_TIMES: Final = 50
_TOKEN: Final = "bench"  # noqa: S105 - nobody else is there
_WAIT: Final = "<Response><Pause length='600'/></Response>"
_PATIENCE: Final = 60.0  # seconds that all calls may take to be there


async def seconds_a_listing(calls: int = CALLS, times: int = _TIMES) -> list[float]:
    """Return the seconds that each listing of so many live calls took, sorted."""
    with tempfile.TemporaryDirectory(prefix="stasis-refer-bench-") as folder:
        async with Asterisk() as asterisk, Customer() as customer:
            customer.reply("/voice", _WAIT)
            settings = _settings(asterisk, customer, Path(folder))
            async with App(settings) as app:
                await app.ready()
                for number in range(calls):
                    asterisk.call("support", call_id=f"{number}@127.0.0.1")
                return await _list(app, calls, times)


async def _list(app: App, calls: int, times: int) -> list[float]:
    url, headers = f"http://127.0.0.1:{app.http_port}", {"Authorization": f"Bearer {_TOKEN}"}
    async with aiohttp.ClientSession(url, headers=headers) as client:
        async with asyncio.timeout(_PATIENCE):
            while len(app.desk.live()) < calls:  # noqa: ASYNC110 - it is soon so
                await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)  # until what came in with them is done
        took = []
        for _ in range(times):
            began = perf_counter()
            async with client.get(f"/v1/calls?limit={calls}") as response:
                found = await response.json()
            took.append(perf_counter() - began)
            if len(found["calls"]) != calls:
                raise RuntimeError(f"{len(found['calls'])} calls are listed, not {calls}")
        return sorted(took)


def _settings(asterisk: Asterisk, customer: Customer, folder: Path) -> Settings:
    application = {
        "name": "support",
        "dialect": "twiml",
        "url": customer.url("/voice"),
        "calls_per_second": CALLS,
    }
    sections = {
        "ari": {"url": asterisk.url, "password": asterisk.password},
        "http": {"listen": "127.0.0.1:0", "operator_token": _TOKEN, "rate_limit": 1000},
        "ledger": {"url": f"sqlite:///{folder / 'bench.db'}"},
        "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        "applications": [application],
    }
    return Settings.model_validate(sections)


def main() -> int:
    """Measure, print a line; 1 when it took too long."""
    took = run_loop(seconds_a_listing())
    median, worst = statistics.median(took), took[-1]
    sys.stdout.write(
        f"{CALLS} live calls listed in {median * 1000:.1f} ms (median of {len(took)}),"
        f" {worst * 1000:.1f} ms at most; {TARGET_LISTING * 1000:.0f} ms may be\n"
    )
    return 0 if median <= TARGET_LISTING else 1


if __name__ == "__main__":
    sys.exit(main())
