from collections.abc import Mapping
from urllib.parse import parse_qs

import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.dialects.dialect import Letter, WebhookRequest
from stasis_refer.dialects.form_requests import form_fields, form_request

FIELDS: Mapping[str, object] = {"Name": "Ä & B=C+ d", "SipHeader_X-A": "1,2", "Count": 3}


def signed(url: str, method: Method, now: float) -> Mapping[str, str]:
    return {"X-Signed": f"{method} {url} {now:g}"}


def request(url: str = "https://example.com/a", method: Method = Method.POST) -> WebhookRequest:
    return form_request(Letter(Callback(url, method), "token-1", FIELDS), "X-Token", signed)


def test_a_post_has_a_form_in_its_body() -> None:
    post = request("https://u:p@example.com/a?b=c#rc=3")
    assert (post.method, post.url) == (Method.POST, "https://example.com/a?b=c")
    assert post.body == b"Name=%C3%84+%26+B%3DC%2B+d&SipHeader_X-A=1%2C2&Count=3"
    assert post.headers == {
        "X-Token": "token-1",
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
    }


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://example.com/a", "https://example.com/a?Name="),
        ("https://example.com/a?b=c", "https://example.com/a?b=c&Name="),
    ],
)
def test_a_get_has_it_in_its_query(url: str, start: str) -> None:
    get = request(url, Method.GET)
    assert (get.method, get.body, get.headers) == (Method.GET, b"", {"X-Token": "token-1"})
    assert get.url.startswith(start)
    assert parse_qs(get.url.partition("?")[2])["Name"] == ["Ä & B=C+ d"]


def test_the_fragment_says_how_long_to_wait() -> None:
    assert request("https://example.com/a#rc=3&ct=2000").limits.retries == 3
    assert request("https://example.com/a#rc=3&ct=2000").limits.connect == 2.0


def test_the_signature_is_made_for_each_try() -> None:
    made = request().sign("https://other.example/", Method.GET, 1.0)
    assert made == {"X-Signed": "GET https://other.example/ 1"}


def test_fields_of_a_kept_letter_are_text() -> None:
    letter = Letter(Callback("https://h/"), "token-1", FIELDS)
    assert form_fields(letter) == {"Name": "Ä & B=C+ d", "SipHeader_X-A": "1,2", "Count": "3"}
