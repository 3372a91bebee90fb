"""The part of a call's machine that collects digits."""

from dataclasses import replace

from stasis_refer.core.abouts import Gathered
from stasis_refer.core.activity import Gathering
from stasis_refer.core.events import DigitPressed, PlaybackEnded
from stasis_refer.core.intents import Intent, StartPlayback
from stasis_refer.core.playing import Listening
from stasis_refer.core.verbs import Gather, Pause, Play, Source


class DigitTaking(Listening):
    """A call whose caller can be asked for digits."""

    def _gather(self, verb: Gather, now: float) -> list[Intent]:
        if self.lead.answered_at is None:
            return self._answer_for(verb, now)
        if verb.prompts and self._holds_up(verb, now):
            return []
        return self._prompt(Gathering(verb, verb.prompts, verb.rounds), now)

    def _prompt(self, gathering: Gathering, now: float) -> list[Intent]:
        """Give the first prompt of those left; without one, wait for the first digit."""
        match gathering.rest:
            case ():
                deadline = now + gathering.verb.first_timeout
                self._activity = replace(gathering, name="", deadline=deadline)
            case (Pause(seconds), *_):
                deadline = now + seconds
                self._activity = replace(gathering, name="", deadline=deadline)
            case (Play(source, times), *_):
                return self._prompt_once(replace(gathering, left=times or None), source)
            case _:
                pass
        return []

    def _prompt_once(self, gathering: Gathering, source: Source) -> list[Intent]:
        name = self._new_playback()
        self._activity = replace(gathering, name=name, deadline=None)
        return [StartPlayback(name, source)]

    def _prompted(self, gathering: Gathering, ended: PlaybackEnded, now: float) -> list[Intent]:
        play = gathering.rest[0] if gathering.rest else None
        if gathering.name != ended.playback or not isinstance(play, Play):
            return []
        if ended.ok:
            self._program.took_time()
        left = None if gathering.left is None else gathering.left - 1
        if left == 0 or not ended.ok:
            return self._prompt(replace(gathering, rest=gathering.rest[1:]), now)
        return self._prompt_once(replace(gathering, left=left), play.source)

    def _digit(self, pressed: DigitPressed, now: float) -> list[Intent]:
        gathering = self._activity
        if not isinstance(gathering, Gathering):
            return []
        self._program.took_time()
        stop, verb = self._stop_playback(), gathering.verb
        if pressed.digit in verb.finish_on:
            return [*stop, *self._gathered(gathering, now, pressed.digit)]
        digits = gathering.digits + pressed.digit
        gathering = replace(gathering, rest=(), digits=digits, name="")
        if len(digits) == verb.most:
            return [*stop, *self._gathered(gathering, now)]
        self._activity = replace(gathering, deadline=now + verb.next_timeout)
        return stop

    def _gathered_nothing_yet(self, gathering: Gathering, now: float) -> list[Intent]:
        """Take in that a pause between prompts, or the time for a digit, is over."""
        verb = gathering.verb
        if verb.first_timeout > 0:
            self._program.took_time()
        if gathering.rest:
            return self._prompt(replace(gathering, rest=gathering.rest[1:]), now)
        if not gathering.digits and gathering.rounds > 1:
            return self._prompt(Gathering(verb, verb.prompts, gathering.rounds - 1), now)
        return self._gathered(gathering, now)

    def _gathered(self, gathering: Gathering, now: float, finished_by: str = "") -> list[Intent]:
        verb, digits = gathering.verb, gathering.digits
        if len(digits) < verb.fewest and not finished_by:
            digits = ""
        if len(digits) < verb.fewest and not verb.tell_empty:
            return self._next(now)
        about = Gathered(digits, finished_by, verb.name)
        return self._request_action(verb.action, about, now, or_go_on=verb.or_go_on)
