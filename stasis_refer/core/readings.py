"""What a target may be taken for: surely, where it is to be allowed; possibly, where denied.

A rule that allows has to fit what a URI says. A rule that denies has to fit whatever somebody on
the way may make of it: other escaping, other case, a number dialed with ``00``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from stasis_refer.core import hosts, numbers
from stasis_refer.core.escapes import decoded, levelled
from stasis_refer.core.uri import SipUri, TelUri, Uri


@dataclass(frozen=True, slots=True)
class Reading:
    """What each kind of condition is compared with; ``numbers`` are global ones."""

    schemes: frozenset[str]
    hosts: frozenset[str]
    users: frozenset[str]
    numbers: frozenset[str]
    ports: frozenset[int]


def surely(target: Uri) -> Reading:
    """Return what a URI says; its user is decoded once, one character a byte."""
    if isinstance(target, TelUri):
        number = numbers.without_separators(target.number).lower()
        return _reading({"tel"}, (), {number}, {numbers.global_number(number)}, ())
    user = decoded(target.user or "")
    ports = () if target.port is None else (target.port,)
    number = numbers.global_number(user)
    return _reading(SCHEMES[target.scheme], {hosts.plain(target.host)}, {user}, {number}, ports)


def possibly(target: Uri) -> Reading:
    """Return all that a URI may be taken for."""
    said = parameters(target)
    context = said.get("phone-context", "")
    users = _users(target.number if isinstance(target, TelUri) else target.user or "")
    found = {each for user in users for each in numbers.possible_numbers(user, context)}
    if isinstance(target, TelUri):
        return _reading({"tel"}, {context.lower()}, users, found, ())
    schemes = set(SCHEMES[target.scheme])
    if said.get("user", "").lower() == "phone":
        schemes.add("tel")  # RFC 3261, 19.1.6
    host = hosts.plain(target.host)
    port = target.port or _PORTS[target.scheme]
    return _reading(schemes, {host, *hosts.addresses_in(host)}, users, found, {port})


def _reading(
    schemes: Iterable[str],
    found: Iterable[str],
    users: Iterable[str],
    global_numbers: Iterable[str],
    ports: Iterable[int],
) -> Reading:
    return Reading(
        frozenset(schemes),
        frozenset(found),
        frozenset(users),
        frozenset(global_numbers) - {""},
        frozenset(ports),
    )


def parameters(target: Uri) -> dict[str, str]:
    """Return the parameters of a URI, those within its user part too, decoded, by lower name.

    A telephone number in a SIP URI has its own there (RFC 3261, 19.1.6).
    """
    pairs = [(name, value or "") for name, value in target.params]
    if isinstance(target, SipUri):
        within = decoded(target.user or "").split(";")[1:]
        pairs += [(name, value) for name, _, value in (each.partition("=") for each in within)]
    return {decoded(name).lower(): decoded(value) for name, value in pairs}


def _users(text: str) -> set[str]:
    level = levelled(text)
    without_parameters, _, _ = level.partition(";")
    number = numbers.without_separators(without_parameters)
    # In a name they tell one from another.
    dialed = set() if any(map(str.isalpha, number)) else {number}
    return {level, without_parameters} | dialed


SCHEMES: Final = {"sip": {"sip"}, "sips": {"sip", "sips"}}
"""The schemes of the rules that fit a URI's: who may be called may be called securely."""

_PORTS: Final = {"sip": 5060, "sips": 5061}  # RFC 3261, 19.1.2
