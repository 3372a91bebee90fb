import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.uri import BadUri, Flaw, SipUri, write
from stasis_refer.core.uri import parse as parse_uri
from stasis_refer.core.verbs import (
    Gather,
    Hangup,
    Instead,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Reject,
    SecondLeg,
    Speech,
    Verb,
)
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.rcml_verbs import RCML_VERBS
from stasis_refer.dialects.xml_verbs import read_response
from tests.dialects.saying import assert_refused

BASE = "https://example.com/app/voice?x=1"
OWN = Callback(BASE)
SIP = "<Sip>sip:phone_number@domain.com</Sip>"


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE, RCML_VERBS)


def spoken(text: str, language: str = "en-US", voice: str = "man", times: int = 1) -> Play:
    return Play(Speech(text, language, voice), times)


# Seed 004, Examples.


@pytest.mark.parametrize(
    ("text", "refer"),
    [
        pytest.param(
            "<Refer> <Sip>sip:phone_number@domain.com</Sip> </Refer>",
            Refer("sip:phone_number@domain.com"),
            id="Refer to a phone number",
        ),
        pytest.param(
            '<Refer action="/handleRefer" method="GET"> '
            "<Sip>sip:phone_number@domain.com</Sip> </Refer>",
            Refer(
                "sip:phone_number@domain.com",
                Callback("https://example.com/handleRefer", Method.GET),
            ),
            id="Refer to a phone number with request follow actions",
        ),
        pytest.param(
            "<Refer> <Sip>sip:phone_number@domain.com?</Sip> </Refer>",
            Refer("sip:phone_number@domain.com?", replaces=SecondLeg()),
            id="Refer two active calls during parallel Dial",
        ),
        pytest.param(
            "<Refer> <Sip>sip:phone_number@domain.com?myCustomHeader=value</Sip> </Refer>",
            Refer("sip:phone_number@domain.com?myCustomHeader=value"),
            id="Refer to with custom headers",
        ),
    ],
)
def test_documents_of_the_refer_page(text: str, refer: Refer) -> None:
    assert read(text) == Reading((refer,))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sip:phone_number@domain.com", "sip:phone_number@domain.com"),
        ("sip:phone_number@domain.com?", "sip:phone_number@domain.com"),
        (
            "sip:phone_number@domain.com?myCustomHeader=value",
            "sip:phone_number@domain.com?myCustomHeader=value",
        ),
    ],
)
def test_the_targets_of_the_refer_page_can_be_sent(text: str, written: str) -> None:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    assert write(uri) == written


RESERVED = ["Call-ID", "Route", "Via", "From", "To", "CSeq", "Contact", "Record-Route"]
RESERVED += ["Max-Forwards", "Require", "Content-Type", "Content-Length", "call-id", "i"]


@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_header_is_carried_to_where_it_is_refused(name: str) -> None:
    # Seed 004, Nesting: the verb fails with 400, the document does not.
    target = f"sip:phone_number@domain.com?{name}=x"
    assert read(f"<Refer><Sip>{target}</Sip></Refer>") == Reading((Refer(target),))
    with pytest.raises(BadUri) as caught:
        parse_uri(target)
    assert caught.value.why is Flaw.RESERVED_HEADER


@pytest.mark.parametrize(
    ("attributes", "callback"),
    [
        ("", None),
        ('method="GET"', None),
        ('action="/handleRefer"', Callback("https://example.com/handleRefer", Method.POST)),
        ('action="refer?x"', Callback("https://example.com/app/refer?x", Method.POST)),
        ('action="" method="GET"', None),
        ('action="http://h/x" method="GET"', Callback("http://h/x", Method.GET)),
        ('action="http://h/x" method="POST"', Callback("http://h/x", Method.POST)),
    ],
)
def test_the_table_of_refer_attributes(attributes: str, callback: Callback | None) -> None:
    # Seed 004, Refer Attributes.
    refer = Refer("sip:phone_number@domain.com", callback)
    reading = read(f"<Refer {attributes}>{SIP}</Refer>")
    assert reading.document == (refer,)
    idle = "method" in attributes and callback is None
    assert [each.message for each in reading.remarks] == (
        ["Attribute 'method' of <Refer> does nothing without action."] if idle else []
    )


# Restcomm's pages, verb by verb.


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        (
            f'<Refer x-no-notify-timeout="2.5" x-ring-timeout="9">{SIP}</Refer>',
            Refer("sip:phone_number@domain.com", no_notify_timeout=2.5, ring_timeout=9.0),
        ),
        (
            f'<Refer x-fallback="none" x-replaces="CA{"0a" * 16}">{SIP}</Refer>',
            Refer("sip:phone_number@domain.com", replaces="0a" * 16, instead=Instead.NOTHING),
        ),
        (
            "<Redirect>http://foobar.com/instructions</Redirect>",
            Redirect(Callback("http://foobar.com/instructions")),
        ),
        (
            '<Redirect method="GET">/next</Redirect>',
            Redirect(Callback("https://example.com/next", Method.GET)),
        ),
        ("<Pause/>", Pause(1)),
        ('<Pause length="5"/>', Pause(5)),
        ("<Play>http://h/demo.wav</Play>", Play(Recording("http://h/demo.wav"))),
        ('<Play loop="0">/a.wav</Play>', Play(Recording("https://example.com/a.wav"), 0)),
        ("<Say>Hello World</Say>", spoken("Hello World")),
        (
            '<Say voice="woman" language="fr" loop="3">Bienvenue</Say>',
            spoken("Bienvenue", "fr", "woman", 3),
        ),
        ('<Say voice="MAN">Hello</Say>', spoken("Hello")),
        ("<Hangup/>", Hangup()),
        ("<Reject/>", Reject(404)),
        ('<Reject reason="rejected"/>', Reject(404)),
        ('<Reject reason="busy"/>', Reject(486)),
        ("<Gather/>", Gather((), OWN, finish_on="#")),
        (
            '<Gather action="handle-user-input.php" numDigits="1"><Say>Welcome.</Say></Gather>',
            Gather(
                (spoken("Welcome."),),
                Callback("https://example.com/app/handle-user-input.php"),
                most=1,
                finish_on="#",
            ),
        ),
        (
            '<Gather finishOnKey="" actionOnEmptyResult="true"><Pause/></Gather>',
            Gather((Pause(1),), OWN, tell_empty=True),
        ),
    ],
)
def test_a_verb(text: str, verb: Verb) -> None:
    assert read(text) == Reading((verb,))


@pytest.mark.parametrize(
    ("attributes", "first", "following"),
    [
        ("", 5, 5),
        ('timeout="10"', 10, 10),
        ('preTimeout="3"', 3, 5),
        ('postTimeout="2"', 5, 2),
        ('preTimeout="3" postTimeout="2"', 3, 2),
        ('timeout="10" preTimeout="3"', 3, 10),
        ('timeout="10" postTimeout="2"', 10, 2),
    ],
)
def test_the_newer_timeouts_of_gather_go_before_the_older(
    attributes: str, first: int, following: int
) -> None:
    gather = Gather((), OWN, first_timeout=first, next_timeout=following, finish_on="#")
    assert read(f"<Gather {attributes}/>") == Reading((gather,))


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("bf", "fr-BE"),
        ("bp", "pt-BR"),
        ("en", "en-US"),
        ("EN", "en-US"),
        ("en-gb", "en-gb"),
        ("cf", "fr-CA"),
        ("cs", "cs"),
        ("dan", "da"),
        ("fi", "fi"),
        ("es", "es"),
        ("fr", "fr"),
        ("de", "de"),
        ("el", "el"),
        ("it", "it"),
        ("nl", "nl"),
        ("no", "no"),
        ("pl", "pl"),
        ("pt", "pt"),
        ("ru", "ru"),
        ("ar", "ar"),
        ("ca", "ca"),
        ("sv", "sv"),
        ("tr", "tr"),
        ("en-AU", "en-AU"),
    ],
)
def test_the_languages_of_say_as_tags(word: str, tag: str) -> None:
    assert read(f'<Say language="{word}">x</Say>').document == (spoken("x", tag),)


UNKNOWN, NOT_VALID = FetchFailure.UNKNOWN_VERB, FetchFailure.NOT_VALID
OTHERS = ["Record", "Sms", "Fax", "Email", "Geolocation", "Enqueue", "Leave"]
OTHERS += ["UssdMessage", "UssdCollect", "Language"]


@pytest.mark.parametrize("name", OTHERS)
def test_restcomms_other_verbs_are_an_error(name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(f"<Pause/>\n<{name}>x</{name}>")
    error = caught.value
    assert (error.failure, error.line, error.column) == (UNKNOWN, 2, 1)
    assert f"the Restcomm verb <{name}> is not supported here; supported are Refer" in str(error)


@pytest.mark.parametrize(
    ("text", "failure", "place", "says"),
    [
        ("<Connect/>", UNKNOWN, (1, 11), "<Connect> is not a Restcomm verb"),
        ("<gather/>", UNKNOWN, (1, 11), "write <Gather>"),
        ("<Gather>\n<Dial/></Gather>", UNKNOWN, (2, 1), "supported are Say, Play, Pause."),
        ("<Refer/>", NOT_VALID, (1, 11), "exactly one <Sip>"),
        (f"<Refer>{SIP}\n{SIP}</Refer>", NOT_VALID, (2, 1), "exactly one <Sip>"),
        ("<Refer>\n<Number>1</Number></Refer>", NOT_VALID, (2, 1), "exactly one <Sip>"),
        ('<Refer>\n<Sip url="/x">sip:a@b</Sip></Refer>', NOT_VALID, (2, 1), "without attributes"),
        (f'<Refer action="/a" method="PUT">{SIP}</Refer>', NOT_VALID, (1, 11), "get, post"),
        ('<Say voice="alice">x</Say>', NOT_VALID, (1, 11), "man, woman"),
        ('<Say language="--stdin">x</Say>', NOT_VALID, (1, 11), "en-US"),
        ('<Say loop="x">x</Say>', NOT_VALID, (1, 11), "whole number"),
        ("<Play/>", NOT_VALID, (1, 11), "URL of a sound file"),
        ('<Pause length="-1"/>', NOT_VALID, (1, 11), "from 0 to 3600"),
        ('<Reject reason="declined"/>', NOT_VALID, (1, 11), "rejected, busy"),
        ('<Gather timeout="auto"/>', NOT_VALID, (1, 11), "from 1 to 3600"),
        ('<Gather preTimeout="0"/>', NOT_VALID, (1, 11), "from 1 to 3600"),
        ('<Gather preTimeout="5" timeout="x"/>', NOT_VALID, (1, 11), "timeout='x'"),
        ('<Gather finishOnKey="#*"/>', NOT_VALID, (1, 11), "one key"),
        ('<Gather input="speech"/>', NOT_VALID, (1, 11), "speech is not recognized here"),
    ],
)
def test_a_document_that_cannot_be_run_says_where_and_what_to_do(
    text: str, failure: FetchFailure, place: tuple[int, int], says: str
) -> None:
    assert_refused(lambda: read(text), failure, place, says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('\n<Gather language="en-US"/>', "'language' of <Gather> is passed over; speech is not"),
        ('\n<Gather hints="yes"/>', "speech is not recognized here"),
        ('\n<Gather partialResultCallback="/p"/>', "speech is not recognized here"),
        ('\n<Gather partialResultCallbackMethod="GET"/>', "speech is not recognized here"),
        ('\n<Gather bargeIn="true"/>', "known are action, actionOnEmptyResult, finishOnKey, input"),
        ('\n<Gather startInputKey="1"/>', "known are action"),
        ('\n<Play digits="1">/a.wav</Play>', "'digits' of <Play> is passed over; known are loop"),
        (f'\n<Refer timeout="5">{SIP}</Refer>', "'timeout' of <Refer> is passed over; known are"),
        ('\n<Hangup reason="x"/>', "it has none"),
        # Seed 004, Action Attribute: nothing behind a Refer with action is reached.
        (f'<Refer action="/a">{SIP}</Refer>\n<Pause/>', "<Pause> is never reached behind <Refer>"),
    ],
)
def test_what_is_passed_over_is_remarked_upon(text: str, says: str) -> None:
    (remark,) = read(text).remarks
    assert (remark.line, remark.column) == (2, 1)
    assert says in remark.message


def test_behind_a_refer_without_action_the_document_goes_on() -> None:
    # Seed 004, Action Attribute.
    reading = read(f"<Refer>{SIP}</Refer><Hangup/>")
    assert reading == Reading((Refer("sip:phone_number@domain.com"), Hangup()))
