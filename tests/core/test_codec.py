"""Values of the core as JSON and back."""

import re
from dataclasses import dataclass, fields, replace

import pytest

from stasis_refer.core import codec
from stasis_refer.core.abouts import Dialed
from stasis_refer.core.application import CREDENTIALS, Application, Callback, Method
from stasis_refer.core.events import (
    ChannelReturned,
    DocumentFetched,
    Event,
    FetchFailed,
    FetchFailure,
    OfLeg,
    Ordered,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    Restarted,
    SipSeen,
    TransferStatus,
)
from stasis_refer.core.found import Found
from stasis_refer.core.handing_over import HandedOver
from stasis_refer.core.info import CallDirection
from stasis_refer.core.leg import Leg, info_of
from stasis_refer.core.message import Message
from stasis_refer.core.orders import RunDocument
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.rules import Action, Quota, Rule
from stasis_refer.core.verbs import (
    After,
    AtPeer,
    Callee,
    Dial,
    Gather,
    Instead,
    LegEvent,
    LegWatch,
    Pause,
    Play,
    Recording,
    Refer,
    SecondLeg,
    SipAddress,
    Then,
    Tone,
    Transferee,
)
from tests.core.calls import INFO, PLAIN

APPLICATIONS = {PLAIN.name: PLAIN}
HOOK = Callback("http://u:p@127.0.0.1/x?a=\u00e4\ud800", Method.GET, Callback("http://b/"))
WATCH = LegWatch(HOOK, frozenset({LegEvent.RINGING, LegEvent.COMPLETED}))
DIAL = Dial(
    (Callee(SipAddress(AtPeer("a"), headers=(("X-A", "1"),)), WATCH, place="line 1"),),
    HOOK,
    meanwhile=Tone("us"),
    timeout=7,
)
REFER = Refer(
    Transferee(),
    replaces=SecondLeg(),
    instead=Instead.DIAL,
    after=After(failed=Then.END),
    place="line 3",
)
LEG = Leg(info_of(INFO, 2, "b", "example.com", 5.0), 1.5, answered_at=2.0, watch=WATCH)
FAILED = FetchFailed(FetchFailure.STATUS, "http://a/", "it answered 500", 1, 2, number=3)
EVENTS: list[Event] = [
    ReferAnswered(202, 7),
    ReferNotified(None, terminated=True, cseq=2**31),
    ChannelReturned(TransferStatus.FAILURE, 486, 2),
    FAILED,
    DocumentFetched((DIAL, REFER, Pause(0.5), Gather((Play(Recording("http://r/"), 0),))), 4),
    HandedOver(None),
    HandedOver(replace(LEG, application=PLAIN)),
    OfLeg("x", Restarted(Found.HERE, up=True, back=ChannelReturned(TransferStatus.SUCCESS, 0))),
    Ordered("t", "k", RunDocument((REFER,), both=True)),
]


def shown(value: object) -> str:
    """Return its repr with sets in order; hashes of words differ from run to run."""
    return re.sub(
        r"frozenset\(\{([^}]*)\}\)", lambda of: str(sorted(of[1].split(", "))), repr(value)
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_is_read_is_what_was_written(event: Event) -> None:
    text = codec.dumps(event)
    read = codec.loads(text, APPLICATIONS)
    # By its repr too: places and numbers of requests do not count where two are compared.
    assert (read, shown(read)) == (event, shown(event))
    assert text.isascii()
    assert "\n" not in text


def test_types_are_kept_where_values_are_equal() -> None:
    assert repr(codec.loads(codec.dumps((0, False, 0.0, 1, True, 1.0)), {})) == (
        "(0, False, 0.0, 1, True, 1.0)"
    )
    pause = codec.loads(codec.dumps(DIAL), {})
    assert isinstance(pause.timeout, int)


def test_a_class_says_its_name_and_no_defaults() -> None:
    assert codec.dumps(ReferAnswered(202, 7)) == '{"":"ReferAnswered","code":202,"cseq":7}'
    assert codec.dumps(Outcome.BUSY) == '{"":"Outcome","is":"BUSY"}'


OURS = replace(PLAIN, trunk="carrier", ring_timeout=7.0, fallback=HOOK, account_sid="AC1")
SECRET = dict.fromkeys(("auth_token", "username", "password", "webhook_secret"), "hunter2")


def test_an_application_is_kept_as_it_was_but_for_its_credentials() -> None:
    text = codec.dumps(replace(OURS, **SECRET))  # type: ignore[arg-type]
    assert "hunter2" not in text
    assert codec.loads(text, {}) == OURS


RULES = (
    Rule("no-premium", Action.DENY, prefixes=("+49900",), group="premium"),
    Rule("home", Action.ALLOW, ("sip",), (".example",), ("a*",), (), (5060,), "", Quota(9, 60.0)),
)


def test_the_rules_of_an_application_are_kept() -> None:
    ruled = replace(OURS, rules=RULES, quota=Quota(5, 1.5), endpoints=("agents-*",))
    assert codec.loads(codec.dumps(ruled), {}) == ruled


@pytest.mark.parametrize("endpoints", [(), ("agents-*",)])
def test_an_application_from_before_there_were_rules_may_name_every_endpoint(
    endpoints: tuple[str, ...],
) -> None:
    now = replace(PLAIN, rules=RULES, endpoints=endpoints)
    kept = codec.dumps(PLAIN).replace(',"endpoints":[]', "")
    assert "endpoints" not in kept
    assert codec.loads(kept, {PLAIN.name: now}) == replace(PLAIN, endpoints=("*",))
    assert codec.loads(codec.dumps(now), {}) == now


def test_an_application_is_read_with_the_credentials_that_it_has_now() -> None:
    now = Application(OURS.name, "rcml", HOOK, public_url="http://new/", **SECRET)  # type: ignore[arg-type]
    read = codec.loads(codec.dumps(OURS), {OURS.name: now})
    assert read == replace(OURS, account_sid="", public_url="http://new/", **SECRET)  # type: ignore[arg-type]


def test_urls_with_passwords_are_those_that_it_has_now() -> None:
    then, now = ("https://a:s3cret@b/",), ("https://a:n3w@b/",)
    text = codec.dumps(replace(OURS, secret_urls=then))
    assert "s3cret" not in text
    assert codec.loads(text, {}).secret_urls == ()
    today = {OURS.name: replace(OURS, secret_urls=now)}
    assert codec.loads(text, today).secret_urls == now


def test_every_credential_is_one_that_is_not_shown() -> None:
    hidden = {each.name for each in fields(Application) if not each.repr}
    assert hidden == {*CREDENTIALS, "account_sid"}


def test_captured_messages_are_not_kept() -> None:
    message = Message(5.0, sent=True, first_line="REFER sip:secret@example.com SIP/2.0")
    for event in (ReferSeen(7, message), SipSeen(message)):
        text = codec.dumps(event)
        assert "secret" not in text
        assert codec.loads(text, {}).message is None


def test_the_application_of_another_call_is_kept_too() -> None:
    leg = replace(LEG, application=OURS)
    assert codec.loads(codec.dumps(leg), {}) == leg


@dataclass(frozen=True)
class Stranger:
    """A class that nobody has heard of."""


@pytest.mark.parametrize("value", [Stranger(), [1], {"a": 1}, b"x", object(), (Stranger(),)])
def test_a_class_that_is_not_known_cannot_be_written(value: object) -> None:
    with pytest.raises(codec.CodecError, match="cannot be kept"):
        codec.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"":"Stranger"}',
        '{"":"open"}',
        '{"cseq":1}',
        '{"":"ReferSeen"}',
        '{"":"ReferSeen","cseq":1,"more":2}',
        '{"":"Outcome","is":"PERHAPS"}',
        '{"":"Outcome"}',
        '{"":"Application","name":"a"}',
        '{"":"Application","name":"a","dialect":"b","document":null,"targets":["*"]}',
        '{"":["ReferSeen"]}',
        "[" * 100_000,
    ],
)
def test_text_that_was_not_written_so_is_an_error(text: str) -> None:
    with pytest.raises(codec.CodecError):
        codec.loads(text[:200_000], {})


def test_every_class_of_the_events_is_known() -> None:
    assert {"Refer", "Leg", "CallInfo", "FetchFailed", "RunDocument", "Dialed"} <= set(codec.KNOWN)
    assert codec.loads(codec.dumps(Dialed(Outcome.BUSY, INFO)), {}) == Dialed(Outcome.BUSY, INFO)
    assert codec.loads(codec.dumps(CallDirection.DIALED), {}) is CallDirection.DIALED
