import pytest

from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import Hangup
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.xml_documents import read_xml
from stasis_refer.dialects.xml_verbs import Entry, Vocabulary

WORDS = Vocabulary("TestML", ("Doc",), {"Stop": Entry(lambda _element, _reader: (Hangup(),))})


def read(body: str, content_type: str = "text/xml") -> Reading:
    return read_xml(body.encode(), content_type, "https://example.com/", WORDS)


@pytest.mark.parametrize(
    "content_type",
    ["text/xml", "application/xml; charset=utf-8", "TEXT/HTML;charset=UTF-8", " text/xml "],
)
def test_content_types_that_are_read(content_type: str) -> None:
    assert read("<Doc><Stop/></Doc>", content_type) == Reading((Hangup(),))


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "", "text/xmlish"])
def test_content_types_that_are_not(content_type: str) -> None:
    with pytest.raises(DocumentError, match="text/xml") as caught:
        read("<Doc/>", content_type)
    assert caught.value.failure is FetchFailure.CONTENT_TYPE


@pytest.mark.parametrize("body", ["", " \n"])
def test_an_empty_body_is_empty_whatever_it_says_it_is(body: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(body, "text/plain")
    assert caught.value.failure is FetchFailure.EMPTY


def test_the_vocabulary_says_what_the_root_is() -> None:
    with pytest.raises(DocumentError, match="the root element is <Doc>, not <Response>"):
        read("<Response/>")
