"""Whether the far end of a connection still answers."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

BEAT: Final = 1.0
"""Seconds from an answer, or the start, to the next ping."""

PATIENCE: Final = 3.0
"""Seconds that a ping may go unanswered."""

_LOOKS: Final = 6


class Pulse:
    """Sends pings, and takes in what comes back.

    Each ping has a text of its own, so that neither other traffic nor a late answer to an earlier
    one stands for its answer: a connection may be open in one direction only. ``send`` may raise.
    """

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        beat: float = BEAT,
        patience: float = PATIENCE,
    ) -> None:
        self._send = send
        self._beat = beat
        self._patience = patience
        self._numbers = count(1)
        self._unanswered = b""

    def answered(self, text: bytes) -> None:
        """Take in the answer to a ping."""
        if text == self._unanswered:
            self._unanswered = b""

    async def stops(self) -> None:
        """Wait until a ping is not answered in time, or cannot be sent in that time."""
        while True:
            await asyncio.sleep(self._beat)
            self._unanswered = str(next(self._numbers)).encode()
            # Beside the looks: to send may take as long as the far end does not read.
            sending = asyncio.ensure_future(self._send(self._unanswered))
            try:
                if not await self._is_answered():
                    return
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _is_answered(self) -> bool:
        # Looks are counted, not seconds: where our own loop was held up, or the whole machine,
        # the answer may be there and only not be read yet.
        for _ in range(_LOOKS):
            if not self._unanswered:
                return True
            await asyncio.sleep(self._patience / _LOOKS)
        return not self._unanswered
