"""Who may ask for what by REST, and how often.

Configured and presented credentials are compared as keyed digests of one length, each presented
one with all that are configured: how long it takes tells nothing, whichever part is wrong.
"""

import base64
import binascii
import hashlib
import hmac
import math
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from aiohttp import web

from stasis_refer.adapters.rest.buckets import Bucket, Buckets
from stasis_refer.adapters.rest.peers import Peers
from stasis_refer.adapters.rest.sessions import Sessions
from stasis_refer.core.application import Application

DEFAULT_RATE: Final = 50.0  # requests a second

RATE_LIMIT: Final = "http_rate"
FAILURE_LIMIT: Final = "http_failures"
"""What ``on_limit`` is told, and the values of the metric label ``limit``."""

_FAILURES: Final = 10  # that an address may have at once
_FAILURE_RATE: Final = 0.2  # a second, from then on
_REALM: Final = 'realm="stasis_refer"'
_BEARER: Final = f"Bearer {_REALM}"
_BASIC: Final = f'Basic {_REALM}, charset="UTF-8"'  # RFC 7617, 2.1

CLOSED: Final = (
    "This interface is closed: set operator_token in the section [http] of the configuration,"
    " and send it as Authorization: Bearer."
)
_WRONG: Final = "These credentials are not accepted here: send those of the configuration."


class _Known(NamedTuple):
    """One credential that is accepted, and whose it is: of nobody the operator's."""

    digest: bytes
    applications: tuple[Application, ...]
    bucket: Bucket


class Guard:
    """Lets in who has the right credentials, and nobody too often.

    The operator sends ``operator_token`` as Bearer; '' lets nobody in. The applications' are, by
    dialect: Basic with account sid and auth token; for bxml also with ``username`` and
    ``password``; for jambonz also Bearer with the auth token. A credential that is not configured
    in full is none. ``clock`` is in seconds. ``rate`` is how many requests a second one
    credential may make, twice as many at once. Wrong credentials are counted by who sends them;
    of ``trusted_proxies``, networks as ``10.0.0.0/8``, it is believed who that is. ``on_limit`` is
    told RATE_LIMIT or FAILURE_LIMIT. ``secure``: the page is reached over TLS.

    Those who are not let in are answered with what the methods raise, its text being the message:
    HTTPUnauthorized with ``WWW-Authenticate`` and HTTPTooManyRequests with ``Retry-After``; the
    operator also HTTPForbidden, where no token is configured.
    """

    def __init__(  # noqa: PLR0913 - who is let in, and how often
        self,
        applications: Iterable[Application],
        operator_token: str,
        clock: Callable[[], float],
        *,
        rate: float = DEFAULT_RATE,
        trusted_proxies: Iterable[str] = (),
        on_limit: Callable[[str], None] = lambda _: None,
        secure: bool = False,
    ) -> None:
        self._clock = clock
        self._peers = Peers(trusted_proxies)
        self._on_limit = on_limit
        self._key = secrets.token_bytes(32)
        self._sessions = Sessions(clock, secure=secure)
        # Counted apart: a customer's wrong password is not to keep the operator out.
        self._wrong_tokens = Buckets(_FAILURE_RATE, _FAILURES)
        self._wrong_passwords = Buckets(_FAILURE_RATE, _FAILURES)
        tokens = [operator_token] if operator_token else []
        self._operator = [
            _Known(self._digest(_bearer(token)), (), Bucket(rate, 2 * rate)) for token in tokens
        ]
        owners: dict[bytes, tuple[Application, ...]] = {}
        for application in applications:
            for credential in dict.fromkeys(_credentials(application)):
                digest = self._digest(credential)
                owners[digest] = (*owners.get(digest, ()), application)
        self._vendors = [
            _Known(digest, found, Bucket(rate, 2 * rate)) for digest, found in owners.items()
        ]

    def operator(self, request: web.Request) -> None:
        """Let the operator pass, who sends the token with the request."""
        self._admit_operator(request, _presented(request))

    def browser(self, request: web.Request) -> None:
        """Let the operator pass, who has logged in with a browser or sends the token."""
        if "Authorization" in request.headers or not self._sessions.holds(request):
            self.operator(request)
        else:
            self._pace(self._operator[0])

    def still_in(self, request: web.Request) -> bool:
        """Tell whether who was let in as a browser, and stays for long, may stay."""
        return "Authorization" in request.headers or self._sessions.holds(request)

    def log_in(self, request: web.Request, token: str, response: web.Response) -> None:
        """Begin a session of the operator's browser, whose cookie is set with the response."""
        self._admit_operator(request, _bearer(token) if token else b"")
        self._sessions.begin(response)

    def log_out(self, request: web.Request, response: web.Response) -> None:
        """End the session of a browser, if there is one; its cookie goes with the response."""
        self._sessions.end(request, response)

    def vendor(self, request: web.Request) -> tuple[Application, ...]:
        """Return all applications that the credentials are those of, in the configuration's order.

        Where the path has a part ``account``, they are those with this account sid, or none.
        """
        challenge = f"{_BASIC}, {_BEARER}"
        presented = _presented(request)
        return self._admit(request, presented, self._vendors, self._wrong_passwords, challenge)

    def _admit_operator(self, request: web.Request, presented: bytes) -> None:
        if not self._operator:
            raise web.HTTPForbidden(text=CLOSED)
        self._admit(request, presented, self._operator, self._wrong_tokens, _BEARER)

    def _admit(
        self,
        request: web.Request,
        presented: bytes,
        known: list[_Known],
        failures: Buckets,
        challenge: str,
    ) -> tuple[Application, ...]:
        now, peer = self._clock(), self._peers.of(request)
        if wait := failures.wait(peer, now):
            self._refuse(FAILURE_LIMIT, wait, "Too many wrong credentials came from this address")
        found = self._find(presented, known)
        applications = _of_account(found, request.match_info.get("account", ""))
        if found is None or (found.applications and not applications):
            if presented:  # who sends none guesses nothing
                failures.take(peer, now)
            raise web.HTTPUnauthorized(text=_WRONG, headers={"WWW-Authenticate": challenge})
        self._pace(found)
        return applications

    def _pace(self, known: _Known) -> None:
        now = self._clock()
        if wait := known.bucket.wait(now):
            self._refuse(RATE_LIMIT, wait, "These credentials are used too often")
        known.bucket.take(now)

    def _find(self, presented: bytes, known: list[_Known]) -> _Known | None:
        """Return whose credential was presented, having looked at all of them."""
        digest, found = self._digest(presented), None
        for each in known:
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found if presented else None

    def _refuse(self, limit: str, wait: float, why: str) -> None:
        self._on_limit(limit)
        seconds = max(1, math.ceil(wait))
        raise web.HTTPTooManyRequests(
            text=f"{why}: try again in {seconds} s.", headers={"Retry-After": str(seconds)}
        )

    def _digest(self, credential: bytes) -> bytes:
        return hashlib.blake2b(credential, key=self._key, digest_size=32).digest()


def _credentials(application: Application) -> Iterator[bytes]:
    """Yield what names the application; a part that is not configured makes none."""
    account, token = application.account_sid, application.auth_token
    if token and application.dialect == "jambonz":
        yield _bearer(token)
    if token and account:
        yield _basic(f"{account}:{token}".encode())
    if application.dialect == "bxml" and application.username and application.password:
        yield _basic(f"{application.username}:{application.password}".encode())


def _of_account(known: _Known | None, account: str) -> tuple[Application, ...]:
    # One without an account sid tells none in its webhooks: whatever is in the path is it.
    return tuple(
        each
        for each in (known.applications if known else ())
        if not account or not each.account_sid or each.account_sid == account
    )


def _presented(request: web.Request) -> bytes:
    """Return the credential in a request in the form of ``_basic`` and ``_bearer``; b"" if none."""
    given = request.headers.getall("Authorization", [])
    if len(given) != 1:
        return b""
    scheme, _, value = given[0].strip().partition(" ")
    match scheme.lower():
        case "basic":
            return _basic(_decoded(value.strip()))
        case "bearer":
            return _bearer(value.strip())
        case _:
            return b""


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value.encode("utf-8", "surrogateescape"), validate=True)
    except binascii.Error:
        return b""


def _basic(user_and_password: bytes) -> bytes:
    return b"basic " + user_and_password


def _bearer(token: str) -> bytes:
    # aiohttp hands over the bytes of a header that are no UTF-8 as surrogates.
    return b"bearer " + token.encode("utf-8", "surrogateescape")
