import re
import time

import pytest

from stasis_refer.core.intents import Alert
from tests.adapters.metrics.pages import KEY, SUPPORT, changes, make, samples


@pytest.mark.parametrize(("code", "counted_as"), [(13801, "13801"), (13802, "13802"), (1, "other")])
def test_an_alert_is_counted_by_its_number(code: int, counted_as: str) -> None:
    grown = changes(lambda metrics: metrics.note(KEY, SUPPORT, Alert(code, "?")))
    assert grown == {f"alerts_total{{code={counted_as}}}": 1}


def test_the_loop_s_lag_is_timed() -> None:
    assert changes(lambda metrics: metrics.program.loop_lag(0.5)) == {
        "event_loop_lag_seconds_count{}": 1,
        "event_loop_lag_seconds_sum{}": 0.5,
    }


def test_a_state_can_be_taken_back() -> None:
    metrics = make()
    for state in (True, False):
        metrics.program.draining(state)
        metrics.program.ready(state)
        metrics.program.calls(int(state))
        shown = samples(metrics)
        names = ("draining{}", "ready{}", "calls_in_progress{}")
        assert [shown[name] for name in names] == [state] * 3


def test_two_of_them_do_not_share_state() -> None:
    one, other = make(), make()
    one.program.calls(7)
    assert samples(one)["calls_in_progress{}"] == 7
    assert samples(other)["calls_in_progress{}"] == 0


def test_a_restart_shows_in_the_time_of_the_start() -> None:
    (line,) = re.findall(
        r"^process_start_time_seconds (.*)$", make().render().decode(), re.MULTILINE
    )
    assert time.time() - 86400 < float(line) < time.time()
