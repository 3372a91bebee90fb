"""Hostile targets on a real Asterisk: whoever asks for one, nothing leaves for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

import aiohttp
import pytest

from stasis_refer.core import uri
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import Step, answer_refer, bye, call, expect_refer, hear_bye, notify
from stasis_refer.runtime.book import CallFilter, CallRecord, TransferFilter, TransferRecord
from tests.core.hostile import CONTROLS, HOSTILE, HOSTILE_ALLOW, HOSTILE_RULES, Target
from tests.fakes.customer import Customer, Received, Reply
from tests.scenarios.agent import Agent
from tests.scenarios.cast import TALK, Cast
from tests.scenarios.theatre import OPERATOR_TOKEN, Theatre, application, settings
from tests.scenarios.voices import TWIML, VOICES, Voice
from tests.scenarios.wire import Wire

MOST_AT_ONCE = 40
"""Targets of one call: behind 50 documents that take no time a call is given up."""

BATCHES: tuple[tuple[Target, ...], ...] = tuple(
    HOSTILE[start : start + MOST_AT_ONCE] for start in range(0, len(HOSTILE), MOST_AT_ONCE)
)
EVERY_OTHER = HOSTILE[:-1:2]
CONTROL, RULE = "sip:+4930123456@gw.example", "home"
IS_TRANSFERRED: tuple[Step, ...] = (
    *(call(), expect_refer(refer_to=CONTROL), answer_refer(202)),
    *(notify(200), bye()),
)
AGENT = "sip:agent@127.0.0.1"
QUOTA, CALLS = 3, 8
MORE = {"counted": {"quota": {"limit": QUOTA, "window": 3600}}}
WAITS = '<Response><Gather timeout="60"/></Response>'
NOBODY = "<Response/>"
ACCEPTED, DECLINED = 202, 603
AT_LEAST = 40
"""Targets that come through Asterisk's own parser, and have to be declined by us."""

by_dialect = pytest.mark.parametrize("voice", VOICES, ids=lambda each: each.dialect)
by_batch = pytest.mark.parametrize("batch", range(len(BATCHES)))


@dataclass
class Stage:
    """A theatre whose policy is that of the hostile targets, and all that Asterisk sends."""

    theatre: Theatre
    wire: Wire
    customer: Customer

    @property
    def sip(self) -> str:
        return self.theatre.running.sip

    def sent(self, method: str) -> list[str]:
        """Return the targets that Asterisk sent REFERs or INVITEs for."""
        header = "Refer-To" if method == "REFER" else "To"
        found = self.wire.sent(self.sip, method, header)
        return [each.removeprefix("<").removesuffix(">") for each in found]

    async def sent_since(self, before: list[str], method: str, number: int) -> list[str]:
        """Return what was sent behind ``before``, once copies of so many have come, or 5 s on."""
        for _ in range(250):  # Asterisk sends copies in a thread of its own
            if len(self.sent(method)) - len(before) >= number:
                break
            await asyncio.sleep(0.02)
        return self.sent(method)[len(before) :]

    async def transfers(self, name: str, number: int) -> list[TransferRecord]:
        """Return the transfers of an application, once so many have ended, in their order."""
        book = self.theatre.running.app.ledger.book
        found: tuple[TransferRecord, ...] = ()
        for _ in range(250):
            found = (await book.transfers(TransferFilter(application=name), limit=200)).items
            if sum(each.outcome is not None for each in found) >= number:
                break
            await asyncio.sleep(0.02)
        return sorted(found, key=lambda each: int(each.id.rpartition("-")[2]))

    async def told(self, name: str, number: int) -> list[Received]:
        """Return what an application was told behind each verb, once it is so much."""
        for _ in range(250):
            if len(found := self.theatre.told(name)) >= number:
                break
            await asyncio.sleep(0.02)
        return found

    async def not_called(self, name: str) -> list[CallRecord]:
        """Return who an application's Dials named and nobody called, in their order."""
        book = self.theatre.running.app.ledger.book
        found = (await book.calls(CallFilter(applications=(name,)), limit=200)).items
        return [each for each in reversed(found) if each.reason]

    async def call(self, name: str) -> CallRecord:
        """Return the live call of an application, once it is answered."""
        for _ in range(250):
            for each in self.theatre.running.app.desk.live():
                if (each.application, each.status) == (name, CallStatus.IN_PROGRESS):
                    return each
            await asyncio.sleep(0.02)
        raise AssertionError(f"no call of {name} is answered")


def names() -> Iterator[tuple[Voice, str]]:
    yield from (
        (voice, f"{voice.dialect}-{number}") for voice in VOICES for number in range(len(BATCHES))
    )
    dialing = [f"dialing-{number}" for number in range(len(BATCHES))]
    yield from ((TWIML, name) for name in ("controls", "counted", "phone", "rest", *dialing))


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    wire, loop = Wire(), asyncio.get_running_loop()
    listening, _ = await loop.create_datagram_endpoint(lambda: wire, ("127.0.0.1", 0))
    port = listening.get_extra_info("sockname")[1]
    async with Customer() as customer:
        theatre = Theatre(customer)
        configured = settings(
            [application(customer, voice, name) | MORE.get(name, {}) for voice, name in names()],
            targets={"rules": HOSTILE_RULES, "allow": [*HOSTILE_ALLOW, "sip:*@127.0.0.1"]},
            capture={"forward": [f"127.0.0.1:{port}"]},
            http={"operator_token": OPERATOR_TOKEN},
        )
        for _, name in names():
            theatre.reply(name, "status", Reply(""))
            theatre.reply(name, "event", Reply(""))
        async with Lab(configured, (theatre.tap,)) as lab:
            theatre.lab = lab
            stage = Stage(theatre, wire, customer)
            yield stage
            allowed = {uri.parse(text) for text in (CONTROL, *(text for text, _ in CONTROLS))}
            assert {uri.parse(each) for each in stage.sent("REFER")} <= allowed
            assert set(stage.sent("INVITE")) <= {AGENT}
    listening.close()


def check(record: TransferRecord, target: Target) -> None:
    """Assert that a transfer was blocked as the table says, by which rule."""
    why = f"{target.tries}: {target.text!r}"
    assert (record.outcome, record.reason) == (Outcome.BLOCKED, target.reason), why
    assert (record.rule, record.refer_code, record.detail != "") == (
        *(target.rule, target.code, True),
    ), why


@by_dialect
@by_batch
async def test_a_document_refers_to_none(stage: Stage, voice: Voice, batch: int) -> None:
    name, targets = f"{voice.dialect}-{batch}", BATCHES[batch]
    documents = [voice.transfer(each, "after") for each in (*(it.text for it in targets), CONTROL)]
    stage.theatre.reply(name, "voice", documents[0])
    stage.theatre.reply(name, "after", *documents[1:], voice.nothing)
    before = stage.sent("REFER")
    assert await stage.theatre.phone(name, *IS_TRANSFERRED) == ""
    transfers = await stage.transfers(name, len(targets) + 1)
    for record, target in zip(transfers[:-1], targets, strict=True):
        check(record, target)
    assert (transfers[-1].outcome, transfers[-1].rule) == (Outcome.COMPLETED, RULE)
    told = [voice.read(each)[1] for each in await stage.told(name, len(targets) + 1)]
    assert [int(str(each)) for each in told] == [*(each.code for each in targets), 202]
    cast = Cast(stage.theatre, name)
    assert cast.counted("sent") == {"blocked": len(targets), "completed": 1}
    assert await stage.sent_since(before, "REFER", 1) == [CONTROL]


async def test_operators_rest_refers_to_none(stage: Stage) -> None:
    stage.theatre.reply("rest", "voice", WAITS)
    phone = asyncio.create_task(stage.theatre.phone("rest", *IS_TRANSFERRED))
    call = await stage.call("rest")
    before = stage.sent("REFER")
    headers = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    async with aiohttp.ClientSession(stage.theatre.running.http, headers=headers) as operator:
        for target in EVERY_OTHER:  # not so many that they come too often
            body = {"target": target.text}
            async with operator.post(f"/v1/calls/{call.key}/refer", json=body) as answer:
                assert answer.status == 202, await answer.text()
                begun = await answer.json()
        async with operator.get(f"/v1/transfers/{begun['transfer']}") as answer:
            found = await answer.json()
        assert (found["outcome"], found["reason"], found["rule"]) == (
            *("blocked", EVERY_OTHER[-1].reason, EVERY_OTHER[-1].rule),
        )
        assert stage.sent("REFER") == before
        async with operator.post(f"/v1/calls/{call.key}/refer", json={"target": CONTROL}) as answer:
            assert answer.status == 202
    assert await phone == ""
    *blocked, last = await stage.transfers("rest", len(EVERY_OTHER) + 1)
    for record, target in zip(blocked, EVERY_OTHER, strict=True):
        check(record, target)
    assert last.outcome is Outcome.COMPLETED
    assert await stage.sent_since(before, "REFER", 1) == [CONTROL]


@by_batch
async def test_a_document_calls_none(stage: Stage, batch: int) -> None:
    name, targets = f"dialing-{batch}", BATCHES[batch]
    dials = [dial(f"<Sip>{escape(each.text)}</Sip>") for each in targets]
    port = free_udp_port()
    called = f"sip:agent@127.0.0.1:{port}"
    stage.theatre.reply(name, "voice", dials[0])
    stage.theatre.reply(name, "after", *dials[1:], dial(f"<Sip>{called}</Sip>"), NOBODY)
    before = stage.sent("INVITE")
    async with Agent(port) as agent:
        phone = asyncio.create_task(stage.theatre.phone(name, call(), hear_bye()))
        line = await agent.called()
        await asyncio.sleep(TALK)
        assert await line.hang_up() == 200
        assert await phone == ""
    told = await stage.told(name, len(targets) + 1)
    assert [each.form["DialCallStatus"] for each in told] == ["failed"] * len(targets) + [
        "completed"
    ]
    rows = [(each.reason, each.rule) for each in await stage.not_called(name)]
    assert rows == [(each.reason, each.rule) for each in targets]
    assert await stage.sent_since(before, "INVITE", 1) == [AGENT]


def dial(noun: str, attributes: str = "") -> str:
    return f'<Response><Dial action="after" {attributes}>{noun}</Dial></Response>'


async def test_no_phone_is_told_to_call_one(stage: Stage) -> None:
    ports = free_udp_port(), free_udp_port()
    nouns = [f"<Sip>sip:agent@127.0.0.1:{port}</Sip>" for port in ports]
    stays = 'referUrl="where" answerOnBridge="true"'
    stage.theatre.reply("phone", "voice", dial(nouns[0], stays))
    stage.theatre.reply("phone", "where", dial(nouns[1]))
    stage.theatre.reply("phone", "after", NOBODY)
    before, blocked = stage.sent("INVITE"), list[Target]()
    async with Agent(ports[0]) as agent, Agent(ports[1]) as other:
        phone = asyncio.create_task(stage.theatre.phone("phone", call(), hear_bye()))
        line = await agent.called()
        await asyncio.sleep(TALK)
        for target in HOSTILE:
            # Nobody can put these into a header; angle brackets are there already.
            if not target.text.isascii() or {"<", "\r", ""} & {target.text, *target.text}:
                continue
            finals = len(line.finals)
            if await line.refer(target.text) == ACCEPTED:
                blocked.append(target)
                assert await line.final_behind(finals) == DECLINED, target.text
        assert not stage.theatre.told("phone", "where")
        assert await line.refer("sip:a@example.com") == ACCEPTED
        moved = await other.called()
        await asyncio.sleep(TALK)
        assert await moved.hang_up() == 200
        assert await phone == ""
    transfers = await stage.transfers("phone", len(blocked) + 1)
    ours = [each for each in transfers if each.reason is not Reason.REFER_REFUSED]
    for record, target in zip(ours[:-1], blocked, strict=True):
        assert (record.outcome, record.reason) == (Outcome.BLOCKED, target.reason), target.text
        assert (record.rule, record.refer_code, record.notify_code) == (target.rule, 202, 603)
    assert ours[-1].outcome is Outcome.COMPLETED
    assert len(blocked) >= AT_LEAST
    assert len(await stage.sent_since(before, "INVITE", len(ports))) == len(ports)
    assert {each.outcome for each in transfers} <= {
        *(Outcome.BLOCKED, Outcome.REJECTED, Outcome.COMPLETED),
    }


async def test_what_is_allowed_arrives(stage: Stage) -> None:
    refers = [TWIML.transfer(text, "after") for text, _ in CONTROLS]
    stage.theatre.reply("controls", "voice", refers[0])
    stage.theatre.reply("controls", "after", *refers[1:], NOBODY)
    before = stage.sent("REFER")
    refused = (expect_refer(), answer_refer(603)) * len(CONTROLS)
    assert await stage.theatre.phone("controls", call(), *refused, hear_bye()) == ""
    transfers = await stage.transfers("controls", len(CONTROLS))
    assert [each.rule for each in transfers] == [rule for _, rule in CONTROLS]
    assert {each.outcome for each in transfers} == {Outcome.REJECTED}
    sent = await stage.sent_since(before, "REFER", len(CONTROLS))
    assert [uri.parse(each) for each in sent] == [uri.parse(text) for text, _ in CONTROLS]


async def test_of_calls_at_once_as_many_are_referred_as_the_quota_allows(stage: Stage) -> None:
    stage.theatre.reply("counted", "voice", TWIML.transfer(CONTROL, "after"))
    stage.theatre.reply("counted", "after", TWIML.refuse)
    before = stage.sent("REFER")
    phones = (stage.theatre.phone("counted", *IS_TRANSFERRED) for _ in range(CALLS))
    logs = await asyncio.gather(*phones)
    assert [log == "" for log in sorted(logs)] == [True] * QUOTA + [False] * (CALLS - QUOTA)
    assert await stage.sent_since(before, "REFER", QUOTA) == [CONTROL] * QUOTA
    transfers = await stage.transfers("counted", CALLS)
    blocked = [each for each in transfers if each.outcome is Outcome.BLOCKED]
    assert [(each.reason, each.rule) for each in blocked] == [(Reason.QUOTA, RULE)] * (
        CALLS - QUOTA
    )
    told = [each.form["ReferSipResponseCode"] for each in await stage.told("counted", CALLS)]
    assert sorted(told) == ["202"] * QUOTA + ["503"] * (CALLS - QUOTA)
