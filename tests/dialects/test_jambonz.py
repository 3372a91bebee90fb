import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jambonz_sdk.webhook import WebhookResponse

from stasis_refer.core.abouts import Standing
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Fetch, FetchKind
from stasis_refer.core.verbs import (
    After,
    AnswerCall,
    AtPeer,
    Document,
    Gather,
    Hangup,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Reject,
    Speech,
    Tag,
    Then,
    Transferee,
)
from stasis_refer.dialects.dialect import DocumentError, Letter, Reading
from stasis_refer.dialects.jambonz import JAMBONZ
from stasis_refer.dialects.registry import DIALECTS

BASE = "https://example.com/app/voice"
APPLICATION = Application("support", "jambonz", Callback(BASE))
JSON = "application/json"


def read(body: str | bytes, content_type: str = JSON) -> Reading:
    body = body.encode() if isinstance(body, str) else body
    return JAMBONZ.read(body, content_type, BASE, APPLICATION)


# Documents as jambonz's own package writes them.


def a_refer(response: WebhookResponse) -> None:
    response.say(text="Wait", loop=2, synthesizer={"vendor": "default", "voice": "Joanna"})
    response.sip_refer(
        id="t1",
        referTo="+4930123",
        referredBy="sip:bot@example.com",
        headers={"X-Account": 1},
        actionHook={"url": "/done", "basicAuth": {"username": "u", "password": "p"}},
        eventHook="/event",
    )


def recovery(response: WebhookResponse) -> None:
    response.play(url=["a.wav", "b.wav"])
    response.pause(length=1)
    response.tag(data={"a": 1})
    response.redirect(actionHook="/menu")


def a_menu(response: WebhookResponse) -> None:
    response.gather(
        input=["digits"], numDigits=1, timeout=8, actionHook="/menu", say={"text": "Press one."}
    )


def refused(response: WebhookResponse) -> None:
    response.sip_decline(status=486)


def taken(response: WebhookResponse) -> None:
    response.answer().hangup()


REFER = Refer(
    AtPeer("+4930123"),
    Callback("https://u:p@example.com/done"),
    Callback("https://example.com/event"),
    "t1",
    "sip:bot@example.com",
    headers=(("X-Account", "1"),),
    after=After(completed=Then.END, failed=Then.RUN_IF_ANY, canceled=Then.NOTHING),
)
MENU = Gather(
    (Play(Speech("Press one.")),),
    Callback("https://example.com/menu"),
    8.0,
    8.0,
    most=1,
    tell_empty=True,
    or_go_on=True,
)


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (a_refer, (Play(Speech("Wait", voice="Joanna"), 2), REFER)),
        (
            recovery,
            (
                Play(Recording("https://example.com/app/a.wav")),
                Play(Recording("https://example.com/app/b.wav")),
                Pause(1.0),
                Tag('{"a":1}'),
                Redirect(Callback("https://example.com/menu"), or_go_on=True),
            ),
        ),
        (a_menu, (MENU,)),
        (refused, (Reject(486),)),
        (taken, (AnswerCall(), Hangup())),
        (lambda _: None, ()),
    ],
)
def test_what_jambonzs_package_writes_is_read(
    write: Callable[[WebhookResponse], None], expected: Document
) -> None:
    response = WebhookResponse()
    write(response)
    assert read(response.to_json_string()) == Reading(expected)


# Replies.

HANGUP = '[{"verb": "hangup"}]'


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/json;charset=latin1",
        "application/vnd.example+json",
        " application/json ",
    ],
)
def test_content_types_that_are_read(content_type: str) -> None:
    assert read(HANGUP, content_type) == Reading((Hangup(),))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (HANGUP, "text/plain"),
        (HANGUP, ""),
        (HANGUP, "application/xml"),
        ("<Response/>", "text/xml"),
        ("<html>", "text/html"),
        ('{"verb": "hangup"}', "text/html"),
        ("OK", "application/octet-stream"),
    ],
)
def test_content_types_that_are_not(body: str, content_type: str) -> None:
    with pytest.raises(DocumentError, match="send the document as application/json") as caught:
        read(body, content_type)
    assert caught.value.failure is FetchFailure.CONTENT_TYPE


@pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize("content_type", [JSON, "text/html", ""])
def test_a_reply_without_a_body_is_an_empty_document(body: bytes, content_type: str) -> None:
    assert read(body, content_type) == Reading(())


@pytest.mark.parametrize("content_type", ["text/plain; charset=utf-8", "text/html"])
def test_a_bare_word_is_an_empty_document_with_a_remark(content_type: str) -> None:
    reading = read("OK", content_type)
    assert reading.document == ()
    (remark,) = reading.remarks
    assert (remark.line, remark.column) == (1, 1)
    assert "no verbs" in remark.message


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ("[" * 17 + "]" * 17, FetchFailure.LIMIT),
        (" " * 65_536 + "[]", FetchFailure.TOO_LARGE),
        ('[{"verb": "hangup"},]', FetchFailure.NOT_WELL_FORMED),
        ('[{"verb": "hangup", "verb": "say"}]', FetchFailure.NOT_WELL_FORMED),
        ('[{"verb": "pause", "length": NaN}]', FetchFailure.NOT_WELL_FORMED),
        (b'[{"say": {"text": "\xe9"}}]', FetchFailure.NOT_WELL_FORMED),
        ('[{"verb": "enqueue"}]', FetchFailure.UNKNOWN_VERB),
        ("[5]", FetchFailure.NOT_VALID),
        ('{"verb": "hangup"}', FetchFailure.NOT_VALID),
    ],
)
def test_bad_documents(body: str | bytes, failure: FetchFailure) -> None:
    with pytest.raises(DocumentError) as caught:
        read(body)
    assert caught.value.failure is failure


NAMES = ["verb", "id", "referTo", "referredBy", "headers", "actionHook", "eventHook", "url"]
NAMES += ["method", "username", "password", "basicAuth", "text", "loop", "synthesizer", "voice"]
NAMES += ["say", "play", "gather", "sip:refer", "tag", "data", "input", "numDigits", "timeout"]
NAMES += ["pause", "length", "config", "redirect", "sip:decline", "status", "xRingTimeout"]
WORDS = ["say", "gather", "sip:refer", "/a", "http://[", "//\u2100", "sip:a@b", "", "digits"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=3),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inside, max_size=5)
    ),
    max_leaves=15,
)
VERBS = st.builds(
    lambda name, members: members | {"verb": name},
    st.sampled_from(["say", "play", "gather", "sip:refer", "tag", "pause", "config", "redirect"]),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
)


@given(
    st.binary() | (st.lists(VERBS | VALUES) | VALUES).map(lambda each: json.dumps(each).encode())
)
@settings(max_examples=300, deadline=None)
def test_any_body_is_a_reading_or_a_document_error(body: bytes) -> None:
    try:
        remarks = read(body).remarks
    except DocumentError:
        return
    assert all(remark.message and remark.line and remark.column for remark in remarks)


# The dialect.


def test_the_dialect_asks_as_jambonz_does() -> None:
    intent = Fetch(FetchKind.DOCUMENT, APPLICATION.document, Standing(CallStatus.RINGING))
    info = CallInfo(key="0" * 32, channel="1.1")
    fields = JAMBONZ.fields(intent, info, APPLICATION, 0.0)
    request = JAMBONZ.request(Letter(intent.callback, "token-1", fields), APPLICATION)
    assert (request.method, request.url) == (Method.POST, BASE)
    assert json.loads(request.body)["call_sid"] == "00000000-0000-0000-0000-000000000000"


def test_relative_urls_mean_those_of_the_reply() -> None:
    body = b'[{"redirect": {"actionHook": "next"}}]'
    reading = JAMBONZ.read(body, JSON, "https://u:p@other.example/x/y", APPLICATION)
    assert reading.document == (
        Redirect(Callback("https://u:p@other.example/x/next"), or_go_on=True),
    )


def test_for_cognigy_the_default_hook_means_that_of_the_application() -> None:
    cognigy = Application("a", "jambonz", Callback(BASE), cognigy_compat=True)
    body = b'[{"sip:refer": {"referTo": "x"}}]'
    (verb,) = JAMBONZ.read(body, JSON, "https://other.example/x/y", cognigy).document
    assert isinstance(verb, Refer)
    assert verb.action == Callback("https://example.com/app/refer")
    assert verb.referred_by == Transferee()


def test_the_dialect_is_in_the_register() -> None:
    assert DIALECTS["jambonz"] is JAMBONZ
    assert JAMBONZ.time_limits == (15.0, 60.0)
