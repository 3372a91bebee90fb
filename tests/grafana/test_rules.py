"""The rules for Prometheus: tried by promtool, and each alert with its paragraph in the runbook."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "grafana" / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
MOST = 12
CASES = ("firing", "not firing", "low traffic")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def alerts() -> list[dict[str, Any]]:
    groups = [group for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def promtool(*arguments: str | Path) -> None:
    command = ["promtool", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_can_be_read() -> None:
    promtool("check", "rules", *RULES)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should(file: Path) -> None:
    promtool("test", "rules", file)


def test_each_alert_is_tried_firing_not_firing_and_with_little_traffic() -> None:
    tried: dict[str, str] = {}
    for file in TESTS:
        for case in yaml.safe_load(file.read_text())["tests"]:
            for each in case["alert_rule_test"]:
                name, fires = each["alertname"], bool(each["exp_alerts"])
                assert fires is case["name"].startswith("firing"), (name, case["name"])
                tried[name] = f"{tried.get(name, '')}\n{case['name']}"
    assert set(tried) == {alert["alert"] for alert in alerts()}
    for name, cases in tried.items():
        for case in CASES:
            assert f"\n{case}" in cases, f"{name}: {case}"


def test_there_are_not_too_many() -> None:
    assert len(alerts()) <= MOST


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_each_alert_says_what_it_is_and_links_to_its_paragraph(alert: dict[str, Any]) -> None:
    notes = alert["annotations"]
    assert notes["summary"]
    assert notes["description"]
    anchor = alert["alert"].lower()
    assert notes["runbook_url"] == "{{ $externalLabels.runbook }}#" + anchor
    _, _, behind = RUNBOOK.partition(f"\n## {alert['alert']}\n\n")
    assert behind.startswith(f"*{alert['labels']['severity']}.* ")


def test_no_paragraph_is_of_an_alert_that_is_gone() -> None:
    headings = re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)
    assert headings == [alert["alert"] for alert in alerts()]
