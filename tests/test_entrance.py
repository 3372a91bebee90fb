"""When a call that entered ``Stasis()`` is let in, and with what is known of its caller."""

import asyncio
import json
import socket
from contextlib import closing

import pytest

from stasis_refer.adapters.capture import CaptureListener, CaptureRules, NoCapture
from stasis_refer.core.info import CallInfo
from stasis_refer.entrance import Entrance
from stasis_refer.wire import ari, commands, hep

CALL = ari.Channel("1.7", "PJSIP/x-1", up=False, caller="bob", dialed="s", call_id="call@x")
LOCAL = ari.Channel("1.8", "Local/s@x-1;1", up=False)
LEG = ari.Channel(f"{'0' * 32}-leg-1", "PJSIP/x-2", up=False, call_id="leg@x")
ENTERED = ("support",)


class Hall:
    """Where calls get in, and an Asterisk that answers one question after ``delay`` seconds."""

    def __init__(self, answer: ari.Response | None = None, delay: float = 0.0) -> None:
        self.inside: list[CallInfo] = []
        self.applications: list[str] = []
        self.asked: list[commands.Request] = []
        self._answer = answer or ari.Response(404)
        self._delay = delay

    def enter(self, channel: CallInfo, application: str, *, up: bool) -> None:
        assert not up
        self.inside.append(channel)
        self.applications.append(application)

    async def ask(self, request: commands.Request) -> ari.Response:
        self.asked.append(request)
        await asyncio.sleep(self._delay)
        return self._answer

    def captured(self) -> Entrance:
        return Entrance(CaptureListener(CaptureRules(b"")), self.ask, self.enter)

    def deaf(self) -> Entrance:
        return Entrance(NoCapture(), self.ask, self.enter)


def told(value: str) -> ari.Response:
    return ari.Response(200, json.dumps({"value": value}))


async def test_a_channel_that_is_not_sip_is_let_in_at_once() -> None:
    hall = Hall()
    hall.captured().entered(LOCAL, ENTERED)
    hall.deaf().entered(LOCAL, ENTERED)
    assert hall.applications == ["support", "support"]
    assert not hall.asked


async def test_for_a_leg_nobody_waits_and_nobody_is_asked() -> None:
    hall = Hall()
    hall.captured().entered(LEG, ())
    hall.deaf().entered(LEG, ())
    assert [each.channel for each in hall.inside] == [LEG.id] * 2
    assert not hall.asked


async def test_a_call_waits_for_the_copy_of_its_invite_and_no_longer_than_a_moment() -> None:
    hall = Hall()
    hall.captured().entered(CALL, ENTERED)
    assert not hall.inside
    await asyncio.sleep(0.1)
    assert [each.channel for each in hall.inside] == ["1.7"]
    assert not hall.asked


async def test_a_call_whose_copies_are_late_is_known_to_be_captured() -> None:
    hall = Hall()
    capture = CaptureListener(CaptureRules(b""))
    entrance = Entrance(capture, hall.ask, hall.enter)
    port = capture.start("127.0.0.1", 0)
    with closing(capture), closing(socket.socket(type=socket.SOCK_DGRAM)) as asterisk:
        entrance.entered(CALL, ENTERED)
        entrance.let_in(CALL.id)
        of_another = hep.Packet(b"BYE", "1@x", b"", 1, 0.0, ("192.0.2.7", 1), ("192.0.2.1", 1))
        asterisk.sendto(hep.encode(of_another), ("127.0.0.1", port))
        capture.drain()
        entrance.entered(CALL, ENTERED)
        entrance.let_in(CALL.id)
    assert [each.captured for each in hall.inside] == [False, True]


async def test_what_happens_to_a_call_lets_it_in_first_and_once() -> None:
    hall = Hall()
    entrance = hall.captured()
    entrance.entered(CALL, ENTERED)
    entrance.let_in("1.7")
    entrance.let_in("1.7")
    await asyncio.sleep(0.1)
    assert len(hall.inside) == 1


@pytest.mark.parametrize(
    ("answer", "peer"),
    [
        (told("sip:bob@10.0.0.7:5062"), "10.0.0.7"),
        (told('"Bob" <sip:bob@example.com;transport=tcp>;tag=1'), "example.com"),
        (told("sip:bob@[2001:db8::1]:5060"), "2001:db8::1"),
        (told(""), ""),
        (told("tel:+4930123"), ""),
        (ari.Response(500, '{"message": "Unable to read provided function"}'), ""),
        (ari.Response(0), ""),
        (ari.Response(200, "[]"), ""),
    ],
)
async def test_without_a_capture_asterisk_tells_the_callers_host(
    answer: ari.Response, peer: str
) -> None:
    hall = Hall(answer)
    hall.deaf().entered(CALL, ENTERED)
    await asyncio.sleep(0.02)
    (info,) = hall.inside
    assert (info.caller, info.peer, info.dialed) == ("bob", peer, "support")
    assert not info.captured
    assert hall.asked == [commands.get_variable("1.7", "CHANNEL(pjsip,remote_uri)")]


async def test_an_asterisk_that_does_not_tell_in_time_holds_no_call_up() -> None:
    hall = Hall(told("sip:bob@10.0.0.7"), delay=0.2)
    hall.deaf().entered(CALL, ENTERED)
    await asyncio.sleep(0.1)
    assert [each.peer for each in hall.inside] == [""]
    await asyncio.sleep(0.2)
    assert len(hall.inside) == 1


async def test_a_closed_door_lets_nobody_in() -> None:
    hall = Hall(told("sip:bob@10.0.0.7"), delay=0.01)
    for entrance in (hall.captured(), hall.deaf()):
        entrance.entered(CALL, ENTERED)
        entrance.close()
    await asyncio.sleep(0.1)
    assert not hall.inside
