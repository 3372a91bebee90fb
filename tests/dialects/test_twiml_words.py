import pytest

from stasis_refer.core.abouts import Gathered, LeftQueue, Progress, QueueResult, Transferred
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.dialects.twiml_words import (
    CALL_STATUS,
    ERROR_CODE,
    QUEUE_RESULT,
    REFER_CALL_STATUS,
    about_fields,
    failure_fields,
    gather_fields,
    queue_fields,
    refer_fields,
)

O, R = Outcome, Reason  # noqa: E741 - short, for the table


@pytest.mark.parametrize(
    ("outcome", "reason", "codes", "told"),
    [
        (O.COMPLETED, R.FINAL_NOTIFY, (202, 200), ("in-progress", "202", "200")),
        (O.COMPLETED, R.FINAL_NOTIFY, (200, 200), ("in-progress", "200", "200")),
        (O.COMPLETED, R.TRANSFER_STATUS, (None, None), ("in-progress", None, None)),
        (O.BUSY, R.FINAL_NOTIFY, (202, 486), ("busy", "202", "486")),
        (O.BUSY, R.FINAL_NOTIFY, (202, 600), ("busy", "202", "600")),
        (O.BUSY, R.TRANSFER_STATUS, (None, 486), ("busy", None, "486")),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 408), ("no-answer", "202", "408")),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 480), ("no-answer", "202", "480")),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 487), ("no-answer", "202", "487")),
        (O.FAILED, R.FINAL_NOTIFY, (202, 404), ("failed", "202", "404")),
        (O.REJECTED, R.REFER_REFUSED, (405, None), ("failed", "405", None)),
        (O.REJECTED, R.REFER_REFUSED, (401, None), ("failed", "401", None)),
        (O.UNCONFIRMED, R.NO_NOTIFY, (202, None), (None, "202", None)),
        (O.UNCONFIRMED, R.REFER_SUB_FALSE, (202, None), (None, "202", None)),
        (O.UNCONFIRMED, R.TRANSFER_STATUS, (None, None), (None, None, None)),
        (O.UNCONFIRMED, R.NO_NOTIFY, (202, 100), ("no-answer", "202", "100")),
        (O.UNCONFIRMED, R.RING_TIMEOUT, (202, 180), ("no-answer", "202", "180")),
        (O.UNCONFIRMED, R.SUBSCRIPTION_ENDED, (202, 183), ("no-answer", "202", "183")),
        (O.UNCONFIRMED, R.WITNESS_CONFLICT, (202, 200), (None, "202", "200")),
        (O.UNANSWERED, R.NO_RESPONSE, (408, None), ("failed", "408", None)),
        (O.CANCELED, R.HANGUP, (202, 180), ("canceled", "202", "180")),
        (O.CANCELED, R.HANGUP, (None, None), ("canceled", None, None)),
        (O.BLOCKED, R.POLICY, (403, None), ("failed", "403", None)),
        (O.BLOCKED, R.BAD_URI, (400, None), ("failed", "400", None)),
        (O.BLOCKED, R.RESERVED_HEADER, (400, None), ("failed", "400", None)),
        (O.ERROR, R.COMMAND_REFUSED, (None, None), ("failed", None, None)),
        (O.ERROR, R.COMMAND_REFUSED, (202, 180), ("failed", None, None)),
        (O.ERROR, R.NOT_SIP, (None, None), ("failed", None, None)),
    ],
)
def test_an_outcome_in_twilios_words(
    outcome: Outcome,
    reason: Reason,
    codes: tuple[int | None, int | None],
    told: tuple[str | None, str | None, str | None],
) -> None:
    names = ("ReferCallStatus", "ReferSipResponseCode", "NotifySipResponseCode")
    expected = {name: word for name, word in zip(names, told, strict=True) if word is not None}
    assert refer_fields(Result(outcome, reason, Evidence.SIP, *codes)) == expected


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("connection", "11205"),
        ("tls", "11205"),
        ("timeout", "11205"),
        ("forbidden", "11205"),
        ("status", "11200"),
        ("redirects", "11200"),
        ("too_large", "11200"),
        ("content_type", "12100"),
        ("empty", "12100"),
        ("not_well_formed", "12100"),
        ("limit", "12100"),
        ("unknown_verb", "12200"),
        ("not_valid", "12200"),
        ("too_many_steps", "12200"),
        ("not_sip", "13801"),
    ],
)
def test_a_failure_in_twilios_numbers(failure: str, code: str) -> None:
    failed = FetchFailed(FetchFailure(failure), "https://u:secret@h/p?q=1#rc=1", "…")
    assert failure_fields(failed) == {"ErrorCode": code, "ErrorUrl": "https://h/p?q=1"}


@pytest.mark.parametrize("url", ["", "http://u:secret@[half", "nonsense"])
def test_what_is_no_url_is_not_told(url: str) -> None:
    failed = FetchFailed(FetchFailure.REDIRECTS, url, "…")
    assert failure_fields(failed) == {"ErrorCode": "11200"}


@pytest.mark.parametrize(
    ("gathered", "told"),
    [
        (Gathered("1234", "#"), {"Digits": "1234", "FinishedOnKey": "#"}),
        (Gathered("1234"), {"Digits": "1234"}),
        (Gathered("", "#"), {"FinishedOnKey": "#"}),
        (Gathered("", name="menu"), {}),
    ],
)
def test_digits_in_twilios_names(gathered: Gathered, told: dict[str, str]) -> None:
    assert gather_fields(gathered) == told


SUPPORT = "QU434990c8a25d2be94863561ae98bd682"  # the MD5 of "support"


@pytest.mark.parametrize(
    ("result", "waited", "told"),
    [
        ("connected", 61.9, ("bridged", SUPPORT, "61")),
        ("full", 0.1, ("queue-full", None, None)),
        ("empty", 0.2, ("leave", SUPPORT, "0")),
        ("timeout", 300.0, ("leave", SUPPORT, "300")),
        ("withdrawn", 5.5, ("leave", SUPPORT, "5")),
        ("hangup", 7.0, ("hangup", SUPPORT, "7")),
        ("error", 0.0, ("system-error", None, None)),
    ],
)
def test_the_end_of_a_wait_in_twilios_words(
    result: str, waited: float, told: tuple[str, str | None, str | None]
) -> None:
    names = ("QueueResult", "QueueSid", "QueueTime")
    expected = {name: word for name, word in zip(names, told, strict=True) if word is not None}
    assert queue_fields(LeftQueue("support", QueueResult(result), waited)) == expected


def test_the_sid_of_a_queue_is_that_of_its_name() -> None:
    one, other = (
        queue_fields(LeftQueue(name, QueueResult.TIMEOUT, 1.0))["QueueSid"]
        for name in ("sales", "Sales")
    )
    assert one != other
    assert one == queue_fields(LeftQueue("sales", QueueResult.HANGUP, 2.0))["QueueSid"]


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (
            Transferred(Result(O.REJECTED, R.REFER_REFUSED, Evidence.SIP, 405), "name"),
            {"ReferCallStatus": "failed", "ReferSipResponseCode": "405"},
        ),
        (Gathered("1"), {"Digits": "1"}),
        (LeftQueue("support", QueueResult.FULL, 0.0), {"QueueResult": "queue-full"}),
        (
            FetchFailed(FetchFailure.EMPTY, "https://h/", "…"),
            {"ErrorCode": "12100", "ErrorUrl": "https://h/"},
        ),
        (Progress(180), {}),
        (None, {}),
    ],
)
def test_what_a_request_is_about(
    about: Transferred | Gathered | LeftQueue | FetchFailed | Progress | None,
    told: dict[str, str],
) -> None:
    assert about_fields(about, "") == told


def test_nothing_of_ours_is_without_a_word() -> None:
    assert set(REFER_CALL_STATUS) == set(Outcome)
    assert set(ERROR_CODE) == set(FetchFailure)
    assert set(CALL_STATUS) == set(CallStatus)
    assert set(QUEUE_RESULT) == set(QueueResult)
