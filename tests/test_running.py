"""The program as systemd runs it: a process that tells its manager how it does."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from stasis_refer.lab.asterisk import free_port
from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer
from tests.fakes.manager import Manager, manager

CONFIGURATION = """
drain_timeout = 5

[ari]
url = "{asterisk.url}"
password = "{asterisk.password}"

[http]
listen = "127.0.0.1:{port}"

[webhooks]
allow_networks = ["127.0.0.0/8"]

[[applications]]
name = "support"
dialect = "twiml"
url = "{url}"
"""


@asynccontextmanager
async def service(
    folder: Path, asterisk: Asterisk, url: str
) -> AsyncIterator[tuple[Process, Manager]]:
    file = folder / "stasis_refer.toml"
    file.write_text(CONFIGURATION.format(asterisk=asterisk, port=free_port(), url=url))
    with manager(str(folder / "notify")) as told:
        environment = {"NOTIFY_SOCKET": told.address, "WATCHDOG_USEC": "200000"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stasis_refer", "run", "--config", str(file)),
            env={**os.environ, **environment},
        )
        try:
            yield process, told
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def test_a_service_is_ready_when_calls_can_be_taken_and_not_before(
    tmp_path: Path, asterisk: Asterisk, customer: Customer
) -> None:
    await asterisk.crash()
    async with service(tmp_path, asterisk, customer.url("/voice")) as (process, told):
        await told.hears("STATUS=ari: not connected to Asterisk")
        await told.hears("WATCHDOG=1")
        assert "READY=1" not in told.told
        await asterisk.start()
        await told.hears("READY=1")
        asterisk.call("support")
        await customer.received("/voice")
        process.terminate()
        await told.hears("STOPPING=1")
        await told.hears("STATUS=draining")
        told.told.clear()
        await told.hears("WATCHDOG=1")  # a call is live: the manager must not kill us
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_process_that_hangs_gives_no_sign_of_life(
    tmp_path: Path, asterisk: Asterisk, customer: Customer
) -> None:
    async with service(tmp_path, asterisk, customer.url("/voice")) as (process, told):
        await told.hears("READY=1")
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.1)
        signs = told.signs()
        await asyncio.sleep(0.5)
        assert told.signs() == signs
        process.send_signal(signal.SIGCONT)
