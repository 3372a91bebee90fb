import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bandwidth.models.answer_callback import AnswerCallback
from bandwidth.models.disconnect_callback import DisconnectCallback
from bandwidth.models.gather_callback import GatherCallback
from bandwidth.models.initiate_callback import InitiateCallback
from bandwidth.models.redirect_callback import RedirectCallback
from bandwidth.models.refer_complete_callback import ReferCompleteCallback
from bandwidth.models.transfer_complete_callback import TransferCompleteCallback
from bandwidth.models.transfer_disconnect_callback import TransferDisconnectCallback
from pydantic import ValidationError

from stasis_refer.core.abouts import (
    Dialed,
    FetchAbout,
    Gathered,
    LegProgress,
    Recorded,
    Standing,
    TransferAsked,
    Transferred,
)
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.call import Call
from stasis_refer.core.events import DigitPressed, DocumentFetched, Event, FetchFailed, FetchFailure
from stasis_refer.core.info import CallDirection, CallInfo, CallStatus
from stasis_refer.core.intents import Fetch, FetchKind, Intent, Tell, TellKind
from stasis_refer.core.leg import info_of
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import Document, Gather, LegEvent, Redirect, Refer
from stasis_refer.dialects.bxml_events import bxml_fields, call_id

BASE = "https://example.com/app/voice"
APPLICATION = Application(
    name="support", dialect="bxml", document=Callback(BASE), account_sid="9900000"
)
INFO = CallInfo(
    key="0123456789abcdef0123456789abcdef",
    channel="1.1",
    call_id="abc@phone",
    channel_name="PJSIP/trunk-00000001",
    caller="+4930123",
    dialed="support",
    domain="pbx.example.com",
    peer="198.51.100.7",
    started=1_560_000_000.0,
)
ELSEWHERE = Callback("https://example.com/next")
NOW = INFO.started + 60.5678
UP = Standing(CallStatus.IN_PROGRESS, 3.25)
ID = "c-01234567-89ab-cdef-0123-456789abcdef"
COMMON = {
    "eventTime": "2019-06-08T13:21:00.567Z",
    "accountId": "9900000",
    "applicationId": "support",
    "from": "sip:+4930123@198.51.100.7",
    "to": "sip:support@pbx.example.com",
    "direction": "inbound",
    "callId": ID,
    "callUrl": f"/api/v2/accounts/9900000/calls/{ID}",
    "startTime": "2019-06-08T13:20:00.000Z",
}
ANSWERED = COMMON | {"answerTime": "2019-06-08T13:20:03.250Z"}
COMPLETED = Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 200)


def event(
    intent: Fetch | Tell, info: CallInfo = INFO, application: Application = APPLICATION
) -> dict[str, Any]:
    """Return an event as it arrives: JSON has been made of it, and read again."""
    told: dict[str, Any] = json.loads(json.dumps(bxml_fields(intent, info, application, NOW)))
    return told


def action(about: FetchAbout, standing: Standing = UP) -> Fetch:
    return Fetch(FetchKind.ACTION, ELSEWHERE, standing, about)


def refused(model: Any, told: dict[str, Any]) -> bool:  # noqa: ANN401 - of the vendor's package
    try:
        return bool(model.from_dict(told).additional_properties)
    except ValidationError:
        return True


# The first event and a Redirect.


def test_the_first_document_is_asked_for_with_initiate() -> None:
    ringing = Standing(CallStatus.RINGING)
    told = event(Fetch(FetchKind.DOCUMENT, APPLICATION.document, ringing))
    assert told == COMMON | {"eventType": "initiate", "sipCallId": "abc@phone"}
    assert not refused(InitiateCallback, told)
    assert refused(InitiateCallback, told | {"startTime": "soon"})


def test_initiate_passes_on_headers_of_the_invite() -> None:
    info = replace(INFO, headers=(("X-Acct", "1"),))
    told = event(Fetch(FetchKind.DOCUMENT, APPLICATION.document, UP), info)
    assert told["sipHeaders"] == {"x-acct": "1"}


def test_a_call_that_is_not_sip_is_between_users() -> None:
    info = replace(INFO, channel_name="Local/1-00000001;1")
    told = event(Fetch(FetchKind.DOCUMENT, APPLICATION.document, UP), info)
    assert (told["from"], told["to"]) == ("+4930123", "support")


def test_what_is_not_known_is_left_out() -> None:
    bare = CallInfo(key=INFO.key, channel="1.1")
    nameless = Application(name="support", dialect="bxml", document=Callback(BASE))
    intent = Fetch(FetchKind.DOCUMENT, nameless.document, Standing(CallStatus.RINGING))
    assert event(intent, bare, nameless) == {
        "eventType": "initiate",
        "eventTime": COMMON["eventTime"],
        "applicationId": "support",
        "from": "anonymous",
        "direction": "inbound",
        "callId": ID,
        "startTime": "1970-01-01T00:00:00.000Z",
    }


def test_a_redirect_sends_redirect() -> None:
    told = event(Fetch(FetchKind.DOCUMENT, ELSEWHERE, replace(UP, tag="gold")))
    assert told == ANSWERED | {"eventType": "redirect", "tag": "gold"}
    assert not refused(RedirectCallback, told)


def test_a_redirect_to_the_first_url_is_a_redirect_too() -> None:
    told = event(Fetch(FetchKind.DOCUMENT, Callback(BASE, Method.POST), UP))
    assert told["eventType"] == "redirect"


# referComplete, judged by Bandwidth's own model.

O, R = Outcome, Reason  # noqa: E741 - short, for the table


@pytest.mark.parametrize(
    ("outcome", "reason", "codes", "told"),
    [
        (O.COMPLETED, R.FINAL_NOTIFY, (202, 200), ("success", 202, 200)),
        (O.BUSY, R.FINAL_NOTIFY, (202, 486), ("failure", 202, 486)),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 480), ("failure", 202, 480)),
        (O.FAILED, R.FINAL_NOTIFY, (202, 404), ("failure", 202, 404)),
        (O.REJECTED, R.REFER_REFUSED, (405, None), ("failure", 405, None)),
        (O.UNCONFIRMED, R.RING_TIMEOUT, (202, 180), ("failure", 202, None)),
        (O.UNANSWERED, R.NO_RESPONSE, (408, None), ("failure", 408, None)),
        (O.CANCELED, R.HANGUP, (202, 180), ("failure", 202, None)),
        (O.BLOCKED, R.POLICY, (403, None), ("failure", 403, None)),
        (O.BLOCKED, R.BAD_URI, (400, None), ("failure", 400, None)),
        (O.ERROR, R.COMMAND_REFUSED, (None, None), ("failure", None, None)),
        (O.ERROR, R.NOT_SIP, (None, None), ("failure", None, None)),
    ],
)
def test_bandwidths_model_takes_every_outcome(
    outcome: Outcome,
    reason: Reason,
    codes: tuple[int | None, int | None],
    told: tuple[str, int | None, int | None],
) -> None:
    result = Result(outcome, reason, Evidence.SIP, *codes)
    sent = event(action(Transferred(result), replace(UP, tag="gold")))
    assert None not in sent.values()
    model = ReferCompleteCallback.from_dict(sent)
    assert model is not None
    assert model.additional_properties == {}
    assert model.event_type == "referComplete"
    assert model.refer_call_status == told[0]
    assert (model.refer_sip_response_code, model.notify_sip_response_code) == told[1:]
    assert model.call_id == ID
    assert model.tag == "gold"
    assert model.answer_time == datetime(2019, 6, 8, 13, 20, 3, 250_000, UTC)


def test_bandwidths_model_refuses_codes_that_are_text() -> None:
    told = event(action(Transferred(COMPLETED)))
    assert not refused(ReferCompleteCallback, told)
    assert refused(ReferCompleteCallback, told | {"referSipResponseCode": "202"})


def test_a_transfer_that_ended_the_call_is_told_in_the_same_words() -> None:
    told = Tell(TellKind.ACTION, ELSEWHERE, UP, Transferred(COMPLETED))
    assert event(told) == event(action(Transferred(COMPLETED)))


def test_a_refer_where_there_is_no_sip_is_a_failure_without_codes() -> None:
    failed = FetchFailed(FetchFailure.NOT_SIP, BASE, "a REFER can only be sent on a SIP leg")
    told = event(Fetch(FetchKind.FALLBACK, ELSEWHERE, UP, failed))
    assert told == ANSWERED | {"eventType": "referComplete", "referCallStatus": "failure"}
    assert not refused(ReferCompleteCallback, told)


# Gather and the end.


ORIGINATED = replace(INFO, direction=CallDirection.ORIGINATED)


def test_a_call_that_was_made_asks_first_with_answer() -> None:
    fetch = Fetch(FetchKind.DOCUMENT, ELSEWHERE, UP, number=1)
    told = event(fetch, ORIGINATED)
    assert (told["eventType"], told["direction"]) == ("answer", "outbound")
    assert AnswerCallback.from_dict(told).answer_time is not None
    assert event(replace(fetch, number=2), ORIGINATED)["eventType"] == "redirect"
    failed = FetchFailed(FetchFailure.STATUS, ELSEWHERE.url, "404")
    behind = Fetch(FetchKind.FALLBACK, ELSEWHERE, UP, failed, fetch, number=2)
    assert event(behind, ORIGINATED)["eventType"] == "answer"


def test_a_call_that_was_made_ends_with_disconnect() -> None:
    ended = LegProgress(LegEvent.COMPLETED, 0, 486, "order 7")
    standing = Standing(CallStatus.BUSY)
    told = event(Tell(TellKind.LEG, ELSEWHERE, standing, ended), ORIGINATED)
    assert (told["eventType"], told["cause"], told["tag"]) == ("disconnect", "busy", "order 7")
    assert "transferTo" not in told
    assert DisconnectCallback.from_dict(told).cause == "busy"


def test_the_url_of_a_call_is_whole_where_our_own_address_is_known() -> None:
    reached = replace(APPLICATION, public_url="https://calls.example.com")
    told = event(action(Gathered("1")), application=reached)
    assert told["callUrl"] == f"https://calls.example.com/api/v2/accounts/9900000/calls/{ID}"


@pytest.mark.parametrize("gathered", [Gathered("123", "#"), Gathered("25"), Gathered("")])
def test_gather_tells_the_digits(gathered: Gathered) -> None:
    told = event(action(gathered))
    assert told == ANSWERED | {
        "eventType": "gather",
        "digits": gathered.digits,
        "terminatingDigit": gathered.finished_by,
    }
    assert not refused(GatherCallback, told)


@pytest.mark.parametrize(
    ("standing", "failed", "ended"),
    [
        (Standing(CallStatus.COMPLETED, 3.25), None, {"cause": "hangup"}),
        (
            Standing(CallStatus.COMPLETED, 3.25),
            FetchFailed(FetchFailure.STATUS, BASE, "example.com answered with status 500"),
            {"cause": "callback-error", "errorMessage": "example.com answered with status 500"},
        ),
        (
            Standing(CallStatus.FAILED),
            FetchFailed(FetchFailure.NOT_VALID, BASE, "Line 1, column 11: write it."),
            {"cause": "invalid-bxml", "errorMessage": "Line 1, column 11: write it."},
        ),
    ],
)
def test_disconnect_tells_why_the_call_ended(
    standing: Standing, failed: FetchFailed | None, ended: dict[str, str]
) -> None:
    told = event(Tell(TellKind.STATUS, ELSEWHERE, standing, failed, 57.3))
    base = COMMON if standing.answered_after is None else ANSWERED
    assert told == base | ended | {
        "eventType": "disconnect",
        "endTime": COMMON["eventTime"],
        "sipCallId": "abc@phone",
    }
    assert not refused(DisconnectCallback, told)


# A transfer by a call, its legs, and a REFER that one of the two sends.

LEG = info_of(INFO, 1, "+4940456", "", INFO.started + 4)
LEG_ID = call_id(LEG)
OF_LEG = COMMON | {
    "to": "+4940456",
    "direction": "outbound",
    "callId": LEG_ID,
    "parentCallId": ID,
    "callUrl": f"/api/v2/accounts/9900000/calls/{LEG_ID}",
    "startTime": "2019-06-08T13:20:04.000Z",
}
OF_TRANSFER = {"transferCallerId": "+4930123", "transferTo": "+4940456"}


@pytest.mark.parametrize(
    ("dialed", "told"),
    [
        (Dialed(O.COMPLETED, LEG, 200, 3.0, connected=True), OF_TRANSFER | {"cause": "hangup"}),
        (
            Dialed(O.BUSY, LEG, 486, tag="of the leg"),
            OF_TRANSFER | {"cause": "busy", "errorMessage": "The callee is busy."},
        ),
        (
            Dialed(O.BLOCKED),
            {
                "cause": "application-error",
                "errorMessage": "The callee may not be called, or its address cannot be read.",
            },
        ),
    ],
)
def test_transfer_complete_tells_how_the_transfer_ended(
    dialed: Dialed, told: dict[str, str]
) -> None:
    sent = event(action(dialed, replace(UP, tag="gold")))
    assert sent == ANSWERED | told | {"eventType": "transferComplete", "tag": "gold"}
    assert not refused(TransferCompleteCallback, sent)
    model = TransferCompleteCallback.from_dict(sent)
    assert model
    assert (model.cause, model.transfer_to) == (told["cause"], told.get("transferTo"))


@pytest.mark.parametrize(
    ("standing", "code", "told"),
    [
        (
            Standing(CallStatus.COMPLETED, 2.5),
            200,
            {"cause": "hangup", "answerTime": "2019-06-08T13:20:06.500Z"},
        ),
        (
            Standing(CallStatus.BUSY),
            600,
            {"cause": "busy", "errorMessage": "The callee is busy."},
        ),
        (
            Standing(CallStatus.CANCELED),
            487,
            {"cause": "cancel", "errorMessage": "The call ended before the callee answered."},
        ),
        (
            Standing(CallStatus.NO_ANSWER, tag="of the caller"),
            None,
            {"cause": "timeout", "errorMessage": "The callee did not answer in time."},
        ),
        (
            Standing(CallStatus.FAILED),
            603,
            {"cause": "rejected", "errorMessage": "The callee rejected the call."},
        ),
    ],
)
def test_transfer_disconnect_tells_how_a_leg_ended(
    standing: Standing, code: int | None, told: dict[str, str]
) -> None:
    about = LegProgress(LegEvent.COMPLETED, 0, code)
    sent = event(Tell(TellKind.LEG, ELSEWHERE, standing, about, 2.0, LEG), LEG)
    assert sent == OF_LEG | OF_TRANSFER | told | {
        "eventType": "transferDisconnect",
        "endTime": COMMON["eventTime"],
    }
    assert not refused(TransferDisconnectCallback, sent)


def test_the_tag_of_a_leg_is_its_own() -> None:
    about = LegProgress(LegEvent.COMPLETED, 0, tag="agent")
    standing = Standing(CallStatus.COMPLETED, 2.5, "of the caller")
    assert event(Tell(TellKind.LEG, ELSEWHERE, standing, about, of=LEG), LEG)["tag"] == "agent"


def test_a_leg_that_is_called_by_uri_is_told_by_uri() -> None:
    leg = info_of(INFO, 1, "alice", "2001:db8::1", INFO.started)
    told = event(action(Dialed(O.COMPLETED, leg)))
    assert told["transferTo"] == "sip:alice@[2001:db8::1]"


ASKED = TransferAsked(
    refer_to="<sip:bob@b.example?X-Acct=1>",
    user="bob",
    transferor=LEG,
    transferee=INFO,
    referred_by="<sip:alice@a.example>",
    user_agent="Phone/1",
    headers=(("X-Note", "n"), ("User-to-User", "31;encoding=hex")),
)
RECEIVED = {
    "eventType": "referReceived",
    "referTo": "<sip:bob@b.example?X-Acct=1>",
    "referredBy": "<sip:alice@a.example>",
    "transferorCallId": LEG_ID,
    "sipHeaders": {"x-note": "n"},
    "uui": "31;encoding=hex",
}


def test_a_refer_that_is_received_is_told_of_the_call_that_is_transferred() -> None:
    asked = Fetch(FetchKind.REFER, ELSEWHERE, UP, ASKED)
    assert event(asked) == ANSWERED | RECEIVED
    failed = FetchFailed(FetchFailure.STATUS, BASE, "…")
    fallback = Fetch(FetchKind.FALLBACK, ELSEWHERE, UP, failed, asked)
    assert event(fallback) == ANSWERED | RECEIVED


def test_where_the_caller_refers_the_other_leg_is_transferred() -> None:
    about = replace(ASKED, transferor=INFO, transferee=LEG, referred_by="", headers=())
    told = event(Fetch(FetchKind.REFER, ELSEWHERE, UP, about))
    assert told == OF_LEG | {
        "eventType": "referReceived",
        "referTo": "<sip:bob@b.example?X-Acct=1>",
        "transferorCallId": ID,
    }


def test_a_recording_is_told_by_nothing_of_its_own() -> None:
    told = event(Tell(TellKind.RECORDING, ELSEWHERE, UP, Recorded("r", 1.0)))
    assert told == ANSWERED | {"eventType": "redirect"}


# A fallback URL gets the event that could not be delivered: what a call asks for, in order.

FALLBACK = Callback("https://fallback.example/")
FAILED = FetchFailed(FetchFailure.TIMEOUT, "https://example.com/next", "did not reply")
BROKEN = Callback("https://example.com/next", fallback=FALLBACK)


def asked_last(application: Application, *events: Event, info: CallInfo = INFO) -> dict[str, Any]:
    call = Call(info, application, up=True, now=0.0)
    intents: list[Intent] = call.start()
    for each in events:
        intents = call.handle(each, 1.0)
    (asked,) = (intent for intent in intents if isinstance(intent, Fetch))
    assert asked.kind is FetchKind.FALLBACK
    return event(asked, info, application)


def fetched(*document: Any) -> DocumentFetched:  # noqa: ANN401 - the verbs of a document
    verbs: Document = document
    return DocumentFetched(verbs)


def test_the_fallback_of_a_gather_is_told_the_digits() -> None:
    gather = Gather(action=BROKEN, most=2, tell_empty=True)
    told = asked_last(APPLICATION, fetched(gather), DigitPressed("4"), DigitPressed("2"), FAILED)
    assert (told["eventType"], told["digits"], told["terminatingDigit"]) == ("gather", "42", "")
    assert not refused(GatherCallback, told)


def test_the_fallback_of_a_redirect_is_told_redirect() -> None:
    told = asked_last(APPLICATION, fetched(Redirect(BROKEN)), FAILED)
    assert told["eventType"] == "redirect"


def test_the_fallback_of_the_application_is_told_initiate() -> None:
    application = replace(APPLICATION, fallback=FALLBACK)
    assert asked_last(application, FAILED)["eventType"] == "initiate"


def test_the_fallback_of_a_blocked_refer_is_told_the_outcome() -> None:
    application = replace(APPLICATION, fallback=FALLBACK)
    refer = Refer("sip:alice@atlanta.example.com", ELSEWHERE)
    told = asked_last(application, fetched(refer), FAILED)
    assert (told["eventType"], told["referSipResponseCode"]) == ("referComplete", 403)


def test_the_fallback_of_a_refer_without_sip_is_told_a_failure() -> None:
    application = replace(
        APPLICATION, fallback=FALLBACK, targets=(parse_rule("sip:*@atlanta.example.com"),)
    )
    refer = Refer("sip:alice@atlanta.example.com", ELSEWHERE)
    local = replace(INFO, channel_name="Local/1-00000001;1")
    told = asked_last(application, fetched(refer), info=local)
    assert (told["eventType"], told["referCallStatus"]) == ("referComplete", "failure")
    assert not [name for name in told if name.endswith("Code")]


def test_the_id_of_a_call_is_its_key() -> None:
    assert call_id(INFO) == ID
