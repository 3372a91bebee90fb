"""What a rule of the target policy says: its conditions, what it decides, its quota."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a rule decides on the targets that it fits."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``limit`` transfers in any ``window`` of seconds."""

    limit: int
    window: float

    def __str__(self) -> str:
        return f"{self.limit} transfers in {self.window:.10g} seconds"


class Scope(StrEnum):
    """Whose transfers a quota counts together."""

    RULE = "rule"  # all that the rule allows, of every application
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Counted:
    """A quota that an allowed transfer uses up; ``name`` is the rule's or the application's."""

    scope: Scope
    name: str
    quota: Quota


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; a condition that is left out fits every target, and all that are given have to.

    ``schemes``: ``sip`` fits ``sips`` too. ``hosts``: a name, ``.example.com`` for all names below
    one, an address or a network of addresses; as ``hosts.canonical`` writes them. ``users``:
    percent-encoded as in a URI, ``*`` stands for any run of characters; of ``tel:`` the user is the
    number. ``prefixes``: the first digits of a global number, each with its ``+``. ``ports``: fit
    targets that name one. ``group`` is what its targets are counted under.
    """

    name: str
    action: Action
    schemes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    group: str = ""
    quota: Quota | None = None

    @property
    def counted(self) -> tuple[Counted, ...]:
        """What each transfer that it allows uses up."""
        return () if self.quota is None else (Counted(Scope.RULE, self.name, self.quota),)
