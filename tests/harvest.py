"""All that is written while the tests run, searched for the secrets that they plant.

Every secret of a test has ``MARKER`` in it, and nothing that the program writes may have it: its
log, its answers, its ledger. A hit fails the whole run, and the summary says where it was. What is
a hook or a fixture here is imported by the conftest.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

MARKER: Final = "hunter2"
_AROUND: Final = 60  # characters of a hit that are shown, to either side
_WRITTEN: Final = ("*.db*", "*.log")
"""Files below the tests' folders that the program writes; its configuration has its secrets."""


class Harvest:
    """What was found, and where."""

    def __init__(self, marker: str = MARKER) -> None:
        self._marker = marker.encode()
        self.hits: list[str] = []

    def look(self, where: str, written: str | bytes) -> None:
        """Search what was written somewhere."""
        data = written.encode(errors="replace") if isinstance(written, str) else written
        place = data.find(self._marker)
        if place >= 0:
            excerpt = data[max(0, place - _AROUND) : place + _AROUND]
            self.hits.append(f"{where}: …{excerpt.decode(errors='replace')!r}…")

    def look_into(self, folder: Path) -> None:
        """Search the ledgers and logs below a folder."""
        for file in (each for pattern in _WRITTEN for each in folder.rglob(pattern)):
            if file.is_file():
                self.look(str(file), file.read_bytes())

    # -- hooks of pytest -----------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Search what a test, or the program under it, wrote to its streams and its log."""
        for title, text in report.sections:
            self.look(f"{report.nodeid}: {title}", text)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let a run with a hit fail."""
        if self.hits:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell where the hits were."""
        if self.hits:
            terminalreporter.section("a planted secret was written", red=True)
            for hit in self.hits:
                terminalreporter.line(hit)


HARVEST: Final = Harvest()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to search."""
    config.pluginmanager.register(HARVEST)


@pytest.fixture(scope="session", autouse=True)
def files_are_searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Search what was left on the disk, behind all tests."""
    yield
    HARVEST.look_into(tmp_path_factory.getbasetemp())


def client(*args: Any, harvest: Harvest = HARVEST, **more: Any) -> aiohttp.ClientSession:  # noqa: ANN401 - a session's own
    """Return a session whose answers are searched too: head and body."""

    def look(method: str, path: str, written: str | bytes) -> None:
        test = os.environ.get("PYTEST_CURRENT_TEST", "")
        harvest.look(f"{test}: the answer to {method} {path}", written)

    async def head(_: object, __: object, end: aiohttp.TraceRequestEndParams) -> None:
        look(end.method, end.response.url.path, str(end.response.headers))

    async def body(_: object, __: object, part: aiohttp.TraceResponseChunkReceivedParams) -> None:
        look(part.method, part.url.path, part.chunk)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(head)
    trace.on_response_chunk_received.append(body)
    return aiohttp.ClientSession(*args, trace_configs=[trace], **more)
