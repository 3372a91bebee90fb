"""A customer's web server that fails, in each way and each dialect: the call goes on in time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pytest

from stasis_refer.core.events import FetchFailed
from stasis_refer.core.intents import Fetch, FetchKind
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import answer_refer, call_refused, hear_bye
from stasis_refer.runtime.journal import Entry
from tests.fakes.customer import Customer, Fault
from tests.scenarios.situations import BEGIN
from tests.scenarios.theatre import Theatre, application, settings
from tests.scenarios.voices import VOICES, Voice

FAULTS = (
    Fault.REFUSED,
    Fault.BLACK_HOLE,
    Fault.RESET,
    Fault.DRIP,
    Fault.LATE,
    Fault.SERVER_ERROR,
    Fault.NOT_FOUND,
    Fault.REDIRECT_LOOP,
    Fault.BAD_TLS,
    Fault.BOMB,
    Fault.TOO_LARGE,
    Fault.WRONG_TYPE,
    Fault.UNPARSABLE,
)
TOTAL = 1.0
"""Seconds a webhook may take here; ``Fault.LATE`` meets the dialects' own limits."""

LIMITS = "#ct=300&rt=900&tt=1000"
OWN_TOTAL = {"twiml": 15.0, "rcml": 15.0, "bxml": 15.0, "jambonz": 10.0}
TOLERANCE = 1.0  # seconds


@dataclass
class Ordeal:
    """What came of one fault: the phone's log, and how long the webhook held up the call."""

    phone_log: str
    took: float
    failure: FetchFailed | None


Key: TypeAlias = tuple[str, Fault, bool]
Ordeals: TypeAlias = Mapping[Key, Ordeal]


class Watch:
    """Times the requests that fail, by application."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}
        self.failed: dict[str, tuple[float, FetchFailed]] = {}

    def tap(self, entry: Entry) -> None:
        name = entry.call.application.name
        if isinstance(entry.event, FetchFailed) and name not in self.failed:
            self.failed[name] = (entry.at, entry.event)
        for intent in entry.intents:
            if isinstance(intent, Fetch) and intent.kind is not FetchKind.FALLBACK:
                self.began[name] = entry.at

    def ordeal(self, name: str, log: str) -> Ordeal:
        at, failed = self.failed.get(name, (float("inf"), None))
        return Ordeal(log, at - self.began[name], failed)


def name_of(voice: Voice, fault: Fault, *, on_action: bool) -> str:
    return f"{voice.dialect}-{fault.value}-{'action' if on_action else 'document'}"


async def url_of(customer: Customer, voice: Voice, fault: Fault) -> str:
    if fault is Fault.UNPARSABLE and voice.dialect == "jambonz":
        fault = Fault.UNPARSABLE_JSON
    url = await customer.fault(fault)
    return url if fault is Fault.LATE else url + LIMITS


@pytest.fixture(scope="session")
async def ordeals() -> AsyncIterator[Ordeals]:
    async with Customer() as customer:
        theatre, watch = Theatre(customer), Watch()
        applications = []
        for voice in VOICES:
            for fault in FAULTS:
                url = await url_of(customer, voice, fault)
                name = name_of(voice, fault, on_action=False)
                applications.append(
                    application(customer, voice, name) | {"url": url, "status_callback": ""}
                )
                name = name_of(voice, fault, on_action=True)
                fallback = {"fallback_url": customer.url(f"/{name}/fallback")}
                applications.append(
                    application(customer, voice, name) | fallback | {"status_callback": ""}
                )
                theatre.reply(name, "voice", voice.transfer("sip:alice@example.com", url))
                theatre.reply(name, "fallback", voice.hang_up)
        async with Lab(settings(applications), (watch.tap,)) as lab:
            theatre.lab = lab
            played = [
                (voice, fault, on_action)
                for fault in FAULTS
                for voice in VOICES
                for on_action in (False, True)
            ]
            told = await asyncio.gather(*(_meet(theatre, watch, *each) for each in played))
            keys = [(voice.dialect, fault, on_action) for voice, fault, on_action in played]
            yield dict(zip(keys, told, strict=True))


async def _meet(
    theatre: Theatre,
    watch: Watch,
    voice: Voice,
    fault: Fault,
    on_action: bool,  # noqa: FBT001 - one of two places
) -> Ordeal:
    name = name_of(voice, fault, on_action=on_action)
    refuse_transfer = (*BEGIN, answer_refer(405), hear_bye())
    steps = refuse_transfer if on_action else (call_refused(500),)
    log = await theatre.phone(name, *steps)
    if on_action and log == "":
        await theatre.customer.received(f"/{name}/fallback")
    return watch.ordeal(name, log)


by_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.value)
by_dialect = pytest.mark.parametrize("voice", VOICES, ids=lambda each: each.dialect)


@by_dialect
@by_fault
@pytest.mark.parametrize("on_action", [False, True], ids=["first document", "action"])
def test_the_call_goes_on_as_its_dialect_says_and_in_time(
    voice: Voice, fault: Fault, ordeals: Ordeals, *, on_action: bool
) -> None:
    """Without a fallback URL the call is refused with 500, with one its document runs."""
    ordeal = ordeals[voice.dialect, fault, on_action]
    assert ordeal.phone_log == ""
    assert ordeal.failure is not None
    total = OWN_TOTAL[voice.dialect] if fault is Fault.LATE else TOTAL
    assert ordeal.took < total + TOLERANCE
