import pytest

from grafana.asked import Asked, put_in


def asked(legend: str, *, tabular: bool = False) -> Asked:
    return Asked("board", 1, "Panel", "A", "up", legend, now=True, tabular=tabular)


@pytest.mark.parametrize(
    ("expr", "sent"),
    [
        ("rate(x[$__rate_interval])", "rate(x[4s])"),
        ('x{application=~"$application"}', 'x{application=~".*"}'),
        ("x[$__range] offset 1w", "x[1h] offset 1w"),
        ("$applications", "$applications"),
    ],
)
def test_what_grafana_puts_in(expr: str, sent: str) -> None:
    values = {"__rate_interval": "4s", "__range": "1h", "application": ".*"}
    assert put_in(expr, values) == sent


@pytest.mark.parametrize(
    ("query", "labels", "name"),
    [
        (asked("{{dialect}}: {{outcome}}"), {"dialect": "twiml", "outcome": "busy"}, "twiml: busy"),
        (asked("a week ago"), {"job": "x"}, "a week ago"),
        (asked("__auto"), {}, ""),
        (asked("transfers", tabular=True), {"application": "support"}, "support"),
    ],
)
def test_how_a_series_is_named(query: Asked, labels: dict[str, str], name: str) -> None:
    assert query.named(labels) == name
