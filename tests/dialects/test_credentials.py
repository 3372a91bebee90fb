from base64 import b64encode
from dataclasses import replace

import pytest

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.dialects.credentials import authorization, download, with_own_userinfo
from stasis_refer.dialects.dialect import WebhookLimits

DOCUMENT = "https://example.com/app/voice"


def application(username: str = "", password: str = "", document: str = DOCUMENT) -> Application:
    return Application(
        name="support",
        dialect="twiml",
        document=Callback(document),
        username=username,
        password=password,
    )


def basic(credentials: str | None) -> dict[str, str]:
    """The header for ``user:password``, none for None."""
    if credentials is None:
        return {}
    return {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"}


@pytest.mark.parametrize(
    ("asked", "tried", "credentials"),
    [
        pytest.param(DOCUMENT, DOCUMENT, "ours:secret", id="the application's own"),
        pytest.param("/", "https://EXAMPLE.com/other?x", "ours:secret", id="by origin, not path"),
        pytest.param("/", "https://example.com:8443/", None, id="another port"),
        pytest.param("/", "http://example.com/", None, id="another scheme"),
        pytest.param("/", "https://example.com.evil.example/", None, id="another host"),
        pytest.param("https://u:p@example.com/a", DOCUMENT, "u:p", id="userinfo goes first"),
        pytest.param("https://u:p@other.example/a", "https://other.example/b", "u:p", id="theirs"),
        pytest.param("https://u:p@other.example/", DOCUMENT, "ours:secret", id="redirected home"),
        pytest.param("https://u:p@example.com/", "https://evil.example/", None, id="redirected"),
        pytest.param(
            "https://u:p@example.com/", "https://x:y@example.com/", "x:y", id="the try's own"
        ),
        pytest.param("https://u:p@example.com/", "http://example.com/", None, id="less secure"),
        pytest.param("https://us%3Aer:p%40ss@example.com/", DOCUMENT, "us:er:p@ss", id="escaped"),
        pytest.param("https://u%40v:p%C3%B6@other.example/", "https://other.example/", "u@v:pö"),
    ],
)
def test_credentials_go_to_the_origin_they_were_given_for(
    asked: str, tried: str, credentials: str | None
) -> None:
    whole = f"https://example.com{asked}" if asked.startswith("/") else asked
    assert authorization(whole, tried, application("ours", "secret")) == basic(credentials)


def test_without_a_username_there_are_no_credentials_of_the_applications() -> None:
    assert authorization(DOCUMENT, DOCUMENT, application()) == {}
    assert authorization(DOCUMENT, DOCUMENT, application(password="hunter2")) == {}


def test_a_username_goes_without_a_password_too() -> None:
    assert authorization(DOCUMENT, DOCUMENT, application("ours")) == basic("ours:")


def test_credentials_are_in_utf_8() -> None:
    assert authorization(DOCUMENT, DOCUMENT, application("ö", "ü")) == basic("ö:ü")


def test_the_userinfo_of_the_document_belongs_to_its_origin_alone() -> None:
    mine = application("ours", "secret", "https://u:p@example.com/voice")
    assert authorization("https://example.com/", "https://example.com/", mine) == basic(
        "ours:secret"
    )


CONFIGURED = (
    "https://doc:1@example.com/app/voice",
    "https://sorry:2@example.com/sorry",
    "https://told:3@other.example/status",
)


@pytest.mark.parametrize(
    ("asked", "tried", "credentials"),
    [
        pytest.param(DOCUMENT, DOCUMENT, "doc:1", id="the document"),
        pytest.param(DOCUMENT + "#rc=2", DOCUMENT, "doc:1", id="with a fragment"),
        pytest.param("https://example.com/sorry", "https://example.com/sorry", "sorry:2"),
        pytest.param("https://example.com/next", "https://example.com/next", "doc:1"),
        pytest.param("https://other.example/x", "https://other.example/x", "told:3"),
        pytest.param("https://u:p@example.com/next", "https://example.com/next", "u:p"),
        pytest.param(DOCUMENT, "http://example.com/app/voice", None, id="less secure"),
        pytest.param(DOCUMENT, "https://evil.example/app/voice", None, id="elsewhere"),
        pytest.param(DOCUMENT, "https://other.example/", "told:3", id="redirected to another"),
    ],
)
def test_userinfo_of_the_configuration_goes_to_its_origin(
    asked: str, tried: str, credentials: str | None
) -> None:
    mine = replace(application("ours", "secret"), secret_urls=CONFIGURED)
    assert authorization(asked, tried, mine) == basic(credentials)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://example.com/a.wav?b#tt=9", "https://doc:1@example.com/a.wav?b#tt=9"),
        ("https://u:p@example.com/a.wav", "https://u:p@example.com/a.wav"),
        ("https://evil.example/a.wav", "https://evil.example/a.wav"),
        ("http://example.com/a.wav", "http://example.com/a.wav"),
    ],
)
def test_a_file_of_the_applications_own_is_asked_for_with_its_userinfo(
    url: str, whole: str
) -> None:
    mine = replace(application(), secret_urls=CONFIGURED)
    assert with_own_userinfo(url, mine) == whole
    assert with_own_userinfo(url, application()) == url


def test_a_file_is_asked_for_with_the_credentials_of_its_url() -> None:
    request = download("https://u:p@example.com/a.wav#tt=2000", WebhookLimits(largest=7))
    assert (request.method, request.url, request.body) == (
        Method.GET,
        "https://example.com/a.wav",
        b"",
    )
    assert (request.limits.largest, request.limits.total) == (7, 2.0)
    assert request.sign(request.url, Method.GET, 0.0) == basic("u:p")
    assert request.sign("https://evil.example/a.wav", Method.GET, 0.0) == {}


def test_a_file_without_credentials_is_just_asked_for() -> None:
    request = download("https://example.com/a.wav", WebhookLimits())
    assert request.sign(request.url, Method.GET, 0.0) == {}
