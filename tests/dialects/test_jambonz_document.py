import pytest

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import Hangup, Pause, Play, Recording, Refer, Reject, Speech
from stasis_refer.dialects.dialect import Reading, Remark
from stasis_refer.dialects.jambonz_document import read_document
from stasis_refer.dialects.json_text import parse
from tests.dialects.saying import assert_refused

BASE = "https://example.com/app/voice"
UNKNOWN, NOT_VALID = FetchFailure.UNKNOWN_VERB, FetchFailure.NOT_VALID


def read(text: str) -> Reading:
    return read_document(parse(text.encode()), BASE, Application("a", "jambonz", Callback(BASE)))


@pytest.mark.parametrize(
    "text",
    [
        '[{"verb": "pause", "length": 2}, {"verb": "hangup"}]',
        '[{"pause": {"length": 2}}, {"hangup": {}}]',
        '[{"length": 2, "verb": "pause"}, {"hangup": {"verb": "hangup"}}]',
        '[{"verb": "pause", "length": 2, "id": "p", "_": null}, {"hangup": {"id": "h"}}]',
    ],
)
def test_both_spellings_of_a_verb(text: str) -> None:
    assert read(text) == Reading((Pause(2.0), Hangup()))


def test_both_spellings_of_a_refer() -> None:
    long = '[{"verb": "sip:refer", "referTo": "sip:a@b", "actionHook": "/x"}]'
    short = '[{"sip:refer": {"referTo": "sip:a@b", "actionHook": "/x"}}]'
    assert read(long) == read(short)
    assert isinstance(read(long).document[0], Refer)


@pytest.mark.parametrize("text", ["[]", " [ ] "])
def test_no_verbs_are_an_empty_document(text: str) -> None:
    assert read(text) == Reading(())


@pytest.mark.parametrize("text", ["null", '""', "{}", '{"status": "ok"}', '{"a": 1, "b": {}}'])
def test_a_reply_without_verbs_is_an_empty_document_with_a_remark(text: str) -> None:
    message = "$: it is no array of verbs, and taken for an empty one."
    assert read(text) == Reading((), (Remark(message, 1, 1),))


@pytest.mark.parametrize(
    ("text", "failure", "place", "says"),
    [
        ('{"verb": "hangup"}', NOT_VALID, (1, 1), "$: a document is an array of verbs: write [{"),
        ('\n{"say": {"text": "x"}}', NOT_VALID, (2, 1), "$: a document is an array of verbs"),
        ('{"dial": {}}', NOT_VALID, (1, 1), "an array of verbs"),
        ("5", NOT_VALID, (1, 1), "an array of verbs"),
        ("false", NOT_VALID, (1, 1), "an array of verbs"),
        ('"hangup"', NOT_VALID, (1, 1), "an array of verbs"),
        ("[5]", NOT_VALID, (1, 2), '$[0]: a verb is an object, {"verb": "hangup"}.'),
        ('["hangup"]', NOT_VALID, (1, 2), "$[0]: a verb is an object"),
        ("[[]]", NOT_VALID, (1, 2), "$[0]: a verb is an object"),
        ("[null]", NOT_VALID, (1, 2), "$[0]: a verb is an object"),
        ("[{}]", NOT_VALID, (1, 2), "$[0]: it does not say which verb it is"),
        (
            '[{"hangup": {}},\n {"say": {"text": "a"}, "pause": {"length": 1}}]',
            NOT_VALID,
            (2, 2),
            "$[1]: it does not say which verb it is",
        ),
        ('[{"text": "a", "loop": 1}]', NOT_VALID, (1, 2), "which verb"),
        ('[{"hangup": null}]', NOT_VALID, (1, 13), "$[0].hangup: a verb holds an object"),
        ('[{"say": "Hello"}]', NOT_VALID, (1, 10), "$[0].say: a verb holds an object"),
        ('[{"verb": 5}]', NOT_VALID, (1, 11), "$[0].verb: 5: allowed is a text"),
        ('[{"verb": null, "a": 1}]', NOT_VALID, (1, 2), "$[0]: a verb needs the key verb."),
        ('[{"verb": {"say": {}}}]', NOT_VALID, (1, 11), "$[0].verb: an object: allowed"),
        ('[{"say": {"text": "x", "id": 5}}]', NOT_VALID, (1, 30), "$[0].say.id: 5: allowed"),
        (
            '[\n {"verb": "conference", "name": "x"}]',
            UNKNOWN,
            (2, 2),
            "$[0]: the jambonz verb conference is not supported here; supported are sip:refer,",
        ),
        ('[{"enqueue": {}}]', UNKNOWN, (1, 14), "$[0].enqueue: the jambonz verb enqueue is not"),
        ('[{"llm": {}}]', UNKNOWN, (1, 10), "llm is not supported here"),
        ('[{"verb": "transcribe"}]', UNKNOWN, (1, 2), "transcribe is not supported here"),
        ('[{"verb": "listen"}]', UNKNOWN, (1, 2), "listen is not supported here"),
        ('[{"verb": "conference"}]', UNKNOWN, (1, 2), "conference is not supported here"),
        ('[{"verb": "dialogflow"}]', UNKNOWN, (1, 2), "dialogflow is not supported here"),
        ('[{"verb": "Say"}]', UNKNOWN, (1, 2), "write say"),
        ('[{"verb": "refer"}]', UNKNOWN, (1, 2), "'refer' is no verb of jambonz's"),
        ('[{"sip:Refer": {}}]', UNKNOWN, (1, 16), '$[0]["sip:Refer"]: sip:Refer is no verb, upper'),
        ('[{"verb": ""}]', UNKNOWN, (1, 2), "'' is no verb of jambonz's"),
    ],
)
def test_what_is_no_document_says_where_and_what_to_do(
    text: str, failure: FetchFailure, place: tuple[int, int], says: str
) -> None:
    assert_refused(lambda: read(text), failure, place, ": $")
    assert_refused(lambda: read(text), failure, place, says)


NEXT = Callback("https://example.com/next")


@pytest.mark.parametrize(
    ("verb", "read_as"),
    [
        ('{"hangup": {}}', Hangup()),
        ('{"sip:decline": {"status": 486}}', Reject(486)),
        (
            '{"play": {"url": "/a", "loop": 0}}',
            Play(Recording("https://example.com/a"), 0),
        ),
        ('{"say": {"text": "a", "loop": "forever"}}', Play(Speech("a"), 0)),
    ],
)
def test_a_verb_that_is_never_reached_is_remarked_upon_once(verb: str, read_as: object) -> None:
    reading = read(f'[{verb},\n {{"verb": "pause", "length": 1}}, {{"verb": "hangup"}}]')
    assert reading.document == (read_as, Pause(1.0), Hangup())
    (remark,) = reading.remarks
    name = verb.split('"')[1]
    message = f"$[1]: pause is never reached behind {name}."
    assert remark == Remark(message, 2, 2)


def test_verbs_behind_a_refer_or_a_gather_are_reached() -> None:
    text = (
        '[{"gather": {"actionHook": "/a"}},'
        ' {"sip:refer": {"referTo": "x", "actionHook": "/b"}}, {"hangup": {}}]'
    )
    assert read(text).remarks == ()
