import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import aiohttp
import pytest

from stasis_refer.adapters.page.routes import HEADERS
from stasis_refer.adapters.rest.sessions import COOKIE, LASTS
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.runtime.book import Page, Rung, TransferFilter, TransferRecord
from tests import harvest
from tests.adapters.page.world import ID, NOW, ONE, PageWorld
from tests.adapters.rest.world import TOKEN
from tests.transfer_records import LADDER

STREAM = "/v1/transfers/stream"


@pytest.fixture
def world() -> PageWorld:
    return PageWorld(public_url="http://pbx.example.com")


@pytest.fixture
async def client(world: PageWorld) -> AsyncIterator[aiohttp.ClientSession]:
    """Return one who sends the token as Bearer."""
    async with world.serving() as client:
        yield client


@pytest.fixture
async def browser(
    world: PageWorld, client: aiohttp.ClientSession
) -> AsyncIterator[aiohttp.ClientSession]:
    """Return one who keeps cookies and has no token."""
    del client  # it serves
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address
    async with harvest.client(world.url, cookie_jar=jar) as browser:
        yield browser


async def log_in(
    world: PageWorld,
    browser: aiohttp.ClientSession,
    token: str = TOKEN,
    *,
    goal: str = "",
    origin: str | None = "",
) -> aiohttp.ClientResponse:
    headers = {} if origin is None else {"Origin": origin or world.url}
    form = {"token": token, "goal": goal}
    return await browser.post("/login", data=form, headers=headers, allow_redirects=False)


# -- who may look ----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/?outcome=lost", f"/transfers/{ID}", "/transfers/none"])
async def test_nobody_sees_anything_without_the_token(
    world: PageWorld, browser: aiohttp.ClientSession, path: str
) -> None:
    async with browser.get(path) as response:
        text = await response.text()
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert 'name="token"' in text
    assert "4001" not in text
    assert world.book.asked == []


async def test_who_knows_the_token_sees_it_until_the_logout(
    world: PageWorld, browser: aiohttp.ClientSession
) -> None:
    response = await log_in(world, browser, goal=f"transfers/{ID}?x=1")
    assert (response.status, response.headers["Location"]) == (303, f"./transfers/{ID}?x=1")
    cookie = response.cookies[COOKIE]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/", "Strict", True)
    assert (cookie["secure"], cookie["max-age"]) == ("", str(int(LASTS)))
    async with browser.get("/") as shown:
        assert (shown.status, "sip:4001@example.com" in await shown.text()) == (200, True)
    async with browser.get(STREAM) as stream:
        assert stream.status == 200
    async with browser.post(
        "/logout", headers={"Origin": world.url}, allow_redirects=False
    ) as response:
        assert (response.status, response.headers["Location"]) == (303, "./")
        assert response.cookies[COOKIE]["max-age"] == "0"
    browser.cookie_jar.update_cookies({COOKIE: cookie.value})  # who has kept it has nothing
    for path in ("/", STREAM):
        async with browser.get(path) as gone:
            assert gone.status == 401


async def test_a_session_ends_by_itself(world: PageWorld, browser: aiohttp.ClientSession) -> None:
    await log_in(world, browser)
    world.clock.now += LASTS - 1
    async with browser.get("/") as response:
        assert response.status == 200
    world.clock.now += 1
    async with browser.get("/") as response:
        assert response.status == 401


async def test_over_tls_the_cookie_stays_there() -> None:
    world = PageWorld()  # public_url is https
    async with world.serving(), harvest.client(world.url) as browser:
        response = await log_in(world, browser, origin="https://pbx.example.com")
        assert response.status == 303
        assert response.cookies[COOKIE]["secure"] is True


async def test_a_session_is_for_looking_alone(
    world: PageWorld, browser: aiohttp.ClientSession
) -> None:
    await log_in(world, browser)
    for path in ("/v1/transfers", "/v1/calls", "/openapi.json"):
        async with browser.get(path) as response:
            assert response.status == 401
    async with browser.post("/v1/calls/x/refer", json={"target": "sip:a@b"}) as response:
        assert response.status == 401
    assert world.desk.orders == []


async def test_a_bearer_token_does_as_well(client: aiohttp.ClientSession) -> None:
    async with client.get("/") as response:
        assert response.status == 200


async def test_a_wrong_bearer_token_is_none_for_who_has_logged_in(
    world: PageWorld, browser: aiohttp.ClientSession
) -> None:
    await log_in(world, browser)
    async with browser.get("/", headers={"Authorization": "Bearer x"}) as response:
        assert response.status == 401


@pytest.mark.parametrize("token", ["", "guess", f"{TOKEN}x", TOKEN.upper(), "\udcff"])
async def test_another_token_is_refused(
    world: PageWorld, browser: aiohttp.ClientSession, token: str
) -> None:
    body = b"token=" + token.encode("utf-8", "surrogateescape") + b"&goal=%3Foutcome%3Dbusy"
    headers = {"Origin": world.url, "Content-Type": "application/x-www-form-urlencoded"}
    async with browser.post("/login", data=body, headers=headers) as response:
        text = await response.text()
        assert response.status == 401
        assert COOKIE not in response.cookies
    assert "This token is not accepted" in text
    assert 'value="?outcome=busy"' in text  # where to go is kept
    assert not token or token not in text


async def test_who_guesses_has_to_wait_as_with_the_api(
    world: PageWorld, browser: aiohttp.ClientSession
) -> None:
    for number in range(10):
        assert (await log_in(world, browser, f"guess-{number}")).status == 401
    for response in (
        await log_in(world, browser),
        await browser.get("/v1/calls", headers={"Authorization": f"Bearer {TOKEN}"}),
    ):
        assert response.status == 429
        assert response.headers["Retry-After"] == "5"
    assert world.limits == ["http_failures"] * 2
    world.clock.now += 5
    assert (await log_in(world, browser)).status == 303


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example.com", "http://127.0.0.1", "http://[", "x"]
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_a_form_of_another_site_is_refused(
    world: PageWorld, browser: aiohttp.ClientSession, path: str, origin: str | None
) -> None:
    await log_in(world, browser)
    headers = {} if origin is None else {"Origin": origin}
    async with browser.post(
        path, data={"token": TOKEN}, headers=headers, allow_redirects=False
    ) as response:
        assert response.status == 403
        assert response.cookies == {}
        assert "public_url" in await response.text()
    async with browser.get("/") as still:
        assert still.status == 200


async def test_behind_a_proxy_the_public_address_is_ours(
    world: PageWorld, browser: aiohttp.ClientSession
) -> None:
    assert (await log_in(world, browser, origin="http://pbx.example.com")).status == 303


@pytest.mark.parametrize(
    "goal",
    [
        *("//evil.example.com", "https://evil.example.com", "\\\\evil", "/", "transfers/../x"),
        *("?a\r\nSet-Cookie: x=y", "transfers/x\nb", "login", f"?{'x' * 3000}"),
    ],
)
async def test_behind_the_login_nobody_is_sent_elsewhere(
    world: PageWorld, browser: aiohttp.ClientSession, goal: str
) -> None:
    response = await log_in(world, browser, goal=goal)
    assert response.headers["Location"] == "./"


async def test_a_form_of_too_many_fields_is_refused(
    world: PageWorld, browser: aiohttp.ClientSession
) -> None:
    data = {f"x{number}": "1" for number in range(99)}
    async with browser.post("/login", data=data, headers={"Origin": world.url}) as response:
        assert response.status == 400
        assert response.content_type == "text/html"


async def test_without_a_configured_token_it_says_what_to_do() -> None:
    world = PageWorld(token="")
    async with world.serving() as client:
        for path in ("/", f"/transfers/{ID}"):
            async with client.get(path) as response:
                text = await response.text()
                assert response.status == 403
                assert "set operator_token" in text
                assert "4001" not in text
        response = await log_in(world, client, "")
        assert response.status == 403
    assert world.book.asked == []


async def test_a_link_from_another_site_offers_to_go_on(browser: aiohttp.ClientSession) -> None:
    for site, offered in (("cross-site", True), ("same-origin", False), ("none", False)):
        async with browser.get("/?outcome=busy", headers={"Sec-Fetch-Site": site}) as response:
            assert ('id="again" href="./?outcome=busy"' in await response.text()) is offered


# -- what is shown ---------------------------------------------------------------


async def test_filters_reach_the_ledger(world: PageWorld, client: aiohttp.ClientSession) -> None:
    query = "outcome=busy&application=support&direction=sent&group=default&code=486&since=1h"
    async with client.get(f"/?{query}&until=&cursor=further") as response:
        assert response.status == 200
    assert world.book.asked == [
        (
            TransferFilter(
                since=NOW - 3600,
                outcome=Outcome.BUSY,
                direction=Direction.SENT,
                application="support",
                code=486,
                group="default",
            ),
            "further",
            50,
        )
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("outcome=lost", "There is no such outcome"),
        ("foo=1", "There is no such filter"),
        ("cursor=nonsense", "It is no page of this list"),
        ("since=%ff%00", "is no time"),
    ],
)
async def test_a_bad_filter_is_told_on_the_page(
    client: aiohttp.ClientSession, query: str, message: str
) -> None:
    async with client.get(f"/?{query}") as response:
        text = await response.text()
        assert (response.status, response.content_type) == (400, "text/html")
    assert message in text
    assert "<table>" not in text


async def test_a_transfer_has_its_page(client: aiohttp.ClientSession) -> None:
    async with client.get(f"/transfers/{ID}") as response:
        text = await response.text()
        assert response.status == 200
    assert "SIP/2.0 202 Accepted" in text
    assert "order 7" in text


async def test_a_call_that_is_gone_takes_nothing_with_it(
    world: PageWorld, client: aiohttp.ClientSession
) -> None:
    world.book.call_record = None
    async with client.get(f"/transfers/{ID}") as response:
        assert response.status == 200


@pytest.mark.parametrize("id_", ["none", "%3Cscript%3E", "x" * 500])
async def test_there_is_no_such_transfer(client: aiohttp.ClientSession, id_: str) -> None:
    async with client.get(f"/transfers/{id_}") as response:
        assert (response.status, response.content_type) == (404, "text/html")
        assert "There is no such transfer" in await response.text()


@pytest.mark.parametrize("path", ["/", f"/transfers/{ID}"])
async def test_a_ledger_that_is_away_is_told_with_what_to_do(
    world: PageWorld, client: aiohttp.ClientSession, path: str
) -> None:
    world.book.locked = True
    async with client.get(path) as response:
        text = await response.text()
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert "stasis_refer.db is locked." in text
    assert "Calls go on" in text


async def test_too_much_is_refused_on_a_page(world: PageWorld) -> None:
    world = PageWorld(rate=1.0)
    async with world.serving() as client:
        for _ in range(2):
            assert (await client.get("/")).status == 200
        async with client.get("/") as response:
            assert (response.status, response.content_type) == (429, "text/html")
            assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/", 200), ("/?foo=1", 400), (f"/transfers/{ID}", 200), ("/transfers/none", 404)),
        *(("/static/page.css", 200), ("/static/live.js", 200), ("/login", 303)),
        *(("/logout", 303), ("/transfers", 303), ("/transfers/", 303)),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_every_answer_has_the_headers_of_a_page(
    client: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path, allow_redirects=False) as response:
        assert response.status == status
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


async def test_who_is_refused_gets_the_headers_too(
    world: PageWorld, browser: aiohttp.ClientSession
) -> None:
    for response in (await browser.get("/"), await log_in(world, browser, origin="null")):
        assert {name: response.headers[name] for name in HEADERS} == HEADERS


async def test_a_hidden_transfer_is_shown_as_it_is_kept(
    world: PageWorld, client: aiohttp.ClientSession
) -> None:
    hidden = tuple(replace(each, target="sip:4***@example.com") for each in world.book.page.items)
    world.book.page = replace(world.book.page, items=hidden)
    async with client.get("/") as response:
        assert "sip:4***@example.com" in await response.text()


@pytest.mark.parametrize("path", ["/login", "/logout", "/transfers", "/transfers/"])
async def test_who_looks_for_the_list_elsewhere_finds_it(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(path) as response:
        assert (response.status, response.url.path) == (200, "/")


# -- it holds up no call ---------------------------------------------------------


class Readers:
    """The threads that read something."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def note(self) -> None:
        self.seen.add(threading.get_ident())


class Ladder(tuple[Rung, ...]):
    """A ladder that tells who reads it."""

    __slots__ = ()
    readers = Readers()

    def __iter__(self) -> Iterator[Rung]:
        self.readers.note()
        return super().__iter__()


class Listed(tuple[TransferRecord, ...]):
    """A list of transfers that tells who reads it."""

    __slots__ = ()
    readers = Readers()

    def __iter__(self) -> Iterator[TransferRecord]:
        self.readers.note()
        return super().__iter__()


async def test_what_phones_have_sent_is_written_in_another_thread(
    world: PageWorld, client: aiohttp.ClientSession
) -> None:
    world.book.ladders[ID] = Ladder(LADDER)
    async with client.get(f"/transfers/{ID}") as response:
        assert response.status == 200
    assert Ladder.readers.seen
    assert threading.get_ident() not in Ladder.readers.seen


async def test_the_list_is_written_in_another_thread(
    world: PageWorld, client: aiohttp.ClientSession
) -> None:
    world.book.page = Page(Listed([ONE]))
    async with client.get("/") as response:
        assert response.status == 200
    assert Listed.readers.seen
    assert threading.get_ident() not in Listed.readers.seen
