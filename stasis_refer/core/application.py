"""What the configuration says of one customer application."""

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final, Self

from stasis_refer.core.redacted import redacted
from stasis_refer.core.rules import Counted, Quota, Rule, Scope
from stasis_refer.core.targets import TargetRule


class Method(StrEnum):
    """How a webhook is requested."""

    GET = "GET"
    POST = "POST"


@dataclass(frozen=True, slots=True)
class Callback:
    """A webhook address: an absolute URL and the method it is requested with.

    ``fallback`` is asked where no document is to be had from it, before the application's own.
    """

    url: str
    method: Method = Method.POST
    fallback: "Callback | None" = None

    def __repr__(self) -> str:
        return f"Callback({redacted(self.url)!r}, {self.method.value}, {self.fallback!r})"


@dataclass(frozen=True, slots=True)
class Application:
    """One customer application: where its documents come from and what it may do.

    Times are in seconds. ``public_url`` is the absolute base of the URLs under which our own web
    server is reached, without a slash at its end. ``rules`` are the application's own ones, then
    those of all; ``targets`` are patterns that allow behind them; ``quota`` is on all transfers.
    ``endpoints`` are patterns of the PJSIP endpoints that a document may name.
    ``secret_urls`` are those of the configuration that have userinfo, as written; without it they
    are also in their places. The credentials are for the dialect that signs; the core never reads
    them, nor ``cognigy_compat``, and they are kept out of every ``repr``.
    """

    name: str
    dialect: str
    document: Callback
    fallback: Callback | None = None
    status_callback: Callback | None = None
    no_notify_timeout: float = 30.0
    ring_timeout: float = 60.0
    rules: tuple[Rule, ...] = ()
    targets: tuple[TargetRule, ...] = ()
    quota: Quota | None = None
    endpoints: tuple[str, ...] = field(default_factory=tuple)
    account_sid: str = field(default="", repr=False)
    auth_token: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)
    secret_urls: tuple[str, ...] = field(default=(), repr=False)
    cognigy_compat: bool = False
    trunk: str = ""  # the PJSIP endpoint that numbers are called through
    sip_endpoint: str = "stasis_refer"  # the one that SIP URIs are called through
    dial_instead: bool = False  # of a phone that refuses a REFER
    public_url: str = ""

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What each of its transfers uses up, whatever rule allows it."""
        return () if self.quota is None else (Counted(Scope.APPLICATION, self.name, self.quota),)

    def without_credentials(self) -> Self:
        """Return it as it may be kept."""
        none: dict[str, Any] = {
            each.name: each.default for each in fields(self) if each.name in CREDENTIALS
        }
        return replace(self, **none)

    def with_credentials_of(self, today: "Application") -> Self:
        """Return it with what another configuration of the same application says to dialects.

        What the core reads stays: a call goes on by what it began with.
        """
        changed: dict[str, Any] = {name: getattr(today, name) for name in _OF_DIALECTS}
        return replace(self, **changed)


CREDENTIALS: Final = ("auth_token", "username", "password", "webhook_secret", "secret_urls")
"""What is secret of an application."""

_OF_DIALECTS: Final = (*CREDENTIALS, "account_sid", "cognigy_compat", "public_url")
"""What the core never reads."""
