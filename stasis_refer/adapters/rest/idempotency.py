"""Requests that are made again with the same Idempotency-Key are carried out once."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from stasis_refer.adapters.rest.endpoints import Answer, HeaderField
from stasis_refer.adapters.rest.problems import INVALID, Problem, invalid

KEPT_FOR: Final = 24 * 3600.0  # seconds
MOST_KEPT: Final = 10_000
_KEY: Final = re.compile("[!-~]{1,255}")
IDEMPOTENCY_KEY: Final = HeaderField(
    "Idempotency-Key",
    "A text of your choice, 255 characters of ASCII without blanks at most. A request with the key"
    " of an earlier one that was carried out is answered as that was, and nothing is done twice."
    " Keys are kept for 24 hours, the last 10,000 of them, and not behind a restart.",
    f"^{_KEY.pattern}$",
)

_CONFLICT: Final = 409


@dataclass(slots=True)
class _Kept:
    """A request, and its answer; None while there is none."""

    asked: bytes
    at: float
    answer: Answer | None = None


class Answers:
    """The answers to requests that had a key. ``clock`` is in seconds.

    They are kept in memory: what is asked again behind a restart is carried out again, where the
    call is still live and no transfer to the same target is under way.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST_KEPT) -> None:
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # in the order of time

    async def once(
        self,
        keys: Sequence[str],
        path: str,
        asked: BaseModel,
        carry_out: Callable[[], Awaitable[Answer]],
    ) -> Answer:
        """Carry out a request unless one with its key was; ``keys`` are all that it gave.

        A refusal is not kept: nothing was done, and the same may be asked again. Raises Problem
        for a key that was given to another request, and while the first one is under way.
        """
        if not keys:
            return await carry_out()
        key = _only(keys)
        fingerprint = _fingerprint(path, asked)
        if found := self._find(key):
            return _again(found, fingerprint)
        kept = self._kept[key] = _Kept(fingerprint, self._clock())
        try:
            kept.answer = await carry_out()
        finally:
            if kept.answer is None and self._kept.get(key) is kept:
                del self._kept[key]
        return kept.answer

    def _find(self, key: str) -> _Kept | None:
        self._forget()
        return self._kept.get(key)

    def _forget(self) -> None:
        """Forget what is too old, and the oldest of too many."""
        latest = self._clock() - KEPT_FOR
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if oldest.at > latest and len(self._kept) < self._most:
                break
            self._kept.popitem(last=False)


def _only(keys: Sequence[str]) -> str:
    if len(keys) > 1:
        raise invalid("It is there more than once: give it once.", IDEMPOTENCY_KEY.name)
    if not _KEY.fullmatch(keys[0]):
        message = "It has to have 1 to 255 characters of ASCII, and no blanks: make it a UUID."
        raise invalid(message, IDEMPOTENCY_KEY.name)
    return keys[0]


def _fingerprint(path: str, asked: BaseModel) -> bytes:
    return hashlib.sha256(f"{path}\n{asked!r}".encode()).digest()


def _again(kept: _Kept, fingerprint: bytes) -> Answer:
    if kept.asked != fingerprint:
        message = "This key was given to another request before: use a new one for this."
        raise Problem(INVALID, "key_reused", message, IDEMPOTENCY_KEY.name)
    if kept.answer is None:
        message = "The request with this key is being carried out: ask again in a moment."
        headers = {"Retry-After": "1"}
        raise Problem(_CONFLICT, "in_progress", message, IDEMPOTENCY_KEY.name, headers)
    return kept.answer
