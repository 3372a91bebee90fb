"""What a target may be taken for: surely, where it is to be allowed; possibly, where denied.

A rule that allows has to fit what a URI says. A rule that denies has to fit whatever somebody on
the way may make of it: other escaping, other case, a number dialed with ``00``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
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
    contexts = said.get("phone-context", {""})
    users = _users(target.number if isinstance(target, TelUri) else target.user or "")
    ways = product(users, contexts)
    found = {each for user, context in ways for each in numbers.possible_numbers(user, context)}
    if isinstance(target, TelUri):
        return _reading({"tel"}, map(hosts.plain, contexts), users, found, ())
    schemes = set(SCHEMES[target.scheme])
    if "phone" in said.get("user", ()):
        schemes.add("tel")  # RFC 3261, 19.1.6
    host = hosts.plain(target.host)
    ports = _PORTS[target.scheme].union(*map(_ports_of, said.get("transport", ())))
    if target.port is not None:
        ports = frozenset({target.port})
    return _reading(schemes, {host, *hosts.addresses_in(host)}, users, found, ports)


def _ports_of(transport: str) -> frozenset[int]:
    return _PORTS.get(transport, frozenset())


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


def parameters(target: Uri) -> dict[str, set[str]]:
    """Return the parameters of a URI, those within its user part too, levelled, by name.

    A telephone number in a SIP URI has its own there (RFC 3261, 19.1.6). One that is said in both
    places, or twice, has several values: which of them counts is for somebody else to say.
    """
    pairs = [(name, value or "") for name, value in target.params]
    if isinstance(target, SipUri):
        within = levelled(target.user or "").split(";")[1:]
        pairs += [(name, value) for name, _, value in (each.partition("=") for each in within)]
    found: dict[str, set[str]] = {}
    for name, value in pairs:
        found.setdefault(levelled(name), set()).add(levelled(value))
    return found


def _users(text: str) -> set[str]:
    level = levelled(text)
    # Whoever decodes it before it is read takes an escaped mark for the end of the user.
    found = {level, *(level.partition(mark)[0] for mark in ";:@")}
    # In a name separators tell one from another.
    dialed = {each for each in map(numbers.without_separators, found) if not _has_letters(each)}
    return found | dialed


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


SCHEMES: Final = {"sip": {"sip"}, "sips": {"sip", "sips"}}
"""The schemes of the rules that fit a URI's: who may be called may be called securely."""

_PORTS: Final[Mapping[str, frozenset[int]]] = {
    "sip": frozenset({5060}),
    "sips": frozenset({5061}),
    "tls": frozenset({5061}),
    "ws": frozenset({80, 443}),
    "wss": frozenset({443}),
}
"""Where a call goes that names no port, by scheme and by transport (RFC 3261, 19.1.2; 7118, 4)."""
