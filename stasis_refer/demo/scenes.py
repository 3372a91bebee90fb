"""The situations that the demo plays: what the phone does, what the application must be told."""

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


@dataclass(frozen=True, slots=True)
class Scene:
    """One situation. ``name`` is also the application's, and so what the phone dials."""

    name: str
    title: str
    steps: tuple[Step, ...]
    outcome: Outcome
    told: Mapping[str, str]  # the Refer parameters that the action URL must get


def _told(status: str | None, refer: str, notify_code: str | None = None) -> dict[str, str]:
    fields = {
        "ReferCallStatus": status,
        "ReferSipResponseCode": refer,
        "NotifySipResponseCode": notify_code,
    }
    return {name: value for name, value in fields.items() if value is not None}


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
        _told("in-progress", "202", "200"),
    ),
    Scene(
        "busy",
        "target busy",
        (*_BEGIN, answer_refer(202), notify(100), notify(486), hear_bye()),
        Outcome.BUSY,
        _told("busy", "202", "486"),
    ),
    Scene(
        "refused",
        "phone refuses the REFER",
        (*_BEGIN, answer_refer(405), hear_bye()),
        Outcome.REJECTED,
        _told("failed", "405"),
    ),
    Scene(
        "hangs-up",
        "caller hangs up at 180",
        (*_BEGIN, answer_refer(202), notify(100), notify(180), pause(_RINGING), bye()),
        Outcome.CANCELED,
        _told("canceled", "202", "180"),
    ),
    Scene(
        "silent",
        "no NOTIFY",
        (*_BEGIN, answer_refer(202), hear_bye()),
        Outcome.UNCONFIRMED,
        _told(None, "202"),
    ),
)
