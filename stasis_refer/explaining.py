"""What ``check --target`` tells: which rule of the target policy decides, and where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stasis_refer.core import uri
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.policy import NO_RULE, Allowed, Blocked, Decision, decide, decide_endpoint
from stasis_refer.core.rules import Scope
from stasis_refer.core.sent import MALFORMED, code_of
from stasis_refer.settings import Settings

ENDPOINT: Final = "PJSIP/"
"""What a target begins with that is the name of an endpoint, and no URI."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a target may be called, and lines that say why."""

    allowed: bool
    lines: tuple[str, ...]


def explain(settings: Settings, target: str, application: str = "") -> Explanation:
    """Tell which rule decides on a target of an application, or of one without rules of its own.

    The application has to be one of the configuration. A bare number is read as in a document, as
    ``tel:``.
    """
    asking = settings.application_table().get(application) or _without_rules(settings)
    if target.startswith(ENDPOINT):
        decision = decide_endpoint(asking, target.removeprefix(ENDPOINT))
        return _told(settings, decision, f"applications {application!r} endpoints")
    try:
        found = uri.parse(f"tel:{target}" if _is_number(target) else target)
    except uri.BadUri as bad:
        return Explanation(allowed=False, lines=(f"blocked, {MALFORMED}: {bad}",))
    return _told(settings, decide(asking, found), "targets.allow")


def _without_rules(settings: Settings) -> Application:
    allow, rules = settings.targets.patterns(), settings.targets.ordered()
    return Application("", "", Callback(""), targets=allow, rules=rules)


def _is_number(target: str) -> bool:
    return target[:1] in "+0123456789" and uri.is_number(target)


def _told(settings: Settings, decision: Decision, else_by: str) -> Explanation:
    match decision:
        case Allowed(rule, group):
            by = _place(settings, rule) or f"{else_by} {decision.pattern!r}".removesuffix(" ''")
            return Explanation(
                allowed=True, lines=(f"allowed by {by}, group {group}", *_quotas(decision))
            )
        case Blocked(reason, rule, group) as blocked:
            by = _place(settings, rule)
            other = "no rule allows it" if reason == NO_RULE else reason
            why = f"by {by}, group {group}" if by else other
            return Explanation(allowed=False, lines=(f"blocked, {code_of(blocked)}: {why}",))


def _place(settings: Settings, name: str) -> str:
    """Return where a rule stands in the configuration, and its name; '' where there is none."""
    places = (place for place, rule in settings.rules() if rule.name == name)
    return next((f"{place} {name!r}" for place in places), "")


def _quotas(allowed: Allowed) -> Iterator[str]:
    for each in allowed.quotas:
        whose = "the rule" if each.scope is Scope.RULE else "the application"
        yield f"quota of {whose}: {each.quota}"
