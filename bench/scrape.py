"""How long a scrape takes, of a program with twenty applications."""

import asyncio
import statistics
import sys
from time import perf_counter
from typing import Final

import aiohttp

from stasis_refer.adapters.http import HttpServer
from stasis_refer.adapters.metrics import Metrics, Names
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.intents import TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.dialects.registry import DIALECTS

_APPLICATIONS: Final = tuple(f"application-{number}" for number in range(20))
_ENDPOINTS: Final = tuple(f"trunk-{number}" for number in range(5))
_ACCEPTED: Final = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
_ROUNDS: Final = 21


async def seconds_a_scrape() -> float:
    """Return how many seconds a scrape by HTTP takes, a median, with an exemplar wherever it can.

    Server and client are of this process, so that both are in it.
    """
    metrics = Metrics("0.1.0", DIALECTS, Names(_APPLICATIONS, ("default",), _ENDPOINTS))
    _transfer(metrics)
    server = HttpServer(
        *("127.0.0.1", 0),
        not_ready=list,
        metrics=metrics.page,
        media=dict[str, bytes]().get,
        recording=_nothing,
    )
    await server.start()
    try:
        return await _median(f"http://127.0.0.1:{server.port}/metrics")
    finally:
        await server.stop()


def _transfer(metrics: Metrics) -> None:
    """End a transfer in each way, after each time that falls into a bucket of its own."""
    application = Application(_APPLICATIONS[0], "twiml", Callback("http://127.0.0.1/"))
    for outcome in Outcome:
        for number in range(1, 200):
            times = TransferTimes(number / 200, number / 10, float(number))
            result = Result(outcome, Reason.FINAL_NOTIFY, Evidence.SIP)
            for way in Direction:
                note = TransferEnded(way, "", "default", result, times, number, _ENDPOINTS[0])
                metrics.note("0" * 32, application, note)


async def _median(url: str) -> float:
    times = []
    async with aiohttp.ClientSession(headers={"Accept": _ACCEPTED}) as session:
        for _ in range(_ROUNDS):
            began = perf_counter()
            async with session.get(url) as response:
                await response.read()
            times.append(perf_counter() - began)
    return statistics.median(times)


async def _nothing(_: str) -> None:
    return None


if __name__ == "__main__":
    sys.stdout.write(f"a scrape: {asyncio.run(seconds_a_scrape()) * 1000:.1f} ms\n")
