"""Queries in PromQL, and which of the dashboards' variables each metric can follow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "stasis_refer_"

VARIABLES: Final = ("application", "dialect", "direction")
"""What the viewer chooses; a metric follows those that are labels of it."""

LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "transfers_started_total": ("dialect", "direction"),
    "transfers_total": ("dialect", "direction", "outcome", "evidence"),
    "transfers_in_progress": ("direction",),
    "transfer_duration_seconds": ("direction", "outcome"),
    "refer_response_seconds": (),
    "time_to_ringing_seconds": (),
    "time_to_answer_seconds": (),
    "sip_responses_total": ("phase", "code"),
    "targets_total": ("group", "outcome"),
    "application_transfers_total": ("application", "direction", "outcome"),
    "endpoint_transfers_total": ("endpoint", "outcome"),
    "transfer_reasons_total": ("reason",),
    "witness_conflicts_total": (),
    "webhook_requests_total": ("dialect", "kind", "result"),
    "webhook_duration_seconds": ("kind",),
    "documents_rejected_total": ("dialect", "reason"),
    "outbox_pending": (),
    "ledger_writes_failed_total": (),
    "ari_connected": (),
    "ari_events_total": ("type",),
    "ari_request_duration_seconds": (),
    "capture_packets_total": ("result",),
    "calls_in_progress": (),
    "alerts_total": ("code",),
    "limits_reached_total": ("limit",),
    "event_loop_lag_seconds": (),
    "draining": (),
    "ready": (),
    "build_info": ("version",),
}
"""The metrics that the dashboards show, without the prefix, and the labels of each."""

WITH_EXEMPLARS: Final = (
    "transfer_duration_seconds",
    "refer_response_seconds",
    "time_to_ringing_seconds",
    "time_to_answer_seconds",
)
"""Histograms whose exemplars carry the id of a transfer, as ``transfer_id``."""

_RATE: Final = "$__rate_interval"
RANGE: Final = "$__range"
WEEK: Final = " offset 1w"


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel.

    ``legend`` names its series, with labels as ``{{label}}``; of a table it is the name of the
    column. ``now`` asks for the value at the end of the range alone.
    """

    expr: str
    legend: str = "__auto"
    now: bool = False


def select(metric: str, part: str = "", **equal: str) -> str:
    """Return a selector that follows the variables, and has these labels.

    ``part`` is the end of the name of a histogram's series. A value with ``|`` is a choice, one
    behind ``!`` is not to be had.
    """
    chosen = (f'{label}=~"${label}"' for label in VARIABLES if label in LABELS[metric])
    inside = ",".join((*chosen, *(_matcher(*pair) for pair in equal.items())))
    return f"{PREFIX}{metric}{part}" + (f"{{{inside}}}" if inside else "")


def _matcher(label: str, value: str) -> str:
    operator = "!=" if value.startswith("!") else "=~" if "|" in value else "="
    return f'{label}{operator}"{value.removeprefix("!")}"'


def followed(exprs: str) -> list[str]:
    """Return the variables that a text of queries follows."""
    return [name for name in VARIABLES if re.search(rf"\${name}\b", exprs)]


def by(labels: str, expr: str) -> str:
    """Return the sum by these labels (``"a, b"``), or by none at all."""
    return f"sum by ({labels}) ({expr})" if labels else f"sum({expr})"


def per_second(selector: str, offset: str = "") -> str:
    """Return how fast a counter goes, about now."""
    return f"rate({selector}[{_RATE}]{offset})"


def per_minute(labels: str, selector: str, offset: str = "") -> str:
    """Return how many there are a minute, about now."""
    return f"60 * {by(labels, per_second(selector, offset))}"


def counted(labels: str, selector: str, window: str = RANGE, offset: str = "") -> str:
    """Return how many there were in a window."""
    return by(labels, f"increase({selector}[{window}]{offset})")


def share(part: str, whole: str) -> str:
    """Return a ratio; it is empty, and never NaN, where there is nothing to divide by."""
    return f"{part} / ({whole} > 0)"


def quantile(edge: float, labels: str, metric: str, **equal: str) -> str:
    """Return a quantile of a histogram, in seconds; empty where nothing was observed."""
    inside = by(f"{labels}, le" if labels else "le", per_second(select(metric, "_bucket", **equal)))
    return f"histogram_quantile({edge}, {inside}) >= 0"


def quantile_in_range(edge: float, metric: str) -> str:
    """Return a quantile over all of the range that is shown, in seconds."""
    inside = by("le", f"increase({select(metric, '_bucket')}[{RANGE}])")
    return f"histogram_quantile({edge}, {inside}) >= 0"


def ours(process_metric: str) -> str:
    """Return the series of a metric of processes that are of this program."""
    return f"{process_metric} and on (instance, job) {select('build_info')}"
