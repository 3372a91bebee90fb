"""Documents of customers, in every dialect."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from fuzz.claim import Claim, check_sentence, text_of
from stasis_refer.core import codec
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.urls import urls_in
from stasis_refer.dialects import json_text, markup
from stasis_refer.dialects.dialect import Dialect, DocumentError, Reading
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.dialects.webhook_urls import resolve, take_apart, with_credentials

URL: Final = "https://user:secret@customer.example.com/voice?a=1"
CONTENT_TYPES: Final = {"twiml": "text/xml", "rcml": "text/xml", "bxml": "application/xml"}

_IN_A_REQUEST: Final = re.compile(r"[^\x00-\x20\x7f\\\ud800-\udfff]+")


def application(dialect: str) -> Application:
    """Return an application whose documents are of a dialect."""
    return Application("support", dialect, Callback(URL), account_sid="AC1", trunk="trunk")


def _document(dialect: Dialect) -> Callable[[bytes], None]:
    of = application(dialect.name)
    content_type = CONTENT_TYPES.get(dialect.name, "application/json")

    def holds(data: bytes) -> None:
        """A document is refused with a place in it, or can be kept and its URLs requested."""
        try:
            reading = dialect.read(data, content_type, URL, of)
        except DocumentError as error:
            check_refusal(error, data)
            return
        check_reading(reading, data, of)

    return holds


def check_refusal(error: DocumentError, data: bytes) -> None:
    """Check that a refusal is a sentence, and that its place is one of the document."""
    check_sentence(error)
    if error.line is not None and error.column is not None:
        assert 1 <= error.line <= len(data) + 1
        assert 1 <= error.column <= len(data) + 1
        assert str(error).startswith(f"Line {error.line}, column {error.column}: ")


def check_reading(reading: Reading, data: bytes, of: Application) -> None:
    """Check that what was read is kept as it is, and names nothing that cannot be requested."""
    kept = codec.dumps(reading.document)
    assert codec.loads(kept, {of.name: of}) == reading.document
    for url in urls_in(reading.document):
        assert _IN_A_REQUEST.fullmatch(url), f"{url!a} cannot be requested"
        assert urlsplit(url).scheme in {"http", "https"}
    for remark in reading.remarks:
        check_sentence(ValueError(remark.message))
        assert remark.line is None or 1 <= remark.line <= len(data) + 1


def _webhook_url(data: bytes) -> None:
    """A URL is refused in a sentence, or goes out as one line of ASCII, within its limits."""
    text = text_of(data)
    try:
        url = resolve(URL, text)
    except ValueError as error:
        check_sentence(error)
        return
    for each in (url, with_credentials(url, text, text), with_credentials(url, "", "")):
        target = take_apart(each)
        assert _LINE.fullmatch(target.url)
        assert "@" not in urlsplit(target.url).netloc
        assert not target.authorization or _LINE.fullmatch(target.authorization.partition(" ")[2])
        limits = target.limits
        assert max(limits.connect, limits.read, limits.total) <= _LONGEST
        assert 0 <= limits.retries <= _MOST_RETRIES


_LINE: Final = re.compile("[!-~]+")
_LONGEST: Final = 15.0
_MOST_RETRIES: Final = 5


def _json(data: bytes) -> None:
    """A text is refused with a place, or every value of it has one."""
    try:
        found = json_text.parse(data)
    except DocumentError as error:
        check_refusal(error, data)
        return
    paths = set(_paths(found.value, ()))
    assert len(paths) <= json_text.MAX_VALUES
    assert found.places(paths).keys() == paths


def _paths(value: object, path: json_text.Path) -> list[json_text.Path]:
    held: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        held = list(value.items())
    elif isinstance(value, list):
        held = list(enumerate(value))
    return [path, *(inner for key, each in held for inner in _paths(each, (*path, key)))]


def _markup(data: bytes) -> None:
    """A text is refused with a place, or a tree within its limits."""
    try:
        root = markup.parse(data)
    except DocumentError as error:
        check_refusal(error, data)
        return
    level, depth, elements = [root], 0, 0
    while level:
        depth, elements = depth + 1, elements + len(level)
        for each in level:
            assert len(each.attributes) <= markup.MAX_ATTRIBUTES
            assert each.line >= 1
            assert each.column >= 1
        level = [child for each in level for child in each.children]
    assert depth <= markup.MAX_DEPTH
    assert elements <= markup.MAX_ELEMENTS


TWIML: Final = (
    b"""<?xml version="1.0" encoding="UTF-8"?>
<Response><Say voice="alice">Hello &amp; bye</Say>
<Dial action="/next" timeout="20" callerId="+49123"><Number>+49-30 123</Number>
<Sip>sip:bob@example.com?X-A=1</Sip></Dial><Redirect>../other</Redirect></Response>""",
    b"""<Response><Gather action="?x=1" numDigits="4" finishOnKey="*"><Play loop="2">a.wav</Play>
</Gather><Refer action="/done" method="GET"><Sip>sip:bob@example.com?X-B=2</Sip></Refer>
<Pause/><Reject reason='busy'/><Hangup/></Response>""",
)
RCML: Final = (
    b"""<Response><Say>Hello</Say><Dial record="true"><Client>bob</Client>
<Sip>sip:bob@example.com</Sip></Dial><Refer><Sip>sip:bob@example.com</Sip></Refer></Response>""",
)
BXML: Final = (
    b"""<Bxml><SpeakSentence voice="julie">Hi</SpeakSentence>
<Refer referCompleteUrl="/r" tag="t"><SipUri>sip:bob@example.com</SipUri></Refer></Bxml>""",
    b"""<Response><Transfer transferCallerId="+4912345"><PhoneNumber>+4930123</PhoneNumber>
<SipUri uui="68656c6c6f;encoding=hex">sip:bob@example.com</SipUri></Transfer>
<Gather gatherUrl="g" maxDigits="3"><PlayAudio>https://x.example/a.wav</PlayAudio></Gather>
<Tag>x</Tag><Hangup/></Response>""",
)
JAMBONZ: Final = (
    b"""[{"verb": "say", "text": "Hello \\ud83d\\ude00"},
{"verb": "sip:refer", "referTo": "sip:bob@example.com", "headers": {"X-A": "1"},
"actionHook": {"url": "/r", "method": "POST"}}]""",
    b"""[{"dial": {"target": [{"type": "phone", "number": "+4930123"},
{"type": "sip", "sipUri": "sip:bob@example.com"}], "timeout": 2.0e1,
"confirmHook": "https://x.example/c"}}, {"verb": "gather", "input": ["digits"], "numDigits": 4,
"actionHook": "g", "say": {"text": ["a", "b"]}}, {"verb": "redirect", "actionHook": "/x"},
{"verb": "hangup"}]""",
)
_XML_WORDS: Final = (
    *(b"<Response>", b"</Response>", b"<Bxml>", b"<Refer>", b"<Sip>", b"<Dial>", b"<Number>"),
    *(b"</", b"/>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?", b"?>", b"<!DOCTYPE a [", b"&#0;"),
    *(
        b"&amp;",
        b"<!ENTITY",
        b' action="',
        b' url="',
        b'encoding="utf-16"',
        b"\xff\xfe",
        b"//",
        b":",
    ),
)
_JSON_WORDS: Final = (
    *(b'"verb"', b'"sip:refer"', b'"dial"', b'"say"', b'"\\ud800"', b"\\u0000", b"1e999", b"NaN"),
    *(b"null", b"true", b"{", b"}", b"[", b"]", b":", b",", b'"', b"-0", b"\xef\xbb\xbf", b"\\"),
)
_SEEDS: Final = {"twiml": TWIML, "rcml": RCML, "bxml": BXML, "jambonz": JAMBONZ}

CLAIMS: Final = (
    *(
        Claim(
            name,
            _document(dialect),
            _SEEDS[name],
            _JSON_WORDS if name == "jambonz" else _XML_WORDS,
        )
        for name, dialect in DIALECTS.items()
    ),
    Claim(
        "webhook-url",
        _webhook_url,
        (
            b"https://user:p%40ss@x.example:8443/a/b?c=d&e#ct=100&rt=5000&rc=2&rp=ct,5xx",
            b"/next?x=1",
            b"//[2001:db8::1]:80/\xc3\xa9",
        ),
        (
            b"://",
            b"http:",
            b"file:",
            b"@",
            b"\\",
            b"\r\n",
            b"#",
            b"?",
            b"%",
            b"[",
            b"]",
            b"..",
            b":",
        ),
    ),
    Claim("xml", _markup, (*TWIML, *BXML), _XML_WORDS),
    Claim("json", _json, JAMBONZ, _JSON_WORDS),
)
