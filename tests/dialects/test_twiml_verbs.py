import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    Enqueue,
    Gather,
    Hangup,
    Instead,
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
from stasis_refer.dialects.twiml_verbs import TWIML_VERBS
from stasis_refer.dialects.xml_verbs import read_response
from tests.dialects.saying import assert_refused, assert_remark

BASE = "https://example.com/app/voice?x=1"
SIP = "<Sip>sip:alice@example.com</Sip>"


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE, TWIML_VERBS)


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
        (f'<Refer action=" ">{SIP}</Refer>', Refer("sip:alice@example.com")),
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
        (
            f'<Refer x-fallback="dial">{SIP}</Refer>',
            Refer("sip:alice@example.com", instead=Instead.DIAL),
        ),
        (
            f'<Refer x-fallback=" None ">{SIP}</Refer>',
            Refer("sip:alice@example.com", instead=Instead.NOTHING),
        ),
        (
            f'<Refer x-replaces="CA{"aB" * 16}">{SIP}</Refer>',
            Refer("sip:alice@example.com", replaces="ab" * 16),
        ),
        ("<Redirect>/next</Redirect>", Redirect(post("https://example.com/next"))),
        (
            '<Redirect method="Get"> https://u:p@other.example/x#ct=100\n</Redirect>',
            Redirect(Callback("https://u:p@other.example/x#ct=100", Method.GET)),
        ),
        ("<Redirect/>", Redirect(post(BASE))),
        ("<Pause/>", Pause(1)),
        ("<Play>../a.wav</Play>", Play(Recording("https://example.com/a.wav"))),
        ("<Say>Good day</Say>", Play(Speech("Good day"))),
        (
            '<Say voice="Polly.Joanna-Neural" language="de-DE" loop="3">Hallo</Say>',
            Play(Speech("Hallo", "de-DE", "Polly.Joanna-Neural"), 3),
        ),
        ("<Gather/>", Gather((), post(BASE), finish_on="#")),
        ("<Enqueue>support</Enqueue>", Enqueue("support")),
        ("<Enqueue>\n A b_c.d-9 \n</Enqueue>", Enqueue("A b_c.d-9")),
        (f"<Enqueue>{'q' * 64}</Enqueue>", Enqueue("q" * 64)),
        (
            '<Enqueue action="/done">support</Enqueue>',
            Enqueue("support", post("https://example.com/done")),
        ),
        (
            '<Enqueue action="done" method="GET">support</Enqueue>',
            Enqueue("support", Callback("https://example.com/app/done", Method.GET)),
        ),
        ('<Enqueue action="">support</Enqueue>', Enqueue("support")),
        ("<Hangup/>", Hangup()),
        ("<Reject/>", Reject(404)),
        ('<Reject reason="rejected"/>', Reject(404)),
        ('<Reject reason="BUSY"/>', Reject(486)),
    ],
)
def test_a_verb(text: str, verb: Verb) -> None:
    assert read(text) == Reading((verb,))


@pytest.mark.parametrize(
    ("attributes", "callback"),
    [
        ("", None),
        ('method="GET"', None),
        ('action="/handleRefer"', post("https://example.com/handleRefer")),
        ('action="refer?y"', post("https://example.com/app/refer?y")),
        ('action="http://h/x"', post("http://h/x")),
        ('action="http://h/x" method="GET"', Callback("http://h/x", Method.GET)),
        ('action="http://h/x" method="POST"', post("http://h/x")),
    ],
)
def test_the_table_of_refer_attributes(attributes: str, callback: Callback | None) -> None:
    # Seed 000, <Refer> Attributes.
    refer = Refer("sip:alice@example.com", callback)
    reading = read(f"<Refer {attributes}>{SIP}</Refer>")
    assert reading.document == (refer,)
    idle = "method" in attributes and callback is None
    assert [each.message for each in reading.remarks] == (
        ["Attribute 'method' of <Refer> does nothing without action."] if idle else []
    )


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
KEY = "0" * 32
ONE_QUEUE = "1 to 64 letters and digits"


@pytest.mark.parametrize(
    ("text", "failure", "place", "says"),
    [
        ("\n <Pay/>", UNKNOWN, (2, 2), "<Pay> is not supported here; supported are Refer"),
        ("<Pause/>\n<Record/>", UNKNOWN, (2, 1), "<Record> is not supported here"),
        ("<Leave/>", UNKNOWN, (1, 11), "<Leave> is not supported here"),
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
        (f'<Refer x-fallback="call">{SIP}</Refer>', NOT_VALID, (1, 11), "allowed are dial, none"),
        (f'<Refer x-replaces="">{SIP}</Refer>', NOT_VALID, (1, 11), "the CallSid of another"),
        (f'<Refer x-replaces="{KEY}">{SIP}</Refer>', NOT_VALID, (1, 11), "CA and 32 hex"),
        (f'<Refer x-replaces="ca{KEY}">{SIP}</Refer>', NOT_VALID, (1, 11), "CA and 32 hex"),
        (f'<Refer x-replaces="CA{KEY}0">{SIP}</Refer>', NOT_VALID, (1, 11), "CA and 32 hex"),
        (f'<Refer x-replaces="CA{KEY[1:]}x">{SIP}</Refer>', NOT_VALID, (1, 11), "CA and 32"),
        ('<Redirect method="">/x</Redirect>', NOT_VALID, (1, 11), "get, post"),
        ("<Redirect>sip:a@b</Redirect>", NOT_VALID, (1, 11), "http://"),
        ("<Redirect>/x<b/></Redirect>", NOT_VALID, (1, 23), "holds no elements"),
        ("<Say>\n<break/></Say>", NOT_VALID, (2, 1), "SSML (<break>) is not supported"),
        ('<Play digits="ww1"/>', NOT_VALID, (1, 11), "not supported here"),
        ('<Say language="-v evil">x</Say>', NOT_VALID, (1, 11), "BCP 47"),
        ('<Say voice="../../etc/x">x</Say>', NOT_VALID, (1, 11), "Polly.Joanna"),
        ('<Say voice="--stdin">x</Say>', NOT_VALID, (1, 11), "Polly.Joanna"),
        ('<Reject reason="declined"/>', NOT_VALID, (1, 11), "rejected, busy"),
        ("<Hangup><b/></Hangup>", NOT_VALID, (1, 19), "holds no elements"),
        ("<Enqueue/>", NOT_VALID, (1, 11), ONE_QUEUE),
        ("<Enqueue> </Enqueue>", NOT_VALID, (1, 11), ONE_QUEUE),
        (f"<Enqueue>{'q' * 65}</Enqueue>", NOT_VALID, (1, 11), ONE_QUEUE),
        ("<Enqueue>a,b</Enqueue>", NOT_VALID, (1, 11), ONE_QUEUE),
        ("<Enqueue>${SHELL(x)}</Enqueue>", NOT_VALID, (1, 11), ONE_QUEUE),
        ("<Enqueue>a&amp;b</Enqueue>", NOT_VALID, (1, 11), ONE_QUEUE),
        ("<Enqueue>a\nb</Enqueue>", NOT_VALID, (1, 11), ONE_QUEUE),
        ("<Enqueue>Bürgerbüro</Enqueue>", NOT_VALID, (1, 11), ONE_QUEUE),
        ("<Enqueue>\n<Task>{}</Task></Enqueue>", NOT_VALID, (2, 1), "<Task> is not supported"),
        ('<Enqueue workflowSid="WW1"/>', NOT_VALID, (1, 11), "workflowSid='WW1' in <Enqueue>: "),
        ('<Enqueue action="ftp://x/">a</Enqueue>', NOT_VALID, (1, 11), "http://"),
    ],
)
def test_a_document_that_cannot_be_run_says_where_and_what_to_do(
    text: str, failure: FetchFailure, place: tuple[int, int], says: str
) -> None:
    assert_refused(lambda: read(text), failure, place, says)


@pytest.mark.parametrize("root", ["<html/>", "<response/>", "<Bxml/>"])
def test_the_root_is_response(root: str) -> None:
    with pytest.raises(DocumentError, match="the root element is <Response>") as caught:
        read_response(parse(root.encode()), BASE, TWIML_VERBS)
    assert caught.value.failure is FetchFailure.NOT_VALID


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('\n<Hangup reason="x"/>', (2, 1), "'reason' of <Hangup> is passed over; it has none"),
        (
            '\n<Enqueue waitUrl="/w">a</Enqueue>',
            (2, 1),
            "'waitUrl' of <Enqueue> is passed over; ca",
        ),
        (
            '\n<Enqueue waitUrlMethod="GET">a</Enqueue>',
            (2, 1),
            "callers hear what queues.conf names",
        ),
        ('\n<Enqueue maxQueueSize="5">a</Enqueue>', (2, 1), "queues.conf says how many may wait"),
        ('<Enqueue action="/a">a</Enqueue>\n<Pause/>', (2, 1), "never reached behind <Enqueue>"),
        ("\n<Hangup>bye</Hangup>", (2, 1), "Text in <Hangup>"),
        ("Hello<Hangup/>", (1, 1), "Text beside the verbs"),
        ("<Hangup/>\n<Say>bye</Say>\n<Pause/>", (2, 1), "<Say> is never reached behind <Hangup>"),
        ("<Reject/>\n<Pause/>", (2, 1), "never reached"),
        ("<Redirect/>\n<Pause/>", (2, 1), "never reached"),
        (f'<Refer action="/a">{SIP}</Refer>\n<Pause/>', (2, 1), "behind <Refer> in line 1."),
        ('<Dial action="/a">1</Dial>\n<Pause/>', (2, 1), "behind <Dial> in line 1."),
    ],
)
def test_what_is_passed_over_is_remarked_upon(text: str, place: tuple[int, int], says: str) -> None:
    (remark,) = read(text).remarks
    assert_remark(remark, place, says)


@pytest.mark.parametrize(
    "verb", [f"<Refer>{SIP}</Refer>", "<Enqueue>a</Enqueue>", "<Gather/>", "<Dial>1</Dial>"]
)
def test_without_an_action_url_the_document_goes_on(verb: str) -> None:
    assert read(f"{verb}<Hangup/>").remarks == ()
