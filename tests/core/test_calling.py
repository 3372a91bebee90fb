from dataclasses import replace

import pytest

from stasis_refer.core.application import Application
from stasis_refer.core.calling import Called, Refused, call_out
from stasis_refer.core.info import CallDirection
from stasis_refer.core.intents import CreateLeg
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.core.rules import Action, Counted, Quota, Rule, Scope
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import Address, AtPeer, Callee, Dial, Number, Registered, SipAddress
from tests.core.calls import INFO, PLAIN

CALLER = Leg(
    replace(
        INFO,
        caller="+15550100",
        caller_name="Ada",
        peer="phones.example.com",
        started=1_700_000_000.0,
    ),
    10.0,
)
WITH_TRUNK = replace(
    PLAIN,
    trunk="carrier",
    endpoints=("own", "al*"),
    targets=(
        parse_rule("sip:*@example.com"),
        parse_rule("sip:*@phones.example.com"),
        parse_rule("tel:+49*"),
        parse_rule("tel:0*"),
    ),
)


def call(
    callee: Callee, dial: Dial | None = None, app: Application = WITH_TRUNK
) -> Called | Refused:
    return call_out(dial or Dial((callee,)), callee, CALLER, app, number=3, now=12.5)


@pytest.mark.parametrize(
    ("address", "dial", "user", "host", "headers"),
    [
        (SipAddress("sip:a@example.com"), "stasis_refer/sip:a@example.com", "a", "example.com", ()),
        (
            SipAddress("<sip:a@example.com:5070;transport=tcp>", "own"),
            "own/sip:a@example.com:5070;transport=tcp",
            "a",
            "example.com",
            (),
        ),
        (
            SipAddress(
                "sip:a@example.com?User-to-User=5%3Bencoding%3Dhex", headers=(("X-B", "2"),)
            ),
            "stasis_refer/sip:a@example.com",
            "a",
            "example.com",
            (("User-to-User", "5;encoding=hex"), ("X-B", "2")),
        ),
        (
            SipAddress(AtPeer("1000")),
            "stasis_refer/sip:1000@phones.example.com",
            "1000",
            "phones.example.com",
            (),
        ),
        (SipAddress("tel:+4930123"), "+4930123@carrier", "+4930123", "", ()),
        (SipAddress("tel:+49-(30)-12.3"), "+4930123@carrier", "+4930123", "", ()),
        (SipAddress("tel:+4930123", "own"), "+4930123@own", "+4930123", "", ()),
        (Number("+4930123"), "+4930123@carrier", "+4930123", "", ()),
        (Number("0#1", "own"), "0%231@own", "0#1", "", ()),
        (Registered("alice"), "alice", "alice", "", ()),
        (Registered("alice", (("X-B", "2"),)), "alice", "alice", "", (("X-B", "2"),)),
    ],
)
def test_how_an_address_is_called(
    address: Address, dial: str, user: str, host: str, headers: tuple[tuple[str, str], ...]
) -> None:
    called = call(Callee(address))
    assert isinstance(called, Called)
    channel = f"{INFO.key}-leg-3"
    assert called.intent == CreateLeg(channel, dial, "+15550100", "Ada", headers)
    info = called.leg.info
    assert (info.dialed, info.domain, info.direction) == (user, host, CallDirection.DIALED)
    assert info.endpoint in dial.partition("/")[0].split("@")
    assert info.endpoint in {"stasis_refer", "carrier", "own", "alice"}
    assert (info.channel, info.parent, info.started) == (channel, INFO.key, 1_700_000_002.5)


@pytest.mark.parametrize(
    ("address", "outcome", "reason", "code"),
    [
        (SipAddress("sip:a@example.org"), Outcome.BLOCKED, Reason.POLICY, 403),
        (SipAddress("sip:a@"), Outcome.BLOCKED, Reason.BAD_URI, 400),
        (SipAddress("sip:a@example.com\r\nX-Evil: 1"), Outcome.BLOCKED, Reason.BAD_URI, 400),
        (SipAddress("sip:a@example.com?From=b"), Outcome.BLOCKED, Reason.RESERVED_HEADER, 400),
        (
            SipAddress("sip:a@example.com", headers=(("Via", "b"),)),
            *[Outcome.BLOCKED, Reason.RESERVED_HEADER, 400],
        ),
        (
            SipAddress("sip:a@example.com", headers=(("X-A", "b\r\nX-Evil: 1"),)),
            *[Outcome.BLOCKED, Reason.BAD_HEADER, 400],
        ),
        (
            SipAddress("sip:a@example.com", "own/sip:evil@example.org;x="),
            *[Outcome.BLOCKED, Reason.BAD_URI, 400],
        ),
        (Number("+1555"), Outcome.BLOCKED, Reason.POLICY, 403),
        (Number("+49x"), Outcome.BLOCKED, Reason.BAD_URI, 400),
        (Number("+4930@elsewhere"), Outcome.BLOCKED, Reason.BAD_URI, 400),
        (Number("+4930", "own/sip:evil@example.org"), Outcome.BLOCKED, Reason.BAD_URI, 400),
        (Registered("carrier/sip:evil@example.org"), Outcome.BLOCKED, Reason.BAD_URI, 400),
        (Registered("carrier"), Outcome.BLOCKED, Reason.POLICY, 403),
        (Registered("ALICE"), Outcome.BLOCKED, Reason.POLICY, 403),
        (Number("+4930", "other"), Outcome.BLOCKED, Reason.POLICY, 403),
        (SipAddress("sip:a@example.com", "other"), Outcome.BLOCKED, Reason.POLICY, 403),
        (SipAddress("tel:+4930", "stasis_refer"), Outcome.BLOCKED, Reason.POLICY, 403),
        (SipAddress("sip:a@example.com?Replaces=1"), Outcome.BLOCKED, Reason.RESERVED_HEADER, 400),
        (
            SipAddress("sip:a@example.com", headers=(("replaces", "1"),)),
            *[Outcome.BLOCKED, Reason.RESERVED_HEADER, 400],
        ),
        (Registered("1900@carrier"), Outcome.BLOCKED, Reason.BAD_URI, 400),
        (Registered(""), Outcome.BLOCKED, Reason.BAD_URI, 400),
    ],
)
def test_whom_nobody_calls(address: Address, outcome: Outcome, reason: Reason, code: int) -> None:
    refused = call(Callee(address, place="<Sip> in line 2"))
    assert isinstance(refused, Refused)
    assert (refused.outcome, refused.note.reason, refused.code) == (outcome, reason, code)
    assert refused.note.detail.startswith("<Sip> in line 2: ")


def test_a_document_may_name_the_trunk_that_the_configuration_has() -> None:
    assert isinstance(call(Callee(Number("+4930", "carrier"))), Called)


def test_no_endpoint_may_be_named_by_default() -> None:
    nowhere = replace(WITH_TRUNK, endpoints=())
    refused = call(Callee(Registered("alice")), app=nowhere)
    assert isinstance(refused, Refused)
    assert "endpoints" in refused.note.detail
    assert isinstance(call(Callee(Number("+4930")), app=nowhere), Called)


def test_the_rule_that_decides_on_a_callee_is_known() -> None:
    rules = (
        Rule("no-090", Action.DENY, prefixes=("+490",), group="premium"),
        Rule("home", Action.ALLOW, prefixes=("+49",), quota=(quota := Quota(5, 60.0))),
    )
    app = replace(WITH_TRUNK, rules=rules)
    refused = call(Callee(Number("+4909")), app=app)
    assert isinstance(refused, Refused)
    assert (refused.note.rule, refused.note.group) == ("no-090", "premium")
    called = call(Callee(Number("+4930")), app=app)
    assert isinstance(called, Called)
    assert (called.by.rule, called.by.quotas) == ("home", (Counted(Scope.RULE, "home", quota),))


def test_a_number_needs_a_trunk() -> None:
    refused = call(Callee(Number("+4930")), app=replace(WITH_TRUNK, trunk=""))
    assert isinstance(refused, Refused)
    assert (refused.outcome, refused.note.reason) == (Outcome.FAILED, Reason.NO_TRUNK)
    assert "set trunk" in refused.note.detail


@pytest.mark.parametrize(
    ("caller_id", "caller_name", "expected"),
    [
        ("", "", ("+15550100", "Ada")),
        ("+49301", "", ("+49301", "")),
        ("+49301", "Desk", ("+49301", "Desk")),
        ("", "Desk", ("+15550100", "Desk")),
    ],
)
def test_who_calls(caller_id: str, caller_name: str, expected: tuple[str, str]) -> None:
    callee = Callee(SipAddress("sip:a@example.com"))
    called = call(callee, Dial((callee,), caller_id=caller_id, caller_name=caller_name))
    assert isinstance(called, Called)
    assert (called.intent.caller, called.intent.caller_name) == expected


@pytest.mark.parametrize("text", ["1\r\nX-Evil: 1", "a\x00", "a\u2028b"])
def test_who_calls_is_one_line(text: str) -> None:
    callee = Callee(SipAddress("sip:a@example.com"))
    for dial in (Dial((callee,), caller_id=text), Dial((callee,), caller_name=text)):
        refused = call(callee, dial)
        assert isinstance(refused, Refused)
        assert refused.note.reason == Reason.BAD_HEADER
