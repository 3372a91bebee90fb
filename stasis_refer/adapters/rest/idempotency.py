"""Requests that are made again with the same Idempotency-Key are carried out once."""

import hashlib
import hmac
import re
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from pydantic import BaseModel

from stasis_refer.adapters.rest.endpoints import HeaderField
from stasis_refer.adapters.rest.problems import INVALID, Problem, invalid
from stasis_refer.core.orders import Refusal
from stasis_refer.runtime.keys import KEPT_FOR, MOST_KEPT, KeyStore
from stasis_refer.runtime.ports import StoreError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_KEY: Final = re.compile("[!-~]{1,255}")
IDEMPOTENCY_KEY: Final = HeaderField(
    "Idempotency-Key",
    "A text of your choice, 255 characters of ASCII without blanks at most. A request with the key"
    " of an earlier one that was carried out is answered as that was, and nothing is done twice."
    " Keys are kept for 24 hours, the last 10,000 of them, behind a restart too.",
    f"^{_KEY.pattern}$",
)

_CONFLICT: Final = 409
_UNDER_WAY: Final = None
_UNKNOWN: Final = ""


@dataclass(slots=True)
class _Kept:
    """A request, and what it began: ``_UNDER_WAY``, ``_UNKNOWN``, or the id of a transfer."""

    asked: str
    at: float
    began: str | None = _UNDER_WAY


class Answers:
    """What requests that had a key have begun. ``clock`` is in seconds.

    They are kept in memory and in ``store``, from before they are carried out: one that the
    program was ended in the middle of is not carried out again. Where the store cannot be
    written, they are kept in memory alone, and the log says so.
    """

    def __init__(self, clock: Callable[[], float], store: KeyStore, most: int = MOST_KEPT) -> None:
        self._clock = clock
        self._store = store
        self._most = most
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # by digest, in the order of time
        self._refused: deque[str] = deque(maxlen=most)  # that the store could not forget

    async def once(
        self,
        keys: Sequence[str],
        path: str,
        asked: BaseModel,
        carry_out: Callable[[], Awaitable[str]],
    ) -> str:
        """Carry out a request unless one with its key was; what it began, or had begun.

        ``keys`` are all that it gave. A refusal is not kept: nothing was done, and the same may be
        asked again. Raises Problem for a key that was given to another request, while the first
        one is under way, and where it is not known what came of that; StoreError.
        """
        if not keys:
            return await carry_out()
        key = _only(keys)
        name, fingerprint = _digest(key), _fingerprint(key, path, asked)
        if found := self._find(name):
            return _again(found, fingerprint)
        kept = self._kept[name] = _Kept(fingerprint, self._clock())
        if self._try(lambda: self._store.keep(name, fingerprint)) and name in self._refused:
            self._refused.remove(name)
        try:
            began = kept.began = await carry_out()
        except Problem as problem:
            if problem.kind == Refusal.UNDECIDED:
                kept.began = _UNKNOWN
            else:
                self._forget(name, kept)
            raise
        except Exception:
            self._forget(name, kept)
            raise
        except BaseException:  # who asked is gone, or we are: it may come to be all the same
            kept.began = _UNKNOWN
            raise
        self._try(lambda: self._store.keep(name, fingerprint, began))
        return began

    def _find(self, name: str) -> _Kept | None:
        self._forget_old()
        if found := self._kept.get(name):
            return found
        stored = None if name in self._refused else self._store.find(name)
        if stored is None:
            return None
        return _Kept(stored.fingerprint, self._clock(), stored.began)

    def _forget(self, name: str, kept: _Kept) -> None:
        if self._kept.get(name) is kept:
            del self._kept[name]
        if not self._try(lambda: self._store.forget(name)):
            self._refused.append(name)

    def _forget_old(self) -> None:
        """Forget what is too old, and the oldest of too many."""
        latest = self._clock() - KEPT_FOR
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if oldest.at > latest and len(self._kept) < self._most:
                break
            self._kept.popitem(last=False)

    @staticmethod
    def _try(write: Callable[[], None]) -> bool:
        try:
            write()
        except StoreError as error:
            log.warning("an Idempotency-Key cannot be kept behind a restart", why=str(error))
            return False
        return True


def _only(keys: Sequence[str]) -> str:
    if len(keys) > 1:
        raise invalid("It is there more than once: give it once.", IDEMPOTENCY_KEY.name)
    if not _KEY.fullmatch(keys[0]):
        message = "It has to have 1 to 255 characters of ASCII, and no blanks: make it a UUID."
        raise invalid(message, IDEMPOTENCY_KEY.name)
    return keys[0]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _fingerprint(key: str, path: str, asked: BaseModel) -> str:
    # Keyed: a number could be found out from a digest of it alone.
    return hmac.digest(key.encode(), f"{path}\n{asked!r}".encode(), "sha256").hex()


def _again(kept: _Kept, fingerprint: str) -> str:
    if kept.asked != fingerprint:
        message = "This key was given to another request before: use a new one for this."
        raise Problem(INVALID, "key_reused", message, IDEMPOTENCY_KEY.name)
    if kept.began is _UNDER_WAY:
        message = "The request with this key is being carried out: ask again in a moment."
        headers = {"Retry-After": "1"}
        raise Problem(_CONFLICT, "in_progress", message, IDEMPOTENCY_KEY.name, headers)
    if kept.began == _UNKNOWN:
        message = (
            "It is not known whether the request with this key was carried out: GET"
            " /v1/transfers?call= tells. To ask again, use a new key."
        )
        raise Problem(_CONFLICT, Refusal.UNDECIDED.value, message, IDEMPOTENCY_KEY.name)
    return kept.began
