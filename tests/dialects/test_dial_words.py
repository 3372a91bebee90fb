import hashlib

import pytest

from stasis_refer.core.abouts import Dialed, LegProgress, Recorded, TransferAsked
from stasis_refer.core.info import CallInfo
from stasis_refer.core.leg import info_of
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.verbs import LegEvent
from stasis_refer.dialects import rcml_words, twiml_words
from stasis_refer.dialects.dial_words import (
    DIAL_CALL_STATUS,
    asked_fields,
    dialed_fields,
    progress_fields,
    recording_fields,
    recording_sid,
    recording_url,
)

CALLER = CallInfo("0" * 32, "1.1", channel_name="PJSIP/trunk-1", caller="+4930123", dialed="help")
LEG = info_of(CALLER, 1, "bob", "phones.example.com", 0.0)
SID = f"CA{LEG.key}"
NAME = "0a-recording-1"
RECORDED = Recorded(NAME, 4.02)
RECORDING = f"RE{hashlib.md5(NAME.encode(), usedforsecurity=False).hexdigest()}"
URL = f"https://refer.example.com/recordings/{NAME}.wav"
NOW = 1_764_000_000.0


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("completed", "completed"),
        ("busy", "busy"),
        ("no_answer", "no-answer"),
        ("failed", "failed"),
        ("canceled", "canceled"),
        ("blocked", "failed"),
    ],
)
def test_the_end_of_a_dial_in_five_words(outcome: str, word: str) -> None:
    assert dialed_fields(Dialed(Outcome(outcome))) == {"DialCallStatus": word}


def test_nothing_of_ours_is_without_a_word() -> None:
    assert set(DIAL_CALL_STATUS) == set(Outcome)


@pytest.mark.parametrize(
    ("dialed", "told"),
    [
        (
            Dialed(Outcome.COMPLETED, LEG, 200, 61.2, connected=True),
            {"DialCallSid": SID, "DialCallDuration": "62", "DialSipResponseCode": "200"},
        ),
        (
            Dialed(Outcome.COMPLETED, LEG, None, 0.0, connected=True),
            {"DialCallSid": SID, "DialCallDuration": "0"},
        ),
        (Dialed(Outcome.BUSY, LEG, 486), {"DialCallSid": SID, "DialSipResponseCode": "486"}),
        (Dialed(Outcome.NO_ANSWER, LEG), {"DialCallSid": SID}),
        (
            Dialed(Outcome.NO_ANSWER, CallInfo("1" * 32, "leg", "a@b", "PJSIP/x-1")),
            {"DialCallSid": f"CA{'1' * 32}", "DialSipCallId": "a@b"},
        ),
        (Dialed(Outcome.BLOCKED), {}),
    ],
)
def test_what_is_known_of_the_leg_is_told(dialed: Dialed, told: dict[str, str]) -> None:
    told = {"DialCallStatus": DIAL_CALL_STATUS[dialed.outcome], **told}
    assert dialed_fields(dialed) == told


@pytest.mark.parametrize(
    ("public_url", "where"),
    [
        ("https://refer.example.com", {"RecordingUrl": URL}),
        ("https://refer.example.com/", {"RecordingUrl": URL}),
        ("", {}),
    ],
)
def test_where_a_recording_is(public_url: str, where: dict[str, str]) -> None:
    told = {"RecordingSid": RECORDING, "RecordingDuration": "5"}
    assert recording_url(RECORDED, public_url) == where
    assert recording_fields(RECORDED, public_url) == told | where


def test_the_sid_of_a_recording_is_that_of_its_name() -> None:
    assert recording_sid(NAME) == RECORDING
    assert recording_sid("another") != RECORDING


# Seed 002: the contents of Refer-To are passed on as received.
@pytest.mark.parametrize(
    "refer_to",
    [
        "<sip:agentb@example.com?User-to-User=123456789%3Bencoding%3Dhex&X-Name=Agent%2C+A>",
        '"B" <sip:b@example.com>;x=y',
        "1001",
    ],
)
def test_a_refer_is_told_as_received(refer_to: str) -> None:
    asked = TransferAsked(refer_to, "agentb", LEG, CALLER)
    assert asked_fields(asked) == {"ReferTransferTarget": refer_to}
    assert twiml_words.about_fields(asked, "") == {"ReferTransferTarget": refer_to}


def test_restcomm_is_told_who_transfers_whom_where_as_user_parts() -> None:
    asked = TransferAsked("<sip:agentb@example.com>", "agentb", LEG, CALLER)
    assert rcml_words.about_fields(asked, "") == {
        "ReferTransferTarget": "<sip:agentb@example.com>",
        "ReferTarget": "agentb",
        "Transferor": "bob",
        "Transferee": "+4930123",
    }
    other_way = TransferAsked("agentb", "", CALLER, LEG)
    assert rcml_words.about_fields(other_way, "") == {
        "ReferTransferTarget": "agentb",
        "Transferor": "+4930123",
        "Transferee": "bob",
    }


@pytest.mark.parametrize("event", LegEvent)
def test_the_progress_of_a_leg(event: LegEvent) -> None:
    told = {
        "Timestamp": "Mon, 24 Nov 2025 16:00:00 +0000",
        "CallbackSource": "call-progress-events",
        "SequenceNumber": "3",
    }
    ended = {"CallDuration": "61"} if event is LegEvent.COMPLETED else {}
    assert progress_fields(LegProgress(event, 3, 200), 60.5, NOW) == told | ended


@pytest.mark.parametrize(
    ("event", "code", "told"),
    [
        ("INITIATED", None, {}),
        ("RINGING", None, {}),
        ("ANSWERED", 200, {"SipResponseCode": "200"}),
        ("COMPLETED", None, {"Duration": "2"}),
        ("COMPLETED", 486, {"Duration": "2", "SipResponseCode": "486"}),
    ],
)
def test_twilio_tells_more_of_a_leg(event: str, code: int | None, told: dict[str, str]) -> None:
    progress = LegProgress(LegEvent[event], 0, code)
    common = progress_fields(progress, 60.5, NOW)
    assert twiml_words.leg_fields(progress, 60.5, NOW) == common | told


@pytest.mark.parametrize("connected", [True, False])
def test_what_each_vendor_is_told_of_a_recorded_dial(*, connected: bool) -> None:
    dialed = Dialed(Outcome.COMPLETED, LEG, 200, 9.0, connected=connected, recorded=RECORDED)
    both, base = dialed_fields(dialed), "https://refer.example.com"
    assert twiml_words.about_fields(dialed, base) == both | {
        "DialBridged": "true" if connected else "false",
        "RecordingSid": RECORDING,
        "RecordingUrl": URL,
        "RecordingDuration": "5",
    }
    assert rcml_words.about_fields(dialed, base) == both | {"RecordingUrl": URL}


def test_a_recording_is_told_to_its_callback() -> None:
    assert twiml_words.about_fields(RECORDED, "https://refer.example.com") == {
        "RecordingSid": RECORDING,
        "RecordingUrl": URL,
        "RecordingStatus": "completed",
        "RecordingDuration": "5",
        "RecordingChannels": "1",
        "RecordingSource": "DialVerb",
    }


def test_without_a_recording_none_is_told() -> None:
    dialed = Dialed(Outcome.BUSY)
    assert twiml_words.about_fields(dialed, "https://h") == {
        "DialCallStatus": "busy",
        "DialBridged": "false",
    }
    assert rcml_words.about_fields(dialed, "https://h") == {"DialCallStatus": "busy"}
