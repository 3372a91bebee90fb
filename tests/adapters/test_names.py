import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stasis_refer.adapters import names
from stasis_refer.adapters.names import MOST_ADDRESSES, Resolver

V4 = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
V6 = (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")


class Hanging:
    """A name server that answers when it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def lookup(self, host: str, port: int, *_: object) -> Sequence[tuple[Any, ...]]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.go.wait()
        return [(*V4, ("192.0.2.1", port))]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.go.set()


async def asked(hanging: Hanging, number: int) -> None:
    async with asyncio.timeout(2):
        while len(hanging.asked) < number:  # noqa: ASYNC110 - it is asked in a thread
            await asyncio.sleep(0.005)


async def test_a_name_is_resolved_as_the_system_does() -> None:
    found = await Resolver().resolve("localhost", 80, socket.AF_UNSPEC)
    assert {each["host"] for each in found} <= {"127.0.0.1", "::1"}
    assert {(each["hostname"], each["port"]) for each in found} == {("localhost", 80)}


async def test_both_families_are_told() -> None:
    answer = [(*V6, ("2001:db8::1", 80, 0, 0)), (*V4, ("192.0.2.1", 80))]
    found = await Resolver(lambda *_: answer).resolve("example.com", 80)
    assert [(each["host"], each["family"]) for each in found] == [
        ("2001:db8::1", socket.AF_INET6),
        ("192.0.2.1", socket.AF_INET),
    ]


async def test_of_a_thousand_addresses_few_are_tried() -> None:
    answer = [(*V4, (f"192.0.2.{number % 256}", 80)) for number in range(1000)]
    found = await Resolver(lambda *_: answer).resolve("example.com", 80)
    assert [each["host"] for each in found] == [f"192.0.2.{each}" for each in range(MOST_ADDRESSES)]


def _unknown(*_: object) -> Sequence[tuple[Any, ...]]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def _no_name(*_: object) -> Sequence[tuple[Any, ...]]:
    raise UnicodeError("label too long")


@pytest.mark.parametrize(
    ("lookup", "error", "says"),
    [
        (_unknown, OSError, "not known"),
        (_no_name, UnicodeError, "too long"),
        (lambda *_: [], OSError, "no address"),
    ],
)
async def test_what_is_wrong_with_a_name_is_told(
    lookup: Any,  # noqa: ANN401 - three of one kind
    error: type[Exception],
    says: str,
) -> None:
    with pytest.raises(error, match=says):
        await Resolver(lookup).resolve("example.com", 80)


async def test_names_that_hang_leave_the_threads_of_the_loop_free(hanging: Hanging) -> None:
    resolver = Resolver(hanging.lookup)
    tasks = [asyncio.create_task(resolver.resolve(f"slow{number}", 80)) for number in range(40)]
    await asked(hanging, 40)
    async with asyncio.timeout(1):
        assert await asyncio.to_thread(lambda: "free") == "free"
        assert (await resolver.resolve("fast", 80))[0]["host"] == "192.0.2.1"
    hanging.go.set()
    assert len(await asyncio.gather(*tasks)) == 40


async def test_no_more_are_resolved_at_once_than_may_be(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "PATIENCE", 0.05)
    resolver = Resolver(hanging.lookup, at_once=2)
    tasks = [asyncio.create_task(resolver.resolve(f"slow{number}", 80)) for number in range(2)]
    await asked(hanging, 2)
    with pytest.raises(socket.gaierror, match="too many names"):
        await resolver.resolve("fast", 80)
    tasks[0].cancel()  # its thread hangs all the same, and keeps its place
    with pytest.raises(socket.gaierror, match="too many names"):
        await resolver.resolve("fast", 80)
    hanging.go.set()
    await tasks[1]
    assert await resolver.resolve("fast", 80)
    assert hanging.asked == ["slow0", "slow1", "fast"]


class NoThread(threading.Thread):
    """A thread where the system has no more of them."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


async def test_without_a_thread_a_name_is_not_resolved_and_keeps_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver = Resolver(at_once=1)
    with monkeypatch.context() as scarce:
        scarce.setattr(names, "Thread", NoThread)
        for _ in range(2):
            with pytest.raises(socket.gaierror, match="start new thread"):
                await resolver.resolve("localhost", 80)
    assert await resolver.resolve("localhost", 80)


def test_a_name_that_hangs_does_not_keep_the_program_from_ending(hanging: Hanging) -> None:
    async def ask() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await Resolver(hanging.lookup).resolve("slow", 80)

    began = time.monotonic()
    asyncio.run(ask())
    assert time.monotonic() - began < 5
    assert all(each.daemon for each in threading.enumerate() if each.name == "resolve slow")
