from dataclasses import replace

import pytest

from stasis_refer.core.application import Application
from stasis_refer.core.intents import LateSuccess, Note, TransferBegan, TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from tests.adapters.metrics.pages import KEY, STRANGER, SUPPORT, changes
from tests.transfer_records import OPEN

TIMES = TransferTimes(answered=0.25, ringing=1.5, ended=4.0)


def ended(result: Result, group: str = "default", times: TransferTimes = TIMES) -> TransferEnded:
    target = "sip:sales@example.com"
    return TransferEnded(Direction.SENT, target, group, result, times, 1, "trunk-a")


COMPLETED = ended(Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP))

NOTES: list[tuple[str, Application, Note, dict[str, float]]] = [
    (
        "began",
        SUPPORT,
        TransferBegan(Direction.SENT, "sip:sales@example.com"),
        {
            "transfers_started_total{dialect=twiml,direction=sent}": 1,
            "transfers_in_progress{direction=sent}": 1,
        },
    ),
    (
        "completed",
        SUPPORT,
        COMPLETED,
        {
            "transfers_in_progress{direction=sent}": -1,
            "transfers_total{dialect=twiml,direction=sent,evidence=sip,outcome=completed}": 1,
            "application_transfers_total{application=support,direction=sent,outcome=completed}": 1,
            "targets_total{group=default,outcome=completed}": 1,
            "endpoint_transfers_total{endpoint=trunk-a,outcome=completed}": 1,
            "transfer_reasons_total{reason=final_notify}": 1,
            "transfer_duration_seconds_count{direction=sent,outcome=completed}": 1,
            "transfer_duration_seconds_sum{direction=sent,outcome=completed}": 4.0,
            "refer_response_seconds_count{}": 1,
            "refer_response_seconds_sum{}": 0.25,
            "time_to_ringing_seconds_count{}": 1,
            "time_to_ringing_seconds_sum{}": 1.5,
            "time_to_answer_seconds_count{}": 1,
            "time_to_answer_seconds_sum{}": 4.0,
        },
    ),
    (
        "the witnesses disagree, and the application is no longer configured",
        STRANGER,
        ended(
            Result(Outcome.FAILED, Reason.WITNESS_CONFLICT, Evidence.ASTERISK, conflict=True),
            group="",
            times=TransferTimes(answered=0.5, ended=4.0),
        ),
        {
            "transfers_in_progress{direction=sent}": -1,
            "transfers_total{dialect=other,direction=sent,evidence=asterisk,outcome=failed}": 1,
            "application_transfers_total{application=other,direction=sent,outcome=failed}": 1,
            "targets_total{group=none,outcome=failed}": 1,
            "endpoint_transfers_total{endpoint=trunk-a,outcome=failed}": 1,
            "transfer_reasons_total{reason=witness_conflict}": 1,
            "transfer_duration_seconds_count{direction=sent,outcome=failed}": 1,
            "transfer_duration_seconds_sum{direction=sent,outcome=failed}": 4.0,
            "refer_response_seconds_count{}": 1,
            "refer_response_seconds_sum{}": 0.5,
            "witness_conflicts_total{}": 1,
        },
    ),
    (
        "received, and connected",
        SUPPORT,
        TransferEnded(
            Direction.RECEIVED,
            "<sip:sales@example.com>",
            "default",
            Result(Outcome.COMPLETED, Reason.BRIDGED, Evidence.ASTERISK),
            TIMES,
        ),
        {
            "transfers_in_progress{direction=received}": -1,
            "transfers_total"
            "{dialect=twiml,direction=received,evidence=asterisk,outcome=completed}": 1,
            "application_transfers_total"
            "{application=support,direction=received,outcome=completed}": 1,
            "targets_total{group=default,outcome=completed}": 1,
            "transfer_reasons_total{reason=bridged}": 1,
            "transfer_duration_seconds_count{direction=received,outcome=completed}": 1,
            "transfer_duration_seconds_sum{direction=received,outcome=completed}": 4.0,
        },
    ),
    (
        "late success",
        SUPPORT,
        LateSuccess(200),
        {"transfer_reasons_total{reason=late_success}": 1},
    ),
]


@pytest.mark.parametrize(
    ("application", "note", "grown"), [row[1:] for row in NOTES], ids=[row[0] for row in NOTES]
)
def test_a_note_is_counted_once_in_each_place(
    application: Application, note: Note, grown: dict[str, float]
) -> None:
    assert changes(lambda metrics: metrics.note(KEY, application, note)) == grown


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.COMPLETED])
def test_only_a_success_has_a_time_to_answer(outcome: Outcome) -> None:
    note = replace(COMPLETED, result=replace(COMPLETED.result, outcome=outcome))
    grown = changes(lambda metrics: metrics.note(KEY, SUPPORT, note))
    assert grown[f"transfer_duration_seconds_count{{direction=sent,outcome={outcome}}}"] == 1
    assert "time_to_answer_seconds_count{}" not in grown


@pytest.mark.parametrize(
    ("note", "counted_as"),
    [
        (replace(COMPLETED, group="moon"), "targets_total{group=other,outcome=completed}"),
        (
            replace(COMPLETED, endpoint="phones"),
            "endpoint_transfers_total{endpoint=other,outcome=completed}",
        ),
        (
            replace(COMPLETED, endpoint=""),  # of a leg that is not SIP
            "endpoint_transfers_total{endpoint=other,outcome=completed}",
        ),
    ],
)
def test_what_nobody_listed_is_another(note: TransferEnded, counted_as: str) -> None:
    assert changes(lambda metrics: metrics.note(KEY, SUPPORT, note))[counted_as] == 1


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.BUSY])
def test_a_trunk_that_refuses_is_told_where_we_called_the_target_instead(outcome: Outcome) -> None:
    result = Result(outcome, Reason.BRIDGED_FALLBACK, Evidence.ASTERISK, 405)
    grown = changes(lambda metrics: metrics.note(KEY, SUPPORT, ended(result)))
    assert {name for name in grown if name.startswith("endpoint_transfers_total")} == {
        "endpoint_transfers_total{endpoint=trunk-a,outcome=rejected}"
    }
    assert grown[f"targets_total{{group=default,outcome={outcome}}}"] == 1


@pytest.mark.parametrize("direction", Direction)
def test_a_transfer_that_a_restart_has_lost_has_ended(direction: Direction) -> None:
    record = replace(OPEN, application="support", dialect="twiml", group="", direction=direction)
    grown = changes(lambda metrics: metrics.transfers.lost(record))
    labels = f"direction={direction},outcome=error"
    sent = {"endpoint_transfers_total{endpoint=other,outcome=error}": 1}
    assert grown == {
        f"transfers_total{{dialect=twiml,direction={direction},evidence=none,outcome=error}}": 1,
        f"application_transfers_total{{application=support,{labels}}}": 1,
        "targets_total{group=none,outcome=error}": 1,
        "transfer_reasons_total{reason=restarted}": 1,
        **(sent if direction is Direction.SENT else {}),
    }


def test_a_transfer_that_goes_on_after_a_restart_is_under_way_and_was_not_begun_here() -> None:
    grown = changes(lambda metrics: metrics.transfers.goes_on(Direction.SENT))
    assert grown == {"transfers_in_progress{direction=sent}": 1}
