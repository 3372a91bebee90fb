import base64
from collections.abc import Iterable
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from stasis_refer.adapters.rest.guard import CLOSED, FAILURE_LIMIT, RATE_LIMIT, Guard
from stasis_refer.core.application import Application, Callback
from tests.adapters.rest.world import Clock

VOICE = Callback("http://127.0.0.1/voice")
TWIML = Application("twiml", "twiml", VOICE, account_sid="AC1", auth_token="hunter2-twiml")
RCML = Application("rcml", "rcml", VOICE, account_sid="AC2", auth_token="hunter2-rcml")
BXML = Application(
    "bxml",
    "bxml",
    VOICE,
    account_sid="55",
    auth_token="hunter2-bxml",
    username="user",
    password="hunter2:password",
)
JAMBONZ = Application("jambonz", "jambonz", VOICE, account_sid="J1", auth_token="hunter2-jambonz")
SHARED = replace(TWIML, name="shared")  # of the same account as TWIML
ODD = Application(
    "odd", "twiml", VOICE, account_sid="Ä\N{SNOWMAN}", auth_token="hunter2-pässwörd\N{SNOWMAN}"
)
ANONYMOUS = Application("anonymous", "bxml", VOICE, username="only", password="hunter2-only")
BARE = (
    Application("no token", "twiml", VOICE, account_sid="AC9"),
    Application("no account", "rcml", VOICE, auth_token="hunter2-no-account"),
    Application("no password", "bxml", VOICE, username="nobody"),
    Application("nothing", "jambonz", VOICE),
)
ALL = (TWIML, RCML, BXML, JAMBONZ, SHARED, ODD, ANONYMOUS, *BARE)
TOKEN = "hunter2-operator"


def basic(user: str, password: str, charset: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode(charset)).decode()


def request(
    authorization: str | None,
    *,
    account: str = "",
    remote: str | None = "192.0.2.1",
    forwarded: str = "",
) -> web.BaseRequest:
    headers = {} if authorization is None else {"Authorization": authorization}
    if forwarded:
        headers["X-Forwarded-For"] = forwarded
    made = make_mocked_request(
        "GET", "/", headers=headers, match_info={"account": account} if account else {}
    )
    # An address of the documentation's (RFC 5737), where the test's own has none.
    made._cache["remote"] = remote  # noqa: SLF001 - as clone() does, which loses match_info
    return made


class World:
    def __init__(self, applications: Iterable[Application] = ALL, token: str = TOKEN) -> None:
        self.clock = Clock()
        self.limits: list[str] = []
        self.guard = Guard(
            applications,
            token,
            self.clock,
            rate=5.0,
            trusted_proxies=["10.0.0.0/8"],
            on_limit=self.limits.append,
        )

    def vendor(
        self, authorization: str | None, account: str = "", remote: str | None = "192.0.2.1"
    ) -> list[str] | int:
        """Return the names of whose credentials they are, or the status of the refusal."""
        try:
            asked = request(authorization, account=account, remote=remote)
            return [each.name for each in self.guard.vendor(asked)]  # type: ignore[arg-type]
        except web.HTTPException as refusal:
            return refusal.status

    def operator(
        self, authorization: str | None, remote: str | None = "192.0.2.1", forwarded: str = ""
    ) -> int:
        try:
            asked = request(authorization, remote=remote, forwarded=forwarded)
            self.guard.operator(asked)  # type: ignore[arg-type]
        except web.HTTPException as refusal:
            return refusal.status
        return 200


LONG = "x" * 100_000
VENDORS = [
    pytest.param(basic("AC1", "hunter2-twiml"), "AC1", ["twiml", "shared"], id="Twilio's"),
    pytest.param(basic("AC1", "hunter2-twiml"), "", ["twiml", "shared"], id="no account in path"),
    pytest.param(basic("AC2", "hunter2-rcml"), "AC2", ["rcml"], id="Restcomm's"),
    pytest.param(basic("user", "hunter2:password"), "55", ["bxml"], id="Bandwidth's"),
    pytest.param(basic("55", "hunter2-bxml"), "55", ["bxml"], id="Bandwidth's, by account"),
    pytest.param("Bearer hunter2-jambonz", "J1", ["jambonz"], id="jambonz'"),
    pytest.param(basic("J1", "hunter2-jambonz"), "J1", ["jambonz"], id="jambonz', Basic"),
    pytest.param(basic("only", "hunter2-only"), "any", ["anonymous"], id="no account configured"),
    pytest.param("bEARER  hunter2-jambonz", "", ["jambonz"], id="a scheme in any case"),
    pytest.param(
        basic("Ä\N{SNOWMAN}", "hunter2-pässwörd\N{SNOWMAN}"),
        "Ä\N{SNOWMAN}",
        ["odd"],
        id="not ASCII",
    ),
    pytest.param(None, "", 401, id="none"),
    pytest.param("", "", 401, id="empty"),
    pytest.param("Basic", "", 401, id="the scheme alone"),
    pytest.param("Basic " + "!" * 8, "", 401, id="no Base64"),
    pytest.param("Basic " + base64.b64encode(b"AC1").decode(), "", 401, id="no colon"),
    pytest.param(basic("AC1", "hunter2-TWIML"), "", 401, id="a password in another case"),
    pytest.param(basic("ac1", "hunter2-twiml"), "", 401, id="a user in another case"),
    pytest.param(basic("AC1", "hunter2-rcml"), "", 401, id="another's password"),
    pytest.param(basic("AC1", "hunter2-twiml"), "AC2", 401, id="another's account"),
    pytest.param(basic("AC1", "hunter2-twiml"), "ac1", 401, id="its account in another case"),
    pytest.param(basic("AC1", ""), "", 401, id="no password"),
    pytest.param(basic("", ""), "", 401, id="nothing"),
    pytest.param(basic("AC9", ""), "", 401, id="of whom no token is configured"),
    pytest.param(basic("", "hunter2-no-account"), "", 401, id="of whom no account is"),
    pytest.param(basic("nobody", ""), "", 401, id="of whom no password is"),
    pytest.param("Bearer ", "", 401, id="an empty token"),
    pytest.param("Bearer hunter2-twiml", "", 401, id="a token that is none of jambonz'"),
    pytest.param(f"Bearer {TOKEN}", "", 401, id="the operator's"),
    pytest.param("Digest hunter2-jambonz", "", 401, id="another scheme"),
    pytest.param(basic("pässwörd", "x", "latin-1"), "", 401, id="no UTF-8"),
    pytest.param(basic(LONG, LONG), "", 401, id="very long"),
    pytest.param(basic("AC1", "hunter2-twiml\0"), "", 401, id="more behind it"),
    pytest.param(basic("AC1", "hunter2-twim"), "", 401, id="less"),
]


@pytest.mark.parametrize(("authorization", "account", "expected"), VENDORS)
def test_whose_credentials_they_are(
    authorization: str | None, account: str, expected: list[str] | int
) -> None:
    assert World().vendor(authorization, account) == expected


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (None, 401),
        ("Bearer", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN.upper()}", 401),
        (f"Basic {TOKEN}", 401),
        (basic("AC1", "hunter2-twiml"), 401),
        ("Bearer hunter2-jambonz", 401),
        (f"Bearer {LONG}", 401),
        ("Bearer \N{SNOWMAN}", 401),
    ],
)
def test_who_is_the_operator(authorization: str | None, status: int) -> None:
    assert World().operator(authorization) == status


@pytest.mark.parametrize("authorization", [None, "Bearer ", "Bearer x", basic("", "")])
def test_without_a_token_nobody_is(authorization: str | None) -> None:
    world = World(token="")
    assert world.operator(authorization) == 403
    with pytest.raises(web.HTTPForbidden) as refusal:
        world.guard.operator(request(authorization))  # type: ignore[arg-type]
    assert refusal.value.text == CLOSED


def test_without_applications_nobody_is_let_in() -> None:
    assert World([]).vendor(basic("AC1", "hunter2-twiml")) == 401


def test_a_refusal_says_what_to_send_and_not_what_was_wrong() -> None:
    world, told = World(), set[tuple[str | None, str]]()
    wrong = (None, basic("AC1", "x"), basic("x", "hunter2-twiml"), "Bearer x", "Digest x")
    for authorization in wrong:
        with pytest.raises(web.HTTPUnauthorized) as refusal:
            world.guard.vendor(request(authorization))  # type: ignore[arg-type]
        told.add((refusal.value.text, refusal.value.headers["WWW-Authenticate"]))
    ((text, challenge),) = told
    assert text
    assert challenge.startswith('Basic realm="stasis_refer", charset="UTF-8", Bearer ')


def test_two_headers_are_no_credentials() -> None:
    asked = make_mocked_request("GET", "/", headers=[("Authorization", f"Bearer {TOKEN}")] * 2)
    with pytest.raises(web.HTTPUnauthorized):
        World().guard.operator(asked)


# -- how often -------------------------------------------------------------------


def test_credentials_may_be_used_so_often() -> None:
    world, right = World(), basic("AC1", "hunter2-twiml")
    answers = [world.vendor(right) for _ in range(11)]
    assert answers == [["twiml", "shared"]] * 10 + [429]
    assert world.limits == [RATE_LIMIT]
    assert world.vendor(basic("AC2", "hunter2-rcml")) == ["rcml"]  # not another's concern
    assert world.operator(f"Bearer {TOKEN}") == 200
    world.clock.now += 0.2
    assert [world.vendor(right), world.vendor(right)] == [["twiml", "shared"], 429]


def test_a_refusal_says_when_to_ask_again() -> None:
    world = World()
    for _ in range(10):
        world.operator(f"Bearer {TOKEN}")
    with pytest.raises(web.HTTPTooManyRequests) as refusal:
        world.guard.operator(request(f"Bearer {TOKEN}"))  # type: ignore[arg-type]
    assert refusal.value.headers["Retry-After"] == "1"


def test_who_guesses_is_slowed_down_even_where_it_guesses_right() -> None:
    world = World()
    answers = [world.operator(f"Bearer {guess}") for guess in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert world.operator(f"Bearer {TOKEN}") == 429
    assert world.limits == [FAILURE_LIMIT] * 3
    world.clock.now += 5.0
    assert world.operator(f"Bearer {TOKEN}") == 200
    assert [world.operator("Bearer x"), world.operator("Bearer x")] == [401, 429]


def test_a_customers_wrong_password_does_not_keep_the_operator_out() -> None:
    world = World()
    for _ in range(12):
        world.vendor(basic("AC1", "old"))
    assert world.vendor(basic("AC1", "hunter2-twiml")) == 429
    assert world.operator(f"Bearer {TOKEN}") == 200


def test_who_sends_nothing_guesses_nothing() -> None:
    world = World()
    assert {world.operator(None) for _ in range(100)} == {401}
    assert world.operator(f"Bearer {TOKEN}") == 200


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        ("192.0.2.2", False),
        ("2001:db8::2", True),
        ("2001:db8:0:1::1", False),
        ("::ffff:192.0.2.2", False),
        (None, False),
        ("fe80::1%eth0", False),
    ],
)
def test_addresses_of_one_network_of_ipv6_are_one(other: str | None, *, shared: bool) -> None:
    world = World()
    first = "2001:db8::1"
    for _ in range(11):
        world.operator("Bearer x", remote=first)
    assert world.operator(f"Bearer {TOKEN}", remote=other) == (429 if shared else 200)


def test_who_guesses_behind_a_proxy_locks_nobody_else_out() -> None:
    world = World()
    for _ in range(12):
        world.operator("Bearer x", remote="10.0.0.1", forwarded="192.0.2.66")
    told = [
        world.operator(f"Bearer {TOKEN}", remote="10.0.0.1", forwarded=each)
        for each in ("192.0.2.7", "192.0.2.66", "192.0.2.7, 192.0.2.66")
    ]
    assert told == [200, 429, 429]


# -- nothing is given away -------------------------------------------------------


def test_nothing_secret_is_in_what_it_holds() -> None:
    guard = World().guard
    held = repr(guard) + "".join(repr(each) for each in vars(guard).values())
    assert "hunter2" not in held


@pytest.mark.parametrize("authorization", [basic("AC1", "x"), basic("none", "x"), "Bearer x"])
def test_a_wrong_credential_is_compared_with_all_whatever_is_wrong(
    monkeypatch: pytest.MonkeyPatch, authorization: str
) -> None:
    lengths: list[tuple[int, int]] = []

    def compare(known: bytes, given: bytes) -> bool:
        lengths.append((len(known), len(given)))
        return known == given

    monkeypatch.setattr("stasis_refer.adapters.rest.guard.hmac.compare_digest", compare)
    world = World([TWIML, RCML])
    assert world.vendor(authorization) == 401
    assert lengths == [(32, 32)] * 2
