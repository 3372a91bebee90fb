from typing import Literal

import pytest

from tests.adapters.metrics.pages import changes


@pytest.mark.parametrize(
    ("result", "counted_as"), [("passed_over", "passed_over"), ("10.0.0.1", "other")]
)
def test_a_packet_is_counted_by_what_became_of_it(result: str, counted_as: str) -> None:
    grown = changes(lambda metrics: metrics.sip.packet(result))
    assert grown == {f"capture_packets_total{{result={counted_as}}}": 1}


@pytest.mark.parametrize(
    ("phase", "code", "counted_as"),
    [
        ("refer", 405, "405"),
        ("notify", 180, "180"),
        ("notify", 299, "other"),
        ("notify", None, "other"),
    ],
)
def test_a_status_is_counted_by_its_code(
    phase: Literal["refer", "notify"], code: int | None, counted_as: str
) -> None:
    grown = changes(lambda metrics: metrics.sip.response(phase, code))
    assert grown == {f"sip_responses_total{{code={counted_as},phase={phase}}}": 1}
