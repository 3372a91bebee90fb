"""The dashboards and rules use metrics that the program has, with labels that these have."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from grafana.asked import queries, variables
from grafana.catalogue import BOARDS, file_of
from grafana.queries import LABELS, PREFIX
from stasis_refer.adapters.metrics import Metrics, Names
from tests.grafana.test_rules import RULES

PARTS = ("_bucket", "_sum", "_count")

NOT_SHOWN: dict[str, str] = {}
"""Metrics that no dashboard shows, each with the reason."""

PAGE = Metrics("1", ["twiml"], Names(["a"], ["default"], ["trunk"])).render().decode()
HAD: dict[str, set[str]] = {}
for family in text_string_to_metric_families(PAGE):
    for sample in family.samples:
        HAD.setdefault(sample.name, set()).update(sample.labels)

SOURCES: dict[str, str] = {
    **{board.name: " ".join(each.expr for each in queries(file_of(board))) for board in BOARDS},
    **{
        f"variables of {board.name}": " ".join(each.series for each in variables(file_of(board)))
        for board in BOARDS
    },
    **{file.name: file.read_text() for file in RULES},
}


def base(name: str) -> str:
    for part in PARTS:
        if name.endswith(part) and name.removesuffix(part) in LABELS:
            return name.removesuffix(part)
    return name


@pytest.mark.parametrize("source", SOURCES)
def test_each_metric_exists(source: str) -> None:
    used = re.findall(rf"(?<![:\w]){PREFIX}\w+(?![:\w])", SOURCES[source])
    assert {name for name in used if name not in HAD} <= {
        "stasis_refer_alerts",  # names of groups of rules
        "stasis_refer_records",
    }


def test_each_metric_of_processes_exists() -> None:
    used = set(re.findall(r"\bprocess_\w+", " ".join(SOURCES.values())))
    assert used
    assert used <= set(HAD)


def test_the_labels_are_those_of_the_program() -> None:
    had: dict[str, set[str]] = {}
    for name, labels in HAD.items():
        if name.startswith(PREFIX):
            had.setdefault(base(name.removeprefix(PREFIX)), set()).update(labels - {"le"})
    assert {name: set(labels) for name, labels in LABELS.items()} == had


def test_each_metric_is_shown() -> None:
    shown = " ".join(SOURCES[board.name] for board in BOARDS)
    missing = {name for name in LABELS if not re.search(rf"\b{PREFIX}{name}", shown)}
    assert missing == set(NOT_SHOWN)
