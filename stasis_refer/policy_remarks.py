"""What is legal in the rules of the target policy, and probably not meant."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from stasis_refer.target_settings import RuleSettings

Placed: TypeAlias = tuple[str, RuleSettings]
"""A rule and its place in the configuration."""


def placed(section: str, rules: Sequence[RuleSettings]) -> tuple[Placed, ...]:
    """Return the rules of a section with their places."""
    return tuple((f"{section}.{at}", rule) for at, rule in enumerate(rules))


def useless(rules: Sequence[Placed]) -> Iterator[str]:
    """Yield what a rule says in vain, each with its place."""
    for place, rule in rules:
        if rule.action == "deny" and rule.quota is not None:
            yield f"{place}.quota: has no effect on a rule that denies"
        for key in ("hosts", "ports"):
            if set(rule.schemes or ()) == {"tel"} and getattr(rule, key) is not None:
                yield f"{place}.{key}: tel: has none, so the rule fits nothing"


def too_late(rules: Sequence[Placed]) -> Iterator[str]:
    """Yield the rules that decide on nothing, as one before them fits all that they do."""
    for at, (place, rule) in enumerate(rules):
        before = (name for name, other in rules[:at] if _covers(other, rule))
        if name := next(before, None):
            yield f"{place}: comes too late: {name} decides on all that it fits"


def _covers(rule: RuleSettings, other: RuleSettings) -> bool:
    """Tell whether a rule says no more than another one; a rule without conditions fits all."""
    return all(
        getattr(rule, key) is None or getattr(rule, key) == getattr(other, key)
        for key in _CONDITIONS
    )


_CONDITIONS: Final = ("schemes", "hosts", "users", "prefixes", "ports")
