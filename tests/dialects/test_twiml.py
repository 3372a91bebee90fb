from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.twiml.voice_response import Gather as GatherBuilder
from twilio.twiml.voice_response import Refer as ReferBuilder
from twilio.twiml.voice_response import VoiceResponse

from stasis_refer.core.abouts import Standing
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Fetch, FetchKind
from stasis_refer.core.verbs import (
    Document,
    Enqueue,
    Gather,
    Hangup,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Reject,
    Speech,
)
from stasis_refer.dialects.dialect import DocumentError, Letter, Reading
from stasis_refer.dialects.twiml import TWIML

BASE = "https://example.com/app/voice"
APPLICATION = Application("support", "twiml", Callback(BASE))
GET, POST = Method.GET, Method.POST


def read(body: str, content_type: str = "text/xml") -> Reading:
    return TWIML.read(body.encode(), content_type, BASE, APPLICATION)


def document(*inside: str) -> str:
    text = "\n".join(("<Response>", *inside, "</Response>"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


# Seed 000 (Twilio's page on <Refer>), its examples, each under its section.


@pytest.mark.parametrize(
    ("inside", "refer"),
    [
        pytest.param(
            ("<Refer>", "<Sip>sip:alice@example.com</Sip>", "</Refer>"),
            Refer("sip:alice@example.com"),
            id="Basic Refer example",
        ),
        pytest.param(
            (
                '<Refer action="/handleRefer" method="POST">',
                "<Sip>sip:alice@example.com</Sip>",
                "</Refer>",
            ),
            Refer("sip:alice@example.com", Callback("https://example.com/handleRefer", POST)),
            id="action",
        ),
        pytest.param(
            (
                "<Refer>",
                "<Sip>",
                "sip:alice@example.com?X-AcctNumber=123456&amp;X-ReasonForCalling=billing-question",
                "</Sip>",
                "</Refer>",
            ),
            Refer("sip:alice@example.com?X-AcctNumber=123456&X-ReasonForCalling=billing-question"),
            id="Passing context via SIP Headers, X- headers",
        ),
        pytest.param(
            (
                "<Refer>",
                "<Sip>sip:alice@example.com?User-to-User=123456789%3Bencoding%3Dhex</Sip>",
                "</Refer>",
            ),
            Refer("sip:alice@example.com?User-to-User=123456789%3Bencoding%3Dhex"),
            id="Passing context via SIP Headers, User-to-User",
        ),
    ],
)
def test_documents_of_the_refer_page(inside: tuple[str, ...], refer: Refer) -> None:
    assert read(document(*inside)) == Reading((refer,))


# Documents as Twilio's own package writes them.


def basic_refer(response: VoiceResponse) -> None:
    response.refer().sip("sip:alice@example.com")


def refer_with_action(response: VoiceResponse) -> None:
    response.say("Wait", voice="Polly.Joanna", language="en-US", loop=2)
    refer = ReferBuilder(action="/done", method="GET")
    refer.sip("sip:a@b?X-A=1&X-B=2")
    response.append(refer)


def recovery(response: VoiceResponse) -> None:
    response.play("music.wav", loop=2)
    response.pause(length=3)
    response.redirect("/menu", method="GET")


def menu(response: VoiceResponse) -> None:
    gather = GatherBuilder(
        input="dtmf",
        action="/menu",
        method="GET",
        timeout=3,
        finish_on_key="*",
        num_digits=4,
        action_on_empty_result=True,
    )
    gather.pause(length=1)
    gather.say("Your number", voice="alice", language="en-GB", loop=2)
    gather.play("beep.wav", loop=0)
    response.append(gather)


def menu_of_defaults(response: VoiceResponse) -> None:
    response.gather(finish_on_key="").say("Press any key")
    response.say("Nothing came")


def queued(response: VoiceResponse) -> None:
    response.enqueue("support", action="/left", method="GET")


def queued_by_name(response: VoiceResponse) -> None:
    response.enqueue("support")


def refused_as_default(response: VoiceResponse) -> None:
    response.reject()


def refused(response: VoiceResponse) -> None:
    response.reject(reason="busy")


def hung_up(response: VoiceResponse) -> None:
    response.hangup()


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (basic_refer, (Refer("sip:alice@example.com"),)),
        (
            refer_with_action,
            (
                Play(Speech("Wait", "en-US", "Polly.Joanna"), 2),
                Refer("sip:a@b?X-A=1&X-B=2", Callback("https://example.com/done", GET)),
            ),
        ),
        (
            recovery,
            (
                Play(Recording("https://example.com/app/music.wav"), 2),
                Pause(3),
                Redirect(Callback("https://example.com/menu", GET)),
            ),
        ),
        (
            menu,
            (
                Gather(
                    (
                        Pause(1),
                        Play(Speech("Your number", "en-GB", "alice"), 2),
                        Play(Recording("https://example.com/app/beep.wav"), 0),
                    ),
                    Callback("https://example.com/menu", GET),
                    first_timeout=3,
                    next_timeout=3,
                    most=4,
                    finish_on="*",
                    tell_empty=True,
                ),
            ),
        ),
        (
            menu_of_defaults,
            (
                Gather((Play(Speech("Press any key")),), Callback(BASE)),
                Play(Speech("Nothing came")),
            ),
        ),
        (queued, (Enqueue("support", Callback("https://example.com/left", GET)),)),
        (queued_by_name, (Enqueue("support"),)),
        (refused_as_default, (Reject(404),)),
        (refused, (Reject(486),)),
        (hung_up, (Hangup(),)),
        (lambda _: None, ()),
    ],
)
def test_what_twilios_package_writes_is_read(
    write: Callable[[VoiceResponse], None], expected: Document
) -> None:
    response = VoiceResponse()
    write(response)
    assert read(str(response)) == Reading(expected)


def test_all_that_twilios_package_can_write_in_a_gather_and_an_enqueue_is_known() -> None:
    response = VoiceResponse()
    response.gather(
        **dict.fromkeys(("profanity_filter", "barge_in", "debug", "enhanced"), True),
        **dict.fromkeys(("speech_timeout", "max_speech_time"), 2),
        **dict.fromkeys(("partial_result_callback", "hints", "speech_model", "language"), "x"),
        partial_result_callback_method="GET",
    )
    response.enqueue("a", max_queue_size=5, wait_url="/wait", wait_url_method="GET")
    reading = read(str(response))
    assert reading.document == (Gather((), Callback(BASE), finish_on="#"), Enqueue("a"))
    assert len(reading.remarks) == 11 + 3
    assert not [remark for remark in reading.remarks if "known are" in remark.message]


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_a_reply_that_is_no_xml_is_refused(content_type: str) -> None:
    with pytest.raises(DocumentError, match="text/xml") as caught:
        read("<Response/>", content_type)
    assert caught.value.failure is FetchFailure.CONTENT_TYPE


PIECES = ["<Refer>", "</Refer>", "<Sip>", "</Sip>", "<Say loop='1'>", "</Say>", "<Play>", "</Play>"]
PIECES += ["<Gather timeout='1'>", "</Gather>", "<Enqueue>", "</Enqueue>"]
PIECES += ["<Redirect method='x'>", "<Redirect>", "</Redirect>", "<Pause length='1'/>", "<Dial/>"]
PIECES += ["<Dial>", "</Dial>", "<Number>", "</Number>", "<Sip url='/a' password='x'>", "+49"]
PIECES += ["sip:a@b", "http://[", "http://x:1/", "//\u2100", "/a", "é", " ", "&amp;", "\ud800"]


@given(
    st.binary()
    | st.lists(st.sampled_from(PIECES)).map(
        lambda pieces: document(*pieces).encode(errors="surrogatepass")
    )
    | st.text().map(
        lambda text: document(f"<Redirect><![CDATA[{text}]]></Redirect>").encode(errors="replace")
    )
)
@settings(max_examples=500, deadline=None)
def test_any_body_is_a_reading_or_a_document_error(body: bytes) -> None:
    try:
        remarks = TWIML.read(body, "text/xml", BASE, APPLICATION).remarks
    except DocumentError:
        return
    assert all(remark.message and remark.line and remark.column for remark in remarks)


def test_the_dialect_asks_as_twilio_does() -> None:
    application = Application(name="support", dialect=TWIML.name, document=Callback(BASE))
    intent = Fetch(FetchKind.DOCUMENT, application.document, Standing(CallStatus.RINGING))
    fields = TWIML.fields(intent, CallInfo(key="0" * 32, channel="1.1"), application, now=0.0)
    request = TWIML.request(Letter(intent.callback, "token-1", fields), application)
    assert application.dialect == "twiml"
    assert TWIML.time_limits == (30.0, 60.0)
    assert request.url == BASE
    assert b"CallStatus=ringing" in request.body
    assert request.headers["I-Twilio-Idempotency-Token"] == "token-1"
