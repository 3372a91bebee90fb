"""The program under load, and its customer, as processes of their own."""

import asyncio
import json
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from bench.children import child
from bench.documents import DIALING, TYPICAL, WAITING
from bench.result import Ended
from stasis_refer.core.outcome import Direction
from stasis_refer.errors import StartError
from stasis_refer.lab.asterisk import AsteriskPlan, free_port

_START_LIMIT: Final = 20.0  # seconds
_POLL: Final = 0.05  # seconds

_CONFIGURATION: Final = """
[ari]
url = "http://127.0.0.1:{ari_port}"
app = "{app}"
username = "{ari_user}"
password = "{ari_password}"

[capture]
listen = "127.0.0.1:{hep_port}"
password = "{hep_password}"
forward = {forward}

[http]
listen = "127.0.0.1:{port}"

[targets]
allow = ["sip:*@example.com", "sip:*@127.0.0.1"]

[webhooks]
allow_networks = ["127.0.0.0/8"]

[ledger]
url = "sqlite:///{ledger}"
"""

_APPLICATION: Final = """
[[applications]]
name = "{name}"
dialect = "{dialect}"
url = "{customer}/voice/{name}"
account_sid = "AC00000000000000000000000000000000"
auth_token = "00000000000000000000000000000000"
username = "bench"
password = "bench"
webhook_secret = "00000000000000000000000000000000"
calls_per_second = 10000
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What the customer was asked; see ``bench.customer``."""

    documents: Mapping[str, float]
    actions: Mapping[str, bool]
    refers: Mapping[str, int]


class Customer:
    """The customer's process."""

    def __init__(self, pid: int, url: str, session: aiohttp.ClientSession) -> None:
        self.pid = pid
        self.url = url
        self._session = session

    async def report(self) -> Report:
        """Return what was asked since the last report."""
        async with self._session.get(f"{self.url}/report") as response:
            return Report(**json.loads(await response.read()))


@asynccontextmanager
async def customer(folder: Path, transferor: str, target: str) -> AsyncIterator[Customer]:
    """Run the customer while the block runs; its callers are connected to these SIP URIs."""
    command = (sys.executable, "-m", "bench.customer", transferor, target)
    async with (
        child(command, folder / "customer.log") as process,
        aiohttp.ClientSession() as session,
    ):
        line = await process.stdout.readline() if process.stdout else b""
        if not line:
            raise StartError(f"the customer did not start: {_log(folder / 'customer.log')}")
        yield Customer(process.pid, f"http://127.0.0.1:{int(line)}", session)


class Program:
    """The program's process."""

    def __init__(self, process: Process, url: str, session: aiohttp.ClientSession) -> None:
        self.pid = process.pid
        self._process = process
        self._url = url
        self._session = session

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def is_ready(self, within: float) -> bool:
        """Tell whether calls can be sent to it; no answer in so many seconds means no."""
        limit = aiohttp.ClientTimeout(total=within)
        try:
            async with self._session.get(f"{self._url}/readyz", timeout=limit) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def ended(self, direction: Direction = Direction.SENT) -> Counter[Ended]:
        """Return how the transfers of that direction up to now have ended."""
        found = Counter[Ended]()
        for sample in await self.samples("transfers_total"):
            if sample.value and sample.labels["direction"] == direction:
                ended = Ended(sample.labels["outcome"], sample.labels["evidence"])
                found[ended] += int(sample.value)
        return found

    async def calls(self) -> int:
        """Return how many calls are live."""
        (sample,) = await self.samples("calls_in_progress")
        return int(sample.value)

    async def samples(self, metric: str) -> list[Sample]:
        """Return the samples of a metric, named without its prefix."""
        async with self._session.get(f"{self._url}/metrics") as response:
            page = await response.text()
        families = text_string_to_metric_families(page)
        every = (sample for family in families for sample in family.samples)
        return [each for each in every if each.name == f"stasis_refer_{metric}"]


@asynccontextmanager
async def program(  # noqa: PLR0913 - what it talks to, and how it is run
    folder: Path,
    asterisk: AsteriskPlan,
    customer_url: str,
    forward: Sequence[str] = (),
    *,
    ledger: Path | None = None,
    module: Sequence[str] = ("stasis_refer",),
) -> AsyncIterator[Program]:
    """Run ``stasis-refer run`` while the block runs, with its defaults, its log in a file.

    ``forward`` says where copies of captured packets go, each as ``HOST:PORT``. ``module`` is what
    Python runs for it, with its first arguments.
    """
    port, configuration = free_port(), folder / "stasis_refer.toml"
    text = _CONFIGURATION.format(
        ari_port=asterisk.http_port,
        app=asterisk.app,
        ari_user=asterisk.ari_user,
        ari_password=asterisk.ari_password,
        hep_port=asterisk.hep_port,
        hep_password=asterisk.hep_password,
        forward=json.dumps(list(forward)),
        port=port,
        ledger=ledger or folder / "ledger.db",
    )
    in_twiml = ((name, "twiml") for name in (*DIALING, WAITING))
    for name, dialect in (*zip(TYPICAL, TYPICAL, strict=True), *in_twiml):
        text += _APPLICATION.format(name=name, dialect=dialect, customer=customer_url)
    configuration.write_text(text, encoding="utf-8")
    log = folder / "program.log"
    command = (sys.executable, "-m", *module, "run", "--config", str(configuration))
    async with child(command, log) as process, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        await _ready(process, session, url, log)
        yield Program(process, url, session)


async def _ready(process: Process, session: aiohttp.ClientSession, url: str, log: Path) -> None:
    try:
        async with asyncio.timeout(_START_LIMIT):
            while process.returncode is None:
                try:
                    async with session.get(f"{url}/readyz") as response:
                        if response.ok:
                            return
                except aiohttp.ClientConnectionError:
                    pass  # it does not listen yet
                await asyncio.sleep(_POLL)
    except TimeoutError:
        raise StartError(f"the program is not ready in time: {_log(log)}") from None
    raise StartError(f"the program did not start: {_log(log)}")


def _log(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")[-2000:]
