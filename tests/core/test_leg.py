from dataclasses import replace

import pytest

from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.leg import Leg, info_of, key_of, names_leg
from tests.core.calls import INFO


@pytest.mark.parametrize(
    ("answered_at", "code", "dropped", "expected"),
    [
        (1.0, 200, None, CallStatus.COMPLETED),
        (1.0, None, CallStatus.CANCELED, CallStatus.COMPLETED),
        (None, 486, None, CallStatus.BUSY),
        (None, 600, None, CallStatus.BUSY),
        (None, 480, None, CallStatus.NO_ANSWER),
        (None, 408, None, CallStatus.NO_ANSWER),
        (None, 404, None, CallStatus.FAILED),
        (None, None, None, CallStatus.FAILED),
        (None, 200, None, CallStatus.COMPLETED),
        (None, 487, CallStatus.CANCELED, CallStatus.CANCELED),
        (None, 487, CallStatus.NO_ANSWER, CallStatus.NO_ANSWER),
    ],
)
def test_how_a_leg_ended(
    answered_at: float | None,
    code: int | None,
    dropped: CallStatus | None,
    expected: CallStatus,
) -> None:
    leg = Leg(INFO, 0.0, answered_at=answered_at, code=code, dropped=dropped)
    assert leg.end is expected


def test_each_leg_has_a_key_of_its_own() -> None:
    keys = {key_of(INFO.key, number) for number in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 32 for key in keys)
    assert key_of(INFO.key, 1) == key_of(INFO.key, 1)
    assert key_of(INFO.key, 1) != key_of("1" * 32, 1)


def test_nothing_of_the_caller_s_own_dialog_is_said_of_a_leg() -> None:
    caller = replace(
        INFO,
        caller="100",
        source_ip="192.0.2.1",
        headers=(("X-Secret", "1"),),
        allow="INVITE",
        peer="192.0.2.1",
    )
    info = info_of(caller, 2, "b", "example.com", 5.0)
    assert (info.call_id, info.source_ip, info.headers, info.allow) == ("", "", (), "")
    assert (info.caller, info.dialed, info.domain, info.parent) == (
        "100",
        "b",
        "example.com",
        INFO.key,
    )
    assert info.identity == "sip:b@example.com"
    assert not info.captured


CALLER = CallInfo("0123456789abcdef" * 2, "1764000000.1", "1@a", "PJSIP/a-1", "alice")


@pytest.mark.parametrize("number", [1, 23])
def test_the_channel_of_a_leg_is_known_by_its_id(number: int) -> None:
    leg = info_of(CALLER, number, "bob", "example.com", 0.0)
    assert names_leg(leg.channel)
    assert names_leg(info_of(leg, 1, "carol", "example.com", 0.0).channel)


@pytest.mark.parametrize(
    "channel", ["", "1764000000.1", "a-leg-1", f"{CALLER.key}-leg-", f"{CALLER.key}-bridge-1"]
)
def test_no_other_channel_is_taken_for_a_leg(channel: str) -> None:
    assert not names_leg(channel)
