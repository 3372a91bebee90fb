import json
from dataclasses import replace
from typing import Any

import pytest
from jambonz_sdk._models._generated.verbs.dial import Dial as SdkDial
from jambonz_sdk.types.verbs import DialVerb
from jambonz_sdk.webhook import WebhookResponse

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    Callee,
    Dial,
    LegEvent,
    LegWatch,
    Number,
    Recording,
    Registered,
    SipAddress,
    Verb,
)
from stasis_refer.dialects.dialect import Reading
from stasis_refer.dialects.jambonz_dial import DIAL_KEYS
from stasis_refer.dialects.jambonz_document import read_document
from stasis_refer.dialects.jambonz_gather import NO_TIMEOUT
from stasis_refer.dialects.json_text import parse
from tests.dialects.saying import assert_refused

BASE = "https://example.com/app/voice"
STATUS = Callback("https://example.com/status")
APPLICATION = Application("a", "jambonz", Callback(BASE))
WATCHED = replace(APPLICATION, status_callback=STATUS)
ALICE = '{"type": "user", "name": "alice"}'
PLAIN = Dial((Callee(Registered("alice")),), or_go_on=True, timeout=60.0, time_limit=NO_TIMEOUT)
"""What a dial of one registered user is without any other key."""


def read(members: str, application: Application = APPLICATION) -> Reading:
    text = f'[{{"dial": {{\n"target": {ALICE}, {members}}}}}]'.replace(", }", "}")
    return read_document(parse(text.encode()), BASE, application)


@pytest.mark.parametrize(
    ("members", "verb"),
    [
        ("", PLAIN),
        ('"id": "d1"', replace(PLAIN, name="d1")),
        ('"answerOnBridge": true', replace(PLAIN, answer_on_bridge=True)),
        ('"answerOnBridge": false', PLAIN),
        ('"timeout": 20', replace(PLAIN, timeout=20.0)),
        ('"timeout": 0', PLAIN),
        ('"timeLimit": 3600', replace(PLAIN, time_limit=3600.0)),
        ('"timeLimit": 0', PLAIN),
        ('"callerId": "+1 (508) 555-1212"', replace(PLAIN, caller_id="+15085551212")),
        ('"callerId": "anonymous"', replace(PLAIN, caller_id="anonymous")),
        ('"callerName": "Ä B"', replace(PLAIN, caller_name="Ä B")),
        ('"actionHook": "/done"', replace(PLAIN, action=Callback("https://example.com/done"))),
        (
            '"actionHook": {"url": "done", "method": "GET", "username": "u", "password": "p"}',
            replace(PLAIN, action=Callback("https://u:p@example.com/app/done", Method.GET)),
        ),
        ('"referHook": "/refer"', replace(PLAIN, refer=Callback("https://example.com/refer"))),
        (
            '"dialMusic": "/moh.wav"',
            replace(PLAIN, meanwhile=Recording("https://example.com/moh.wav")),
        ),
        ('"dialMusic": ""', PLAIN),
        ('"anchorMedia": true, "exitMediaPath": false, "forwardPAI": false', PLAIN),
        (
            '"tag": {"n": ["Ä"]}',
            replace(PLAIN, callees=(Callee(Registered("alice"), None, '{"n":["Ä"]}'),)),
        ),
        ('"tag": {}', PLAIN),
        (
            '"headers": {"X-A": "1", "X-B": 2.0}',
            replace(PLAIN, callees=(Callee(Registered("alice", (("X-A", "1"), ("X-B", "2")))),)),
        ),
        ('"confirmHook": null, "proxy": "", "srtpEncryption": null', PLAIN),
    ],
)
def test_a_dial(members: str, verb: Verb) -> None:
    assert read(members) == Reading((verb,))


@pytest.mark.parametrize(
    ("all_legs", "own", "expected"),
    [
        ('"/all"', "", [("/all", Method.POST), ("/all", Method.POST)]),
        ('"/all"', ', "confirmHook": "/own"', [("/own", Method.POST), ("/all", Method.POST)]),
        ('""', ', "confirmHook": "/own", "method": "GET"', [("/own", Method.GET), None]),
    ],
)
def test_who_is_called_may_run_a_document_first(
    all_legs: str, own: str, expected: list[tuple[str, Method] | None]
) -> None:
    text = (
        f'[{{"verb": "dial", "confirmHook": {all_legs}, "target": ['
        f'{{"type": "user", "name": "alice"{own}}}, {{"type": "user", "name": "bob"}}]}}]'
    )
    reading = read_document(parse(text.encode()), BASE, APPLICATION)
    (verb,) = reading.document
    assert isinstance(verb, Dial)
    found = [each.screening for each in verb.callees]
    told = [each and (each.url.removeprefix("https://example.com"), each.method) for each in found]
    assert told == expected
    assert reading.remarks == ()


def test_headers_of_all_legs_give_way_to_those_of_one() -> None:
    text = (
        '[{"verb": "dial", "headers": {"X-A": "all", "X-B": "all"}, "target": ['
        '{"type": "phone", "number": "7", "headers": {"x-a": "own"}},'
        '{"type": "user", "name": "bob"}]}]'
    )
    (verb,) = read_document(parse(text.encode()), BASE, APPLICATION).document
    assert isinstance(verb, Dial)
    assert [each.address.headers for each in verb.callees] == [
        (("X-B", "all"), ("x-a", "own")),
        (("X-A", "all"), ("X-B", "all")),
    ]
    assert [each.place for each in verb.callees] == ["$[0].target[0]", "$[0].target[1]"]


def test_the_status_hook_of_the_application_is_told_of_each_leg() -> None:
    (verb,) = read("", WATCHED).document
    assert isinstance(verb, Dial)
    assert [each.watch for each in verb.callees] == [LegWatch(STATUS, frozenset(LegEvent))]


NO_EFFECT = "this key has no effect here."


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ('"dtmfCapture": ["*2"], "dtmfHook": "/d"', ["dtmfCapture: " + NO_EFFECT, "dtmfHook"]),
        ('"onHoldHook": "/h"', ["onHoldHook: " + NO_EFFECT]),
        ('"listen": {"url": "wss://u:secret@h/"}', ["listen: " + NO_EFFECT]),
        ('"stream": {}, "transcribe": {}', ["stream: " + NO_EFFECT, "transcribe: " + NO_EFFECT]),
        ('"amd": {}, "dub": []', ["amd: " + NO_EFFECT, "dub: " + NO_EFFECT]),
        ('"boostAudioSignal": 6', ["boostAudioSignal: " + NO_EFFECT]),
        ('"codecs": ["G722"]', ["codecs: " + NO_EFFECT]),
        ('"anchorMedia": false', ["anchorMedia: " + NO_EFFECT]),
        ('"exitMediaPath": true', ["exitMediaPath: " + NO_EFFECT]),
        ('"forwardPAI": true', ["forwardPAI: " + NO_EFFECT]),
        ('"method": "POST"', ["method: passed over; the keys of dial here are: verb, id, target"]),
    ],
)
def test_what_does_nothing_here_is_remarked(members: str, says: list[str]) -> None:
    reading = read(members)
    assert reading.document == (PLAIN,)
    found = [each.message for each in reading.remarks]
    assert len(found) == len(says)
    for message, start in zip(found, says, strict=True):
        assert message.startswith(f"$[0].dial.{start}")
        assert "secret" not in message


def test_music_is_for_a_caller_who_is_answered() -> None:
    reading = read('"dialMusic": "/moh.wav", "answerOnBridge": true')
    (remark,) = reading.remarks
    assert "only a caller who is answered already hears it" in remark.message
    assert remark.line == 2


@pytest.mark.parametrize(
    ("members", "path", "says"),
    [
        ('"confirmHook": 7', "confirmHook", "allowed is the text of a URL"),
        ('"proxy": "sip:proxy.example.com"', "proxy", "an endpoint that has outbound_proxy"),
        ('"srtpEncryption": "sdes"', "srtpEncryption", "an endpoint that has media_encryption"),
        ('"answerOnBridge": "true"', "answerOnBridge", "allowed are true and false"),
        ('"timeout": -1', "timeout", "from 0 to 3600"),
        ('"timeout": "20"', "timeout", "from 0 to 3600"),
        ('"timeLimit": 86401', "timeLimit", "from 0 to 86400"),
        ('"callerId": "a/b"', "callerId", "a telephone number, or a user"),
        ('"callerId": 15085551212', "callerId", "allowed is a text"),
        ('"callerName": "a\\nb"', "callerName", "in one line"),
        ('"headers": {"X-A": []}', 'headers["X-A"]', "the text of a header"),
        ('"dialMusic": "ftp://h/x"', "dialMusic", "http://"),
        ('"actionHook": 5', "actionHook", "the text of a URL"),
        ('"referHook": {"method": "POST"}', "referHook", "needs the key url"),
        ('"tag": "x"', "tag", "allowed is an object"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_its_path(members: str, path: str, says: str) -> None:
    with pytest.raises(ValueError, match="dial") as caught:
        read(members)
    assert f"$[0].dial.{path}: " in str(caught.value)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"verb": "dial"}', "$[0]: dial needs the key target."),
        ('{"verb": "dial", "target": []}', "$[0].target: an empty array"),
        ('{"verb": "dial", "target": null}', "needs the key target"),
    ],
)
def test_somebody_is_called(text: str, says: str) -> None:
    with pytest.raises(ValueError, match="Line 1") as caught:
        read_document(parse(f"[{text}]".encode()), BASE, APPLICATION)
    assert says in str(caught.value)


# jambonz's own packages.


def sdk_names(model: Any) -> set[str]:  # noqa: ANN401 - of the vendor's package
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize("name", sorted(sdk_names(SdkDial) | set(DialVerb.__annotations__)))
def test_each_key_of_jambonzs_package_is_done_remarked_upon_or_refused(name: str) -> None:
    assert name in DIAL_KEYS.known or name in DIAL_KEYS.idle


def test_a_dial_as_jambonzs_package_writes_it() -> None:
    response = WebhookResponse()
    response.dial(
        target=[
            {"type": "phone", "number": "+15085551212", "trunk": "carrier"},
            {"type": "sip", "sipUri": "sip:a@b", "auth": {"username": "u", "password": "p"}},
        ],
        answerOnBridge=True,
        referHook="/refer",
        headers={"X-A": 1},
    )
    text = json.dumps(response.to_json()).encode()
    reading = read_document(parse(text), BASE, APPLICATION)
    assert reading.document == (
        replace(
            PLAIN,
            callees=(
                Callee(Number("+15085551212", "carrier", (("X-A", "1"),))),
                Callee(SipAddress("sip:a@b", "u", (("X-A", "1"),))),
            ),
            answer_on_bridge=True,
            refer=Callback("https://example.com/refer"),
        ),
    )
    (remark,) = reading.remarks
    assert "auth.password: passed over" in remark.message


def test_verbs_behind_a_dial_are_reached() -> None:
    text = f'[{{"dial": {{"target": {ALICE}, "actionHook": "/a"}}}}, {{"hangup": {{}}}}]'
    assert read_document(parse(text.encode()), BASE, APPLICATION).remarks == ()


def test_the_place_of_an_error_is_that_of_the_value() -> None:
    assert_refused(
        lambda: read('"timeout": -1'), FetchFailure.NOT_VALID, (2, 57), "$[0].dial.timeout: -1"
    )
