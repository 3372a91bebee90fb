"""The part of a call's machine that lets the caller hear something, or nothing."""

from stasis_refer.core.activity import Pausing, Playing, Resuming, Ringing
from stasis_refer.core.events import PlaybackEnded
from stasis_refer.core.intents import IndicateRinging, Intent, StartPlayback
from stasis_refer.core.line import Line
from stasis_refer.core.verbs import Pause, Play, Ring, Ringback, Verb

RESUME_LIMIT = 5.0
"""Seconds the recovery document waits for the caller to take us off hold."""


class Listening(Line):
    """A call whose caller can be made to hear something."""

    def _pause(self, pause: Pause, now: float) -> list[Intent]:
        if pause.seconds > 0:
            self._program.took_time()
        self._activity = Pausing(now + pause.seconds)
        return []

    def _ring(self, ring: Ring, now: float) -> list[Intent]:
        if self.lead.answered_at is None and ring.answer:
            return self._answer_for(ring, now)
        self._program.took_time()
        deadline = now + ring.seconds
        if self.lead.answered_at is None:
            self._activity = Ringing("", deadline)
            return [IndicateRinging()]
        self._activity = Ringing(self._new_playback(), deadline)
        return [StartPlayback(self._activity.name, Ringback())]

    def _play(self, verb: Play, now: float) -> list[Intent]:
        if self.lead.answered_at is None:
            return self._answer_for(verb, now)
        if self._holds_up(verb, now):
            return []
        return self._play_once(verb, verb.times or None)

    def _holds_up(self, verb: Verb, now: float) -> bool:
        """Whether a verb has to wait because the caller, on the way back to us, would miss it."""
        if self.lead.held and self._recovering:
            self._activity = Resuming(verb, now + RESUME_LIMIT)
            return True
        self._recovering = False
        return False

    def _play_once(self, verb: Play, left: int | None) -> list[Intent]:
        self._activity = Playing(self._new_playback(), verb, left)
        return [StartPlayback(self._activity.name, verb.source)]

    def _played(self, playing: Playing, ended: PlaybackEnded, now: float) -> list[Intent]:
        if playing.name != ended.playback:
            return []
        left = None if playing.left is None else playing.left - 1
        if ended.ok:
            self._program.took_time()
        if left == 0 or not ended.ok:
            return self._next(now)
        return self._play_once(playing.verb, left)

    def _resumed(self, now: float) -> list[Intent]:
        self.lead.held = False
        if isinstance(self._activity, Resuming):
            return self._run(self._activity.verb, now)
        return []
