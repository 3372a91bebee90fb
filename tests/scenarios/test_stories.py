"""Situations with a story of their own, on a real Asterisk with SIPp as the phone."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator

import aiohttp
import pytest

from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    call_refused,
    expect_refer,
    hear_bye,
    hold,
    notify,
    pause,
    resume,
)
from tests.scenarios.situations import ACCEPTED, BEGIN, HANG_UP, NO_NOTIFY, REFER, WAIT
from tests.scenarios.theatre import IMPATIENT, Theatre

SPEECH = "<Response><Say>The transfer could not be completed.</Say><Hangup/></Response>"


class Ear:
    """Counts what a phone hears: RTP packets that are not silence."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)  # noqa: FBT003 - the socket's own interface

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def heard(self) -> int:
        """Return how many packets with sound came since the last time."""
        count = 0
        while True:
            try:
                packet = self._socket.recv(2048)
            except BlockingIOError:
                return count
            count += len(set(packet[12:])) > 2

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture
def name(theatre: Theatre, request: pytest.FixtureRequest) -> str:
    name = theatre.free_application(getattr(request, "param", "twiml"))
    theatre.reply(name, "voice", REFER)
    theatre.reply(name, "after", HANG_UP)
    return name


async def test_the_recovery_document_is_heard_on_the_live_call(
    theatre: Theatre, name: str, ear: Ear
) -> None:
    theatre.reply(name, "after", SPEECH)
    begin = (call(media_port=ear.port), expect_refer())
    assert await theatre.phone(name, *begin, answer_refer(202), hear_bye()) == ""
    assert ear.heard() > 50, "a sentence is more than a second of 20 ms packets"


async def test_the_recovery_document_waits_until_the_caller_resumes(
    theatre: Theatre, name: str, ear: Ear
) -> None:
    theatre.reply(name, "after", SPEECH)
    steps = (
        *(call(media_port=ear.port), expect_refer(), hold(media_port=ear.port)),
        *(answer_refer(202), notify(100), notify(486), pause(0.7)),
        *(resume(media_port=ear.port), hear_bye()),
    )
    playing = asyncio.create_task(theatre.phone(name, *steps))
    await theatre.customer.received(f"/{name}/after")
    await asyncio.sleep(0.4)
    assert ear.heard() == 0, "the caller is still on hold"
    assert await playing == ""
    assert ear.heard() > 50


@pytest.mark.parametrize("name", [IMPATIENT], indirect=True)
async def test_a_success_after_the_time_limit_releases_our_leg(theatre: Theatre, name: str) -> None:
    theatre.reply(name, "after", WAIT)
    began = time.monotonic()
    steps = (*BEGIN, answer_refer(202), pause(NO_NOTIFY + 0.4), notify(200), hear_bye())
    assert await theatre.phone(name, *steps) == ""
    heard = theatre.journal[name]
    assert [each.result.outcome for each in heard.ended] == [Outcome.UNCONFIRMED]
    assert [each.code for each in heard.late] == [200]
    assert len(theatre.told(name)) == 1, "the application is not told again"
    assert time.monotonic() - began < 5, "the document that pauses was stopped"


async def test_a_second_final_notify_changes_nothing(theatre: Theatre, name: str) -> None:
    theatre.reply(name, "after", '<Response><Pause length="1"/></Response>')
    steps = (*ACCEPTED, notify(486), notify(200, answer=481), hear_bye())
    assert await theatre.phone(name, *steps) == ""
    heard = theatre.journal[name]
    (ended,) = heard.ended
    assert (ended.result.outcome, ended.result.notify_code) == (Outcome.BUSY, 486)
    assert not ended.result.conflict
    assert not heard.late, "Asterisk refused it: the caller was not connected twice"
    assert len(theatre.told(name)) == 1


async def test_a_notify_overtakes_the_response(theatre: Theatre, name: str) -> None:
    steps = (*BEGIN, notify(200), answer_refer(202), hear_bye())
    assert await theatre.phone(name, *steps) == ""
    (ended,) = theatre.journal[name].ended
    assert ended.result.outcome is Outcome.COMPLETED
    assert (ended.result.refer_code, ended.result.notify_code) == (202, 200)


async def test_a_provisional_notify_overtakes_the_response(theatre: Theatre, name: str) -> None:
    steps = (*BEGIN, notify(100), answer_refer(202), notify(486), hear_bye())
    assert await theatre.phone(name, *steps) == ""
    (ended,) = theatre.journal[name].ended
    assert (ended.result.outcome, ended.result.refer_code) == (Outcome.BUSY, 202)


def of_the_first(step: Step) -> Step:
    """Let a step keep, or use, the CSeq of the first of two REFERs."""
    return Step(step.replace('"refer"', '"first"').replace("[$refer]", "[$first]"))


TWO_REFERS = (
    call(),
    of_the_first(expect_refer()),
    of_the_first(answer_refer(202)),
    expect_refer(),
    answer_refer(202),
)


@pytest.mark.parametrize("name", [IMPATIENT], indirect=True)
@pytest.mark.parametrize(
    ("steps", "outcome", "codes"),
    [
        pytest.param(
            (of_the_first(notify(200, refer_id=True)), pause(0.1)),
            Outcome.UNCONFIRMED,
            (202, None),
            id="the first target answers, the second one is silent",
        ),
        pytest.param(
            (
                of_the_first(notify(486, refer_id=True)),
                pause(0.1),
                notify(180, refer_id=True),
                notify(200, refer_id=True),
            ),
            Outcome.COMPLETED,
            (202, 200),
            id="the first target is busy, the second one answers",
        ),
        pytest.param(
            (
                notify(180, refer_id=True),
                of_the_first(notify(200, refer_id=True)),
                pause(0.1),
                notify(486, refer_id=True),
            ),
            Outcome.BUSY,
            (202, 486),
            id="the first target answers, the second one is busy",
        ),
    ],
)
async def test_the_end_of_a_transfer_that_was_given_up_is_not_the_next_one_s(
    theatre: Theatre,
    name: str,
    steps: tuple[Step, ...],
    outcome: Outcome,
    codes: tuple[int | None, int | None],
) -> None:
    theatre.reply(name, "voice", REFER)
    theatre.reply(name, "after", REFER.replace("after", "end"))
    theatre.reply(name, "end", "<Response><Hangup/></Response>")
    assert await theatre.phone(name, *TWO_REFERS, *steps, hear_bye()) == ""
    await until(lambda: len(theatre.journal[name].ended) == 2)
    first, second = (ended.result for ended in theatre.journal[name].ended)
    assert (first.outcome, first.reason) == (Outcome.UNCONFIRMED, Reason.NO_NOTIFY)
    assert (second.outcome, second.evidence) == (outcome, Evidence.SIP)
    assert (second.refer_code, second.notify_code) == codes
    assert not second.conflict


async def test_headers_of_the_target_travel_in_refer_to(theatre: Theatre, name: str) -> None:
    target = "sip:alice@example.com?X-AcctNumber=123456&X-ReasonForCalling=billing-question"
    escaped = target.replace("&", "&amp;")
    theatre.reply(
        name, "voice", f'<Response><Refer action="after"><Sip>{escaped}</Sip></Refer></Response>'
    )
    steps = (call(), expect_refer(refer_to=f"<{target}>"), answer_refer(202), notify(200))
    assert await theatre.phone(name, *steps, hear_bye()) == ""


@pytest.mark.parametrize(
    ("target", "written"),
    [
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("sip:alice@EXAMPLE.com:5061;transport=tcp", "<sip:alice@example.com:5061;transport=tcp>"),
        ("sip:a,b@example.com", "<sip:a,b@example.com>"),
        ("sip:example.com?User-to-User=1%3Bencoding%3Dhex", "?User-to-User=1%3Bencoding%3Dhex>"),
        ("sip:alice@example.com?", "sip:alice@example.com"),
    ],
)
async def test_no_header_line_is_on_the_wire_that_we_did_not_build(
    theatre: Theatre, target: str, written: str
) -> None:
    name = theatre.free_application()
    theatre.reply(name, "voice", f"<Response><Refer><Sip>{target}</Sip></Refer></Response>")
    steps = (call(), expect_refer(refer_to=written, absent="X-"), answer_refer(603))
    assert await theatre.phone(name, *steps, hear_bye()) == ""


async def test_a_verb_nobody_knows_goes_to_the_fallback(theatre: Theatre, name: str) -> None:
    theatre.reply(name, "voice", "<Response>\n<Teleport/></Response>")
    theatre.reply(name, "fallback", '<Response><Reject reason="busy"/></Response>')
    assert await theatre.phone(name, call_refused(486)) == ""
    asked = await theatre.the_one(name, "fallback")
    assert asked.form["ErrorCode"] == "12200"
    assert asked.form["ErrorUrl"] == theatre.customer.url(f"/{name}/voice")


async def test_a_ringing_call_whose_application_fails_may_be_routed_another_way(
    theatre: Theatre, name: str
) -> None:
    theatre.reply(name, "voice", "<Response><Teleport/></Response>")
    theatre.reply(name, "fallback", "no XML")
    assert await theatre.phone(name, call_refused(500)) == ""


async def test_after_a_refer_without_action_the_next_verb_runs(theatre: Theatre, name: str) -> None:
    theatre.reply(
        name,
        "voice",
        "<Response><Refer><Sip>sip:alice@example.com</Sip></Refer>"
        "<Redirect>next</Redirect></Response>",
    )
    theatre.reply(name, "next", HANG_UP)
    assert await theatre.phone(name, *BEGIN, answer_refer(405), hear_bye()) == ""
    assert len(theatre.told(name, "next")) == 1


async def test_the_first_request_has_the_standard_parameters(theatre: Theatre, name: str) -> None:
    theatre.reply(name, "voice", '<Response><Reject reason="busy"/></Response>')
    headers = "X-Acct-Number: 42\nUser-to-User: 5678;encoding=hex"
    assert await theatre.phone(name, call_refused(486, headers=headers)) == ""
    asked = await theatre.the_one(name, "voice")
    form = asked.form
    assert form["CallStatus"] == "ringing"
    assert form["Direction"] == "inbound"
    assert form["SipDomain"] == "127.0.0.1"
    assert form["SipSourceIp"] == "127.0.0.1"
    assert form["SipHeader_X-Acct-Number"] == "42"
    assert form["SipHeader_User-to-User"] == "5678;encoding=hex"
    assert form["CallSid"].startswith("CA")
    assert len(form["CallSid"]) == 34


async def test_a_caller_who_hangs_up_during_a_webhook_ends_the_call(
    theatre: Theatre, name: str
) -> None:
    theatre.reply(name, "voice", '<Response><Say>One moment.</Say><Pause length="9"/></Response>')
    assert await theatre.phone(name, call(), pause(0.2), bye()) == ""
    await until(lambda: not theatre.running.app.switchboard.channels)


async def test_the_socket_drops_while_a_transfer_runs(theatre: Theatre, name: str) -> None:
    steps = (*ACCEPTED, notify(180), pause(0.5), notify(486), hear_bye())
    playing = asyncio.create_task(theatre.phone(name, *steps))
    await until(lambda: any("180" in str(event) for event in theatre.journal[name].events))
    socket_to_asterisk = theatre.running.app.ari._socket  # noqa: SLF001 - the fault is ours to make
    assert socket_to_asterisk is not None
    await socket_to_asterisk.close()
    assert await playing == ""
    (ended,) = theatre.journal[name].ended
    assert (ended.result.outcome, ended.result.evidence) == (Outcome.BUSY, Evidence.SIP)


async def test_no_channel_is_left(theatre: Theatre) -> None:
    lab = theatre.running
    await until(lambda: not lab.app.switchboard.channels)
    password = lab.settings.ari.password.get_secret_value()
    credentials = aiohttp.encode_basic_auth(lab.settings.ari.username, password)
    async with aiohttp.ClientSession(headers={"Authorization": credentials}) as session:
        for _ in range(100):
            async with session.get(f"{lab.settings.ari.url}/ari/channels") as response:
                channels = await response.json()
            # After a BYE Asterisk keeps a channel until its refer subscription has ended.
            if not [each for each in channels if each["name"].startswith("Local/")]:
                return
            await asyncio.sleep(0.05)
    pytest.fail(f"channels are left: {channels}")


async def until(condition: Callable[[], object], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.02)
