"""The situations that the demo plays: what the phone does, what each dialect must be told."""

from collections.abc import Mapping
from dataclasses import dataclass

from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    pause,
)

NO_NOTIFY_TIMEOUT = 2.0
"""Seconds; short, so that nobody waits for the silent phone."""

_RINGING = 0.4
"""Seconds the targets ring."""


NOTHING = ""
"""What a dialect is told that hears of no end but the call's."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One situation. ``told`` is what an application of each dialect must be told of its end."""

    name: str
    title: str
    steps: tuple[Step, ...]
    outcome: Outcome
    told: Mapping[str, str]

    def application(self, dialect: str) -> str:
        """Return the name of the application that plays it, and so what the phone dials."""
        return f"{dialect}-{self.name}"


def _told(twiml: str, rcml: str, bxml: str, jambonz: str) -> Mapping[str, str]:
    return {"twiml": twiml, "rcml": rcml, "bxml": bxml, "jambonz": jambonz}


_BEGIN = (call(), expect_refer())

SCENES = (
    Scene(
        "answers",
        "target answers",
        (
            *_BEGIN,
            answer_refer(202),
            notify(100),
            notify(180),
            pause(_RINGING),
            notify(200),
            hear_bye(),
        ),
        Outcome.COMPLETED,
        _told("in-progress 202 200", "in-progress 202 200", "success 202 200", "202 200"),
    ),
    Scene(
        "busy",
        "target busy",
        (*_BEGIN, answer_refer(202), notify(100), notify(486), hear_bye()),
        Outcome.BUSY,
        _told("busy 202 486", "busy 202 486", "failure 202 486", "202 486"),
    ),
    Scene(
        "refused",
        "phone refuses the REFER",
        (*_BEGIN, answer_refer(405), hear_bye()),
        Outcome.REJECTED,
        _told("failed 405 -", "- 405 -", "failure 405 -", "405 -"),
    ),
    Scene(
        "hangs-up",
        "caller hangs up at 180",
        (*_BEGIN, answer_refer(202), notify(100), notify(180), pause(_RINGING), bye()),
        Outcome.CANCELED,
        _told("canceled 202 180", "canceled 202 180", NOTHING, NOTHING),
    ),
    Scene(
        "silent",
        "no NOTIFY",
        (*_BEGIN, answer_refer(202), hear_bye()),
        Outcome.UNCONFIRMED,
        _told("- 202 -", "- 202 -", "failure 202 -", "202 -"),
    ),
)
