import json
from collections.abc import Sequence
from typing import Any

import pytest
from bandwidth.models import bxml as sdk
from bandwidth.models.bxml.verb import Verb as SdkVerb
from bandwidth.models.initiate_callback import InitiateCallback
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.core.abouts import Standing
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Fetch, FetchKind
from stasis_refer.core.verbs import (
    After,
    Callee,
    Dial,
    Document,
    Gather,
    Hangup,
    LegWatch,
    Number,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Ring,
    SipAddress,
    Speech,
    Tag,
    Then,
)
from stasis_refer.dialects.bxml import BXML
from stasis_refer.dialects.bxml_transfer import TIME_LIMIT
from stasis_refer.dialects.bxml_verbs import BXML_VERBS
from stasis_refer.dialects.dialect import DocumentError, Letter, Reading
from stasis_refer.dialects.registry import DIALECTS

BASE = "https://example.com/app/voice"
APPLICATION = Application("support", "bxml", Callback(BASE))
URI = "sip:alice@atlanta.example.com"
AFTER = After(completed=Then.END, failed=Then.RUN, canceled=Then.NOTHING)
GET, POST = Method.GET, Method.POST


def read(body: str, content_type: str = "application/xml; charset=utf-8") -> Reading:
    return BXML.read(body.encode(), content_type, BASE, APPLICATION)


def refer(action: Callback | None = None) -> Refer:
    return Refer(URI, action, ring_from_acceptance=True, after=AFTER)


def say(text: str, language: str = "en-US", voice: str = "woman") -> Play:
    return Play(Speech(text, language, voice))


def test_seed_001_send_refer_to_a_sip_uri() -> None:
    body = """\
<?xml version="1.0" encoding="UTF-8"?>
<Response>
<Refer referCompleteUrl="https://example.com/handleRefer" referCompleteMethod="POST">
<SipUri>sip:alice@atlanta.example.com</SipUri>
</Refer>
</Response>
"""
    assert read(body) == Reading((refer(Callback("https://example.com/handleRefer", POST)),))


def test_seed_001_handle_failure_in_refer_complete_callback() -> None:
    body = """\
<Response>
<SpeakSentence>The transfer could not be completed. Please try again later.</SpeakSentence>
<Hangup />
</Response>"""
    text = "The transfer could not be completed. Please try again later."
    assert read(body) == Reading((say(text), Hangup()))


# Documents as Bandwidth's own package writes them.

URLS: dict[str, Any] = {
    "username": "u",
    "password": "p",
    "fallback_username": "f",
    "fallback_password": "g",
    "tag": "t",
}
THEIRS = Callback("https://u:p@example.com/next", GET, Callback("https://f:g@b.example/", GET))
WRITTEN: dict[type[SdkVerb], tuple[SdkVerb, Document]] = {
    sdk.Refer: (
        sdk.Refer(sdk.SipUri(URI), refer_complete_url="/done", refer_complete_method="GET", tag=""),
        (Tag(""), refer(Callback("https://example.com/done", GET))),
    ),
    sdk.Transfer: (
        sdk.Transfer(
            [
                sdk.PhoneNumber("+15551234567", transfer_disconnect_url="/gone", tag="a"),
                sdk.SipUri(URI, uui="31;encoding=hex"),
            ],
            transfer_caller_id="+15557654321",
            transfer_caller_display_name="Shop",
            call_timeout="20",
            transfer_complete_url="/next",
            transfer_complete_method="GET",
            transfer_complete_fallback_url="https://b.example/",
            transfer_complete_fallback_method="GET",
            **URLS,
        ),
        (
            Tag("t"),
            Dial(
                (
                    Callee(
                        Number("+15551234567"),
                        LegWatch(Callback("https://example.com/gone", POST)),
                        "a",
                    ),
                    Callee(SipAddress(URI, headers=(("User-to-User", "31;encoding=hex"),))),
                ),
                THEIRS,
                timeout=20.0,
                time_limit=TIME_LIMIT,
                caller_id="+15557654321",
                caller_name="Shop",
            ),
        ),
    ),
    sdk.SpeakSentence: (
        sdk.SpeakSentence("Hallo & Welt", voice="stefan", gender="male", locale="de"),
        (say("Hallo & Welt", "de", "man"),),
    ),
    sdk.PlayAudio: (
        sdk.PlayAudio("music.wav", username="u", password="p"),
        (Play(Recording("https://u:p@example.com/app/music.wav")),),
    ),
    sdk.Gather: (
        sdk.Gather(
            audio_verbs=[sdk.SpeakSentence("Hello"), sdk.PlayAudio("https://h/a.mp3")],
            gather_url="/next",
            gather_method="GET",
            gather_fallback_url="https://b.example/",
            gather_fallback_method="GET",
            terminating_digits="#",
            max_digits=3,
            inter_digit_timeout=4,
            first_digit_timeout=6,
            repeat_count=2,
            input="dtmf",
            **URLS,
        ),
        (
            Tag("t"),
            Gather(
                prompts=(say("Hello"), Play(Recording("https://h/a.mp3"))),
                action=THEIRS,
                first_timeout=6.0,
                next_timeout=4.0,
                most=3,
                finish_on="#",
                rounds=2,
                tell_empty=True,
            ),
        ),
    ),
    sdk.Redirect: (
        sdk.Redirect(
            "/next",
            redirect_method="GET",
            redirect_fallback_url="https://b.example/",
            redirect_fallback_method="GET",
            **URLS,
        ),
        (Tag("t"), Redirect(THEIRS)),
    ),
    sdk.Pause: (sdk.Pause(3), (Pause(3.0),)),
    sdk.Ring: (sdk.Ring(30, answer_call=False), (Ring(30.0, answer=False),)),
    sdk.Tag: (sdk.Tag("gold"), (Tag("gold"),)),
    sdk.Hangup: (sdk.Hangup(), (Hangup(),)),
}
NO_VERBS = {
    "CustomParam",
    "Endpoint",
    "NestableVerb",
    "PhoneNumber",
    "SipUri",
    "StreamParam",
    "Verb",
}
"""Base classes of the package, and what stands only inside a verb."""


@pytest.mark.parametrize("root", [sdk.Response, sdk.Bxml])
@pytest.mark.parametrize(("verb", "document"), WRITTEN.values(), ids=lambda x: type(x).__name__)
def test_what_bandwidths_package_writes_is_read(
    root: type[sdk.Response | sdk.Bxml], verb: SdkVerb, document: Document
) -> None:
    assert read(root([verb]).to_bxml()) == Reading(document)


@pytest.mark.parametrize(
    ("verb", "document"),
    [
        (sdk.Refer(sdk.SipUri(URI)), (refer(),)),
        (sdk.Gather(audio_verbs=[]), (Gather(most=50, tell_empty=True),)),
        (sdk.Pause(), (Pause(1.0),)),
        (sdk.Ring(), (Ring(5.0),)),
        (sdk.Tag(), (Tag(""),)),
    ],
)
def test_what_is_left_out_is_as_bandwidth_has_it(verb: SdkVerb, document: Document) -> None:
    assert read(sdk.Response([verb]).to_bxml()) == Reading(document)


def test_ssml_of_bandwidths_package_is_refused_by_name() -> None:
    written = sdk.Response([sdk.SpeakSentence("Wait <break/> here")]).to_bxml()
    with pytest.raises(DocumentError, match=r"SSML \(<break>\) is not supported"):
        read(written)


def test_every_verb_of_bandwidths_package_is_read_or_named_as_not_supported() -> None:
    theirs = {
        name
        for name, each in vars(sdk).items()
        if isinstance(each, type) and issubclass(each, SdkVerb)
    }
    done = {each.__name__ for each in WRITTEN}
    assert done == set(BXML_VERBS.verbs)
    assert theirs - NO_VERBS == done | BXML_VERBS.not_supported


# Replies.


@pytest.mark.parametrize(
    "content_type", ["application/xml", "text/xml; charset=utf-8", "TEXT/HTML", " text/xml "]
)
def test_content_types_that_are_read(content_type: str) -> None:
    assert read("<Bxml><Hangup/></Bxml>", content_type) == Reading((Hangup(),))


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "", "text/xmlish"])
def test_content_types_that_are_not(content_type: str) -> None:
    with pytest.raises(DocumentError, match="text/xml") as caught:
        read("<Response/>", content_type)
    assert caught.value.failure is FetchFailure.CONTENT_TYPE


@pytest.mark.parametrize("body", ["", " \r\n", "\ufeff", "<Response/>", "<Bxml></Bxml>"])
def test_a_reply_that_wants_nothing_done(body: str) -> None:
    content_type = "text/xml" if "<" in body else ""
    assert read(body, content_type) == Reading(())


PIECES = ["<Refer tag=''>", "</Refer>", "<SipUri>", "</SipUri>", "<Gather username='u'>"]
PIECES += ["</Gather>", "<SpeakSentence voice='x'>", "</SpeakSentence>", "<PlayAudio>"]
PIECES += ["</PlayAudio>", "<Redirect redirectUrl='/a'/>", "<Redirect redirectUrl='//\u2100'/>"]
PIECES += ["<Pause duration='1'/>", "<Transfer/>", "sip:a@b", "é", " ", "&amp;", "\ud800"]


def bodies(pieces: Sequence[str]) -> bytes:
    return f"<Response>{''.join(pieces)}</Response>".encode(errors="surrogatepass")


@given(st.binary() | st.lists(st.sampled_from(PIECES)).map(bodies))
@settings(max_examples=300, deadline=None)
def test_any_body_is_a_reading_or_a_document_error(body: bytes) -> None:
    try:
        remarks = BXML.read(body, "text/xml", BASE, APPLICATION).remarks
    except DocumentError:
        return
    assert all(remark.message and remark.line and remark.column for remark in remarks)


# The dialect as a whole.


def test_the_dialect_asks_as_bandwidth_does() -> None:
    application = Application(name="support", dialect=BXML.name, document=Callback(BASE))
    intent = Fetch(FetchKind.DOCUMENT, application.document, Standing(CallStatus.RINGING))
    fields = BXML.fields(intent, CallInfo(key="0" * 32, channel="1.1"), application, 1.0)
    request = BXML.request(Letter(intent.callback, "token-1", fields), application)
    assert request.url == BASE
    told = json.loads(request.body)
    assert told["eventType"] == "initiate"
    model = InitiateCallback.from_dict(told)
    assert model is not None
    assert model.additional_properties == {}


def test_the_dialect_is_registered_with_its_time_limits() -> None:
    assert DIALECTS["bxml"] is BXML
    assert BXML.time_limits == (30.0, 30.0)
