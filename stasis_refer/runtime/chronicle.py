"""The chronicle: what the journal says of transfers and calls, as records that grow.

It reads the journal as a tap does, and keeps what is to be written down until it was. Nothing in
it waits, and nothing it does can fail.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from stasis_refer.core import masked
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    ChannelRinging,
    Event,
    OfChannel,
    OfLeg,
    ReferAnswered,
    ReferCaptured,
    ReferNotified,
)
from stasis_refer.core.intents import TransferBegan, TransferEnded
from stasis_refer.core.message import Message
from stasis_refer.core.outcome import Direction
from stasis_refer.core.received import ACCEPTED
from stasis_refer.core.transfer_id import id_of
from stasis_refer.runtime.book import TransferRecord
from stasis_refer.runtime.call_stories import CallStories
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.ladders import Ladders
from stasis_refer.runtime.stories import CallStory, TransferStory


@dataclass(slots=True)
class _Call:
    """What is remembered of a live call; ``lead`` is the lead's channel behind the last step."""

    caller: str
    dialed: str
    lead: str
    ladders: Ladders
    open: dict[int, TransferStory] = field(default_factory=dict)


class Chronicle:
    """All live calls and their transfers.

    ``wall`` and ``clock`` tell the time in seconds since 1970 and as of ``Entry.at``.
    ``publish`` is told how a transfer stands when it begins, is accepted, rings and ends.
    ``hide``: who is who is not to be told. What is in ``transfers`` and ``calls`` is to be
    written down, and soon; who has done so takes it out. What ``note`` returns is to be written
    before anything is made of the step.
    """

    def __init__(
        self,
        wall: Callable[[], float],
        clock: Callable[[], float],
        publish: Callable[[TransferRecord], None],
        *,
        hide: bool = False,
    ) -> None:
        self._wall, self._clock = wall, clock
        self._publish = publish
        self._hide = hide
        self.transfers: dict[TransferStory, None] = {}
        self.calls: dict[CallStory, None] = {}
        self._live: dict[str, _Call] = {}
        self._parties = CallStories(self._call_changed, hide=hide)
        self._taken_up: dict[str, list[TransferStory]] = {}

    def note(self, entry: Entry) -> list[TransferStory]:
        """Take a step of a call in; which transfers began or ended in it."""
        key, offset = entry.call.key, self._wall() - self._clock()
        live = self._live.get(key) or self._begin(entry.call)
        if entry.event is not None:
            self._happened(live, entry.event, entry.at + offset)
        turned = self._turned(live, entry, entry.at + offset)
        self._parties.note(entry, offset)
        live.lead = entry.call.info.channel
        if entry.call.over:
            del self._live[key]
        return turned

    def take_up(self, stories: Iterable[TransferStory]) -> None:
        """Go on with transfers that were under way when the program ended."""
        for story in stories:
            live = self._live.get(story.record.call)
            if live is None:
                self._taken_up.setdefault(story.record.call, []).append(story)
            else:
                _go_on(live, story)

    def is_live(self, call: str) -> bool:
        """Tell whether a call, by its key, is live."""
        return call in self._live

    def _begin(self, call: Call) -> _Call:
        info, ladders = call.info, Ladders(hide=self._hide)
        live = _Call(info.caller, info.dialed, info.channel, ladders)
        for story in self._taken_up.pop(call.key, ()):
            _go_on(live, story)
        self._live[call.key] = live
        return live

    def _call_changed(self, story: CallStory) -> None:
        self.calls[story] = None

    # -- what happens ------------------------------------------------------------

    def _happened(self, live: _Call, event: Event, at: float) -> None:
        channel, what = live.lead, event
        if isinstance(what, OfLeg):
            channel, what = what.channel, what.event
            if isinstance(what, ChannelRinging):
                self._rings(live, at)
        message = getattr(what, "message", None)
        if isinstance(message, Message):
            story = live.ladders.hear(channel, message, begins=isinstance(what, ReferCaptured))
            if story is not None:
                self.transfers[story] = None
                self._progressed(story, what, at)

    def _rings(self, live: _Call, at: float) -> None:
        """Take in that a target which we call rings."""
        for story in live.open.values():
            if story.record.ringing_at is None:
                self._change(story, replace(story.record, ringing_at=at))

    def _progressed(self, story: TransferStory, event: OfChannel, at: float) -> None:
        record = story.record
        if not story.open or record.direction is not Direction.SENT:
            return
        match event:
            case ReferAnswered(code) if _accepts(code) and record.accepted_at is None:
                self._change(story, replace(record, accepted_at=at, refer_code=code))
            case ReferNotified(int() as code) if _rings(code) and record.ringing_at is None:
                self._change(story, replace(record, ringing_at=at, notify_code=code))
            case _:
                pass

    def _turned(self, live: _Call, entry: Entry, at: float) -> list[TransferStory]:
        turned: list[TransferStory] = []
        for intent in entry.intents:
            match intent:
                case TransferBegan():
                    turned.append(self._began(live, entry.call, intent, at))
                case TransferEnded():
                    turned.append(self._ended(live, entry.call, intent, at))
                case _:
                    pass
        return turned

    def _began(self, live: _Call, call: Call, began: TransferBegan, at: float) -> TransferStory:
        received = began.direction is Direction.RECEIVED
        record = TransferRecord(
            id=id_of(call.key, began.number),
            call=call.key,
            application=call.application.name,
            dialect=call.application.dialect,
            direction=began.direction,
            target=began.target,
            group=began.group,
            rule=began.rule,
            referred_by=began.referred_by,
            caller=live.caller,
            dialed=live.dialed,
            began_at=at,
            # Of a REFER that we received we hear only when Asterisk has accepted it.
            accepted_at=at if received else None,
            refer_code=ACCEPTED if received else None,
        )
        story = TransferStory(began.number, hidden(record) if self._hide else record)
        live.open[began.number] = story
        live.ladders.begin(began.channel, story)
        self._change(story, story.record)
        return story

    def _ended(self, live: _Call, call: Call, ended: TransferEnded, at: float) -> TransferStory:
        if ended.number not in live.open:
            # It began in a program that has ended and could not write it down.
            began = TransferBegan(ended.direction, ended.target, ended.number)
            self._began(live, call, began, at - ended.times.ended)
        story = live.open.pop(ended.number)
        record, result, times = story.record, ended.result, ended.times
        accepted_at, ringing_at = record.accepted_at, record.ringing_at
        if times.answered is not None:
            accepted_at = record.began_at + times.answered
        if times.ringing is not None:
            ringing_at = record.began_at + times.ringing
        changed = replace(
            record,
            group=ended.group,
            accepted_at=accepted_at if _accepts(result.refer_code) else None,
            ringing_at=ringing_at,
            ended_at=at,
            refer_code=result.refer_code,
            notify_code=result.notify_code,
            outcome=result.outcome,
            reason=result.reason,
            evidence=result.evidence,
            detail=masked.text(result.detail) if self._hide else result.detail,
            rule=ended.rule,
        )
        self._change(story, changed)
        return story

    def _change(self, story: TransferStory, record: TransferRecord) -> None:
        story.record = record
        self.transfers[story] = None
        self._publish(record)


def _go_on(live: _Call, story: TransferStory) -> None:
    live.open.setdefault(story.number, story)
    live.ladders.begin(live.lead, story)


def hidden(record: TransferRecord) -> TransferRecord:
    """Return a record that does not tell who transferred whom, to whom."""
    return replace(
        record,
        target=masked.party(record.target),
        referred_by=masked.party(record.referred_by),
        caller=masked.party(record.caller),
        dialed=masked.party(record.dialed),
    )


def _accepts(code: int | None) -> bool:
    return code is not None and 200 <= code < 300  # noqa: PLR2004 - RFC 3261, 7.2: success


def _rings(code: int) -> bool:
    return 180 <= code < 200  # noqa: PLR2004 - RFC 3261, 7.2: the target is being alerted
