from dataclasses import replace

import pytest

from stasis_refer.adapters.page.words import REASONS, answer, no_messages, unsent
from stasis_refer.core.outcome import Direction, Outcome, Reason
from stasis_refer.runtime.book import TransferRecord
from tests.adapters.page.world import ONE

POLICY, FALLBACK = Reason.POLICY, Reason.BRIDGED_FALLBACK


def ended(
    outcome: Outcome,
    reason: Reason,
    refer_code: int | None = None,
    notify_code: int | None = None,
    direction: Direction = Direction.SENT,
) -> TransferRecord:
    return replace(
        ONE,
        outcome=outcome,
        reason=reason,
        refer_code=refer_code,
        notify_code=notify_code,
        direction=direction,
    )


def test_each_reason_has_its_sentence() -> None:
    assert set(REASONS) == set(Reason)
    assert len(set(REASONS.values())) == len(Reason)
    assert all(20 <= len(each) <= 80 and not each.endswith(".") for each in REASONS.values())


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (ended(Outcome.BUSY, Reason.FINAL_NOTIFY, 202, 486), "202"),
        (ended(Outcome.REJECTED, Reason.REFER_REFUSED, 403), "403"),
        (
            ended(Outcome.BLOCKED, POLICY, 403),
            "blocked by policy, no REFER was sent; the application was told 403",
        ),
        (
            ended(Outcome.BLOCKED, Reason.BAD_URI, 400),
            "blocked, no REFER was sent; the application was told 400",
        ),
        (ended(Outcome.BLOCKED, FALLBACK, 405, 403), "405"),
        (ended(Outcome.BLOCKED, POLICY, 202, direction=Direction.RECEIVED), "202"),
        (ended(Outcome.ERROR, Reason.NOT_SIP), "no REFER was sent"),
        (ended(Outcome.UNANSWERED, Reason.NO_RESPONSE, 408), "nothing"),
        (ended(Outcome.CANCELED, Reason.HANGUP), "nothing: the call ended first"),
        (ended(Outcome.CANCELED, Reason.HANGUP, 202, 180), "202"),
        (replace(ONE, outcome=None, reason=None, refer_code=None, notify_code=None), ""),
    ],
)
def test_what_became_of_the_refer_is_told(record: TransferRecord, told: str) -> None:
    assert answer(record) == told
    code = int(told) if told.isdecimal() else None
    assert record.refer_answer == code


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (ended(Outcome.BUSY, Reason.FINAL_NOTIFY, 202, 486), "No message of it was captured: "),
        (ended(Outcome.BLOCKED, POLICY, 403), "There are no messages: blocked by policy, no REFER"),
        (ended(Outcome.CANCELED, Reason.HANGUP), "The call ended before anything was heard"),
        (
            ended(Outcome.CANCELED, Reason.HANGUP, direction=Direction.RECEIVED),
            "No message of it was captured: ",
        ),
    ],
)
def test_why_there_is_no_ladder_is_told(record: TransferRecord, told: str) -> None:
    assert no_messages(record).startswith(told)


def test_a_refer_that_may_have_been_sent_is_not_called_unsent() -> None:
    assert unsent(ended(Outcome.CANCELED, Reason.HANGUP)) == ""
