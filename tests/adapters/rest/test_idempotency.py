import pytest

from stasis_refer.adapters.rest.endpoints import Answer
from stasis_refer.adapters.rest.idempotency import KEPT_FOR, Answers
from stasis_refer.adapters.rest.models import Begun
from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.adapters.rest.queries import Nothing
from tests.adapters.rest.world import Clock


class World:
    def __init__(self, most: int = 3) -> None:
        self.clock = Clock()
        self.answers = Answers(self.clock, most)
        self.done = 0

    async def ask(self, *keys: str) -> str:
        answer = await self.answers.once(keys, "/", Nothing(), self._carry_out)
        assert isinstance(answer.model, Begun)
        return answer.model.transfer

    async def _carry_out(self) -> Answer:
        self.done += 1
        return Answer(Begun(transfer=str(self.done), call="c"))


async def test_without_a_key_each_request_is_carried_out() -> None:
    world = World()
    assert [await world.ask(), await world.ask()] == ["1", "2"]


async def test_an_answer_is_kept_for_a_day() -> None:
    world = World()
    assert await world.ask("a") == "1"
    world.clock.now += KEPT_FOR - 1
    assert await world.ask("a") == "1"
    world.clock.now += 1
    assert await world.ask("a") == "2"


async def test_the_oldest_of_too_many_is_forgotten() -> None:
    world = World(most=3)
    for key in "abcd":
        await world.ask(key)
    assert [await world.ask("d"), await world.ask("a")] == ["4", "5"]


async def test_two_keys_are_refused() -> None:
    with pytest.raises(Problem) as refusal:
        await World().ask("a", "b")
    assert refusal.value.status == 400
