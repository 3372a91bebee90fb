"""Who has logged in with a browser: a navigation cannot send a Bearer token, a cookie can."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from aiohttp import web

COOKIE: Final = "stasis_refer_session"
MOST_SESSIONS: Final = 100
"""Sessions that are kept; for one more the oldest ends."""

LASTS: Final = 12 * 3600.0
"""Seconds from the login to when it is asked for again."""


class Sessions:
    """The sessions of the operator's browsers, in memory: none outlives the program.

    ``clock`` is in seconds. ``secure``: browsers are to send the cookie over TLS alone. Of an id
    only a digest is kept, so how long it takes to look for one tells nothing of those there are.
    """

    def __init__(self, clock: Callable[[], float], *, secure: bool = False) -> None:
        self._clock = clock
        self._secure = secure
        self._ends: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ends)

    def begin(self, response: web.Response) -> None:
        """Begin a session, whose cookie is set with the response."""
        id_ = secrets.token_urlsafe(32)
        self._ends[_digest(id_)] = self._clock() + LASTS
        if len(self._ends) > MOST_SESSIONS:
            self._ends.popitem(last=False)
        response.set_cookie(
            COOKIE,
            id_,
            max_age=round(LASTS),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Strict",
        )

    def holds(self, request: web.BaseRequest) -> bool:
        """Tell whether a request is part of a session."""
        digest = _digest(request.cookies.get(COOKIE, ""))
        if self._ends.get(digest, 0.0) > self._clock():
            return True
        self._ends.pop(digest, None)
        return False

    def end(self, request: web.BaseRequest, response: web.Response) -> None:
        """End the session that a request is part of, if it is."""
        self._ends.pop(_digest(request.cookies.get(COOKIE, "")), None)
        response.del_cookie(COOKIE, path="/", secure=self._secure, httponly=True, samesite="Strict")


def _digest(id_: str) -> bytes:
    return hashlib.sha256(id_.encode("utf-8", "surrogateescape")).digest()
