"""Replies that are to hold an XML document: what they may come as, and how they are read."""

from typing import Final

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.xml_verbs import Vocabulary, read_response

CONTENT_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html"})
"""What a document may come as; ``text/html`` because web frameworks say it by default."""

_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"


def read_xml(
    body: bytes, content_type: str, url: str, vocabulary: Vocabulary, *, may_be_empty: bool = False
) -> Reading:
    """Read a reply fetched from ``url``; raises DocumentError.

    Relative URLs in it mean those at ``url``, whose userinfo they take over. ``may_be_empty``: a
    reply without a body, such as 204, is the empty document.
    """
    if may_be_empty and not body.strip(_BLANKS):
        return Reading(())
    media_type = content_type.partition(";")[0].strip().lower()
    if body.strip() and media_type not in CONTENT_TYPES:
        raise DocumentError(
            FetchFailure.CONTENT_TYPE,
            f"The content type is {content_type!r:.80}; send the document as text/xml.",
        )
    return read_response(parse(body), url, vocabulary)
