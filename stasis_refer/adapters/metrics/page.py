"""The page that Prometheus reads, in the two formats that it may ask for.

prometheus_client writes both, too, and takes more than twice the time: it puts the labels of
each series together anew. Here that is done once.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_WEIGHT: Final = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.IGNORECASE)
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})  # of TEXT

_number: Final[Callable[[float], str]] = floatToGoString


def format_for(accept: str) -> str:
    """Return TEXT or OPENMETRICS, whichever the value of a header Accept prefers."""
    wanted = _weight(accept, "application/openmetrics-text")
    return OPENMETRICS if wanted and wanted >= _weight(accept, "text/plain") else TEXT


def _weight(accept: str, media_type: str) -> float:
    """Return the weight a media type is named with (RFC 9110, 12.5.1), 0 where it is not."""
    found = [0.0]
    for media_range in accept.split(","):
        name, *parameters = (each.strip() for each in media_range.split(";"))
        if name.lower() == media_type:
            weights = filter(None, map(_WEIGHT.fullmatch, parameters))
            found.append(next((float(each[1]) for each in weights), 1.0))
    return max(found)


class Page:
    """Writes what a registry has: counters, gauges and histograms."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._series: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}

    def written(self, form: str) -> bytes:
        """Return the page in one of the two formats. Exemplars are in OPENMETRICS alone."""
        openmetrics = form == OPENMETRICS
        lines = [
            line
            for metric in self._registry.collect()
            for line in self._lines(metric, openmetrics=openmetrics)
        ]
        end = "# EOF\n" if openmetrics else ""
        return ("".join(lines) + end).encode()

    def _lines(self, metric: Metric, *, openmetrics: bool) -> Iterator[str]:
        # In OpenMetrics the suffix is the sample's; in the text format it is the metric's, too.
        suffix = "_total" if metric.type == "counter" and not openmetrics else ""
        name, escapes = metric.name + suffix, _ESCAPES if openmetrics else _HELP_ESCAPES
        yield f"# HELP {name} {metric.documentation.translate(escapes)}\n"
        yield f"# TYPE {name} {metric.type}\n"
        for sample in metric.samples:
            exemplar = _exemplar(sample.exemplar) if openmetrics and sample.exemplar else ""
            yield f"{self._named(sample)} {_number(sample.value)}{exemplar}\n"

    def _named(self, sample: Sample) -> str:
        key = sample.name, tuple(sample.labels.items())
        named = self._series.get(key)
        if named is None:
            named = self._series[key] = sample.name + _braced(sample.labels)
        return named


def _exemplar(exemplar: Exemplar) -> str:
    return f" # {_braced(exemplar.labels)} {_number(exemplar.value)} {exemplar.timestamp}"


def _braced(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{value.translate(_ESCAPES)}"' for name, value in sorted(labels.items()))
    return "{" + ",".join(pairs) + "}"
