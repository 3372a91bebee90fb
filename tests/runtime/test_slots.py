from collections.abc import Callable

import pytest

from stasis_refer.runtime.slots import AGAIN_EVERY, AT_ONCE, PER_SERVER, PER_SILENT_SERVER, Slots

DEAD, LIVE = "dead.example.com", "live.example.com:8080"


class World:
    """Slots, and who was started for which server, in order."""

    def __init__(self) -> None:
        self.slots = Slots()
        self.started: list[tuple[str, object]] = []

    def take(self, server: str, who: object = None, *, again: bool = False) -> None:
        def start() -> None:
            self.started.append((server, who))

        self.slots.take(server, start, again=again)

    def running(self, server: str) -> int:
        return len([each for each, _ in self.started if each == server])


def test_whoever_comes_is_started_at_once() -> None:
    world = World()
    world.take(LIVE, 1)
    world.take(DEAD, 2)
    world.take(LIVE, 3, again=True)
    assert world.started == [(LIVE, 1), (DEAD, 2), (LIVE, 3)]


@pytest.mark.parametrize(
    ("again", "most"), [(False, PER_SERVER), (True, PER_SILENT_SERVER)], ids=["first", "later"]
)
def test_a_server_has_so_many_at_once(*, again: bool, most: int) -> None:
    world = World()
    for number in range(most + 3):
        world.take(DEAD, number, again=again)
    assert world.running(DEAD) == most
    world.take(LIVE)
    assert world.running(LIVE) == 1


def test_who_waits_is_started_when_another_is_done() -> None:
    world = World()
    for number in range(PER_SERVER + 2):
        world.take(LIVE, number)
    world.slots.free(LIVE, silent=False)
    assert world.started[-1] == (LIVE, PER_SERVER)
    world.slots.free(LIVE, silent=False)
    assert world.started[-1] == (LIVE, PER_SERVER + 1)


def test_first_tries_go_before_later_ones_and_each_kind_in_turn() -> None:
    world = World()
    for _ in range(PER_SERVER):
        world.take(LIVE, "before")
    for who, again in (("a", True), ("b", False), ("c", True), ("d", False)):
        world.take(LIVE, who, again=again)
    for _ in range(4):
        world.slots.free(LIVE, silent=False)
    assert [who for _, who in world.started[PER_SERVER:]] == ["b", "d", "a", "c"]


def test_who_tries_again_has_a_share_though_others_always_come_first() -> None:
    world = World()
    for _ in range(PER_SERVER):
        world.take(LIVE, "before")
    for _ in range(10):
        world.take(LIVE, "again", again=True)
    for _ in range(AGAIN_EVERY * 5):
        world.take(LIVE, "first")
        world.take(LIVE, "first")
        world.slots.free(LIVE, silent=False)
    started = [who for _, who in world.started[PER_SERVER:]]
    assert started == (["first"] * (AGAIN_EVERY - 1) + ["again"]) * 5


def test_a_server_that_falls_silent_has_few_until_it_answers() -> None:
    world = World()
    for _ in range(2 * PER_SERVER):
        world.take(DEAD)
    for _ in range(PER_SERVER):
        world.slots.free(DEAD, silent=True)
    assert world.running(DEAD) == PER_SERVER + PER_SILENT_SERVER
    world.slots.free(DEAD, silent=False)
    assert world.running(DEAD) == 2 * PER_SERVER


def test_a_server_that_was_not_asked_stays_as_silent_as_it_was() -> None:
    world = World()
    for _ in range(PER_SERVER):
        world.take(DEAD, again=True)
    world.slots.free(DEAD, silent=None)
    assert world.running(DEAD) == PER_SILENT_SERVER + 1


def test_all_servers_together_have_so_many_at_once_and_take_turns() -> None:
    world = World()
    servers = [f"{number}.example.com" for number in range(AT_ONCE // PER_SERVER + 2)]
    for server in servers:
        for _ in range(PER_SERVER):
            world.take(server)
    assert len(world.started) == AT_ONCE
    for _ in range(2):
        world.slots.free(servers[0], silent=False)
    assert len(world.started) == AT_ONCE + 2
    assert world.running(servers[-2]) == 2


def test_nothing_is_remembered_of_a_server_that_nobody_sends_to() -> None:
    world = World()
    world.take(DEAD)
    world.slots.free(DEAD, silent=True)
    for _ in range(PER_SERVER):
        world.take(DEAD)
    assert world.running(DEAD) == 1 + PER_SERVER


def test_who_is_started_may_take_and_free_again() -> None:
    world = World()
    done: list[int] = []

    def work(number: int) -> Callable[[], None]:
        return lambda: done.append(number)

    for number in range(PER_SERVER + 1):
        world.slots.take(LIVE, work(number), again=False)
    for _ in range(PER_SERVER + 1):
        world.slots.free(LIVE, silent=False)
    world.slots.take(LIVE, work(-1), again=False)
    assert done == [*range(PER_SERVER + 1), -1]
