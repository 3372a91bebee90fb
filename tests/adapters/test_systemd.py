import asyncio
import os
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from stasis_refer.adapters.systemd import Systemd
from tests.fakes.manager import Manager, manager


@pytest.fixture(params=["path", "abstract"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    name = f"@stasis-refer-{tmp_path.name}" if request.param == "abstract" else tmp_path / "notify"
    with manager(str(name)) as told:
        yield told


def systemd(listening: Manager, **more: str) -> Systemd:
    return Systemd({"NOTIFY_SOCKET": listening.address, **more})


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_what_is_told_arrives(listening: Manager) -> None:
    systemd(listening).stopping()
    systemd(listening).tell("READY=1", "STATUS=two calls")
    assert listening.hear() == ["STOPPING=1", "READY=1", "STATUS=two calls"]


@pytest.mark.parametrize("address", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
async def test_where_nobody_started_it_nothing_is_told(address: dict[str, str]) -> None:
    alone = Systemd({**address, "WATCHDOG_USEC": "1000000"})
    alone.tell("READY=1")
    assert alone.sign_interval is None
    await asyncio.wait_for(asyncio.gather(alone.live(), alone.follow(list)), 1)


def test_a_manager_that_is_gone_or_does_not_listen_ends_nothing(tmp_path: Path) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nothing")}).tell("READY=1")
    with manager(str(tmp_path / "full")) as deaf:
        told = systemd(deaf)
        began = time.monotonic()
        for _ in range(2000):  # more than a socket keeps
            told.tell("WATCHDOG=1")
        assert time.monotonic() - began < 5


async def test_ready_is_told_once_and_what_is_missing_each_time_it_changes(
    listening: Manager,
) -> None:
    missing = ["ari: not connected to Asterisk", "ledger: cannot be written"]
    async with beside(systemd(listening).follow(lambda: missing)):
        await listening.hears("STATUS=ari: not connected to Asterisk; ledger: cannot be written")
        assert "READY=1" not in listening.told
        missing.clear()
        await listening.hears("STATUS=calls can be taken")
        missing.append("draining: no new calls are taken")
        await listening.hears("STATUS=draining: no new calls are taken")
        missing.clear()
        await asyncio.sleep(0.25)
    assert listening.hear().count("READY=1") == 1
    assert [each for each in listening.told if each.startswith("STATUS=calls")] == [
        "STATUS=calls can be taken"
    ] * 2


@pytest.mark.parametrize(
    ("more", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # it is meant for another
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_signs_of_life_are_given_in_half_the_time_waited(
    listening: Manager, more: dict[str, str], interval: float | None
) -> None:
    assert systemd(listening, **more).sign_interval == interval


async def test_a_loop_that_hangs_gives_no_sign_of_life(listening: Manager) -> None:
    async with beside(systemd(listening, WATCHDOG_USEC="40000").live()):
        await listening.hears("WATCHDOG=1")
        await asyncio.sleep(0.1)
        before = listening.signs()
        assert before > 1
        time.sleep(0.3)  # noqa: ASYNC251 - the loop hangs, which is the point
        assert listening.signs() == before
        await asyncio.sleep(0.1)
        assert listening.signs() > before
