"""A live call built again from what was kept of it: the same events at the same times."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, cast

import structlog

from stasis_refer.core import codec
from stasis_refer.core.application import Application
from stasis_refer.core.call import Call
from stasis_refer.core.events import Event, Restarted
from stasis_refer.core.handing_over import GivenBack, HandedOver
from stasis_refer.core.intents import (
    Deed,
    DropLeg,
    GiveBack,
    HangUp,
    Intent,
    ReturnToDialplan,
    Separate,
    StopPlayback,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Direction
from stasis_refer.runtime.call_log import CallLogStore, Kept, asked
from stasis_refer.runtime.ports import StoreError

_log = structlog.get_logger(__name__)

_SAME_CLOCK: Final = 1e-6
"""Seconds by which two clocks may be apart and still be one: sums of floats are not exact."""

_HARMLESS: Final = (HangUp, DropLeg, StopPlayback, Separate, ReturnToDialplan, GiveBack)
"""What may be asked for twice, and is not asked for again by the call itself."""


class ReplayError(Exception):
    """A call cannot be built again; says why."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A call as it was after its last step, which was ``at``, in the clock that it goes on by.

    ``again`` is what may not have been done of that step, ``under_way`` the directions of its
    transfers that have not ended.
    """

    call: Call
    steps: int
    again: tuple[Deed, ...]
    under_way: tuple[Direction, ...]
    at: float


def rebuilt_calls(
    store: CallLogStore, applications: Mapping[str, Application], now: float, wall: float
) -> Iterator[Rebuilt]:
    """Yield the calls that programs which have ended left; one that cannot be built is forgotten.

    ``now`` is in the clock that they go on by, ``wall`` in seconds since 1970.
    """
    try:
        for key, steps in groupby(store.left(), key=lambda step: step.call):
            try:
                rebuilt = rebuild(tuple(steps), applications, now, wall)
            except ReplayError as why:
                _log.error("call cannot be taken up again", call=key, why=str(why))
                _forget(store, key)
            else:
                _warn_of_gone(rebuilt.call, applications)
                yield rebuilt
    except StoreError as error:
        _log.error("calls cannot be taken up again", why=str(error))


def _forget(store: CallLogStore, key: str) -> None:
    try:
        store.forget(key)
    except StoreError as error:  # the next start does: the others are to go on at this one
        _log.error("call cannot be forgotten", call=key, why=str(error))


def _warn_of_gone(call: Call, applications: Mapping[str, Application]) -> None:
    name = call.application.name
    if name not in applications:
        _log.warning(
            "application is not configured any more: its call goes on without credentials",
            application=name,
            call=call.key,
        )


def rebuild(
    steps: Sequence[Kept], applications: Mapping[str, Application], now: float, wall: float
) -> Rebuilt:
    """Build a call again; ``now`` is in the clock that it goes on by, ``wall`` since 1970.

    It goes on by the configuration that it began with, and with the credentials of
    ``applications``, none where its own is not among them.
    Nothing that happened lies in the future then, however the clocks were set. Raises ReplayError.
    """
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise ReplayError("a step is missing")
    try:
        said = [codec.loads(step.said, applications) for step in steps]
        shifts = _shifts(steps, said, now, wall)
        call = _made(said[0], steps[0].at, shifts[0])
        intents = call.start()
        _compare(steps[0], intents)
        under_way = _under_way(intents)
        for step, event, shift in zip(steps[1:], said[1:], shifts[1:], strict=True):
            intents = call.handle(_event_in_clock(event, shift), step.at + shift)
            _compare(step, intents)
            under_way.update(_under_way(intents))
    except ReplayError:
        raise
    except Exception as error:
        # What was kept may be of another version, whose machine this one knows nothing of.
        raise ReplayError(f"{type(error).__name__}: {error}") from error
    again = tuple(each for each in intents if isinstance(each, _HARMLESS))
    at = steps[-1].at + shifts[-1]
    return Rebuilt(call, len(steps), again, tuple(under_way.elements()), at)


def _shifts(
    steps: Sequence[Kept], said: Sequence[object], now: float, wall: float
) -> Sequence[float]:
    """Return what is to be added to the time of each step, so that all are in one clock.

    Each start of the program began a clock of its own, with ``Restarted`` as the first event of
    the call in it; what lies between two of them only the wall clock tells.
    """
    last = steps[-1]
    shift = now - _passed(last.wall, wall) - last.at
    shifts = [shift]
    for before, step, event in reversed([*zip(steps, steps[1:], said[1:], strict=False)]):
        if isinstance(event, Restarted):
            apart = step.at - _passed(before.wall, step.wall) - before.at
            shift += apart if abs(apart) > _SAME_CLOCK else 0.0
        shifts.append(shift)
    return shifts[::-1]


def _passed(since: float, until: float) -> float:
    return max(0.0, until - since)  # the wall clock may have been set back


def _made(said: object, at: float, shift: float) -> Call:
    application, opening, lead = cast("Sequence[Any]", said)
    if not isinstance(application, Application) or not isinstance(lead, Leg):
        raise ReplayError("its first step does not say what it began with")
    up, leg = lead.answered_at is not None, in_clock(lead, shift)
    return Call(lead.info, application, up=up, now=at + shift, opening=opening, leg=leg)


def in_clock(leg: Leg, shift: float) -> Leg:
    """Return a leg of another program's with its times in our clock."""
    answered, drop = leg.answered_at, leg.drop_at
    return replace(
        leg,
        began_at=leg.began_at + shift,
        answered_at=None if answered is None else answered + shift,
        drop_at=None if drop is None else drop + shift,
    )


def _event_in_clock(event: object, shift: float) -> Event:
    match event:
        case HandedOver(Leg() as leg):
            return HandedOver(in_clock(leg, shift))
        case GivenBack(leg):
            return GivenBack(in_clock(leg, shift))
        case _:
            return cast("Event", event)


def _compare(step: Kept, intents: Sequence[Intent]) -> None:
    now_asked = asked(intents)
    if now_asked != step.asked:
        raise ReplayError(
            f"step {step.number} asks for {now_asked or 'nothing'},"
            f" and asked for {step.asked or 'nothing'} then"
        )


def _under_way(intents: Sequence[Intent]) -> Counter[Direction]:
    count = Counter[Direction]()
    for each in intents:
        match each:
            case TransferBegan(direction):
                count[direction] += 1
            case TransferEnded(direction):
                count[direction] -= 1
            case _:
                pass
    return count
