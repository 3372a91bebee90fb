"""One lab for all scenarios: every situation is an application of its own, all play at once."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

import pytest

from stasis_refer.core.events import Event
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Intent, LateSuccess, TransferEnded
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import Phone, Step
from stasis_refer.runtime.journal import Entry
from stasis_refer.settings import Settings
from tests.fakes.customer import Customer, Received
from tests.scenarios.situations import (
    NO_NOTIFY,
    RING,
    SITUATIONS,
    WITHOUT_CAPTURE,
    Situation,
)

AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT_SID = "AC" + "1" * 32

PHONES_AT_ONCE = 8

FREE_APPLICATIONS = tuple(f"free{number}" for number in range(32))
"""Applications for tests that tell a story of their own, one each."""

PJSIP_EXTRA = """
[system](+)
timer_t1 = 100
timer_b = 6400

[challenged]
type = endpoint
context = stasis-refer
transport = loopback
disallow = all
allow = ulaw
direct_media = no
outbound_auth = challenged

[challenged]
type = auth
auth_type = userpass
username = transferor
password = secret

[challenged]
type = identify
endpoint = challenged
match = 127.0.0.2
"""


@dataclass
class Heard:
    """What the journal says of one application's calls."""

    info: CallInfo | None = None
    events: list[Event] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)

    @property
    def ended(self) -> list[TransferEnded]:
        return [intent for intent in self.intents if isinstance(intent, TransferEnded)]

    @property
    def late(self) -> list[LateSuccess]:
        return [intent for intent in self.intents if isinstance(intent, LateSuccess)]


@dataclass
class Story:
    """What came of a situation: the phone's log, the action requests, the journal."""

    phone_log: str
    told: list[Received]
    heard: Heard


class Theatre:
    """A lab, its customer and the journal, for whoever plays in it."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.journal: defaultdict[str, Heard] = defaultdict(Heard)
        self.lab: Lab | None = None
        self._phones = asyncio.Semaphore(PHONES_AT_ONCE)
        self._free = list(FREE_APPLICATIONS)

    @property
    def running(self) -> Lab:
        assert self.lab is not None
        return self.lab

    def tap(self, entry: Entry) -> None:
        heard = self.journal[entry.call.application.name]
        heard.info = entry.call.info
        if entry.event is not None:
            heard.events.append(entry.event)
        heard.intents.extend(entry.intents)

    def free_application(self) -> str:
        """Return an application that no other test uses."""
        return self._free.pop()

    def reply(self, name: str, path: str, document: str) -> None:
        """Set what the customer says at a path of an application."""
        self.customer.reply(f"/{name}/{path}", document)

    async def phone(self, name: str, *steps: Step, host: str = "127.0.0.1") -> str:
        """Let a phone call an application; its log when something went wrong."""
        async with self._phones:
            played = await Phone(self.running.sip, host).play(name, steps, within=30)
        return played.log

    def told(self, name: str, path: str = "after") -> list[Received]:
        """Return the requests to a path of an application."""
        return [each for each in self.customer.requests if each.path == f"/{name}/{path}"]

    async def play(self, situation: Situation) -> Story:
        """Play a situation, wait until all is told."""
        name = situation.name
        self.reply(name, "voice", situation.document)
        self.reply(name, "after", situation.after)
        log = await self.phone(name, *situation.steps, host=situation.host)
        for _ in range(100):
            if self.told(name):
                break
            await asyncio.sleep(0.05)
        return Story(log, self.told(name), self.journal[name])


def settings(customer: Customer, names: Iterable[str], **more: object) -> Settings:
    applications = [
        {
            "name": name,
            "dialect": "twiml",
            "url": customer.url(f"/{name}/voice"),
            "fallback_url": customer.url(f"/{name}/fallback"),
            "account_sid": ACCOUNT_SID,
            "auth_token": AUTH_TOKEN,
            "no_notify_timeout": NO_NOTIFY,
            "ring_timeout": RING,
        }
        for name in names
    ]
    return Settings.model_validate(
        {
            "applications": applications,
            "targets": {"allow": ["sip:*@example.com", "sip:example.com", "tel:+49*"]},
            "webhooks": {"allow_networks": ["127.0.0.0/8"]},
            **more,
        }
    )


@pytest.fixture(scope="session")
async def theatre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    extra = tmp_path_factory.mktemp("pjsip") / "extra.conf"
    extra.write_text(PJSIP_EXTRA)
    names = (*(each.name for each in SITUATIONS), *FREE_APPLICATIONS)
    async with Customer() as customer:
        theatre = Theatre(customer)
        configured = settings(customer, names, lab={"pjsip_extra": extra})
        async with Lab(configured, (theatre.tap,)) as lab:
            theatre.lab = lab
            yield theatre


@pytest.fixture(scope="session")
async def deaf_theatre() -> AsyncIterator[Theatre]:
    """A lab that captures nothing."""
    names = [each.name for each in WITHOUT_CAPTURE]
    async with Customer() as customer:
        theatre = Theatre(customer)
        configured = settings(customer, names, capture={"enabled": False})
        async with Lab(configured, (theatre.tap,)) as lab:
            theatre.lab = lab
            yield theatre


@pytest.fixture(scope="session")
async def stories(theatre: Theatre) -> dict[str, Story]:
    told = await asyncio.gather(*(theatre.play(each) for each in SITUATIONS))
    return {each.name: story for each, story in zip(SITUATIONS, told, strict=True)}


@pytest.fixture(scope="session")
async def deaf_stories(deaf_theatre: Theatre) -> dict[str, Story]:
    told = await asyncio.gather(*(deaf_theatre.play(each) for each in WITHOUT_CAPTURE))
    return {each.name: story for each, story in zip(WITHOUT_CAPTURE, told, strict=True)}
