"""One ``[[applications]]`` section: a customer's application, its secrets and limits."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from stasis_refer.core import targets
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.rules import Rule
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.dialects.webhook_urls import without_userinfo
from stasis_refer.runtime.capacity import Bounds
from stasis_refer.section import Section
from stasis_refer.setting_types import (
    ApplicationName,
    Count,
    EndpointOrNone,
    EndpointPattern,
    Seconds,
    WebUrl,
)
from stasis_refer.target_settings import QuotaSettings, RuleSettings


class ApplicationSettings(Section):
    """One ``[[applications]]`` section."""

    name: ApplicationName
    dialect: Literal["twiml", "rcml", "bxml", "jambonz"]
    url: WebUrl = Field(min_length=1, repr=False)  # it may have userinfo, as those below
    method: Method = Method.POST
    fallback_url: WebUrl = Field(default="", repr=False)
    status_callback: WebUrl = Field(default="", repr=False)
    account_sid: str = ""
    auth_token: SecretStr = SecretStr("")
    username: Annotated[str, Field(pattern="^[^:]*$")] = ""
    password: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    cognigy_compat: bool = False
    trunk: EndpointOrNone = ""
    fallback: Literal["dial", ""] = ""
    no_notify_timeout: Seconds | None = None
    ring_timeout: Seconds | None = None
    rules: tuple[RuleSettings, ...] = ()
    quota: QuotaSettings | None = None
    endpoints: tuple[EndpointPattern, ...] = ()
    max_calls: Count = 1000
    max_transfers: Count = 500
    calls_per_second: Count = 100

    def application(
        self,
        allow: tuple[targets.TargetRule, ...],
        rules: tuple[Rule, ...],
        sip_endpoint: str,
        public_url: str,
    ) -> Application:
        """Return what the core is told of this application; ``rules`` are those of all."""
        no_notify, ring = DIALECTS[self.dialect].time_limits
        return Application(
            name=self.name,
            dialect=self.dialect,
            document=Callback(without_userinfo(self.url), self.method),
            fallback=_callback(self.fallback_url),
            status_callback=_callback(self.status_callback),
            no_notify_timeout=self.no_notify_timeout or no_notify,
            ring_timeout=self.ring_timeout or ring,
            rules=(*(each.rule() for each in self.rules), *rules),
            targets=allow,
            quota=self.quota.quota() if self.quota else None,
            endpoints=self.endpoints,
            account_sid=self.account_sid,
            auth_token=self.auth_token.get_secret_value(),
            username=self.username,
            password=self.password.get_secret_value(),
            webhook_secret=self.webhook_secret.get_secret_value(),
            secret_urls=self._secret_urls,
            cognigy_compat=self.cognigy_compat,
            trunk=self.trunk,
            sip_endpoint=sip_endpoint,
            dial_instead=self.fallback == "dial",
            public_url=public_url,
        )

    @property
    def bounds(self) -> Bounds:
        """How much there may be of it."""
        return Bounds(self.max_calls, self.max_transfers, self.calls_per_second)

    @property
    def _secret_urls(self) -> tuple[str, ...]:
        urls = self.url, self.fallback_url, self.status_callback
        return tuple(each for each in urls if without_userinfo(each) != each)

    def remarks(self) -> Iterator[str]:
        """Yield what is set and does nothing, each with its key."""
        for name, dialect in _ONLY_IN.items():
            if dialect != self.dialect and getattr(self, name) not in _EMPTY:
                yield f"{name}: has no effect in {self.dialect}"
        if self.password.get_secret_value() and not self.username:
            yield "password: has no effect without username"
        if self.auth_token.get_secret_value() and not self.account_sid and self._needs_sid:
            yield "auth_token: has no effect without account_sid"

    @property
    def _needs_sid(self) -> bool:
        return self.dialect in {"rcml", "bxml"}  # elsewhere it signs, or is sent by itself

    @property
    def is_closed(self) -> bool:
        """Whether nobody can ask anything in its name by REST."""
        if self.dialect == "bxml" and self.username and self.password.get_secret_value():
            return False
        needs_sid = self.dialect != "jambonz"
        return not self.auth_token.get_secret_value() or (needs_sid and not self.account_sid)


def _callback(url: str) -> Callback | None:
    return Callback(without_userinfo(url)) if url else None


_ONLY_IN: Final[Mapping[str, str]] = {
    "webhook_secret": "jambonz",
    "cognigy_compat": "jambonz",
}
"""Keys of an application that only one dialect knows."""

_EMPTY: Final = ("", False, SecretStr(""))
