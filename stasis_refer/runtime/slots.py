"""Who may send now: so many at once in all, so many to one server, few to a silent one."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

AT_ONCE: Final = 512
PER_SERVER: Final = 64
PER_SILENT_SERVER: Final = 4
"""A server that does not answer keeps a slot until its time limit: it must not have many."""
AGAIN_EVERY: Final = 4
"""Of so many slots that were waited for one goes to who tries again, though others try first."""


@dataclass(slots=True)
class _Lane:
    """One server: how many slots it has, and who waits for one."""

    silent: bool
    taken: int = 0
    first: deque[Callable[[], None]] = field(default_factory=deque)
    again: deque[Callable[[], None]] = field(default_factory=deque)
    turn: int = 0

    @property
    def has_room(self) -> bool:
        return self.taken < (PER_SILENT_SERVER if self.silent else PER_SERVER)

    @property
    def crowded(self) -> bool:
        return bool(self.first or self.again)

    def next(self) -> Callable[[], None]:
        self.turn = (self.turn + 1) % AGAIN_EVERY
        again = self.again and (not self.first or self.turn == 0)
        return (self.again if again else self.first).popleft()


class Slots:
    """Hands out slots; whoever was started has to call ``free`` when it is done."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._crowded: deque[_Lane] = deque()  # those that somebody waits for
        self._taken = 0

    def take(self, server: str, start: Callable[[], None], *, again: bool) -> None:
        """Call ``start`` now or once there is a slot.

        First tries go before later ones, which have a share all the same.
        """
        lane = self._lanes.get(server)
        if lane is None:
            # One that has to be told again did not answer before.
            lane = self._lanes[server] = _Lane(silent=again)
        if self._has_room(lane):
            self._start(lane, start)
            return
        if not lane.crowded:
            self._crowded.append(lane)
        (lane.again if again else lane.first).append(start)

    def free(self, server: str, *, silent: bool | None) -> None:
        """Give a slot back; ``silent``: the server did not answer, None: it was not asked."""
        lane = self._lanes[server]
        lane.taken -= 1
        lane.silent = lane.silent if silent is None else silent
        self._taken -= 1
        for _ in range(len(self._crowded)):
            each = self._crowded.popleft()
            while each.crowded and self._has_room(each):
                self._start(each, each.next())
            if each.crowded:
                self._crowded.append(each)
        if not lane.taken and not lane.crowded:
            del self._lanes[server]

    def _has_room(self, lane: _Lane) -> bool:
        return self._taken < AT_ONCE and lane.has_room

    def _start(self, lane: _Lane, start: Callable[[], None]) -> None:
        lane.taken += 1
        self._taken += 1
        start()
