from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.twiml.voice_response import Refer as ReferBuilder
from twilio.twiml.voice_response import VoiceResponse

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import CallStatus, Fetch, FetchKind
from stasis_refer.core.verbs import (
    Document,
    Hangup,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Reject,
    Speech,
)
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.twiml import TWIML

BASE = "https://example.com/app/voice"
GET, POST = Method.GET, Method.POST


def read(body: str, content_type: str = "text/xml") -> Reading:
    return TWIML.read(body.encode(), content_type, BASE)


def document(*inside: str) -> str:
    text = "\n".join(("<Response>", *inside, "</Response>"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


# The examples of Twilio's page on <Refer>, each under its section.


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
    response.play("music.wav", loop=0)
    response.pause(length=3)
    response.redirect("/menu", method="GET")


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
                Play(Recording("https://example.com/app/music.wav"), 0),
                Pause(3),
                Redirect(Callback("https://example.com/menu", GET)),
            ),
        ),
        (refused, (Reject(busy=True),)),
        (hung_up, (Hangup(),)),
        (lambda _: None, ()),
    ],
)
def test_what_twilios_package_writes_is_read(
    write: Callable[[VoiceResponse], None], expected: Document
) -> None:
    response = VoiceResponse()
    write(response)
    assert read(str(response)).document == expected


@pytest.mark.parametrize(
    "content_type",
    ["text/xml", "application/xml; charset=utf-8", "TEXT/HTML;charset=UTF-8", " text/xml "],
)
def test_content_types_that_are_read(content_type: str) -> None:
    assert read("<Response/>", content_type) == Reading(())


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "", "text/xmlish"])
def test_content_types_that_are_not(content_type: str) -> None:
    with pytest.raises(DocumentError, match="text/xml") as caught:
        read("<Response/>", content_type)
    assert caught.value.failure is FetchFailure.CONTENT_TYPE


@pytest.mark.parametrize("body", ["", " \n"])
def test_an_empty_body_is_empty_whatever_it_says_it_is(body: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(body, "text/plain")
    assert caught.value.failure is FetchFailure.EMPTY


PIECES = ["<Refer>", "</Refer>", "<Sip>", "</Sip>", "<Say loop='1'>", "</Say>", "<Play>", "</Play>"]
PIECES += ["<Redirect method='x'>", "<Redirect>", "</Redirect>", "<Pause length='1'/>", "<Dial/>"]
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
        remarks = TWIML.read(body, "text/xml", BASE).remarks
    except DocumentError:
        return
    assert all(remark.message and remark.line and remark.column for remark in remarks)


def test_the_dialect_asks_as_twilio_does() -> None:
    application = Application(name="support", dialect=TWIML.name, document=Callback(BASE))
    intent = Fetch(FetchKind.DOCUMENT, application.document, CallStatus.RINGING)
    request = TWIML.request(intent, CallInfo(key="0" * 32, channel="1.1"), application, "token-1")
    assert application.dialect == "twiml"
    assert request.url == BASE
    assert b"CallStatus=ringing" in request.body
    assert request.headers["I-Twilio-Idempotency-Token"] == "token-1"
