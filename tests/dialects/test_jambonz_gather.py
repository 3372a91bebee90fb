from dataclasses import replace

import pytest

from stasis_refer.core.abouts import Gathered
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import DeadlinePassed, DigitPressed, DocumentFetched, FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, HangUp
from stasis_refer.core.verbs import Gather, Play, Recording, Speech
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.jambonz_document import read_document
from stasis_refer.dialects.jambonz_gather import NO_TIMEOUT
from stasis_refer.dialects.json_text import parse

BASE = "https://example.com/app/voice"
APPLICATION = Application("a", "jambonz", Callback(BASE))
NO_EFFECT = "this key has no effect here."


def read(members: str) -> Reading:
    return read_document(parse(f'[{{"gather": {{{members}}}}}]'.encode()), BASE, APPLICATION)


PLAIN = Gather(first_timeout=15.0, next_timeout=15.0, tell_empty=True, or_go_on=True)
"""What a gather without any key is."""


@pytest.mark.parametrize(
    ("members", "verb"),
    [
        ("", PLAIN),
        ('"input": ["digits"], "id": "menu"', replace(PLAIN, name="menu")),
        ('"actionHook": "/menu"', replace(PLAIN, action=Callback("https://example.com/menu"))),
        ('"timeout": 8', replace(PLAIN, first_timeout=8.0, next_timeout=8.0)),
        ('"timeout": 0', replace(PLAIN, first_timeout=NO_TIMEOUT, next_timeout=NO_TIMEOUT)),
        (
            '"timeout": 0, "interDigitTimeout": 2',
            replace(PLAIN, first_timeout=NO_TIMEOUT, next_timeout=2.0),
        ),
        ('"interDigitTimeout": 0', PLAIN),
        ('"interDigitTimeout": 1.5', replace(PLAIN, next_timeout=1.5)),
        ('"numDigits": 4', replace(PLAIN, fewest=4, most=4)),
        ('"numDigits": 4.0', replace(PLAIN, fewest=4, most=4)),
        ('"maxDigits": 4', replace(PLAIN, most=4)),
        ('"minDigits": 2, "maxDigits": 4', replace(PLAIN, fewest=2, most=4)),
        ('"minDigits": 2, "numDigits": 4', replace(PLAIN, fewest=2, most=4)),
        ('"numDigits": 4, "maxDigits": 3', replace(PLAIN, fewest=3, most=3)),
        ('"minDigits": 0', replace(PLAIN, fewest=0)),
        ('"finishOnKey": "#"', replace(PLAIN, finish_on="#")),
        ('"finishOnKey": ""', PLAIN),
        ('"say": {"text": "Hi", "loop": 2}', replace(PLAIN, prompts=(Play(Speech("Hi"), 2),))),
        (
            '"say": {"verb": "say", "text": ["a", "b"]}',
            replace(PLAIN, prompts=(Play(Speech("a")), Play(Speech("b")))),
        ),
        (
            '"play": {"url": "a.wav"}',
            replace(PLAIN, prompts=(Play(Recording("https://example.com/app/a.wav")),)),
        ),
        ('"say": null, "listenDuringPrompt": true, "dtmfBargein": true', PLAIN),
    ],
)
def test_a_gather(members: str, verb: Gather) -> None:
    assert read(members) == Reading((verb,))


@pytest.mark.parametrize(
    ("members", "remark"),
    [
        ('"input": ["speech", "digits"]', "input: speech is not recognized here, digits are."),
        ('"dtmfBargein": false', f"dtmfBargein: {NO_EFFECT}"),
        ('"listenDuringPrompt": false', f"listenDuringPrompt: {NO_EFFECT}"),
        ('"bargein": true', f"bargein: {NO_EFFECT}"),
        ('"recognizer": {"vendor": "google"}', f"recognizer: {NO_EFFECT}"),
        ('"partialResultHook": "/x"', f"partialResultHook: {NO_EFFECT}"),
        (
            '"say": {"text": "a"}, "play": {"url": "b"}',
            "play: passed over, since there is say already.",
        ),
        ('"say": {"text": "a", "earlyMedia": true}', f"say.earlyMedia: {NO_EFFECT}"),
    ],
)
def test_what_is_passed_over(members: str, remark: str) -> None:
    assert [each.message for each in read(members).remarks] == [f"$[0].gather.{remark}"]


@pytest.mark.parametrize(
    ("members", "path", "says"),
    [
        ('"input": ["speech"]', ".input", 'ask for ["digits"]'),
        ('"input": []', ".input", 'ask for ["digits"]'),
        ('"input": ["dtmf"]', ".input", '"digits" and "speech"'),
        ('"input": "digits"', ".input", "allowed is an array"),
        ('"input": [["digits"]]', ".input", "allowed is an array"),
        ('"numDigits": 0', ".numDigits", "from 1 to 999"),
        ('"numDigits": "4"', ".numDigits", "from 1 to 999"),
        ('"minDigits": 3, "maxDigits": 2', ".minDigits", "over the 2 digits"),
        ('"minDigits": 3, "numDigits": 2', ".minDigits", "over the 2 digits"),
        ('"timeout": -1', ".timeout", "from 0 to 3600"),
        ('"timeout": "5"', ".timeout", "from 0 to 3600"),
        ('"finishOnKey": "##"', ".finishOnKey", "one key, such as #"),
        ('"finishOnKey": "x"', ".finishOnKey", "one key"),
        ('"say": "Hello"', ".say", "allowed is an object"),
        ('"say": {}', ".say", "say needs the key text."),
        ('"play": {"url": 5}', ".play.url", "allowed is a text"),
        ('"actionHook": {}', ".actionHook", "needs the key url"),
    ],
)
def test_a_wrong_value_is_an_error_with_its_path(members: str, path: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(members)
    assert caught.value.failure is FetchFailure.NOT_VALID
    assert f": $[0].gather{path}: " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("members", "pressed", "told"),
    [
        ('"numDigits": 2', "12", Gathered("12")),
        ('"numDigits": 2', "1.", Gathered("")),
        ('"numDigits": 4, "maxDigits": 2', "12", Gathered("12")),
        ('"numDigits": 2, "finishOnKey": "#"', "1#", Gathered("1", "#")),
        ('"minDigits": 2', "123.", Gathered("123")),
        ('"minDigits": 2', "1.", Gathered("")),
        ('"maxDigits": 2', "1.", Gathered("1")),
        ("", ".", Gathered("")),
    ],
)
def test_what_a_call_gathers(members: str, pressed: str, told: Gathered) -> None:
    """Press the keys of ``pressed``, and let time pass at each dot."""
    call = Call(CallInfo("0" * 32, "1.1"), APPLICATION, up=True, now=0.0)
    call.start()
    call.handle(
        DocumentFetched(read(f'"actionHook": "/menu"{members and ", "}{members}').document), 0
    )
    for key in pressed:
        intents = call.handle(DeadlinePassed() if key == "." else DigitPressed(key), 0.0)
    (fetch,) = intents
    assert isinstance(fetch, Fetch)
    assert (fetch.about, fetch.callback) == (told, Callback("https://example.com/menu"))


def test_after_an_empty_reply_the_document_goes_on() -> None:
    call = Call(CallInfo("0" * 32, "1.1"), APPLICATION, up=True, now=0.0)
    call.start()
    text = b'[{"gather": {"actionHook": "/menu"}}, {"hangup": {}}]'
    call.handle(DocumentFetched(read_document(parse(text), BASE, APPLICATION).document), 0.0)
    call.handle(DeadlinePassed(), 15.0)
    assert HangUp() in call.handle(DocumentFetched(()), 16.0)
