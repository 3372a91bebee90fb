"""Hostile targets where somebody could be called: by a REFER sent, dialed, or received."""

from dataclasses import replace

import pytest

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.calling import Called, Refused, call_out
from stasis_refer.core.info import CallInfo
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.policy import Allowed
from stasis_refer.core.received import Declined, judged
from stasis_refer.core.sent import Cleared, Withheld, clear
from stasis_refer.core.verbs import Address, AtPeer, Callee, Dial, Number, Refer, SipAddress
from stasis_refer.settings import Settings
from tests.core.hostile import CONTROLS, HOSTILE, HOSTILE_ALLOW, HOSTILE_RULES, Target

VOICE = Callback("http://127.0.0.1/voice")
CALLER = CallInfo("0" * 32, "1.1", channel_name="PJSIP/caller-00000001", caller="ada")


@pytest.fixture(scope="module")
def application() -> Application:
    plain = {"name": "support", "dialect": "twiml", "url": VOICE.url, "trunk": "trunk"}
    policy = {"allow": HOSTILE_ALLOW, "rules": HOSTILE_RULES}
    settings = Settings.model_validate({"applications": [plain], "targets": policy})
    return settings.application_table()["support"]


def _named(target: Target) -> str:
    return f"{target.tries}: {target.text}"


hostile = pytest.mark.parametrize("target", HOSTILE, ids=_named)
controls = pytest.mark.parametrize(("text", "rule"), CONTROLS)


def test_there_are_enough() -> None:
    assert len({each.text for each in HOSTILE}) == len(HOSTILE) >= 50


@hostile
def test_no_refer_is_sent(application: Application, target: Target) -> None:
    found = clear(Refer(target.text), CALLER, application)
    assert isinstance(found, Withheld)
    result = found.result
    assert (result.outcome, result.reason, result.refer_code) == (
        Outcome.BLOCKED,
        target.reason,
        target.code,
    )
    assert found.by.rule == target.rule


@hostile
def test_nobody_is_called(application: Application, target: Target) -> None:
    callee = Callee(SipAddress(target.text))
    found = call_out(Dial((callee,)), callee, Leg(CALLER, 0.0), application, number=1, now=1.0)
    assert isinstance(found, Refused)
    assert (found.outcome, found.code) == (Outcome.BLOCKED, target.code)
    assert (found.note.reason, found.note.rule) == (target.reason.value, target.rule)


@pytest.mark.parametrize(
    "address",
    [
        Number("+49-900-123456"),
        Number("0049900123456"),
        Number("+49900123456", "trunk"),
        SipAddress(AtPeer("+49900123456")),
        SipAddress(AtPeer("900123456;phone-context=+49")),
    ],
)
def test_a_bare_number_is_judged_as_the_uri_that_it_becomes(
    application: Application, address: Address
) -> None:
    callee, caller = Callee(address), Leg(replace(CALLER, peer="example.com"), 0.0)
    found = call_out(Dial((callee,)), callee, caller, application, number=1, now=1.0)
    assert isinstance(found, Refused)
    assert found.note.rule == "no-premium"


@hostile
def test_no_refer_is_taken(application: Application, target: Target) -> None:
    ask = TransferAsked(target.text, "a", CALLER, CALLER)
    found = judged(ask, VOICE, application)
    assert isinstance(found, Declined)
    assert (found.outcome, found.reason) == (Outcome.BLOCKED, target.reason)
    assert found.by.rule == target.rule


@controls
def test_who_may_be_called_is(application: Application, text: str, rule: str) -> None:
    callee = Callee(SipAddress(text))
    sent = clear(Refer(text), CALLER, application)
    dialed = call_out(Dial((callee,)), callee, Leg(CALLER, 0.0), application, number=1, now=1.0)
    received = judged(TransferAsked(text, "a", CALLER, CALLER), VOICE, application)
    assert isinstance(sent, Cleared)
    assert isinstance(dialed, Called)
    assert isinstance(received, Allowed)
    assert sent.by.rule == dialed.by.rule == received.rule == rule


@pytest.mark.parametrize(
    "target", [each for each in HOSTILE if each.rule], ids=lambda each: each.text
)
def test_without_the_rule_that_denies_it_would_be_allowed(
    application: Application, target: Target
) -> None:
    rules = tuple(each for each in application.rules if each.name != target.rule)
    found = clear(Refer(target.text), CALLER, replace(application, rules=rules))
    assert isinstance(found, Cleared)
