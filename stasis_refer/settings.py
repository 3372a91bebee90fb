"""The configuration: a TOML file, ``STASIS_REFER_…`` in the environment, secrets in files.

Every mistake is told with file, key and remedy; an unknown key is a mistake.
"""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from stasis_refer import mistakes
from stasis_refer.application_settings import ApplicationSettings
from stasis_refer.core.application import Application
from stasis_refer.core.policy import DEFAULT_GROUP
from stasis_refer.environment import Environment
from stasis_refer.errors import ConfigurationError
from stasis_refer.policy_remarks import Placed, placed, too_late, useless
from stasis_refer.section import Section, is_open
from stasis_refer.sections import Ari, Capture, Http, Lab, Ledger, Limits, Log, Metrics, Webhooks
from stasis_refer.setting_types import LEDGER_SCHEME
from stasis_refer.target_settings import Targets

ENVIRONMENT_PREFIX: Final = "STASIS_REFER_"


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
    limits: Limits = Limits()
    metrics: Metrics = Metrics()
    log: Log = Log()
    lab: Lab = Lab()
    applications: tuple[ApplicationSettings, ...] = ()
    drain_timeout: Annotated[float, Field(ge=0, le=86400)] = 120.0
    _folder: Path = PrivateAttr(Path())  # where the configuration file is
    _open_to_others: bool = PrivateAttr(default=False)  # that file, though it holds secrets

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
        del env_settings, dotenv_settings, file_secret_settings
        return Environment(settings_cls, init_settings), init_settings

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [application.name for application in self.applications]
        if double := _double(names):
            raise ValueError(f"applications: {double} is there more than once")
        if double := _double([rule.name for _, rule in self.rules()]):
            raise ValueError(
                f"targets.rules: {double} is there more than once, those of applications counted:"
                " give each rule a name of its own"
            )
        return self

    def rules(self) -> tuple[Placed, ...]:
        """Return all rules of the target policy, each with its place in the configuration."""
        return tuple(rule for order in self._orders() for rule in order)

    def _orders(self) -> Iterator[tuple[Placed, ...]]:
        """Yield the rules of each application, and then those of all."""
        for index, application in enumerate(self.applications):
            yield placed(f"applications.{index}.rules", application.rules)
        yield placed("targets.rules", self.targets.rules)

    def application_table(self) -> dict[str, Application]:
        """Return the applications by name, as the core knows them."""
        policy = self.targets.patterns(), self.targets.ordered()
        shared = *policy, self.ari.sip_endpoint, self.http.base
        return {each.name: each.application(*shared) for each in self.applications}

    def groups(self) -> list[str]:
        """Return the groups of all rules of the target policy, in their order, each once."""
        named = (rule.rule().group for _, rule in self.rules())
        return list(dict.fromkeys((DEFAULT_GROUP, *named)))

    @property
    def ledger_path(self) -> Path:
        """The ledger's file; a relative path starts where the configuration file is."""
        return self._folder / self.ledger.url.removeprefix(LEDGER_SCHEME)

    def remarks(self) -> Iterator[str]:
        """Yield what is legal and probably not meant."""
        if not self.applications:
            yield "applications: there is none, so every call is refused"
        yield from self._about_targets()
        yield from self._about_strangers()
        for name in type(self).model_fields:
            section = getattr(self, name)
            if isinstance(section, Section):
                yield from (f"{name}.{remark}" for remark in section.open_secrets())
        for index, each in enumerate(self.applications):
            for remark in self._about(each):
                yield f"applications.{index}.{remark}"

    def _about_targets(self) -> Iterator[str]:
        if not self.targets.allow and not any(rule.action == "allow" for _, rule in self.rules()):
            yield "targets.allow: nothing is allowed, so every transfer is blocked"
        for order in self._orders():
            yield from useless(order)
            yield from too_late(order)

    def _about_strangers(self) -> Iterator[str]:
        """Yield what other machines, and other users of this one, can reach or cannot."""
        if self.http.is_exposed and not self.http.operator_token.get_secret_value():
            yield (
                "http.operator_token: is empty, and other machines reach http.listen:"
                " nobody may ask /v1 before it is set"
            )
        yield from self._of_capture()
        if self._open_to_others:
            yield (
                "other users of this machine can read the secrets in it: chmod 600 it, or write"
                ' them into files of their own, as in password_file = "…"'
            )

    def _about(self, application: ApplicationSettings) -> Iterator[str]:
        yield from application.remarks()
        yield from application.open_secrets()
        yield from self._above_the_program(application)
        if self.http.is_exposed and application.is_closed:
            yield (
                "auth_token: nobody may ask for its calls by REST before it and account_sid are set"
            )

    def _of_capture(self) -> Iterator[str]:
        if self.capture is not None:
            yield from (f"capture.{remark}" for remark in self.capture.remarks())

    def _above_the_program(self, application: ApplicationSettings) -> Iterator[str]:
        """Yield the limits of an application that can never be reached."""
        for key in ("max_calls", "max_transfers"):
            most = getattr(self.limits, key)
            if key in application.model_fields_set and getattr(application, key) > most:
                yield f"{key}: is above limits.{key}, so that one holds: {most}"


def _double(names: list[str]) -> str:
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))


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
    settings._open_to_others = bool(path and _has_secrets(values) and is_open(path))  # noqa: SLF001 - the same
    return settings


def _has_secrets(values: object) -> bool:
    """Tell whether a secret stands in what a configuration file holds."""
    if isinstance(values, dict):
        return any(name in _SECRETS and each for name, each in values.items()) or any(
            map(_has_secrets, values.values())
        )
    return isinstance(values, list) and any(map(_has_secrets, values))


_SECRETS: Final = frozenset(
    name for section in (Ari, Capture, Http, ApplicationSettings) for name in section.secrets()
)


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
