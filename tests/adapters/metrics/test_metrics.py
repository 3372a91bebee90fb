import re
import subprocess
from functools import cache
from itertools import product

import pytest

from stasis_refer.adapters.metrics import Metrics, Names
from stasis_refer.adapters.metrics.ari import EVENTS
from stasis_refer.adapters.metrics.limits import LIMITS
from stasis_refer.adapters.metrics.program import ALERT_CODES
from stasis_refer.adapters.metrics.sip import CODES, PACKET_RESULTS
from stasis_refer.adapters.metrics.webhooks import RESULTS
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.intents import CalleeRefused, FetchKind, TellKind
from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.dialects.registry import DIALECTS
from tests.adapters.metrics.pages import KEY, SUPPORT, changes, make, samples

VALUES: dict[str, set[str]] = {  # of each label, whatever the metric
    "application": {"support", "other"},
    "dialect": {"twiml", "other"},
    "direction": {"sent", "received"},
    "endpoint": {"trunk-a", "other"},
    "evidence": set(Evidence),
    "group": {"default", "none", "other"},
    "kind": {*FetchKind, *TellKind, "other"},
    "limit": {*LIMITS, "other"},
    "outcome": set(Outcome),
    "phase": {"refer", "notify"},
    "type": {*EVENTS, "other"},
    "version": {"0.1.0"},
}
CONTRACT: list[tuple[str, str, str, dict[str, set[str]]]] = [
    ("transfers_started_total", "counter", "dialect direction", {}),
    ("transfers_total", "counter", "dialect direction outcome evidence", {}),
    ("transfers_in_progress", "gauge", "direction", {}),
    ("transfer_duration_seconds", "histogram", "direction outcome", {}),
    ("refer_response_seconds", "histogram", "", {}),
    ("time_to_ringing_seconds", "histogram", "", {}),
    ("time_to_answer_seconds", "histogram", "", {}),
    ("sip_responses_total", "counter", "phase code", {"code": {*CODES, "other"}}),
    ("targets_total", "counter", "group outcome", {}),
    ("endpoint_transfers_total", "counter", "endpoint outcome", {}),
    (
        *("webhook_requests_total", "counter", "dialect kind result"),
        {"result": {*RESULTS, "other"}},
    ),
    ("webhook_duration_seconds", "histogram", "kind", {}),
    ("outbox_pending", "gauge", "", {}),
    (
        *("documents_rejected_total", "counter", "dialect reason"),
        {"reason": {*FetchFailure, "other"}},
    ),
    ("ari_connected", "gauge", "", {}),
    ("ari_events_total", "counter", "type", {}),
    ("ari_request_duration_seconds", "histogram", "", {}),
    ("capture_packets_total", "counter", "result", {"result": {*PACKET_RESULTS, "other"}}),
    ("calls_in_progress", "gauge", "", {}),
    ("application_transfers_total", "counter", "application direction outcome", {}),
    ("transfer_reasons_total", "counter", "reason", {"reason": set(Reason)}),
    ("witness_conflicts_total", "counter", "", {}),
    ("alerts_total", "counter", "code", {"code": {*ALERT_CODES, "other"}}),
    ("limits_reached_total", "counter", "limit", {}),
    ("event_loop_lag_seconds", "histogram", "", {}),
    ("draining", "gauge", "", {}),
    ("ready", "gauge", "", {}),
    ("ledger_writes_failed_total", "counter", "", {}),
    ("build_info", "gauge", "version", {}),
]


def full() -> Metrics:
    """Return what a large installation has."""
    applications = [f"app{number}" for number in range(20)]
    endpoints = [f"trunk-{number}" for number in range(5)]
    return Metrics("0.1.0", DIALECTS, Names(applications, ["default"], endpoints))


@cache
def first_page() -> str:
    return make().render().decode()


@cache
def at_the_start() -> dict[str, float]:
    return samples(make())


@pytest.mark.parametrize(
    ("name", "kind", "labels", "own_values"), CONTRACT, ids=[row[0] for row in CONTRACT]
)
def test_every_label_set_exists_at_zero_before_anything_happens(
    name: str, kind: str, labels: str, own_values: dict[str, set[str]]
) -> None:
    assert f"# TYPE stasis_refer_{name} {kind}\n" in first_page()
    names = sorted(labels.split())
    first = f"{name}_count{{" if kind == "histogram" else f"{name}{{"
    found = {each: value for each, value in at_the_start().items() if each.startswith(first)}
    assert found == {
        first + ",".join(map("=".join, zip(names, values, strict=True))) + "}": name == "build_info"
        for values in product(*((VALUES | own_values)[label] for label in names))
    }


@pytest.mark.parametrize("name", [row[0] for row in CONTRACT])
def test_every_metric_says_what_it_is(name: str) -> None:
    (text,) = re.findall(rf"^# HELP stasis_refer_{name} (.*)$", first_page(), re.MULTILINE)
    assert re.fullmatch(r"[A-Z0-9].*\.", text)


def test_nothing_is_counted_at_the_start() -> None:
    assert {series for series, value in at_the_start().items() if value} == {
        "build_info{version=0.1.0}"
    }


PROCESS = {
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "python_info",
}
"""What metrics of any Python process are called; each has one series."""


def test_there_are_no_other_metrics() -> None:
    names = [line.split()[2] for line in first_page().splitlines() if "# TYPE" in line]
    ours = {f"stasis_refer_{name}" for name, _, _, _ in CONTRACT}
    assert sorted(names) == sorted(ours | PROCESS)


def test_twenty_applications_in_all_dialects_stay_within_2500_series() -> None:
    lines = full().render().decode().splitlines()
    assert len([line for line in lines if not line.startswith("#")]) <= 2500


def test_durations_have_edges_where_the_time_limits_end() -> None:
    edges = "transfer_duration_seconds_bucket{direction=sent,le=%s,outcome=unconfirmed}"
    assert {edges % "15.0", edges % "30.0"} <= at_the_start().keys()


def test_promtool_finds_nothing_to_say() -> None:
    metrics = full()
    metrics.program.calls(7)
    done = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607 - the one on PATH
        input=metrics.render(),
        capture_output=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)


@pytest.mark.parametrize(
    ("note", "changed"),
    [
        (CalleeRefused("default", "policy", "", "no-boss"), {"default": 1}),
        (CalleeRefused("", "policy", "add a rule"), {"none": 1}),
        (CalleeRefused("", "reserved_header", "take it out"), {"none": 1}),
        (CalleeRefused("", "no_trunk", "set trunk"), {}),
    ],
)
def test_a_callee_that_was_blocked_is_a_target_and_no_transfer(
    note: CalleeRefused, changed: dict[str, int]
) -> None:
    found = changes(lambda metrics: metrics.note(KEY, SUPPORT, note))
    assert found == {
        f"targets_total{{group={group},outcome=blocked}}": number
        for group, number in changed.items()
    }
