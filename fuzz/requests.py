"""What comes by HTTP: the bodies and queries of REST and of the page, and what a proxy adds."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from xml.parsers import expat

from pydantic import BaseModel
from yarl import URL

from fuzz.claim import Claim, check_sentence, text_of
from fuzz.documents import application
from stasis_refer.adapters.ledger.cursor import place_of, word_of
from stasis_refer.adapters.page import filters
from stasis_refer.adapters.rest import bodies, cursors, queries
from stasis_refer.adapters.rest.peers import Peers
from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.core import codec
from stasis_refer.core.call_record import CallFilter
from stasis_refer.core.urls import urls_in
from stasis_refer.dialects.rest import ChangeCall, MakeCall, RestError, RestRequest, RestVendor
from stasis_refer.dialects.rest_registry import REST_VENDORS
from stasis_refer.runtime.book import BadCursorError


def _pairs(query: bytes) -> tuple[tuple[str, str], ...]:
    """Return names and values as the web server does, which refuses all but ASCII."""
    url = URL(f"/?{query.decode('ascii', 'ignore')}", encoded=True)
    return tuple(url.query.items())


def _body(data: bytes) -> None:
    """A body is refused in a sentence that names a field, or asks for what can be kept."""
    try:
        body = bodies.of_text(data, bodies.ReferBody)
    except Problem as problem:
        _check_problem(problem, {400, 422})
        return
    assert codec.loads(codec.dumps(body.order), {}) == body.order
    assert {urlsplit(url).scheme for url in urls_in(body.order)} <= {"http", "https"}


def _check_problem(problem: Problem, statuses: set[int]) -> None:
    assert problem.status_code in statuses
    told = json.loads(problem.text or "")
    assert told["field"] is not None
    check_sentence(ValueError(told["message"]))


def _query(data: bytes) -> None:
    """A query is refused in a sentence that names a parameter, or says what to look for."""
    pairs = _pairs(data)
    for query in (queries.CallsQuery, queries.TransfersQuery, queries.Nothing):
        _check_query(pairs, query)


def _check_query(pairs: Sequence[tuple[str, str]], query: type[BaseModel]) -> None:
    try:
        asked = queries.of_pairs(pairs, query)
    except Problem as problem:
        _check_problem(problem, {400})
        return
    if isinstance(asked, queries.CallsQuery | queries.TransfersQuery):
        repr(asked.wanted).encode()  # a cursor is bound to it


def _filter(data: bytes) -> None:
    """What the page is asked is refused by name, or is asked again by the URL it makes."""
    pairs = _pairs(data)
    try:
        asked = filters.read(pairs, 1_760_000_000.0)
    except filters.BadFilter as bad:
        check_sentence(bad)
        return
    again = filters.read(parse_qsl(asked.query("x")), 1_760_000_000.0)
    assert again.wanted == asked.wanted


def _cursors(data: bytes) -> None:
    """A word was never the cursor of a page, or is the one that is written of its place."""
    word = text_of(data)
    wanted = CallFilter()
    with suppress(BadCursorError):
        assert word_of(place_of(word)) == word
    with suppress(BadCursorError):
        inside = cursors.unbound(word, wanted)
        assert not inside or cursors.bound(inside, wanted) == word
    assert cursors.unbound(cursors.bound(word, wanted), wanted) == word
    with suppress(BadCursorError):
        assert cursors.page_of((), word, 1).items == ()


def _peers(data: bytes) -> None:
    """Who is not behind a proxy that is believed is who connected, whatever is said."""
    said = text_of(data).split("\n")
    for remote in ("192.0.2.7", ""):
        assert Peers(["10.0.0.0/8"]).behind(remote, said) == remote
    found = Peers(["10.0.0.0/8", "::/0"]).behind("10.0.0.1", said)
    assert len(found) <= len("ffff:ffff:ffff:ffff::/64")
    found.encode("ascii")
    Peers().behind(said[0], said)


def _vendor(vendor: RestVendor) -> Callable[[bytes], None]:
    owners = (application(vendor.dialect),)

    def holds(data: bytes) -> None:
        """A request is refused in words that can be sent, or asks for what can be kept."""
        head, _, body = data.partition(b"\n")
        number, _, query = head.partition(b"?")
        route = vendor.routes[len(number) % len(vendor.routes)]
        request = RestRequest(
            path=route.path,
            account="AC1",
            query=_pairs(query),
            body=body,
            content_type=_content_type(body),
        )
        try:
            asked = route.read(request, owners).asked
        except RestError as error:
            assert 400 <= error.status < 500  # noqa: PLR2004 - HTTP: the client's fault
            assert str(error)
            _check_answer(vendor, request, error)
            return
        if isinstance(asked, ChangeCall | MakeCall):
            wanted = asked.order if isinstance(asked, ChangeCall) else asked.wanted
            assert codec.loads(codec.dumps(wanted), {}) == wanted

    return holds


def _content_type(body: bytes) -> str:
    kinds = {b"{": "application/json", b"[": "application/json", b"<": "application/xml"}
    return kinds.get(body[:1], "application/x-www-form-urlencoded")


def _check_answer(vendor: RestVendor, request: RestRequest, error: RestError) -> None:
    answer = vendor.error(request, error)
    assert answer.status == error.status
    if "json" in answer.content_type:
        json.loads(answer.body)
    elif "xml" in answer.content_type:
        expat.ParserCreate().Parse(answer.body, True)  # noqa: FBT003 - expat's own interface


_FORMS: Final = (
    b"To=sip%3Abob%40example.com&From=%2B49123&Url=https%3A%2F%2Fx.example%2Fa&Timeout=5",
    b"Url=https%3A%2F%2Fx.example%2Fa&Method=GET",
    b"Twiml=%3CResponse%2F%3E",
    b"Status=completed",
)
_JSONS: Final = (
    (
        b'{"to": "+4930123", "from": "+4930456", "applicationId": "support", "answerUrl":'
        b' "https://x.example/a", "tag": "t", "uui": "00;encoding=hex"}'
    ),
    (
        b'{"from": "+4930456", "to": {"type": "phone", "number": "+4930123"}, "call_hook":'
        b' {"url": "https://x.example/a"}, "tag": {"a": 1}, "timeout": 5}'
    ),
    (
        b'{"from": "+4930456", "to": {"type": "phone", "number": "+4930123"}, "app_json":'
        b' "[{\\"verb\\": \\"hangup\\"}]"}'
    ),
    b'{"state": "active", "redirectUrl": "https://x.example/a"}',
    b'{"call_status": "completed"}',
    b"<Bxml><Hangup/></Bxml>",
)
_BODIES: Final = {"twiml": _FORMS, "rcml": _FORMS, "bxml": _JSONS, "jambonz": _JSONS}
_LISTINGS: Final = (
    b"Status=completed&PageSize=5&StartTime%3E=2026-01-01&To=sip%3Abob%40example.com",
    b"from=%2B4930123&minStartTime=2026-01-01T00%3A00%3A00Z&pageSize=5",
    b"direction=outbound&callStatus=completed&page=1&count=5",
)


def _seeds(vendor: RestVendor) -> tuple[bytes, ...]:
    """Return requests of each route: which it is, a query, and behind a line feed a body."""
    heads = [b"0" * number for number, _ in enumerate(vendor.routes)]
    bodies_ = [head + b"\n" + body for head in heads for body in _BODIES[vendor.dialect]]
    return (*bodies_, *(head + b"?" + query for head in heads for query in _LISTINGS))


_BODY: Final = (
    (
        b'{"target": "sip:alice@example.com", "headers": {"X-A": "1"}, "ring_timeout": 20.5,'
        b' "on_success": {"hangup": true}, "on_failure": {"url": "https://x.example/a"}}'
    ),
)
_JSON_WORDS: Final = (
    *(b'"target"', b'"headers"', b'"on_failure"', b'"url"', b'"hangup"', b'"continue"', b"true"),
    *(
        b'"\\ud800"',
        b"\\u0000",
        b"1e999",
        b"NaN",
        b"null",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"',
    ),
)
_FORM_WORDS: Final = (
    b"&",
    b"=",
    b"%00",
    b"%ff",
    b"\xff",
    b"\xed\xa0\x80",
    b"+",
    b"?",
    b"\n",
    b"http://",
)
_QUERIES: Final = (
    b"since=2026-01-31T12%3A00%3A00Z&outcome=busy&direction=sent&code=486&open=true&limit=5",
    b"application=support&status=ringing&caller=%2B49123&cursor=abc",
    b"since=90s&until=1h&group=default&call=x&refer_code=202&notify_code=180",
)

CLAIMS: Final = (
    Claim("rest-body", _body, _BODY, _JSON_WORDS),
    Claim("rest-query", _query, _QUERIES, _FORM_WORDS),
    Claim("page-filter", _filter, _QUERIES, _FORM_WORDS),
    Claim(
        "cursors",
        _cursors,
        (word_of(place_of("WzEuNSwgN10")).encode(), b"AAAA" * 8),
        (b"=", b"-", b"_", b"WzEuNSwg"),
    ),
    Claim(
        "forwarded-for",
        _peers,
        (b"192.0.2.7, 10.0.0.2", b"[2001:db8::1]:4711\n::ffff:192.0.2.7", b"fe80::1%eth0, unknown"),
        (b",", b"\n", b":", b"[", b"]", b"%", b"::ffff:", b"10.0.0.1"),
    ),
    *(
        Claim(
            f"rest-{vendor.dialect}",
            _vendor(vendor),
            _seeds(vendor),
            (*_FORM_WORDS, *_JSON_WORDS),
        )
        for vendor in REST_VENDORS
    ),
)
