"""What is written to applications: intents as letters, in the words of their dialects.

A letter's token is made of what it is about: one that is written again after a restart of the
program carries the same, so that its reader can know it.
"""

import hashlib
from collections.abc import Callable, Mapping

from stasis_refer.core.abouts import Transferred
from stasis_refer.core.application import Application
from stasis_refer.core.call import Call
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell
from stasis_refer.dialects.dialect import Dialect, Letter
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.ports import Parcel


class Letters:
    """Writes letters; ``wall`` is in seconds since 1970."""

    def __init__(self, dialects: Mapping[str, Dialect], wall: Callable[[], float]) -> None:
        self._dialects = dialects
        self._wall = wall

    def request(self, call: Call, info: CallInfo, fetch: Fetch) -> Letter:
        """Return what asks for a document."""
        token = _of_transfer(call.key, fetch) or _token(call.key, "fetch", fetch.number)
        return self._letter(call.application, info, fetch, self._wall(), token)

    def parcels(self, entry: Entry) -> list[Parcel]:
        """Return what applications are told after a step, in its order."""
        return [
            self._parcel(entry, number, intent)
            for number, intent in enumerate(entry.intents)
            if isinstance(intent, Tell)
        ]

    def owed(self, key: str, application: Application, info: CallInfo, tell: Tell) -> Parcel:
        """Return what tells how a transfer ended, of a call that is not there any more.

        ``info`` is of the party that was transferred, ``tell.about`` is ``Transferred``.
        """
        now, token = self._wall(), _of_transfer(key, tell)
        letter = self._letter(application, info, tell, now, token)
        return Parcel(key, application.name, application.dialect, tell.kind, letter, now)

    def _parcel(self, entry: Entry, number: int, tell: Tell) -> Parcel:
        call, now = entry.call, self._wall()
        application, about = tell.by or call.application, tell.of or call.info
        token = _of_transfer(call.key, tell) or _token(call.key, "step", entry.seq, number)
        letter = self._letter(application, about, tell, now, token)
        # The same key whoever it is about: what is told of one conversation keeps its order.
        return Parcel(call.key, application.name, application.dialect, tell.kind, letter, now)

    def _letter(
        self, application: Application, info: CallInfo, intent: Fetch | Tell, now: float, token: str
    ) -> Letter:
        fields = self._dialects[application.dialect].fields(intent, info, application, now)
        return Letter(intent.callback, token, fields)


def _of_transfer(call: str, intent: Fetch | Tell) -> str:
    """Return the token of what tells how a transfer ended, '' of all else.

    It is told once: by its call, or where that is lost without it.
    """
    match intent.about:
        case Transferred(number=number):
            return _token(call, "transfer", number)
        case _:
            return ""


def _token(*names: str | int) -> str:
    """Return 32 hexadecimal digits that stand for these names."""
    text = "-".join(map(str, names))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
