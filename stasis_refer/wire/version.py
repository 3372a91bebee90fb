"""Asterisk's versions, and what came with which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


class BadVersion(ValueError):
    """A text that is no version of Asterisk's."""


@dataclass(frozen=True, slots=True)
class Version:
    """An Asterisk version such as 22.10.1 by its first two numbers."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def has(self, since: Mapping[int, int]) -> bool:
        """Whether a feature that came with these minor versions, per branch, is here."""
        newest = max(since)
        return self.major > newest or self.minor >= since.get(self.major, 1 << 30)


REST_OVER_WEBSOCKET: Final = {20: 14, 21: 9, 22: 4}
MANY_VARIABLES: Final = {20: 20, 22: 10, 23: 4}
REFER_SURVIVED: Final = {20: 16, 21: 11, 22: 6}
"""A REFER that is left to us no longer crashes it when the call goes (asterisk#1467)."""

REFER_SUB_SURVIVED: Final = {20: 21, 22: 11, 23: 5}
"""Nor does one with ``Refer-Sub: false`` (asterisk#2021)."""

SUPPORTED: Final = {20: 13, 21: 8, 22: 3}
RECOMMENDED: Final = {20: 20, 22: 10, 23: 4}


def read(text: str) -> Version:
    """Read a version string such as ``22.10.1+dfsg``; raises BadVersion."""
    numbers = text.removeprefix("Asterisk ").replace("-", ".").split(".")
    try:
        return Version(int(numbers[0]), int(numbers[1]))
    except (IndexError, ValueError) as wrong:
        raise BadVersion(f"{text!r} is no Asterisk version") from wrong
