"""One lab for all scenarios, its customer and the journal: every situation is an application."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from stasis_refer.core.events import Event
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Intent, LateSuccess, TransferEnded
from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import Phone, Step, call_refused
from stasis_refer.runtime.journal import Entry
from stasis_refer.settings import Settings
from tests.fakes.customer import Customer, Fault, Received, Reply
from tests.scenarios.situations import (
    NO_NOTIFY,
    RING,
    Situation,
)
from tests.scenarios.voices import ACCOUNT_SID, AUTH_TOKEN, Voice

PHONES_AT_ONCE = 8
OPERATOR_TOKEN = "operator-hunter2"
ENDPOINTS = ("anonymous", "stasis_refer")
"""Of the private Asterisk: whoever calls comes in by the first, and is called by the other."""

IMPATIENT = "impatient"
"""The free applications, in TwiML, whose time limits are to be seen."""

PATIENT = {"no_notify_timeout": 15, "ring_timeout": 16}
"""Time limits of the other free ones: no machine is so slow that it meets them."""

FREE_APPLICATIONS = {"twiml": 240, "rcml": 18, "bxml": 30, "jambonz": 36, IMPATIENT: 10}
"""How many applications there are for tests that tell a story of their own, one each."""

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
password = hunter2-transferor

[challenged]
type = identify
endpoint = challenged
match = 127.0.0.2

[member]
type = endpoint
context = stasis-refer
transport = loopback
aors = member
disallow = all
allow = ulaw
direct_media = no

[member]
type = aor
contact = sip:member@127.0.0.1:@MEMBER@

[trunk]
type = endpoint
context = stasis-refer
transport = loopback
aors = trunk
disallow = all
allow = ulaw
direct_media = no

[trunk]
type = aor
contact = sip:127.0.0.1:@TRUNK@

[alice]
type = endpoint
context = stasis-refer
transport = loopback
aors = alice
disallow = all
allow = ulaw
direct_media = no
outbound_auth = challenged
from_domain = phones.example.com

[alice]
type = aor
contact = sip:alice@127.0.0.1:@ALICE@

[stubborn]
type = endpoint
context = stasis-refer
transport = loopback
disallow = all
allow = ulaw
direct_media = no
allow_transfer = no
"""


QUEUES_EXTRA = """
[nobody-there]
joinempty = no

[patient]
joinempty = yes

[served]
joinempty = yes
retry = 1
member = PJSIP/member
"""


@dataclass
class Heard:
    """What the journal says of one application's calls."""

    info: CallInfo | None = None
    steps: list[Entry] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        return [step.event for step in self.steps if step.event is not None]

    @property
    def intents(self) -> list[Intent]:
        return [intent for step in self.steps for intent in step.intents]

    @property
    def ended(self) -> list[TransferEnded]:
        return [intent for intent in self.intents if isinstance(intent, TransferEnded)]

    @property
    def late(self) -> list[LateSuccess]:
        return [intent for intent in self.intents if isinstance(intent, LateSuccess)]


@dataclass
class Story:
    """What came of a situation: the phone's log, the requests, the journal."""

    phone_log: str
    told: list[Received]
    events: list[Received]
    heard: Heard


class Theatre:
    """A lab, its customer and the journal, for whoever plays in it."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.trunk, self.alice = free_udp_port(), free_udp_port()
        self.journal: defaultdict[str, Heard] = defaultdict(Heard)
        self.lab: Lab | None = None
        self._phones = asyncio.Semaphore(PHONES_AT_ONCE)
        self._free = {kind: list(free_applications(kind)) for kind in FREE_APPLICATIONS}

    @property
    def running(self) -> Lab:
        assert self.lab is not None
        return self.lab

    def tap(self, entry: Entry) -> None:
        heard = self.journal[entry.call.application.name]
        heard.info = entry.call.info
        heard.steps.append(entry)

    def free_application(self, kind: str = "twiml") -> str:
        """Return an application of a dialect, or an impatient one, that no other test uses."""
        return self._free[kind].pop()

    def reply(self, name: str, path: str, *documents: str | Reply | Fault) -> None:
        """Set what the customer says at a path of an application."""
        self.customer.reply(f"/{name}/{path}", *documents)

    def reply_url(self, name: str, path: str, *documents: str | Reply | Fault) -> str:
        """Set what the customer says at a path of an application; where that is."""
        return self.customer.reply(f"/{name}/{path}", *documents)

    async def phone(self, name: str, *steps: Step, host: str = "127.0.0.1") -> str:
        """Let a phone call an application; its log when something went wrong."""
        async with self._phones:
            played = await Phone(self.running.sip, host).play(name, steps, within=30)
        return played.log

    def told(self, name: str, path: str = "after") -> list[Received]:
        """Return the requests to a path of an application."""
        return [each for each in self.customer.requests if each.path == f"/{name}/{path}"]

    async def the_one(self, name: str, path: str = "after") -> Received:
        """Return the only request to a path of an application, once it is there."""
        for _ in range(250):
            if self.told(name, path):
                break
            await asyncio.sleep(0.02)
        (request,) = self.told(name, path)
        return request

    async def play(self, voice: Voice, situation: Situation) -> Story:
        """Play a situation, wait until all is told."""
        name = application_of(voice, situation)
        self.reply(name, "voice", voice.transfer(situation.target, "after"))
        self.reply(name, "after", _reply(voice, situation))
        for path in ("status", "event"):
            self.reply(name, path, Reply(""))
        steps = (call_refused(voice.refusal),) if situation.refused else situation.steps
        log = await self.phone(name, *steps, host=situation.host)
        # The last thing an application is told.
        await self.customer.received(f"/{name}/status", within=10)
        return Story(log, self.told(name), self.told(name, "event"), self.journal[name])


def _reply(voice: Voice, situation: Situation) -> Reply:
    if situation.refused:
        return voice.refuse
    # A hang-up of ours would cross the phone's own, which follows a success by itself.
    if situation.outcome is Outcome.COMPLETED:
        return voice.nothing
    return voice.wait if situation.phone_hangs_up else voice.hang_up


def application_of(voice: Voice, situation: Situation) -> str:
    """Return the application that plays a situation in a dialect."""
    return f"{voice.dialect}-{situation.name}"


def free_applications(kind: str) -> Iterable[str]:
    return (f"free-{kind}-{number}" for number in range(FREE_APPLICATIONS[kind]))


def application(customer: Customer, voice: Voice, name: str) -> dict[str, object]:
    """Return the configuration of an application in a dialect."""
    return {
        "name": name,
        "dialect": voice.dialect,
        "url": customer.url(f"/{name}/voice"),
        "status_callback": customer.url(f"/{name}/status"),
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "no_notify_timeout": NO_NOTIFY,
        "ring_timeout": RING,
        **voice.more,
    }


def settings(applications: Iterable[Mapping[str, object]], **more: object) -> Settings:
    return Settings.model_validate(
        {
            "applications": list(applications),
            # An Asterisk that other work keeps from its own is not taken for a silent one.
            "ari": {"patience": 20},
            "targets": {
                "allow": ["sip:*@example.com", "sip:example.com", "tel:+49*", "sip:*@127.0.0.1"]
            },
            "webhooks": {"allow_networks": ["127.0.0.0/8"]},
            "metrics": {"endpoints": ENDPOINTS},
            **more,
        }
    )


Stories: TypeAlias = Mapping[tuple[str, str], Story]
"""What came of each situation, by dialect and name."""
