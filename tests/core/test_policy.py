"""Which rule decides."""

import pytest

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.policy import (
    Allowed,
    Blocked,
    Decision,
    decide,
    decide_endpoint,
    decide_user,
)
from stasis_refer.core.rules import Action, Counted, Quota, Rule, Scope
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.uri import parse

ALLOW, DENY = Action.ALLOW, Action.DENY
QUOTA, ALL = Quota(5, 60.0), Quota(100, 3600.0)


def app(*rules: Rule, quota: Quota | None = None, endpoints: tuple[str, ...] = ()) -> Application:
    allow = (parse_rule("sip:*@example.com"), parse_rule("tel:+49*"))
    voice = Callback("http://127.0.0.1/voice")
    return Application(
        "support", "twiml", voice, rules=rules, targets=allow, quota=quota, endpoints=endpoints
    )


def by(decision: Decision) -> tuple[type[Decision], str, str]:
    return type(decision), decision.rule, decision.group


def test_nobody_may_be_called_without_a_rule() -> None:
    none = Application("support", "twiml", Callback(""))
    assert by(decide(none, parse("sip:a@example.com"))) == (Blocked, "", "")
    assert by(decide(app(), parse("sip:a@example.org"))) == (Blocked, "", "")


def test_the_patterns_allow_behind_all_rules() -> None:
    target = parse("sip:a@example.com")
    allowed = decide(app(), target)
    assert by(allowed) == (Allowed, "default", "default")
    assert isinstance(allowed, Allowed)
    assert allowed.pattern == "sip:*@example.com"
    assert by(decide(app(Rule("no", DENY)), target))[:2] == (Blocked, "no")


def test_the_first_rule_that_fits_decides() -> None:
    one, other = Rule("one", ALLOW, users=("a",), group="g"), Rule("other", DENY, users=("a*",))
    for rules, target, decision in [
        ((one, other), "sip:a@x.example", (Allowed, "one", "g")),
        ((other, one), "sip:a@x.example", (Blocked, "other", "")),
        ((one, other), "sip:ab@x.example", (Blocked, "other", "")),
        ((one, other), "sip:b@x.example", (Blocked, "", "")),
    ]:
        assert by(decide(app(*rules), parse(target))) == decision


@pytest.mark.parametrize(
    ("conditions", "fitting", "other"),
    [
        ({"schemes": ("sip",)}, ["sip:a@b", "sips:a@b"], ["tel:+1"]),
        ({"schemes": ("sips",)}, ["sips:a@b"], ["sip:a@b"]),
        ({"schemes": ("tel",)}, ["tel:+1"], ["sip:+1@b"]),
        ({"hosts": ("b", ".c")}, ["sip:a@B.", "sip:a@x.c"], ["sip:a@c", "tel:+1"]),
        ({"hosts": ("10.0.0.0/8",)}, ["sip:a@10.1.2.3"], ["sip:a@11.1.2.3", "sip:a@b"]),
        ({"users": ("a*", "b")}, ["sip:abc@x", "sip:b@x"], ["sip:x", "sip:c@x", "tel:+1"]),
        ({"users": ("+1*",)}, ["tel:+1-2", "sip:+12@x"], ["tel:1"]),
        ({"prefixes": ("+1", "+49")}, ["tel:+1(2)3", "sip:+4930@x"], ["tel:+48", "sip:x"]),
        ({"ports": (5060, 5070)}, ["sip:a@b:5070"], ["sip:a@b:5080", "tel:+1"]),
        ({"hosts": ("b",), "users": ("a",)}, ["sip:a@b"], ["sip:a@c", "sip:c@b"]),
        ({}, ["sip:a@b", "sips:b:1", "tel:110;phone-context=+49"], []),
    ],
)
@pytest.mark.parametrize("action", Action)
def test_all_conditions_of_a_rule_have_to_fit(
    action: Action, conditions: dict[str, tuple[str, ...]], fitting: list[str], other: list[str]
) -> None:
    rule = Rule("it", action, **conditions)  # type: ignore[arg-type]
    found = app(rule)
    assert {decide(found, parse(text)).rule for text in fitting} == {"it"}
    assert not {decide(found, parse(text)).rule for text in other} & {"it"}


def test_a_port_that_is_not_said_is_denied_as_the_usual_one_and_not_allowed() -> None:
    for action, rule in [(DENY, "it"), (ALLOW, "")]:
        found = app(Rule("it", action, ports=(5060,)))
        assert decide(found, parse("sip:a@b")).rule == rule


def test_who_may_allow_a_number_has_to_say_it_as_it_is() -> None:
    found = app(Rule("us", ALLOW, prefixes=("+1",)))
    for text in ("tel:001234567", "sip:1234567890@b", "sip:+1234567;x=1@b", "sip:%252B1234@b"):
        assert isinstance(decide(found, parse(text)), Blocked)


def test_an_at_in_a_user_is_allowed_only_where_it_is_named() -> None:
    target = parse("sip:a%40c@b")
    assert isinstance(decide(app(Rule("any", ALLOW)), target), Blocked)
    assert isinstance(decide(app(Rule("any", ALLOW, users=("*%40c",))), target), Allowed)
    assert decide(app(Rule("any", DENY)), target).rule == "any"


@pytest.mark.parametrize(
    "text",
    [
        "sip:a@b;maddr=c",
        "sip:a@b;MADDR=c",
        "sip:a@b;m%61ddr=c",
        "tel:+1;rn=+49",
        "tel:+1;CIC=+49",
        "sip:+1;rn=+49@b",
        "sip:+1%3Btgrp=x@b",
        "sip:a@b;method=REGISTER",
        "sip:a@b;%6dethod=BYE",
    ],
)
def test_what_sends_the_call_elsewhere_is_blocked_before_any_rule(text: str) -> None:
    decision = decide(app(Rule("any", ALLOW)), parse(text))
    assert isinstance(decision, Blocked)
    assert (decision.rule, "take it out" in decision.reason) == ("", True)


def test_a_uri_may_say_that_it_is_for_a_call() -> None:
    target = parse("sip:a@b;method=INVITE")
    assert isinstance(decide(app(Rule("any", ALLOW)), target), Allowed)


def test_what_a_transfer_would_use_up() -> None:
    rule = Rule("home", ALLOW, prefixes=("+49",), quota=QUOTA)
    own, whole = Counted(Scope.RULE, "home", QUOTA), Counted(Scope.APPLICATION, "support", ALL)
    target = parse("tel:+4930")
    for application, quotas in [
        (app(rule, quota=ALL), (own, whole)),
        (app(rule), (own,)),
        (app(quota=ALL), (whole,)),
        (app(), ()),
    ]:
        decision = decide(application, target)
        assert isinstance(decision, Allowed)
        assert decision.quotas == quotas


# -- without a host --------------------------------------------------------------


def test_a_rule_denies_also_where_only_the_user_is_known() -> None:
    rules = (
        Rule("inside", DENY, hosts=("10.0.0.0/8",)),
        Rule("premium", DENY, prefixes=("+49900",), group="g"),
        Rule("a", ALLOW, users=("a",)),
        Rule("ab", DENY, users=("a", "b c")),
    )
    application = app(*rules, quota=ALL)
    assert by(decide_user(application, "+49 900 1")) == (Blocked, "premium", "g")
    assert by(decide_user(application, "a")) == (Allowed, "a", "")
    assert by(decide_user(application, "b c"))[:2] == (Blocked, "ab")
    assert by(decide_user(application, "b@c")) == (Allowed, "", "default")
    assert by(decide_user(application, "")) == (Allowed, "", "default")


# -- endpoints -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoints", "name", "may"),
    [
        ((), "alice", False),
        (("alice",), "alice", True),
        (("alice",), "Alice", False),
        (("agents-*",), "agents-7", True),
        (("agents-*",), "agent", False),
        (("*",), "alice", True),
        (("*",), "alice/sip:a@evil.example", False),
        (("*",), "alice&PJSIP", False),
    ],
)
def test_only_endpoints_that_are_listed_may_be_named(
    endpoints: tuple[str, ...], name: str, *, may: bool
) -> None:
    decision = decide_endpoint(app(endpoints=endpoints, quota=ALL), name)
    assert isinstance(decision, Allowed if may else Blocked)
    if isinstance(decision, Allowed):
        assert decision.quotas == (Counted(Scope.APPLICATION, "support", ALL),)
