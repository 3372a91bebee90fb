from dataclasses import replace

import pytest

from stasis_refer.core.events import CallEnded, ChannelUp, DeadlinePassed, ReferSeen
from tests.core.calls import REFER, SILENT, WITH_STATUS, Line, Step, document, notify
from tests.core.dials import DIAL, HOLDING, TO_B, answers, apart, hangs_up, of, refers, rings


def test_a_timer_that_is_a_hair_early_ends_no_more_than_it_was_set_for() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), *refers(5.0))
    line.happens((5.1, document(TO_B)), apart(5.2), *rings(5.3, 2))
    del line.words[:]
    line.call.handle(DeadlinePassed(), 6.1 - 1e-9)
    line.happens((7.0, of(2, ChannelUp())))
    assert line.words[-2:] == ["7 connect caller leg 2 in bridge 2", "7 ended completed"]


def test_a_late_success_in_the_end_is_only_noted() -> None:
    line = Line(WITH_STATUS)
    line.happens((0.0, document(REFER)), *SILENT, (30.3, document(TO_B)), *rings(31.0))
    line.happens((32.0, CallEnded()))
    before = len(line.words)
    line.happens((32.1, notify(9, 200, end=True, refer_id=7)))
    assert line.words[before:] == ["32.1 late success 200"]
    assert not line.call.over


@pytest.mark.parametrize(
    ("steps", "over"),
    [
        pytest.param((), False, id="their channels are not gone yet"),
        pytest.param((hangs_up(9.1),), True, id="their channels are gone"),
        pytest.param(((15.0, ChannelUp()),), True, id="nobody tells that they are gone"),
    ],
)
def test_a_call_is_over_when_its_legs_are_gone(steps: tuple[Step, ...], *, over: bool) -> None:
    line = Line()
    line.happens((0.0, document(replace(DIAL, action=None))), *answers(0.0), (9.0, CallEnded()))
    line.happens(*steps)
    assert line.call.over is over
    if over:
        assert line.call.deadline is None


def test_a_channel_that_is_lost_is_hung_up_and_no_other_one() -> None:
    """It is the transferee's, whom the caller had called; the call goes on with the caller."""
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0, None))
    line.happens((5.1, document(REFER)), apart(5.2), (5.2, ReferSeen(7)))
    line.wait(60.0)
    assert line.words[-4:] == [
        "44.2 drop leg 1",
        "44.2 ended canceled",
        "44.2 notify caller 503",
        "44.2 fetch action completed 200 43.2",
    ]
