import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import Gather, Pause, Play, Recording, Speech
from stasis_refer.dialects.dialect import Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.twiml_verbs import TWIML_VERBS
from stasis_refer.dialects.xml_verbs import read_response
from tests.dialects.saying import assert_refused, assert_remark

BASE = "https://u:p@example.com/app/voice?x=1#rc=2"
OWN = Callback(BASE)


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE, TWIML_VERBS)


# Twilio's page on <Gather>, attribute by attribute.


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        pytest.param("<Gather/>", Gather((), OWN, finish_on="#"), id="the defaults"),
        pytest.param(
            '<Gather action="/process_gather.php" method="GET"/>',
            Gather(
                (),
                Callback("https://u:p@example.com/process_gather.php", Method.GET),
                finish_on="#",
            ),
            id="action and method",
        ),
        pytest.param('<Gather action=""/>', Gather((), OWN, finish_on="#"), id="action, empty"),
        pytest.param(
            '<Gather method="get"/>',
            Gather((), Callback(BASE, Method.GET), finish_on="#"),
            id="method without action",
        ),
        pytest.param(
            '<Gather actionOnEmptyResult="true"/>',
            Gather((), OWN, finish_on="#", tell_empty=True),
            id="actionOnEmptyResult",
        ),
        pytest.param(
            '<Gather actionOnEmptyResult="FALSE"/>',
            Gather((), OWN, finish_on="#"),
            id="actionOnEmptyResult, its default",
        ),
        pytest.param('<Gather finishOnKey="*"/>', Gather((), OWN, finish_on="*"), id="finishOnKey"),
        pytest.param('<Gather finishOnKey="0"/>', Gather((), OWN, finish_on="0"), id="a digit"),
        pytest.param('<Gather finishOnKey=""/>', Gather((), OWN), id="finishOnKey, empty"),
        pytest.param('<Gather input="dtmf"/>', Gather((), OWN, finish_on="#"), id="input"),
        pytest.param(
            '<Gather numDigits="5"/>', Gather((), OWN, finish_on="#", most=5), id="numDigits"
        ),
        pytest.param(
            '<Gather timeout="3"/>',
            Gather((), OWN, finish_on="#", first_timeout=3, next_timeout=3),
            id="timeout, for the first digit and for each further one",
        ),
    ],
)
def test_a_gather(text: str, verb: Gather) -> None:
    assert read(text) == Reading((verb,))


def test_nested_verbs_are_prompts_in_any_order() -> None:
    text = (
        '<Gather><Pause length="2"/><Say language="de">Eins</Say><Play loop="2">a.wav</Play>'
        "<Say>2</Say></Gather><Say>Nothing came.</Say>"
    )
    gather, after = read(text).document
    assert gather == Gather(
        (
            Pause(2),
            Play(Speech("Eins", "de")),
            Play(Recording("https://u:p@example.com/app/a.wav"), 2),
            Play(Speech("2")),
        ),
        OWN,
        finish_on="#",
    )
    assert after == Play(Speech("Nothing came."))


NOT_VALID, UNKNOWN = FetchFailure.NOT_VALID, FetchFailure.UNKNOWN_VERB


@pytest.mark.parametrize(
    ("text", "failure", "place", "says"),
    [
        ('<Gather timeout="0"/>', NOT_VALID, (1, 11), "from 1 to 3600"),
        ('<Gather timeout="-1"/>', NOT_VALID, (1, 11), "from 1 to 3600"),
        ('<Gather timeout="1.5"/>', NOT_VALID, (1, 11), "from 1 to 3600"),
        ('<Gather timeout="3601"/>', NOT_VALID, (1, 11), "from 1 to 3600"),
        ('<Gather numDigits="0"/>', NOT_VALID, (1, 11), "whole number from 1"),
        ('<Gather numDigits=""/>', NOT_VALID, (1, 11), "whole number from 1"),
        ('<Gather finishOnKey="12"/>', NOT_VALID, (1, 11), "one key of 0-9, * and #, or nothing"),
        ('<Gather finishOnKey="A"/>', NOT_VALID, (1, 11), "one key of 0-9"),
        ('<Gather finishOnKey="٣"/>', NOT_VALID, (1, 11), "one key of 0-9"),
        ('<Gather actionOnEmptyResult="1"/>', NOT_VALID, (1, 11), "true, false"),
        ('<Gather method="PUT"/>', NOT_VALID, (1, 11), "get, post"),
        ('<Gather action="ftp://x/"/>', NOT_VALID, (1, 11), "http://"),
        ('<Gather input="speech"/>', NOT_VALID, (1, 11), "input='speech' in <Gather>: speech is n"),
        ('<Gather input="voice"/>', NOT_VALID, (1, 11), "allowed are dtmf and dtmf speech"),
        ('<Gather input=""/>', NOT_VALID, (1, 11), "allowed are dtmf and dtmf speech"),
        ("<Gather>\n<Redirect/></Gather>", UNKNOWN, (2, 1), "<Redirect> cannot stand in this plac"),
        ("<Gather>\n<Gather/></Gather>", UNKNOWN, (2, 1), "; supported are Say, Play, Pause."),
        ("<Gather>\n<Dial/></Gather>", UNKNOWN, (2, 1), "<Dial> cannot stand in this place"),
        ("<Gather>\n<say>1</say></Gather>", UNKNOWN, (2, 1), "write <Say>"),
        ("<Gather>\n<Play/></Gather>", NOT_VALID, (2, 1), "URL of a sound file"),
        ('<Gather>\n<Play digits="1"/></Gather>', NOT_VALID, (2, 1), "not supported here"),
    ],
)
def test_a_gather_that_cannot_be_run_says_where_and_what_to_do(
    text: str, failure: FetchFailure, place: tuple[int, int], says: str
) -> None:
    assert_refused(lambda: read(text), failure, place, says)


SPEECH = "speech is not recognized here."


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        ('speechTimeout="auto"', SPEECH),
        ('maxSpeechTime="30"', SPEECH),
        ('speechModel="phone_call"', SPEECH),
        ('enhanced="true"', SPEECH),
        ('language="en-US"', SPEECH),
        ('hints="yes, no"', SPEECH),
        ('profanityFilter="false"', SPEECH),
        ('partialResultCallback="/partial"', SPEECH),
        ('partialResultCallbackMethod="GET"', SPEECH),
        ('bargeIn="false"', "a key always ends the prompts."),
        ('bargeIn="true"', "a key always ends the prompts."),
        ('debug="true"', "it is Twilio's own."),
        ('dtmfDetection="x"', "known are action, actionOnEmptyResult, finishOnKey, input, method"),
    ],
)
def test_what_does_nothing_for_keys_is_remarked_upon(attribute: str, says: str) -> None:
    reading = read(f"\n<Gather {attribute}/>")
    (remark,) = reading.remarks
    name = attribute.partition("=")[0]
    assert (remark.line, remark.column) == (2, 1)
    assert remark.message.startswith(f"Attribute '{name}' of <Gather> is passed over; {says}")
    assert reading.document == (Gather((), OWN, finish_on="#"),)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('\n<Gather input="dtmf speech"/>', (2, 1), "<Gather> takes keys only"),
        ('\n<Gather input="Speech DTMF"/>', (2, 1), "<Gather> takes keys only"),
        ('\n<Gather timeout="auto"/>', (2, 1), "timeout='auto' of <Gather> counts as left out: 5"),
        ("\n<Gather>press 1</Gather>", (2, 1), "Text in <Gather>"),
        ("<Gather>\n<Say/></Gather>", (2, 1), "<Say> is empty"),
        ('<Gather><Play loop="0">/a</Play>\n<Say>1</Say></Gather>', (2, 1), "<Say> is never reach"),
        ('<Gather actionOnEmptyResult="true"/>\n<Say>1</Say>', (2, 1), "never reached behind <Ga"),
    ],
)
def test_what_is_passed_over_is_remarked_upon(text: str, place: tuple[int, int], says: str) -> None:
    (remark,) = read(text).remarks
    assert_remark(remark, place, says)


def test_speech_and_keys_are_read_as_keys_and_auto_as_the_default() -> None:
    text = '<Gather input="speech dtmf" timeout="auto" speechTimeout="auto" hints="yes"/>'
    reading = read(text)
    assert reading.document == (Gather((), OWN, finish_on="#"),)
    assert len(reading.remarks) == 4
