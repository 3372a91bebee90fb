"""The program as its users run it: a process, its signals, and what is left behind."""

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from stasis_refer.demo.agents import AGENT_SCENES
from stasis_refer.demo.scenes import SCENES
from stasis_refer.lab.asterisk import AsteriskPlan, PrivateAsterisk, free_port, free_udp_port
from stasis_refer.lab.phone import (
    Phone,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    pause,
)
from tests import harvest
from tests.fakes.customer import Customer

LAB = """
drain_timeout = {drain}

[ari]
{ari}

[http]
listen = "127.0.0.1:{http_port}"

[targets]
allow = ["sip:*@example.com"]

[webhooks]
allow_networks = ["127.0.0.0/8"]

[[applications]]
name = "support"
dialect = "twiml"
url = "{url}"
"""

REFER = "<Response><Refer><Sip>sip:alice@example.com</Sip></Refer></Response>"
TRANSFER = (call(), expect_refer(), answer_refer(202), notify(200), hear_bye())


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with Customer() as customer:
        customer.reply("/voice", REFER)
        yield customer


def configuration(folder: Path, customer: Customer, *, ari: str = "", drain: float = 5.0) -> Path:
    file = folder / "stasis_refer.toml"
    url, http_port = customer.url("/voice"), free_port()
    file.write_text(LAB.format(url=url, ari=ari, drain=drain, http_port=http_port))
    return file


@asynccontextmanager
async def started(command: str, config: Path | None = None) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stasis_refer", command),
        *(("--config", str(config)) if config else ()),
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            raise


async def ready_line(process: Process) -> dict[str, str]:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    told: dict[str, str] = json.loads(line)
    return told


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_a_lab_takes_calls_and_leaves_nothing_behind(
    tmp_path: Path, customer: Customer
) -> None:
    async with started("lab", configuration(tmp_path, customer)) as lab:
        told = await ready_line(lab)
        assert told["event"] == "ready"
        assert told["ari"].startswith("http://127.0.0.1:")
        left = children(lab.pid)
        assert left
        assert (await Phone(told["sip"]).play("support", TRANSFER)).log == ""
        began = time.monotonic()
        lab.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(lab.wait(), 10) == 0
        assert time.monotonic() - began < 4
        assert not [pid for pid in left if alive(pid)]


async def test_a_killed_lab_takes_its_asterisk_with_it(tmp_path: Path, customer: Customer) -> None:
    async with started("lab", configuration(tmp_path, customer)) as lab:
        await ready_line(lab)
        left = children(lab.pid)
        assert left
        lab.kill()
        await lab.wait()
        await until(lambda: not [pid for pid in left if alive(pid)])


async def test_a_demo_told_to_stop_leaves_nothing_behind() -> None:
    async with started("demo") as demo:
        assert demo.stdout is not None
        async with asyncio.timeout(30):
            while b"REFER" not in await demo.stdout.readline():
                pass
        left = children(demo.pid)
        assert len(left) > 1  # Asterisk and the phones
        demo.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(demo.wait(), 10) == 1
        assert not [pid for pid in left if alive(pid)]


async def test_the_demo_shows_both_directions_and_ends_well() -> None:
    async with started("demo") as demo:
        shown, _ = await asyncio.wait_for(demo.communicate(), 60)
    text = shown.decode()
    assert demo.returncode == 0, text
    for line in ("twiml-answers    REFER →", "agent-held       A → REFER", "A ← NOTIFY 503"):
        assert line in text
    assert text.count("│ yes │") == len(SCENES) + len(AGENT_SCENES)


async def test_several_labs_run_side_by_side(tmp_path: Path, customer: Customer) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(configuration(tmp_path / name, customer))
    async with started("lab", files[0]) as one, started("lab", files[1]) as two:
        sips = [(await ready_line(lab))["sip"] for lab in (one, two)]
        assert len(set(sips)) == 2
        played = await asyncio.gather(*(Phone(sip).play("support", TRANSFER) for sip in sips))
        assert [each.log for each in played] == ["", ""]


@asynccontextmanager
async def asterisk(folder: Path) -> AsyncIterator[tuple[PrivateAsterisk, str]]:
    plan = AsteriskPlan(
        folder=folder / "asterisk",
        sip_port=free_udp_port(),
        http_port=free_port(),
        ari_user="ours",
        ari_password="hunter2-ari",
    )
    plan.folder.mkdir()
    async with PrivateAsterisk(plan) as running:
        url = f'url = "http://127.0.0.1:{plan.http_port}"'
        ari = f'{url}\nusername = "ours"\npassword = "hunter2-ari"'
        yield running, ari


def http_address(config: Path) -> str:
    return config.read_text().partition('listen = "')[2].partition('"')[0]


async def ready(config: Path, *, wanted: int = 200) -> dict[str, object]:
    address = http_address(config)
    async with harvest.client() as session:

        async def asked() -> bool:
            try:
                async with session.get(f"http://{address}/readyz") as response:
                    answer.update(await response.json())
                    return response.status == wanted
            except aiohttp.ClientError:
                return False

        answer: dict[str, object] = {}
        await until_true(asked)
        return answer


async def test_a_program_told_to_stop_lets_live_calls_finish(
    tmp_path: Path, customer: Customer
) -> None:
    customer.reply("/voice", '<Response><Say>One.</Say><Pause length="2"/></Response>')
    async with asterisk(tmp_path) as (pbx, ari):
        config = configuration(tmp_path, customer, ari=ari)
        async with started("run", config) as program:
            await ready(config)
            phone = Phone(f"127.0.0.1:{pbx.plan.sip_port}")
            playing = asyncio.create_task(phone.play("support", (call(), hear_bye())))
            await customer.received("/voice")
            program.send_signal(signal.SIGTERM)
            told = await ready(config, wanted=503)
            assert "draining" in str(told["reasons"])
            assert (await playing).log == ""
            assert await asyncio.wait_for(program.wait(), 10) == 0
    assert len(customer.requests) == 1


async def test_calls_that_do_not_finish_in_time_go_back_to_the_dialplan(
    tmp_path: Path, customer: Customer
) -> None:
    customer.reply("/voice", '<Response><Say>One.</Say><Pause length="60"/></Response>')
    async with asterisk(tmp_path) as (pbx, ari):
        config = configuration(tmp_path, customer, ari=ari, drain=0.5)
        async with started("run", config) as program:
            await ready(config)
            phone = Phone(f"127.0.0.1:{pbx.plan.sip_port}")
            # Behind Stasis() the shipped dialplan hangs up.
            playing = asyncio.create_task(phone.play("support", (call(), hear_bye())))
            await customer.received("/voice")
            await asyncio.sleep(0.3)
            program.send_signal(signal.SIGTERM)
            assert (await playing).log == ""
            assert await asyncio.wait_for(program.wait(), 10) == 0


async def test_a_second_signal_stops_at_once(tmp_path: Path, customer: Customer) -> None:
    customer.reply("/voice", '<Response><Say>One.</Say><Pause length="60"/></Response>')
    async with asterisk(tmp_path) as (pbx, ari):
        config = configuration(tmp_path, customer, ari=ari, drain=60)
        async with started("run", config) as program:
            await ready(config)
            phone = Phone(f"127.0.0.1:{pbx.plan.sip_port}")
            playing = asyncio.create_task(phone.play("support", (call(), pause(4), bye())))
            await customer.received("/voice")
            program.send_signal(signal.SIGTERM)
            await ready(config, wanted=503)
            began = time.monotonic()
            program.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(program.wait(), 10) == 0
            assert time.monotonic() - began < 3
            assert (await playing).log == ""


async def test_another_program_with_the_same_name_makes_this_one_stand_down(
    tmp_path: Path, customer: Customer
) -> None:
    async with asterisk(tmp_path) as (_, ari):
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        first, second = (configuration(folder, customer, ari=ari) for folder in folders)
        async with started("run", first):
            await ready(first)
            async with started("run", second):
                await ready(second)
                told = await ready(first, wanted=503)
                assert "took the application over" in str(told["reasons"])


async def until(condition: Callable[[], object], within: float = 10.0) -> None:
    async def holds() -> bool:
        return bool(condition())

    await until_true(holds, within)


async def until_true(condition: Callable[[], Awaitable[bool]], within: float = 15.0) -> None:
    deadline = time.monotonic() + within
    while not await condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.05)
