"""A Prometheus of its own for a test: scrapes the lab each second by the configuration we ship."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import yaml

from stasis_refer.lab.asterisk import free_port
from stasis_refer.lab.process import end, tied

SHIPPED = Path(__file__).parents[2] / "grafana" / "prometheus"
LOOPBACK = "127.0.0.1"
STARTS_WITHIN = 20.0  # seconds

Labels = Mapping[str, str]
Points = list[tuple[float, float]]
"""Seconds since 1970, and the value then."""


class QueryError(Exception):
    """Prometheus did not accept a query."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asks a running Prometheus by its HTTP API. Each raises QueryError, with its own words."""

    url: str
    session: aiohttp.ClientSession

    async def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - whatever it says
        """Return the ``data`` of an answer."""
        async with self.session.get(f"{self.url}/api/v1/{path}", params=parameters) as response:
            answer = await response.json()
        if answer["status"] != "success":
            raise QueryError(f"{path} {parameters}: {answer['error']}")
        if answer.get("warnings"):
            raise QueryError(f"{path} {parameters}: {answer['warnings']}")
        return answer["data"]

    async def now(self, expr: str, at: float) -> list[tuple[Labels, Points]]:
        """Return the value of each series at a time."""
        data = await self.ask("query", query=expr, time=f"{at:.3f}")
        if data["resultType"] == "scalar":
            return [({}, [_point(data["result"])])]
        return [(each["metric"], [_point(each["value"])]) for each in data["result"]]

    async def over(
        self, expr: str, start: float, stop: float, step: float = 1.0
    ) -> list[tuple[Labels, Points]]:
        """Return the values of each series in a range."""
        times = {"start": f"{start:.3f}", "end": f"{stop:.3f}", "step": f"{step}"}
        data = await self.ask("query_range", query=expr, **times)
        return [(each["metric"], list(map(_point, each["values"]))) for each in data["result"]]

    async def raw(self, selector: str, at: float, window: str = "10m") -> Points:
        """Return the samples of the one series of a selector, as they were scraped."""
        data = await self.ask("query", query=f"{selector}[{window}]", time=f"{at:.3f}")
        (series,) = data["result"]
        return list(map(_point, series["values"]))

    async def values(self, label: str, series: str) -> list[str]:
        """Return the values of a label."""
        found: list[str] = await self.ask(f"label/{label}/values", **{"match[]": series})
        return found


def _point(pair: tuple[float, str]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


@asynccontextmanager
async def prometheus(program: str, past: str) -> AsyncIterator[Prometheus]:
    """Run Debian's Prometheus over the program at this URL; nothing of it is left.

    ``past`` is text of OpenMetrics with samples from before.
    """
    with tempfile.TemporaryDirectory(prefix="stasis-refer-prometheus-") as name:
        folder = Path(name)
        configuration = folder / "prometheus.yml"
        configuration.write_text(yaml.safe_dump(_configured(program)))
        await _fill(folder, past)
        url = f"http://{LOOPBACK}:{free_port()}"
        command = (
            *(_found("prometheus"), f"--config.file={configuration}"),
            *(f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn"),
            "--enable-feature=exemplar-storage",
            f"--web.listen-address={urlsplit(url).netloc}",
        )
        log = folder / "log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *tied(command), stdout=output, stderr=output
            )
        try:
            async with aiohttp.ClientSession() as session:
                await _ready(url, session, log)
                yield Prometheus(url, session)
        finally:
            await end(process, patience=5)


def _configured(program: str) -> dict[str, Any]:
    """Return the configuration we ship, with the lab as target, asked each second."""
    configuration: dict[str, Any] = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
    configuration["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"] = [str(SHIPPED / each) for each in configuration["rule_files"]]
    (job,) = configuration["scrape_configs"]
    job["scrape_timeout"] = "1s"
    job["static_configs"] = [{"targets": [urlsplit(program).netloc]}]
    return configuration


async def _fill(folder: Path, past: str) -> None:
    file = folder / "past.txt"
    file.write_text(past)
    command = (_found("promtool"), "tsdb", "create-blocks-from", "openmetrics")
    process = await asyncio.create_subprocess_exec(
        *(*command, str(file), str(folder / "data")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def _ready(url: str, session: aiohttp.ClientSession, log: Path) -> None:
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            while not await _is_ready(url, session):  # noqa: ASYNC110 - it cannot tell by itself
                await asyncio.sleep(0.05)
    except TimeoutError:
        said = await asyncio.to_thread(log.read_text)
        raise AssertionError(f"Prometheus does not start: {said}") from None


async def _is_ready(url: str, session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get(f"{url}/-/ready") as response:
            return response.ok
    except aiohttp.ClientError:
        return False


def _found(command: str) -> str:
    found = shutil.which(command)
    assert found, f"{command} is not on the PATH: run tools/packages, or `make test`"
    return found


def openmetrics(family: str, samples: Iterable[tuple[str, float, float]]) -> str:
    """Return counters as text of OpenMetrics: labels, seconds since 1970, value."""
    lines = (f"{family}_total{{{labels}}} {value} {at:.3f}" for labels, at, value in samples)
    return "\n".join((f"# TYPE {family} counter", *lines, ""))
