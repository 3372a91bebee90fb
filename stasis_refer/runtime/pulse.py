"""Whether what is asked for still comes over a connection."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

BEAT: Final = 1.0
"""Seconds from an answer, or the start, to the next beat."""

PATIENCE: Final = 3.0
"""Seconds that a beat may go unanswered."""

NAME: Final = "stasis-refer-beat-"
"""What the names of all beats begin with."""

_LOOKS: Final = 6


class Pulse:
    """Asks for something again and again, and takes in what comes.

    Each beat has a name of its own, so that neither other traffic nor a late answer to an earlier
    one stands for its answer: a connection may be open in one direction only. ``send`` may raise.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        beat: float = BEAT,
        patience: float = PATIENCE,
    ) -> None:
        self._send = send
        self._beat = beat
        self._patience = patience
        self._numbers = count(1)
        self._unanswered = ""
        self._done = False  # what it asks for, whoever gets that

    def answered(self, name: str) -> bool:
        """Take in what came; whether it is the answer to a beat, be it a late one."""
        if name == self._unanswered:
            self._unanswered = ""
        return name.startswith(NAME)

    def done(self, name: str) -> None:
        """Take in that what a beat asked for is done: it is there now, or does not come."""
        self._done = self._done or name == self._unanswered

    async def stops(self) -> None:
        """Wait until a beat is not answered in time, or cannot be sent in that time."""
        while True:
            await asyncio.sleep(self._beat)
            self._unanswered, self._done = f"{NAME}{next(self._numbers)}", False
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
            was_done = self._done
            await asyncio.sleep(self._patience / _LOOKS)
            if was_done:
                break
        return not self._unanswered
