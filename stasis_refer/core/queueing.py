"""The part of a call's machine that lets the caller wait in a queue of Asterisk's."""

from dataclasses import replace
from typing import Final

from stasis_refer.core.abouts import LeftQueue, QueueResult
from stasis_refer.core.activity import Queueing
from stasis_refer.core.events import QueueLeft, QueueStatus
from stasis_refer.core.intents import Intent, JoinQueue
from stasis_refer.core.line import Line
from stasis_refer.core.verbs import Enqueue

_RESULTS: Final = {
    QueueStatus.TIMEOUT: QueueResult.TIMEOUT,
    QueueStatus.FULL: QueueResult.FULL,
    QueueStatus.JOIN_EMPTY: QueueResult.EMPTY,
    QueueStatus.LEAVE_EMPTY: QueueResult.EMPTY,
    QueueStatus.JOIN_UNAVAILABLE: QueueResult.EMPTY,
    QueueStatus.LEAVE_UNAVAILABLE: QueueResult.EMPTY,
    QueueStatus.CONTINUE: QueueResult.CONNECTED,
    QueueStatus.WITHDRAWN: QueueResult.WITHDRAWN,
    QueueStatus.UNKNOWN: QueueResult.ERROR,
}


_WAITED: Final = 1.0
"""Seconds from which on it was a wait, and no queue that turned the call away at once."""


class Waiting(Line):
    """A call that can wait in a queue."""

    def _enqueue(self, verb: Enqueue, now: float) -> list[Intent]:
        if self.lead.answered_at is None:
            return self._answer_for(verb, now)
        self._away = True
        # Nobody tells when a member takes the call: who waits has got where a REFER was to lead.
        settled = now + _WAITED if self._received is not None else None
        self._activity = Queueing(verb, now, deadline=settled)
        return [JoinQueue(verb.queue)]

    def _settled(self, queueing: Queueing, now: float) -> list[Intent]:
        """Take in that the queue has not turned the call away."""
        self._activity = replace(queueing, deadline=None)
        return self._target_reached(now)

    def _served(self, queueing: Queueing, now: float) -> list[Intent]:
        """Take in that a member has the call."""
        self._activity = replace(queueing, connected_at=now)
        return self._target_reached(now)

    def _queue_left(self, left: QueueLeft, now: float) -> list[Intent]:
        if not isinstance(self._activity, Queueing):
            return []
        self._away = False
        return self._out_of_queue(self._activity, _RESULTS[left.status], now)

    def _out_of_queue(self, queueing: Queueing, result: QueueResult, now: float) -> list[Intent]:
        verb, until = queueing.verb, queueing.connected_at
        if until is not None:
            result = QueueResult.CONNECTED
        waited = (now if until is None else until) - queueing.since
        if now - queueing.since >= _WAITED:
            self._program.took_time()
        reached = self._target_reached(now) if result is QueueResult.CONNECTED else []
        about = LeftQueue(verb.queue, result, waited)
        return [*reached, *self._request_action(verb.action, about, now)]
