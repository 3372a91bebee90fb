from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.dialects.dialect import WebhookLimits
from stasis_refer.dialects.webhook_urls import (
    resolve,
    take_apart,
    with_credentials,
    with_query,
    with_userinfo_of,
    without_userinfo,
)

BASE = "https://user:pass@example.com:8443/app/voice.xml?x=1#rc=2"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/refer", "https://user:pass@example.com:8443/refer"),
        ("refer", "https://user:pass@example.com:8443/app/refer"),
        ("../refer?a=b", "https://user:pass@example.com:8443/refer?a=b"),
        ("?a=b", "https://user:pass@example.com:8443/app/voice.xml?a=b"),
        ("", BASE),
        ("#rc=0", "https://user:pass@example.com:8443/app/voice.xml?x=1#rc=0"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example/x#ct=100", "http://other.example/x#ct=100"),
        ("HTTP://Other.Example/x", "HTTP://Other.Example/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://app_1.docker/x", "http://app_1.docker/x"),
        ("/größe", "https://user:pass@example.com:8443/größe"),
    ],
)
def test_a_url_is_resolved_against_the_document(text: str, url: str) -> None:
    assert resolve(BASE, text) == url


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("javascript:alert(1)", "http://"),
        ("file:///etc/passwd", "http://"),
        ("ftp://example.com/", "http://"),
        ("sip:alice@example.com", "http://"),
        ("http://", "host"),
        ("http:///path", "host"),
        ("http://münchen.example/", "ASCII"),
        ("http://a,b/", "host"),
        ("http://[::1/", "not a URL"),
        ("http://[nonsense]/", "host|not a URL"),
        ("http://example.com:65536/", "not a URL"),
        ("http://example.com:http/", "not a URL"),
        ("/a b", "%20"),
        ("/a\nb", "control"),
        ("http://good.example\\@evil.example/", "backslash"),
        ("http://example.com\x7f/", "control"),
    ],
)
def test_what_is_no_web_address_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        resolve(BASE, text)


@pytest.mark.parametrize(
    "text",
    [
        "http://bob:s3cret#1@example.com/",
        "http://bob:s3cret/1@example.com/",
        "http://bob:s3cret?1@example.com/",
        "http://[bob:s3cret]@example.com/",
        "http://bob\u2100:s3cret@example.com/",
        "http://bob:s3cret 1@example.com/",
        "http://bob:s3cret/",
        "http://[s3cret::%s]/" % ("x" * 999),
    ],
)
def test_a_password_that_should_have_been_escaped_is_not_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"URL|host") as caught:
        resolve(BASE, text)
    assert "s3cret" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://u:p@example.com/a?b=c@d#rc=1", "https://example.com/a?b=c@d#rc=1"),
        ("HTTP://u:p@ss@Example.com", "HTTP://Example.com"),
        ("https://example.com/a%2b?", "https://example.com/a%2b?"),
        ("https://example.com/u:p@x", "https://example.com/u:p@x"),
    ],
)
def test_userinfo_can_be_left_out_and_put_in_again(url: str, bare: str) -> None:
    assert without_userinfo(url) == bare
    assert take_apart(with_userinfo_of(bare, "http://a:b@c/")).authorization == "Basic YTpi"


PIECES = ["http", "https", ":", "//", "/", "@", "[", "]", "?", "#", "::1", "%", "%0d", "\\", "é"]
PIECES += ["example.com", "..", "80", "99999", " ", "\r\n", "\u2100", "\x00", "rc=1", "&", "\ud800"]


@given(st.lists(st.sampled_from(PIECES)).map("".join) | st.text())
@settings(max_examples=500, deadline=None)
def test_any_text_is_refused_or_goes_out_in_plain_ascii(text: str) -> None:
    try:
        url = resolve(BASE, text)
    except ValueError:
        return
    sent = take_apart(url).url
    assert sent.isascii()
    assert sent.startswith(("http://", "https://"))
    assert not set(sent) & set(" \r\n\t\0\\#")


def test_a_relative_url_needs_something_to_be_relative_to() -> None:
    with pytest.raises(ValueError, match="http://"):
        resolve("", "/refer")


@pytest.mark.parametrize(
    ("url", "sent", "authorization"),
    [
        ("https://h/p?q=1#rc=1", "https://h/p?q=1", ""),
        ("https://h", "https://h/", ""),
        ("https://h?", "https://h/", ""),
        ("HTTPS://h:443/p", "https://h:443/p", ""),
        ("https://u:p@h/", "https://h/", "Basic dTpw"),
        ("https://u@h/", "https://h/", "Basic dTo="),
        ("https://u%40x:p%3Aq@h:8/", "https://h:8/", "Basic dUB4OnA6cQ=="),
        ("https://%C3%A9:%E2%82%AC@h/", "https://h/", "Basic w6k64oKs"),
        ("https://u:p@q@h/", "https://h/", "Basic dTpwQHE="),
        ("https://h/größe?a=ö b&c[]=%2F", "https://h/gr%C3%B6%C3%9Fe?a=%C3%B6%20b&c[]=%2F", ""),
    ],
)
def test_a_url_goes_out_without_userinfo_and_fragment(
    url: str, sent: str, authorization: str
) -> None:
    target = take_apart(url)
    assert (target.url, target.authorization) == (sent, authorization)


def test_what_is_sent_is_sent_the_same_way_a_second_time() -> None:
    once = take_apart("https://h/größe?a=ö b&c=%2F").url
    assert take_apart(once).url == once


@pytest.mark.parametrize("text", ["", "/relative", "nonsense", "http://[half"])
def test_only_an_absolute_url_can_be_taken_apart(text: str) -> None:
    with pytest.raises(ValueError, match=r"absolute|IPv6"):
        take_apart(text)


def test_the_password_is_not_shown() -> None:
    assert "dTpw" not in repr(take_apart("https://u:p@h/"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h/a", "https://H/b?c", True),
        ("https://h/a", "http://h/a", False),
        ("https://h/a", "https://h:8443/a", False),
        ("https://h/a", "https://h.evil.example/a", False),
    ],
)
def test_origins(one: str, other: str, *, same: bool) -> None:
    assert (take_apart(one).origin == take_apart(other).origin) is same


ALL = frozenset({"connection", "timeout", "status_4xx", "status_5xx"})


@pytest.mark.parametrize(
    ("fragment", "limits"),
    [
        ("", WebhookLimits(5.0, 15.0, 15.0, 1, frozenset({"connection"}))),
        ("ct=2000", WebhookLimits(connect=2.0)),
        ("rt=2500", WebhookLimits(read=2.5)),
        ("tt=100", WebhookLimits(total=0.1)),
        ("ct=1&rt=1&tt=1", WebhookLimits(connect=0.1, read=0.1, total=0.1)),
        ("ct=10001&rt=15001&tt=99999", WebhookLimits(connect=10.0, read=15.0, total=15.0)),
        ("rc=0", WebhookLimits(retries=0)),
        ("rc=6", WebhookLimits(retries=5)),
        ("rp=rt", WebhookLimits(retry_on=frozenset({"timeout"}))),
        ("rp=4xx,5xx", WebhookLimits(retry_on=frozenset({"status_4xx", "status_5xx"}))),
        ("rp=all", WebhookLimits(retry_on=ALL)),
        ("rp=ct,%20rt", WebhookLimits(retry_on=frozenset({"connection", "timeout"}))),
        ("rc=3&rp=nonsense,5xx", WebhookLimits(retries=3, retry_on=frozenset({"status_5xx"}))),
        ("ct=-1&rt=&tt=1s&rc=x&rp=nonsense", WebhookLimits()),
        ("e=ashburn&sni=y", WebhookLimits()),
        ("section-2", WebhookLimits()),
        ("ct=" + "9" * 5000, WebhookLimits()),
    ],
)
def test_connection_overrides_are_clamped_and_nonsense_is_ignored(
    fragment: str, limits: WebhookLimits
) -> None:
    assert take_apart(f"https://h/p#{fragment}").limits == limits


@pytest.mark.parametrize(
    ("url", "whole"),
    [("https://h/", "https://h/?a=b"), ("https://h/?c=d", "https://h/?c=d&a=b")],
)
def test_a_query_goes_behind_the_one_there_is(url: str, whole: str) -> None:
    assert with_query(url, "a=b") == whole


@pytest.mark.parametrize(
    ("url", "credentials", "expected"),
    [
        ("https://h/x?y=1#rc=2", ("", ""), "https://h/x?y=1#rc=2"),
        ("https://a:b@h/x", ("", ""), "https://a:b@h/x"),
        ("https://h/x?y=1#rc=2", ("u", "p"), "https://u:p@h/x?y=1#rc=2"),
        ("https://a:b@h:8443/x", ("u", ""), "https://u:@h:8443/x"),
        ("http://[::1]:80/", ("", "p"), "http://:p@[::1]:80/"),
        ("https://h", ("u@h", "p:/ %\u00fc"), "https://u%40h:p%3A%2F%20%25%C3%BC@h"),
    ],
)
def test_credentials_become_userinfo(url: str, credentials: tuple[str, str], expected: str) -> None:
    assert with_credentials(url, *credentials) == expected


def test_credentials_in_a_url_come_back_as_they_were() -> None:
    taken = take_apart(with_credentials("https://h/x", "u@h", "p:/ %"))
    assert taken.url == "https://h/x"
    assert taken.authorization == f"Basic {b64encode(b'u@h:p:/ %').decode()}"
