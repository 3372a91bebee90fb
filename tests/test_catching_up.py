"""What the calls are told after a gap; how it looks from end to end is in ``test_app``."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial

import pytest

from stasis_refer import catching_up
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    ChannelReturned,
    ChannelUp,
    Event,
    OfLeg,
    Regained,
    Restarted,
    TransferStatus,
)
from stasis_refer.core.found import Found
from stasis_refer.core.info import CallInfo
from stasis_refer.runtime.directory import Directory
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.replay import Rebuilt
from stasis_refer.runtime.switchboard import Switchboard
from stasis_refer.wire import ari, commands
from tests.runtime.parties import SUPPORT, Capture, Line, Telephony

BOB, EVE = (f"{'0' * 32}-leg-{number}" for number in (1, 2))


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "_EVENT_PATIENCE", 0.0)
    monkeypatch.setattr(catching_up, "_LONGEST_SOUND", 0.0)


def channel(channel_id: str, *stasis: str, up: bool = True) -> Mapping[str, object]:
    """Return ARI's Channel model; a leg is in no dialplan."""
    return {
        "id": channel_id,
        "name": "PJSIP/x-1",
        "state": "Up" if up else "Ringing",
        "dialplan": {"app_name": "Stasis" if stasis else "", "app_data": ",".join(stasis)},
    }


class World:
    """Alice's call, with bob as a leg, and what Asterisk lists."""

    def __init__(self, *listed: Mapping[str, object], ours: object = ()) -> None:
        self.asked: list[str] = []
        self._answers: dict[str, object] = {
            "channels": listed,
            "applications/app": {"channel_ids": ours},
        }
        self._later: dict[str, object] = {}
        self.entries: list[Entry] = []
        self.telephony, directory = Telephony(), Directory(Capture())
        self.alice = Line("alice", BOB)
        directory.add(self.alice)
        self.board = Switchboard(
            applications={},
            telephony=self.telephony,
            directory=directory,
            perform=_never,
            tap=self.entries.append,
            clock=lambda: 0.0,
            wall=lambda: 0.0,
        )

    def answer(self, path: str, body: object) -> None:
        self._answers[path] = body

    def later(self, path: str, body: object) -> None:
        """Answer so from the second time on."""
        self._later[path] = body

    async def ask(self, request: commands.Request) -> ari.Response:
        again = f"{request.method} {request.path}" in self.asked
        self.asked.append(f"{request.method} {request.path}")
        answers = {**self._answers, **(self._later if again else {})}
        return ari.Response(200, json.dumps(answers.get(request.path)))

    async def catch_up(self) -> Sequence[Event]:
        await catching_up.catch_up(self.ask, self.board, "app")
        for _ in range(5):  # what is let go is so in a task
            await asyncio.sleep(0)
        return self.alice.call.heard


async def _never(*_: object) -> Event | None:
    raise NotImplementedError


ALICE = channel("alice", "app", "support")


@pytest.mark.parametrize(
    ("listed", "heard"),
    [
        ((ALICE, channel(BOB, up=False)), [Regained(up=True), OfLeg(BOB, Regained())]),
        ((ALICE, channel(BOB)), [Regained(up=True), OfLeg(BOB, ChannelUp())]),
        ((ALICE,), [OfLeg(BOB, CallEnded(unheard=True)), Regained(up=True)]),
        ((channel(BOB, up=False),), [CallEnded(unheard=True), OfLeg(BOB, Regained())]),
        ((channel("alice"), channel(BOB, up=False)), [OfLeg(BOB, Regained())]),
    ],
    ids=["all there", "answered meanwhile", "leg gone", "lead gone", "lead in the dialplan"],
)
async def test_each_party_is_told_what_became_of_its_channel(
    listed: Sequence[Mapping[str, object]], heard: Sequence[Event]
) -> None:
    world = World(*listed)
    assert await world.catch_up() == heard
    assert world.asked[:4] == [
        "PUT applications/app/eventFilter",
        "POST applications/app/subscription",
        "GET asterisk/info",
        "GET channels",
    ]
    assert "GET applications/app" not in world.asked


async def test_a_leg_of_ours_without_a_call_is_hung_up() -> None:
    world = World(ALICE, channel(BOB), channel(EVE), ours=["alice", BOB, EVE])
    await world.catch_up()
    assert world.telephony.asked == [("hang up", EVE, None)]


@pytest.mark.parametrize("ours", [[], ["alice", BOB], None])
async def test_a_leg_of_another_program_is_left_alone(ours: object) -> None:
    world = World(ALICE, channel(BOB), channel(EVE), ours=ours)
    await world.catch_up()
    assert world.telephony.asked == []
    assert "GET applications/app" in world.asked


async def test_who_cannot_go_on_behind_an_endless_tone_is_hung_up() -> None:
    world = World(channel("1.9", "app", "support"), channel("1.8", "other", "x"))
    await world.catch_up()
    assert [each for each in world.asked if each.startswith("DELETE")] == ["DELETE channels/1.9"]


async def test_who_comes_in_meanwhile_is_left_alone() -> None:
    world = World()
    world.later("channels", [channel("1.9", "app", "support")])
    await world.catch_up()
    assert [each for each in world.asked if each.startswith("DELETE")] == []


@pytest.mark.parametrize(
    ("bridge", "channels", "gone"),
    [
        pytest.param("1.9-bridge-1", [], True, id="left by a program that is no more"),
        pytest.param("1.9-bridge-1", ["1.9"], False, id="somebody is in it"),
        pytest.param("alice-bridge-1", [], False, id="of a live call"),
        pytest.param("conference", [], False, id="none of ours"),
    ],
)
async def test_bridges_that_a_crash_has_left(
    bridge: str, channels: Sequence[str], *, gone: bool
) -> None:
    world = World()
    world.answer("bridges", [{"id": bridge, "channels": channels}])
    await world.catch_up()
    assert (f"DELETE bridges/{bridge}" in world.asked) is gone


async def test_a_bridge_goes_whose_channels_were_let_go_just_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catching_up, "_LONGEST_SOUND", 0.1)
    world = World()
    world.answer("bridges", [{"id": "1.9-bridge-1", "channels": ["1.9"]}])
    left = partial(world.answer, "bridges", [{"id": "1.9-bridge-1", "channels": []}])
    asyncio.get_running_loop().call_later(0.02, left)
    await world.catch_up()
    assert "DELETE bridges/1.9-bridge-1" in world.asked


async def test_a_call_that_was_taken_up_is_told_how_it_was_found_and_nothing_else() -> None:
    world = World(channel("1.5", "app", "support", "returned", "SUCCESS", "0", "1"), ALICE)
    world.answer("bridges", [])
    call = Call(CallInfo("k", "1.5"), SUPPORT, up=True, now=0.0)
    call.start()
    world.board.resume(Rebuilt(call, 1, (), (), 0.0))
    await world.catch_up()
    back = ChannelReturned(TransferStatus.SUCCESS, 0, 1)
    assert world.entries[0].event == Restarted(Found.HERE, up=True, back=back)
    assert world.entries[0].seq == 2
    assert Regained(up=True) in world.alice.call.heard
    await world.board.stop()
