"""The table of seed 002, "Scenarios": each cell on a real Asterisk, seen from every party.

The caller (UserA) is connected to agent A, who presses transfer; the application sends the caller
to agent B.
"""

from dataclasses import dataclass

import pytest

from stasis_refer.core.intents import Alert
from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.phone import (
    Step,
    answer,
    bye,
    call,
    decline,
    expect_cancel,
    hear_bye,
    hear_nothing,
    hear_notify,
    pause,
    ring_in,
)
from tests.fakes.customer import Reply
from tests.scenarios.cast import ANSWERS, TALK, TARGET, Cast, refers
from tests.scenarios.theatre import Theatre

NOT_REACHABLE = Reply("out of order", status=500)

MOVED = (hear_notify(200), hear_bye())
"""What a transferor hears of whom the call was taken."""


@dataclass(frozen=True)
class Cell:
    """One cell: what each party does and hears, and what must have come of it.

    ``where`` is what the application says at referUrl: agent B, where it is None. ``told`` is
    what the Dial's own action URL is told, '' where it is not asked.
    """

    name: str
    caller: tuple[Step, ...]
    a: tuple[Step, ...]
    outcome: Outcome
    b: tuple[Step, ...] = ()
    where: Reply | None = None
    refer_url: bool = True
    alert: bool = False
    fallback: bool = False
    asked: bool = True
    told: str = ""


B_ANSWERS = (*ANSWERS, pause(TALK), bye())
B_RINGS_ON = (ring_in(), expect_cancel())
B_IS_BUSY = (ring_in(), decline(486))
IS_CUT_OFF = (call(), hear_bye())
GIVES_UP = (call(), pause(2.0), bye())

NOT_SET = (
    Cell(
        "referUrl webhook is executed: initial call is disconnected",
        GIVES_UP,
        (*refers(), *MOVED),
        Outcome.CANCELED,
        B_RINGS_ON,
    ),
    Cell(
        "AgentB answers the call: initial call got disconnected before",
        IS_CUT_OFF,
        (*refers(), *MOVED),
        Outcome.COMPLETED,
        B_ANSWERS,
    ),
    Cell(
        "AgentB does not answer: UserA is disconnected too",
        IS_CUT_OFF,
        (*refers(), *MOVED),
        Outcome.BUSY,
        B_IS_BUSY,
    ),
    Cell(
        "referUrl is not reachable: initial call is disconnected",
        IS_CUT_OFF,
        (*refers(), hear_notify(503), hear_bye()),
        Outcome.ERROR,
        where=NOT_REACHABLE,
        fallback=True,
    ),
    Cell(
        "referUrl is not present: alert, initial call goes on",
        IS_CUT_OFF,
        (*refers(), hear_notify(603), hear_nothing(0.5), bye()),
        Outcome.REJECTED,
        refer_url=False,
        alert=True,
        asked=False,
        told="completed",
    ),
)

TRUE = (
    Cell(
        "referUrl webhook is executed: initial call is still connected",
        GIVES_UP,
        (*refers(), hear_notify(100), hear_nothing(0.8), hear_notify(503), hear_bye()),
        Outcome.CANCELED,
        B_RINGS_ON,
    ),
    Cell(
        "AgentB answers the call: initial call gets disconnected now",
        IS_CUT_OFF,
        (*refers(), hear_notify(100), hear_nothing(0.5), *MOVED),
        Outcome.COMPLETED,
        (ring_in(), pause(0.8), answer(), pause(TALK), bye()),
    ),
    Cell(
        "AgentB does not answer: UserA is connected to AgentA again",
        IS_CUT_OFF,
        (*refers(), hear_notify(503), hear_nothing(0.5), bye()),
        Outcome.BUSY,
        B_IS_BUSY,
        told="completed",
    ),
    Cell(
        "referUrl is not reachable: UserA is connected to AgentA again",
        IS_CUT_OFF,
        (*refers(), hear_notify(503), hear_nothing(0.5), bye()),
        Outcome.ERROR,
        where=NOT_REACHABLE,
        told="completed",
    ),
    Cell(
        "referUrl is not present: alert, initial call goes on",
        IS_CUT_OFF,
        (*refers(), hear_notify(603), hear_nothing(0.5), bye()),
        Outcome.REJECTED,
        refer_url=False,
        alert=True,
        asked=False,
        told="completed",
    ),
)


@pytest.mark.parametrize(
    ("bridge", "cell"),
    [
        *(pytest.param("", each, id=f"not set, {each.name}") for each in NOT_SET),
        *(pytest.param('answerOnBridge="true"', each, id=f"true, {each.name}") for each in TRUE),
    ],
)
async def test_the_table(theatre: Theatre, cast: Cast, bridge: str, cell: Cell) -> None:
    name = cast.name
    refer = 'referUrl="where"' if cell.refer_url else ""
    theatre.reply(name, "voice", cast.dial("a", attributes=f'{bridge} {refer} action="after"'))
    theatre.reply(name, "where", cell.where or cast.dial("b"))
    theatre.reply(name, "after", "<Response/>")
    theatre.reply(name, "fallback", "<Response/>")
    agents = {"a": cell.a, "b": cell.b} if cell.b else {"a": cell.a}
    await cast.play(cell.caller, **agents)
    assert await cast.outcomes() == [cell.outcome]
    assert cast.counted() == {cell.outcome: 1}
    asked = theatre.told(name, "where")
    assert [each.form["ReferTransferTarget"] for each in asked] == [f"<{TARGET}>"] * cell.asked
    dials = [each.form["DialCallStatus"] for each in theatre.told(name)]
    assert dials == ([cell.told] if cell.told else [])
    assert len(theatre.told(name, "fallback")) == cell.fallback
    alerts = [each.code for each in theatre.journal[name].intents if isinstance(each, Alert)]
    assert alerts == [13802] * cell.alert


def test_every_cell_is_played() -> None:
    assert len(NOT_SET) == len(TRUE) == len({"executed", "answers", "not", "url", "absent"})
