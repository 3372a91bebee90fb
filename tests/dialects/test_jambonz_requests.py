import json
import time
from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jambonz_sdk._models._generated.callbacks.call_status import CallStatusWebhookPayload
from jambonz_sdk._models._generated.callbacks.dial import DialActionhookPayload
from jambonz_sdk._models._generated.callbacks.dial_refer import DialReferhookPayload
from jambonz_sdk._models._generated.callbacks.gather import GatherActionhookPayload
from jambonz_sdk._models._generated.callbacks.session_new import SessionNewPayload
from jambonz_sdk._models._generated.callbacks.session_redirect import SessionRedirectPayload
from jambonz_sdk._models._generated.callbacks.sip_refer import SipreferActionhookPayload
from jambonz_sdk._models._generated.callbacks.sip_refer_event import SipReferEventhookPayload
from jambonz_sdk.webhook import verify_signature_middleware

from stasis_refer.core.abouts import (
    Dialed,
    FetchAbout,
    Gathered,
    LeftQueue,
    LegProgress,
    Progress,
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
from stasis_refer.dialects.dialect import Letter, WebhookLimits, WebhookRequest
from stasis_refer.dialects.jambonz_requests import call_sid, jambonz_fields, jambonz_request

BASE = "https://example.com/app/voice"
SECRET = "hunter2_0123456789"
GET, POST = Method.GET, Method.POST
APPLICATION = Application(
    name="support",
    dialect="jambonz",
    document=Callback(BASE),
    account_sid="ee9e5ea5-8f6c-4b1a-a0f4-1d8f3b0e4b11",
    webhook_secret=SECRET,
)
COGNIGY = replace(APPLICATION, cognigy_compat=True)
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
    source_ip="198.51.100.8",
    headers=(("X-Acct", "1 2+3"), ("Via", "a"), ("Via", "b"), ("user-to-user", "31")),
)
BARE = CallInfo(key=INFO.key, channel="1.1")
SID = "01234567-89ab-cdef-0123-456789abcdef"
STANDARD = {
    "call_sid": SID,
    "direction": "inbound",
    "from": "+4930123",
    "to": "support",
    "call_id": "abc@phone",
    "caller_id": "+4930123",
    "caller_name": "Ä & B=C",
    "account_sid": "ee9e5ea5-8f6c-4b1a-a0f4-1d8f3b0e4b11",
    "application_sid": "support",
    "trace_id": INFO.key,
    "originating_sip_ip": "198.51.100.8",
    "sip_status": 200,
    "sip_reason": "OK",
    "call_status": "in-progress",
}
INVITE = {
    "type": "request",
    "method": "INVITE",
    "source": "network",
    "headers": {"X-Acct": "1 2+3", "Via": "a, b", "user-to-user": "31"},
    "uri": "sip:support@pbx.example.com",
    "source_address": "198.51.100.8",
    "calledNumber": "support",
    "callingNumber": "+4930123",
}
TALKING = Standing(CallStatus.IN_PROGRESS, 1.0)
BUSY = Transferred(Result(Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 486), "t1")
HOOK = Callback("https://example.com/hook")


def action(about: FetchAbout, hook: Callback = HOOK) -> Fetch:
    return Fetch(FetchKind.ACTION, hook, TALKING, about)


def told(
    intent: Fetch | Tell, application: Application = APPLICATION, info: CallInfo = INFO
) -> dict[str, object]:
    return jambonz_fields(intent, info, application)


def ask(intent: Fetch | Tell, application: Application = APPLICATION) -> WebhookRequest:
    letter = Letter(intent.callback, "token-1", told(intent, application))
    return jambonz_request(letter, application)


def body(request: WebhookRequest) -> dict[str, Any]:
    found = json.loads(request.body)
    assert isinstance(found, dict)
    return found


# What is told, judged by the models of jambonz's own package.


def test_the_first_request_shows_the_invite() -> None:
    fetch = Fetch(FetchKind.DOCUMENT, APPLICATION.document, Standing(CallStatus.RINGING))
    fields = told(fetch)
    ringing = {"sip_status": 100, "sip_reason": "Trying", "call_status": "trying"}
    assert fields == STANDARD | ringing | {"sip": INVITE}
    model = SessionNewPayload.model_validate(body(ask(fetch)))
    assert model.call_status == "trying"
    assert model.sip.headers["X-Acct"] == "1 2+3"
    assert not model.model_extra


def test_what_is_not_known_is_left_out() -> None:
    fetch = Fetch(FetchKind.DOCUMENT, Callback(BASE), Standing(CallStatus.RINGING))
    unnamed = replace(APPLICATION, account_sid="")
    assert told(fetch, unnamed, BARE) == {
        "call_sid": SID,
        "direction": "inbound",
        "from": "anonymous",
        "caller_id": "anonymous",
        "caller_name": "",
        "application_sid": "support",
        "trace_id": INFO.key,
        "sip_status": 100,
        "sip_reason": "Trying",
        "call_status": "trying",
        "sip": {
            "type": "request",
            "method": "INVITE",
            "source": "network",
            "headers": {},
            "calledNumber": "",
            "callingNumber": "anonymous",
        },
    }
    SessionNewPayload.model_validate(told(fetch, unnamed, BARE))


@pytest.mark.parametrize(
    "fetch",
    [
        Fetch(FetchKind.DOCUMENT, HOOK, TALKING),
        Fetch(FetchKind.ACTION, APPLICATION.document, TALKING),
        Fetch(FetchKind.ACTION, HOOK, TALKING, LeftQueue("q", QueueResult.FULL, 1.0)),
        Fetch(FetchKind.FALLBACK, HOOK, TALKING, FetchFailed(FetchFailure.STATUS, BASE, "…")),
    ],
)
def test_a_later_request_shows_no_invite(fetch: Fetch) -> None:
    assert told(fetch) == STANDARD
    assert not SessionRedirectPayload.model_validate(told(fetch)).model_extra


def test_the_action_hook_is_told_of_the_transfer() -> None:
    fields = told(action(BUSY))
    assert fields == STANDARD | {
        "refer_status": 202,
        "final_referred_call_status": 486,
        "verb_id": "t1",
    }
    model = SipreferActionhookPayload.model_validate(body(ask(action(BUSY))))
    assert (model.refer_status, model.final_referred_call_status) == (202, 486)


def test_a_transfer_that_ended_the_call_is_told_the_same_way() -> None:
    tell = Tell(TellKind.ACTION, HOOK, TALKING, BUSY)
    assert told(tell) == told(action(BUSY))


def test_with_cognigys_words_the_codes_are_text_beside_the_number() -> None:
    fields = told(action(BUSY), COGNIGY)
    assert fields == STANDARD | {
        "refer_status": 202,
        "referStatus": "202",
        "final_referred_call_status": "486",
        "verb_id": "t1",
    }
    SipreferActionhookPayload.model_validate(fields)


@pytest.mark.parametrize(("application", "code"), [(APPLICATION, 180), (COGNIGY, "180")])
def test_the_event_hook_is_told_of_a_notify_and_nothing_else(
    application: Application, code: object
) -> None:
    tell = Tell(TellKind.EVENT, HOOK, TALKING, Progress(180))
    fields = told(tell, application)
    assert fields == {"event": "transfer-status", "call_status": code, "call_sid": SID}
    assert SipReferEventhookPayload.model_validate(fields).call_status == 180


@pytest.mark.parametrize(
    ("gathered", "expected"),
    [
        (Gathered("12", "#", "m"), {"digits": "12", "reason": "dtmfDetected", "verb_id": "m"}),
        (Gathered(""), {"reason": "timeout"}),
    ],
)
def test_the_action_hook_is_told_the_digits(
    gathered: Gathered, expected: dict[str, object]
) -> None:
    fields = told(action(gathered))
    assert fields == STANDARD | expected
    assert GatherActionhookPayload.model_validate(fields).reason == expected["reason"]


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(CallStatus.COMPLETED, 1.0), {"call_status": "completed", "duration": 59}),
        (Standing(CallStatus.COMPLETED), {"call_status": "no-answer"}),
        (Standing(CallStatus.BUSY), {"call_status": "busy"}),
        (Standing(CallStatus.FAILED), {"call_status": "failed"}),
    ],
)
def test_the_status_hook_is_told_how_the_call_ended(
    standing: Standing, expected: dict[str, object]
) -> None:
    failed = FetchFailed(FetchFailure.STATUS, BASE, "…")
    fields = told(Tell(TellKind.STATUS, HOOK, standing, failed, 59.9))
    unknown = () if "duration" in expected else ("sip_status", "sip_reason")
    assert fields == {
        name: each for name, each in (STANDARD | expected).items() if name not in unknown
    }
    model = CallStatusWebhookPayload.model_validate(fields)
    assert model.duration == expected.get("duration")


@pytest.mark.parametrize(
    "intent", [action(BUSY), Fetch(FetchKind.DOCUMENT, APPLICATION.document, TALKING)]
)
def test_the_tag_comes_back_as_customer_data(intent: Fetch) -> None:
    tag = '{"customerId":"Ä","n":[1,null]}'
    tagged = replace(intent, standing=replace(TALKING, tag=tag))
    customer_data = {"customerId": "Ä", "n": [1, None]}
    assert told(tagged) == told(intent) | {"customerData": customer_data}
    assert SessionNewPayload.model_validate(body(ask(tagged))).customer_data == customer_data


# A dial, its legs, and a REFER that one of them sends.

LEG = replace(info_of(INFO, 1, "+4940456", "", INFO.started), call_id="leg@us")
LEG_SID = call_sid(LEG)
OF_LEG = {
    "call_sid": LEG_SID,
    "direction": "outbound",
    "from": "+4930123",
    "to": "+4940456",
    "call_id": "leg@us",
    "caller_id": "+4930123",
    "caller_name": "Ä & B=C",
    "account_sid": STANDARD["account_sid"],
    "application_sid": "support",
    "trace_id": INFO.key,
    "parent_call_sid": SID,
}


def test_the_action_hook_is_told_of_the_dial() -> None:
    about = Dialed(Outcome.COMPLETED, LEG, 200, 12.5, connected=True, tag='{"a":1}', name="d1")
    fields = told(action(about))
    assert fields == STANDARD | {
        "dial_call_status": "completed",
        "dial_sip_status": 200,
        "dial_call_sid": LEG_SID,
        "verb_id": "d1",
    }
    assert DialActionhookPayload.model_validate(body(ask(action(about)))).dial_sip_status == 200


def test_the_action_hook_of_a_dial_that_called_nobody() -> None:
    fields = told(action(Dialed(Outcome.BLOCKED)))
    assert fields == STANDARD | {"dial_call_status": "failed"}
    DialActionhookPayload.model_validate(fields)


@pytest.mark.parametrize(
    ("event", "standing", "code", "expected"),
    [
        (
            LegEvent.INITIATED,
            Standing(CallStatus.INITIATED),
            None,
            {"call_status": "trying", "sip_status": 100, "sip_reason": "Trying"},
        ),
        (
            LegEvent.RINGING,
            Standing(CallStatus.RINGING),
            None,
            {"call_status": "ringing", "sip_status": 180, "sip_reason": "Ringing"},
        ),
        (
            LegEvent.ANSWERED,
            Standing(CallStatus.IN_PROGRESS, 2.0),
            200,
            {"call_status": "in-progress", "sip_status": 200, "sip_reason": "OK"},
        ),
        (
            LegEvent.COMPLETED,
            Standing(CallStatus.COMPLETED, 2.0),
            200,
            {"call_status": "completed", "sip_status": 200, "sip_reason": "OK", "duration": 59},
        ),
        (
            LegEvent.COMPLETED,
            Standing(CallStatus.BUSY),
            486,
            {"call_status": "busy", "sip_status": 486},
        ),
        (
            LegEvent.COMPLETED,
            Standing(CallStatus.CANCELED),
            487,
            {"call_status": "no-answer", "sip_status": 487},
        ),
        (LegEvent.COMPLETED, Standing(CallStatus.NO_ANSWER), None, {"call_status": "no-answer"}),
        (LegEvent.COMPLETED, Standing(CallStatus.FAILED), None, {"call_status": "failed"}),
    ],
)
def test_the_status_hook_is_told_how_a_leg_goes(
    event: LegEvent, standing: Standing, code: int | None, expected: dict[str, object]
) -> None:
    about = LegProgress(event, 0, code, tag='{"a":1}')
    fields = told(Tell(TellKind.LEG, HOOK, standing, about, 59.9, LEG), info=LEG)
    assert fields == OF_LEG | expected | {"customerData": {"a": 1}}
    model = CallStatusWebhookPayload.model_validate(fields)
    assert str(model.direction) == "outbound"


def test_a_leg_that_is_called_by_uri_is_told_by_uri() -> None:
    leg = info_of(INFO, 1, "alice", "2001:db8::1", INFO.started)
    about = LegProgress(LegEvent.RINGING, 1)
    fields = told(Tell(TellKind.LEG, HOOK, Standing(CallStatus.RINGING), about, of=leg), info=leg)
    assert fields["to"] == "sip:alice@[2001:db8::1]"
    assert "customerData" not in fields


ASKED = TransferAsked(
    refer_to="<sip:+4950789@pbx.example.com?User-to-User=31>",
    user="+4950789",
    transferor=LEG,
    transferee=INFO,
    referred_by="<sip:alice@example.com>;cid=1",
    user_agent="Phone/1",
    headers=(("X-Override-Number", "7"), ("User-to-User", "31")),
)
REFER = Fetch(FetchKind.REFER, HOOK, TALKING, ASKED)


def test_the_refer_hook_is_told_of_a_refer_of_the_callee() -> None:
    fields = told(REFER)
    talking = {"sip_status": 200, "sip_reason": "OK", "call_status": "in-progress"}
    details = {
        "sip_refer_to": "<sip:+4950789@pbx.example.com?User-to-User=31>",
        "refer_to_user": "+4950789",
        "sip_referred_by": "<sip:alice@example.com>;cid=1",
        "referred_by_user": "alice",
        "sip_user_agent": "Phone/1",
        "referring_call_sid": LEG_SID,
        "referred_call_sid": SID,
        "x_override_number": "7",
        "user_to_user": "31",
    }
    assert fields == OF_LEG | talking | {"refer_details": details}
    model = DialReferhookPayload.model_validate(body(ask(REFER)))
    assert model.refer_details.referring_call_sid == LEG_SID


def test_the_refer_hook_is_told_of_a_refer_of_the_caller() -> None:
    asked = replace(ASKED, transferor=INFO, transferee=LEG)
    fields = told(replace(REFER, about=asked))
    assert fields["call_sid"] == SID
    assert fields["direction"] == "inbound"
    details = fields["refer_details"]
    assert isinstance(details, dict)
    assert (details["referring_call_sid"], details["referred_call_sid"]) == (SID, LEG_SID)


def test_a_refer_hook_that_is_asked_by_get_has_the_details_as_json() -> None:
    fetch = replace(REFER, callback=Callback(HOOK.url, GET))
    query = dict(parse_qsl(urlsplit(ask(fetch).url).query))
    assert json.loads(query["refer_details"]) == told(REFER)["refer_details"]


def test_a_recording_is_told_by_nothing_of_its_own() -> None:
    tell = Tell(TellKind.RECORDING, HOOK, TALKING, Recorded("r", 1.0))
    assert told(tell) == STANDARD


# How it goes out.


def test_a_post_sends_json() -> None:
    request = ask(action(BUSY, Callback("https://u:p@example.com/hook?a=b#rc=3&tt=2000")))
    assert (request.method, request.url) == (POST, "https://example.com/hook?a=b")
    assert request.headers == {"Content-Type": "application/json", "Idempotency-Key": "token-1"}
    assert body(request) == told(action(BUSY))
    assert "Ä".encode() in request.body
    assert b", " not in request.body.replace(b"a, b", b"")
    assert (request.limits.retries, request.limits.total) == (3, 2.0)


def test_a_get_sends_a_query() -> None:
    tagged = replace(TALKING, tag='{"a":1}')
    fetch = Fetch(FetchKind.ACTION, Callback("https://example.com/hook?a=b", GET), tagged, BUSY)
    request = ask(fetch)
    assert (request.body, request.headers) == (b"", {"Idempotency-Key": "token-1"})
    assert request.url.startswith("https://example.com/hook?a=b&call_sid=")
    assert dict(parse_qsl(urlsplit(request.url).query)) == {
        name: str(each) for name, each in STANDARD.items()
    } | {
        "a": "b",
        "customerData": '{"a":1}',
        "refer_status": "202",
        "final_referred_call_status": "486",
        "verb_id": "t1",
    }


def test_a_get_shows_no_invite() -> None:
    document = Callback(BASE, GET)
    fetch = Fetch(FetchKind.DOCUMENT, document, TALKING)
    assert "sip" not in told(fetch, replace(APPLICATION, document=document))


def test_the_limits_are_jambonzs() -> None:
    assert ask(action(BUSY)).limits == WebhookLimits(
        connect=5.0,
        read=10.0,
        total=10.0,
        retries=0,
        redirects=0,
        accepted=frozenset({200, 202, 204}),
    )


def test_what_utf_8_cannot_write_is_replaced() -> None:
    info = replace(INFO, caller_name="A\ud800", headers=(("X-B", "\udcff"),))
    for method in (POST, GET):
        document = Callback(BASE, method)
        fetch = Fetch(FetchKind.DOCUMENT, document, TALKING)
        application = replace(APPLICATION, document=document)
        letter = Letter(document, "token-1", told(fetch, application, info))
        request = jambonz_request(letter, application)
        assert b"A?" in request.body or "caller_name=A%3F" in request.url


# Signatures, judged by jambonz's own package.


@pytest.mark.parametrize("method", [GET, POST])
@pytest.mark.parametrize("about", [BUSY, Gathered("1")])
def test_jambonzs_package_accepts_the_signature_of_each_try(
    method: Method, about: Transferred | Gathered
) -> None:
    request = ask(action(about, Callback("https://example.com/hook", method)))
    for now in (time.time(), time.time() - 200.5):
        signed = request.sign(request.url, method, now)["Jambonz-Signature"]
        assert signed.startswith(f"t={int(now)},v1=")
        assert verify_signature_middleware(request.body, signed, SECRET)
        with pytest.raises(ValueError, match="failed"):
            verify_signature_middleware(request.body, signed, "another secret")
        with pytest.raises(ValueError, match="failed"):
            verify_signature_middleware(request.body + b" ", signed, SECRET)


def test_an_old_signature_is_refused() -> None:
    request = ask(action(BUSY))
    signed = request.sign(request.url, POST, time.time() - 400)["Jambonz-Signature"]
    with pytest.raises(ValueError, match="too old"):
        verify_signature_middleware(request.body, signed, SECRET)


def test_nothing_is_signed_without_a_secret() -> None:
    unsigned = replace(APPLICATION, webhook_secret="")
    assert ask(action(BUSY), unsigned).sign(HOOK.url, POST, 0.0) == {}


@pytest.mark.parametrize(
    ("tried", "credentials"),
    [
        ("https://example.com/hook", "us:p@ss"),
        ("https://evil.example/hook", None),
        ("http://example.com/hook", None),
    ],
)
def test_userinfo_becomes_basic_authorization_for_its_own_origin(
    tried: str, credentials: str | None
) -> None:
    request = ask(action(BUSY, Callback("https://us:p%40ss@example.com/hook")))
    expected = f"Basic {b64encode(credentials.encode()).decode()}" if credentials else None
    assert request.sign(tried, POST, 0.0).get("Authorization") == expected
    assert "p%40ss" not in request.url + request.body.decode() + str(request.headers)


def test_the_applications_own_credentials_go_to_its_own_origin() -> None:
    application = replace(APPLICATION, username="u", password="hunter2")
    request = ask(action(BUSY), application)
    assert request.sign(HOOK.url, POST, 0.0)["Authorization"] == "Basic dTpodW50ZXIy"
    assert "Authorization" not in request.sign("https://other.example/", POST, 0.0)
