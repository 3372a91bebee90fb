"""The calls behind the dashboards: which are placed, and so what must be counted."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.lab.phone import bye, call, call_refused, hear_bye, hear_notify, pause
from tests.fakes.customer import Customer, Reply
from tests.scenarios.cast import ANSWERS, TALK, Cast, refers
from tests.scenarios.situations import SITUATIONS, Situation
from tests.scenarios.theatre import Theatre, application
from tests.scenarios.voices import BXML, JAMBONZ, RCML, TWIML, Voice

_BY_NAME = {each.name: each for each in SITUATIONS}
TRUNK_A, TRUNK_B = "127.0.0.3", "127.0.0.4"
ENDPOINTS = {TRUNK_A: "trunk-a", TRUNK_B: "trunk-b"}
"""Addresses of phones that are endpoints of their own to Asterisk."""

PJSIP = """
[system](+)
timer_t1 = 100
timer_b = 6400
""" + "".join(
    f"""
[{name}]
type = endpoint
context = stasis-refer
transport = loopback
disallow = all
allow = ulaw
direct_media = no

[{name}]
type = identify
endpoint = {name}
match = {address}
"""
    for address, name in ENDPOINTS.items()
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A situation, how often it is played to an application, from which address.

    ``told`` are the statuses that the phone's NOTIFYs tell.
    """

    application: str
    voice: Voice
    name: str
    times: int = 1
    host: str = "127.0.0.1"
    told: tuple[int, ...] = ()

    @property
    def situation(self) -> Situation:
        return _BY_NAME[self.name]

    @property
    def answered(self) -> int | None:
        """What the phone answers to the REFER, None where it does not."""
        code = self.situation.told[1]
        on_the_wire = self.situation.reason is not Reason.NO_RESPONSE and not self.situation.refused
        return int(code) if code and on_the_wire else None


BETWEEN = 0.3
"""Seconds between calls."""

ANSWERED, RINGING = (100, 180, 200), (100, 180)
SENT = (
    Placed("clinic", JAMBONZ, "refer-unanswered"),  # the first, as it takes longest
    Placed("support", TWIML, "target-answers", 5, TRUNK_A, ANSWERED),
    Placed("support", TWIML, "target-busy", 2, TRUNK_A, (*RINGING, 486)),
    Placed("support", TWIML, "hangs-up-while-it-rings", 1, TRUNK_A, RINGING),
    Placed("support", TWIML, "target-unavailable", 1, TRUNK_A, (*RINGING, 480)),
    Placed("sales", RCML, "target-answers", 4, TRUNK_A, ANSWERED),
    Placed("sales", RCML, "target-unavailable", 2, TRUNK_A, (*RINGING, 480)),
    Placed("sales", RCML, "target-declines", 1, TRUNK_A, (*RINGING, 603)),
    Placed("billing", BXML, "refer-not-allowed", 2, TRUNK_B),
    Placed("billing", BXML, "target-answers", 1, TRUNK_B, ANSWERED),
    Placed("billing", BXML, "phone-says-nothing", 1, TRUNK_B),
    Placed("clinic", JAMBONZ, "target-answers", 4, told=ANSWERED),
    Placed("clinic", JAMBONZ, "target-unknown", 1, told=(*RINGING, 404)),
    Placed("probed", TWIML, "blocked-by-policy", 3),
)
"""REFERs that we send: each outcome but ``error``, which a REFER that we receive has."""

RECEIVED = {"desk": Outcome.COMPLETED, "desk-broken": Outcome.ERROR}
"""REFERs that agents send us, one each, by application; both are TwiML's."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One transfer, by all that it is counted by."""

    application: str
    dialect: str
    direction: str
    outcome: str
    evidence: str
    reason: str
    endpoint: str

    @property
    def group(self) -> str:
        return "none" if self.outcome == Outcome.BLOCKED else "default"


def expected() -> Iterator[Counted]:
    """Yield every transfer that is placed."""
    for each in SENT:
        told = each.situation
        yield from [
            Counted(
                each.application,
                each.voice.dialect,
                "sent",
                told.outcome,
                told.evidence,
                told.reason,
                ENDPOINTS.get(each.host, "other"),
            )
        ] * each.times
    done = (Reason.BRIDGED, Evidence.SIP), (Reason.NO_DOCUMENT, Evidence.NONE)
    for (name, outcome), (reason, evidence) in zip(RECEIVED.items(), done, strict=True):
        yield Counted(name, "twiml", "received", outcome, evidence, reason, "other")


def by(*labels: str, **equal: str) -> Counter[tuple[str, ...]]:
    """Return how many transfers are expected, by some of their labels."""
    return Counter(
        tuple(getattr(each, label) for label in labels)
        for each in expected()
        if all(getattr(each, label) == value for label, value in equal.items())
    )


def answers() -> Counter[str]:
    """Return the statuses that phones answer to our REFERs."""
    return Counter(str(each.answered) for each in SENT for _ in range(each.times) if each.answered)


def told() -> Counter[str]:
    """Return the statuses that phones tell in NOTIFYs."""
    return Counter(str(code) for each in SENT for _ in range(each.times) for code in each.told)


def applications(customer: Customer) -> Sequence[dict[str, object]]:
    voices = {each.application: each.voice for each in SENT} | dict.fromkeys(RECEIVED, TWIML)
    return [application(customer, voice, name) for name, voice in voices.items()]


async def place(theatre: Theatre) -> None:
    """Place all calls, and wait until the last transfer has ended and its call is over."""
    for each in SENT:
        blocked = each.situation.refused
        document = each.voice.transfer(each.situation.target, "after")
        theatre.reply(each.application, "voice", document)
        after = each.voice.refuse if blocked else each.voice.nothing
        theatre.reply(each.application, "after", after)
        for path in ("status", "event"):
            theatre.reply(each.application, path, Reply(""))
    each_one = enumerate(each for each in SENT for _ in range(each.times))
    sent = (_call(theatre, each, number * BETWEEN) for number, each in each_one)
    logs = await asyncio.gather(*sent, _is_transferred(theatre), _is_not(theatre))
    assert not [log for log in logs if log]
    async with asyncio.timeout(10):
        while theatre.running.app.switchboard.channels:  # noqa: ASYNC110 - short
            await asyncio.sleep(0.05)


async def _call(theatre: Theatre, each: Placed, wait: float) -> str:
    """Let a phone call some seconds later; its log when something went wrong."""
    situation = each.situation
    steps = (call_refused(each.voice.refusal),) if situation.refused else situation.steps
    await asyncio.sleep(wait)
    return await theatre.phone(each.application, *steps, host=each.host)


async def _is_transferred(theatre: Theatre) -> None:
    cast = Cast(theatre, "desk")
    theatre.reply(cast.name, "voice", cast.dial("a", attributes='referUrl="where"'))
    theatre.reply(cast.name, "where", cast.dial("b"))
    theatre.reply(cast.name, "status", Reply(""))
    b = (*ANSWERS, pause(TALK), bye())
    await cast.play((call(), hear_bye()), a=(*refers(), hear_notify(200), hear_bye()), b=b)


async def _is_not(theatre: Theatre) -> None:
    cast = Cast(theatre, "desk-broken")
    theatre.reply(cast.name, "voice", cast.dial("a", attributes='referUrl="where"'))
    theatre.reply(cast.name, "where", Reply("out of order", status=500))
    theatre.reply(cast.name, "status", Reply(""))
    a = (*refers(), hear_notify(503), hear_bye())
    await cast.play((call(), hear_bye()), a=a)
