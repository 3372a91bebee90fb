import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    After,
    Enqueue,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Refer,
    Reject,
    Ringback,
    Then,
    Verb,
)
from stasis_refer.dialects.attributes import Attribute
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import Element, parse
from stasis_refer.dialects.xml_verbs import METHODS, Entry, Reader, Vocabulary, read_response
from tests.dialects.saying import assert_refused, assert_remark

BASE = "https://example.com/app/voice?x=1"
URL = Attribute("url", str, "")
METHOD = Attribute("method", METHODS, Method.POST)
WAIT = Entry(lambda _element, _reader: (Pause(1),))


def nothing(_element: Element, _reader: Reader) -> tuple[Verb, ...]:
    return ()


def ask(element: Element, reader: Reader) -> tuple[Verb, ...]:
    return (Gather((), reader.optional(element, URL, METHOD)),)


def go(element: Element, reader: Reader) -> tuple[Verb, ...]:
    return (Redirect(reader.callback(element, element.text.strip(), METHOD)),)


def group(element: Element, reader: Reader) -> tuple[Verb, ...]:
    return reader.children(element, {"Wait": WAIT, "Leave": Entry(lambda *_: (Hangup(),))})


WORDS = Vocabulary(
    "TestML",
    ("Doc", "Document"),
    {
        "Wait": WAIT,
        "Nothing": Entry(nothing),
        "Ask": Entry(ask, (URL, METHOD), passed_over={"loud": "all is quiet here"}),
        "Go": Entry(go, (METHOD,), has_text=True),
        "Group": Entry(group, has_children=True),
        "Leave": Entry(lambda *_: (Hangup(),)),
    },
    frozenset({"Fly"}),
)


def read(inside: str, root: str = "Doc") -> Reading:
    return read_response(parse(f"<{root}>{inside}</{root}>".encode()), BASE, WORDS)


@pytest.mark.parametrize("root", ["Doc", "Document"])
def test_verbs_keep_their_order(root: str) -> None:
    reading = read("<Wait/><!-- c --><Group><Wait/><Leave/></Group>", root)
    assert reading == Reading((Pause(1), Pause(1), Hangup()))


@pytest.mark.parametrize("root", ["html", "doc"])
def test_another_root_is_refused(root: str) -> None:
    with pytest.raises(DocumentError, match="the root element is <Doc> or <Document>") as caught:
        read("", root)
    assert caught.value.failure is FetchFailure.NOT_VALID


UNKNOWN, NOT_VALID = FetchFailure.UNKNOWN_VERB, FetchFailure.NOT_VALID


@pytest.mark.parametrize(
    ("text", "failure", "place", "says"),
    [
        ("\n <Fly/>", UNKNOWN, (2, 2), "the TestML verb <Fly> is not supported here; supported"),
        ("<wait/>", UNKNOWN, (1, 6), "upper and lower case count: write <Wait>"),
        ("<Swim/>", UNKNOWN, (1, 6), "<Swim> is not a TestML verb; supported are Wait, Nothing"),
        ("<Group>\n<Go/></Group>", UNKNOWN, (2, 1), "<Go> cannot stand in this place; supported"),
        ("<Group>\n<Fly/></Group>", UNKNOWN, (2, 1), "not supported here; supported are Wait, Le"),
        ("<Group>\n<leave/></Group>", UNKNOWN, (2, 1), "write <Leave>"),
        ("<Wait>\n<b/></Wait>", NOT_VALID, (2, 1), "<Wait> holds no elements"),
        ("<Go>ftp://x/</Go>", NOT_VALID, (1, 6), "'ftp://x/' in <Go>: a URL is relative, or"),
        ('<Ask url="/a" method="PUT"/>', NOT_VALID, (1, 6), "allowed are get, post"),
        ('<Ask url="/a b"/>', NOT_VALID, (1, 6), "%20"),
        ("<Go>http://u:p@h:x/</Go>", NOT_VALID, (1, 6), "'http://…@h:x/' in <Go>"),
    ],
)
def test_a_document_that_cannot_be_run_says_where_and_what_to_do(
    text: str, failure: FetchFailure, place: tuple[int, int], says: str
) -> None:
    assert_refused(lambda: read(text), failure, place, says)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("Hello<Wait/>", (1, 1), "Text beside the verbs is passed over."),
        ("\n<Nothing/>", (2, 1), "<Nothing> is empty and is passed over."),
        ("\n<Wait>1</Wait>", (2, 1), "Text in <Wait> is passed over."),
        ('\n<Wait x="1"/>', (2, 1), "Attribute 'x' of <Wait> is passed over; it has none."),
        ('\n<Ask x="1"/>', (2, 1), "'x' of <Ask> is passed over; known are method, url."),
        ('\n<Ask method="GET"/>', (2, 1), "'method' of <Ask> does nothing without url."),
        ('\n<Ask loud="1"/>', (2, 1), "'loud' of <Ask> is passed over; all is quiet here."),
        ("<Leave/>\n<Wait/><Wait/>", (2, 1), "<Wait> is never reached behind <Leave> in line 1."),
        ("<Group><Leave/>\n<Wait/></Group>", (2, 1), "<Wait> is never reached behind <Leave>"),
    ],
)
def test_what_is_passed_over_is_remarked_upon(text: str, place: tuple[int, int], says: str) -> None:
    (remark,) = read(text).remarks
    assert_remark(remark, place, says)


def test_an_attribute_of_the_root_is_remarked_upon() -> None:
    reading = read_response(parse(b'<Doc xmlns="urn:x"><Wait/></Doc>'), BASE, WORDS)
    assert reading.document == (Pause(1),)
    assert "'xmlns' of <Doc>" in reading.remarks[0].message


@pytest.mark.parametrize(
    ("text", "callback"),
    [
        ("<Ask/>", None),
        ('<Ask url=""/>', None),
        ('<Ask url=" "/>', None),
        ('<Ask url=" /a "/>', Callback("https://example.com/a")),
        (
            '<Ask url="a#rc=3" method="get"/>',
            Callback("https://example.com/app/a#rc=3", Method.GET),
        ),
    ],
)
def test_an_address_that_may_be_left_out(text: str, callback: Callback | None) -> None:
    assert read(text) == Reading((Gather((), callback),))


@pytest.mark.parametrize(
    ("text", "callback"),
    [
        ("<Go/>", Callback(BASE)),
        ("<Go>?y</Go>", Callback("https://example.com/app/voice?y")),
        ('<Go method="Get">https://u:p@h/x</Go>', Callback("https://u:p@h/x", Method.GET)),
    ],
)
def test_an_address_is_relative_to_the_documents_own(text: str, callback: Callback) -> None:
    assert read(text) == Reading((Redirect(callback),))


ACTION = Callback("https://example.com/a")


@pytest.mark.parametrize(
    ("verb", "ends"),
    [
        (Redirect(ACTION), True),
        (Hangup(), True),
        (Reject(404), True),
        (Play(Ringback(), 0), True),
        (Play(Ringback(), 2), False),
        (Pause(1), False),
        (Enqueue("support", ACTION), True),
        (Enqueue("support"), False),
        (Gather(action=ACTION, tell_empty=True), True),
        (Gather(action=ACTION, tell_empty=True, or_go_on=True), False),
        (Gather(action=ACTION), False),
        (Gather(tell_empty=True), False),
        (Refer("sip:a@b", ACTION), True),
        (Refer("sip:a@b", ACTION, after=After(failed=Then.RUN_IF_ANY)), False),
        (Refer("sip:a@b"), False),
    ],
)
def test_what_lets_the_document_not_go_on(verb: Verb, *, ends: bool) -> None:
    words = Vocabulary("TestML", ("Doc",), {"Verb": Entry(lambda *_: (verb,)), "Wait": WAIT})
    reading = read_response(parse(b"<Doc><Verb/><Wait/></Doc>"), BASE, words)
    assert bool(reading.remarks) is ends
