import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.dialects.bxml_webhooks import Webhook, WithFallback
from stasis_refer.dialects.dialect import DocumentError, Remark
from stasis_refer.dialects.markup import Element, parse
from stasis_refer.dialects.xml_verbs import Reader, Vocabulary

BASE = "https://own:secret@example.com/app/voice"
GET, POST = Method.GET, Method.POST

DONE = Webhook.named("done")
NEXT = WithFallback.named("next")


FULL = """
nextUrl="https://h/x" username="u" password="p"
nextFallbackUrl="https://b/y" nextFallbackMethod="GET" fallbackUsername="f" fallbackPassword="g"
"""


def element(attributes: str) -> Element:
    return parse(f"<Verb {attributes}/>".encode())


def reader() -> Reader:
    return Reader(BASE, Vocabulary("BXML", ("Response",), {}))


@pytest.mark.parametrize(
    ("attributes", "callback"),
    [
        ("", None),
        ('nextUrl=""', None),
        ('nextUrl="https://h/x"', Callback("https://h/x", POST)),
        ('nextUrl="https://h/x" nextMethod="get"', Callback("https://h/x", GET)),
        ('nextUrl="/x"', Callback("https://own:secret@example.com/x", POST)),
        ('nextUrl="/x" username="u"', Callback("https://u:@example.com/x", POST)),
        ('nextUrl="/x" username="u" password="p"', Callback("https://u:p@example.com/x", POST)),
        (
            'nextUrl="https://a:b@h:8443/x?y=1#rc=2" username="ü:" password="p@/ %"',
            Callback("https://%C3%BC%3A:p%40%2F%20%25@h:8443/x?y=1#rc=2", POST),
        ),
        (
            FULL,
            Callback("https://u:p@h/x", POST, Callback("https://f:g@b/y", GET)),
        ),
        (
            'nextUrl="https://h/x" username="u" password="p" nextFallbackUrl="/y"',
            Callback("https://u:p@h/x", POST, Callback("https://own:secret@example.com/y", POST)),
        ),
    ],
)
def test_a_webhook_is_named_by_several_attributes(
    attributes: str, callback: Callback | None
) -> None:
    reading = reader()
    assert NEXT.read(element(attributes), reading) == callback
    assert reading.remarks == []


@pytest.mark.parametrize(
    ("attributes", "idle", "needed"),
    [
        ('nextMethod="GET"', ["nextMethod"], "nextUrl"),
        ('username="u" password="p"', ["username", "password"], "nextUrl"),
        ('nextFallbackUrl="https://b/y"', ["nextFallbackUrl"], "nextUrl"),
        ('nextUrl="/x" fallbackUsername="f"', ["fallbackUsername"], "nextFallbackUrl"),
    ],
)
def test_what_does_nothing_without_a_url_is_remarked(
    attributes: str, idle: list[str], needed: str
) -> None:
    reading = reader()
    NEXT.read(element(attributes), reading)
    assert reading.remarks == [
        Remark(f"Attribute {name!r} of <Verb> does nothing without {needed}.", 1, 1)
        for name in idle
    ]


def test_a_webhook_may_have_no_credentials() -> None:
    assert [each.name for each in DONE.attributes] == ["doneUrl", "doneMethod"]
    callback = DONE.read(element('doneUrl="/x" username="u"'), reader())
    assert callback == Callback("https://own:secret@example.com/x", POST)


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ('nextUrl="ftp://h/x"', "http://"),
        ('nextUrl="https://h/x" nextMethod="PUT"', "get, post"),
        ('nextUrl="https://h/x" nextFallbackUrl="a b"', "%20"),
    ],
)
def test_what_is_no_webhook_is_an_error(attributes: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        NEXT.read(element(attributes), reader())
