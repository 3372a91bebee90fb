import pytest

from tests.adapters.metrics.pages import changes, make, samples


@pytest.mark.parametrize(
    ("event", "counted_as"),
    [
        ("ChannelTransfer", "ChannelTransfer"),
        ("RecordingFinished", "RecordingFinished"),
        ("StasisStart", "StasisStart"),
        ("TeaServed", "other"),
    ],
)
def test_an_event_is_counted_by_its_type(event: str, counted_as: str) -> None:
    grown = changes(lambda metrics: metrics.ari.event(event))
    assert grown == {f"ari_events_total{{type={counted_as}}}": 1}


def test_a_request_is_timed() -> None:
    assert changes(lambda metrics: metrics.ari.request(0.25)) == {
        "ari_request_duration_seconds_count{}": 1,
        "ari_request_duration_seconds_sum{}": 0.25,
    }


def test_the_connection_is_shown_while_it_is_up() -> None:
    metrics = make()
    metrics.ari.connected(connected=True)
    assert samples(metrics)["ari_connected{}"] == 1
    metrics.ari.connected(connected=False)
    assert samples(metrics)["ari_connected{}"] == 0
