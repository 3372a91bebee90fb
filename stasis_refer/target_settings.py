"""``[targets]``: who may be transferred to, or called."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from stasis_refer.adapters.metrics.board import OTHER
from stasis_refer.adapters.metrics.transfers import NO_GROUP
from stasis_refer.core import hosts, targets
from stasis_refer.core import rules as core
from stasis_refer.core.numbers import without_separators
from stasis_refer.core.policy import DEFAULT_GROUP
from stasis_refer.core.targets import user_pattern
from stasis_refer.section import Section
from stasis_refer.setting_types import Count, Name, Rule, Whole


def _rule_name(text: str) -> str:
    if text in {OTHER, NO_GROUP, DEFAULT_GROUP}:
        raise ValueError(f'"{text}" means something else in metrics: choose another name')
    return text


def _group(text: str) -> str:
    return text if text == DEFAULT_GROUP else _rule_name(text)


def _prefix(text: str) -> str:
    number = without_separators(text)
    if not (number.startswith("+") and number[1:].isascii() and number[1:].isdecimal()):
        raise ValueError(
            'is no prefix of global numbers: write its + and digits, as "+49900", and no more'
        )
    return number


def _some(values: tuple[object, ...]) -> tuple[object, ...]:
    if not values:
        raise ValueError("is empty: fill it in, or leave it out, then it fits every target")
    return values


_Some: Final = AfterValidator(_some)
_Scheme = Literal["sip", "sips", "tel"]
_Host = Annotated[str, AfterValidator(hosts.canonical)]
_User = Annotated[str, AfterValidator(user_pattern)]
_Prefix = Annotated[str, AfterValidator(_prefix)]
_Port = Annotated[Whole, Field(ge=1, le=65535)]


class QuotaSettings(Section):
    """How many transfers may be asked for in any stretch of ``window`` seconds."""

    limit: Count
    window: Annotated[float, Field(gt=0, le=2_678_400)]

    def quota(self) -> core.Quota:
        """Return what the core is told of it."""
        return core.Quota(self.limit, self.window)


class RuleSettings(Section):
    """One rule; a condition that is left out fits every target."""

    name: Annotated[Name, AfterValidator(_rule_name)]
    action: Literal["allow", "deny"]
    schemes: Annotated[tuple[_Scheme, ...] | None, _Some] = None
    hosts: Annotated[tuple[_Host, ...] | None, _Some] = None
    users: Annotated[tuple[_User, ...] | None, _Some] = None
    prefixes: Annotated[tuple[_Prefix, ...] | None, _Some] = None
    ports: Annotated[tuple[_Port, ...] | None, _Some] = None
    group: Annotated[Name, AfterValidator(_group)] | None = None
    quota: QuotaSettings | None = None

    def rule(self) -> core.Rule:
        """Return what the core is told of it."""
        return core.Rule(
            self.name,
            core.Action(self.action),
            self.schemes or (),
            self.hosts or (),
            self.users or (),
            self.prefixes or (),
            self.ports or (),
            self.group or self.name,
            self.quota.quota() if self.quota else None,
        )


class Targets(Section):
    """Who may be transferred to: rules, the first that fits decides, and what else is allowed."""

    allow: tuple[Rule, ...] = ()
    rules: tuple[RuleSettings, ...] = ()

    def ordered(self) -> tuple[core.Rule, ...]:
        """Return the rules as the core knows them."""
        return tuple(each.rule() for each in self.rules)

    def patterns(self) -> tuple[targets.TargetRule, ...]:
        """Return what else is allowed as the core knows it."""
        return tuple(targets.parse_rule(pattern) for pattern in self.allow)
