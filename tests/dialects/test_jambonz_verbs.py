import pytest

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    After,
    AnswerCall,
    AtPeer,
    Hangup,
    Instead,
    Party,
    Pause,
    Redirect,
    Refer,
    Reject,
    Tag,
    Then,
    Transferee,
    Verb,
)
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.jambonz_document import read_document
from stasis_refer.dialects.jambonz_verbs import NOT_SUPPORTED, VERBS
from stasis_refer.dialects.json_text import parse

BASE = "https://example.com/hooks/menu"
APPLICATION = Application("a", "jambonz", Callback("https://u:p@example.com/app/voice?x=1#rc=2"))
COGNIGY = Application("a", "jambonz", APPLICATION.document, cognigy_compat=True)
AFTER = After(completed=Then.END, failed=Then.RUN_IF_ANY, canceled=Then.NOTHING)
SEED = """[{
  "verb": "sip:refer",
  "referTo": "+49XXXXXXXXXXX",
  "id": "unique-id-123",
  "referredBy": "sip:caller@example.com",
  "actionHook": {
    "url": "/action",
    "referStatus": "202",
    "final_referred_call_status": "200",
    "eventHook": {
      "event": "transfer-status",
      "call_status": "180"
    }
  },
  "eventHook": "/event",
  "headers": {
    "X-Custom-Header": "Value"
  }
}]"""


def read(text: str, application: Application = APPLICATION) -> Reading:
    return read_document(parse(text.encode()), BASE, application)


def refer(members: str, application: Application = APPLICATION) -> Refer:
    """Read a sip:refer to sip:a@b with further ``members``."""
    reading = read(f'[{{"verb": "sip:refer", "referTo": "sip:a@b", {members}}}]', application)
    (verb,) = reading.document
    assert isinstance(verb, Refer)
    assert reading.remarks == ()
    return verb


@pytest.mark.parametrize("application", [APPLICATION, COGNIGY])
def test_the_example_of_cognigys_page(application: Application) -> None:
    reading = read(SEED, application)
    assert reading.document == (
        Refer(
            target=AtPeer("+49XXXXXXXXXXX"),
            action=Callback("https://example.com/action"),
            events=Callback("https://example.com/event"),
            name="unique-id-123",
            referred_by="sip:caller@example.com",
            headers=(("X-Custom-Header", "Value"),),
            after=AFTER,
        ),
    )
    documentation = "passed over as documentation of what the hook is told; leave it out."
    assert [(each.line, each.column, each.message) for each in reading.remarks] == [
        (8, 20, f"$[0].actionHook.referStatus: {documentation}"),
        (9, 35, f"$[0].actionHook.final_referred_call_status: {documentation}"),
        (10, 18, f"$[0].actionHook.eventHook: {documentation}"),
    ]


PARTIES = [
    ("sip:alice@example.com", "sip:alice@example.com"),
    ("sips:alice@example.com", "sips:alice@example.com"),
    ("tel:+4930123", "tel:+4930123"),
    ("<sip:alice@example.com>", "<sip:alice@example.com>"),
    ('"Alice" <sip:alice@example.com>', '"Alice" <sip:alice@example.com>'),
    ("SIP:alice@example.com", "SIP:alice@example.com"),
    ("alice@example.com", "sip:alice@example.com"),
    ("alice@example.com;transport=tcp", "sip:alice@example.com;transport=tcp"),
    ("+4930123", AtPeer("+4930123")),
    ("alice", AtPeer("alice")),
    (" alice\n", AtPeer("alice")),
    ("a b", AtPeer("a b")),
    ("sipp", AtPeer("sipp")),
    ("x\r\nX-Evil: 1", AtPeer("x\r\nX-Evil: 1")),
]


@pytest.mark.parametrize(("told", "party"), PARTIES)
def test_who_is_meant(told: str, party: Party) -> None:
    told = told.replace("\r", "\\r").replace("\n", "\\n").replace('"', '\\"')
    (target,) = read(f'[{{"sip:refer": {{"referTo": "{told}"}}}}]').document
    assert target == Refer(party, referred_by=Transferee(), after=AFTER)
    assert refer(f'"referredBy": "{told}"').referred_by == party


@pytest.mark.parametrize("told", ["", "  "])
def test_an_empty_target_is_an_outcome_and_no_broken_document(told: str) -> None:
    (verb,) = read(f'[{{"sip:refer": {{"referTo": "{told}"}}}}]').document
    assert verb == Refer("", referred_by=Transferee(), after=AFTER)


@pytest.mark.parametrize("members", ['"id": ""', '"referredBy": ""', '"referredBy": null'])
def test_without_referred_by_it_is_the_transferee(members: str) -> None:
    assert refer(members).referred_by == Transferee()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ('"id": "x"', Refer("sip:a@b", name="x")),
        ('"referredByDisplayName": "Ä B"', Refer("sip:a@b", referred_by_name="Ä B")),
        ('"xNoNotifyTimeout": 2.5', Refer("sip:a@b", no_notify_timeout=2.5)),
        ('"xRingTimeout": 600', Refer("sip:a@b", ring_timeout=600.0)),
        ('"xFallback": "dial"', Refer("sip:a@b", instead=Instead.DIAL)),
        ('"xFallback": "none"', Refer("sip:a@b", instead=Instead.NOTHING)),
        (
            '"xReplaces": "01234567-89AB-cdef-0123-456789abcdef"',
            Refer("sip:a@b", replaces="0123456789abcdef0123456789abcdef"),
        ),
        ('"actionHook": ""', Refer("sip:a@b")),
        (
            '"actionHook": "done#rc=1"',
            Refer("sip:a@b", Callback("https://example.com/hooks/done#rc=1")),
        ),
        (
            (
                '"actionHook": {"url": "https://o.example/x", "method": "GET",'
                ' "username": "u", "password": "p@"}'
            ),
            Refer("sip:a@b", Callback("https://u:p%40@o.example/x", Method.GET)),
        ),
        ('"eventHook": {"url": "/e"}', Refer("sip:a@b", events=Callback("https://example.com/e"))),
        ('"headers": {}', Refer("sip:a@b")),
        ('"headers": {"X-A": "1", "X-B": null}', Refer("sip:a@b", headers=(("X-A", "1"),))),
        (
            '"headers": {"X-A": 1, "X-B": 1.0, "X-C": 1.5, "X-D": ""}',
            Refer("sip:a@b", headers=(("X-A", "1"), ("X-B", "1"), ("X-C", "1.5"), ("X-D", ""))),
        ),
    ],
)
def test_a_refer(members: str, expected: Refer) -> None:
    found = refer(members)
    assert (found.referred_by, found.after) == (Transferee(), AFTER)
    assert found == Refer(
        expected.target,
        expected.action,
        expected.events,
        expected.name,
        Transferee(),
        expected.referred_by_name,
        expected.headers,
        expected.no_notify_timeout,
        expected.ring_timeout,
        replaces=expected.replaces,
        instead=expected.instead,
        after=AFTER,
    )


def test_headers_that_may_not_be_sent_come_through_unchanged() -> None:
    found = refer(
        '"headers": {"X-A": "1\\r\\nX-Evil: 2", "Call-ID": "x", "refer-to": "y",'
        ' "a b": "z", "": "", "X-Ä": "\\u0000"}'
    )
    assert found.headers == (
        ("X-A", "1\r\nX-Evil: 2"),
        ("Call-ID", "x"),
        ("refer-to", "y"),
        ("a b", "z"),
        ("", ""),
        ("X-Ä", "\0"),
    )


@pytest.mark.parametrize(
    ("members", "url"),
    [
        ('"id": "x"', "https://u:p@example.com/app/refer"),
        ('"actionHook": null', "https://u:p@example.com/app/refer"),
        ('"actionHook": "/own"', "https://example.com/own"),
    ],
)
def test_for_cognigy_the_action_hook_is_refer_unless_it_is_named(members: str, url: str) -> None:
    assert refer(members, COGNIGY).action == Callback(url)


def test_for_cognigy_an_empty_action_hook_is_none() -> None:
    assert refer('"actionHook": ""', COGNIGY).action is None


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ('{"verb": "pause", "length": 0}', Pause(0.0)),
        ('{"pause": {"length": 2.5}}', Pause(2.5)),
        (
            '{"redirect": {"actionHook": "next"}}',
            Redirect(Callback("https://example.com/hooks/next"), or_go_on=True),
        ),
        (
            '{"redirect": {"actionHook": {"url": "/next", "method": "GET"}}}',
            Redirect(Callback("https://example.com/next", Method.GET), or_go_on=True),
        ),
        ('{"hangup": {}}', Hangup()),
        ('{"sip:decline": {"status": 603}}', Reject(603)),
        ('{"verb": "sip:decline", "status": 486.0}', Reject(486)),
        ('{"answer": {}}', AnswerCall()),
        ('{"tag": {"data": {}}}', Tag("{}")),
        (
            '{"tag": {"data": {"customerId": "Ä", "n": [1, null]}}}',
            Tag('{"customerId":"Ä","n":[1,null]}'),
        ),
    ],
)
def test_a_verb(text: str, verb: Verb) -> None:
    assert read(f"[{text}]") == Reading((verb,))


NO_EFFECT = "this key has no effect here."


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        (
            '{"sip:decline": {"status": 486, "reason": "Busy", "headers": {"X-A": "1"}}}',
            [f'["sip:decline"].{key}: {NO_EFFECT}' for key in ("reason", "headers")],
        ),
        ('{"hangup": {"headers": {}}}', [f".hangup.headers: {NO_EFFECT}"]),
        (
            '{"redirect": {"actionHook": "/x", "statusHook": "/y"}}',
            [f".redirect.statusHook: {NO_EFFECT}"],
        ),
        (
            '{"answer": {"text": 1}}',
            [".answer.text: passed over; the keys of answer here are: verb, id."],
        ),
        (
            '{"sip:refer": {"referTo": "x", "to": "y"}}',
            [
                (
                    '["sip:refer"].to: passed over; the keys of sip:refer here are: verb, id,'
                    " referTo, referredBy, referredByDisplayName, headers, actionHook, eventHook,"
                    " xNoNotifyTimeout, xRingTimeout, xReplaces, xFallback."
                )
            ],
        ),
    ],
)
def test_what_is_passed_over(text: str, remarks: list[str]) -> None:
    assert [each.message for each in read(f"[{text}]").remarks] == [
        f"$[0]{each}" for each in remarks
    ]


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ('{"verb": "sip:refer"}', "$[0]", "sip:refer needs the key referTo."),
        ('{"sip:refer": {"referTo": null}}', '$[0]["sip:refer"]', "needs the key referTo"),
        ('{"sip:refer": {"referTo": 4930123}}', '$[0]["sip:refer"].referTo', "4930123: allowed"),
        ('{"verb": "sip:refer", "referTo": ["a"]}', "$[0].referTo", "an array: allowed is a text"),
        ('{"verb": "sip:refer", "referTo": "a", "referredBy": 5}', "$[0].referredBy", "a text"),
        ('{"verb": "sip:refer", "referTo": "a", "id": {}}', "$[0].id", "an object: allowed"),
        ('{"verb": "sip:refer", "referTo": "a", "headers": []}', "$[0].headers", "an object"),
        (
            '{"verb": "sip:refer", "referTo": "a", "headers": {"X-A": {}}}',
            "$[0].headers.X-A".replace(".X-A", '["X-A"]'),
            "the text of a header, or a number",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "headers": {"a": true}}',
            "$[0].headers.a",
            "the text of a header",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "actionHook": {"method": "POST"}}',
            "$[0].actionHook",
            "actionHook needs the key url.",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "eventHook": {"url": 5}}',
            "$[0].eventHook.url",
            "5: allowed is a text",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "xRingTimeout": 0}',
            "$[0].xRingTimeout",
            "from 0.1 to 600",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "xNoNotifyTimeout": "5"}',
            "$[0].xNoNotifyTimeout",
            "from 0.1 to 600",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "xFallback": "DIAL"}',
            "$[0].xFallback",
            '"DIAL": allowed are dial, none.',
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "xFallback": true}',
            "$[0].xFallback",
            "true: allowed",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "xReplaces": "0123456789abcdef"}',
            "$[0].xReplaces",
            "the call_sid of another call",
        ),
        (
            '{"verb": "sip:refer", "referTo": "a", "xReplaces": ""}',
            "$[0].xReplaces",
            "the call_sid",
        ),
        ('{"pause": {}}', "$[0].pause", "pause needs the key length."),
        ('{"pause": {"length": -1}}', "$[0].pause.length", "from 0 to 3600"),
        ('{"pause": {"length": "1"}}', "$[0].pause.length", "from 0 to 3600"),
        ('{"redirect": {}}', "$[0].redirect", "needs the key actionHook"),
        ('{"redirect": {"actionHook": ""}}', "$[0].redirect", "needs the key actionHook"),
        ('{"sip:decline": {}}', '$[0]["sip:decline"]', "needs the key status"),
        ('{"sip:decline": {"status": 200}}', '$[0]["sip:decline"].status', "from 400 to 699"),
        ('{"sip:decline": {"status": "486"}}', '$[0]["sip:decline"].status', "from 400 to 699"),
        ('{"tag": {}}', "$[0].tag", "tag needs the key data."),
        ('{"tag": {"data": "x"}}', "$[0].tag.data", "allowed is an object"),
    ],
)
def test_a_wrong_value_is_an_error_with_its_path(text: str, path: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(f"[\n{text}]")
    error = caught.value
    assert (error.failure, error.line) == (FetchFailure.NOT_VALID, 2)
    assert str(error).startswith(f"Line 2, column {error.column}: {path}: ")
    assert says in str(error)


def test_no_verb_is_both_done_and_not_supported() -> None:
    assert not VERBS.keys() & NOT_SUPPORTED
