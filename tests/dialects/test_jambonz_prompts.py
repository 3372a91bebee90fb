import pytest

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import Document, Gather, Play, Recording, Speech
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.jambonz_document import read_document
from stasis_refer.dialects.json_text import parse

BASE = "https://example.com/app/voice"
NO_EFFECT = "this key has no effect here."


def read(*verbs: str) -> Reading:
    text = f"[{', '.join(verbs)}]"
    return read_document(parse(text.encode()), BASE, Application("a", "jambonz", Callback(BASE)))


def spoken(*texts: str) -> Document:
    return tuple(Play(Speech(text)) for text in texts)


def played(*names: str) -> Document:
    return tuple(Play(Recording(f"https://example.com/app/{name}")) for name in names)


@pytest.mark.parametrize(
    ("verb", "document"),
    [
        ('{"verb": "say", "text": "Hello"}', spoken("Hello")),
        ('{"say": {"text": " Good\\n  day "}}', spoken("Good day")),
        ('{"say": {"text": "2 < 3 & 4"}}', spoken("2 < 3 & 4")),
        ('{"say": {"text": ["One.", "Two."]}}', spoken("One.", "Two.")),
        ('{"say": {"text": ["One.", ""]}}', spoken("One.")),
        ('{"say": {"text": ["One.", "Two."], "loop": 2}}', spoken("One.", "Two.") * 2),
        ('{"say": {"text": "x", "loop": 3}}', (Play(Speech("x"), 3),)),
        ('{"say": {"text": "x", "loop": 2.0}}', (Play(Speech("x"), 2),)),
        ('{"say": {"text": "x", "loop": "2"}}', (Play(Speech("x"), 2),)),
        ('{"say": {"text": "x", "loop": 0}}', (Play(Speech("x"), 0),)),
        ('{"say": {"text": ["x"], "loop": "forever"}}', (Play(Speech("x"), 0),)),
        (
            (
                '{"say": {"text": "Hallo", "synthesizer":'
                ' {"vendor": "default", "language": "de-DE", "voice": "Vicki"}}}'
            ),
            (Play(Speech("Hallo", "de-DE", "Vicki")),),
        ),
        (
            '{"say": {"text": "x", "synthesizer": {"language": "default", "voice": "default"}}}',
            spoken("x"),
        ),
        ('{"say": {"text": "x", "stream": false, "earlyMedia": false}}', spoken("x")),
        ('{"say": {"text": "' + "x" * 4096 + '"}}', spoken("x" * 4096)),
        ('{"play": {"url": "a.wav"}}', played("a.wav")),
        ('{"play": {"url": ["a.wav", "b.wav"]}}', played("a.wav", "b.wav")),
        ('{"play": {"url": ["a.wav", "b.wav"], "loop": 50}}', played("a.wav", "b.wav") * 50),
        (
            '{"verb": "play", "url": "http://other.example/a.wav?b", "loop": "forever"}',
            (Play(Recording("http://other.example/a.wav?b"), 0),),
        ),
    ],
)
def test_what_the_caller_hears(verb: str, document: Document) -> None:
    assert read(verb) == Reading(document)


def test_the_voice_of_config_holds_for_what_comes_behind_it() -> None:
    reading = read(
        '{"say": {"text": "a"}}',
        '{"config": {"synthesizer": {"language": "de-DE", "voice": "Vicki"}}}',
        '{"say": {"text": "b"}}',
        '{"say": {"text": "c", "synthesizer": {"language": "en-US"}}}',
        '{"gather": {"say": {"text": "d", "synthesizer": {"voice": "Hans"}}}}',
    )
    *said, gather = reading.document
    assert said == [
        Play(Speech("a")),
        Play(Speech("b", "de-DE", "Vicki")),
        Play(Speech("c", "en-US", "Vicki")),
    ]
    assert isinstance(gather, Gather)
    assert gather.prompts == (Play(Speech("d", "de-DE", "Hans")),)
    assert [each.message for each in reading.remarks] == [
        "$[1].config.synthesizer: it holds for the rest of this document only."
    ]


@pytest.mark.parametrize(
    ("verb", "remark"),
    [
        ('{"say": {"text": ""}}', "$[0].say.text: empty, so nothing is said."),
        ('{"say": {"text": "x", "earlyMedia": true}}', f"$[0].say.earlyMedia: {NO_EFFECT}"),
        ('{"say": {"text": "x", "instructions": "warm"}}', f"$[0].say.instructions: {NO_EFFECT}"),
        (
            '{"say": {"text": "x", "synthesizer": {"vendor": "google"}}}',
            f"$[0].say.synthesizer.vendor: {NO_EFFECT}",
        ),
        (
            '{"say": {"text": "x", "synthesizer": {"pitch": 2}}}',
            (
                "$[0].say.synthesizer.pitch: passed over; "
                "the keys of synthesizer here are: language, voice."
            ),
        ),
        ('{"play": {"url": "a.wav", "seekOffset": 2}}', f"$[0].play.seekOffset: {NO_EFFECT}"),
        ('{"config": {"notifyEvents": true}}', f"$[0].config.notifyEvents: {NO_EFFECT}"),
        ('{"config": {"bargeIn": {"enable": true}}}', f"$[0].config.bargeIn: {NO_EFFECT}"),
    ],
)
def test_what_is_passed_over(verb: str, remark: str) -> None:
    assert [each.message for each in read(verb).remarks] == [remark]


def test_config_asks_for_nothing() -> None:
    assert read('{"config": {"notifyEvents": false}}') == Reading(())


@pytest.mark.parametrize(
    ("verb", "path", "says"),
    [
        ('{"say": {}}', "$[0].say", "say needs the key text."),
        ('{"say": {"text": 5}}', "$[0].say.text", "5: allowed is a text, or an array"),
        ('{"say": {"text": []}}', "$[0].say.text", "an array: allowed is a text"),
        ('{"say": {"text": "<speak>Hi</speak>"}}', "$[0].say.text", "SSML is not supported here"),
        ('{"say": {"text": ["a", " <SPEAK version=\'1\'>"]}}', "$[0].say.text", "SSML"),
        ('{"say": {"text": "silence_stream://1000"}}', "$[0].say.text", "pause"),
        ('{"say": {"text": "a\\u0000b"}}', "$[0].say.text", "control characters"),
        ('{"say": {"text": "' + "x" * 4097 + '"}}', "$[0].say.text", "at most 4096 characters"),
        ('{"say": {"text": "x", "loop": -1}}', "$[0].say.loop", 'from 0, or "forever"'),
        ('{"say": {"text": "x", "loop": 1.5}}', "$[0].say.loop", 'from 0, or "forever"'),
        ('{"say": {"text": "x", "loop": "always"}}', "$[0].say.loop", '"always": allowed is'),
        ('{"say": {"text": "x", "loop": true}}', "$[0].say.loop", "true: allowed is"),
        ('{"say": {"text": ["x", "y"], "loop": 0}}', "$[0].say.loop", "not forever"),
        ('{"say": {"text": ["x", "y"], "loop": 51}}', "$[0].say.loop", "100 sounds in all"),
        ('{"say": {"stream": true}}', "$[0].say.stream", "give text"),
        ('{"say": {"text": "x", "synthesizer": "google"}}', "$[0].say.synthesizer", "an object"),
        (
            '{"say": {"text": "x", "synthesizer": {"voice": "--help"}}}',
            "$[0].say.synthesizer.voice",
            "such as Joanna",
        ),
        (
            '{"say": {"text": "x", "synthesizer": {"language": "en_US"}}}',
            "$[0].say.synthesizer.language",
            "BCP 47",
        ),
        ('{"play": {}}', "$[0].play", "play needs the key url."),
        ('{"play": {"url": ""}}', "$[0].play.url", "the URL of a sound file"),
        ('{"play": {"url": ["a.wav", ""]}}', "$[0].play.url", "the URL of a sound file"),
        ('{"play": {"url": "tone_stream://x"}}', "$[0].play.url", "use pause"),
        ('{"play": {"url": 5}}', "$[0].play.url", "allowed is a text, or"),
        ('{"play": {"url": "a.wav", "actionHook": "/x"}}', "$[0].play.actionHook", "redirect"),
        ('{"config": {"synthesizer": {"voice": {}}}}', "$[0].config.synthesizer.voice", "a text"),
    ],
)
def test_what_cannot_be_heard(verb: str, path: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(verb)
    assert caught.value.failure is FetchFailure.NOT_VALID
    assert f" {path}: " in str(caught.value)
    assert says in str(caught.value)
