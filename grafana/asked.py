"""What the dashboards ask Prometheus: every query of every panel and variable, as it is sent.

Read from the JSON, as Grafana does; and what Grafana puts into a query before it sends it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_LABEL_VALUES: Final = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a panel; ``key`` is unique in all dashboards.

    ``now`` asks for the value at the end of the range alone, ``tabular`` is a column of a table,
    ``exemplars`` are wanted too.
    """

    board: str
    number: int
    panel: str
    ref: str
    expr: str
    legend: str
    now: bool
    tabular: bool
    exemplars: bool = False

    @property
    def key(self) -> str:
        """Return dashboard, panel and letter."""
        return f"{self.board}.{self.number} {self.panel} {self.ref}"

    def named(self, labels: Mapping[str, str]) -> str:
        """Return the name of a series, as Grafana writes it; in a table that of the row."""
        if self.tabular or self.legend == "__auto":
            return ", ".join(value for name, value in sorted(labels.items()) if name != "__name__")
        return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), self.legend)


@dataclass(frozen=True, slots=True)
class AskedValues:
    """A variable whose choices are the values of a label of a metric."""

    board: str
    name: str
    series: str
    label: str


def panels(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the panels of a dashboard, without the titles between them."""
    for each in json.loads(file.read_text(encoding="utf-8"))["panels"]:
        if each["type"] != "row":
            yield each


def queries(file: Path) -> Iterator[Asked]:
    """Yield every query of every panel of a dashboard."""
    for panel in panels(file):
        for target in panel["targets"]:
            yield Asked(
                board=file.stem,
                number=panel["id"],
                panel=panel["title"],
                ref=target["refId"],
                expr=target["expr"],
                legend=target.get("legendFormat", ""),
                now=target.get("instant", False),
                tabular=target.get("format") == "table",
                exemplars=target.get("exemplar", False),
            )


def variables(file: Path) -> Iterator[AskedValues]:
    """Yield the variables that Prometheus is asked for."""
    for each in json.loads(file.read_text(encoding="utf-8"))["templating"]["list"]:
        if each["type"] != "query":
            continue
        found = _LABEL_VALUES.fullmatch(each["query"]["query"])
        if found is None:
            raise ValueError(f"{file}: variable {each['name']}: no label_values(series, label)")
        yield AskedValues(file.stem, each["name"], found["series"], found["label"])


def put_in(expr: str, values: Mapping[str, str]) -> str:
    """Return a query as Grafana sends it; ``values`` by the names of variables, without ``$``."""
    names = "|".join(sorted(values, key=len, reverse=True))
    return re.sub(rf"\$({names})\b", lambda found: values[found[1]], expr)
