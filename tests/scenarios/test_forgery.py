"""Forged copies of SIP messages on a real Asterisk: each transfer ends as it truly does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.lab.lab import Lab
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    pause,
)
from stasis_refer.wire import hep
from tests.fakes.customer import Customer, Reply
from tests.scenarios.forger import Dialog, Forger, forging
from tests.scenarios.theatre import Theatre, application, settings
from tests.scenarios.voices import JAMBONZ

RATE = 2000
"""Packets a second that the program looks into here."""

FLOOD = 20_000
WINDOW = 0.8
"""Seconds that a phone leaves to forgers, before its answer and behind its first NOTIFY."""

HIGH = 4_000_000_000
"""A CSeq behind which all that is true would be old."""

LIMITS = {"no_notify_timeout": 2.5, "ring_timeout": 3.0}
BUSY = Result(Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 486)
COMPLETED = Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 200)

BEGINS = (call(), expect_refer(), pause(WINDOW), answer_refer(202), notify(180), pause(WINDOW))
ENDS_BUSY = (*BEGINS, notify(486), hear_bye())
SUCCEEDS = (*BEGINS, notify(200), hear_bye())
RINGS_ON = (*BEGINS, hear_bye())
HANGS_UP = (*BEGINS, bye())

Forge: TypeAlias = Callable[[Forger, Dialog], Awaitable[None]]


@dataclass
class Came:
    """What came of a call: the outcome, what eventHook was told, and what was counted."""

    result: Result
    told: list[int]
    counted: Counter[str]


@dataclass
class Scene:
    """A lab whose copies a forger hears."""

    theatre: Theatre
    forger: Forger
    calls: int = 0

    def counted(self) -> Counter[str]:
        """Return what became of packets so far, and how often the witnesses disagreed."""
        found: Counter[str] = Counter()
        page = self.theatre.running.app.metrics.render().decode()
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == "stasis_refer_capture_packets_total":
                    found[sample.labels["result"]] += int(sample.value)
                if sample.name == "stasis_refer_witness_conflicts_total":
                    found["conflict"] += int(sample.value)
        return found

    async def play(self, steps: Sequence[Step], forge: Forge) -> Came:
        """Let a phone play its part, with ``forge`` in both of its pauses."""
        name, theatre = f"jambonz-{self.calls}", self.theatre
        self.calls += 1
        theatre.reply(name, "voice", JAMBONZ.transfer("sip:alice@example.com", "after"))
        theatre.reply(name, "after", JAMBONZ.hang_up)
        for path in ("event", "status"):
            theatre.reply(name, path, Reply(""))
        before = self.counted()
        self.forger.deafen()
        playing = asyncio.create_task(theatre.phone(name, *steps))
        dialog = Dialog.of(await self.forger.hears("REFER sip:"))
        await forge(self.forger, dialog)
        await self.forger.hears("SIP/2.0 180 ")
        await forge(self.forger, dialog)
        assert await playing == ""
        await theatre.customer.received(f"/{name}/status", within=10)
        (ended,) = theatre.journal[name].ended
        told = [each.json["call_status"] for each in theatre.told(name, "event")]
        return Came(ended.result, told, self.counted() - before)


@pytest.fixture(scope="module")
async def scene() -> AsyncIterator[Scene]:
    async with Customer() as customer, forging() as forger:
        theatre = Theatre(customer)
        names = [application(customer, JAMBONZ, f"jambonz-{number}") for number in range(30)]
        rules = {"forward": [forger.forward], "rate_limit": RATE, "sources": ["127.0.0.1/32"]}
        configured = settings([each | LIMITS for each in names], capture=rules)
        async with Lab(configured, (theatre.tap,)) as lab:
            theatre.lab = lab
            capture = lab.settings.capture
            assert capture is not None
            forger.target = int(capture.listen.rpartition(":")[2])
            yield Scene(theatre, forger)


TRUTHS = pytest.mark.parametrize(
    ("steps", "truth"), [(ENDS_BUSY, BUSY), (SUCCEEDS, COMPLETED)], ids=["busy", "completed"]
)


# -- something about them is wrong -----------------------------------------------


FLAWS = 10


def with_one_flaw(dialog: Dialog) -> list[hep.Packet]:
    """Return forged messages, each of which has one flaw."""
    another_call = replace(dialog, call_id="x")
    other_phone, other_asterisk = dialog.with_tags(theirs="x"), dialog.with_tags(ours="x")
    return [
        dialog.answered("200 OK", cseq=dialog.cseq + 1),
        other_phone.answered("405 Method Not Allowed"),
        other_asterisk.answered("603 Decline"),
        another_call.answered("603 Decline"),
        other_phone.notified(HIGH),
        other_asterisk.notified(HIGH),
        other_asterisk.with_tags(theirs="y").notified(HIGH),
        another_call.notified(HIGH),
        dialog.notified(HIGH, refer_id=dialog.cseq + 1),
        dialog.notified(HIGH, "486 Busy Here", refer_id=dialog.cseq - 1),
    ]


@TRUTHS
async def test_what_has_one_flaw_is_of_no_dialog(
    scene: Scene, steps: Sequence[Step], truth: Result
) -> None:
    async def forge(forger: Forger, dialog: Dialog) -> None:
        forger.say(*with_one_flaw(dialog))

    came = await scene.play(steps, forge)
    assert came.result == truth
    assert came.told == [180, truth.notify_code]
    assert came.counted["unmatched"] == 2 * FLAWS
    assert not came.counted["conflict"]


@TRUTHS
async def test_what_claims_to_go_the_other_way_is_nothing(
    scene: Scene, steps: Sequence[Step], truth: Result
) -> None:
    async def forge(forger: Forger, dialog: Dialog) -> None:
        backwards = dialog.mirrored()
        forger.say(backwards.notified(HIGH), backwards.answered("603 Decline"))
        forger.say(backwards.hung_up(HIGH), dialog.hung_up(HIGH))

    came = await scene.play(steps, forge)
    assert (came.result, came.told) == (truth, [180, truth.notify_code])
    assert not came.counted["conflict"]


@TRUTHS
async def test_a_forged_refer_of_ours_takes_the_place_of_none(
    scene: Scene, steps: Sequence[Step], truth: Result
) -> None:
    async def forge(forger: Forger, dialog: Dialog) -> None:
        another = dialog.cseq + 1
        forger.say(dialog.referred(another), dialog.answered("202 Accepted", cseq=another))
        forger.say(dialog.notified(HIGH, refer_id=another))

    came = await scene.play(steps, forge)
    assert (came.result, came.told) == (truth, [180, truth.notify_code])
    assert not came.counted["conflict"]


# -- all about them is right but that they are not true --------------------------


def untrue(dialog: Dialog, cseq: int) -> list[hep.Packet]:
    """Return what a phone says whose target answered, and that hangs up."""
    return [dialog.answered("202 Accepted"), dialog.notified(cseq), dialog.hung_up(cseq + 1)]


@pytest.mark.parametrize("cseq", [1, HIGH], ids=["before all true ones", "behind all true ones"])
@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        (ENDS_BUSY, Outcome.BUSY),
        (RINGS_ON, Outcome.UNCONFIRMED),
        (HANGS_UP, Outcome.CANCELED),
    ],
    ids=["busy", "rings on", "hangs up"],
)
async def test_a_forged_success_is_no_success(
    scene: Scene, steps: Sequence[Step], outcome: Outcome, cseq: int
) -> None:
    async def forge(forger: Forger, dialog: Dialog) -> None:
        forger.say(*untrue(dialog, cseq))

    came = await scene.play(steps, forge)
    assert came.result.outcome is outcome
    assert came.result.notify_code != 200
    assert came.result.conflict
    assert not [status for status in came.told if 200 <= status < 300]
    assert came.counted["conflict"] == 1


async def test_a_forged_success_takes_nothing_from_the_true_one(scene: Scene) -> None:
    async def forge(forger: Forger, dialog: Dialog) -> None:
        forger.say(*untrue(dialog, HIGH))

    came = await scene.play(SUCCEEDS, forge)
    assert (came.result.outcome, came.result.notify_code) == (Outcome.COMPLETED, 200)
    assert not came.counted["conflict"]


# -- they are not believed at all ------------------------------------------------


@TRUTHS
async def test_strangers_are_not_believed(
    scene: Scene, steps: Sequence[Step], truth: Result
) -> None:
    async def forge(forger: Forger, dialog: Dialog) -> None:
        for packet in untrue(dialog, HIGH):
            guesses = [b"", packet.password[:-1], packet.password + b"x"]
            forger.say(*(replace(packet, password=guess) for guess in guesses))
            forger.say(replace(packet, capture_id=7), replace(packet, capture_id=None))
            forger.say(packet, host="127.0.0.2")
            forger.say(hep.encode(packet)[:-1], hep.encode(packet) + b"x", packet.payload, b"")
            forger.say(b"HEP3" + (65_507).to_bytes(2) + bytes(65_501), b"x" * 65_507)

    came = await scene.play(steps, forge)
    assert (came.result, came.told) == (truth, [180, truth.notify_code])
    each = 2 * 3
    assert came.counted["bad_password"] == 3 * each
    assert came.counted["wrong_capture_id"] == 2 * each
    assert came.counted["unknown_source"] == each
    assert came.counted["malformed"] == 6 * each
    assert not came.counted["conflict"]


@pytest.mark.parametrize("knows_password", [False, True])
async def test_a_flood_does_not_keep_the_truth_away(scene: Scene, *, knows_password: bool) -> None:
    async def forge(forger: Forger, dialog: Dialog) -> None:
        packet = dialog.with_tags(theirs="x").notified(HIGH)
        packet = packet if knows_password else replace(packet, password=b"guess")
        for _ in range(FLOOD // 2 // 200):
            forger.say(*[hep.encode(packet)] * 200)
            await asyncio.sleep(0)

    came = await scene.play(ENDS_BUSY, forge)
    assert (came.result, came.told) == (BUSY, [180, 486])
    looked_into = came.counted["unmatched" if knows_password else "bad_password"]
    assert came.counted["rate_limited"] + looked_into + came.counted["lost"] == FLOOD
    assert came.counted["rate_limited"] > FLOOD / 4
    assert not came.counted["conflict"]
