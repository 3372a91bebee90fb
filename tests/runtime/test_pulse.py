import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from stasis_refer.runtime.pulse import BEAT, NAME, PATIENCE, Pulse

BRIEF = {"beat": 0.02, "patience": 0.12}


async def stops(pulse: Pulse, within: float = 1.0) -> bool:
    try:
        await asyncio.wait_for(pulse.stops(), within)
    except TimeoutError:
        return False
    return True


def test_silence_is_noticed_within_five_seconds() -> None:
    assert BEAT + PATIENCE < 5.0


async def test_it_goes_on_as_long_as_each_beat_is_answered() -> None:
    sent: list[str] = []

    async def send(text: str) -> None:
        sent.append(text)
        pulse.answered(text)

    pulse = Pulse(send, **BRIEF)
    assert not await stops(pulse, within=0.4)
    assert len(set(sent)) == len(sent) > 3


async def test_an_answer_may_take_its_time() -> None:
    async def send(text: str) -> None:
        asyncio.get_running_loop().call_later(0.06, pulse.answered, text)

    pulse = Pulse(send, **BRIEF)
    assert not await stops(pulse, within=0.4)


async def _nowhere(_: str) -> None:
    pass


async def _refused(_: str) -> None:
    raise ConnectionResetError


async def _never(_: str) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("send", [_nowhere, _refused, _never])
async def test_it_stops_where_no_answer_comes(send: Callable[[str], Awaitable[None]]) -> None:
    began = time.monotonic()
    assert await stops(Pulse(send, **BRIEF))
    assert time.monotonic() - began >= sum(BRIEF.values()) - 0.01


async def test_the_answer_to_another_beat_is_none() -> None:
    async def send(_: str) -> None:
        pulse.answered(f"{NAME}0")

    pulse = Pulse(send, **BRIEF)
    assert await stops(pulse)


async def test_what_was_done_and_did_not_come_is_not_waited_for() -> None:
    async def send(text: str) -> None:
        pulse.done(text)

    pulse = Pulse(send, beat=0.02, patience=PATIENCE)
    assert await stops(pulse, within=PATIENCE - 0.5)


async def test_what_was_done_may_come_a_little_later() -> None:
    async def send(text: str) -> None:
        pulse.done(text)
        asyncio.get_running_loop().call_later(0.01, pulse.answered, text)

    pulse = Pulse(send, beat=0.02, patience=0.6)
    assert not await stops(pulse, within=0.5)


async def test_a_loop_that_was_held_up_reads_before_it_judges() -> None:
    async def send(text: str) -> None:
        def held_up() -> None:
            time.sleep(0.3)  # longer than the patience; the answer is there, and not read yet
            asyncio.get_running_loop().call_soon(pulse.answered, text)

        asyncio.get_running_loop().call_soon(held_up)

    pulse = Pulse(send, **BRIEF)
    assert not await stops(pulse, within=0.8)


def test_what_else_comes_is_none_of_ours() -> None:
    pulse = Pulse(_nowhere)
    assert pulse.answered(f"{NAME}7")
    assert not pulse.answered("wrap-up")
    assert not pulse.answered("")
