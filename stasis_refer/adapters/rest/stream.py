"""``/v1/transfers/stream``: transfers as they change, as Server-Sent Events.

The format is that of the HTML standard, 9.2.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from stasis_refer.adapters.rest.endpoints import Endpoint, Good
from stasis_refer.adapters.rest.models import Missed, TransferModel
from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.adapters.rest.queries import Nothing
from stasis_refer.runtime.book import TransferRecord
from stasis_refer.runtime.feed import Feed, Lost, Subscription

MOST_CLIENTS: Final = 20
STREAM_LIMIT: Final = "http_streams"
"""What ``on_limit`` is told: a value of the metric label ``limit``."""

HEARTBEAT: Final = 15.0  # seconds of silence
PATIENCE: Final = 30.0  # seconds that a client may take nothing
_LOOK_EVERY: Final = 0.5  # seconds, for whether a silent client is still there

_TOO_MANY: Final = 429
_OPENING: Final = b"retry: 3000\n\n"
_BEAT: Final = b": still there\n\n"
_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}
_READ_AGAIN: Final = (
    "Changes were missed: GET /v1/transfers for what began meanwhile, and each transfer that you"
    " know to be open."
)


class Stream:
    """Sends the feed to each client, at its pace; ``heartbeat`` is in seconds.

    It ends when the feed is closed, and for a client when ``still_in`` says no of its request.
    """

    def __init__(
        self,
        feed: Feed,
        on_limit: Callable[[str], None] = lambda _: None,
        *,
        still_in: Callable[[web.Request], bool] = lambda _: True,
        heartbeat: float = HEARTBEAT,
        most_clients: int = MOST_CLIENTS,
    ) -> None:
        self._feed = feed
        self._on_limit = on_limit
        self._still_in = still_in
        self._heartbeat = heartbeat
        self._most_clients = most_clients
        self._clients = 0

    @property
    def endpoints(self) -> tuple[Endpoint[Any], ...]:
        """The part of the table that is answered here."""
        return (
            Endpoint(
                "GET",
                "/v1/transfers/stream",
                "streamTransfers",
                "Transfers as they change, as Server-Sent Events.",
                Nothing,
                self._watch,
                Good(_DESCRIPTION, content_type="text/event-stream"),
                browser=True,
            ),
        )

    async def _watch(self, request: web.Request, _: Nothing) -> web.StreamResponse:
        asks_only = request.method == "HEAD"
        if self._clients >= self._most_clients:
            if not asks_only:
                self._on_limit(STREAM_LIMIT)
            message = f"{self._most_clients} clients watch already, the most there may be."
            headers = {"Retry-After": "30"}
            raise Problem(_TOO_MANY, "too_many_streams", message, headers=headers)
        if asks_only:
            return web.Response(headers=_HEADERS)
        self._clients += 1
        try:
            with self._feed.subscribe() as changes:
                return await self._send(request, changes)
        finally:
            self._clients -= 1

    async def _send(self, request: web.Request, changes: Subscription) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        again = "Last-Event-ID" in request.headers
        text = _OPENING + (_missed(None) if again else b"")
        try:
            while text and self._still_in(request):
                async with asyncio.timeout(PATIENCE):
                    await response.write(text)
                text = await self._next(request, changes)
        except (ConnectionResetError, TimeoutError):
            response.force_close()  # nobody is there who would read the end
        return response

    async def _next(self, request: web.Request, changes: Subscription) -> bytes:
        """Return what is to be sent next, b"" at the end.

        Raises ConnectionResetError when the client is gone.
        """
        clock = asyncio.get_running_loop().time
        beat = clock() + self._heartbeat
        while (left := beat - clock()) > 0:
            try:
                async with asyncio.timeout(min(left, _LOOK_EVERY)):
                    return _event(await anext(changes))
            except TimeoutError:
                _there(request)
                if not self._still_in(request):
                    return b""
            except StopAsyncIteration:
                return b""
        return _BEAT


_DESCRIPTION: Final = (
    "Each event `transfer` has a Transfer as it stands now: when it begins, is accepted, rings,"
    " and ends; and once more if the ledger could not be written before. An event `missed` tells"
    " that some were left out: for a client that was too slow, or that comes back (Last-Event-ID)."
    " A comment comes every 15 seconds of silence."
)


def _there(request: web.Request) -> None:
    if request.transport is None or request.transport.is_closing():
        raise ConnectionResetError


def _event(change: TransferRecord | Lost) -> bytes:
    if isinstance(change, Lost):
        return _missed(change.count)
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    data = TransferModel.model_validate(change).model_dump_json()
    return f"event: transfer\nid: {at}\ndata: {data}\n\n".encode()


def _missed(count: int | None) -> bytes:
    data = Missed(count=count, message=_READ_AGAIN).model_dump_json()
    return f"event: missed\ndata: {data}\n\n".encode()
