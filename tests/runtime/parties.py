"""Calls of several channels as the runtime sees them, and an Asterisk that notes what is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import Event
from stasis_refer.core.info import CallInfo, Invite
from stasis_refer.core.intents import Connect, CreateLeg, Intent, ReferReport, SendRefer
from stasis_refer.core.leg import Leg

SUPPORT = Application("support", "plain", Callback("http://127.0.0.1/voice"))


@dataclass
class Telephony:
    """Notes what is asked of Asterisk, and answers ``status``."""

    status: int = 204
    call_id: str = "leg@127.0.0.1"
    dialogs: dict[str, str] = field(default_factory=dict)  # by channel
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def _ask(self, *words: object) -> int:
        self.asked.append(words)
        return self.status

    async def answer(self, channel: str) -> int:
        return self._ask("answer", channel)

    async def refer(self, channel: str, refer: SendRefer, application: str) -> int:
        return self._ask("refer", channel, refer, application)

    async def break_off(self, channel: str) -> int:
        return self._ask("break off", channel)

    async def play(self, channel: str, playback: str, media: str) -> int:
        return self._ask("play", channel, playback, media)

    async def ring(self, channel: str) -> int:
        return self._ask("ring", channel)

    async def join_queue(self, channel: str, queue: str, application: str) -> int:
        return self._ask("join queue", channel, queue, application)

    async def stop(self, playback: str) -> int:
        return self._ask("stop", playback)

    async def hang_up(self, channel: str, status: int | None) -> int:
        return self._ask("hang up", channel, status)

    async def go_on(self, channel: str) -> int:
        return self._ask("go on", channel)

    async def accept_refers(self, channel: str) -> int:
        return self._ask("accept refers", channel)

    async def create_leg(self, leg: CreateLeg, originator: str) -> tuple[int, str]:
        return self._ask("create leg", leg, originator), self.call_id

    async def ring_leg(self, channel: str) -> int:
        return self._ask("ring leg", channel)

    async def connect(self, wanted: Connect) -> int:
        return self._ask("connect", wanted)

    async def separate(self, bridge: str) -> int:
        return self._ask("separate", bridge)

    async def report(self, channel: str, report: ReferReport) -> int:
        return self._ask("report", channel, report)

    async def dialog(self, channel: str) -> str:
        return self.dialogs.get(channel, "")


class Capture:
    """A wire on which nothing is said but what a test delivers."""

    def __init__(self) -> None:
        self.invites: dict[str, Invite] = {}
        self.watched: dict[str, Callable[[Event], None]] = {}
        self.again: dict[str, tuple[str, bool]] = {}  # those watched again: tag, dialed

    def watch(
        self, call_id: str, deliver: Callable[[Event], None], *, dialed: bool = False
    ) -> Invite | None:
        self.watched[call_id] = deliver
        return None if dialed else self.invites.get(call_id)

    def watch_again(
        self, call_id: str, deliver: Callable[[Event], None], tag: str, *, dialed: bool = False
    ) -> None:
        self.watched[call_id] = deliver
        self.again[call_id] = (tag, dialed)

    def forget(self, call_id: str) -> None:
        del self.watched[call_id]

    def drain(self) -> None:
        raise NotImplementedError


class Party(Call):
    """A call that notes its events and answers those of a type as the test says."""

    def __init__(self, channel: str, *legs: str, key: str = "") -> None:
        super().__init__(CallInfo(key or f"key of {channel}", channel), SUPPORT, up=True, now=0.0)
        self.heard: list[Event] = []
        self.answers: dict[type[Event], Callable[[], list[Intent]]] = {}
        self.has(*legs)

    def has(self, *legs: str) -> None:
        """Let these be its legs from now on."""
        self.legs = {leg: Leg(CallInfo(f"key of {leg}", leg), 0.0) for leg in legs}
        self.channels = frozenset({self.info.channel, *legs})

    def led_by(self, info: CallInfo) -> None:
        """Let this be its lead from now on."""
        self.lead = Leg(info, 0.0)

    def start(self) -> list[Intent]:
        return []

    def handle(self, event: Event, now: float) -> list[Intent]:
        del now
        self.heard.append(event)
        answer = self.answers.get(type(event))
        return answer() if answer else []


class Line:
    """A live call without an actor; it is asked only what its machine knows.

    ``deaf``: what is posted stays where it is.
    """

    def __init__(self, channel: str, *legs: str, over: bool = False, deaf: bool = False) -> None:
        self.call = Party(channel, *legs)
        self.over = over
        self.deaf = deaf
        self.posted: list[Event] = []

    def post(self, event: Event) -> None:
        if self.deaf:
            self.posted.append(event)
        else:
            self.call.handle(event, 0.0)

    def withdraw(self, event: Event) -> bool:
        there = event in self.posted
        self.posted = [each for each in self.posted if each != event]
        return there
