import re
import subprocess
from collections.abc import Callable
from functools import partial
from math import prod

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stasis_refer.adapters.metrics import (
    ALERT_CODES,
    ARI_EVENTS,
    HTTP_LIMITS,
    PACKET_RESULTS,
    SIP_CODES,
    Metrics,
)
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.intents import (
    Alert,
    CalleeRefused,
    DocumentFailed,
    FetchKind,
    LateSuccess,
    Note,
    TellKind,
    TransferBegan,
    TransferEnded,
    TransferTimes,
)
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result

SUPPORT = Application("support", "twiml", Callback("http://127.0.0.1/voice"))
STRANGER = Application("stranger", "morse", Callback("http://127.0.0.1/voice"))

SIZES = {  # how many values a label has, when it is not two
    "outcome": len(Outcome),
    "evidence": len(Evidence),
    "code": len(SIP_CODES) + 1,
    "group": 3,
    "kind": len({*FetchKind, *TellKind}) + 1,
    "result": len(FetchFailure) + 2,
    "reason": len(FetchFailure) + 1,
    "type": len(ARI_EVENTS) + 1,
    "version": 1,
}
CONTRACT: list[tuple[str, str, str, dict[str, int]]] = [
    ("transfers_started_total", "counter", "dialect direction", {}),
    ("transfers_total", "counter", "dialect direction outcome evidence", {}),
    ("transfers_in_progress", "gauge", "direction", {}),
    ("transfer_duration_seconds", "histogram", "direction outcome", {}),
    ("refer_response_seconds", "histogram", "", {}),
    ("time_to_ringing_seconds", "histogram", "", {}),
    ("time_to_answer_seconds", "histogram", "", {}),
    ("sip_responses_total", "counter", "phase code", {}),
    ("targets_total", "counter", "group outcome", {}),
    ("webhook_requests_total", "counter", "dialect kind result", {}),
    ("webhook_duration_seconds", "histogram", "kind", {}),
    ("outbox_pending", "gauge", "", {}),
    ("documents_rejected_total", "counter", "dialect reason", {}),
    ("ari_connected", "gauge", "", {}),
    ("ari_events_total", "counter", "type", {}),
    ("ari_request_duration_seconds", "histogram", "", {}),
    ("capture_packets_total", "counter", "result", {"result": len(PACKET_RESULTS) + 1}),
    ("calls_in_progress", "gauge", "", {}),
    ("application_transfers_total", "counter", "application direction outcome", {}),
    ("transfer_reasons_total", "counter", "reason", {"reason": len(Reason)}),
    ("witness_conflicts_total", "counter", "", {}),
    ("alerts_total", "counter", "code", {"code": len(ALERT_CODES) + 1}),
    ("limits_reached_total", "counter", "limit", {"limit": 3 + len(HTTP_LIMITS)}),
    ("event_loop_lag_seconds", "histogram", "", {}),
    ("draining", "gauge", "", {}),
    ("ledger_writes_failed_total", "counter", "", {}),
    ("build_info", "gauge", "version", {}),
]


def make(applications: int = 1) -> Metrics:
    names = ["support", *(f"app{number}" for number in range(1, applications))]
    return Metrics("0.1.0", dialects=["twiml"], applications=names, groups=["default"])


def samples(metrics: Metrics) -> dict[str, float]:
    """Return each series as it is written, without the prefix, and its value."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            name = sample.name.removeprefix("stasis_refer_")
            found[f"{name}{{{labels}}}"] = sample.value
    return found


def changes(metrics: Metrics, act: Callable[[Metrics], None]) -> dict[str, float]:
    """Return by how much each series grew, histogram buckets aside."""
    before = samples(metrics)
    act(metrics)
    after = samples(metrics)
    assert before.keys() == after.keys(), "a series came into being"
    grown = {series: after[series] - before[series] for series in after}
    return {series: by for series, by in grown.items() if by and "_bucket{" not in series}


@pytest.mark.parametrize(
    ("name", "kind", "labels", "own_sizes"), CONTRACT, ids=[row[0] for row in CONTRACT]
)
def test_every_label_set_exists_before_anything_happens(
    name: str, kind: str, labels: str, own_sizes: dict[str, int]
) -> None:
    text = make().render().decode()
    assert f"# TYPE stasis_refer_{name} {kind}\n" in text
    first = f"{name}_count{{" if kind == "histogram" else f"{name}{{"
    children = [series for series in samples(make()) if series.startswith(first)]
    assert len(children) == prod((SIZES | own_sizes).get(label, 2) for label in labels.split())
    assert {label for child in children for label in re.findall(r"(\w+)=", child)} == set(
        labels.split()
    )


def test_nothing_is_counted_at_the_start() -> None:
    assert {series for series, value in samples(make()).items() if value} == {
        "build_info{version=0.1.0}"
    }


def test_there_are_no_other_metrics() -> None:
    names = [line.split()[2] for line in make().render().decode().splitlines() if "# TYPE" in line]
    assert sorted(names) == sorted(f"stasis_refer_{name}" for name, _, _, _ in CONTRACT)


def test_twenty_applications_stay_within_2500_series() -> None:
    assert len(samples(make(applications=20))) <= 2500


def test_durations_have_edges_where_the_time_limits_end() -> None:
    edges = "transfer_duration_seconds_bucket{direction=sent,le=%s,outcome=unconfirmed}"
    assert {edges % "15.0", edges % "30.0"} <= samples(make()).keys()


def test_promtool_finds_nothing_to_say() -> None:
    metrics = make(applications=20)
    metrics.calls(7)
    done = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607 - the one on PATH
        input=metrics.render(),
        capture_output=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)


def ended(  # noqa: PLR0913 - the fields of a transfer
    outcome: Outcome,
    reason: Reason,
    evidence: Evidence = Evidence.SIP,
    *,
    group: str = "default",
    times: TransferTimes | None = None,
    conflict: bool = False,
) -> TransferEnded:
    result = Result(outcome, reason, evidence, conflict=conflict)
    times = times or TransferTimes(ended=4.0)
    return TransferEnded(Direction.SENT, "sip:sales@example.com", group, result, times)


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
        ended(
            Outcome.COMPLETED,
            Reason.FINAL_NOTIFY,
            times=TransferTimes(answered=0.25, ringing=1.5, ended=4.0),
        ),
        {
            "transfers_in_progress{direction=sent}": -1,
            "transfers_total{dialect=twiml,direction=sent,evidence=sip,outcome=completed}": 1,
            "application_transfers_total{application=support,direction=sent,outcome=completed}": 1,
            "targets_total{group=default,outcome=completed}": 1,
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
            Outcome.FAILED,
            Reason.WITNESS_CONFLICT,
            Evidence.ASTERISK,
            group="",
            times=TransferTimes(answered=0.5, ended=4.0),
            conflict=True,
        ),
        {
            "transfers_in_progress{direction=sent}": -1,
            "transfers_total{dialect=other,direction=sent,evidence=asterisk,outcome=failed}": 1,
            "application_transfers_total{application=other,direction=sent,outcome=failed}": 1,
            "targets_total{group=none,outcome=failed}": 1,
            "transfer_reasons_total{reason=witness_conflict}": 1,
            "transfer_duration_seconds_count{direction=sent,outcome=failed}": 1,
            "transfer_duration_seconds_sum{direction=sent,outcome=failed}": 4.0,
            "refer_response_seconds_count{}": 1,
            "refer_response_seconds_sum{}": 0.5,
            "witness_conflicts_total{}": 1,
        },
    ),
    (
        "late success",
        SUPPORT,
        LateSuccess(200),
        {"transfer_reasons_total{reason=late_success}": 1},
    ),
    (
        "document failed",
        SUPPORT,
        DocumentFailed(FetchFailure.UNKNOWN_VERB, "http://127.0.0.1/voice", "line 3: <Dance>"),
        {"documents_rejected_total{dialect=twiml,reason=unknown_verb}": 1},
    ),
    ("alert", SUPPORT, Alert(13801, "not SIP"), {"alerts_total{code=13801}": 1}),
    ("alert of a REFER received", SUPPORT, Alert(13802, "?"), {"alerts_total{code=13802}": 1}),
    ("callee refused", SUPPORT, CalleeRefused("default", "policy", "add a rule"), {}),
    (
        "received, and connected",
        SUPPORT,
        TransferEnded(
            Direction.RECEIVED,
            "<sip:sales@example.com>",
            "default",
            Result(Outcome.COMPLETED, Reason.BRIDGED, Evidence.ASTERISK),
            TransferTimes(answered=0.25, ringing=1.5, ended=4.0),
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
    ("unknown alert", SUPPORT, Alert(1, "?"), {"alerts_total{code=other}": 1}),
]


@pytest.mark.parametrize(
    ("application", "note", "grown"),
    [row[1:] for row in NOTES],
    ids=[row[0] for row in NOTES],
)
def test_a_note_is_counted_once_in_each_place(
    application: Application, note: Note, grown: dict[str, float]
) -> None:
    assert changes(make(), lambda metrics: metrics.note(application, note)) == grown


@pytest.mark.parametrize(
    ("failure", "limit"),
    [
        (FetchFailure.TOO_LARGE, "document_size"),
        (FetchFailure.LIMIT, "document_shape"),
        (FetchFailure.TOO_MANY_STEPS, "document_steps"),
    ],
)
def test_a_document_over_a_limit_is_rejected_and_the_limit_counted(
    failure: FetchFailure, limit: str
) -> None:
    note = DocumentFailed(failure, "http://127.0.0.1/voice", "too much")
    assert changes(make(), lambda metrics: metrics.note(SUPPORT, note)) == {
        f"documents_rejected_total{{dialect=twiml,reason={failure}}}": 1,
        f"limits_reached_total{{limit={limit}}}": 1,
    }


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.COMPLETED])
def test_only_a_success_has_a_time_to_answer(outcome: Outcome) -> None:
    note = ended(outcome, Reason.FINAL_NOTIFY)
    grown = changes(make(), lambda metrics: metrics.note(SUPPORT, note))
    assert grown[f"transfer_duration_seconds_count{{direction=sent,outcome={outcome}}}"] == 1
    assert "time_to_answer_seconds_count{}" not in grown


def _limit(limit: str, metrics: Metrics) -> None:
    metrics.limit(limit)


FACTS: list[tuple[Callable[[Metrics], None], dict[str, float]]] = [
    *(
        (partial(_limit, limit), {f"limits_reached_total{{limit={limit}}}": 1.0})
        for limit in HTTP_LIMITS
    ),
    (
        lambda m: m.webhook("twiml", FetchKind.ACTION, "ok", 0.5),
        {
            "webhook_requests_total{dialect=twiml,kind=action,result=ok}": 1,
            "webhook_duration_seconds_count{kind=action}": 1,
            "webhook_duration_seconds_sum{kind=action}": 0.5,
        },
    ),
    (
        lambda m: m.webhook("twiml", TellKind.STATUS, FetchFailure.TIMEOUT, 15.0),
        {
            "webhook_requests_total{dialect=twiml,kind=status,result=timeout}": 1,
            "webhook_duration_seconds_count{kind=status}": 1,
            "webhook_duration_seconds_sum{kind=status}": 15.0,
        },
    ),
    (
        lambda m: m.webhook("morse", "pigeon", "eaten", 1.0),
        {
            "webhook_requests_total{dialect=other,kind=other,result=other}": 1,
            "webhook_duration_seconds_count{kind=other}": 1,
            "webhook_duration_seconds_sum{kind=other}": 1.0,
        },
    ),
    (
        lambda m: m.webhook("twiml", TellKind.EVENT, "ok", 0.5),
        {
            "webhook_requests_total{dialect=twiml,kind=event,result=ok}": 1,
            "webhook_duration_seconds_count{kind=event}": 1,
            "webhook_duration_seconds_sum{kind=event}": 0.5,
        },
    ),
    (
        lambda m: m.webhook("twiml", FetchKind.REFER, "ok", 0.5),
        {
            "webhook_requests_total{dialect=twiml,kind=refer,result=ok}": 1,
            "webhook_duration_seconds_count{kind=refer}": 1,
            "webhook_duration_seconds_sum{kind=refer}": 0.5,
        },
    ),
    (lambda m: m.ari_event("ChannelTransfer"), {"ari_events_total{type=ChannelTransfer}": 1}),
    (lambda m: m.ari_event("RecordingFinished"), {"ari_events_total{type=RecordingFinished}": 1}),
    (lambda m: m.outbox(7), {"outbox_pending{}": 7}),
    (lambda m: m.ari_event("StasisStart"), {"ari_events_total{type=StasisStart}": 1}),
    (lambda m: m.ari_event("TeaServed"), {"ari_events_total{type=other}": 1}),
    (
        lambda m: m.ari_request(0.25),
        {"ari_request_duration_seconds_count{}": 1, "ari_request_duration_seconds_sum{}": 0.25},
    ),
    (lambda m: m.ari_connected(connected=True), {"ari_connected{}": 1}),
    (lambda m: m.packet("passed_over"), {"capture_packets_total{result=passed_over}": 1}),
    (lambda m: m.packet("10.0.0.1"), {"capture_packets_total{result=other}": 1}),
    (lambda m: m.sip_response("refer", 405), {"sip_responses_total{code=405,phase=refer}": 1}),
    (lambda m: m.sip_response("notify", 180), {"sip_responses_total{code=180,phase=notify}": 1}),
    (lambda m: m.sip_response("notify", 299), {"sip_responses_total{code=other,phase=notify}": 1}),
    (lambda m: m.sip_response("notify", None), {"sip_responses_total{code=other,phase=notify}": 1}),
    (lambda m: m.calls(7), {"calls_in_progress{}": 7}),
    (lambda m: m.draining(draining=True), {"draining{}": 1}),
    (lambda m: m.ledger_write_failed(), {"ledger_writes_failed_total{}": 1}),
    (
        lambda m: m.loop_lag(0.5),
        {"event_loop_lag_seconds_count{}": 1, "event_loop_lag_seconds_sum{}": 0.5},
    ),
]


@pytest.mark.parametrize(("fact", "grown"), FACTS, ids=[next(iter(grown)) for _, grown in FACTS])
def test_a_fact_is_counted_once_in_each_place(
    fact: Callable[[Metrics], None], grown: dict[str, float]
) -> None:
    assert changes(make(), fact) == grown


def test_a_state_can_be_taken_back() -> None:
    metrics = make()
    for state in (True, False):
        metrics.ari_connected(state)
        metrics.draining(state)
        metrics.calls(int(state))
        metrics.outbox(int(state))
    assert samples(metrics) == samples(make())


def test_two_of_them_do_not_share_state() -> None:
    one, other = make(), make()
    one.calls(7)
    assert samples(one)["calls_in_progress{}"] == 7
    assert samples(other)["calls_in_progress{}"] == 0


def test_a_transfer_that_goes_on_after_a_restart_is_under_way_and_was_not_begun_here() -> None:
    grown = changes(make(), lambda metrics: metrics.goes_on(Direction.SENT))
    assert grown == {"transfers_in_progress{direction=sent}": 1}
