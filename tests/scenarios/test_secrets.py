"""A program that has every kind of secret, and fails in many ways: it writes none of them."""

import asyncio
import base64
import os
import sys
from asyncio.subprocess import STDOUT, Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from stasis_refer.lab.asterisk import AsteriskPlan, PrivateAsterisk, free_port, free_udp_port
from stasis_refer.lab.phone import (
    Phone,
    Step,
    answer_refer,
    call,
    call_refused,
    expect_refer,
    hear_bye,
    notify,
)
from tests import harvest
from tests.fakes.customer import Customer, Fault, Reply
from tests.harvest import MARKER
from tests.scenarios.test_process import until, until_true

ARI, HEP, TOKEN = f"{MARKER}-ari", f"{MARKER}-hep", f"{MARKER}-operator"
TWIML, RCML, BXML = f"{MARKER}-twiml", f"{MARKER}-rcml", f"{MARKER}-bxml"
IN_URL, JAMBONZ, WRONG = f"{MARKER}-in-url", f"{MARKER}-jambonz", f"{MARKER}-wrong"
ACCOUNT = "AC" + "1" * 32

AS_SENT = [
    base64.b64encode(f"{user}:{password}".encode())[:-4].decode()
    for user, password in (
        ("ours", ARI),
        ("ours", WRONG),
        (ACCOUNT, TWIML),
        (ACCOUNT, WRONG),
        ("band", BXML),
        ("url", IN_URL),
    )
]
"""What Authorization has of them."""

CONFIGURATION = """
drain_timeout = 0.5

[ari]
url = "http://127.0.0.1:{plan.http_port}"
username = "ours"
password_file = "{folder}/ari"

[capture]
listen = "127.0.0.1:{plan.hep_port}"

[http]
listen = "127.0.0.1:{port}"

[ledger]
url = "sqlite:///{folder}/ledger.db"

[log]
level = "debug"
mask = false

[targets]
allow = ["sip:*@example.com"]

[webhooks]
allow_networks = ["127.0.0.0/8"]
"""

APPLICATION = """
[[applications]]
name = "{name}"
dialect = "{name}"
url = "{url}"
status_callback = "{status}"
"""

MORE = {
    "twiml": f'account_sid = "{ACCOUNT}"\nauth_token = "{TWIML}"\n',
    "rcml": f'account_sid = "{ACCOUNT}"\n',
    "bxml": 'username = "band"\npassword_file = "{folder}/bxml"\n',
    "jambonz": "",
}
REFER = "<Response><Refer><Sip>sip:alice@example.com</Sip></Refer></Response>"
TRANSFER = (call(), expect_refer(), answer_refer(202), notify(200), hear_bye())


@dataclass
class World:
    """A real Asterisk, a customer who fails, and the program that has secrets of both."""

    folder: Path
    plan: AsteriskPlan
    customer: Customer
    port: int = field(default_factory=free_port)

    @property
    def config(self) -> Path:
        return self.folder / "stasis_refer.toml"

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "CAPTURE__PASSWORD": HEP,
            "HTTP__OPERATOR_TOKEN_FILE": f"{self.folder}/operator",
            "APPLICATIONS__RCML__AUTH_TOKEN": RCML,
            "APPLICATIONS__JAMBONZ__WEBHOOK_SECRET": JAMBONZ,
        }
        return {**os.environ, **{f"STASIS_REFER_{name}": each for name, each in ours.items()}}

    async def configure(self) -> None:
        gone = await self.customer.fault(Fault.REFUSED)
        urls = {name: self.customer.url(f"/{name}") for name in MORE}
        urls["bxml"] = gone.replace("://", f"://url:{IN_URL}@")
        lines = [CONFIGURATION.format(folder=self.folder, plan=self.plan, port=self.port)]
        for name, url in urls.items():
            lines.append(APPLICATION.format(name=name, url=url, status=f"{gone}/{name}"))
            lines.append(MORE[name].replace("{folder}", str(self.folder)))
        self.config.write_text("".join(lines))
        for name, secret in (("ari", ARI), ("operator", TOKEN), ("bxml", BXML)):
            (self.folder / name).write_text(secret)
        self.customer.reply("/twiml", REFER)
        self.customer.reply("/rcml", Reply("no", status=401))
        self.customer.reply("/jambonz", Fault.UNPARSABLE_JSON)

    @asynccontextmanager
    async def command(self, *words: str) -> AsyncIterator[Process]:
        """Run the program; what it writes is in a log of the folder."""
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "stasis_refer", *words, "--config", str(self.config)),
                stdout=log,
                stderr=STDOUT,
                env=self.environment,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 15)

    def log(self, command: str = "run") -> str:
        return (self.folder / f"{command}.log").read_text()

    async def ask(self, path: str, method: str = "GET", **more: object) -> int:
        """Ask the program something; the answer is searched as the tests' other output is."""
        async with (
            harvest.client(f"http://127.0.0.1:{self.port}") as session,
            session.request(method, path, allow_redirects=False, **more) as answer,  # type: ignore[arg-type]
        ):
            self.answers.append(str(answer.headers).encode() + await answer.read())
            return answer.status

    async def answers_with(self, status: int, path: str = "/readyz") -> None:
        async def asked() -> bool:
            with suppress(aiohttp.ClientError):
                return await self.ask(path) == status
            return False

        await until_true(asked, 20)

    async def shout(self, request: bytes) -> None:
        """Send what is no HTTP, with a secret in it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        self.answers.append(await asyncio.wait_for(reader.read(), 10))
        writer.close()

    answers: list[bytes] = field(default_factory=list)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    plan = AsteriskPlan(
        folder=tmp_path / "asterisk",
        sip_port=free_udp_port(),
        http_port=free_port(),
        ari_user="ours",
        ari_password=ARI,
        hep_port=free_udp_port(),
        hep_password=HEP,
    )
    plan.folder.mkdir()
    async with Customer() as customer, PrivateAsterisk(plan):
        world = World(tmp_path, plan, customer)
        await world.configure()
        yield world


def descendants(pid: int) -> Iterator[int]:
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, tasks.read_text().split()):
                yield child
                yield from descendants(child)


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


@pytest.fixture
async def command_lines() -> AsyncIterator[set[bytes]]:
    """The command lines of all that a test starts: the program, Asterisk, phones, voices."""
    seen: set[bytes] = set()

    async def look() -> None:
        while True:
            seen.update(map(command_line, descendants(os.getpid())))
            await asyncio.sleep(0.005)

    task = asyncio.create_task(look())
    yield seen
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def leaks(written: bytes) -> list[str]:
    """Return the secrets in what was written, plain or as they are sent."""
    return [each for each in (MARKER, *AS_SENT) if each.encode() in written]


async def fail_as_a_client(world: World) -> None:
    """Ask with good and bad credentials for what is there and what is not."""
    bearers = [{"Authorization": f"Bearer {each}"} for each in (TOKEN, WRONG)]
    vendors = [aiohttp.encode_basic_auth(ACCOUNT, each) for each in (TWIML, WRONG)]
    for headers in ({}, *bearers, *({"Authorization": each} for each in vendors)):
        for path in ("/v1/calls", "/v1/transfers", "/v1/nothing", "/openapi.json", "/metrics", "/"):
            await world.ask(path, headers=headers)
        await world.ask(f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json", headers=headers)
        await world.ask("/v1/calls", "DELETE", headers=headers)
    for token in (WRONG, TOKEN):
        await world.ask("/login", "POST", data={"token": token})
    await world.ask(f"/?token={TOKEN[len(MARKER) :]}")
    await world.shout(f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nno\r\n\r\n".encode())


async def place(world: World, name: str, steps: Sequence[Step]) -> None:
    phone = Phone(f"127.0.0.1:{world.plan.sip_port}")
    assert (await phone.play(name, steps)).log == ""


async def test_nothing_that_is_written_has_a_secret(
    world: World, command_lines: set[bytes]
) -> None:
    (world.folder / "ari").write_text(WRONG)
    async with world.command("run"):
        await world.answers_with(503)
        await until(lambda: "ARI refuses our name and password" in world.log())
        await fail_as_a_client(world)
    (world.folder / "ari").write_text(ARI)
    async with world.command("run"):
        await world.answers_with(200)
        await place(world, "twiml", TRANSFER)
        for name in ("rcml", "bxml", "jambonz"):
            await place(world, name, (call_refused(500),))
        await until(lambda: world.log().count("parcel not delivered yet") >= 4)
        await fail_as_a_client(world)
        ledger = b"".join(each.read_bytes() for each in world.folder.glob("ledger.db*"))
        # A bug, as it were: the ledger's file is no ledger any more.
        (world.folder / "ledger.db").write_bytes(b"no ledger" * 1000)
        await place(world, "twiml", TRANSFER)
        await fail_as_a_client(world)
    for words in (("check",), ("doctor",), ("transfers", "list"), ("outbox", "list")):
        async with world.command(*words) as process:
            await process.wait()
    assert b"alice" in ledger
    assert world.log().count("document cannot be had or run") == 3
    written = {
        "log": world.log().encode(),
        "commands": "".join(map(world.log, ("check", "doctor", "transfers", "outbox"))).encode(),
        "answers": b"".join(world.answers),
        "ledger": ledger,
        "command lines": b"\n".join(command_lines),
    }
    assert {where: found for where, what in written.items() if (found := leaks(what))} == {}
    for started in (b"asterisk", b"sipp", b"stasis_refer\0run"):
        assert any(started in each for each in command_lines), started
