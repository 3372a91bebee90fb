import pytest

from stasis_refer.core.abouts import Gathered, LeftQueue, Progress, QueueResult, Transferred
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.dialects import twiml_words
from stasis_refer.dialects.rcml_words import REFER_CALL_STATUS, about_fields

O, R = Outcome, Reason  # noqa: E741 - short, for the table

# Seed 004, Refer Action Request HTTP Parameters: there is no status where the REFER failed or
# no NOTIFY came; both codes are told as far as they are known.


@pytest.mark.parametrize(
    ("outcome", "reason", "codes", "told"),
    [
        (O.COMPLETED, R.FINAL_NOTIFY, (202, 200), ("in-progress", "202", "200")),
        (O.COMPLETED, R.FINAL_NOTIFY, (200, 200), ("in-progress", "200", "200")),
        (O.COMPLETED, R.TRANSFER_STATUS, (None, None), ("in-progress", None, None)),
        (O.BUSY, R.FINAL_NOTIFY, (202, 486), ("busy", "202", "486")),
        (O.BUSY, R.FINAL_NOTIFY, (202, 600), ("busy", "202", "600")),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 408), ("no-answer", "202", "408")),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 480), ("no-answer", "202", "480")),
        (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 487), ("no-answer", "202", "487")),
        # Its example: the target was not found.
        (O.FAILED, R.FINAL_NOTIFY, (202, 404), ("failed", "202", "404")),
        (O.REJECTED, R.REFER_REFUSED, (405, None), (None, "405", None)),
        (O.REJECTED, R.REFER_REFUSED, (401, None), (None, "401", None)),
        (O.UNCONFIRMED, R.NO_NOTIFY, (202, None), (None, "202", None)),
        (O.UNCONFIRMED, R.REFER_SUB_FALSE, (202, None), (None, "202", None)),
        (O.UNCONFIRMED, R.TRANSFER_STATUS, (None, None), (None, None, None)),
        (O.UNCONFIRMED, R.NO_NOTIFY, (202, 100), ("no-answer", "202", "100")),
        (O.UNCONFIRMED, R.RING_TIMEOUT, (202, 180), ("no-answer", "202", "180")),
        (O.UNCONFIRMED, R.WITNESS_CONFLICT, (202, 200), (None, "202", "200")),
        (O.UNANSWERED, R.NO_RESPONSE, (408, None), (None, "408", None)),
        (O.CANCELED, R.HANGUP, (202, 180), ("canceled", "202", "180")),
        (O.CANCELED, R.HANGUP, (None, None), ("canceled", None, None)),
        (O.BLOCKED, R.POLICY, (403, None), (None, "403", None)),
        (O.BLOCKED, R.BAD_URI, (400, None), (None, "400", None)),
        # Seed 004, Nesting: what the verb fails with on a reserved header.
        (O.BLOCKED, R.RESERVED_HEADER, (400, None), (None, "400", None)),
        (O.ERROR, R.COMMAND_REFUSED, (None, None), (None, None, None)),
        (O.ERROR, R.COMMAND_REFUSED, (202, 180), (None, None, None)),
        (O.ERROR, R.NOT_SIP, (None, None), (None, None, None)),
    ],
)
def test_an_outcome_in_restcomms_words(
    outcome: Outcome,
    reason: Reason,
    codes: tuple[int | None, int | None],
    told: tuple[str | None, str | None, str | None],
) -> None:
    names = ("ReferCallStatus", "ReferSipResponseCode", "NotifySipResponseCode")
    expected = {name: word for name, word in zip(names, told, strict=True) if word is not None}
    about = Transferred(Result(outcome, reason, Evidence.SIP, *codes))
    assert about_fields(about, "") == expected


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (Gathered("1234", "#"), {"Digits": "1234"}),
        (Gathered("1234"), {"Digits": "1234"}),
        (Gathered("", "#"), {}),
        (
            FetchFailed(FetchFailure.STATUS, "https://u:p@h/x?y=1#rc=1", "…"),
            {"ErrorCode": "11200", "ErrorUrl": "https://h/x?y=1"},
        ),
        (LeftQueue("support", QueueResult.FULL, 0.0), {}),
        (Progress(180), {}),
        (None, {}),
    ],
)
def test_what_a_request_is_about(
    about: Gathered | FetchFailed | LeftQueue | Progress | None, told: dict[str, str]
) -> None:
    assert about_fields(about, "") == told


def test_the_words_are_twilios() -> None:
    left_out = {O.REJECTED, O.UNANSWERED, O.BLOCKED, O.ERROR}
    assert set(REFER_CALL_STATUS) == set(Outcome) - left_out
    assert REFER_CALL_STATUS.items() <= twiml_words.REFER_CALL_STATUS.items()
