import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    Hangup,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Reject,
    Speech,
    Verb,
)
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.twiml_verbs import read_response

BASE = "https://example.com/app/voice?x=1"
SIP = "<Sip>sip:alice@example.com</Sip>"


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE)


def post(url: str) -> Callback:
    return Callback(url, Method.POST)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        (f"<Refer>{SIP}</Refer>", Refer("sip:alice@example.com")),
        ("<Refer>\n <Sip>\n sip:a@b \n</Sip>\n</Refer>", Refer("sip:a@b")),
        ("<Refer><Sip>sip:a@b?X-A=1&amp;X-B=%20</Sip></Refer>", Refer("sip:a@b?X-A=1&X-B=%20")),
        # A target that cannot be read is an outcome, not a broken document.
        ("<Refer><Sip/></Refer>", Refer("")),
        ("<Refer><Sip>no uri at all</Sip></Refer>", Refer("no uri at all")),
        (
            f'<Refer action="/done">{SIP}</Refer>',
            Refer("sip:alice@example.com", post("https://example.com/done")),
        ),
        (f'<Refer action="">{SIP}</Refer>', Refer("sip:alice@example.com")),
        (f'<Refer action=" " method="GET">{SIP}</Refer>', Refer("sip:alice@example.com")),
        (
            f'<Refer action="done#rc=3" method="get">{SIP}</Refer>',
            Refer(
                "sip:alice@example.com",
                Callback("https://example.com/app/done#rc=3", Method.GET),
            ),
        ),
        (
            f'<Refer x-no-notify-timeout="2.5" x-ring-timeout="600">{SIP}</Refer>',
            Refer("sip:alice@example.com", no_notify_timeout=2.5, ring_timeout=600.0),
        ),
        ("<Redirect>/next</Redirect>", Redirect(post("https://example.com/next"))),
        (
            '<Redirect method="Get"> https://u:p@other.example/x#ct=100\n</Redirect>',
            Redirect(Callback("https://u:p@other.example/x#ct=100", Method.GET)),
        ),
        ("<Redirect/>", Redirect(post(BASE))),
        ("<Pause/>", Pause(1)),
        ('<Pause length="0"/>', Pause(0)),
        ('<Pause length=" 3600 "/>', Pause(3600)),
        ("<Play>../a.wav</Play>", Play(Recording("https://example.com/a.wav"))),
        (
            '<Play loop="0">http://other.example/a.wav?b=%20</Play>',
            Play(Recording("http://other.example/a.wav?b=%20"), 0),
        ),
        ("<Say>\n  Good\n  day &amp; more </Say>", Play(Speech("Good day & more"))),
        (
            '<Say voice="Polly.Joanna-Neural" language="de-DE" loop="3">Hallo</Say>',
            Play(Speech("Hallo", "de-DE", "Polly.Joanna-Neural"), 3),
        ),
        (f"<Say>{'x' * 4096}</Say>", Play(Speech("x" * 4096))),
        ("<Hangup/>", Hangup()),
        ("<Reject/>", Reject(busy=False)),
        ('<Reject reason="rejected"/>', Reject(busy=False)),
        ('<Reject reason="BUSY"/>', Reject(busy=True)),
    ],
)
def test_a_verb(text: str, verb: Verb) -> None:
    assert read(text) == Reading((verb,))


def test_verbs_keep_their_order() -> None:
    text = f"<Say>1</Say><!-- c --><Pause/><Refer>{SIP}</Refer><Hangup/>"
    assert read(text).document == (
        Play(Speech("1")),
        Pause(1),
        Refer("sip:alice@example.com"),
        Hangup(),
    )


def test_no_verbs_are_an_empty_document() -> None:
    assert read("") == Reading(())


UNKNOWN, NOT_VALID = FetchFailure.UNKNOWN_VERB, FetchFailure.NOT_VALID
ONE_SIP = "exactly one <Sip>"


@pytest.mark.parametrize(
    ("text", "failure", "place", "says"),
    [
        ("\n <Dial>1</Dial>", UNKNOWN, (2, 2), "<Dial> is not supported here; supported are Refer"),
        ("<Pause/>\n<Gather/>", UNKNOWN, (2, 1), "<Gather> is not supported here"),
        ("<Record/>", UNKNOWN, (1, 11), "<Record> is not supported here"),
        ("<Enqueue/>", UNKNOWN, (1, 11), "<Enqueue> is not supported here"),
        ("<refer/>", UNKNOWN, (1, 11), "write <Refer>"),
        ("<Transfer/>", UNKNOWN, (1, 11), "<Transfer> is not a TwiML verb; supported are Refer"),
        ("<Refer/>", NOT_VALID, (1, 11), ONE_SIP),
        ("<Refer>sip:a@b</Refer>", NOT_VALID, (1, 11), ONE_SIP),
        (f"<Refer>or {SIP}</Refer>", NOT_VALID, (1, 11), ONE_SIP),
        (f"<Refer>{SIP}\n{SIP}</Refer>", NOT_VALID, (2, 1), ONE_SIP),
        (f"<Refer>{SIP}\n<Number>1</Number></Refer>", NOT_VALID, (2, 1), ONE_SIP),
        ("<Refer>\n<Number>1</Number></Refer>", NOT_VALID, (2, 1), ONE_SIP),
        ("<Refer>\n<sip>sip:a@b</sip></Refer>", NOT_VALID, (2, 1), ONE_SIP),
        ('<Refer>\n<Sip username="u">sip:a@b</Sip></Refer>', NOT_VALID, (2, 1), "without attr"),
        ("<Refer>\n<Sip>sip:<b/>a@b</Sip></Refer>", NOT_VALID, (2, 1), "without attributes"),
        (f'<Refer action="ftp://x/">{SIP}</Refer>', NOT_VALID, (1, 11), "http://"),
        (f'<Refer action="/a" method="PUT">{SIP}</Refer>', NOT_VALID, (1, 11), "get, post"),
        (f'<Refer x-ring-timeout="0">{SIP}</Refer>', NOT_VALID, (1, 11), "up to 600"),
        (f'<Refer x-no-notify-timeout="601">{SIP}</Refer>', NOT_VALID, (1, 11), "up to 600"),
        ('<Redirect method="">/x</Redirect>', NOT_VALID, (1, 11), "get, post"),
        ("<Redirect>sip:a@b</Redirect>", NOT_VALID, (1, 11), "http://"),
        ("<Redirect>/x<b/></Redirect>", NOT_VALID, (1, 23), "holds no elements"),
        ('<Pause length="-1"/>', NOT_VALID, (1, 11), "from 0 to 3600"),
        ('<Pause length="3601"/>', NOT_VALID, (1, 11), "from 0 to 3600"),
        ('<Pause length="1.5"/>', NOT_VALID, (1, 11), "from 0 to 3600"),
        ("<Play/>", NOT_VALID, (1, 11), "URL of a sound file"),
        ("<Play>/a b.wav</Play>", NOT_VALID, (1, 11), "%20"),
        ('<Play loop="x">/a.wav</Play>', NOT_VALID, (1, 11), "whole number"),
        ('<Play digits="ww1"/>', NOT_VALID, (1, 11), "not supported here"),
        ("<Say>\n<break/></Say>", NOT_VALID, (2, 1), "SSML (<break>) is not supported"),
        (f"<Say>{'x' * 4097}</Say>", NOT_VALID, (1, 11), "at most 4096"),
        ('<Say language="-v evil">x</Say>', NOT_VALID, (1, 11), "BCP 47"),
        ('<Say voice="../../etc/x">x</Say>', NOT_VALID, (1, 11), "Polly.Joanna"),
        ('<Say voice="--stdin">x</Say>', NOT_VALID, (1, 11), "Polly.Joanna"),
        ('<Say loop="-1">x</Say>', NOT_VALID, (1, 11), "whole number"),
        ('<Say loop="-1"/>', NOT_VALID, (1, 11), "whole number"),
        ('<Reject reason="declined"/>', NOT_VALID, (1, 11), "rejected, busy"),
        ("<Hangup><b/></Hangup>", NOT_VALID, (1, 19), "holds no elements"),
    ],
)
def test_a_document_that_cannot_be_run_says_where_and_what_to_do(
    text: str, failure: FetchFailure, place: tuple[int, int], says: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    error = caught.value
    assert (error.failure, error.line, error.column) == (failure, *place)
    assert says in str(error)
    assert str(error).startswith(f"Line {place[0]}, column {place[1]}: ")


@pytest.mark.parametrize("root", ["<html/>", "<response/>", "<Bxml/>"])
def test_the_root_is_response(root: str) -> None:
    with pytest.raises(DocumentError, match="the root element is <Response>") as caught:
        read_response(parse(root.encode()), BASE)
    assert caught.value.failure is FetchFailure.NOT_VALID


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("\n<Say/>", (2, 1), "<Say> is empty"),
        ("\n<Say> \n</Say>", (2, 1), "<Say> is empty"),
        ('\n<Hangup reason="x"/>', (2, 1), "'reason' of <Hangup> is passed over; it has none"),
        ('\n<Pause Length="2"/>', (2, 1), "'Length' of <Pause> is passed over; known are length"),
        (f'\n<Refer x-fallback="dial">{SIP}</Refer>', (2, 1), "'x-fallback' of <Refer>"),
        ("\n<Hangup>bye</Hangup>", (2, 1), "Text in <Hangup>"),
        ("\n<Pause>2</Pause>", (2, 1), "Text in <Pause>"),
        ("Hello<Hangup/>", (1, 1), "Text beside the verbs"),
        ("<Hangup/>\n<Say>bye</Say>\n<Pause/>", (2, 1), "<Say> is never reached behind <Hangup>"),
        ("<Reject/>\n<Pause/>", (2, 1), "never reached"),
        ("<Redirect/>\n<Pause/>", (2, 1), "never reached"),
        ('<Play loop="0">/a.wav</Play>\n<Pause/>', (2, 1), "never reached"),
        (f'<Refer action="/a">{SIP}</Refer>\n<Pause/>', (2, 1), "behind <Refer> in line 1."),
    ],
)
def test_what_is_passed_over_is_remarked_upon(text: str, place: tuple[int, int], says: str) -> None:
    (remark,) = read(text).remarks
    assert (remark.line, remark.column) == place
    assert says in remark.message


def test_an_empty_say_is_skipped() -> None:
    assert read("<Say/><Pause/>").document == (Pause(1),)


def test_an_attribute_of_response_is_remarked_upon() -> None:
    reading = read_response(parse(b'<Response xmlns="urn:x"><Hangup/></Response>'), BASE)
    assert reading.document == (Hangup(),)
    assert "'xmlns' of <Response>" in reading.remarks[0].message


def test_behind_a_refer_without_action_the_document_goes_on() -> None:
    assert read(f"<Refer>{SIP}</Refer><Hangup/>").remarks == ()
