import time

import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.redacted import redacted
from stasis_refer.core.verbs import Recording


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://example.com/a?b=c@d", "https://example.com/a?b=c@d"),
        ("https://bob:S3cret@example.com:port/x", "https://…@example.com:port/x"),
        ("//bob:S3cret@example.com/x", "//…@example.com/x"),
        ("https://bob@example.com", "https://…@example.com"),
        ("http://a:p@ss@example.com/", "http://…@example.com/"),
        ("see http://a:b@x.y/ and http://c:d@z.y/", "see http://…@x.y/ and http://…@z.y/"),
        ("http://a:it's@example.com/", "http://…@example.com/"),
        ('http://a:"<p>"@example.com/', "http://…@example.com/"),
        ("http://a:p\\w@example.com/", "http://…@example.com/"),
        # what should have been escaped, and is no URL so
        ("http://a:p/w@example.com/", "http://…@example.com/"),
        ("http://a:p#w@example.com/", "http://…@example.com/"),
        ("http://a:p?w@example.com/", "http://…@example.com/"),
        ("http://a:my p@ss@example.com/", "http://…@example.com/"),
        ("http://a:8080/x@y, http://a:80 or http://a:80. b@c", None),
        ("http://[::1]:80/x@y", None),
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("no URL", "no URL"),
        ("", ""),
    ],
)
def test_userinfo_is_not_shown(text: str, shown: str | None) -> None:
    assert redacted(text) == (text if shown is None else shown)


@pytest.mark.parametrize("unit", ["//a:x", "//", ":", "//a:", "x@//a:"])
def test_no_text_takes_long(unit: str) -> None:
    began = time.monotonic()
    redacted("//" + unit * (65_536 // len(unit)))
    assert time.monotonic() - began < 0.5


def test_what_holds_a_url_shows_none_of_its_credentials() -> None:
    fallback = Callback("https://c:d@example.com/f")
    callback = Callback("https://a:b@example.com/x", Method.GET, fallback)
    recording = Recording("https://a:b@example.com/x.wav")
    for each in (callback, recording, [callback], {"at": recording}):
        assert "…@example.com" in repr(each)
        assert "a:b" not in repr(each)
        assert "c:d" not in repr(each)
