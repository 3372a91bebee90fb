"""The configuration: a TOML file, ``STASIS_REFER_…`` in the environment, secrets in files.

Every mistake is told with file, key and remedy; an unknown key is a mistake.
"""

import ipaddress
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from stasis_refer import mistakes
from stasis_refer.core import targets
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.errors import ConfigurationError
from stasis_refer.setting_types import (
    LEDGER_SCHEME,
    Address,
    ApplicationName,
    AsteriskUrl,
    CountedEndpoints,
    Endpoint,
    EndpointOrNone,
    Ip,
    LedgerUrl,
    Name,
    Network,
    Rule,
    Seconds,
    User,
    WebUrl,
)

ENVIRONMENT_PREFIX: Final = "STASIS_REFER_"
_FILE_SUFFIX: Final = "_file"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
        if not isinstance(values, dict):
            return values
        found = dict(values)
        for name, field in cls.model_fields.items():
            path = found.pop(name + _FILE_SUFFIX, None) if _is_secret(field.annotation) else None
            if path is None:
                continue
            if name in found:
                raise ValueError(f"give {name} or {name}{_FILE_SUFFIX}, not both")
            found[name] = _secret_in(Path(str(path)), name)
        return found


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr


def _secret_in(path: Path, name: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        why = "is no text"
    else:
        if secret:
            return secret
        why = "is empty"
    raise ValueError(f"{name}{_FILE_SUFFIX}: {path} {why}: write the secret into it")


class Ari(_Section):
    """Where Asterisk's REST interface is."""

    url: AsteriskUrl = ""
    app: Name = "stasis_refer"
    username: User = "stasis_refer"
    password: SecretStr = SecretStr("")
    connection: Literal["inbound"] = "inbound"
    sip_endpoint: Endpoint = "stasis_refer"


class Capture(_Section):
    """Where Asterisk's copies of SIP messages arrive (hep.conf)."""

    enabled: bool = True
    listen: Address = "127.0.0.1:9060"
    password: SecretStr = SecretStr("")
    sources: tuple[Ip, ...] = ()
    forward: tuple[Address, ...] = ()


class Http(_Section):
    """Our own web server: REST, health, metrics, media.

    ``rate_limit`` is in requests by REST a second, for each credential. ``trusted_proxies`` are
    the networks of those whose ``X-Forwarded-For`` is believed.
    """

    listen: Address = "127.0.0.1:8080"
    public_url: WebUrl = ""
    operator_token: SecretStr = SecretStr("")
    rate_limit: Annotated[float, Field(ge=1, le=100_000)] = 50.0
    trusted_proxies: tuple[Network, ...] = ()

    @property
    def base(self) -> str:
        """The absolute URL under which it is reached, without a slash at its end."""
        return (self.public_url or f"http://{self.listen}").rstrip("/")

    @property
    def is_exposed(self) -> bool:
        """Whether other machines reach it."""
        host = self.listen.rpartition(":")[0].strip("[]")
        return not ipaddress.ip_address(host).is_loopback


class Ledger(_Section):
    """Where is kept what must outlive the program, a SQLite file, and for how long.

    ``mask``: in transfers and calls user parts, numbers and names are kept as ``4***``.
    """

    url: LedgerUrl = f"{LEDGER_SCHEME}stasis_refer.db"
    keep_days: Annotated[float, Field(gt=0, le=36500)] = 90.0
    max_megabytes: Annotated[float, Field(ge=1, le=10_000_000)] = 1024.0
    mask: bool = False


class Targets(_Section):
    """Who may be transferred to."""

    allow: tuple[Rule, ...] = ()


class Webhooks(_Section):
    """Where webhooks may go."""

    allow_networks: tuple[Network, ...] = ()


class Metrics(_Section):
    """What metrics tell apart: the PJSIP endpoints listed, all others are ``other``."""

    endpoints: CountedEndpoints = ()


class Log(_Section):
    """How the log is written."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Lab(_Section):
    """The private Asterisk of ``lab`` and ``demo``."""

    sip: Address | None = None
    pjsip_extra: Path | None = None
    queues_extra: Path | None = None


class ApplicationSettings(_Section):
    """One ``[[applications]]`` section."""

    name: ApplicationName
    dialect: Literal["twiml", "rcml", "bxml", "jambonz"]
    url: WebUrl = Field(min_length=1)
    method: Method = Method.POST
    fallback_url: WebUrl = ""
    status_callback: WebUrl = ""
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

    def application(
        self, rules: tuple[targets.TargetRule, ...], sip_endpoint: str, public_url: str
    ) -> Application:
        """Return what the core is told of this application."""
        no_notify, ring = DIALECTS[self.dialect].time_limits
        return Application(
            name=self.name,
            dialect=self.dialect,
            document=Callback(self.url, self.method),
            fallback=_callback(self.fallback_url),
            status_callback=_callback(self.status_callback),
            no_notify_timeout=self.no_notify_timeout or no_notify,
            ring_timeout=self.ring_timeout or ring,
            targets=rules,
            account_sid=self.account_sid,
            auth_token=self.auth_token.get_secret_value(),
            username=self.username,
            password=self.password.get_secret_value(),
            webhook_secret=self.webhook_secret.get_secret_value(),
            cognigy_compat=self.cognigy_compat,
            trunk=self.trunk,
            sip_endpoint=sip_endpoint,
            dial_instead=self.fallback == "dial",
            public_url=public_url,
        )

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
    return Callback(url) if url else None


class Settings(BaseSettings):
    """The whole configuration. Build it with ``load``."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    ari: Ari = Ari()
    capture: Capture | None = None
    http: Http = Http()
    ledger: Ledger = Ledger()
    targets: Targets = Targets()
    webhooks: Webhooks = Webhooks()
    metrics: Metrics = Metrics()
    log: Log = Log()
    lab: Lab = Lab()
    applications: tuple[ApplicationSettings, ...] = ()
    drain_timeout: Annotated[float, Field(ge=0, le=86400)] = 120.0
    _folder: Path = PrivateAttr(Path())  # where the configuration file is

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [application.name for application in self.applications]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise ValueError(f"applications: {', '.join(double)} is there more than once")
        return self

    def application_table(self) -> dict[str, Application]:
        """Return the applications by name, as the core knows them."""
        rules = tuple(targets.parse_rule(rule) for rule in self.targets.allow)
        shared = rules, self.ari.sip_endpoint, self.http.base
        return {each.name: each.application(*shared) for each in self.applications}

    @property
    def ledger_path(self) -> Path:
        """The ledger's file; a relative path starts where the configuration file is."""
        return self._folder / self.ledger.url.removeprefix(LEDGER_SCHEME)

    def remarks(self) -> Iterator[str]:
        """Yield what is legal and probably not meant."""
        if not self.applications:
            yield "applications: there is none, so every call is refused"
        if not self.targets.allow:
            yield "targets.allow: nothing is allowed, so every transfer is blocked"
        if self.http.is_exposed and not self.http.operator_token.get_secret_value():
            yield (
                "http.operator_token: is empty, and other machines reach http.listen:"
                " nobody may ask /v1 before it is set"
            )
        for index, each in enumerate(self.applications):
            for remark in each.remarks():
                yield f"applications.{index}.{remark}"
            if self.http.is_exposed and each.is_closed:
                yield (
                    f"applications.{index}.auth_token: nobody may ask for its calls by REST"
                    " before it and account_sid are set"
                )


_ONLY_IN: Final[Mapping[str, str]] = {
    "webhook_secret": "jambonz",
    "cognigy_compat": "jambonz",
}
"""Keys of an application that only one dialect knows."""

_EMPTY: Final = ("", False, SecretStr(""))


def load(path: Path | None) -> Settings:
    """Read the configuration file (None: the environment alone).

    Raises ConfigurationError with a line for each mistake: file, key, what to do.
    """
    values = _read(path) if path else {}
    _refuse_unknown_variables()
    try:
        settings = Settings(**values)
    except ValidationError as error:
        where = str(path) if path else "environment"
        lines = mistakes.told(where, error, Settings, ENVIRONMENT_PREFIX)
        raise ConfigurationError(lines) from None
    except SettingsError as error:
        # pydantic-settings names the field; a list or section in the environment is JSON.
        raise ConfigurationError(f"environment: {error}: write it as JSON") from None
    settings._folder = path.parent if path else Path()  # noqa: SLF001 - it is no setting
    return settings


def _refuse_unknown_variables() -> None:
    """Refuse what pydantic-settings passes over: a variable that belongs to no section."""
    names = list(Settings.model_fields)
    for variable in sorted(os.environ):
        section = variable.removeprefix(ENVIRONMENT_PREFIX).partition("__")[0].lower()
        if variable.startswith(ENVIRONMENT_PREFIX) and section not in names:
            example = f"{ENVIRONMENT_PREFIX}ARI__PASSWORD"
            raise ConfigurationError(
                f"environment: {variable}: is unknown: write section and key as in {example}"
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}: name another with --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is no TOML: {error}") from None
