from base64 import b64encode
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from stasis_refer.core.abouts import Gathered, LegProgress, Standing, TransferAsked, Transferred
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Fetch, FetchKind, Tell, TellKind
from stasis_refer.core.leg import info_of
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.verbs import Hangup, LegEvent, Refer
from stasis_refer.dialects.dialect import DocumentError, Letter, Reading, WebhookRequest
from stasis_refer.dialects.rcml import RCML
from stasis_refer.dialects.registry import DIALECTS

BASE = "https://example.com/app/voice"
GET, POST = Method.GET, Method.POST
NOW = 1_764_000_000.0
ANSWERED = Standing(CallStatus.IN_PROGRESS, 0.5)
APPLICATION = Application(
    name="support",
    dialect="rcml",
    document=Callback(BASE),
    account_sid="AC00000000000000000000000000000000",
    auth_token="hunter2-0123456789abcdef",
)
INFO = CallInfo(
    key="0123456789abcdef0123456789abcdef",
    channel="1.1",
    call_id="abc@phone",
    channel_name="PJSIP/trunk-00000001",
    caller="+4930123",
    caller_name="Ä & B=C",
    dialed="support",
    domain="pbx.example.com",
    peer="198.51.100.7",
    source_ip="198.51.100.7",
    headers=(("X-Acct", "1 2+3"), ("User-to-User", "31"), ("Diversion", "<sip:+4940@gw>")),
)
BASIC = {
    "CallSid": "CA0123456789abcdef0123456789abcdef",
    "AccountSid": "AC00000000000000000000000000000000",
    "From": "+4930123",
    "To": "support",
    "CallStatus": "in-progress",
    "ApiVersion": "2012-04-24",
    "Direction": "inbound",
    "CallerName": "Ä & B=C",
    "ForwardedFrom": "+4940",
    "SipHeader_X-Acct": "1 2+3",
}
COMPLETED = Transferred(Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 200))
RESERVED = Transferred(Result(Outcome.BLOCKED, Reason.RESERVED_HEADER, Evidence.NONE, 400))


def ask(intent: Fetch | Tell, application: Application = APPLICATION) -> WebhookRequest:
    fields = RCML.fields(intent, INFO, application, NOW)
    return RCML.request(Letter(intent.callback, "token-1", fields), application)


def action(
    about: Transferred | Gathered | None = None, url: str = BASE, method: Method = POST
) -> Fetch:
    return Fetch(FetchKind.ACTION, Callback(url, method), ANSWERED, about)


def form(request: WebhookRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def test_the_dialect_is_known_by_its_name() -> None:
    assert DIALECTS["rcml"] is RCML
    assert RCML.time_limits == (30.0, 60.0)


# Requests.


def test_a_post_sends_a_form() -> None:
    request = ask(action(url="https://u:p@example.com/voice?a=b#rc=3"))
    assert (request.method, request.url) == (POST, "https://example.com/voice?a=b")
    assert form(request) == BASIC
    assert request.headers == {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "Idempotency-Key": "token-1",
    }
    assert request.limits.retries == 3


def test_a_get_sends_a_query() -> None:
    request = ask(action(COMPLETED, "https://example.com/voice?a=b", GET))
    assert (request.method, request.body) == (GET, b"")
    assert request.headers == {"Idempotency-Key": "token-1"}
    assert dict(parse_qsl(urlsplit(request.url).query)) == BASIC | {
        "a": "b",
        "ReferCallStatus": "in-progress",
        "ReferSipResponseCode": "202",
        "NotifySipResponseCode": "200",
    }


@pytest.mark.parametrize(
    ("about", "told"),
    [
        pytest.param(
            COMPLETED,
            {
                "ReferCallStatus": "in-progress",
                "ReferSipResponseCode": "202",
                "NotifySipResponseCode": "200",
            },
            id="seed 004, Refer Action Request HTTP Parameters",
        ),
        pytest.param(
            RESERVED, {"ReferSipResponseCode": "400"}, id="seed 004, Nesting: reserved headers"
        ),
        pytest.param(Gathered("12", "#"), {"Digits": "12"}, id="Restcomm's page on Gather"),
    ],
)
def test_the_action_url_is_told_what_happened(
    about: Transferred | Gathered, told: dict[str, str]
) -> None:
    assert form(ask(action(about))) == BASIC | told


LEG = info_of(INFO, 1, "agent", "phones.example.com", 0.0)


def test_a_refer_is_asked_about_with_the_parameters_of_the_transferee() -> None:
    about = TransferAsked("<sip:carol@example.com>", "carol", LEG, INFO)
    intent = Fetch(FetchKind.REFER, Callback(BASE), ANSWERED, about)
    assert form(ask(intent)) == BASIC | {
        "ReferTransferTarget": "<sip:carol@example.com>",
        "ReferTarget": "carol",
        "Transferor": "agent",
        "Transferee": "+4930123",
    }


def test_the_status_callback_of_a_leg() -> None:
    standing, progress = Standing(CallStatus.BUSY), LegProgress(LegEvent.COMPLETED, 2, 486)
    intent = Tell(TellKind.LEG, Callback(BASE), standing, progress, of=LEG)
    fields = RCML.fields(intent, LEG, APPLICATION, NOW)
    assert fields == {
        "CallSid": f"CA{LEG.key}",
        "AccountSid": "AC00000000000000000000000000000000",
        "From": "+4930123",
        "To": "agent",
        "CallStatus": "busy",
        "ApiVersion": "2012-04-24",
        "Direction": "outbound-dial",
        "ParentCallSid": "CA0123456789abcdef0123456789abcdef",
        "CallerName": "Ä & B=C",
        "Timestamp": "Mon, 24 Nov 2025 16:00:00 +0000",
        "CallbackSource": "call-progress-events",
        "SequenceNumber": "2",
        "CallDuration": "0",
    }


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("ringing", "ringing"),
        ("in_progress", "in-progress"),
        ("completed", "completed"),
        ("busy", "busy"),
        ("rejected", "no-answer"),
        ("failed", "failed"),
        ("initiated", "initiated"),
        ("no_answer", "no-answer"),
        ("canceled", "canceled"),
    ],
)
def test_the_call_status(status: str, told: str) -> None:
    intent = Fetch(FetchKind.DOCUMENT, Callback(BASE), Standing(CallStatus(status)))
    assert form(ask(intent)) == BASIC | {"CallStatus": told}


def test_the_fallback_is_told_what_failed() -> None:
    failed = FetchFailed(FetchFailure.UNKNOWN_VERB, "https://u:p@h/x?y=1#rc=1", "…", 2, 1)
    intent = Fetch(FetchKind.FALLBACK, Callback(BASE), ANSWERED, failed)
    assert form(ask(intent)) == BASIC | {"ErrorCode": "12200", "ErrorUrl": "https://h/x?y=1"}


@pytest.mark.parametrize(("duration", "told"), [(0.0, "0"), (59.0, "59"), (59.01, "60")])
def test_the_status_callback_is_told_the_duration(duration: float, told: str) -> None:
    standing = Standing(CallStatus.COMPLETED, 0.5)
    intent = Tell(TellKind.STATUS, Callback(BASE), standing, duration=duration)
    assert form(ask(intent)) == BASIC | {"CallStatus": "completed", "CallDuration": told}


def test_nothing_is_signed() -> None:
    assert ask(action()).sign(BASE, POST, NOW) == {}


@pytest.mark.parametrize(
    ("asked", "tried", "credentials"),
    [
        (BASE, BASE, "ours:hunter2"),
        (BASE, "https://other.example/moved", None),
        ("https://u:p@example.com/voice", BASE, "u:p"),
    ],
)
def test_credentials_go_to_their_own_origin(
    asked: str, tried: str, credentials: str | None
) -> None:
    application = replace(APPLICATION, username="ours", password="hunter2")
    signed = ask(action(url=asked), application).sign(tried, POST, NOW)
    told = f"Basic {b64encode(credentials.encode()).decode()}" if credentials else None
    assert signed.get("Authorization") == told


# Documents.


def read(body: str, content_type: str = "text/xml") -> Reading:
    return RCML.read(body.encode(), content_type, BASE, APPLICATION)


def test_a_document_is_read() -> None:
    body = '<?xml version="1.0"?><Response><Refer><Sip>sip:a@b</Sip></Refer><Hangup/></Response>'
    assert read(body, "application/xml") == Reading((Refer("sip:a@b"), Hangup()))


def test_a_reply_that_is_no_xml_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        read("<Response/>", "text/plain")
    assert caught.value.failure is FetchFailure.CONTENT_TYPE


def test_twilios_own_verbs_are_not_restcomms() -> None:
    with pytest.raises(DocumentError, match="the Restcomm verb <Enqueue> is not supported here"):
        read("<Response><Enqueue>support</Enqueue></Response>")
