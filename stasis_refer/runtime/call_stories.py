"""The calls and legs of the journal, as records that grow."""

from collections.abc import Callable
from dataclasses import replace

from stasis_refer.core import masked
from stasis_refer.core.call import Call
from stasis_refer.core.handing_over import HandedOver
from stasis_refer.core.intents import CalleeRefused, HandOver
from stasis_refer.core.leg import Leg
from stasis_refer.runtime.book import CallRecord
from stasis_refer.runtime.call_records import call_record, is_over
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.stories import CallStory


class CallStories:
    """All parties of live calls; a party that is handed over goes on in its new call.

    ``changed`` is told of each whose record is another one now. ``hide``: who is who is not to
    be told.
    """

    def __init__(self, changed: Callable[[CallStory], None], *, hide: bool) -> None:
        self._changed = changed
        self._hide = hide
        self._stories: dict[str, CallStory] = {}  # by key
        self._parties: dict[str, tuple[Leg, ...]] = {}  # by the key of their call

    def note(self, entry: Entry, offset: float) -> None:
        """Take a step of a call in; ``offset`` as of ``call_record``."""
        call, at = entry.call, entry.at + offset
        before = self._parties.get(call.key)
        for intent in entry.intents:
            if isinstance(intent, CalleeRefused):
                self._not_called(call, intent, offset, at)
        alone = before == (call.lead,) and not call.legs and not call.over
        if alone and not isinstance(entry.event, HandedOver):  # as most are: no need to look on
            self._look(call, call.lead, offset, at if is_over(call, call.lead) else None)
            return
        parties = (call.lead, *call.legs.values()) if call.legs else (call.lead,)
        for leg in parties:
            self._look(call, leg, offset, at if is_over(call, leg) else None)
        for leg in self._left(entry, before or (), parties):
            self._look(call, leg, offset, at)
            self._stories.pop(leg.info.key, None)
        self._parties[call.key] = parties
        if call.over:
            for leg in self._parties.pop(call.key):
                self._stories.pop(leg.info.key, None)

    def _left(self, entry: Entry, before: tuple[Leg, ...], parties: tuple[Leg, ...]) -> list[Leg]:
        """Return who is no party any more, and none of another call."""
        there = {leg.info.key for leg in parties}
        left = [leg for leg in before if leg.gone and leg.info.key not in there]
        match entry.event:
            case HandedOver(Leg() as leg) if leg.info.key not in there:
                left.append(leg)  # nobody waited for it any more
            case _:
                pass
        for intent in entry.intents:
            match intent:
                case HandOver(to, Leg() as leg) if not self._has(to):
                    left.append(leg)  # who asked for it is gone
                case _:
                    pass
        return left

    def _has(self, channel: str) -> bool:
        return any(leg.channel == channel for legs in self._parties.values() for leg in legs)

    def _look(self, call: Call, leg: Leg, offset: float, ended_at: float | None) -> None:
        story = self._stories.get(leg.info.key)
        looks = (leg.answered_at, leg.ringing, ended_at is None, leg.tag or call.tag)
        if story is None:
            story = CallStory(looks, self._record(call, leg, offset, ended_at))
            self._stories[leg.info.key] = story
        elif story.looks != looks and story.record.ended_at is None:
            story.looks, story.record = looks, self._record(call, leg, offset, ended_at)
        else:
            return
        self._changed(story)

    def _not_called(self, call: Call, refused: CalleeRefused, offset: float, at: float) -> None:
        """Take in who would have been a party of its own."""
        info = refused.info
        if info is None or info.key == call.key:
            return
        record = self._record(call, Leg(info, at - offset), offset, at)
        record = replace(record, rule=refused.rule, reason=refused.reason)
        self._changed(CallStory((), record))

    def _record(self, call: Call, leg: Leg, offset: float, ended_at: float | None) -> CallRecord:
        record = call_record(call, leg, offset, ended_at=ended_at)
        return masked.call(record) if self._hide else record
