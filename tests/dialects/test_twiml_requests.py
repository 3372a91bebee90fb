from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from twilio.request_validator import RequestValidator

from stasis_refer.core.abouts import (
    Dialed,
    Gathered,
    LeftQueue,
    LegProgress,
    QueueResult,
    Recorded,
    Standing,
    TransferAsked,
    Transferred,
)
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Fetch, FetchKind, Tell, TellKind
from stasis_refer.core.leg import info_of
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.verbs import LegEvent
from stasis_refer.dialects.dialect import Letter, WebhookRequest
from stasis_refer.dialects.twiml_requests import twiml_fields, twiml_request

BASE = "https://example.com/app/voice"
AUTH_TOKEN = "hunter2-0123456789abcdef"
APPLICATION = Application(
    name="support",
    dialect="twiml",
    document=Callback(BASE),
    account_sid="AC00000000000000000000000000000000",
    auth_token=AUTH_TOKEN,
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
    headers=(("X-Acct", "1 2+3"), ("user-to-user", "31;encoding=hex")),
)
STANDARD = {
    "CallSid": "CA0123456789abcdef0123456789abcdef",
    "AccountSid": "AC00000000000000000000000000000000",
    "From": "sip:+4930123@198.51.100.7",
    "To": "sip:support@pbx.example.com",
    "Caller": "sip:+4930123@198.51.100.7",
    "Called": "sip:support@pbx.example.com",
    "CallStatus": "in-progress",
    "ApiVersion": "2010-04-01",
    "Direction": "inbound",
    "CallerName": "Ä & B=C",
    "SipDomain": "pbx.example.com",
    "SipCallId": "abc@phone",
    "SipHeader_X-Acct": "1 2+3",
    "SipHeader_User-to-User": "31;encoding=hex",
}
COMPLETED = Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 200)
GET, POST = Method.GET, Method.POST
NOW = 1_764_000_000.0
ANSWERED = Standing(CallStatus.IN_PROGRESS, 0.5)


def fetch(url: str = BASE, method: Method = POST, result: Result | None = None) -> Fetch:
    kind = FetchKind.ACTION if result else FetchKind.DOCUMENT
    about = Transferred(result) if result else None
    return Fetch(kind, Callback(url, method), ANSWERED, about)


def ask(
    intent: Fetch | Tell, application: Application = APPLICATION, info: CallInfo = INFO
) -> WebhookRequest:
    fields = twiml_fields(intent, info, application, NOW)
    return twiml_request(Letter(intent.callback, "token-1", fields), application)


def form(request: WebhookRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


# Seed 000 (Twilio's page on <Refer>), action, the example scenarios.


@pytest.mark.parametrize(
    ("outcome", "codes", "told"),
    [
        pytest.param(
            Outcome.COMPLETED,
            (202, 200),
            {
                "ReferCallStatus": "in-progress",
                "ReferSipResponseCode": "202",
                "NotifySipResponseCode": "200",
            },
            id="action, scenario 1: the transfer succeeds",
        ),
        pytest.param(
            Outcome.BUSY,
            (202, 486),
            {
                "ReferCallStatus": "busy",
                "ReferSipResponseCode": "202",
                "NotifySipResponseCode": "486",
            },
            id="action, scenario 2: the new call fails",
        ),
        pytest.param(
            Outcome.FAILED,
            (202, 404),
            {
                "ReferCallStatus": "failed",
                "ReferSipResponseCode": "202",
                "NotifySipResponseCode": "404",
            },
            id="action, scenario 2: the new call fails otherwise",
        ),
        pytest.param(
            Outcome.REJECTED,
            (405, None),
            {"ReferCallStatus": "failed", "ReferSipResponseCode": "405"},
            id="action, scenario 3: the REFER is refused",
        ),
        pytest.param(
            Outcome.CANCELED,
            (202, 180),
            {
                "ReferCallStatus": "canceled",
                "ReferSipResponseCode": "202",
                "NotifySipResponseCode": "180",
            },
            id="action, scenario 4: the caller hangs up",
        ),
    ],
)
def test_action_parameters_of_the_refer_page(
    outcome: Outcome, codes: tuple[int, int | None], told: dict[str, str]
) -> None:
    result = Result(outcome, Reason.FINAL_NOTIFY, Evidence.SIP, *codes)
    assert form(ask(fetch(result=result))) == STANDARD | told


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (Gathered("1*2", "#"), {"Digits": "1*2", "FinishedOnKey": "#"}),
        (Gathered(""), {}),
        (LeftQueue("a", QueueResult.FULL, 0.0), {"QueueResult": "queue-full"}),
    ],
)
@pytest.mark.parametrize("method", [Method.GET, Method.POST])
def test_the_action_url_is_told_of_keys_and_queues(
    about: Gathered | LeftQueue, told: dict[str, str], method: Method
) -> None:
    request = ask(Fetch(FetchKind.ACTION, Callback(BASE, method), ANSWERED, about))
    sent = form(request) if method is POST else {}
    query = dict(parse_qsl(urlsplit(request.url).query))
    assert sent | query == STANDARD | told
    assert valid(request.url, sent, request.sign(request.url, method, NOW), AUTH_TOKEN)


# A Dial, its legs, and a REFER that was received.

LEG = info_of(INFO, 1, "agent", "phones.example.com", 0.0)
OF_LEG = {
    "CallSid": f"CA{LEG.key}",
    "AccountSid": "AC00000000000000000000000000000000",
    "From": "sip:+4930123@198.51.100.7",
    "To": "sip:agent@phones.example.com",
    "Caller": "sip:+4930123@198.51.100.7",
    "Called": "sip:agent@phones.example.com",
    "ApiVersion": "2010-04-01",
    "Direction": "outbound-dial",
    "ParentCallSid": "CA0123456789abcdef0123456789abcdef",
    "CallerName": "Ä & B=C",
    "Timestamp": "Mon, 24 Nov 2025 16:00:00 +0000",
    "CallbackSource": "call-progress-events",
}


@pytest.mark.parametrize(
    ("status", "progress", "told"),
    [
        ("initiated", LegProgress(LegEvent.INITIATED, 0), {"CallStatus": "initiated"}),
        ("ringing", LegProgress(LegEvent.RINGING, 1), {"CallStatus": "ringing"}),
        (
            "in_progress",
            LegProgress(LegEvent.ANSWERED, 2, 200),
            {"CallStatus": "in-progress", "SipResponseCode": "200"},
        ),
        (
            "no_answer",
            LegProgress(LegEvent.COMPLETED, 3, 480),
            {
                "CallStatus": "no-answer",
                "CallDuration": "9",
                "Duration": "1",
                "SipResponseCode": "480",
            },
        ),
    ],
)
def test_the_status_callback_of_a_leg(
    status: str, progress: LegProgress, told: dict[str, str]
) -> None:
    standing = Standing(CallStatus(status))
    intent = Tell(TellKind.LEG, Callback(BASE), standing, progress, 8.2, LEG)
    number = {"SequenceNumber": str(progress.number)}
    request = ask(intent, info=LEG)
    assert form(request) == OF_LEG | number | told
    signed = request.sign(request.url, POST, NOW)
    assert valid(request.url, form(request), signed, AUTH_TOKEN)


def test_the_action_url_of_a_dial() -> None:
    application = replace(APPLICATION, public_url="https://refer.example.com")
    dialed = Dialed(Outcome.COMPLETED, LEG, 200, 59.3, connected=True, recorded=Recorded("a", 59.0))
    request = ask(Fetch(FetchKind.ACTION, Callback(BASE), ANSWERED, dialed), application)
    assert form(request) == STANDARD | {
        "DialCallStatus": "completed",
        "DialCallSid": f"CA{LEG.key}",
        "DialCallDuration": "60",
        "DialBridged": "true",
        "DialSipResponseCode": "200",
        "RecordingUrl": "https://refer.example.com/recordings/a.wav",
        "RecordingSid": "RE0cc175b9c0f1b6a831c399e269772661",
        "RecordingDuration": "59",
    }


@pytest.mark.parametrize("method", [GET, POST])
def test_a_refer_is_asked_about_with_the_parameters_of_the_transferee(method: Method) -> None:
    # Seed 002: the contents of Refer-To are passed on whole.
    refer_to = "<sip:AgentB@example.com?User-to-User=31%3Bencoding%3Dhex&X-Name=B%2C+C>"
    about = TransferAsked(refer_to, "AgentB", LEG, INFO)
    request = ask(Fetch(FetchKind.REFER, Callback(BASE, method), ANSWERED, about))
    sent = form(request) if method is POST else {}
    query = dict(parse_qsl(urlsplit(request.url).query))
    assert sent | query == STANDARD | {"ReferTransferTarget": refer_to}
    assert valid(request.url, sent, request.sign(request.url, method, NOW), AUTH_TOKEN)


# Requests.


def test_a_post_sends_a_form() -> None:
    request = ask(fetch("https://u:p@example.com/voice?a=b#rc=3&rp=all"))
    assert (request.method, request.url) == (POST, "https://example.com/voice?a=b")
    assert form(request) == STANDARD
    assert request.headers == {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "I-Twilio-Idempotency-Token": "token-1",
    }
    assert (request.limits.retries, len(request.limits.retry_on)) == (3, 4)


def test_a_get_sends_a_query() -> None:
    request = ask(fetch("https://example.com/voice?a=b", GET, COMPLETED))
    assert request.body == b""
    assert request.headers == {"I-Twilio-Idempotency-Token": "token-1"}
    assert request.url.startswith("https://example.com/voice?a=b&CallSid=CA")
    assert dict(parse_qsl(urlsplit(request.url).query)) == STANDARD | {
        "a": "b",
        "ReferCallStatus": "in-progress",
        "ReferSipResponseCode": "202",
        "NotifySipResponseCode": "200",
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
    assert form(ask(intent)) == STANDARD | {"CallStatus": told}


def test_the_fallback_is_told_what_failed() -> None:
    failed = FetchFailed(FetchFailure.UNKNOWN_VERB, "https://u:p@h/x?y=1#rc=1", "…", 2, 1)
    intent = Fetch(FetchKind.FALLBACK, Callback(BASE), ANSWERED, failed)
    told = {"ErrorCode": "12200", "ErrorUrl": "https://h/x?y=1"}
    assert form(ask(intent)) == STANDARD | told


@pytest.mark.parametrize(
    ("duration", "told"), [(0.0, "0"), (0.2, "1"), (59.0, "59"), (59.01, "60")]
)
def test_the_status_callback_is_told_the_duration_in_whole_seconds_rounded_up(
    duration: float, told: str
) -> None:
    standing = Standing(CallStatus.COMPLETED, 0.5)
    intent = Tell(TellKind.STATUS, Callback(BASE), standing, duration=duration)
    expected = STANDARD | {"CallStatus": "completed", "CallDuration": told}
    assert form(ask(intent)) == expected


# Signatures, judged by Twilio's own validator.

URLS = [
    "https://example.com/voice",
    "https://example.com",
    "https://example.com/voice?a=b&c=%20d",
    "https://example.com/voice?",
    "https://example.com:8443/voice",
    "http://127.0.0.1:8080/größe?x=ü y",
    "http://[::1]:8080/voice",
    "https://user:p%40ss@example.com/voice#rc=2",
]


def valid(url: str, sent: dict[str, str], signed: Mapping[str, str], token: str) -> bool:
    return bool(RequestValidator(token).validate(url, sent, signed["X-Twilio-Signature"]))


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("method", [GET, POST])
@pytest.mark.parametrize("result", [None, COMPLETED])
def test_twilios_validator_accepts_the_signature(
    url: str, method: Method, result: Result | None
) -> None:
    request = ask(fetch(url, method, result))
    sent = form(request) if method is POST else {}
    signed = request.sign(request.url, method, NOW)
    assert valid(request.url, sent, signed, AUTH_TOKEN)
    assert not valid(request.url, sent, signed, "another token")
    assert not valid(request.url + "x", sent, signed, AUTH_TOKEN)
    assert not valid(request.url, {**sent, "CallStatus": "x"}, signed, AUTH_TOKEN)


@pytest.mark.parametrize(
    ("first", "then"), [(POST, GET), (POST, POST), (GET, GET)], ids=["303", "307", "GET"]
)
def test_twilios_validator_accepts_the_signature_after_a_redirect(
    first: Method, then: Method
) -> None:
    request, url = ask(fetch(method=first)), "https://other.example/moved?to=here"
    sent = form(request) if then is POST else {}
    assert valid(url, sent, request.sign(url, then, NOW), AUTH_TOKEN)


def test_the_signature_is_over_the_url_alone_when_post_became_get() -> None:
    url = "https://other.example/moved"
    assert ask(fetch()).sign(url, GET, NOW) == ask(fetch(method=GET)).sign(url, GET, NOW)
    assert ask(fetch()).sign(url, GET, NOW) != ask(fetch()).sign(url, POST, NOW)


def test_nothing_is_signed_without_an_auth_token() -> None:
    unsigned = Application(name="support", dialect="twiml", document=Callback(BASE))
    assert ask(fetch(), unsigned).sign(BASE, POST, NOW) == {}
    assert "AccountSid" not in form(ask(fetch(), unsigned))


# Credentials in a URL.


@pytest.mark.parametrize(
    ("tried", "credentials"),
    [("https://example.com/moved?x", "us:er:p@ss"), ("https://evil.example/voice", None)],
)
def test_userinfo_becomes_basic_authorization_for_its_own_origin(
    tried: str, credentials: str | None
) -> None:
    request = ask(fetch("https://us%3Aer:p%40ss@example.com/voice"))
    told = f"Basic {b64encode(credentials.encode()).decode()}" if credentials else None
    assert request.sign(tried, POST, NOW).get("Authorization") == told


@pytest.mark.parametrize("method", [GET, POST])
def test_userinfo_is_in_neither_url_nor_body(method: Method) -> None:
    request = ask(fetch("https://user:hunter2@example.com/voice", method))
    assert "hunter2" not in request.url + request.body.decode() + str(request.headers)
