import pytest

from stasis_refer.core.recording import bridge_of, call_of, channel_of, name_of


def test_a_recording_says_of_which_call_it_is() -> None:
    key = "0123456789abcdef" * 2
    assert name_of(key, 12) == f"{key}-12"
    assert call_of(name_of(key, 12)) == key


def test_a_name_that_is_none_of_ours_is_of_no_call() -> None:
    assert call_of("greeting") == ""


@pytest.mark.parametrize("channel", ["1700000000.1", f"{'0' * 32}-leg-1", "a-bridge-b"])
def test_a_bridge_is_named_after_who_made_it(channel: str) -> None:
    assert channel_of(bridge_of(channel, 12)) == channel


@pytest.mark.parametrize("bridge", ["conference", "", "-bridge-1"])
def test_bridges_of_others_are_nobody_s(bridge: str) -> None:
    assert channel_of(bridge) is None
