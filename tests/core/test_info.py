from dataclasses import replace

import pytest

from stasis_refer.core.info import CallDirection, CallInfo

CALLER = CallInfo(
    "0" * 32, "1.1", caller="100", dialed="200", domain="us.example", peer="far.example"
)
CALLEE = replace(CALLER, direction=CallDirection.DIALED)


@pytest.mark.parametrize(
    ("allow", "expected"),
    [
        ("", False),
        ("INVITE, ACK, BYE, CANCEL", True),
        ("INVITE,ACK,REFER,BYE", False),
        ("invite, refer", False),
        ("INVITE, X-REFER", True),
    ],
)
def test_whether_the_far_end_said_that_it_takes_no_refer(allow: str, *, expected: bool) -> None:
    assert replace(CALLER, allow=allow).refuses_refer is expected


@pytest.mark.parametrize(
    ("info", "user", "identity"),
    [
        (CALLER, "100", "sip:100@far.example"),
        (CALLEE, "200", "sip:200@us.example"),
        (replace(CALLER, peer=""), "100", ""),
        (replace(CALLER, peer="2001:db8::1"), "100", "sip:100@[2001:db8::1]"),
        (replace(CALLEE, dialed=""), "", ""),
    ],
)
def test_who_the_far_end_is(info: CallInfo, user: str, identity: str) -> None:
    assert (info.far_user, info.identity) == (user, identity)


@pytest.mark.parametrize(
    ("source_ip", "watched", "expected"),
    [("", False, False), ("192.0.2.1", False, True), ("", True, True)],
)
def test_whether_its_messages_are_captured(
    source_ip: str, *, watched: bool, expected: bool
) -> None:
    assert replace(CALLER, source_ip=source_ip, watched=watched).captured is expected


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/trunk-00000001", "trunk"),
        ("PJSIP/trunk-a-1f-0000abcd", "trunk-a-1f"),
        ("PJSIP/+49.30_x-00000001", "+49.30_x"),
        ("Local/s@demo-00000001;1", ""),
        ("", ""),
    ],
)
def test_which_endpoint_a_channel_is_of(channel: str, endpoint: str) -> None:
    assert replace(CALLER, channel_name=channel).endpoint == endpoint
