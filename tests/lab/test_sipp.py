import asyncio
import socket
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

import pytest

from stasis_refer.errors import StartError
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.phone import (
    TOLD,
    Phone,
    answer,
    answer_refer,
    bye,
    call,
    call_refused,
    decline,
    expect_refer,
    hear_bye,
    hear_word,
    pause,
    ring_in,
    send_refer,
)
from stasis_refer.lab.sipp import playing

CALLED = (ring_in(), answer(), hear_bye())


def running(text: str) -> list[str]:
    """Return the processes whose command line has this in it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if text in command:
            found.append(command)
    return found


async def test_a_phone_takes_no_rtp_port_that_another_program_has() -> None:
    port = free_udp_port()
    with ExitStack() as taken:
        for low in range(6000, 6400, 4):
            rtp = taken.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            with suppress(OSError):  # it is another phone's
                rtp.bind(("127.0.0.1", low + 2))
        async with Phone(f"127.0.0.1:{port}").wait(port, CALLED) as called:
            assert (await Phone(f"127.0.0.1:{port}").play("b", [call(), bye()])).good
            assert (await called.played()).good


async def test_both_ends_know_their_dialog() -> None:
    port = free_udp_port()
    phone = Phone(f"127.0.0.1:{port}")
    async with (
        phone.wait(port, CALLED) as called,
        phone.dial("b", [call(), pause(0.5), bye()]) as calling,
    ):
        one, other = await called.dialog(), await calling.dialog()
        assert one.call_id == other.call_id
        assert (one.local_tag, one.remote_tag) == (other.remote_tag, other.local_tag)
        assert one.call_id
        assert one.local_tag
        assert one.remote_tag
        assert (await called.played()).good


async def test_sixty_phones_have_rtp_ports_of_their_own() -> None:
    async with AsyncExitStack() as stack:
        for port in {free_udp_port() for _ in range(60)}:
            await stack.enter_async_context(Phone("127.0.0.1:9").wait(port, CALLED))


async def test_a_phone_that_never_was_in_a_call_has_no_dialog() -> None:
    port = free_udp_port()
    phone = Phone(f"127.0.0.1:{port}")
    async with (
        phone.wait(port, [ring_in(), decline()]),
        phone.dial("b", [call_refused(486)]) as one,
    ):
        with pytest.raises(StartError):
            await one.dialog()


async def test_a_word_reaches_a_phone_that_plays() -> None:
    port = free_udp_port()
    phone = Phone(f"127.0.0.1:{port}")
    told = "<sip:b@example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>"
    transferor = (ring_in(), answer(), hear_word(), send_refer(TOLD), bye())
    transferee = (call(), expect_refer(refer_to=told), answer_refer(202), hear_bye())
    async with phone.wait(port, transferor) as one, phone.dial("b", transferee) as other:
        await one.tell(told)
        assert (await one.played()).log == ""
        assert (await other.played()).log == ""


async def test_words_that_are_alike_are_two() -> None:
    port = free_udp_port()
    phone = Phone(f"127.0.0.1:{port}")
    listener = (ring_in(), answer(), hear_word(), bye(), hear_word())
    async with (
        phone.wait(port, listener, within=5) as one,
        phone.dial("b", (call(), hear_bye())) as other,
    ):
        await one.tell("go on")
        assert (await other.played()).log == ""
        await one.tell("go on")
        assert (await one.played()).log == ""


async def test_a_phone_that_nobody_calls_gives_up() -> None:
    began = time.monotonic()
    async with Phone("127.0.0.1:9").wait(free_udp_port(), CALLED, within=1) as phone:
        played = await phone.played()
    assert not played.good
    assert "timed out" in played.log
    assert time.monotonic() - began < 5


async def test_a_phone_is_gone_with_its_context() -> None:
    port = free_udp_port()
    async with Phone("127.0.0.1:9").wait(port, CALLED):
        assert len(running(f"-p {port} ")) == 1
    assert running(f"-p {port} ") == []


async def test_a_phone_is_gone_with_a_task_that_was_cancelled() -> None:
    port = free_udp_port()
    listens = asyncio.Event()

    async def run() -> None:
        async with Phone("127.0.0.1:9").wait(port, CALLED) as phone:
            listens.set()
            await phone.played()

    task = asyncio.create_task(run())
    await listens.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(f"-p {port} ") == []


async def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"{port} of 127.0.0.1 is taken"):
            async with Phone("127.0.0.1:9").wait(port, CALLED):
                pass


async def test_a_phone_that_cannot_start_says_why() -> None:
    async with playing(CALLED, ("127.0.0.1", free_udp_port()), "-no-such", within=1) as phone:
        with pytest.raises(StartError, match="gone"):
            await phone.listening()


async def test_without_sipp_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StartError, match="make setup"):
        await Phone("127.0.0.1:9").play("b", [call()])
