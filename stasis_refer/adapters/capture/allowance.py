"""How many packets a second are looked into, so that a flood does not hold the calls up."""

from collections import OrderedDict
from typing import Final

from stasis_refer.adapters.capture.datagrams import Address

_TRUSTED: Final = 64
"""Senders with an allowance of their own; who was silent longest goes first."""


class _Bucket:
    """As many packets as one second may have, at once or one by one."""

    __slots__ = ("_at", "_left")

    def __init__(self, rate: float, now: float) -> None:
        self._left, self._at = rate, now

    def take(self, rate: float, now: float) -> bool:
        left = min(rate, self._left + (now - self._at) * rate)
        self._at = now
        self._left = left - 1.0 if left >= 1.0 else left
        return left >= 1.0


class Allowance:
    """Packets a second: each sender that is trusted has them to itself, all others share them.

    A sender is address and port: Asterisk keeps one socket for as long as it runs. So a stranger
    of the same machine does not use up what Asterisk needs. Times are in seconds.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._strangers = _Bucket(rate, 0.0)
        self._trusted: OrderedDict[Address, _Bucket] = OrderedDict()

    def take(self, sender: Address, now: float) -> bool:
        """Tell whether one more packet of a sender may be looked into."""
        return self._trusted.get(sender, self._strangers).take(self._rate, now)

    def trust(self, sender: Address, now: float) -> None:
        """Take in that a sender knows the password."""
        if sender in self._trusted:
            self._trusted.move_to_end(sender)
            return
        self._trusted[sender] = _Bucket(self._rate, now)
        if len(self._trusted) > _TRUSTED:
            self._trusted.popitem(last=False)
