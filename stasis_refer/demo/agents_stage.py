"""Where the scenes with agents play: prints each thing as it happens, and judges at the end."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from rich.table import Table

from stasis_refer.core.events import ChannelUp, InviteAnswered, OfLeg, TransferReported
from stasis_refer.core.intents import (
    Connect,
    CreateLeg,
    DropLeg,
    HangUp,
    Intent,
    ReportRefer,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.demo.agents import AGENT_SCENES, REFER_TO, AgentScene, Course, Released
from stasis_refer.demo.console import judged, say, verdict
from stasis_refer.runtime.journal import Entry

_A, _B = "A", "B"
_FIRST_FAILURE: Final = 300


@dataclass(slots=True)
class Watched:
    """What was seen of one scene; ``phone_logs`` are of the phones that complained."""

    scene: AgentScene
    course: Course = field(default_factory=Course)
    answered: set[str] = field(default_factory=set)
    reports: dict[str, int] = field(default_factory=dict)  # final NOTIFYs on their way
    phone_logs: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether everything came out as the scene says."""
        return self.course == self.scene.course and not self.phone_logs


class AgentsStage:
    """Shows the scenes with agents."""

    def __init__(self) -> None:
        self.watched = {scene.name: Watched(scene) for scene in AGENT_SCENES}
        self._of = {name: each for each in self.watched.values() for name in each.scene.callers}
        self._names: dict[str, str] = {}  # who is who, by channel

    def tap(self, entry: Entry) -> None:
        """Show what the journal says."""
        name, call = entry.call.application.name, entry.call
        watched = self._of.get(name)
        if watched is None:
            return
        if entry.event is None:
            self._names[call.info.channel] = watched.scene.callers[name]
        if isinstance(entry.event, OfLeg):
            self._of_leg(name, watched, entry.event)
        for intent in entry.intents:
            if isinstance(intent, CreateLeg):
                self._names[intent.channel] = call.legs[intent.channel].info.dialed
            self._intended(name, watched, intent, call.info.channel)

    def asked(self, scene: AgentScene, refer_to: str) -> None:
        """Show what the customer's application was asked."""
        say(scene.application, f"application was asked where to: {refer_to}")
        watched = self.watched[scene.name]
        watched.course = replace(watched.course, asked=refer_to)

    def good(self) -> bool:
        """Whether every scene came out as it says."""
        return all(each.good for each in self.watched.values())

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Yield the log of each phone that something went wrong for, and which it is."""
        for each in self.watched.values():
            for who, log in each.phone_logs.items():
                yield f"{each.scene.application}, {who}", log

    def _of_leg(self, name: str, watched: Watched, of: OfLeg) -> None:
        who = self._names.get(of.channel, "?")
        match of.event:
            case ChannelUp():
                watched.answered.add(who)
                say(name, f"{who} answers")
            case InviteAnswered(code) if code >= _FIRST_FAILURE:
                say(name, f"{who} → {code}")
            case TransferReported(final=True):
                code = watched.reports[of.channel]
                notified = watched.course.notified
                if notified[-1:] == (code,):
                    return  # Asterisk may name the last state for the one before, too
                say(name, f"{who} ← NOTIFY {code}")
                watched.course = replace(watched.course, notified=(*notified, code))
            case _:
                pass

    def _intended(self, name: str, watched: Watched, intent: Intent, lead: str) -> None:
        match intent:
            case CreateLeg(channel):
                say(name, f"{self._names[channel]} is called")
            case Connect(channels=(one, other)):
                pair = f"{self._names[one]}-{self._names[other]}"
                say(name, f"[bold]{pair.replace('-', ' ↔ ')}[/]")
                connected = (*watched.course.connected, pair)
                watched.course = replace(watched.course, connected=connected)
            case TransferBegan(target=target):
                say(name, f"A → REFER, {_shown(target)}")
            case ReportRefer(channel, report):
                watched.reports[channel] = report.code
            case DropLeg(channel) if channel in self._names:
                self._hung_up(name, watched, self._names[channel])
            case HangUp():
                say(name, f"{self._names[lead]} ← BYE")
            case TransferEnded():
                say(name, f"[bold]{intent.result.outcome}[/], {intent.result.reason}")
                watched.course = replace(watched.course, outcome=intent.result.outcome)
            case _:
                pass

    def _hung_up(self, name: str, watched: Watched, who: str) -> None:
        say(name, f"{who} ← BYE")
        if who == _A:
            released = Released.AFTER if _B in watched.answered else Released.BEFORE
            watched.course = replace(watched.course, released=released)

    def table(self) -> Table:
        """Return the table of what became of the calls."""
        table = Table(title="A caller talks to agent A, whose phone sends us a REFER to agent B")
        for column in _COLUMNS:
            table.add_column(column)
        for each in self.watched.values():
            scene = each.scene
            cells = map(judged, _cells(each.course), _cells(scene.course))
            holds = "true" if scene.holds else "not set"
            table.add_row(scene.title, scene.dialect, holds, *cells, verdict(good=each.good))
        return table


_COLUMNS: Final = (
    *("scenario", "dialect", "answerOnBridge", "connected", "asked"),
    *("NOTIFY", "BYE to A", "outcome", "ok"),
)


def _cells(course: Course) -> tuple[str, ...]:
    return (
        ", ".join(course.connected),
        "yes" if course.asked == REFER_TO else course.asked or "no",
        " ".join(map(str, course.notified)),
        course.released.value,
        course.outcome.value if course.outcome else "",
    )


def _shown(refer_to: str) -> str:
    uri, _, headers = refer_to.partition("?")
    return f"{uri}> with Replaces" if headers else uri
