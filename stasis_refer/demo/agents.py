"""The situations with agents: a caller talks to agent A, whose phone sends us a REFER to B."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.phone import (
    TOLD,
    Step,
    answer,
    bye,
    call,
    decline,
    hear_bye,
    hear_nothing,
    hear_notify,
    hear_word,
    pause,
    ring_in,
    send_refer,
)

TALK: Final = 0.4
"""Seconds that people talk before somebody does something."""

REFER_TO: Final = "<sip:B@example.com>"
"""How A's phone names agent B; where B is to be called the application knows."""

_RINGS: Final = 0.4
_RINGS_LONG: Final = 1.5  # longer than A hears nothing
_NOTHING: Final = 0.5


class Released(StrEnum):
    """When the phone that sent the REFER is hung up."""

    BEFORE = "at once"
    AFTER = "B answered"
    NEVER = "no"


@dataclass(frozen=True, slots=True)
class Course:
    """What came of a scene.

    ``asked`` is the target that the application was told of at referUrl, '' when it was not
    asked; ``connected`` who was connected with whom, in order; ``notified`` the final NOTIFYs.
    """

    connected: tuple[str, ...] = ()
    asked: str = ""
    notified: tuple[int, ...] = ()
    released: Released = Released.NEVER
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class AgentScene:
    """One situation: what each phone does, and what must come of it.

    ``holds`` is what the Dial says as answerOnBridge. ``agents`` are the phones that are called,
    by name. ``consults``: A calls B first, on a second line, by calling an application too.
    """

    name: str
    title: str
    course: Course
    agents: Mapping[str, tuple[Step, ...]]
    holds: bool = False
    dialect: str = "twiml"
    consults: bool = False
    caller: tuple[Step, ...] = field(default=(call(), hear_bye()))

    @property
    def application(self) -> str:
        """The name of the application that the caller calls."""
        return f"agent-{self.name}"

    @property
    def consultation(self) -> str:
        """The name of the one that A calls, where it does."""
        return f"{self.application}-2"

    @property
    def callers(self) -> Mapping[str, str]:
        """Who calls, by the name of the application that is called."""
        return {self.application: "caller"} | ({self.consultation: "A"} if self.consults else {})


_ANSWERS = (ring_in(), pause(_RINGS), answer())
_REFERS = (*_ANSWERS, pause(TALK), send_refer(REFER_TO))
_IS_MOVED = (hear_notify(200), hear_bye())
_WAITS = (*_REFERS, hear_notify(100), hear_nothing(_NOTHING), *_IS_MOVED)
_B_ANSWERS = (*_ANSWERS, pause(TALK), bye())
_B_ANSWERS_LATE = (ring_in(), pause(_RINGS_LONG), answer(), pause(TALK), bye())
_MOVED = ("caller-A", "caller-B")

AGENT_SCENES: Final = (
    AgentScene(
        "released",
        "B answers",
        Course(_MOVED, REFER_TO, (200,), Released.BEFORE, Outcome.COMPLETED),
        {"A": (*_REFERS, *_IS_MOVED), "B": _B_ANSWERS_LATE},
    ),
    AgentScene(
        "held",
        "B answers",
        Course(_MOVED, REFER_TO, (200,), Released.AFTER, Outcome.COMPLETED),
        {"A": _WAITS, "B": _B_ANSWERS_LATE},
        holds=True,
    ),
    AgentScene(
        "referhook",
        "B answers",
        Course(_MOVED, REFER_TO, (200,), Released.AFTER, Outcome.COMPLETED),
        {"A": _WAITS, "B": _B_ANSWERS_LATE},
        holds=True,
        dialect="jambonz",
    ),
    AgentScene(
        "busy",
        "B is busy",
        Course(("caller-A", "caller-A"), REFER_TO, (503,), Released.NEVER, Outcome.BUSY),
        {
            "A": (*_REFERS, hear_notify(503), hear_nothing(_NOTHING), bye()),
            "B": (ring_in(), pause(_RINGS), decline(486)),
        },
        holds=True,
    ),
    AgentScene(
        "attended",
        "A talks to B first",
        Course(("caller-A", "A-B", "caller-B"), "", (200,), Released.AFTER, Outcome.COMPLETED),
        {
            "A": (*_ANSWERS, hear_word(), send_refer(TOLD), *_IS_MOVED),
            "B": (*_ANSWERS, pause(5 * TALK), bye()),
        },
        consults=True,
    ),
)
