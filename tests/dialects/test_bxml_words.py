import pytest

from stasis_refer.core.abouts import Dialed, Gathered
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.dialects.bxml_words import (
    CAUSE,
    CAUSE_OF_DIAL,
    CAUSE_OF_FAILURE,
    ERROR_MESSAGE,
    REFER_CALL_STATUS,
    dial_fields,
    end_fields,
    gather_fields,
    leg_fields,
    refer_fields,
)

O, R = Outcome, Reason  # noqa: E741 - short, for the table

NAMES = ("referCallStatus", "referSipResponseCode", "notifySipResponseCode")


@pytest.mark.parametrize(
    ("outcome", "reason", "codes", "told"),
    [
        pytest.param(
            *(O.REJECTED, R.REFER_REFUSED, (405, None), ("failure", 405, None)),
            id="seed 001, Error Scenarios: REFER rejected by caller's endpoint",
        ),
        pytest.param(
            *(O.FAILED, R.FINAL_NOTIFY, (202, 404), ("failure", 202, 404)),
            id="seed 001, Error Scenarios: destination unreachable",
        ),
        pytest.param(
            *(O.UNCONFIRMED, R.NO_NOTIFY, (202, None), ("failure", 202, None)),
            id="seed 001, Error Scenarios: NOTIFY timeout (30s)",
        ),
        pytest.param(
            *(O.COMPLETED, R.FINAL_NOTIFY, (202, 200), ("success", 202, 200)),
            id="seed 001, Error Scenarios: successful REFER",
        ),
        (O.COMPLETED, R.FINAL_NOTIFY, (200, 204), ("success", 200, 204)),
        (O.COMPLETED, R.TRANSFER_STATUS, (None, None), ("success", None, None)),
        (O.BUSY, R.FINAL_NOTIFY, (202, 486), ("failure", 202, 486)),
        (O.BUSY, R.FINAL_NOTIFY, (202, 600), ("failure", 202, 600)),
        (O.BUSY, R.TRANSFER_STATUS, (None, 486), ("failure", None, 486)),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 408), ("failure", 202, 408)),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 480), ("failure", 202, 480)),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 487), ("failure", 202, 487)),
        (O.FAILED, R.FINAL_NOTIFY, (202, 503), ("failure", 202, 503)),
        (O.REJECTED, R.REFER_REFUSED, (603, None), ("failure", 603, None)),
        (O.REJECTED, R.TRANSFER_STATUS, (405, None), ("failure", 405, None)),
        # A provisional NOTIFY is no final one: its code is not told.
        (O.UNCONFIRMED, R.NO_NOTIFY, (202, 100), ("failure", 202, None)),
        (O.UNCONFIRMED, R.RING_TIMEOUT, (202, 180), ("failure", 202, None)),
        (O.UNCONFIRMED, R.SUBSCRIPTION_ENDED, (202, 183), ("failure", 202, None)),
        (O.UNCONFIRMED, R.REFER_SUB_FALSE, (202, None), ("failure", 202, None)),
        (O.UNCONFIRMED, R.WITNESS_CONFLICT, (202, 200), ("failure", 202, None)),
        (O.UNCONFIRMED, R.TRANSFER_STATUS, (None, None), ("failure", None, None)),
        (O.UNANSWERED, R.NO_RESPONSE, (408, None), ("failure", 408, None)),
        (O.CANCELED, R.HANGUP, (202, 180), ("failure", 202, None)),
        (O.BLOCKED, R.POLICY, (403, None), ("failure", 403, None)),
        (O.BLOCKED, R.BAD_URI, (400, None), ("failure", 400, None)),
        (O.BLOCKED, R.RESERVED_HEADER, (400, None), ("failure", 400, None)),
        (O.ERROR, R.COMMAND_REFUSED, (None, None), ("failure", None, None)),
        (O.ERROR, R.COMMAND_REFUSED, (202, 180), ("failure", None, None)),
        (O.ERROR, R.NOT_SIP, (None, None), ("failure", None, None)),
    ],
)
def test_an_outcome_in_bandwidths_words(
    outcome: Outcome,
    reason: Reason,
    codes: tuple[int | None, int | None],
    told: tuple[str, int | None, int | None],
) -> None:
    expected = {name: word for name, word in zip(NAMES, told, strict=True) if word is not None}
    assert refer_fields(Result(outcome, reason, Evidence.SIP, *codes)) == expected


@pytest.mark.parametrize(
    ("gathered", "told"),
    [
        (Gathered("25"), ("25", "")),
        (Gathered("123", "#"), ("123", "#")),
        (Gathered(""), ("", "")),
        (Gathered("", "*"), ("", "*")),
    ],
)
def test_digits(gathered: Gathered, told: tuple[str, str]) -> None:
    digits, terminating = told
    assert gather_fields(gathered) == {"digits": digits, "terminatingDigit": terminating}


@pytest.mark.parametrize(
    ("status", "cause"),
    [("completed", "hangup"), ("busy", "busy"), ("rejected", "rejected"), ("failed", "error")],
)
def test_how_a_call_ended(status: str, cause: str) -> None:
    assert end_fields(CallStatus(status), None) == {"cause": cause}


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        ("connection", "callback-error"),
        ("tls", "callback-error"),
        ("timeout", "callback-error"),
        ("status", "callback-error"),
        ("redirects", "callback-error"),
        ("forbidden", "callback-error"),
        ("too_large", "invalid-bxml"),
        ("content_type", "invalid-bxml"),
        ("empty", "invalid-bxml"),
        ("not_well_formed", "invalid-bxml"),
        ("limit", "invalid-bxml"),
        ("unknown_verb", "invalid-bxml"),
        ("not_valid", "invalid-bxml"),
        ("too_many_steps", "application-error"),
        ("not_sip", "application-error"),
    ],
)
@pytest.mark.parametrize("status", [CallStatus.COMPLETED, CallStatus.FAILED])
def test_the_failure_that_ended_a_call(status: CallStatus, failure: str, cause: str) -> None:
    failed = FetchFailed(FetchFailure(failure), "https://h/p", "Line 2: write <Refer>\udc80")
    told = {"cause": cause, "errorMessage": "Line 2: write <Refer>?"}
    assert end_fields(status, failed) == told


@pytest.mark.parametrize(
    ("outcome", "code", "cause"),
    [
        (O.COMPLETED, 200, "hangup"),
        (O.BUSY, 486, "busy"),
        (O.BUSY, 600, "busy"),
        (O.NO_ANSWER, 487, "timeout"),
        (O.NO_ANSWER, None, "timeout"),
        (O.CANCELED, None, "cancel"),
        (O.FAILED, 603, "rejected"),
        (O.FAILED, 403, "rejected"),
        (O.FAILED, 607, "rejected"),
        (O.FAILED, 608, "rejected"),
        (O.FAILED, 404, "error"),
        (O.FAILED, 503, "error"),
        (O.FAILED, None, "error"),
        (O.BLOCKED, None, "application-error"),
    ],
)
def test_how_a_transfer_by_a_call_ended(outcome: Outcome, code: int | None, cause: str) -> None:
    told = dial_fields(Dialed(outcome, code=code))
    message = {"errorMessage": ERROR_MESSAGE[cause]} if cause != "hangup" else {}
    assert told == {"cause": cause} | message


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        ("completed", 200, "hangup"),
        ("busy", 486, "busy"),
        ("no_answer", None, "timeout"),
        ("canceled", 487, "cancel"),
        ("failed", 603, "rejected"),
        ("failed", 500, "error"),
        ("failed", None, "error"),
    ],
)
def test_how_a_leg_ended(status: str, code: int | None, cause: str) -> None:
    assert leg_fields(CallStatus(status), code)["cause"] == cause


def test_nothing_of_ours_is_without_a_word() -> None:
    assert set(CAUSE_OF_DIAL) == set(Outcome)
    assert set(REFER_CALL_STATUS) == set(Outcome)
    assert set(CAUSE) == set(CallStatus)
    assert set(CAUSE_OF_FAILURE) == set(FetchFailure)
