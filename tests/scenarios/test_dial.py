"""``<Dial>`` on a real Asterisk: who is called and how, who is connected, what is told of it."""

import asyncio

import aiohttp
import pytest

from stasis_refer.lab.phone import (
    answer,
    bye,
    call,
    call_refused,
    decline,
    expect_cancel,
    hear_bye,
    hear_nothing,
    pause,
    press,
    ring_in,
)
from tests.fakes.customer import Reply
from tests.scenarios.cast import ANSWERS, TALK, Cast
from tests.scenarios.test_stories import Ear
from tests.scenarios.theatre import Theatre

TALKS_AND_GOES = (*ANSWERS, pause(TALK), bye())
STAYS = (*ANSWERS, hear_bye())
RINGS_ON = (ring_in(), expect_cancel())
IS_HUNG_UP = (call(), hear_bye())


@pytest.fixture
def ear() -> Ear:
    return Ear()


async def told(cast: Cast, path: str = "after") -> dict[str, str]:
    """Return what the action URL was told."""
    await cast.theatre.customer.received(f"/{cast.name}/{path}", within=10)
    request = await cast.theatre.the_one(cast.name, path)
    return dict(request.form)


def says(cast: Cast, document: str, after: str = "<Response/>") -> None:
    """Let the application say this, and that at the action URL."""
    cast.theatre.reply(cast.name, "voice", document)
    cast.theatre.reply(cast.name, "after", after)


async def test_caller_and_callee_are_connected_until_one_hangs_up(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='action="after"'))
    await cast.play(IS_HUNG_UP, a=TALKS_AND_GOES)
    form = await told(cast)
    assert form["DialCallStatus"] == "completed"
    assert form["DialBridged"] == "true"
    assert form["DialSipResponseCode"] == "200"
    assert form["DialCallDuration"] == "1"
    assert form["DialCallSid"].startswith("CA")
    assert form["DialCallSid"] != form["CallSid"]
    assert form["CallStatus"] == "in-progress"


async def test_a_caller_who_hangs_up_takes_the_callee_along(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='action="after"'))
    await cast.play((call(), pause(1.5), bye()), a=STAYS)
    form = await told(cast)
    assert (form["DialCallStatus"], form["CallStatus"]) == ("completed", "completed")


async def test_a_caller_who_does_not_wait_cancels_the_call(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='action="after"'))
    await cast.play((call(), pause(1.2), bye()), a=RINGS_ON)
    form = await told(cast)
    assert (form["DialCallStatus"], form["CallStatus"]) == ("canceled", "completed")
    assert "DialCallDuration" not in form


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (486, "busy"),
        (600, "busy"),
        (480, "no-answer"),
        (408, "no-answer"),
        (404, "failed"),
        (603, "failed"),
        (503, "failed"),
    ],
)
async def test_a_callee_who_declines(cast: Cast, code: int, status: str) -> None:
    says(cast, cast.dial("a", attributes='action="after"'))
    await cast.play(IS_HUNG_UP, a=(ring_in(), decline(code)))
    form = await told(cast)
    assert (form["DialCallStatus"], form["DialSipResponseCode"]) == (status, str(code))


async def test_the_next_verb_runs_without_an_action_url(cast: Cast) -> None:
    says(cast, cast.dial("a", behind="<Redirect>next</Redirect>"))
    cast.theatre.reply(cast.name, "next", "<Response/>")
    await cast.play(IS_HUNG_UP, a=(ring_in(), decline(486)))
    assert len(cast.theatre.told(cast.name, "next")) == 1


async def test_of_several_the_first_to_answer_wins_and_the_rest_are_canceled(cast: Cast) -> None:
    says(cast, cast.dial("a", "b", "c", attributes='action="after"'))
    await cast.play(IS_HUNG_UP, a=RINGS_ON, b=TALKS_AND_GOES, c=(ring_in(), decline(486)))
    assert (await told(cast))["DialCallStatus"] == "completed"


async def test_sequential_calls_one_after_the_other(cast: Cast) -> None:
    says(cast, cast.dial("a", "b", attributes='action="after" sequential="true"'))
    await cast.play(IS_HUNG_UP, a=(ring_in(), pause(0.3), decline(486)), b=TALKS_AND_GOES)
    assert (await told(cast))["DialCallStatus"] == "completed"


async def test_who_does_not_answer_in_time_is_canceled(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='action="after" timeout="5"'))
    await cast.play(IS_HUNG_UP, a=RINGS_ON)
    assert (await told(cast))["DialCallStatus"] == "no-answer"


async def test_the_time_limit_ends_the_connection_and_the_caller_goes_on(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='action="after" timeLimit="1"'))
    await cast.play(IS_HUNG_UP, a=STAYS)
    assert (await told(cast))["DialCallStatus"] == "completed"


async def test_the_star_key_ends_the_connection_and_the_caller_goes_on(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='action="after" hangupOnStar="true"'))
    caller = (call(), pause(1.5), press("1"), pause(0.2), press("*"), hear_bye())
    await cast.play(caller, a=STAYS)
    form = await told(cast)
    assert (form["DialCallStatus"], form["CallStatus"]) == ("completed", "in-progress")


async def test_without_hangup_on_star_the_key_means_nothing(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='action="after"'))
    caller = (call(), pause(1.5), press("*"), hear_nothing(0.5), bye())
    await cast.play(caller, a=STAYS)


@pytest.mark.parametrize(("code", "refusal"), [(486, 486), (404, 404), (480, 480), (600, 486)])
async def test_a_caller_who_rings_is_refused_as_the_callee_refused(
    cast: Cast, code: int, refusal: int
) -> None:
    says(cast, cast.dial("a", attributes='answerOnBridge="true"'))
    await cast.play((call_refused(refusal),), a=(ring_in(), decline(code)))


async def test_the_action_url_decides_what_becomes_of_a_caller_who_rings(cast: Cast) -> None:
    busy = '<Response><Reject reason="busy"/></Response>'
    says(cast, cast.dial("a", attributes='answerOnBridge="true" action="after"'), busy)
    await cast.play((call_refused(486),), a=(ring_in(), pause(0.5), decline(404)))
    form = await told(cast)
    assert (form["DialCallStatus"], form["CallStatus"]) == ("failed", "ringing")


async def test_answer_on_bridge_answers_both(cast: Cast) -> None:
    says(cast, cast.dial("a", attributes='answerOnBridge="true" action="after"'))
    await cast.play(IS_HUNG_UP, a=TALKS_AND_GOES)
    assert (await told(cast))["DialCallStatus"] == "completed"


async def test_an_answered_caller_hears_ringing(cast: Cast, ear: Ear) -> None:
    says(cast, cast.dial("a", attributes='ringTone="de"'))
    caller = (call(media_port=ear.port), hear_bye())
    await cast.play(caller, a=(ring_in(), pause(1.2), decline(486)))
    assert ear.heard() > 20, "a second of ringing is 50 packets of 20 ms"
    ear.close()


async def test_caller_id_and_headers_are_on_the_invite(cast: Cast) -> None:
    uri = cast.uri("a") + "?User-to-User=123456789%3Bencoding%3Dhex&amp;X-Name=Agent%2C+A"
    noun = f"<Sip>{uri}</Sip>"
    says(cast, f'<Response><Dial callerId="+4930123" action="after">{noun}</Dial></Response>')
    line = (
        ring_in(header="User-to-User: 123456789;encoding=hex"),
        decline(486),
    )
    await cast.play(IS_HUNG_UP, a=line)
    await told(cast)


@pytest.mark.parametrize(
    "header",
    ["<sip:+4930123@", "X-Name: Agent,+A", "INVITE sip:a@127.0.0.1:"],
)
async def test_what_the_invite_says(cast: Cast, header: str) -> None:
    noun = f"<Sip>{cast.uri('a')}?X-Name=Agent%2C+A</Sip>"
    says(cast, f'<Response><Dial callerId="+4930123">{noun}</Dial></Response>')
    await cast.play(IS_HUNG_UP, a=(ring_in(header=header, absent="?X-Name"), decline(486)))


async def test_without_a_caller_id_it_is_the_caller_s_own(cast: Cast) -> None:
    says(cast, cast.dial("a"))
    await cast.play(IS_HUNG_UP, a=(ring_in(header="<sip:phone@"), decline(486)))


async def test_a_number_is_called_through_the_trunk(cast: Cast) -> None:
    cast.ports["trunk"] = cast.theatre.trunk
    says(cast, '<Response><Dial action="after"><Number>+49 30 123</Number></Dial></Response>')
    invited = ring_in(header=f"INVITE sip:+4930123@127.0.0.1:{cast.theatre.trunk}")
    await cast.play(IS_HUNG_UP, trunk=(invited, answer(), pause(TALK), bye()))
    assert (await told(cast))["DialCallStatus"] == "completed"


async def test_a_client_is_a_registered_endpoint(cast: Cast) -> None:
    cast.ports["alice"] = cast.theatre.alice
    says(cast, '<Response><Dial action="after"><Client>alice</Client></Dial></Response>')
    await cast.play(IS_HUNG_UP, alice=TALKS_AND_GOES)
    assert (await told(cast))["DialCallStatus"] == "completed"


async def test_a_username_names_the_endpoint_that_has_the_credentials(cast: Cast) -> None:
    noun = f'<Sip username="alice" password="secret">{cast.uri("a")}</Sip>'
    says(cast, f'<Response><Dial action="after">{noun}</Dial></Response>')
    challenge = 'WWW-Authenticate: Digest realm="phones", nonce="abc", algorithm=MD5'
    challenged = (ring_in(header="@phones.example.com"), decline(401, headers=challenge))
    with_credentials = ring_in(header='Authorization: Digest username="transferor"')
    again = (with_credentials, answer(), pause(TALK), bye())
    await cast.play(IS_HUNG_UP, a=(*challenged, *again))
    form = await told(cast)
    assert (form["DialCallStatus"], form["DialSipResponseCode"]) == ("completed", "200")


@pytest.mark.parametrize(
    ("noun", "code"),
    [
        pytest.param("<Sip>sip:a@evil.example.org</Sip>", "403", id="not allowed"),
        pytest.param("<Sip>sip:a@exa mple.com</Sip>", "400", id="no URI"),
        pytest.param("<Sip>sip:a@example.com?Route=sip:b</Sip>", "400", id="reserved header"),
        pytest.param("<Number>+33123</Number>", "403", id="number not allowed"),
    ],
)
async def test_who_may_not_be_called_is_not_called(cast: Cast, noun: str, code: str) -> None:
    says(cast, f'<Response><Dial action="after">{noun}</Dial></Response>')
    await cast.play(IS_HUNG_UP)
    form = await told(cast)
    assert (form["DialCallStatus"], form["DialSipResponseCode"]) == ("failed", code)
    assert "DialCallSid" not in form


@pytest.mark.parametrize("noun", ["<Conference>room</Conference>", "<Queue>support</Queue>"])
async def test_conference_and_queue_are_refused_as_the_seed_says(cast: Cast, noun: str) -> None:
    says(cast, f"<Response><Dial>{noun}</Dial></Response>")
    cast.theatre.reply(cast.name, "fallback", '<Response><Reject reason="busy"/></Response>')
    await cast.play((call_refused(486),))
    assert (await told(cast, "fallback"))["ErrorCode"] == "12200"


async def test_status_callbacks_of_a_noun(cast: Cast) -> None:
    watched = 'statusCallback="leg" statusCallbackEvent="initiated ringing answered completed"'
    noun = f"<Sip {watched}>{cast.uri('a')}</Sip>"
    says(cast, f'<Response><Dial action="after">{noun}</Dial></Response>')
    cast.theatre.reply(cast.name, "leg", Reply(""))
    await cast.play(IS_HUNG_UP, a=TALKS_AND_GOES)
    form = await told(cast)
    for _ in range(100):
        if len(cast.theatre.told(cast.name, "leg")) == 4:
            break
        await asyncio.sleep(0.02)
    events = [each.form for each in cast.theatre.told(cast.name, "leg")]
    assert [each["CallStatus"] for each in events] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [each["SequenceNumber"] for each in events] == ["0", "1", "2", "3"]
    assert {each["CallSid"] for each in events} == {form["DialCallSid"]}
    assert {each["ParentCallSid"] for each in events} == {form["CallSid"]}
    assert {each["Direction"] for each in events} == {"outbound-dial"}


async def test_a_recording_can_be_fetched_by_its_url(cast: Cast) -> None:
    attributes = 'action="after" record="record-from-answer" recordingStatusCallback="recorded"'
    says(cast, cast.dial("a", attributes=attributes))
    cast.theatre.reply(cast.name, "recorded", Reply(""))
    await cast.play(IS_HUNG_UP, a=(*ANSWERS, pause(1.5), bye()))
    form = await told(cast)
    assert form["RecordingDuration"] in {"1", "2"}
    async with aiohttp.ClientSession() as session, session.get(form["RecordingUrl"]) as response:
        sound = await response.read()
        assert response.content_type == "audio/wav"
    assert sound.startswith(b"RIFF")
    assert len(sound) > 8000, "half a second of 8 kHz, 16 bit"
    status = await told(cast, "recorded")
    assert (status["RecordingUrl"], status["RecordingStatus"]) == (
        form["RecordingUrl"],
        "completed",
    )


@pytest.mark.parametrize("cast", ["jambonz"], indirect=True)
async def test_jambonz_dial(theatre: Theatre, cast: Cast) -> None:
    target = f'{{"type": "sip", "sipUri": "{cast.uri("a")}"}}'
    verb = f'{{"verb": "dial", "actionHook": "after", "id": "d1", "target": [{target}]}}'
    theatre.reply(cast.name, "voice", Reply(f"[{verb}]", content_type="application/json"))
    theatre.reply(cast.name, "after", Reply("[]", content_type="application/json"))
    await cast.play(IS_HUNG_UP, a=TALKS_AND_GOES)
    request = await theatre.the_one(cast.name)
    payload = request.json
    assert (payload["dial_call_status"], payload["dial_sip_status"]) == ("completed", 200)
    assert payload["verb_id"] == "d1"
    assert payload["dial_call_sid"] != payload["call_sid"]


@pytest.mark.parametrize("cast", ["bxml"], indirect=True)
async def test_bxml_transfer(theatre: Theatre, cast: Cast) -> None:
    noun = f"<SipUri>{cast.uri('a')}</SipUri>"
    transfer = f'<Transfer transferCompleteUrl="after">{noun}</Transfer>'
    xml = "application/xml"
    theatre.reply(cast.name, "voice", Reply(f"<Bxml>{transfer}</Bxml>", content_type=xml))
    theatre.reply(cast.name, "after", Reply("<Bxml/>", content_type=xml))
    await cast.play(IS_HUNG_UP, a=TALKS_AND_GOES)
    request = await theatre.the_one(cast.name)
    assert request.json["eventType"] == "transferComplete"
    assert request.json["cause"] == "hangup"
