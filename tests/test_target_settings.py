"""``[[targets.rules]]``, ``[[applications.rules]]``: how rules are read, and what is wrong."""

from pathlib import Path

import pytest

from stasis_refer.core.rules import Action, Quota, Rule
from stasis_refer.errors import ConfigurationError
from stasis_refer.settings import Settings, load

APPLICATION = """
[[applications]]
name = "sales"
dialect = "twiml"
url = "https://example.com/voice"
"""
RULE = """
[[targets.rules]]
name = "r"
action = "deny"
"""
NO_HOST = (
    "is no host: write a name as example.com, .example.com for all below it, an address or a"
    " network as 10.0.0.0/8"
)
USER = "write it like 'alice', 'sales-*' or '+49*', percent-encoded as in a URI"
PREFIX = 'is no prefix of global numbers: write its + and digits, as "+49900", and no more'
TWICE = (
    "targets.rules: r is there more than once, those of applications counted: give each rule a"
    " name of its own"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stasis_refer.toml"


def read(path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return load(path)


WHOLE = (
    """
[targets]
allow = ["tel:+49*"]

[[targets.rules]]
name = "no-premium"
action = "deny"
schemes = ["sip", "tel"]
hosts = ["Example.com.", ".b\u00fccher.example", "10.0.0.0/8"]
users = ["*"]
prefixes = ["+49-900"]
ports = [5060]
group = "premium"
quota = {limit = 100, window = 3600}
"""
    + APPLICATION
    + """
quota = {limit = 5, window = 0.5}
endpoints = ["agents-*"]

[[applications.rules]]
name = "own"
action = "allow"
"""
)


def test_the_rules_of_an_application_come_before_those_of_all(path: Path) -> None:
    sales = read(path, WHOLE).application_table()["sales"]
    assert sales.rules == (
        Rule("own", Action.ALLOW, group="own"),
        Rule(
            "no-premium",
            Action.DENY,
            ("sip", "tel"),
            ("example.com", ".xn--bcher-kva.example", "10.0.0.0/8"),
            ("*",),
            ("+49900",),
            (5060,),
            "premium",
            Quota(100, 3600.0),
        ),
    )
    assert [each.text for each in sales.targets] == ["tel:+49*"]
    assert (sales.quota, sales.endpoints) == (Quota(5, 0.5), ("agents-*",))


def test_nothing_is_allowed_by_default(path: Path) -> None:
    sales = read(path, APPLICATION).application_table()["sales"]
    assert (sales.rules, sales.targets, sales.endpoints, sales.quota) == ((), (), (), None)


def test_the_groups_are_those_of_all_rules_each_once(path: Path) -> None:
    more = "[[targets.rules]]\nname = 'x'\naction = 'deny'\ngroup = 'premium'\n"
    assert read(path, WHOLE + more).groups() == ["default", "own", "premium"]
    assert read(path, APPLICATION).groups() == ["default"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RULE.replace("deny", "drop"), ".0.action: 'drop' is unknown: use 'allow' or 'deny'"),
        ("[[targets.rules]]\nname = 'r'", ".0.action: is missing: add it"),
        (RULE.replace('"r"', '"default"'), '.0.name: "default" means something else in metrics'),
        (RULE.replace('"r"', '"none"'), '.0.name: "none" means something else in metrics'),
        (RULE.replace('"r"', '"other"'), '.0.name: "other" means something else in metrics'),
        (RULE.replace('"r"', '"a b"'), ".0.name: may have letters"),
        (RULE + "group = 'other'", '.0.group: "other" means something else in metrics'),
        (RULE + "hosts = ['a b']", f".0.hosts.0: 'a b' {NO_HOST}"),
        (RULE + "hosts = ['a', '10.0.0.0/40']", f".0.hosts.1: '10.0.0.0/40' {NO_HOST}"),
        (RULE + "hosts = ['10.0.0.1/8']", ".0.hosts.0: '10.0.0.1/8': 10.0.0.1/8 has host bits set"),
        (RULE + "hosts = 'a'", ".0.hosts: is no list"),
        (RULE + "hosts = []", ".0.hosts: is empty: fill it in, or leave it out"),
        (RULE + "users = ['']", f".0.users.0: '' (not a user): {USER}"),
        (RULE + "users = ['a:b']", f".0.users.0: 'a:b' (not a user): {USER}"),
        (RULE + "users = ['a@b']", f".0.users.0: 'a@b' (bad host): {USER}"),
        (RULE + "users = ['a b']", f".0.users.0: 'a b' (unquoted delimiter): {USER}"),
        (RULE + "prefixes = ['49900']", f".0.prefixes.0: {PREFIX}"),
        (RULE + "prefixes = ['+']", f".0.prefixes.0: {PREFIX}"),
        (RULE + "prefixes = ['+49x']", f".0.prefixes.0: {PREFIX}"),
        (RULE + "hosts = ['.10.0.0.1']", ".0.hosts.0: '.10.0.0.1' fits nothing"),
        (RULE + "ports = [0]", ".0.ports.0: has to be greater than or equal to 1"),
        (RULE + "ports = [true]", ".0.ports.0: is true or false: write a whole number"),
        (RULE + "quota = {limit = true, window = 1}", ".0.quota.limit: is true or false: write"),
        (RULE + "schemes = ['http']", ".0.schemes.0: 'http' is unknown: use"),
        (RULE + "quota = 5", ".0.quota: is no section"),
        (RULE + "quota = {limit = 0, window = 1}", ".0.quota.limit: has to be greater than"),
        (RULE + "quota = {limit = 1}", ".0.quota.window: is missing: add it"),
        (RULE + "hostz = ['a']", ".0.hostz: is unknown: did you mean 'hosts'?"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told(path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(path, text)
    assert str(refused.value).startswith(f"{path}: targets.rules{told}")


@pytest.mark.parametrize(
    "text", [RULE + RULE, RULE + APPLICATION + "[[applications.rules]]\nname='r'\naction='allow'\n"]
)
def test_each_rule_has_a_name_of_its_own(path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(path, text)
    assert str(refused.value) == f"{path}: {TWICE}"


@pytest.mark.parametrize("endpoint", ["", "a b", "a/b", "a@b", "x" * 81])
def test_a_pattern_that_fits_no_endpoint_is_refused(path: Path, endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="fits no PJSIP endpoint"):
        read(path, f"{APPLICATION}endpoints = ['{endpoint}']")
