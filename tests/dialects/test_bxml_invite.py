import pytest
from bandwidth.models.initiate_callback import InitiateCallback

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.info import CallInfo
from stasis_refer.dialects.bxml_invite import (
    invite_fields,
    refer_received_fields,
    sip_call_id,
)


def call(*headers: tuple[str, str], channel: str = "PJSIP/trunk-00000001") -> CallInfo:
    return CallInfo(
        key="0" * 32, channel="1.1", channel_name=channel, call_id="abc@phone", headers=headers
    )


def test_a_call_without_headers_tells_its_call_id() -> None:
    assert invite_fields(call()) == sip_call_id(call()) == {"sipCallId": "abc@phone"}


def test_headers_are_passed_on_under_bandwidths_names() -> None:
    told = invite_fields(
        call(
            ("X-Acct", "1"),
            ("Via", "SIP/2.0/UDP 198.51.100.7"),
            ("X-Other", "3"),
            ("x-acct", "2\udc80"),
            ("User-to-User", "3132;encoding=hex"),
            ("user-to-user", "33;encoding=hex"),
            ("Diversion", "<sip:+4940@gw;x=y>;reason=user-busy;privacy=off"),
        )
    )
    assert told == {
        "sipCallId": "abc@phone",
        "sipHeaders": {"x-acct": "2?", "x-other": "3"},
        "uui": "3132;encoding=hex,33;encoding=hex",
        "diversion": {"origTo": "+4940", "reason": "user-busy", "privacy": "off"},
    }
    model = InitiateCallback.from_dict(told)
    assert model is not None
    assert model.additional_properties == {}


@pytest.mark.parametrize(
    ("diversion", "told"),
    [
        ("<sip:+4940@gw>", {"origTo": "+4940"}),
        ('"B" <sip:bob@gw>; Reason = "user-busy" ;counter=2', ("bob", "user-busy", "2")),
        ("<tel:+4940>;reason=away, <sip:+41@gw>;counter=9", ("+4940", "away", None)),
        ("sip:+4940@gw", {"origTo": "+4940"}),
        ("nonsense", None),
    ],
)
def test_the_latest_diversion_is_passed_on(
    diversion: str, told: dict[str, str] | tuple[str | None, ...] | None
) -> None:
    if isinstance(told, tuple):
        names = ("origTo", "reason", "counter")
        told = {name: each for name, each in zip(names, told, strict=True) if each}
    later = ("Diversion", "<sip:+41@gw>;reason=unconditional")
    assert invite_fields(call(("diversion", diversion), later)).get("diversion") == told


@pytest.mark.parametrize("length", [256, 257])
def test_a_user_to_user_header_is_passed_on_as_long_as_bandwidth_allows(length: int) -> None:
    assert ("uui" in invite_fields(call(("User-to-User", "x" * length)))) is (length <= 256)


def test_a_call_that_is_not_sip_has_nothing_of_sip() -> None:
    local = call(("X-A", "1"), channel="Local/1-00000001;1")
    assert invite_fields(local) == sip_call_id(local) == {}


def asked(refer_to: str, referred_by: str = "", *headers: tuple[str, str]) -> dict[str, object]:
    about = TransferAsked(refer_to, "b", call(), call(), referred_by, headers=headers)
    return refer_received_fields(about, "c-1")


def test_a_refer_is_told_as_received() -> None:
    told = asked('"B" <sip:b@c?X=1>', "<sip:a@c>\udc80", ("X-A", "1"), ("x-a", "2"))
    assert told == {
        "referTo": '"B" <sip:b@c?X=1>',
        "referredBy": "<sip:a@c>?",
        "transferorCallId": "c-1",
        "sipHeaders": {"x-a": "2"},
    }


def test_what_a_refer_does_not_say_is_left_out() -> None:
    assert asked("b") == {"referTo": "b", "transferorCallId": "c-1"}
    assert asked("b", "", ("User-to-User", "x" * 257)) == asked("b")
