import asyncio

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.rest.idempotency import Answers
from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.adapters.rest.queries import CallsQuery, Nothing
from stasis_refer.adapters.rest.refusals import problem_of
from stasis_refer.core.orders import Refusal, Refused
from stasis_refer.runtime.keys import KEPT_FOR
from tests.adapters.rest.world import Clock, FakeKeys, NoKeys


class World:
    def __init__(self, most: int = 3, keys: FakeKeys | None = None) -> None:
        self.clock = Clock()
        self.most = most
        self.keys = keys or FakeKeys()
        self.answers = Answers(self.clock, self.keys, most)
        self.done = 0
        self.refused: Refusal | None = None
        self.gate: asyncio.Event | None = None

    def restart(self) -> None:
        self.answers = Answers(self.clock, self.keys, self.most)

    async def ask(self, *keys: str, path: str = "/", name: str = "") -> str:
        asked = CallsQuery(application=name) if name else Nothing()
        return await self.answers.once(keys, path, asked, self._carry_out)

    async def refusal(self, *keys: str, path: str = "/", name: str = "") -> str:
        """Return the kind of problem that a request has."""
        with pytest.raises(Problem) as refusal:
            await self.ask(*keys, path=path, name=name)
        return refusal.value.kind

    async def _carry_out(self) -> str:
        if self.gate is not None:
            await self.gate.wait()
        if self.refused is not None:
            raise problem_of(Refused(self.refused))
        self.done += 1
        return str(self.done)


async def test_without_a_key_each_request_is_carried_out() -> None:
    world = World()
    assert [await world.ask(), await world.ask()] == ["1", "2"]


async def test_an_answer_is_kept_for_a_day() -> None:
    world = World(keys=NoKeys())
    assert await world.ask("a") == "1"
    world.clock.now += KEPT_FOR - 1
    assert await world.ask("a") == "1"
    world.clock.now += 1
    assert await world.ask("a") == "2"


async def test_the_oldest_of_too_many_is_forgotten() -> None:
    world = World(most=3, keys=NoKeys())
    for key in "abcd":
        await world.ask(key)
    assert [await world.ask("d"), await world.ask("a")] == ["4", "5"]


async def test_two_keys_are_refused() -> None:
    with pytest.raises(Problem) as refusal:
        await World().ask("a", "b")
    assert refusal.value.status == 400


# -- behind a restart ------------------------------------------------------------


async def test_what_was_carried_out_is_not_behind_a_restart() -> None:
    world = World()
    assert await world.ask("a") == "1"
    world.restart()
    assert [await world.ask("a"), await world.ask("b")] == ["1", "2"]
    assert await world.refusal("a", name="b") == "key_reused"
    assert await world.refusal("a", path="/b") == "key_reused"


async def test_what_was_being_carried_out_is_not_carried_out_again() -> None:
    world = World()
    world.gate = asyncio.Event()
    asking = asyncio.create_task(world.ask("a"))
    await asyncio.sleep(0)
    assert await world.refusal("a") == "in_progress"
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await world.refusal("a") == "undecided"
    world.restart()
    assert await world.refusal("a") == "undecided"
    assert await world.refusal("a", name="b") == "key_reused"


async def test_what_may_still_be_carried_out_is_not_carried_out_again() -> None:
    world = World()
    world.refused = Refusal.UNDECIDED
    assert [await world.refusal("a"), await world.refusal("a")] == ["undecided"] * 2
    world.restart()
    world.refused = None
    assert await world.refusal("a") == "undecided"
    assert world.done == 0


async def test_what_was_refused_may_be_asked_again() -> None:
    world = World()
    world.refused = Refusal.AWAY
    assert await world.refusal("a") == "away"
    world.restart()
    world.refused = None
    assert await world.ask("a") == "1"


async def test_what_was_refused_while_the_store_was_locked_may_be_asked_again() -> None:
    world = World()
    world.refused, world.gate = Refusal.AWAY, asyncio.Event()
    asking = asyncio.create_task(world.refusal("a"))
    await asyncio.sleep(0)
    world.keys.locked = True
    world.gate.set()
    assert await asking == "away"
    world.refused, world.keys.locked = None, False
    assert [await world.ask("a"), await world.ask("a")] == ["1", "1"]
    world.restart()
    assert await world.ask("a") == "1"


async def test_what_was_carried_out_behind_a_lock_is_not_behind_a_restart() -> None:
    world = World()
    world.gate, world.keys.locked = asyncio.Event(), True
    asking = asyncio.create_task(world.ask("a"))
    await asyncio.sleep(0)
    world.keys.locked = False
    world.gate.set()
    assert await asking == "1"
    world.restart()
    assert await world.ask("a") == "1"


async def test_a_store_that_cannot_be_written_keeps_nobody_from_asking() -> None:
    world = World()
    world.keys.locked = True
    with capture_logs() as logs:
        assert [await world.ask("a"), await world.ask("a")] == ["1", "1"]
    assert {each["event"] for each in logs} == {
        "an Idempotency-Key cannot be kept behind a restart"
    }


async def test_keys_and_requests_cannot_be_read_out_of_the_store() -> None:
    world = World()
    await world.ask("secret-key", path="/v1/calls/1")
    assert not {"secret-key", "/v1/calls/1"} & set(repr(world.keys.kept).split("'"))
    assert "secret" not in repr(world.keys.kept)
