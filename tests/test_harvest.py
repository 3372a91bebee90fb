import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.harvest import Harvest, client

ROOT = Path(__file__).parents[1]
# Here the marker is in two pieces, and in a folder that the run around this test does not search.
SPEAKS = """
import logging
import sys

MARKER = "hunter" + "2"

def test_out():
    print({word})

def test_err():
    print({word}, file=sys.stderr)

def test_log():
    logging.getLogger("x").warning({word})

def test_files(tmp_path):
    (tmp_path / "a.db-wal").write_bytes(b"\\0" + {word}.encode())
    (tmp_path / "out.log").write_text({word})
    (tmp_path / "stasis_refer.toml").write_text(MARKER)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def run(folder: Path, word: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(SPEAKS.format(word=word))
    return subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.harvest", "-p", "no:cacheprovider"),
            *("--rootdir", str(folder), "--basetemp", str(folder / "left"), str(folder)),
        ],
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        timeout=60,
    )


def test_a_run_in_which_a_planted_secret_is_written_fails(folder: Path) -> None:
    done = run(folder, "MARKER")
    assert "4 passed" in done.stdout
    assert done.returncode == 1
    told = done.stdout.partition("a planted secret was written")[2]
    for where in (
        "test_out: Captured stdout call",
        "test_err: Captured stderr call",
        "test_log: Captured log call",
        "/a.db-wal",
        "/out.log",
    ):
        assert where in told
    assert "stasis_refer.toml" not in told


def test_a_run_that_keeps_its_secrets_is_good(folder: Path) -> None:
    done = run(folder, "MARKER[:-1]")
    assert done.returncode == 0, done.stdout


async def test_answers_are_searched_head_and_body() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="in the body: sown", headers={"X-Kept": "planted"})

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    for marker in ("sown", "planted"):
        found = Harvest(marker)
        async with client(harvest=found) as session, session.get(url) as response:
            await response.read()
        assert len(found.hits) == 1
        assert "the answer to GET /" in found.hits[0]
    await runner.cleanup()
