"""What a real Prometheus makes of the page: both formats, and exemplars."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from stasis_refer.adapters.http import HttpServer
from stasis_refer.adapters.metrics import Metrics
from stasis_refer.core.intents import TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.lab.asterisk import free_port
from stasis_refer.lab.process import end, tied
from tests.adapters.metrics.pages import KEY, SUPPORT, make

STARTS_WITHIN = 20.0  # seconds
NO_SERIES = {"resultType": "vector", "result": []}
CONFIGURATION = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: stasis_refer
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


async def _nothing(_: str) -> None:
    return None


@pytest.fixture
async def metrics() -> AsyncIterator[tuple[Metrics, int]]:
    """Serve metrics of a call that was transferred; where."""
    metrics = make()
    server = HttpServer(
        *("127.0.0.1", 0),
        not_ready=list,
        metrics=metrics.page,
        media=dict[str, bytes]().get,
        recording=_nothing,
    )
    await server.start()
    yield metrics, server.port
    await server.stop()


@pytest.fixture
async def prometheus(metrics: tuple[Metrics, int], tmp_path: Path) -> AsyncIterator[str]:
    """Run a Prometheus that scrapes them each second; the URL of its HTTP API."""
    configuration, url = tmp_path / "prometheus.yml", f"127.0.0.1:{free_port()}"
    configuration.write_text(CONFIGURATION.format(port=metrics[1]))
    process = await asyncio.create_subprocess_exec(
        *tied(["prometheus", f"--config.file={configuration}", f"--web.listen-address={url}"]),
        *(f"--storage.tsdb.path={tmp_path}", "--enable-feature=exemplar-storage"),
        *("--log.level=error",),
    )
    yield f"http://{url}/api/v1"
    await end(process, patience=5)


async def asked(url: str) -> Any:  # noqa: ANN401 - JSON
    """Return the data of an answer that has some."""
    async with asyncio.timeout(STARTS_WITHIN), aiohttp.ClientSession() as session:
        while True:
            await asyncio.sleep(0.2)
            try:
                async with session.get(url) as response:
                    data = json.loads(await response.read()).get("data") if response.ok else None
            except aiohttp.ClientConnectionError:
                continue  # it does not listen yet
            if data and data != NO_SERIES:
                return data


async def test_exemplars_arrive(metrics: tuple[Metrics, int], prometheus: str) -> None:
    result = Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP)
    note = TransferEnded(
        Direction.SENT, "sip:a@example.com", "default", result, TransferTimes(ended=4.0), 3
    )
    metrics[0].note(KEY, SUPPORT, note)
    name = "stasis_refer_transfer_duration_seconds"
    query = f"query_exemplars?query={name}_bucket&start=0&end=9999999999"
    (found,) = await asked(f"{prometheus}/{query}")
    assert found["seriesLabels"]["__name__"] == f"{name}_bucket"
    (exemplar,) = found["exemplars"]
    assert (exemplar["labels"], exemplar["value"]) == ({"transfer_id": f"{KEY}-3"}, "4")
    scraped = await asked(f"{prometheus}/query?query=scrape_samples_scraped")
    lines = metrics[0].render().decode().splitlines()
    (sample,) = scraped["result"]
    assert sample["value"][1] == str(len([line for line in lines if not line.startswith("#")]))
