"""Rules that are legal and do nothing."""

from typing import Any

import pytest

from stasis_refer.policy_remarks import placed, too_late, useless
from stasis_refer.settings import Settings
from stasis_refer.target_settings import RuleSettings


def rule(name: str, action: str = "deny", **more: object) -> dict[str, object]:
    return {"name": name, "action": action, **more}


def remarks(*rules: dict[str, Any]) -> list[str]:
    order = placed("rules", [RuleSettings.model_validate(each) for each in rules])
    return [*useless(order), *too_late(order)]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([rule("a", hosts=["b"]), rule("c", hosts=["d"])], []),
        ([rule("a", hosts=["b"]), rule("c", "allow")], []),
        ([rule("a", hosts=["b"]), rule("c", hosts=["b"], users=["d"])], ["1: comes too late: 0"]),
        ([rule("a", hosts=["b"], users=["d"]), rule("c", hosts=["b"])], []),
        ([rule("a"), rule("c", ports=[5060]), rule("d")], ["1: comes too", "2: comes too late: 0"]),
        ([rule("a", quota={"limit": 1, "window": 1})], ["0.quota: has no effect"]),
        ([rule("a", "allow", quota={"limit": 1, "window": 1})], []),
        ([rule("a", schemes=["tel"], hosts=["b"])], ["0.hosts: tel: has none"]),
        ([rule("a", schemes=["tel"], ports=[1])], ["0.ports: tel: has none"]),
        ([rule("a", schemes=["tel", "sip"], ports=[1])], []),
    ],
)
def test_what_is_probably_not_meant_is_remarked(
    rules: list[dict[str, Any]], told: list[str]
) -> None:
    found = remarks(*rules)
    assert len(found) == len(told)
    for line, expected in zip(found, told, strict=True):
        assert line.replace("rules.", "").startswith(expected)


def test_the_rules_of_an_application_are_looked_at_by_themselves() -> None:
    application = {"dialect": "twiml", "url": "http://a/", "rules": [rule("a"), rule("b")]}
    settings = Settings.model_validate(
        {
            "applications": [application | {"name": "x"}],
            "targets": {"rules": [rule("c", "allow", hosts=["d"]), rule("e", hosts=["d"])]},
        }
    )
    late = [each.partition(":")[0] for each in settings.remarks() if "too late" in each]
    assert late == ["applications.0.rules.1", "targets.rules.1"]


def test_a_rule_that_allows_allows_something() -> None:
    some = Settings.model_validate({"targets": {"rules": [rule("a", "allow", hosts=["d"])]}})
    none = Settings.model_validate({"targets": {"rules": [rule("a", hosts=["d"])]}})
    assert not [each for each in some.remarks() if "nothing is allowed" in each]
    assert [each for each in none.remarks() if "nothing is allowed" in each]
