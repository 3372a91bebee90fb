"""A call that was stored and built again does what the first one would have done."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from stasis_refer.core import codec
from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call import Call
from stasis_refer.core.events import (
    CallEnded,
    ChannelUp,
    DocumentFetched,
    FetchFailed,
    FetchFailure,
    ReferAnswered,
    ReferSeen,
    Restarted,
    Unbridged,
)
from stasis_refer.core.handing_over import GivenBack, HandedOver
from stasis_refer.core.info import CallDirection
from stasis_refer.core.intents import HangUp, Intent
from stasis_refer.core.leg import Leg
from stasis_refer.core.opening import Lent, Opening, Outgoing, Parted
from stasis_refer.core.orders import Origination
from stasis_refer.core.outcome import Direction
from stasis_refer.core.rules import Action, Quota, Rule
from stasis_refer.core.verbs import Hangup, LegWatch
from stasis_refer.runtime.call_log import Kept, asked, beginning
from stasis_refer.runtime.ports import StoreError
from stasis_refer.runtime.replay import ReplayError, in_clock, rebuild, rebuilt_calls
from tests.core.calls import (
    INFO,
    PLAIN,
    REFER,
    SAY,
    STATUS,
    VOICE,
    WITH_STATUS,
    Line,
    document,
    returned,
    word,
)
from tests.core.dials import sip
from tests.core.test_call_with_legs import APPLICATIONS, DOCUMENTS, ENDS, STEPS, run

HOUR = 3600.0


def kept(line: Line, application: Application = PLAIN, *, up: bool = True) -> list[Kept]:
    """Return the steps of a call as they are kept; the wall clock is an hour ahead."""
    first = beginning(Call(INFO, application, up=up, now=0.0))
    return [
        Kept(
            INFO.key,
            number,
            at,
            at + HOUR,
            first if event is None else codec.dumps(event),
            asked(intents),
        )
        for number, (at, event, intents) in enumerate(line.steps, 1)
    ]


def known(application: Application) -> dict[str, Application]:
    return {application.name: application}


# -- whatever happens ------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2),
    st.integers(0, len(DOCUMENTS) - 1),
    STEPS,
    ENDS,
    st.booleans(),
    st.integers(0, 10**6),
)
@example(2, 3, [(0.2, "restarted", 0)], "hang up", True, 145)  # noqa: FBT003 - as above
def test_a_call_built_again_after_any_step_goes_on_as_the_first_one_did(  # noqa: PLR0913, PLR0917 - drawn
    application: int,
    document: int,
    steps: list[tuple[float, str, int]],
    end: str,
    up: bool,  # noqa: FBT001 - hypothesis fills arguments by position
    pick: int,
) -> None:
    asks = APPLICATIONS[application]
    line = run(asks, DOCUMENTS[document], steps, end, up=up).line
    rows = kept(line, asks, up=up)
    before = rows[: 1 + pick % len(rows)]
    last = before[-1]
    rebuilt = rebuild(before, known(asks), last.at, last.wall)
    assert rebuilt.steps == len(before)
    for at, event, intents in line.steps[len(before) :]:
        assert event is not None
        assert codec.loads(codec.dumps(event), known(asks)) == event
        assert rebuilt.call.handle(event, at) == intents
    assert rebuilt.call.over == line.call.over


CALLED = replace(INFO, channel=f"{INFO.key}-leg-0", direction=CallDirection.ORIGINATED)
PARTY = Leg(CALLED, 3.0, answered_at=4.0, watch=LegWatch(STATUS), tag="agent")
OTHER = replace(VOICE, url="http://127.0.0.1/other")


@pytest.mark.parametrize(
    ("opening", "leg"),
    [
        (Outgoing(Origination(sip("a"), VOICE, "4930", timeout=9.0)), None),
        (Outgoing(Origination(sip("a"), (REFER,))), None),
        (Parted((REFER,), "ticket"), PARTY),
        (Lent(OTHER, INFO.key), PARTY),
    ],
)
def test_a_call_is_built_again_however_it_began(opening: Opening, leg: Leg | None) -> None:
    def made() -> Call:
        again = replace(leg) if leg else None
        return Call(CALLED, PLAIN, up=leg is not None, now=5.0, opening=opening, leg=again)

    first = made()
    said, intents = beginning(first), first.start()
    rebuilt = rebuild(
        [Kept(INFO.key, 1, 5.0, HOUR, said, asked(intents))], known(PLAIN), 105.0, HOUR
    )
    assert rebuilt.call.deadline == (None if first.deadline is None else first.deadline + 100.0)
    assert rebuilt.call.lead.began_at == first.lead.began_at + 100.0
    second = made()
    second.start()
    for event in (ChannelUp(), Unbridged(), document(SAY)):
        assert rebuilt.call.handle(event, 106.0) == second.handle(event, 6.0)


# -- clocks ----------------------------------------------------------------------


def transfer() -> Line:
    line = Line()
    line.happens((1.0, document(REFER)), (1.1, ReferSeen(7)), (1.2, ReferAnswered(202, 7)))
    return line


@pytest.mark.parametrize(
    ("wall", "passed"),
    [(HOUR + 1.2, 0.0), (HOUR + 11.2, 10.0), (HOUR - 500.0, 0.0)],
    ids=["at once", "10 s later", "the wall clock was set back"],
)
def test_time_goes_on_while_the_program_is_away(wall: float, passed: float) -> None:
    now = 0.25  # the machine was booted meanwhile
    rebuilt = rebuild(kept(transfer()), known(PLAIN), now, wall)
    assert rebuilt.call.deadline == pytest.approx(now - passed + 30.0)


NEAR = 1e-4  # seconds: each restart may be a millionth off
CLOCKS = st.lists(st.floats(-1e5, 1e5), min_size=4, max_size=4)


def on_clocks(line: Line, clocks: Sequence[float]) -> list[Kept]:
    """Return the steps of a call as programs keep them whose clocks are so far ahead."""
    rows, number = list[Kept](), 0
    for step, (at, event, _) in zip(kept(line), line.steps, strict=True):
        number += isinstance(event, Restarted)
        ahead = clocks[number % len(clocks)]
        match event:
            case None:
                said = beginning(Call(INFO, PLAIN, up=True, now=ahead))
            case HandedOver(Leg() as leg):
                said = codec.dumps(HandedOver(in_clock(leg, ahead)))
            case GivenBack(leg):
                said = codec.dumps(GivenBack(in_clock(leg, ahead)))
            case _:
                said = step.said
        rows.append(replace(step, at=at + ahead, said=said))
    return rows


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(DOCUMENTS) - 1), STEPS, ENDS, CLOCKS, st.integers(0, 10**6))
def test_restarts_on_clocks_of_their_own_are_as_on_one(
    document: int,
    steps: list[tuple[float, str, int]],
    end: str,
    clocks: list[float],
    pick: int,
) -> None:
    line = run(PLAIN, DOCUMENTS[document], [*steps, (0.5, "restarted", pick)], end, up=True).line
    before = 1 + pick % len(line.steps)
    rows = kept(line)[:before]
    last = rows[-1]
    rebuilt = rebuild(on_clocks(line, clocks)[:before], known(PLAIN), last.at, last.wall)
    one = rebuild(rows, known(PLAIN), last.at, last.wall)
    due = None if one.call.deadline is None else pytest.approx(one.call.deadline, abs=NEAR)
    assert rebuilt.call.deadline == due
    assert rebuilt.call.lead.began_at == pytest.approx(one.call.lead.began_at, abs=NEAR)
    assert rebuilt.again == one.again
    assert words(rebuilt.call.handle(CallEnded(), last.at + 9.0)) == words(
        one.call.handle(CallEnded(), last.at + 9.0)
    )


def words(intents: Sequence[Intent]) -> list[str]:
    return [word(each) for each in intents]


# -- what it asked for last ------------------------------------------------------


def test_what_may_not_have_been_done_of_the_last_step_is_done_again() -> None:
    line = Line(WITH_STATUS)
    line.happens((1.0, document(Hangup())))
    rebuilt = rebuild(kept(line, WITH_STATUS), known(WITH_STATUS), 2.0, HOUR + 2.0)
    assert rebuilt.call.over
    assert rebuilt.again == (HangUp(),)


def test_a_refer_is_never_sent_again() -> None:
    line = Line()
    line.happens((1.0, document(REFER)))
    rebuilt = rebuild(kept(line), known(PLAIN), 2.0, HOUR + 2.0)
    assert rebuilt.again == ()
    assert rebuilt.under_way == (Direction.SENT,)


# -- what cannot be built again --------------------------------------------------


def broken(said: str = "", number: int = 2) -> list[Kept]:
    first, second, *rest = kept(transfer())
    return [first, replace(second, said=said or second.said, number=number), *rest]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (kept(transfer())[1:], "a step is missing"),
        (broken(number=7), "a step is missing"),
        (broken(said="{"), "CodecError"),
        (broken(said='{"":"Comet"}'), "'Comet' is no class that is kept"),
        (broken(said="7"), "AssertionError"),
        (broken(said=codec.dumps(DocumentFetched((Hangup(),)))), "asks for HangUp, and asked for"),
        ([replace(kept(transfer())[0], said="[1,2]")], "ValueError"),
        ([replace(kept(transfer())[0], said="[1,2,3]")], "does not say what it began with"),
    ],
)
def test_what_cannot_be_built_again_says_why(rows: Sequence[Kept], why: str) -> None:
    with pytest.raises(ReplayError, match=why):
        rebuild(rows, known(PLAIN), 2.0, HOUR)


# -- the configuration -----------------------------------------------------------

ELSEWHERE = Callback("http://127.0.0.1/elsewhere")


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": ()},
        {"rules": (Rule("nobody", Action.DENY),)},
        {"endpoints": ("*",), "quota": Quota(1, 1.0)},
        {"dial_instead": True},
        {"trunk": "another"},
        {"document": ELSEWHERE, "fallback": ELSEWHERE, "status_callback": ELSEWHERE},
        {"ring_timeout": 1.0, "no_notify_timeout": 1.0},
        {"dialect": "bxml"},
    ],
    ids=" ".join,
)
def test_a_call_goes_on_by_the_configuration_that_it_began_with(
    changes: dict[str, object],
) -> None:
    began = replace(WITH_STATUS, auth_token="hunter2-old")
    now = replace(WITH_STATUS, auth_token="hunter2-new", **changes)  # type: ignore[arg-type]
    line = Line(began)
    line.happens((1.0, document(REFER)), (1.1, ReferSeen(7)), (1.2, ReferAnswered(405, 7)))
    first = rebuild(kept(line, began), known(began), 2.0, HOUR + 2.0).call
    call = rebuild(kept(line, began), known(now), 2.0, HOUR + 2.0).call
    assert call.application == replace(began, auth_token="hunter2-new")
    assert call.deadline == first.deadline
    for event in (returned(405), FetchFailed(FetchFailure.STATUS, "", ""), document(SAY)):
        assert call.handle(event, 2.0) == first.handle(event, 2.0)


def test_a_call_whose_application_is_gone_goes_on_without_credentials() -> None:
    began = replace(PLAIN, auth_token="hunter2")
    store = Store(kept(transfer(), began))
    with capture_logs() as logs:
        (rebuilt,) = rebuilt_calls(store, {}, 2.0, HOUR)
    assert rebuilt.call.application == PLAIN
    assert store.forgotten == []
    assert [(log["log_level"], log["application"]) for log in logs] == [("warning", "support")]


@dataclass
class Store:
    """Has steps left, or fails."""

    steps: Sequence[Kept] = ()
    error: StoreError | None = None
    locked: bool = False
    forgotten: list[str] = field(default_factory=list)

    def add(self, steps: Sequence[Kept]) -> None:
        raise NotImplementedError

    def forget(self, call: str) -> None:
        if self.locked:
            raise StoreError("x: locked")
        self.forgotten.append(call)

    def left(self) -> Sequence[Kept]:
        if self.error is not None:
            raise self.error
        return self.steps


def test_a_call_that_cannot_be_built_again_is_forgotten_and_the_others_go_on() -> None:
    bad = [replace(step, call="bad") for step in broken(said="{")]
    good = [replace(step, call="good") for step in kept(transfer())]
    store = Store([*bad, *good])
    with capture_logs() as logs:
        found = list(rebuilt_calls(store, known(PLAIN), 2.0, HOUR))
    assert [each.steps for each in found] == [4]
    assert store.forgotten == ["bad"]
    assert [log["call"] for log in logs] == ["bad"]


def test_one_that_cannot_be_forgotten_either_costs_no_other() -> None:
    bad = [replace(step, call="bad") for step in broken(said="{")]
    good = [replace(step, call="good") for step in kept(transfer())]
    with capture_logs() as logs:
        found = rebuilt_calls(Store([*bad, *good], locked=True), known(PLAIN), 2.0, HOUR)
        assert [each.steps for each in found] == [4]
    assert [log["call"] for log in logs] == ["bad", "bad"]


def test_a_log_that_cannot_be_read_keeps_nobody_from_starting() -> None:
    with capture_logs() as logs:
        assert list(rebuilt_calls(Store(error=StoreError("x: locked")), {}, 0.0, 0.0)) == []
    assert [log["why"] for log in logs] == ["x: locked"]
