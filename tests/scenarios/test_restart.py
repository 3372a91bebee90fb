"""The program is killed in the middle of fifty calls, and started again: each goes on."""

import asyncio
import json
import sqlite3
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from stasis_refer.lab.asterisk import AsteriskPlan, PrivateAsterisk, free_port, free_udp_port
from stasis_refer.lab.phone import (
    Phone,
    Step,
    answer,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    hear_word,
    notify,
    pause,
    press,
    ring_in,
)
from stasis_refer.lab.sipp import Playing
from tests import harvest
from tests.fakes.customer import Customer, Received, Reply
from tests.scenarios.test_process import until_true

AWAY = 1.0
"""Seconds from the kill to the next start."""

SLOW = 4.0
"""Seconds of the webhook that is under way at the kill."""

SETTLED = 1.0
"""Seconds until each call is where it is to be."""

CALLS = 50

LONG = 90.0
"""Seconds that no phone's part takes, nor a start or the end of all calls."""

PASSWORD = "hunter2-asterisk"
REFER = '<Response><Refer action="after"><Sip>sip:alice@example.com</Sip></Refer></Response>'
DIAL = '<Response><Dial action="after"><Sip>sip:agent@127.0.0.1:{port}</Sip></Dial></Response>'
HANG_UP = "<Response><Hangup/></Response>"
TEXT = "This is said while nobody is there to hear whether it was said to its end. " * 2

TAKEN = (call(), expect_refer(), answer_refer(202))


def then(verb: str) -> str:
    return f"<Response>{verb}<Redirect>after</Redirect></Response>"


@dataclass(frozen=True)
class Role:
    """What some of the phones do, and what their application is told in the end.

    A phone may wait for words: ``dead`` says whether the first one is said while the program is
    not there. ``agent`` is what the phone does that a Dial calls. ``told`` are fields of the action
    request.
    """

    name: str
    count: int
    document: str
    steps: Sequence[Step]
    told: Mapping[str, str] = field(default_factory=dict)
    dead: bool = False
    slow: float = 0.0
    agent: Sequence[Step] = ()

    def hears(self, *, dead: bool) -> bool:
        """Whether a word is said to these phones while the program is gone, or is back."""
        return self.steps.count(WORD) > (0 if dead is self.dead else 1)

    @property
    def players(self) -> Sequence[str]:
        return [f"{self.name}-{number}" for number in range(self.count)]


WORD = hear_word()
ANSWERED = {"ReferCallStatus": "in-progress", "ReferSipResponseCode": "202"}
RUNG = (*TAKEN, notify(180), WORD)
ROLES = [
    Role("silent", 8, REFER, (*TAKEN, WORD, notify(200), hear_bye()), ANSWERED),
    Role("ringing", 8, REFER, (*RUNG, notify(200), hear_bye()), ANSWERED),
    Role("answered", 5, REFER, (*RUNG, notify(200), hear_bye()), ANSWERED, dead=True),
    Role(
        "busy",
        5,
        REFER,
        (*TAKEN, WORD, notify(486), hear_bye()),
        {"ReferCallStatus": "busy", "NotifySipResponseCode": "486"},
        dead=True,
    ),
    # Asterisk keeps the channel until the subscription ends.
    Role(
        "hanging-up",
        4,
        REFER,
        (*RUNG, bye(), WORD, notify(487)),
        {"ReferCallStatus": "failed"},
        dead=True,
    ),
    Role("say", 4, then(f"<Say>{TEXT}</Say>"), (call(), hear_bye())),
    Role("pause", 4, then('<Say>One.</Say><Pause length="6"/>'), (call(), hear_bye())),
    Role(
        "gather",
        4,
        '<Response><Gather action="after" numDigits="4" timeout="60"/></Response>',
        (call(), press("12"), WORD, press("34"), hear_bye()),
        {"Digits": "1234"},
    ),
    Role("webhook", 4, then("<Say>One.</Say>"), (call(), hear_bye()), slow=SLOW),
    Role(
        "dialing",
        2,
        DIAL,
        (call(), pause(9), bye()),
        {"DialCallStatus": "completed", "DialBridged": "true"},
        agent=(ring_in(), pause(6), answer(), hear_bye()),
    ),
    Role(
        "talking",
        2,
        DIAL,
        (call(), WORD, bye()),
        {"DialCallStatus": "completed", "DialBridged": "true"},
        agent=(ring_in(), answer(), hear_bye()),
    ),
]
EVERYBODY = [(role, name) for role in ROLES for name in role.players]
OUTCOMES = {"completed": 21, "busy": 5, "error": 4}


@dataclass(frozen=True)
class Player:
    """One phone, and the application that it calls."""

    role: Role
    name: str
    phone: Playing


@dataclass
class Stage:
    """An Asterisk that stays, a customer, and a program that is killed and started."""

    folder: Path
    asterisk: AsteriskPlan
    customer: Customer
    http_port: int = field(default_factory=free_port)

    def configure(self) -> None:
        plan, lines = self.asterisk, list[str]()
        for _, name in EVERYBODY:
            url = self.customer.url(f"/{name}")
            lines += [
                "[[applications]]",
                f'name = "{name}"',
                'dialect = "twiml"',
                f'url = "{url}/voice"',
                f'status_callback = "{url}/status"',
            ]
        tables = f"""
[ari]
url = "http://127.0.0.1:{plan.http_port}"
username = "{plan.ari_user}"
password = "{plan.ari_password}"
patience = 20

[capture]
listen = "127.0.0.1:{plan.hep_port}"
password = "{plan.hep_password}"

[http]
listen = "127.0.0.1:{self.http_port}"

[ledger]
url = "sqlite:///{self.folder / "ledger.db"}"

[targets]
allow = ["sip:*@example.com", "sip:*@127.0.0.1"]

[webhooks]
allow_networks = ["127.0.0.0/8"]
"""
        text = "\n".join((tables, *lines, ""))
        (self.folder / "stasis_refer.toml").write_text(text)

    @asynccontextmanager
    async def program(self) -> AsyncIterator[Process]:
        command = (sys.executable, "-m", "stasis_refer", "run")
        config = str(self.folder / "stasis_refer.toml")
        with (self.folder / "program.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command, "--config", config, stdout=log, stderr=log
            )
        try:
            await until_true(self._ready, LONG)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _ready(self) -> bool:
        try:
            await self._get(f"http://127.0.0.1:{self.http_port}/readyz")
        except aiohttp.ClientError:
            return False
        return True

    async def _get(self, url: str, **headers: str) -> str:
        session = harvest.client(raise_for_status=True, headers=headers)
        async with session, session.get(url) as response:
            return await response.text()

    async def is_empty(self) -> bool:
        """Tell whether no channel and no call are left, nor anything that is to be told."""
        plan = self.asterisk
        who = aiohttp.encode_basic_auth(plan.ari_user, plan.ari_password)
        url = f"http://127.0.0.1:{plan.http_port}/ari/channels"
        listed = json.loads(await self._get(url, Authorization=who))
        with sqlite3.connect(self.folder / "ledger.db") as opened:
            (calls,) = opened.execute("SELECT count(*) FROM call_log").fetchone()
            (parcels,) = opened.execute("SELECT count(*) FROM outbox").fetchone()
        return not listed and not calls and not parcels

    def kept(self) -> Counter[str | None]:
        """Transfers that the ledger has, by outcome; None is one that is under way."""
        with sqlite3.connect(self.folder / "ledger.db") as opened:
            return Counter(row[0] for row in opened.execute("SELECT outcome FROM transfers"))

    async def ended(self) -> Counter[str]:
        """Transfers that the program counted, by outcome."""
        text = await self._get(f"http://127.0.0.1:{self.http_port}/metrics")
        found = Counter[str]()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "stasis_refer_transfers_total" and sample.value:
                    found[sample.labels["outcome"]] += int(sample.value)
        return found

    def asked(self, name: str, what: str) -> list[Received]:
        return [each for each in self.customer.requests if each.path == f"/{name}/{what}"]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    plan = AsteriskPlan(
        folder=tmp_path / "asterisk",
        sip_port=free_udp_port(),
        http_port=free_port(),
        ari_user="ours",
        ari_password=PASSWORD,
        hep_port=free_udp_port(),
        hep_password=PASSWORD,
    )
    plan.folder.mkdir()
    async with PrivateAsterisk(plan), Customer() as customer:
        stage = Stage(tmp_path, plan, customer)
        stage.configure()
        yield stage


async def dial(stage: Stage, stack: AsyncExitStack) -> Sequence[Player]:
    """Let all phones call, and wait until their calls are answered."""
    asterisk, players = f"127.0.0.1:{stage.asterisk.sip_port}", list[Player]()
    for number, (role, name) in enumerate(EVERYBODY, 1):
        # SIPp finds ports for the media of so many only on addresses of their own.
        phone, agent = Phone(asterisk, f"127.0.2.{number}"), Phone(asterisk)
        port = free_udp_port()
        if role.agent:
            waiting = agent.wait(port, role.agent, within=LONG)
            players.append(Player(role, "", await stack.enter_async_context(waiting)))
        voice = Reply(role.document.replace("{port}", str(port)), delay=role.slow)
        stage.customer.reply(f"/{name}/voice", voice)
        stage.customer.reply(f"/{name}/after", HANG_UP)
        stage.customer.reply(f"/{name}/status", "")
        dialing = phone.dial(name, role.steps, within=LONG)
        players.append(Player(role, name, await stack.enter_async_context(dialing)))
    for player in players:
        if not player.role.slow:
            await player.phone.dialog() if player.name else None
    return players


async def say_words(players: Sequence[Player], *, dead: bool) -> None:
    waiting = [each for each in players if each.role.hears(dead=dead) and each.name]
    await asyncio.gather(*(each.phone.tell("go on") for each in waiting))


def keys(requests: Sequence[Received]) -> set[str]:
    return {each.headers["I-Twilio-Idempotency-Token"] for each in requests}


async def test_fifty_calls_go_on_when_the_program_was_killed(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        async with stage.program() as program:
            players = await dial(stage, stack)
            assert len({each.name for each in players if each.name}) == CALLS
            await asyncio.sleep(SETTLED)
            program.kill()
            await program.wait()
        await say_words(players, dead=True)
        await asyncio.sleep(AWAY)
        async with stage.program():
            await asyncio.sleep(SETTLED)
            await say_words(players, dead=False)
            played = await asyncio.gather(*(each.phone.played() for each in players))
            logs = [each.log for each in played if each.log]
            assert not logs, "\n".join(logs)
            await until_true(stage.is_empty, LONG)
            ended = await stage.ended()
    assert ended == OUTCOMES
    assert stage.kept() == OUTCOMES
    for role, name in EVERYBODY:
        told_well(stage, role, name)
    asked = sum(len(stage.asked(name, "after")) for _, name in EVERYBODY)
    assert asked == CALLS  # none was asked for twice, not even under the same key


def told_well(stage: Stage, role: Role, name: str) -> None:
    after = stage.asked(name, "after")
    assert len(keys(after)) == 1, name
    fields = {field: after[0].form.get(field) for field in role.told}
    assert fields == role.told, name
    assert len(keys(stage.asked(name, "status"))) == 1, name
    voice = stage.asked(name, "voice")
    # What was under way at the kill is asked for again, under the same key.
    assert (len(voice), len(keys(voice))) == (2 if role.slow else 1, 1), name
