"""What single dialects can do besides transferring plainly, on a real Asterisk."""

import asyncio
import io
import json
import socket
import struct
import wave
from collections.abc import Iterator

import pytest

from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.phone import (
    answer_refer,
    bye,
    call,
    call_refused,
    expect_refer,
    hear_bye,
    notify,
    pause,
    press,
)
from stasis_refer.wire.causes import CAUSES, status_of
from tests.fakes.customer import Reply
from tests.scenarios.situations import ACCEPTED, HANG_UP
from tests.scenarios.theatre import Theatre
from tests.scenarios.voices import VOICES, Voice

ACCEPTS = (answer_refer(202), notify(200), hear_bye())


def verbs(*each: object) -> Reply:
    return Reply(json.dumps(each), content_type="application/json")


# -- jambonz: what goes into the REFER -------------------------------------------


@pytest.mark.parametrize(
    ("target", "refer_to"),
    [
        ("sip:alice@example.com", "Refer-To: sip:alice@example.com"),
        (
            "<sip:alice@example.com;transport=tcp>",
            "Refer-To: <sip:alice@example.com;transport=tcp>",
        ),
        ("alice@example.com", "Refer-To: sip:alice@example.com"),
        ("tel:+4930123", "Refer-To: tel:+4930123"),
        ("+4930123", "Refer-To: sip:+4930123@127.0.0.1"),
        ("sales", "Refer-To: sip:sales@127.0.0.1"),
    ],
)
async def test_refer_to_may_be_a_uri_a_number_or_a_user(
    theatre: Theatre, target: str, refer_to: str
) -> None:
    name = theatre.free_application("jambonz")
    theatre.reply(name, "voice", verbs({"verb": "sip:refer", "referTo": target}))
    log = await theatre.phone(name, call(), expect_refer(header=refer_to), *ACCEPTS)
    assert log == ""


async def test_without_a_capture_asterisk_is_asked_for_the_host(deaf_theatre: Theatre) -> None:
    refer = {"verb": "sip:refer", "referTo": "+4930123"}
    deaf_theatre.reply("deaf-jambonz", "voice", verbs(refer))
    refer_to = expect_refer(header="Refer-To: sip:+4930123@127.0.0.1")
    assert await deaf_theatre.phone("deaf-jambonz", call(), refer_to, *ACCEPTS) == ""


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "Referred-By: sip:phone@127.0.0.1"),
        ({"referredBy": "+4930999"}, "Referred-By: sip:+4930999@127.0.0.1"),
        (
            {"referredBy": "sip:me@example.net", "referredByDisplayName": "Me"},
            'Referred-By: "Me" <sip:me@example.net>',
        ),
        # Seed 003, the example's own header.
        ({"headers": {"X-Custom-Header": "Value"}}, "X-Custom-Header: Value"),
        (
            {"headers": {"X-First": "1", "User-to-User": "56a3;encoding=hex"}},
            "User-to-User: 56a3;encoding=hex",
        ),
    ],
)
async def test_referred_by_and_headers_are_on_the_refer_itself(
    theatre: Theatre, more: dict[str, object], line: str
) -> None:
    name = theatre.free_application("jambonz")
    refer = {"verb": "sip:refer", "referTo": "sip:alice@example.com", **more}
    theatre.reply(name, "voice", verbs(refer))
    log = await theatre.phone(name, call(), expect_refer(header=line), *ACCEPTS)
    assert log == ""


@pytest.mark.parametrize(
    "headers",
    [{"X-A": "1\r\nX-Evil: 2"}, {"Route": "sip:evil.example.org"}, {"X A": "1"}, {"X-A\n": "1"}],
)
async def test_a_header_that_cannot_be_sent_sends_nothing(
    theatre: Theatre, headers: dict[str, str]
) -> None:
    name = theatre.free_application("jambonz")
    refer = {"verb": "sip:refer", "referTo": "sip:a@example.com", "actionHook": "after"}
    theatre.reply(name, "voice", verbs({**refer, "headers": headers}))
    theatre.reply(name, "after", verbs({"verb": "sip:decline", "status": 404}))
    assert await theatre.phone(name, call_refused(404)) == ""
    told = await theatre.the_one(name)
    assert told.json["refer_status"] == 400
    assert [each.result.outcome for each in theatre.journal[name].ended] == [Outcome.BLOCKED]


async def test_after_an_empty_reply_the_next_verb_runs_on_the_live_call(theatre: Theatre) -> None:
    name = theatre.free_application("jambonz")
    refer = {"verb": "sip:refer", "referTo": "sip:a@example.com", "actionHook": "after"}
    again = {"verb": "sip:refer", "referTo": "sip:b@example.com"}
    theatre.reply(name, "voice", verbs(refer, again))
    theatre.reply(name, "after", Reply("", 204))
    steps = (*ACCEPTED, notify(486), expect_refer(refer_to="sip:b@example.com"), *ACCEPTS)
    assert await theatre.phone(name, *steps) == ""
    assert len(theatre.told(name)) == 1


async def test_a_ringing_call_is_declined_with_what_asterisk_can_say(theatre: Theatre) -> None:
    wanted = (*CAUSES, 400, 401, 406, 487, 504, 505, 600, 606, 699)
    name = theatre.free_application("jambonz")
    for status in wanted:
        theatre.reply(name, "voice", verbs({"verb": "sip:decline", "status": status}))
        assert await theatre.phone(name, call_refused(status_of(status))) == "", status


# -- BXML: the tag, and ringing --------------------------------------------------


async def test_a_tag_sticks_until_it_is_cleared(theatre: Theatre) -> None:
    name = theatre.free_application("bxml")
    refer = "<SipUri>sip:alice@example.com</SipUri></Refer>"
    theatre.reply(
        name,
        "voice",
        f'<Response><Refer tag="first" referCompleteUrl="after">{refer}</Response>',
    )
    again = f'<Refer referCompleteUrl="last" tag="">{refer}'
    theatre.reply(name, "after", f"<Bxml>{again}</Bxml>")
    theatre.reply(name, "last", HANG_UP)
    steps = (*ACCEPTED, notify(486), expect_refer(), answer_refer(405), hear_bye())
    assert await theatre.phone(name, *steps) == ""
    first, last = await theatre.the_one(name), await theatre.the_one(name, "last")
    assert first.json["tag"] == "first"
    assert "tag" not in last.json


async def test_a_call_may_ring_before_it_is_let_go(theatre: Theatre) -> None:
    name = theatre.free_application("bxml")
    ring = '<Response><Ring duration="0.5" answerCall="false"/><Hangup/></Response>'
    theatre.reply(name, "voice", ring)
    assert await theatre.phone(name, call_refused(603)) == ""


class Handset:
    """The media side of a phone: hears sound, and presses keys in RTP (RFC 4733)."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)  # noqa: FBT003 - the socket's own interface
        self.port = int(self._socket.getsockname()[1])
        self._sequence = 0

    async def hear(self, seconds: float = 5.0) -> tuple[str, int]:
        """Wait for sound; where it came from."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    packet, sender = self._socket.recvfrom(2048)
                except BlockingIOError:
                    await asyncio.sleep(0.01)
                    continue
                if len(set(packet[12:])) > 2:
                    return str(sender[0]), int(sender[1])

    async def press(self, digits: str, to: tuple[str, int]) -> None:
        """Press keys, each 100 ms long."""
        for number, digit in enumerate(digits):
            event, stamp = "0123456789*#ABCD".index(digit), 16000 * (number + 1)
            for packet in range(8):
                end = 0x80 if packet > 4 else 0
                duration = min(packet + 1, 5) * 160
                marker = 0x80 if packet == 0 else 0
                self._sequence += 1
                header = struct.pack("!BBHII", 0x80, 101 | marker, self._sequence, stamp, 7)
                payload = struct.pack("!BBH", event, end | 10, duration)
                self._socket.sendto(header + payload, to)
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def handset() -> Iterator[Handset]:
    handset = Handset()
    yield handset
    handset.close()


async def test_ringing_is_heard(theatre: Theatre, handset: Handset) -> None:
    name = theatre.free_application("bxml")
    theatre.reply(name, "voice", '<Response><Ring duration="2"/><Hangup/></Response>')
    playing = asyncio.create_task(theatre.phone(name, call(media_port=handset.port), hear_bye()))
    await handset.hear()
    assert await playing == ""


def a_second_of_noise() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(256)) * 62)
    return out.getvalue()


@pytest.mark.parametrize(
    ("dialect", "document"),
    [
        (
            "bxml",
            '<Response><PlayAudio username="bob" password="s:3">sound</PlayAudio></Response>',
        ),
        ("twiml", "<Response><Play>{url}</Play></Response>"),
    ],
)
async def test_a_sound_is_asked_for_with_the_credentials_it_has(
    theatre: Theatre, handset: Handset, dialect: str, document: str
) -> None:
    name = theatre.free_application(dialect)
    url = theatre.customer.url(f"/{name}/sound").replace("//", "//bob:s%3A3@")
    theatre.reply(name, "voice", document.format(url=url))
    theatre.reply(name, "sound", Reply(a_second_of_noise(), content_type="audio/wav"))
    playing = asyncio.create_task(theatre.phone(name, call(media_port=handset.port), hear_bye()))
    await handset.hear()
    assert await playing == ""
    asked = await theatre.the_one(name, "sound")
    assert asked.headers["Authorization"] == "Basic Ym9iOnM6Mw=="


# -- digits ----------------------------------------------------------------------

GATHER = {
    "twiml": '<Response><Gather action="after" numDigits="4" timeout="3"/></Response>',
    "rcml": '<Response><Gather action="after" numDigits="4" timeout="3"/></Response>',
    "bxml": '<Response><Gather gatherUrl="after" maxDigits="4"/></Response>',
    "jambonz": json.dumps([{"verb": "gather", "actionHook": "after", "numDigits": 4}]),
}


async def digits(voice: Voice, theatre: Theatre, name: str) -> str:
    told = await theatre.the_one(name)
    as_form = voice.dialect in {"twiml", "rcml"}
    return str(told.form["Digits"] if as_form else told.json["digits"])


@pytest.mark.parametrize("voice", VOICES, ids=lambda each: each.dialect)
async def test_digits_are_gathered_in_every_dialect(theatre: Theatre, voice: Voice) -> None:
    name = theatre.free_application(voice.dialect)
    content = "application/json" if voice.dialect == "jambonz" else "text/xml"
    theatre.reply(name, "voice", Reply(GATHER[voice.dialect], content_type=content))
    theatre.reply(name, "after", voice.hang_up)
    assert await theatre.phone(name, call(), pause(0.3), press("12*4"), hear_bye()) == ""
    assert await digits(voice, theatre, name) == "12*4"


async def test_the_first_digit_ends_the_prompt_and_the_last_key_the_digits(
    theatre: Theatre, handset: Handset
) -> None:
    name = theatre.free_application()
    say = "<Say>Please enter the number of your account, and then the hash key.</Say>"
    gather = f'<Gather action="after" timeout="20">{say}</Gather>'
    theatre.reply(name, "voice", f"<Response>{gather}</Response>")
    theatre.reply(name, "after", HANG_UP)
    playing = asyncio.create_task(theatre.phone(name, call(media_port=handset.port), hear_bye()))
    asterisk = await handset.hear()
    await handset.press("407#", asterisk)
    assert await playing == ""
    told = await theatre.the_one(name)
    assert (told.form["Digits"], told.form["FinishedOnKey"]) == ("407", "#")


async def test_without_a_digit_the_next_verb_follows(theatre: Theatre) -> None:
    name = theatre.free_application()
    gather = '<Gather action="after" timeout="1"/>'
    theatre.reply(name, "voice", f"<Response>{gather}<Redirect>next</Redirect></Response>")
    theatre.reply(name, "next", HANG_UP)
    assert await theatre.phone(name, call(), hear_bye()) == ""
    assert not theatre.told(name)
    assert len(theatre.told(name, "next")) == 1


# -- a queue of Asterisk's -------------------------------------------------------

ENQUEUE = '<Response><Enqueue action="after">{queue}</Enqueue></Response>'


@pytest.mark.parametrize(
    ("queue", "result", "time"),
    [("nobody-there", "leave", "0"), ("no such queue", "system-error", None)],
)
async def test_a_queue_that_takes_no_call_says_so(
    theatre: Theatre, queue: str, result: str, time: str | None
) -> None:
    name = theatre.free_application()
    theatre.reply(name, "voice", ENQUEUE.format(queue=queue))
    theatre.reply(name, "after", HANG_UP)
    assert await theatre.phone(name, call(), hear_bye()) == ""
    told = await theatre.the_one(name)
    assert told.form["QueueResult"] == result
    assert told.form.get("QueueTime") == time


async def test_a_caller_who_hangs_up_in_a_queue(theatre: Theatre) -> None:
    name = theatre.free_application()
    theatre.reply(name, "voice", ENQUEUE.format(queue="patient"))
    theatre.reply(name, "after", HANG_UP)
    assert await theatre.phone(name, call(), pause(1.2), bye()) == ""
    told = await theatre.customer.received(f"/{name}/after")
    assert told.form["QueueResult"] == "hangup"
    assert told.form["QueueTime"] in {"1", "2"}
    assert told.form["CallStatus"] == "completed"


async def test_a_call_that_a_member_took(theatre: Theatre) -> None:
    name = theatre.free_application()
    theatre.reply(name, "voice", ENQUEUE.format(queue="served"))
    theatre.reply(name, "after", HANG_UP)
    assert await theatre.phone(name, call(), hear_bye()) == ""
    told = await theatre.the_one(name)
    assert told.form["QueueResult"] == "bridged"
    assert told.form["CallStatus"] == "in-progress"
