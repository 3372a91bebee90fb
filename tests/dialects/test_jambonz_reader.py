import json

import pytest

from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.jambonz_reader import Reader
from stasis_refer.dialects.json_keys import Node
from stasis_refer.dialects.json_text import parse
from stasis_refer.dialects.webhook_urls import take_apart

BASE = "https://app:secret@example.com/app/voice?x=1"
APPLICATION = Application("support", "jambonz", Callback(BASE))


def read(hook: str) -> tuple[Callback | None, list[str]]:
    """Read a hook; return it and the remarks upon it."""
    body = f'{{"hook": {hook}}}'.encode()
    reader = Reader(parse(body), BASE, APPLICATION)
    found = reader.hook(Node("verb", json.loads(body), ()), "hook", frozenset({"told"}))
    return found, [f"{each.line}:{each.column} {each.message}" for each in reader.remarks()]


@pytest.mark.parametrize(
    ("hook", "url", "method"),
    [
        ('"/action"', "https://app:secret@example.com/action", "POST"),
        ('"action"', "https://app:secret@example.com/app/action", "POST"),
        ('"http://other.example/x#rc=2"', "http://other.example/x#rc=2", "POST"),
        ('{"url": "/action"}', "https://app:secret@example.com/action", "POST"),
        ('{"url": "/a", "method": "GET"}', "https://app:secret@example.com/a", "GET"),
        ('{"url": "/a", "method": "get"}', "https://app:secret@example.com/a", "GET"),
        ('{"url": "/a", "method": null}', "https://app:secret@example.com/a", "POST"),
        (
            '{"url": "https://o.example/a?b#tt=1", "username": "u", "password": "p"}',
            "https://u:p@o.example/a?b#tt=1",
            "POST",
        ),
        (
            '{"url": "/a", "username": "u@:/ö", "password": "p%?#"}',
            "https://u%40%3A%2F%C3%B6:p%25%3F%23@example.com/a",
            "POST",
        ),
        (
            '{"url": "https://o.example/a", "basicAuth": {"username": "u", "password": "p"}}',
            "https://u:p@o.example/a",
            "POST",
        ),
        ('{"url": "https://o.example/a", "username": "u"}', "https://u:@o.example/a", "POST"),
        ('{"url": "https://o.example:8/a", "username": ""}', "https://o.example:8/a", "POST"),
    ],
)
def test_a_hook(hook: str, url: str, method: str) -> None:
    assert read(hook) == (Callback(url, Method(method)), [])


def test_credentials_come_out_as_they_went_in() -> None:
    found, _ = read('{"url": "/a", "username": "us@er", "password": "p:ä/%20"}')
    assert found is not None
    assert take_apart(found.url).authorization == "Basic dXNAZXI6cDrDpC8lMjA="


@pytest.mark.parametrize("hook", ["null", '""'])
def test_no_hook(hook: str) -> None:
    assert read(hook) == (None, [])


def test_both_a_url_and_keys_that_no_hook_has() -> None:
    found, remarks = read('{"url": "/a",\n "verify": true, "told": "202", "headers": {}}')
    assert found == Callback("https://app:secret@example.com/a")
    known = "the keys of hook here are: url, method, username, password, basicAuth."
    assert remarks == [
        "2:26 $.hook.told: passed over as documentation of what the hook is told; leave it out.",
        f"2:12 $.hook.verify: passed over; {known}",
        f"2:44 $.hook.headers: passed over; {known}",
    ]


def test_a_key_that_no_credentials_have() -> None:
    _, remarks = read('{"url": "/a", "basicAuth": {"username": "u", "realm": "r"}}')
    assert remarks == [
        (
            "1:64 $.hook.basicAuth.realm: passed over; "
            "the keys of basicAuth here are: username, password."
        )
    ]


@pytest.mark.parametrize(
    ("hook", "path", "says"),
    [
        ("5", "$.hook", "5: allowed is the text of a URL, or an object with url."),
        ('["/a"]', "$.hook", "an array: allowed is the text of a URL, or"),
        ("true", "$.hook", "true: allowed is"),
        ('"/a b"', "$.hook", "%20"),
        ('"wss://example.com/ws"', "$.hook", "http://"),
        ("{}", "$.hook", "hook needs the key url."),
        ('{"method": "POST"}', "$.hook", "hook needs the key url."),
        ('{"url": null}', "$.hook", "hook needs the key url."),
        ('{"url": ""}', "$.hook.url", "leave the whole hook out"),
        ('{"url": 5}', "$.hook.url", "5: allowed is a text"),
        ('{"url": "ftp://x/"}', "$.hook.url", "http://"),
        ('{"url": "/a", "method": "PUT"}', "$.hook.method", '"PUT": allowed are GET and POST.'),
        ('{"url": "/a", "method": 5}', "$.hook.method", "5: allowed is a text"),
        ('{"url": "/a", "username": 5}', "$.hook.username", "5: allowed is a text"),
        ('{"url": "/a", "username": "u", "password": 98765}', "$.hook.password", "what it holds"),
        ('{"url": "/a", "password": "p"}', "$.hook", "hook needs the key username."),
        ('{"url": "/a", "basicAuth": "u:p"}', "$.hook.basicAuth", "allowed is an object"),
        (
            '{"url": "/a", "username": "u", "basicAuth": {"username": "u", "password": "p"}}',
            "$.hook",
            "once",
        ),
    ],
)
def test_what_is_no_hook(hook: str, path: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(hook)
    assert caught.value.failure is FetchFailure.NOT_VALID
    assert f" {path}: " in str(caught.value)
    assert says in str(caught.value)
    assert "98765" not in str(caught.value)
