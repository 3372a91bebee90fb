from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from stasis_refer.core.call import Call
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import HangUp, Intent, TransferBegan, TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.runtime.capacity import QUIET, STATUS, Bounds, Capacity, Limit
from stasis_refer.runtime.journal import Entry
from tests.runtime.parties import SUPPORT

SALES = replace(SUPPORT, name="sales")
BEGAN = TransferBegan(Direction.SENT, "sip:a@example.com")
BUSY = Result(Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP)
ENDED = TransferEnded(Direction.SENT, "sip:a@example.com", "default", BUSY, TransferTimes())


class World:
    """A capacity on a clock of its own, and which limits were reached."""

    def __init__(self, program: Bounds = Bounds(), **applications: Bounds) -> None:  # noqa: B008 - it is frozen
        self.now = 1000.0
        self.reached: list[Limit] = []
        self.capacity = Capacity(program, applications, lambda: self.now, self.reached.append)

    def comes(self, application: str = "support") -> Call | Limit:
        """Let a call come: it is live then, or the limit that it is over."""
        limit = self.capacity.refuses_call(application)
        if limit is not None:
            return limit
        return self.live(application)

    def live(self, application: str = "support", transfers: int = 0) -> Call:
        of = SALES if application == "sales" else replace(SUPPORT, name=application)
        call = Call(CallInfo("k", "1.1"), of, up=True, now=0.0)
        self.capacity.call_began(call, transfers)
        return call

    def step(self, call: Call, *intents: Intent) -> Limit | None:
        """Let a call make a step; the limit that its transfer is over behind it."""
        self.capacity.take(Entry(call, 1, 0.0, None, intents))
        return self.capacity.refuses_transfer(call)


# -- calls -----------------------------------------------------------------------


def test_so_many_calls_of_the_program_are_live_and_no_more() -> None:
    world = World(Bounds(calls=2))
    first, second = world.comes(), world.comes("sales")
    assert isinstance(first, Call)
    assert isinstance(second, Call)
    assert [world.comes(), world.comes("sales")] == [Limit.CALLS, Limit.CALLS]
    world.capacity.call_over(first)
    assert isinstance(world.comes("sales"), Call)
    assert world.comes() is Limit.CALLS
    assert world.reached == [Limit.CALLS] * 3


def test_the_calls_of_one_application_are_not_those_of_another() -> None:
    world = World(support=Bounds(calls=1), sales=Bounds(calls=1))
    first = world.comes()
    assert isinstance(first, Call)
    assert world.comes() is Limit.APPLICATION_CALLS
    assert isinstance(world.comes("sales"), Call)
    world.capacity.call_over(first)
    assert isinstance(world.comes(), Call)


def test_so_many_calls_come_in_any_second() -> None:
    world = World(support=Bounds(calls_per_second=2))
    world.comes()
    world.now += 0.6
    world.comes()
    world.now += 0.39
    assert world.comes() is Limit.CALL_RATE
    assert isinstance(world.comes("sales"), Call)
    world.now += 0.02  # the first one came a second ago, the other did not
    assert isinstance(world.comes(), Call)
    assert world.comes() is Limit.CALL_RATE


def test_calls_that_were_refused_do_not_keep_others_out() -> None:
    world = World(support=Bounds(calls_per_second=1))
    world.comes()
    for _ in range(10):
        world.now += 0.09
        assert world.comes() is Limit.CALL_RATE
    world.now += 0.11
    assert isinstance(world.comes(), Call)


def test_each_limit_of_calls_has_a_status() -> None:
    assert STATUS == {Limit.CALLS: 503, Limit.APPLICATION_CALLS: 480, Limit.CALL_RATE: 480}


def test_without_limits_all_come() -> None:
    world = World()
    assert all(isinstance(world.comes(), Call) for _ in range(1000))


# -- transfers -------------------------------------------------------------------


def test_so_many_transfers_are_under_way_and_no_more() -> None:
    world = World(Bounds(transfers=2))
    first, second, third = world.live(), world.live("sales"), world.live()
    assert world.step(first, BEGAN) is None
    assert world.step(second, BEGAN) is None
    assert world.step(third, BEGAN) is Limit.TRANSFERS
    assert world.step(third, ENDED) is None
    assert world.step(third, BEGAN) is Limit.TRANSFERS  # it took nobody's place
    world.step(third, ENDED)
    world.step(first, ENDED)
    assert world.step(third, BEGAN) is None
    assert world.reached == [Limit.TRANSFERS] * 2


def test_the_transfers_of_one_application_are_not_those_of_another() -> None:
    world = World(support=Bounds(transfers=1), sales=Bounds(transfers=1))
    assert world.step(world.live(), BEGAN) is None
    assert world.step(world.live(), BEGAN) is Limit.APPLICATION_TRANSFERS
    assert world.step(world.live("sales"), BEGAN) is None


def test_what_ends_with_one_that_is_refused_leaves_its_place() -> None:
    world = World(Bounds(transfers=1))
    call, other = world.live(), world.live()
    world.step(call, BEGAN)
    assert world.step(call, BEGAN) is Limit.TRANSFERS  # its document transfers once more
    world.step(call, ENDED, ENDED)
    assert world.step(other, BEGAN) is None
    assert world.step(world.live(), BEGAN) is Limit.TRANSFERS


def test_a_transfer_that_ends_in_the_step_it_begins_in_counts_for_nothing() -> None:
    world = World(Bounds(transfers=1))
    call, blocked = world.live(), world.live()
    world.step(call, BEGAN)
    assert world.step(blocked, BEGAN, ENDED, HangUp()) is None
    assert world.step(call, ENDED, BEGAN) is None
    assert world.step(blocked, BEGAN) is Limit.TRANSFERS
    assert world.reached == [Limit.TRANSFERS]


def test_a_call_that_is_over_has_no_transfers() -> None:
    world = World(Bounds(transfers=1))
    lost, other = world.live(), world.live()
    world.step(lost, BEGAN)
    world.step(other, BEGAN)
    world.capacity.call_over(other)
    world.capacity.call_over(lost)
    assert world.step(world.live(), BEGAN) is None
    assert world.step(world.live(), BEGAN) is Limit.TRANSFERS


def test_what_was_under_way_before_a_restart_counts_and_goes_on() -> None:
    world = World(Bounds(calls=1, transfers=1))
    first, second = world.live(transfers=1), world.live(transfers=1)
    assert [world.step(first), world.step(second)] == [None, None]
    assert world.comes() is Limit.CALLS
    world.step(first, ENDED)
    assert world.step(first, BEGAN) is Limit.TRANSFERS
    world.step(first, ENDED)
    world.step(second, ENDED)
    assert world.step(first, BEGAN) is None


def test_a_transfer_is_asked_for_only_where_there_is_room() -> None:
    world = World(Bounds(transfers=1))
    call, other = world.live(), world.live()
    assert world.capacity.refuses_order(call) is None
    world.step(call, BEGAN)
    assert world.capacity.refuses_order(other) is Limit.TRANSFERS
    assert world.capacity.refuses_order(call) is None  # it may be the same one
    assert world.reached == [Limit.TRANSFERS]


def test_calls_of_an_application_that_is_configured_no_more_count() -> None:
    world = World(Bounds(calls=1), support=Bounds(calls=9))
    gone = world.live("gone")
    assert world.comes() is Limit.CALLS
    world.capacity.call_over(gone)
    assert isinstance(world.comes(), Call)


# -- the log ---------------------------------------------------------------------


@pytest.mark.parametrize(("later", "lines"), [(QUIET - 0.1, 1), (QUIET, 2)])
def test_the_log_tells_of_a_limit_now_and_then(later: float, lines: int) -> None:
    world = World(support=Bounds(calls=0), sales=Bounds(calls=0))
    with capture_logs() as logs:
        for _ in range(100):
            world.comes()
        world.now += later
        world.comes()
        world.comes("sales")
    of_support = [each for each in logs if each["application"] == "support"]
    assert len(of_support) == lines
    assert len(logs) == lines + 1
    assert of_support[-1]["refused_since_told_last"] == (99 if lines > 1 else 0)
    assert "max_calls" in of_support[0]["remedy"]
