"""What one call knows of the quotas that its transfers use up, and what it has used itself.

Quotas are counted for all calls together, outside. A call is told what is left of them before it
hears of anything else, so that it decides by itself, and tells what it took.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeAlias

from stasis_refer.core.application import Application
from stasis_refer.core.rules import Counted, Scope

Key: TypeAlias = tuple[Scope, str]
"""Whose quota it is: the scope and the name in ``Counted``."""

PLENTY: Final = 5_000
"""More than any step of a call can use: a quota with so many left is not told."""


@dataclass(frozen=True, slots=True)
class QuotasTold:
    """How many uses of quotas are left; of those that are not named there is plenty."""

    left: tuple[tuple[Scope, str, int], ...] = ()


class Allowance:
    """What is left of the quotas of one application, as far as its call was told."""

    __slots__ = ("_left", "quotas")

    def __init__(self, application: Application) -> None:
        of_rules = chain.from_iterable(rule.counted for rule in application.rules)
        self.quotas = (*of_rules, *application.counted)
        unused = ((key_of(each), each.quota.limit) for each in self.quotas)
        self._left = {key: limit for key, limit in unused if limit < PLENTY}

    @property
    def known(self) -> QuotasTold:
        """What was told, less what was taken since."""
        return QuotasTold(tuple((*key, uses) for key, uses in self._left.items()))

    def hear(self, told: QuotasTold) -> None:
        """Take in what is left."""
        self._left = {(scope, name): uses for scope, name, uses in told.left}

    def used_up(self, counted: Iterable[Counted]) -> Counted | None:
        """Return the first of these quotas that has no use left, None where all have."""
        return next((each for each in counted if self._left.get(key_of(each), 1) <= 0), None)

    def take(self, counted: Iterable[Counted]) -> None:
        """Use each of these quotas once."""
        for key in map(key_of, counted):
            if key in self._left:
                self._left[key] -= 1


def key_of(counted: Counted) -> Key:
    """Return whose quota it is."""
    return counted.scope, counted.name
