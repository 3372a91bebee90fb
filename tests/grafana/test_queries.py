import pytest

from grafana.queries import Query, followed, quantile, select, share


@pytest.mark.parametrize(
    ("metric", "equal", "selector"),
    [
        ("draining", {}, "stasis_refer_draining"),
        ("targets_total", {"outcome": "busy"}, 'stasis_refer_targets_total{outcome="busy"}'),
        (
            "targets_total",
            {"outcome": "busy|failed"},
            'stasis_refer_targets_total{outcome=~"busy|failed"}',
        ),
        (
            "webhook_requests_total",
            {"result": "!ok"},
            'stasis_refer_webhook_requests_total{dialect=~"$dialect",result!="ok"}',
        ),
    ],
)
def test_a_selector_follows_the_variables_that_are_labels(
    metric: str, equal: dict[str, str], selector: str
) -> None:
    assert select(metric, **equal) == selector


def test_what_is_followed_is_found() -> None:
    assert followed(select("transfers_total")) == ["dialect", "direction"]
    assert followed("up") == []


def test_a_ratio_without_traffic_is_empty() -> None:
    assert share("a", "b") == "a / (b > 0)"


def test_a_quantile_without_observations_is_empty() -> None:
    expr = quantile(0.5, "kind", "webhook_duration_seconds")
    assert expr.endswith(" >= 0")
    assert "sum by (kind, le)" in expr


def test_a_query_names_its_series_by_itself() -> None:
    assert Query("up").legend == "__auto"
