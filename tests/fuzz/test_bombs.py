"""Small documents that would cost much: less than 50 ms of CPU and 20 MiB each, in every reader.

Measured is the whole claim, which reads a document and checks what came of it.
"""

import gzip
import time
import tracemalloc

import pytest

from fuzz.claims import CLAIMS
from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects import markup
from stasis_refer.dialects.dialect import MAX_BYTES, DocumentError

SECONDS, BYTES = 0.05, 20 * 1024 * 1024
XML_READERS = ("xml", "twiml", "rcml", "bxml", "rest-bxml", "rest-twiml")
JSON_READERS = ("json", "jambonz", "rest-body", "rest-bxml", "rest-jambonz", "ari-events")
ROUTE = {"rest-bxml": b"0000\n", "rest-jambonz": b"00\n", "rest-twiml": b"000\n"}
"""What leads to the route of a vendor that reads documents: BXML, a new call, an update."""

LIMIT, BROKEN = FetchFailure.LIMIT, FetchFailure.NOT_WELL_FORMED
TOO_LARGE = FetchFailure.TOO_LARGE
READ = None


def inside(text: bytes) -> bytes:
    """Return a document of this length at most that has a text in it."""
    return b"<Response><Say>%s</Say></Response>" % text[: MAX_BYTES - 34]


def typed(subset: bytes, text: bytes = b"&x;") -> bytes:
    return b"<!DOCTYPE Response [%s]><Response><Say>%s</Say></Response>" % (subset, text)


LAUGHS = b'<!ENTITY x0 "ha">' + b"".join(
    b'<!ENTITY x%d "%s">' % (n, b"&x%d;" % (n - 1) * 10) for n in range(1, 10)
)
PARAMETERS = b'<!ENTITY % a "' + b"x" * 20_000 + b'"><!ENTITY % b "%a;%a;%a;">%b;'
DEEP = b"<a>" * (MAX_BYTES // 3)
DECLARED = b'<?xml version="1.0" encoding="%s"?><Response/>'
XML_BOMBS: dict[str, tuple[bytes, FetchFailure | None]] = {
    "billion laughs": (typed(LAUGHS, b"&x9;"), LIMIT),
    "quadratic blowup": (typed(b'<!ENTITY x "%s">' % (b"x" * 30_000), b"&x;" * 8_000), LIMIT),
    "external entity": (typed(b'<!ENTITY x SYSTEM "file:///etc/passwd">'), LIMIT),
    "external entity of HTTP": (typed(b'<!ENTITY x PUBLIC "a" "http://127.0.0.1:1/">'), LIMIT),
    "external DTD": (b'<!DOCTYPE Response SYSTEM "http://127.0.0.1:1/x.dtd"><Response/>', LIMIT),
    "parameter entities": (typed(PARAMETERS), LIMIT),
    "external parameter entity": (typed(b'<!ENTITY % x SYSTEM "file:///etc/passwd">%x;'), LIMIT),
    "entity of itself": (typed(b'<!ENTITY x "&x;">'), LIMIT),
    "DTD of comments": (typed(b"<!---->" * 9_000), LIMIT),
    "DTD of default attributes": (
        typed(b"<!ATTLIST Say %s>" % b" ".join(b'a%d CDATA "x"' % n for n in range(4_000))),
        LIMIT,
    ),
    "DTD without an end": (b"<!DOCTYPE Response [" + b"<!ENTITY" * 8_000, LIMIT),
    "undeclared entity": (inside(b"&x;"), BROKEN),
    "200,000 deep": (b"<a>" * 200_000 + b"</a>" * 200_000, TOO_LARGE),
    "200 deep": (b"<a>" * 200 + b"</a>" * 200, LIMIT),
    "as deep as fits": (DEEP, LIMIT),
    "as deep as fits, in UTF-16": (("<a>" * (MAX_BYTES // 8)).encode("utf-16"), LIMIT),
    "a million elements": (b"<Response>" + b"<a/>" * 1_000_000 + b"</Response>", TOO_LARGE),
    "16,000 elements": (b"<Response>" + b"<a/>" * 16_000 + b"</Response>", LIMIT),
    "a million attributes": (
        b"<Response %s/>" % b" ".join(b'a%d=""' % n for n in range(1_000_000)),
        TOO_LARGE,
    ),
    "6,000 attributes": (b"<Response %s/>" % b" ".join(b'a%d=""' % n for n in range(6_000)), LIMIT),
    "6,000 namespaces": (
        b"<Response %s/>" % b" ".join(b'xmlns:a%d="x"' % n for n in range(4_000)),
        LIMIT,
    ),
    "an attribute 10,000 times": (b"<Response " + b'a="" ' * 10_000 + b"/>", BROKEN),
    "a huge attribute": (b'<Response a="%s"/>' % (b"x" * 65_000), READ),
    "an attribute of references": (b'<Response a="%s"/>' % (b"&#10;" * 13_000), READ),
    "an attribute of white space": (b'<Response a="%s"/>' % (b"\n\t " * 21_000), READ),
    "a huge name": (b"<%s/>" % (b"a" * 65_000), READ),
    "a huge text": (inside(b"x" * MAX_BYTES), READ),
    "a text in pieces": (inside(b"&amp;x" * 10_800), READ),
    "a text of line breaks": (inside(b"\r\n" * MAX_BYTES), READ),
    "a huge comment": (b"<!--%s--><Response/>" % (b"x" * 65_000), READ),
    "9,000 comments": (b"<!---->" * 9_000 + b"<Response/>", READ),
    "a comment without an end": (b"<!--" + b"- " * 32_000, BROKEN),
    "13,000 instructions": (b"<?a?>" * 13_000 + b"<Response/>", READ),
    "a huge instruction": (b"<?a %s?><Response/>" % (b"x" * 65_000), READ),
    "a huge CDATA": (b"<Response><![CDATA[%s]]></Response>" % (b"]" * 65_000), READ),
    "5,000 CDATA": (b"<Response>%s</Response>" % (b"<![CDATA[]]>" * 5_000), READ),
    "a huge reference": (inside(b"&#x" + b"F" * 60_000 + b";"), BROKEN),
    "a reference to half a character": (inside(b"&#xD800;"), BROKEN),
    "a reference to NUL": (inside(b"&#0;"), BROKEN),
    "UTF-7": (b'<?xml version="1.0" encoding="utf-7"?><R>+ADw-a/+AD4-</R>', BROKEN),
    "UTF-16 that is none": (DECLARED % b"utf-16", BROKEN),
    "UTF-32": ("<Response/>".encode("utf-32"), BROKEN),
    "EBCDIC": ('<?xml version="1.0" encoding="cp037"?><Response/>'.encode("cp037"), BROKEN),
    "EBCDIC by name": (DECLARED % b"cp037", BROKEN),
    "a name of an encoding of 60,000": (DECLARED % (b"u" * 60_000), BROKEN),
    "a codec of Python": (DECLARED % b"zlib_codec", BROKEN),
    "punycode": (DECLARED % b"idna", BROKEN),
    "invalid UTF-8": (inside(b"\xff" * 60_000), BROKEN),
    "overlong UTF-8": (inside(b"\xc0\xbc" * 30_000), BROKEN),
    "half a character in UTF-8": (inside(b"\xed\xa0\x80" * 20_000), BROKEN),
    "byte order marks": (b"\xef\xbb\xbf" * 20_000 + b"<Response/>", READ),
    "byte order marks inside": (inside(b"\xef\xbb\xbf" * 20_000), READ),
    "both byte order marks": (b"\xff\xfe\xfe\xff" * 16_000, BROKEN),
    "lines before the document": (b"\r\n" * 32_000 + b"<Response/>", READ),
    "gzip": (gzip.compress(b"x" * 50_000_000), BROKEN),
    "a style sheet": (b'<?xml-stylesheet href="http://127.0.0.1:1/"?><Response/>', READ),
    "XInclude": (
        (
            b'<Response xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/>'
            b"</Response>"
        ),
        READ,
    ),
}

JSON_BOMBS: dict[str, bytes] = {
    "as deep as fits": b"[" * 65_000,
    "deep and closed": b"[" * 32_000 + b"]" * 32_000,
    "deep objects": b'{"a":' * 13_000 + b"1" + b"}" * 13_000,
    "900 deep and wide": b"[" * 900 + b"1," * 32_000,
    "200,000 deep": b"[" * 200_000 + b"]" * 200_000,
    "deep inside of a name": b'{"target":' + b"[" * 60_000 + b"]" * 5_000,
    "deep where a text is meant": b'{"type":"ChannelDtmfReceived","digit":1,"channel":{"id":'
    + (b"[" * 900 + b"]" * 900)
    + b"}}",
    "a huge exponent": b'{"target": 1e999999, "timeout": 1e999999, "verb": -1E+999999}',
    "a cause without an end": b'{"type":"ChannelDestroyed","channel":{"id":"1"},"cause":1e999}',
    "100,000 digits": b"[1" + b"0" * 100_000 + b"]",
    "60,000 digits": b'{"to": 1' + b"0" * 60_000 + b"}",
    "4,000 digits": b'{"timeout": 1' + b"0" * 4_000 + b', "type": 1}',
    "60,000 digits and a point": b'{"timeout": 1' + b"0" * 60_000 + b".5e-9}",
    "60,000 zeros behind the point": b'{"timeout": 0.' + b"0" * 60_000 + b"1}",
    "one key 10,000 times": b"{%s}" % b",".join([b'"a":1'] * 10_000),
    "two targets": b'{"target": "sip:a@b", "target": "sip:c@d"}',
    "6,000 keys": b"{%s}" % b",".join(b'"%d":1' % n for n in range(6_000)),
    "32,000 values": b"[%s]" % b",".join([b"1"] * 32_000),
    "a huge text": b'{"target": "%s"}' % (b"x" * 65_000),
    "a huge key": b'{"%s": 1}' % (b"x" * 65_000),
    "a huge key twice": b'{"%s": 1, "%s": 1}' % (b"x" * 32_000, b"x" * 32_000),
    "half a character": b'{"target": "\\ud800", "to": "\\udc00\\ud800"}',
    "10,000 halves": b'["%s"]' % (b"\\ud83d" * 10_000),
    "NUL": b'{"target": "sip:a\\u0000@b", "text": "\\u0000"}',
    "no numbers": b'{"timeout": NaN, "ring_timeout": Infinity, "x": -Infinity}',
    "an array of no numbers": b"[%s]" % b",".join([b"NaN"] * 15_000),
    "a text without an end": b'["%s' % (b'\\"' * 32_000),
    "nothing but quotes": b'"' * 65_000,
    "nothing but backslashes": b'"' + b"\\" * 65_000,
    "blanks": b" " * 65_000,
    "byte order marks": b"\xef\xbb\xbf" * 20_000 + b"{}",
    "UTF-16": '{"target": "sip:a@b"}'.encode("utf-16"),
    "UTF-32": '{"target": "sip:a@b"}'.encode("utf-32"),
    "invalid UTF-8": b'{"target": "%s"}' % (b"\xff" * 60_000),
    "gzip": gzip.compress(b"[" * 50_000_000),
}


def assert_cheap(name: str, bomb: bytes) -> None:
    """Check the CPU of the best of three runs, and the peak of memory beyond the bomb's own."""
    data = ROUTE.get(name, b"") + bomb
    assert min(_seconds(name, data) for _ in range(3)) < SECONDS
    tracemalloc.start()
    try:
        CLAIMS[name].holds(data)
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


def _seconds(name: str, data: bytes) -> float:
    start = time.process_time()
    CLAIMS[name].holds(data)
    return time.process_time() - start


@pytest.mark.parametrize("name", XML_READERS)
@pytest.mark.parametrize("bomb", XML_BOMBS.values(), ids=list(XML_BOMBS))
def test_a_bomb_in_xml_is_cheap(bomb: tuple[bytes, FetchFailure | None], name: str) -> None:
    assert_cheap(name, bomb[0])


@pytest.mark.parametrize("bomb", XML_BOMBS.values(), ids=list(XML_BOMBS))
def test_a_bomb_in_xml_is_read_as_it_is_or_refused(bomb: tuple[bytes, FetchFailure | None]) -> None:
    document, failure = bomb
    if failure is None:
        assert markup.parse(document)
        return
    with pytest.raises(DocumentError) as caught:
        markup.parse(document)
    assert caught.value.failure is failure


@pytest.mark.parametrize("name", JSON_READERS)
@pytest.mark.parametrize("bomb", JSON_BOMBS.values(), ids=list(JSON_BOMBS))
def test_a_bomb_in_json_is_cheap(bomb: bytes, name: str) -> None:
    assert_cheap(name, bomb)
