import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stasis_refer.adapters.metrics.page import OPENMETRICS, TEXT, Page, format_for
from stasis_refer.core.intents import TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from tests.adapters.metrics.pages import KEY, SUPPORT, make

PROMETHEUS = (  # what Prometheus 2.42 sends, Debian 12's
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
HOSTILE = 'a\\b\n"c"{}# é'


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROMETHEUS, OPENMETRICS),
        ("Application/OpenMetrics-Text", OPENMETRICS),
        ("application/openmetrics-text;q=0.5, text/plain;q=0.5", OPENMETRICS),
        ("application/openmetrics-text; charset=utf-8; Q=1.000", OPENMETRICS),
        ("application/openmetrics-text;q=0.4, text/plain", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-textual", TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),  # a browser
        ("*/*", TEXT),
        ("", TEXT),
        (",;q=,;;", TEXT),
    ],
)
def test_who_asks_gets_the_format_that_it_prefers(accept: str, form: str) -> None:
    assert format_for(accept) == form
    assert make().page(accept)[1] == form


def registry() -> CollectorRegistry:
    """Return one with what is hard to write."""
    found = CollectorRegistry()
    Gauge("plain", f"Help: {HOSTILE}", registry=found).set(-1.5)
    Gauge("large", "Large.", registry=found).set(1764000000.25)
    Gauge("nothing", "NaN.", registry=found).set(float("nan"))
    counter = Counter("turns_total", "Turns.", ["way", "fast"], registry=found)
    counter.labels(HOSTILE, "yes").inc(3)
    counter.labels("left", "no").inc(1e7)
    histogram = Histogram("seconds", "Seconds.", ["way"], buckets=(0.5, 10), registry=found)
    histogram.labels("left").observe(4.0, {"transfer_id": HOSTILE})
    histogram.labels("right").observe(40.0)
    return found


def test_the_page_is_what_prometheus_client_writes() -> None:
    found = registry()
    page = Page(found)
    for _ in range(2):
        assert page.written(TEXT) == generate_latest(found)
        assert page.written(OPENMETRICS) == openmetrics.generate_latest(found)  # type: ignore[no-untyped-call]


def test_both_formats_have_the_same_series() -> None:
    metrics = make()
    lines = metrics.page(PROMETHEUS)[0].decode().splitlines()
    assert lines[-1] == "# EOF"
    series = [line for line in lines if not line.startswith("#")]
    text = [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    assert [line.split(" ")[0] for line in series] == [line.split(" ")[0] for line in text]


def test_each_duration_has_the_transfer_s_id_as_exemplar_in_openmetrics_alone() -> None:
    metrics = make()
    result = Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP)
    times = TransferTimes(answered=0.25, ringing=1.5, ended=4.0)
    note = TransferEnded(Direction.SENT, "sip:a@example.com", "default", result, times, 3)
    metrics.note(KEY, SUPPORT, note)
    page = metrics.page(PROMETHEUS)[0].decode()
    found = {
        family.name: (sample.exemplar.labels, sample.exemplar.value)
        for family in text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
        for sample in family.samples
        if sample.exemplar
    }
    id_ = {"transfer_id": f"{KEY}-3"}
    assert found == {
        "stasis_refer_transfer_duration_seconds": (id_, 4.0),
        "stasis_refer_refer_response_seconds": (id_, 0.25),
        "stasis_refer_time_to_ringing_seconds": (id_, 1.5),
        "stasis_refer_time_to_answer_seconds": (id_, 4.0),
    }
    assert KEY not in metrics.render().decode()
