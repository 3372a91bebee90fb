"""The target policy: whether somebody may be transferred to or called, and which rule says so.

The rules of the application come first, then those of all, then the patterns in ``[targets]
allow``; the first that fits decides, and where none does nobody is called. A decision is made on
the parsed URI. What cannot be judged by it, as another part of it says where the call really goes,
is blocked before any rule.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypeVar
from urllib.parse import quote

from stasis_refer.core import hosts, patterns, targets
from stasis_refer.core.application import Application
from stasis_refer.core.escapes import levelled
from stasis_refer.core.outcome import Reason
from stasis_refer.core.readings import Reading, parameters, possibly, surely
from stasis_refer.core.rules import Action, Counted, Rule
from stasis_refer.core.uri import SipUri, Uri

DEFAULT_GROUP: Final = "default"
"""The group of every pattern in ``[targets] allow``, and of endpoints; the name of that rule."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who may be called; ``quotas`` are what the transfer would use up.

    ``rule`` is the name of the rule that decided, DEFAULT_GROUP for a pattern in ``[targets]
    allow``, which ``pattern`` then is.
    """

    rule: str = DEFAULT_GROUP
    group: str = DEFAULT_GROUP
    quotas: tuple[Counted, ...] = ()
    pattern: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Who may not be called; ``rule`` and ``group`` are '' where no rule decided.

    ``reason`` is a sentence for the log, with what to do; ``why`` the same in one word.
    """

    reason: str
    rule: str = ""
    group: str = ""
    why: Reason = Reason.POLICY


Decision: TypeAlias = Allowed | Blocked

AsOfNow: TypeAlias = Callable[[Decision], Decision]
"""Makes of a decision, which is for good, what holds now: quotas may be used up."""


def for_good(decision: Decision) -> Decision:
    """Return a decision as it is where nobody counts."""
    return decision


UNDECIDED: Final = Blocked("")
"""What is said of a target that no rule was asked about."""

_T = TypeVar("_T")


def decide(application: Application, target: Uri) -> Decision:
    """Tell whether an application may transfer somebody to the target, or call it."""
    if detour := _detour(target):
        return Blocked(_DETOUR.format(detour))
    if (ruled := _by_rule(application, surely(target), possibly(target))) is not None:
        return ruled
    pattern = targets.deciding_rule(application.targets, target)
    if pattern is None:
        return Blocked(NO_RULE)
    return Allowed(quotas=application.counted, pattern=pattern.text)


def decide_user(application: Application, user: str) -> Decision:
    """Tell of a target of which only the user part is known whether a rule denies it.

    Where none does it is allowed for the time being, as by no rule: who is called is judged again.
    """
    target = SipUri(scheme="sip", host="", user=quote(user))
    sure, possible = (
        replace(reading, hosts=frozenset(), ports=frozenset())
        for reading in (surely(target), possibly(target))
    )
    ruled = _by_rule(application, sure, possible)
    return ruled or Allowed(rule="", quotas=application.counted)


def decide_endpoint(application: Application, endpoint: str) -> Decision:
    """Tell whether a document of the application may name this PJSIP endpoint."""
    if not is_endpoint(endpoint):
        return Blocked(NO_NAME, why=Reason.BAD_URI)
    if not any(patterns.fits(each, endpoint) for each in application.endpoints):
        return Blocked(_NO_ENDPOINT)
    return Allowed(quotas=application.counted)


def is_endpoint(name: str) -> bool:
    """Tell whether it is a name of a PJSIP endpoint, which nothing may follow in a dial string."""
    return bool(_NAME.fullmatch(name))


def _by_rule(application: Application, sure: Reading, possible: Reading) -> Decision | None:
    """Return what the first rule decides that fits; None: none does."""
    for rule in application.rules:
        if rule.action is Action.DENY:
            if _fits(rule, possible, patterns.fits_anyhow):
                return Blocked(_DENIED.format(rule.name), rule.name, rule.group)
        elif _fits(rule, sure, patterns.fits):
            return Allowed(rule.name, rule.group, (*rule.counted, *application.counted))
    return None


def _fits(rule: Rule, reading: Reading, like: Callable[[str, str], bool]) -> bool:
    """Tell whether all conditions of a rule fit; a user that no condition is on may be any."""
    return (
        _any_of(rule.schemes, reading.schemes, str.__eq__)
        and _any_of(rule.ports, reading.ports, int.__eq__)
        and _any_of(rule.prefixes, reading.numbers, _begins)
        and _any_of(rule.hosts, reading.hosts, hosts.fits)
        and _any_of(rule.users or ("*",), reading.users, like)
    )


def _any_of(wanted: Collection[_T], found: Collection[_T], fits: Callable[[_T, _T], bool]) -> bool:
    return not wanted or any(fits(one, other) for one in wanted for other in found)


def _begins(prefix: str, number: str) -> bool:
    return number.startswith(prefix)


def _detour(target: Uri) -> str:
    """Return the parameter of a URI that leads elsewhere than to a call of whom the rest names."""
    names = {levelled(name) for name, _ in target.params} & _OF_URIS
    said = parameters(target)
    names |= said.keys() & _OF_NUMBERS
    if said.get("method", _CALL) != _CALL:
        names.add("method")  # RFC 3261, 19.1.1: of the request that the URI asks for
    return min(names, default="")


_OF_URIS: Final = frozenset({"maddr"})  # RFC 3261, 19.1.1
_OF_NUMBERS: Final = frozenset({"rn", "cic", "tgrp", "trunk-context"})  # RFC 4694, RFC 4904
_CALL: Final = {"invite"}
_DETOUR: Final = "the parameter {} leads elsewhere than to a call of the target: take it out"
_DENIED: Final = "the rule {!r} denies the target"
_NAME: Final = re.compile(r"[A-Za-z0-9._~+-]+")
NO_NAME: Final = "it is no name of a PJSIP endpoint: write letters, digits and . _ ~ + - only"
NO_RULE: Final = (
    "no rule allows the target: add one, or a pattern in [targets] allow, if it may be called;"
    " `stasis-refer check --target URI` tells which rule decides"
)
_NO_ENDPOINT: Final = (
    "the application's endpoints do not name this PJSIP endpoint: add it if its documents may call"
    " it"
)
