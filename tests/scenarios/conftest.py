"""One lab for all scenarios: every situation is an application of its own, all play at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.lab import Lab
from tests.fakes.customer import Customer
from tests.scenarios.cast import Cast, listed, nothing_left
from tests.scenarios.member import Member
from tests.scenarios.situations import SITUATIONS, WITHOUT_CAPTURE, Situation
from tests.scenarios.theatre import (
    IMPATIENT,
    OPERATOR_TOKEN,
    PATIENT,
    PJSIP_EXTRA,
    QUEUES_EXTRA,
    Stories,
    Theatre,
    application,
    application_of,
    free_applications,
    settings,
)
from tests.scenarios.voices import JAMBONZ, TWIML, VOICES, Voice

TASKS_KEPT = 3
"""Of a connection to a customer's server that may be used again, and the like."""


def _free(customer: Customer) -> Iterator[dict[str, object]]:
    """The applications for tests that tell a story of their own."""
    kinds = [(voice.dialect, voice, PATIENT) for voice in VOICES]
    for kind, voice, limits in (*kinds, (IMPATIENT, TWIML, {})):
        for name in free_applications(kind):
            yield application(customer, voice, name) | {
                "fallback_url": customer.url(f"/{name}/fallback"),
                "status_callback": "",
                "trunk": "trunk",
                "endpoints": ["ali*", "stubborn"],
                **limits,
            }


@pytest.fixture(scope="session")
async def theatre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    extra = tmp_path_factory.mktemp("pjsip") / "extra.conf"
    member = free_udp_port()
    queues = tmp_path_factory.mktemp("queues") / "extra.conf"
    queues.write_text(QUEUES_EXTRA)
    async with Customer() as customer, Member(member):
        theatre = Theatre(customer)
        ports = {"MEMBER": member, "TRUNK": theatre.trunk, "ALICE": theatre.alice}
        text = PJSIP_EXTRA
        for word, port in ports.items():
            text = text.replace(f"@{word}@", str(port))
        extra.write_text(text)
        playing = (
            application(customer, voice, application_of(voice, each))
            for voice in VOICES
            for each in SITUATIONS
        )
        free = _free(customer)
        lab = {"pjsip_extra": extra, "queues_extra": queues}
        http = {"operator_token": OPERATOR_TOKEN}
        configured = settings((*playing, *free), lab=lab, http=http)
        async with Lab(configured, (theatre.tap,)) as running:
            theatre.lab = running
            yield theatre


@pytest.fixture(scope="session")
async def deaf_theatre() -> AsyncIterator[Theatre]:
    """A lab that captures nothing."""
    async with Customer() as customer:
        theatre = Theatre(customer)
        playing = [
            application(customer, TWIML, application_of(TWIML, each)) for each in WITHOUT_CAPTURE
        ]
        number = application(customer, JAMBONZ, "deaf-jambonz") | {"status_callback": ""}
        dialing = application(customer, TWIML, "deaf-twiml") | {"status_callback": ""}
        configured = settings((*playing, number, dialing), capture={"enabled": False})
        async with Lab(configured, (theatre.tap,)) as lab:
            theatre.lab = lab
            yield theatre


async def _all(
    theatre: Theatre, voices: Sequence[Voice], situations: Sequence[Situation]
) -> Stories:
    played = [(voice, each) for voice in voices for each in situations]
    told = await asyncio.gather(*(theatre.play(voice, each) for voice, each in played))
    names = [(voice.dialect, each.name) for voice, each in played]
    return dict(zip(names, told, strict=True))


@pytest.fixture(scope="session")
async def stories(theatre: Theatre) -> Stories:
    return await _all(theatre, VOICES, SITUATIONS)


@pytest.fixture(scope="session")
async def deaf_stories(deaf_theatre: Theatre) -> Stories:
    return await _all(deaf_theatre, (TWIML,), WITHOUT_CAPTURE)


@pytest.fixture
async def cast(theatre: Theatre, request: pytest.FixtureRequest) -> AsyncIterator[Cast]:
    dialect = getattr(request, "param", "twiml")
    before = {what: await listed(theatre, what) for what in ("channels", "bridges")}
    tasks = len(asyncio.all_tasks())
    yield Cast(theatre, theatre.free_application(dialect))
    await nothing_left(theatre, before)
    assert len(asyncio.all_tasks()) <= tasks + TASKS_KEPT
