"""The line of one call: what it is still told, and who waits for that."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from stasis_refer.runtime.ports import Parcel

PATIENCE: Final = 1.0  # seconds that documents wait for what is told before them


@dataclass(slots=True, eq=False)
class Line:
    """The parcels of one call that are pending, of which the oldest one is tried."""

    call: str
    numbers: list[int] = field(default_factory=list)  # in the store, the oldest first
    server: str = ""  # of the oldest
    tries: int = 0  # of the oldest
    head: Parcel | None = None  # the oldest, while its way into a slot is free
    queued: bool = False  # there was no free slot at once
    asleep: bool = False
    aside: bool = False  # of one parcel that its server does not want
    unkept: asyncio.Task[None] | None = None  # tries the newest that could not be kept
    _rest: asyncio.Future[None] | None = None  # somebody waits until it is asleep or empty
    _waited_until: float | None = None  # in the loop's time, for the oldest

    @property
    def empty(self) -> bool:
        """Whether nothing is pending any more."""
        return not self.numbers and self.unkept is None

    @property
    def fresh(self) -> bool:
        """Whether something in it can have its first try, or has it."""
        return not self.asleep and not self.tries

    def at_rest(self) -> None:
        """Tell who waits that nothing that is kept can be tried at once."""
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)
        self._rest = None

    def leave_behind(self) -> None:
        """Go from the oldest one that is kept to the next one."""
        self.numbers.pop(0)
        self.tries, self._waited_until = 0, None

    async def wait(self, *, unkept: bool) -> None:
        """Wait until nothing that is kept can be tried at once.

        With ``unkept`` also until what could not be kept was tried. Whoever waits, and how
        often: while the same one is the oldest it is for 1 s in all, from the first wait on.
        """
        ahead: list[asyncio.Future[Any]] = []
        if self.numbers and not self.asleep:
            self._rest = self._rest or asyncio.get_running_loop().create_future()
            ahead.append(self._rest)
        if unkept and self.unkept is not None:
            ahead.append(self.unkept)
        if ahead:
            now = asyncio.get_running_loop().time()
            self._waited_until = self._waited_until or now + PATIENCE
            await asyncio.wait(ahead, timeout=max(0.0, self._waited_until - now))
