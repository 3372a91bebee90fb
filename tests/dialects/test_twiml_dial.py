import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from twilio.twiml.voice_response import Dial as DialBuilder
from twilio.twiml.voice_response import VoiceResponse

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    Callee,
    Dial,
    Document,
    LegEvent,
    LegWatch,
    Number,
    Recorder,
    Registered,
    SipAddress,
    Tone,
)
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.twiml_verbs import TWIML_VERBS
from stasis_refer.dialects.xml_verbs import read_response
from tests.dialects.saying import assert_refused, assert_remark

BASE = "https://example.com/app/voice"
GET = Method.GET
BOB = Callee(SipAddress("sip:bob@example.com"))
SIP = "<Sip>sip:bob@example.com</Sip>"
NOT_VALID = FetchFailure.NOT_VALID
NEXT = Callback("https://example.com/next")


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE, TWIML_VERBS)


def with_sip(attributes: str) -> Reading:
    return read(f"<Dial {attributes}>{SIP}</Dial>")


# Seed 002 (Twilio's page on received REFERs), its examples.

TO_AGENT_A = (
    "sip:AgentA@xyz.sip.us1.twilio.com?User-to-User=123456789%3Bencoding%3Dhex&X-Name=Agent%2C+A"
)
AGENT_A = (Callee(SipAddress(TO_AGENT_A)),)
HANDLER = Callback("https://example.com/handler")


def to_agent_a(**attributes: object) -> str:
    response = VoiceResponse()
    response.dial(refer_url="https://example.com/handler", **attributes).sip(TO_AGENT_A)
    return str(response)


@pytest.mark.parametrize(
    ("text", "dial"),
    [
        pytest.param(
            "<Response><Dial><Sip>sip:AGENTB@YOURDOMAIN.sip.us1.twilio.com</Sip></Dial></Response>",
            Dial((Callee(SipAddress("sip:AGENTB@YOURDOMAIN.sip.us1.twilio.com")),)),
            id="the document that referUrl returns",
        ),
        pytest.param(to_agent_a(), Dial(AGENT_A, refer=HANDLER), id="referUrl"),
        pytest.param(
            to_agent_a(answer_on_bridge=True),
            Dial(AGENT_A, refer=HANDLER, answer_on_bridge=True),
            id="referUrl with answerOnBridge",
        ),
    ],
)
def test_documents_of_the_page_on_received_refers(text: str, dial: Dial) -> None:
    assert read_response(parse(text.encode()), BASE, TWIML_VERBS) == Reading((dial,))


@pytest.mark.parametrize(
    ("attributes", "refer"),
    [
        ("", None),
        ('referUrl=""', None),
        ('referUrl="/next"', NEXT),
        ('referUrl="/next" referMethod="POST"', NEXT),
        ('referUrl="/next" referMethod="GET"', replace(NEXT, method=GET)),
    ],
)
def test_the_table_of_refer_attributes(attributes: str, refer: Callback | None) -> None:
    # Seed 002, Attributes.
    assert with_sip(attributes) == Reading((Dial((BOB,), refer=refer),))


# One attribute after the other.

DEFAULT = Dial((BOB,))
TOLD = 'record="true" recordingStatusCallback="/next"'


@pytest.mark.parametrize(
    ("attributes", "dial"),
    [
        ("", DEFAULT),
        ('action="/next"', replace(DEFAULT, action=NEXT)),
        ('action="/next" method="GET"', replace(DEFAULT, action=replace(NEXT, method=GET))),
        ('timeout="5"', replace(DEFAULT, timeout=5.0)),
        ('timeout="600"', replace(DEFAULT, timeout=600.0)),
        ('timeLimit="1"', replace(DEFAULT, time_limit=1.0)),
        ('timeLimit="86400"', replace(DEFAULT, time_limit=86_400.0)),
        ('callerId=""', DEFAULT),
        ('callerId="+49 (30) 123-4"', replace(DEFAULT, caller_id="+49301234")),
        ('callerId="bob"', replace(DEFAULT, caller_id="bob")),
        ('callerId="client:alice"', replace(DEFAULT, caller_id="alice")),
        ('answerOnBridge="true"', replace(DEFAULT, answer_on_bridge=True)),
        ('answerOnBridge="FALSE"', DEFAULT),
        ('hangupOnStar="true"', replace(DEFAULT, keys_to_leave="*")),
        ('hangupOnStar="false"', DEFAULT),
        ('sequential="true"', replace(DEFAULT, sequential=True)),
        ('sequential="false"', DEFAULT),
        ('ringTone="de"', replace(DEFAULT, meanwhile=Tone("de"))),
        ('ringTone="UK"', replace(DEFAULT, meanwhile=Tone("uk"))),
        ('record="do-not-record"', DEFAULT),
        ('record="false"', DEFAULT),
        ('record="record-from-answer"', replace(DEFAULT, recorder=Recorder())),
        ('record="true"', replace(DEFAULT, recorder=Recorder())),
        (
            f'{TOLD} recordingStatusCallbackMethod="GET"',
            replace(DEFAULT, recorder=Recorder(replace(NEXT, method=GET))),
        ),
        (
            f'{TOLD} recordingStatusCallbackEvent="completed"',
            replace(DEFAULT, recorder=Recorder(NEXT)),
        ),
    ],
)
def test_an_attribute(attributes: str, dial: Dial) -> None:
    assert with_sip(attributes) == Reading((dial,))


ONE_CHANNEL = "both are recorded in one channel"


@pytest.mark.parametrize(
    ("attributes", "dial", "says"),
    [
        ('method="GET"', DEFAULT, "'method' of <Dial> does nothing without action."),
        ('referMethod="GET"', DEFAULT, "'referMethod' of <Dial> does nothing without referUrl."),
        ('ringTone="us-old"', replace(DEFAULT, meanwhile=Tone("us")), "'us-old' of <Dial>"),
        (
            'record="record-from-ringing"',
            replace(DEFAULT, recorder=Recorder()),
            "record='record-from-ringing' of <Dial>: the recording begins when both are connected.",
        ),
        (
            'record="record-from-answer-dual"',
            replace(DEFAULT, recorder=Recorder()),
            ONE_CHANNEL,
        ),
        (
            'record="record-from-ringing-dual"',
            replace(DEFAULT, recorder=Recorder()),
            "one channel, from when they are connected",
        ),
        (
            'recordingStatusCallback="/next"',
            DEFAULT,
            "'recordingStatusCallback' of <Dial> does nothing without record.",
        ),
        (
            'record="true" recordingStatusCallbackMethod="GET"',
            replace(DEFAULT, recorder=Recorder()),
            "does nothing without recordingStatusCallback.",
        ),
        (
            'record="true" recordingStatusCallbackEvent="completed"',
            replace(DEFAULT, recorder=Recorder()),
            "does nothing without recordingStatusCallback.",
        ),
        (
            f'{TOLD} recordingStatusCallbackEvent="in-progress completed absent"',
            replace(DEFAULT, recorder=Recorder(NEXT)),
            "Of recordings only completed is told",
        ),
        (
            f'{TOLD} recordingStatusCallbackEvent="in-progress"',
            replace(DEFAULT, recorder=Recorder()),
            "Of recordings only completed is told",
        ),
        ('trim="trim-silence"', DEFAULT, "'trim' of <Dial> is passed over; a recording keeps"),
        ('recordingTrack="inbound"', DEFAULT, "both parties are recorded"),
        ('x-hold="music"', DEFAULT, "'x-hold' of <Dial> is passed over; known are action"),
    ],
)
def test_what_cannot_be_had_is_remarked_upon(attributes: str, dial: Dial, says: str) -> None:
    reading = with_sip(attributes)
    (remark,) = reading.remarks
    assert reading.document == (dial,)
    assert_remark(remark, (1, 11), says)


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ('timeout="4"', "a whole number from 5 to 600"),
        ('timeout="601"', "a whole number from 5 to 600"),
        ('timeout="30.5"', "a whole number"),
        ('timeLimit="0"', "a whole number from 1 to 86400"),
        ('timeLimit="86401"', "a whole number from 1 to 86400"),
        ('callerId="a b"', "a telephone number, or a user"),
        ('callerId="sip:a@b"', "a telephone number, or a user"),
        ('callerId="bob&#10;X: 1"', "a telephone number, or a user"),
        ('callerId="Bürgerbüro"', "a telephone number, or a user"),
        ('callerId="client:-x"', "a telephone number, or a user"),
        (f'callerId="{"a" * 81}"', "a telephone number, or a user"),
        ('answerOnBridge="yes"', "allowed are true, false"),
        ('hangupOnStar=""', "allowed are true, false"),
        ('sequential="1"', "allowed are true, false"),
        ('ringTone="xx"', "allowed are at, au, bg"),
        ('ringTone="de,a=b"', "allowed are at, au, bg"),
        ('ringTone="id"', "allowed are at, au, bg"),
        ('record="yes"', "allowed are do-not-record, record-from-answer"),
        ('record="true" recordingStatusCallbackEvent="done"', "allowed are in-progress, comp"),
        ('referUrl="ftp://x/"', "a URL is relative"),
        ('referUrl="/a" referMethod="PUT"', "get, post"),
        ('action="/a" method="PUT"', "get, post"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(attributes: str, says: str) -> None:
    assert_refused(lambda: with_sip(attributes), NOT_VALID, (1, 11), says)


# What is in it.


@pytest.mark.parametrize(
    ("inside", "callees"),
    [
        ("+4930123", (Callee(Number("+4930123")),)),
        ("\n 415-555-1212 \n", (Callee(Number("4155551212")),)),
        (f"\n{SIP}\n", (BOB,)),
        (
            f"<Number>*21#</Number>{SIP}<Client>alice</Client><Number>1</Number>",
            (Callee(Number("*21#")), BOB, Callee(Registered("alice")), Callee(Number("1"))),
        ),
        (SIP * 10, (BOB,) * 10),
    ],
)
def test_who_is_called(inside: str, callees: tuple[Callee, ...]) -> None:
    assert read(f"<Dial>{inside}</Dial>") == Reading((Dial(callees),))


def test_messages_about_a_callee_can_say_where_it_stands() -> None:
    (dial,) = read(f"<Dial>\n {SIP}</Dial>").document
    (alone,) = read("\n<Dial>1</Dial>").document
    assert isinstance(dial, Dial)
    assert isinstance(alone, Dial)
    assert dial.callees[0].place == "line 2, column 2"
    assert alone.callees[0].place == "line 2, column 1"


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("<Dial/>", (1, 11), "<Dial> holds a number, or else elements: <Sip>, <Number>, <Client>."),
        ("<Dial> </Dial>", (1, 11), "<Dial> holds a number"),
        (f"<Dial>1{SIP}</Dial>", (1, 11), "<Dial> holds a number, or else"),
        ("<Dial>alice</Dial>", (1, 11), "'alice' in <Dial>: allowed is a telephone number"),
        ("<Dial>sip:a@b</Dial>", (1, 11), "allowed is a telephone number"),
        (f"<Dial>{SIP * 10}\n{SIP}</Dial>", (2, 1), "<Dial> calls at most 10; use several."),
        ("<Dial>\n<Conference>1</Conference></Dial>", (2, 1), "a conference has no part in REFER"),
        ("<Dial>\n<Queue>a</Queue></Dial>", (2, 1), "supported are Sip, Number, Client."),
        ("<Dial>\n<Sim>DE1</Sim></Dial>", (2, 1), "<Sim> in <Dial> is not supported here"),
        ("<Dial>\n<Application/></Dial>", (2, 1), "<Application> in <Dial> is not supported here"),
        ("<Dial>\n<WhatsApp>1</WhatsApp></Dial>", (2, 1), "WhatsApp cannot be called"),
        ("<Dial>\n<Autopilot>1</Autopilot></Dial>", (2, 1), "Autopilot cannot be called"),
        ("<Dial>\n<sip>sip:a@b</sip></Dial>", (2, 1), "upper and lower case count: write <Sip>"),
        ("<Dial>\n<Say>Hello</Say></Dial>", (2, 1), "<Say> cannot stand in Twilio's <Dial>"),
    ],
)
def test_what_cannot_stand_in_it(text: str, place: tuple[int, int], says: str) -> None:
    assert_refused(lambda: read(text), NOT_VALID, place, says)


# Twilio's own package is the judge: whatever it can write is done, remarked upon or refused.

_NO_ATTRIBUTE: Final = {"self", "kwargs", "number", "sip_url", "phone_number", "identity"}
_VALUES: Final[Mapping[str, object]] = {
    **dict.fromkeys(("timeout", "time_limit"), 60),
    **dict.fromkeys(("hangup_on_star", "answer_on_bridge", "sequential"), True),
    "caller_id": "+4930123",
    "record": "record-from-answer",
    "ring_tone": "de",
    "status_callback_event": "ringing",
    "recording_status_callback_event": "completed",
}
# Without the one the other does nothing, and is remarked upon.
_NEEDED: Final[Mapping[str, Mapping[str, object]]] = {
    "method": {"action": "/a"},
    "refer_method": {"refer_url": "/a"},
    "status_callback_event": {"status_callback": "/a"},
    "status_callback_method": {"status_callback": "/a"},
    "password": {"username": "trunk"},
    "recording_status_callback": {"record": True},
    "recording_status_callback_method": {"record": True, "recording_status_callback": "/a"},
    "recording_status_callback_event": {"record": True, "recording_status_callback": "/a"},
}
_REFUSED: Final = {"send_digits"}
_PASSED_OVER: Final = {
    *("trim", "recording_configuration_id", "recording_track", "events", "passports"),
    *("password", "byoc", "machine_detection", "machine_detection_timeout"),
    *("amd_status_callback", "amd_status_callback_method"),
    *("machine_detection_speech_threshold", "machine_detection_speech_end_threshold"),
    "machine_detection_silence_timeout",
}
_AS_DEFAULT: Final = {"recording_status_callback_event"}


def _keywords(method: Callable[..., object]) -> list[str]:
    return [name for name in inspect.signature(method).parameters if name not in _NO_ATTRIBUTE]


def _built(noun: str, arguments: Mapping[str, Any]) -> Reading:
    response = VoiceResponse()
    if noun == "dial":
        response.dial("+4930123", **arguments)
    else:
        whom = {"sip": "sip:bob@example.com", "number": "+4930123", "client": "alice"}[noun]
        getattr(response.dial(), noun)(whom, **arguments)
    return read_response(parse(str(response).encode()), BASE, TWIML_VERBS)


@pytest.mark.parametrize(
    ("noun", "keyword"),
    [
        *(("dial", name) for name in _keywords(VoiceResponse.dial)),
        *(
            (noun, name)
            for noun in ("sip", "number", "client")
            for name in _keywords(getattr(DialBuilder, noun))
        ),
    ],
)
def test_every_argument_of_twilios_package_is_done_or_spoken_of(noun: str, keyword: str) -> None:
    default = "GET" if keyword.endswith("method") else "x"
    needed = {} if noun != "dial" and keyword == "method" else _NEEDED.get(keyword, {})
    given = {**needed, keyword: _VALUES.get(keyword, default)}
    if keyword in _REFUSED:
        with pytest.raises(DocumentError, match="leave it out"):
            _built(noun, given)
        return
    with_it, without = _built(noun, given), _built(noun, needed)
    spoken_of = len(with_it.remarks) > len(without.remarks)
    assert spoken_of is (keyword in _PASSED_OVER or (noun != "dial" and keyword == "method"))
    if keyword not in _AS_DEFAULT:
        assert (with_it.document != without.document) is not spoken_of
    assert not [each for each in with_it.remarks if "known are" in each.message]


def plain(response: VoiceResponse) -> None:
    response.dial("415-123-4567")


def settled(response: VoiceResponse) -> None:
    dial = response.dial(
        action="/next",
        method="GET",
        timeout=10,
        time_limit=60,
        caller_id="client:alice",
        record="record-from-answer",
        recording_status_callback="/next",
        answer_on_bridge=True,
        hangup_on_star=True,
        ring_tone="fr",
        sequential=True,
        refer_url="/next",
        refer_method="POST",
    )
    dial.sip("sip:bob@example.com?X-A=1", username="trunk")
    dial.number("+4930123", status_callback="/next", status_callback_event="initiated answered")
    dial.client("alice")


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (plain, (Dial((Callee(Number("4151234567")),)),)),
        (
            settled,
            (
                Dial(
                    (
                        Callee(SipAddress("sip:bob@example.com?X-A=1", "trunk")),
                        Callee(
                            Number("+4930123"),
                            LegWatch(NEXT, frozenset({LegEvent.INITIATED, LegEvent.ANSWERED})),
                        ),
                        Callee(Registered("alice")),
                    ),
                    action=replace(NEXT, method=GET),
                    sequential=True,
                    timeout=10.0,
                    time_limit=60.0,
                    caller_id="alice",
                    answer_on_bridge=True,
                    meanwhile=Tone("fr"),
                    keys_to_leave="*",
                    recorder=Recorder(NEXT),
                    refer=NEXT,
                ),
            ),
        ),
    ],
)
def test_what_twilios_package_writes_is_read(
    write: Callable[[VoiceResponse], None], expected: Document
) -> None:
    response = VoiceResponse()
    write(response)
    assert read_response(parse(str(response).encode()), BASE, TWIML_VERBS) == Reading(expected)
