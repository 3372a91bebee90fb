import pytest

from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import Pause, Play, Recording, Speech, Verb
from stasis_refer.dialects.attributes import Attribute, one_of, unsupported
from stasis_refer.dialects.dialect import Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.twiml_prompts import LANGUAGE_TAG, PAUSE, play, say
from stasis_refer.dialects.xml_verbs import Vocabulary, read_response
from tests.dialects.saying import assert_refused, assert_remark

VOICE = Attribute("voice", one_of({"deep": "bass", "high": "soprano"}), "alto")
LANGUAGE = Attribute("language", LANGUAGE_TAG, "eo")
WORDS = Vocabulary(
    "TestML",
    ("Doc",),
    {
        "Say": say(VOICE, LANGUAGE),
        "Play": play(Attribute("digits", unsupported, None)),
        "PlainPlay": play(),
        "Pause": PAUSE,
    },
)


def read(inside: str) -> Reading:
    root = parse(f"<Doc>{inside}</Doc>".encode())
    return read_response(root, "https://example.com/app/voice", WORDS)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("<Pause/>", Pause(1)),
        ('<Pause length="0"/>', Pause(0)),
        ('<Pause length=" 3600 "/>', Pause(3600)),
        ("<Play>../a.wav</Play>", Play(Recording("https://example.com/a.wav"))),
        (
            '<Play loop="0">http://other.example/a.wav?b=%20</Play>',
            Play(Recording("http://other.example/a.wav?b=%20"), 0),
        ),
        (
            "<PlainPlay>\n http://h/a.wav\n</PlainPlay>",
            Play(Recording("http://h/a.wav")),
        ),
        ("<Say>\n  Good\n  day &amp; more </Say>", Play(Speech("Good day & more", "eo", "alto"))),
        (
            '<Say voice="HIGH" language="de-DE" loop="3">Hallo</Say>',
            Play(Speech("Hallo", "de-DE", "soprano"), 3),
        ),
        (f"<Say>{'x' * 4096}</Say>", Play(Speech("x" * 4096, "eo", "alto"))),
    ],
)
def test_a_verb(text: str, verb: Verb) -> None:
    assert read(text) == Reading((verb,))


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('<Pause length="-1"/>', (1, 6), "from 0 to 3600"),
        ('<Pause length="3601"/>', (1, 6), "from 0 to 3600"),
        ('<Pause length="1.5"/>', (1, 6), "from 0 to 3600"),
        ("<Play/>", (1, 6), "URL of a sound file"),
        ("<Play>/a b.wav</Play>", (1, 6), "%20"),
        ('<Play loop="x">/a.wav</Play>', (1, 6), "whole number"),
        ('<Play digits="ww1"/>', (1, 6), "digits='ww1' in <Play>: this attribute is not supported"),
        ('<Play digits="1">/a.wav</Play>', (1, 6), "not supported here"),
        ("<Say>\n<break/></Say>", (2, 1), "SSML (<break>) is not supported"),
        (f"<Say>{'x' * 4097}</Say>", (1, 6), "at most 4096"),
        ('<Say language="-v evil">x</Say>', (1, 6), "BCP 47"),
        ('<Say voice="loud">x</Say>', (1, 6), "deep, high"),
        ('<Say loop="-1">x</Say>', (1, 6), "whole number"),
        ('<Say loop="-1"/>', (1, 6), "whole number"),
    ],
)
def test_a_document_that_cannot_be_run_says_where_and_what_to_do(
    text: str, place: tuple[int, int], says: str
) -> None:
    assert_refused(lambda: read(text), FetchFailure.NOT_VALID, place, says)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("\n<Say/>", (2, 1), "<Say> is empty"),
        ("\n<Say> \n</Say>", (2, 1), "<Say> is empty"),
        ('\n<Pause Length="2"/>', (2, 1), "'Length' of <Pause> is passed over; known are length"),
        ("\n<Pause>2</Pause>", (2, 1), "Text in <Pause>"),
        ('\n<PlainPlay digits="1">/a</PlainPlay>', (2, 1), "'digits' of <PlainPlay> is passed"),
        ('<Play loop="0">/a.wav</Play>\n<Pause/>', (2, 1), "never reached"),
    ],
)
def test_what_is_passed_over_is_remarked_upon(text: str, place: tuple[int, int], says: str) -> None:
    (remark,) = read(text).remarks
    assert_remark(remark, place, says)


def test_an_empty_say_is_skipped() -> None:
    assert read("<Say/><Pause/>").document == (Pause(1),)
