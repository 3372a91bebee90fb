from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from stasis_refer.adapters.rest.sessions import COOKIE, LASTS, MOST_SESSIONS, Sessions
from tests.adapters.rest.world import Clock


def begun(sessions: Sessions) -> web.Request:
    """Return a request of a session that has just begun."""
    response = web.Response()
    sessions.begin(response)
    return having(response.cookies[COOKIE].value)


def having(id_: str) -> web.Request:
    return make_mocked_request("GET", "/", headers={"Cookie": f"{COOKIE}={id_}"})


def test_a_session_lasts_until_its_end() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    one, other = begun(sessions), begun(sessions)
    assert sessions.holds(one)
    clock.now += LASTS - 1
    assert sessions.holds(one)
    response = web.Response()
    sessions.end(one, response)
    assert response.cookies[COOKIE].value == ""
    assert not sessions.holds(one)
    assert sessions.holds(other)
    clock.now += 1
    assert not sessions.holds(other)
    assert len(sessions) == 0


def test_no_other_id_is_one() -> None:
    sessions = Sessions(Clock())
    begun(sessions)
    for request in (having(""), having("x"), having("x" * 9999), make_mocked_request("GET", "/")):
        assert not sessions.holds(request)
        sessions.end(request, web.Response())
    assert len(sessions) == 1


def test_of_too_many_the_oldest_ends() -> None:
    sessions = Sessions(Clock())
    first, second, *_ = [begun(sessions) for _ in range(MOST_SESSIONS + 1)]
    assert len(sessions) == MOST_SESSIONS
    assert not sessions.holds(first)
    assert sessions.holds(second)


def test_ids_differ_and_are_long() -> None:
    sessions = Sessions(Clock())
    ids = {begun(sessions).cookies[COOKIE] for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 43  # 256 bits
