"""Which channel is whose: all channels of all live calls, and what is captured of their dialogs."""

from collections.abc import Callable, Collection
from typing import Protocol

from stasis_refer.core.application import Application
from stasis_refer.core.call import Call
from stasis_refer.core.events import Event, OfLeg, RecordingEnded, SipSeen
from stasis_refer.core.handing_over import GivenBack, HandedOver, Replaced
from stasis_refer.core.info import CallDirection, CallInfo, Invite
from stasis_refer.core.intents import GiveBack, HandOver
from stasis_refer.core.leg import Leg
from stasis_refer.core.opening import Lent, Parted
from stasis_refer.core.recording import call_of
from stasis_refer.runtime.ports import Capture


class Live(Protocol):
    """A call that runs, as ``actor.CallActor`` does."""

    @property
    def call(self) -> Call:
        """Its machine."""
        ...

    @property
    def over(self) -> bool:
        """Whether it takes no events any more."""
        ...

    def post(self, event: Event) -> None:
        """Let it handle an event."""
        ...

    def withdraw(self, event: Event) -> bool:
        """Take an event back; whether it was not handled yet."""
        ...


def addressed(call: Call, channel: str, event: Event) -> Event:
    """Return an event of a channel as its call takes it: plain where its document runs."""
    if channel == call.info.channel or isinstance(event, OfLeg):
        return event
    return OfLeg(channel, event)


class Directory:
    """Follows which channels each call has; the one that had a channel last gets its events."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._owners: dict[str, Live] = {}
        self._listed: dict[Live, frozenset[str]] = {}  # the channels each call had
        self._call_ids: dict[str, str] = {}  # of the channels whose dialogs are watched
        self._gone: dict[str, Live] = {}  # channels that a live call had last
        self._by_key: dict[str, Live] = {}
        self.branch: Callable[[Leg, Application, Parted | Lent], None] = _nobody_branches

    def __contains__(self, channel: str) -> bool:
        return channel in self._owners

    @property
    def channels(self) -> Collection[str]:
        """Ids of all channels of the live calls."""
        return self._owners.keys()

    @property
    def calls(self) -> Collection[Live]:
        """The live calls."""
        return self._listed.keys()

    def add(self, live: Live) -> None:
        """List a new call."""
        self._listed[live] = frozenset()
        self._by_key[live.call.key] = live
        self.follow(live)

    def follow(self, live: Live) -> None:
        """Take in which channels a call has now; to be told after each of its steps."""
        before, now = self._listed.get(live), live.call.channels
        if before is None or before is now:
            return
        self._listed[live] = now
        for channel in now - before:
            self._owners[channel] = live
            self._gone.pop(channel, None)
        # Answers come behind a BYE: the dialog is watched for as long as the call goes on.
        self._gone.update(dict.fromkeys(self._let_go(live, before - now), live))

    def remove(self, live: Live) -> None:
        """Forget a call that is over."""
        gone = [channel for channel, had in self._gone.items() if had is live]
        for channel in (*gone, *self._let_go(live, self._listed.pop(live))):
            self._gone.pop(channel, None)
            if call_id := self._call_ids.pop(channel, ""):
                self._capture.forget(call_id)
        # A party that came back from a call of its own may have parted into another one since.
        if self._by_key.get(live.call.key) is live:
            del self._by_key[live.call.key]

    def happened(self, channel: str, event: Event) -> bool:
        """Hand an event to the call of a channel; whether there is one."""
        if isinstance(event, RecordingEnded):
            # The channel that it is named for may be gone by now, or another call's.
            live = self._by_key.get(call_of(event.recording))
        else:
            live = self._owners.get(channel)
        if live is None:
            return False
        live.post(addressed(live.call, channel, event))
        return True

    def watch(self, channel: str, call_id: str, *, dialed: bool = False) -> Invite | None:
        """Let the call that has a channel hear what is captured of its dialog.

        Returns what ``Capture.watch`` does. Whose the channel is may change meanwhile.
        """
        deliver = self._listen(channel, call_id)
        return self._capture.watch(call_id, deliver, dialed=dialed)

    def watch_again(self, info: CallInfo) -> None:
        """Let the call that has a channel hear of its dialog again, after a restart."""
        deliver = self._listen(info.channel, info.call_id)
        dialed = info.direction is not CallDirection.INBOUND
        self._capture.watch_again(info.call_id, deliver, info.caller_tag, dialed=dialed)

    def _listen(self, channel: str, call_id: str) -> Callable[[Event], None]:
        self._call_ids[channel] = call_id

        def deliver(event: Event) -> None:
            if isinstance(event, SipSeen) and (had := self._gone.get(channel)):
                had.post(OfLeg(channel, event))
            else:
                self.happened(channel, event)

        return deliver

    def channel_of(self, key: str, application: str) -> str:
        """Return the channel of an application's party, '' where no live call has it."""
        for live in self._listed:
            for leg in (live.call.lead, *live.call.legs.values()):
                its = leg.application or live.call.application
                if leg.info.key == key and its.name == application:
                    return leg.info.channel
        return ""

    def take_over(self, channel: str, by: str) -> bool:
        """Ask the call of a channel for the party it is connected to, for the call of ``by``.

        Returns whether there is a call to ask, and another one.
        """
        other = self._owners.get(channel)
        if other is None or other.over or other is self._owners.get(by):
            return False
        other.post(Replaced(channel, by))
        return True

    def hand_over(self, answer: HandOver) -> bool:
        """Hand that party to the call that asked for it; whether that is still there."""
        other = self._owners.get(answer.to)
        if other is None or other.over:
            return False
        other.post(HandedOver(answer.leg))
        return True

    def give_back(self, given: GiveBack) -> bool:
        """Return a leg to the call that lent it; whether that is still there."""
        lender = self._by_key.get(given.to)
        if lender is None or lender.over:
            return False
        lender.post(GivenBack(given.leg))
        return True

    def lists(self, key: str) -> bool:
        """Tell whether there is a live call of this key."""
        return key in self._by_key

    def is_listed(self, live: Live) -> bool:
        """Tell whether a call is the one that is found by its key."""
        return self._by_key.get(live.call.key) is live

    def owner_of(self, key: str) -> Live | None:
        """Return the live call that a party of this key is in, None when there is none.

        Of a leg that runs a document of its own it is the call that runs it.
        """
        if key in self._by_key:
            return self._by_key[key]
        for live in self._listed:
            if any(leg.info.key == key for leg in (live.call.lead, *live.call.legs.values())):
                return live
        return None

    def _let_go(self, live: Live, channels: frozenset[str]) -> list[str]:
        """Take channels from a call; those that nobody else has."""
        # One that was handed over is its new call's by now.
        gone = [channel for channel in channels if self._owners.get(channel) is live]
        for channel in gone:
            del self._owners[channel]
        return gone


def _nobody_branches(leg: Leg, application: Application, opening: Parted | Lent) -> None:
    raise NotImplementedError((leg, application, opening))
