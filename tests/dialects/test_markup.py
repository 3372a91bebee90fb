import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import MAX_BYTES, DocumentError
from stasis_refer.dialects.markup import Element, parse
from tests.dialects.saying import assert_refused

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def test_a_tree_keeps_names_attributes_text_order_and_places() -> None:
    root = parse(b'<R a="1">x<!-- c -->y\n  <S b="&amp;2">&lt;<![CDATA[<&]]></S><T/>z</R>')
    assert root == Element(
        "R",
        {"a": "1"},
        "xy\n  z",
        (Element("S", {"b": "&2"}, "<<&", (), 2, 3), Element("T", {}, "", (), 2, 39)),
        1,
        1,
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<R>é€😀</R>".encode(), "é€😀"),
        (b"\xef\xbb\xbf<R>\xc3\xa9</R>", "é"),
        (b"\xef\xbb\xbf" + DECLARATION + b"<R>\xc3\xa9</R>", "é"),
        ('<?xml version="1.0" encoding="utf-16"?><R>é😀</R>'.encode("utf-16"), "é😀"),
        ('<?xml version="1.0" encoding="UTF-16"?><R>é</R>'.encode("utf-16-be"), "é"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><R>\xe9</R>', "é"),
        (b'<?xml version="1.0" encoding="us-ascii"?><R>&#233;</R>', "é"),
    ],
)
def test_encodings(body: bytes, text: str) -> None:
    assert parse(body).text == text


@pytest.mark.parametrize(
    ("lead", "line", "column"),
    [
        (b"", 2, 2),
        (b"\n\n", 4, 2),
        (b"\r\n \t", 3, 2),
        (b"\xef\xbb\xbf", 2, 2),
        (b"\n\xef\xbb\xbf\n\xef\xbb\xbf  ", 4, 2),
    ],
)
def test_what_php_sends_before_the_declaration_is_passed_over_and_counted(
    lead: bytes, line: int, column: int
) -> None:
    root = parse(lead + DECLARATION + b" <R/>")
    assert (root.line, root.column) == (line, column)


def test_the_column_counts_what_was_stripped_from_the_first_line() -> None:
    root = parse(b"\n   <R>\n <S/></R>")
    assert (root.line, root.column) == (2, 4)
    assert (root.children[0].line, root.children[0].column) == (3, 2)


def nested(levels: int) -> bytes:
    return b"<a>" * levels + b"</a>" * levels


def crowd(elements: int) -> bytes:
    return b"<a>" + b"<b/>" * (elements - 1) + b"</a>"


def adorned(attributes: int) -> bytes:
    return b"<a %s/>" % b" ".join(b'x%d=""' % n for n in range(attributes))


@pytest.mark.parametrize(
    "body",
    [nested(16), crowd(500), adorned(32), b"<a>" + b"x" * (MAX_BYTES - 7) + b"</a>"],
    ids=["depth", "elements", "attributes", "bytes"],
)
def test_what_reaches_a_limit_is_read(body: bytes) -> None:
    assert parse(body).name == "a"


@pytest.mark.parametrize(
    ("body", "failure", "place", "says"),
    [
        (b"", "empty", (None, None), "<Response/>"),
        (b"\xef\xbb\xbf \r\n\t", "empty", (None, None), "<Response/>"),
        (b" " * (MAX_BYTES + 1), "too_large", (None, None), "65537 bytes; at most 65536"),
        (nested(17), "limit", (1, 49), "more than 16 levels"),
        (b"\n" + crowd(501), "limit", (2, 2000), "more than 500 elements"),
        (adorned(33), "limit", (1, 1), "more than 32 attributes"),
        (b"<!DOCTYPE html>\n<html/>", "limit", (1, 15), "DOCTYPE"),
        (DECLARATION + b'<!DOCTYPE a SYSTEM "x"><a/>', "limit", (2, 23), "DOCTYPE"),
        (b"hello", "not_well_formed", (1, 1), "begins with <"),
        (b'{"verb": "say"}', "not_well_formed", (1, 1), "not XML"),
        (b'<R>\n <S u="/a?b=1&c=2"/>\n</R>', "not_well_formed", (2, 16), "&amp;"),
        (b"<R>\n&nbsp;</R>", "not_well_formed", (2, 1), "&#160;"),
        (b"<R>\n <S></R>", "not_well_formed", (2, 7), "opened last"),
        (b"<R>\n <S>", "not_well_formed", (2, 5), "close every element"),
        (b"<!-- only -->", "not_well_formed", (1, 14), "breaks off"),
        (b"<R/>\n<R/>", "not_well_formed", (2, 1), "nothing may follow"),
        (b"<R/>\ntrailing", "not_well_formed", (2, 1), "nothing may follow"),
        (b'<R a="1" a="2"/>', "not_well_formed", (1, 10), "duplicate attribute"),
        (b"<R>\x00</R>", "not_well_formed", (1, 4), "invalid token"),
        (b"<R>\xff</R>", "not_well_formed", (1, 4), "invalid token"),
        (b"\n  <R>&</R>", "not_well_formed", (2, 7), "&amp;"),
        (b"  <R>&</R>", "not_well_formed", (1, 7), "&amp;"),
        ("<R>é&</R>".encode(), "not_well_formed", (1, 6), "&amp;"),
        (b'<?xml version="1.0" encoding="windows-1252"?><R/>', "not_well_formed", (1, 1), "UTF-8"),
        (b'<?xml version="1.0" encoding="rot13"?><R/>', "not_well_formed", (1, 1), "UTF-8"),
        (b'<?xml version="1.0" encoding="utf-7"?><R/>', "not_well_formed", (1, 1), "UTF-8"),
        (b'<?xml version="1.0" encoding="utf-16"?><R/>', "not_well_formed", (1, 31), "encoding"),
    ],
)
def test_what_is_refused_says_where_and_what_to_do(
    body: bytes, failure: str, place: tuple[int | None, int | None], says: str
) -> None:
    assert_refused(lambda: parse(body), FetchFailure(failure), place, says)


LAUGHS = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))


@pytest.mark.parametrize(
    ("bomb", "failure"),
    [
        (b'<!DOCTYPE a [<!ENTITY a0 "ha">%s]><a>&a9;</a>' % LAUGHS, "limit"),
        (
            b'<!DOCTYPE a [<!ENTITY b "%s">]><a>%s</a>' % (b"x" * 30_000, b"&b;" * 10_000),
            "limit",
        ),
        (b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>', "limit"),
        (b"<a>" * 200_000, "too_large"),
        (b"<a>" * (MAX_BYTES // 3), "limit"),
        (b'<a b="%s"/>' % (b"x" * 1_000_000), "too_large"),
        (b'<a b="%s"/>' % (b"&amp;" * 13_000), None),
        (b"<a %s/>" % b" ".join(b'x%d=""' % n for n in range(6_000)), "limit"),
        (b"<a>%s</a>" % (b"<b/>" * 16_000), "limit"),
        (b"<a>%s</a>" % (b"<![CDATA[]]>" * 5_000), None),
        (b"<a>%s</a>" % (b"&amp;x" * 10_000), None),
    ],
    ids=[
        "billion laughs",
        "quadratic",
        "external entity",
        "200,000 deep",
        "64 KiB deep",
        "1 MB attribute",
        "64 KiB attribute",
        "6,000 attributes",
        "16,000 elements",
        "empty CDATA",
        "text in pieces",
    ],
)
def test_a_bomb_takes_less_than_50_ms(bomb: bytes, failure: str | None) -> None:
    def took() -> float:
        start = time.perf_counter()
        if failure is None:
            parse(bomb)
        else:
            with pytest.raises(DocumentError) as caught:
                parse(bomb)
            assert caught.value.failure == failure
        return time.perf_counter() - start

    assert min(took() for _ in range(3)) < 0.05


PIECES = ["<R>", "</R>", "<S a='1'>", "</S>", "<T/>", "&amp;", "&x;", "&#0;", "<![CDATA[", "]]>"]
PIECES += ["<!--", "-->", "<?", "?>", "<!DOCTYPE", "é", "\ud800", "\x00", " ", "\n", "'", '"', ">"]
PIECES += ['<?xml version="1.0" encoding="utf-16"?>', '<?xml version="1.0"?>']
XML_PIECES = st.lists(st.sampled_from(PIECES)).map("".join)


@given(
    st.binary()
    | XML_PIECES.map(lambda text: text.encode(errors="surrogatepass"))
    | XML_PIECES.map(lambda text: text.encode("utf-16", errors="surrogatepass"))
    | st.binary().map(lambda noise: b"<R>" + noise + b"</R>")
    | st.binary().map(lambda noise: b"\xff\xfe<\0R\0>\0" + noise + b"<\0/\0R\0>\0")
)
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_a_tree_or_a_document_error(body: bytes) -> None:
    found = parsed(body)
    assert found.line is None or found.line >= 1
    assert found.column is None or found.column >= 1
    assert isinstance(found, Element) or str(found)


def parsed(body: bytes) -> Element | DocumentError:
    try:
        return parse(body)
    except DocumentError as error:
        return error
