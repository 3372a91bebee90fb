from dataclasses import replace

import pytest

from stasis_refer.core.info import CallDirection, CallInfo
from stasis_refer.core.leg import info_of
from stasis_refer.dialects.fields import basic_fields, standard_fields

KEY = "0123456789abcdef0123456789abcdef"
BARE = CallInfo(key=KEY, channel="1.1", caller="+4930123", dialed="support")
SIP = replace(
    BARE,
    channel_name="PJSIP/trunk-00000001",
    call_id="abc@phone",
    caller_name="Alice Ö",
    domain="pbx.example.com",
    peer="198.51.100.7",
    source_ip="198.51.100.8",
    headers=(
        ("Via", "SIP/2.0/UDP 198.51.100.8"),
        ("X-Acct-Number", "123456"),
        ("X-A", "1"),
        ("user-to-user", "3132;encoding=hex"),
        ("X-A", "2"),
        ("Diversion", '"Bob" <sip:+4940%20x@gw.example.com>;reason=no-answer'),
        ("diversion", "<sip:first@gw.example.com>"),
    ),
)


def fields(info: CallInfo) -> dict[str, str]:
    return standard_fields(info, account_sid="AC1", status="ringing", api_version="2010-04-01")


def test_all_that_is_known_of_a_sip_call_is_told() -> None:
    assert fields(SIP) == {
        "CallSid": "CA0123456789abcdef0123456789abcdef",
        "AccountSid": "AC1",
        "From": "sip:+4930123@198.51.100.7",
        "To": "sip:support@pbx.example.com",
        "Caller": "sip:+4930123@198.51.100.7",
        "Called": "sip:support@pbx.example.com",
        "CallStatus": "ringing",
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
        "CallerName": "Alice Ö",
        "ForwardedFrom": "+4940 x",
        "SipDomain": "pbx.example.com",
        "SipCallId": "abc@phone",
        "SipSourceIp": "198.51.100.8",
        "SipHeader_X-Acct-Number": "123456",
        "SipHeader_X-A": "1, 2",
        "SipHeader_User-to-User": "3132;encoding=hex",
    }


def test_what_is_not_known_is_left_out() -> None:
    assert fields(BARE) == {
        "CallSid": "CA0123456789abcdef0123456789abcdef",
        "AccountSid": "AC1",
        "From": "+4930123",
        "To": "support",
        "Caller": "+4930123",
        "Called": "support",
        "CallStatus": "ringing",
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
    }


def test_a_call_that_is_not_sip_has_no_sip_fields() -> None:
    told = fields(replace(SIP, channel_name="Local/1@x-00000001;1"))
    assert (told["From"], told["To"]) == ("+4930123", "support")
    assert not [name for name in told if name.startswith("Sip")]


@pytest.mark.parametrize(
    ("caller", "peer", "told"),
    [
        ("alice", "", "alice"),
        ("alice", "example.com", "sip:alice@example.com"),
        ("", "", "anonymous"),
        ("", "example.com", "sip:anonymous@example.com"),
        ("alice", "2001:db8::1", "sip:alice@[2001:db8::1]"),
        ("alice", "[2001:db8::1]", "sip:alice@[2001:db8::1]"),
    ],
)
def test_the_caller_is_a_uri_where_the_host_is_known(caller: str, peer: str, told: str) -> None:
    told_fields = fields(replace(SIP, caller=caller, peer=peer))
    assert told_fields["From"] == told_fields["Caller"] == told


def test_without_a_dialed_user_the_domain_was_called() -> None:
    assert fields(replace(SIP, dialed=""))["To"] == "sip:pbx.example.com"
    assert "To" not in fields(replace(SIP, dialed="", domain=""))


@pytest.mark.parametrize(
    ("diversion", "told"),
    [
        ("<sip:+4940@gw.example.com>;reason=unconditional", "+4940"),
        ("sips:bob;x=y:secret@gw.example.com", "bob"),
        ('"tel" <tel:+4940;ext=1>', "+4940"),
        ("<SIP:bob@gw.example.com>, <sip:carol@gw.example.com>", "bob"),
        ("<sip:gw.example.com>", None),
        ("<sip:gw.example.com>, <sip:carol@gw.example.com>", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_forwarded_from_is_the_user_of_the_latest_diversion(
    diversion: str, told: str | None
) -> None:
    info = replace(SIP, headers=(("diversion", diversion),))
    assert fields(info).get("ForwardedFrom") == told


def test_what_utf_8_cannot_write_is_replaced() -> None:
    told = fields(replace(SIP, caller_name="A\ud800", headers=(("X-B", "\udcff"),)))
    assert (told["CallerName"], told["SipHeader_X-B"]) == ("A?", "?")


# A leg that a Dial called: nothing of the caller's own INVITE is told of it.
LEG = info_of(SIP, 1, "bob", "phones.example.com", 0.0)


@pytest.mark.parametrize("direction", CallDirection)
def test_each_direction_has_a_word(direction: CallDirection) -> None:
    told = fields(replace(BARE, direction=direction))["Direction"]
    words = {"inbound": "inbound", "dialed": "outbound-dial", "originated": "outbound-api"}
    assert told == words[direction]


def test_a_dialed_leg_is_from_the_caller_to_who_was_called() -> None:
    assert fields(replace(LEG, call_id="leg@us")) == {
        "CallSid": f"CA{LEG.key}",
        "AccountSid": "AC1",
        "From": "sip:+4930123@198.51.100.7",
        "To": "sip:bob@phones.example.com",
        "Caller": "sip:+4930123@198.51.100.7",
        "Called": "sip:bob@phones.example.com",
        "CallStatus": "ringing",
        "ApiVersion": "2010-04-01",
        "Direction": "outbound-dial",
        "ParentCallSid": f"CA{KEY}",
        "CallerName": "Alice Ö",
        "SipCallId": "leg@us",
    }


def test_a_dialed_leg_as_restcomm_tells_it() -> None:
    assert basic(LEG) == {
        "CallSid": f"CA{LEG.key}",
        "AccountSid": "AC1",
        "From": "+4930123",
        "To": "bob",
        "CallStatus": "ringing",
        "ApiVersion": "2012-04-24",
        "Direction": "outbound-dial",
        "ParentCallSid": f"CA{KEY}",
        "CallerName": "Alice Ö",
    }


# Restcomm's.


def basic(info: CallInfo) -> dict[str, str]:
    return basic_fields(info, account_sid="AC1", status="ringing", api_version="2012-04-24")


def test_restcomm_is_told_less_and_parties_are_user_parts() -> None:
    assert basic(SIP) == {
        "CallSid": "CA0123456789abcdef0123456789abcdef",
        "AccountSid": "AC1",
        "From": "+4930123",
        "To": "support",
        "CallStatus": "ringing",
        "ApiVersion": "2012-04-24",
        "Direction": "inbound",
        "CallerName": "Alice Ö",
        "ForwardedFrom": "+4940 x",
        "SipHeader_X-Acct-Number": "123456",
        "SipHeader_X-A": "1, 2",
    }


def test_what_is_not_known_is_not_told_to_restcomm_either() -> None:
    assert basic(CallInfo(key=KEY, channel="1.1")) == {
        "CallSid": "CA0123456789abcdef0123456789abcdef",
        "AccountSid": "AC1",
        "From": "anonymous",
        "CallStatus": "ringing",
        "ApiVersion": "2012-04-24",
        "Direction": "inbound",
    }
