import json
from base64 import b64encode
from urllib.parse import parse_qsl, urlsplit

import pytest

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.dialects.bxml_requests import bxml_request
from stasis_refer.dialects.dialect import Letter, WebhookRequest

BASE = "https://example.com/app/voice"
APPLICATION = Application(name="support", dialect="bxml", document=Callback(BASE))
GET, POST = Method.GET, Method.POST
FIELDS = {"eventType": "referComplete", "from": "sip:ä@h", "referSipResponseCode": 202}


def ask(
    url: str = BASE,
    method: Method = POST,
    fields: dict[str, object] | None = None,
    application: Application = APPLICATION,
) -> WebhookRequest:
    told = FIELDS if fields is None else fields
    return bxml_request(Letter(Callback(url, method), "token-1", told), application)


def basic(userinfo: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(userinfo.encode()).decode()}"}


def test_a_post_sends_json() -> None:
    request = ask("https://u:p@example.com/voice?a=b#rc=2")
    assert request.method is POST
    assert request.url == "https://example.com/voice?a=b"
    assert json.loads(request.body) == FIELDS
    assert request.headers == {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": "token-1",
    }


def test_a_get_sends_the_same_fields_as_a_query() -> None:
    request = ask(f"{BASE}?a=b", GET, {**FIELDS, "sipHeaders": {"x-a": "1"}})
    assert request.body == b""
    assert request.headers == {"Idempotency-Key": "token-1"}
    assert request.url.startswith(f"{BASE}?a=b&eventType=referComplete&")
    assert dict(parse_qsl(urlsplit(request.url).query)) == {
        "a": "b",
        "eventType": "referComplete",
        "from": "sip:ä@h",
        "referSipResponseCode": "202",
        "sipHeaders": '{"x-a": "1"}',
    }


@pytest.mark.parametrize(
    ("event", "retries"),
    [
        ("initiate", 0),
        ("redirect", 0),
        ("gather", 0),
        ("referComplete", 0),
        # Bandwidth, Asynchronous Webhooks: once more after a connection exception.
        ("disconnect", 1),
    ],
)
def test_the_limits_of_an_event(event: str, retries: int) -> None:
    limits = ask(fields={"eventType": event}).limits
    assert limits.retries == retries
    assert limits.retry_on == {"connection"}
    assert (limits.connect, limits.total) == (5.0, 15.0)
    assert 200 in limits.accepted
    assert 204 in limits.accepted


def test_a_url_overrides_the_limits() -> None:
    limits = ask(f"{BASE}#rc=3&rp=all&tt=2000").limits
    assert (limits.retries, limits.total) == (3, 2.0)
    assert "status_5xx" in limits.retry_on


@pytest.mark.parametrize(
    ("asked", "tried", "userinfo"),
    [
        (BASE, BASE, "own:hunter2"),
        (BASE, "https://example.com/moved", "own:hunter2"),
        (BASE, "https://other.example/", None),
        ("https://u:p%40@example.com/x", "https://example.com/x", "u:p@"),
        ("https://u:p@other.example/x", "https://other.example/x", "u:p"),
        ("https://u:p@other.example/x", "https://third.example/x", None),
    ],
)
def test_credentials_go_to_the_origin_they_are_for(
    asked: str, tried: str, userinfo: str | None
) -> None:
    application = Application(
        name="support",
        dialect="bxml",
        document=Callback(BASE),
        username="own",
        password="hunter2",
    )
    signed = ask(asked, application=application).sign(tried, POST, 0.0)
    assert signed == (basic(userinfo) if userinfo else {})


def test_without_credentials_nothing_is_authorized() -> None:
    assert ask().sign(BASE, POST, 0.0) == {}
