from dataclasses import replace

import pytest
from twilio.twiml.voice_response import VoiceResponse

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    Address,
    Callee,
    Dial,
    LegEvent,
    LegWatch,
    Number,
    Registered,
    SipAddress,
)
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.twiml_verbs import TWIML_VERBS
from stasis_refer.dialects.xml_verbs import read_response
from tests.dialects.saying import assert_refused, assert_remark

BASE = "https://example.com/app/voice"
NOT_VALID = FetchFailure.NOT_VALID
URI = "sip:bob@example.com"
TOLD = Callback("https://example.com/told")


def read(noun: str) -> Reading:
    text = f"<Response><Dial>\n{noun}</Dial></Response>"
    return read_response(parse(text.encode()), BASE, TWIML_VERBS)


@pytest.mark.parametrize(
    ("noun", "address"),
    [
        (f"<Sip>{URI}</Sip>", SipAddress(URI)),
        (f"<Sip>\n {URI};transport=tcp \n</Sip>", SipAddress(f"{URI};transport=tcp")),
        (f"<Sip>{URI}?X-A=1&amp;X-B=%20</Sip>", SipAddress(f"{URI}?X-A=1&X-B=%20")),
        # What cannot be called is an outcome, not a broken document.
        ("<Sip/>", SipAddress("")),
        ("<Sip>no uri at all</Sip>", SipAddress("no uri at all")),
        (f'<Sip username="trunk-1">{URI}</Sip>', SipAddress(URI, "trunk-1")),
        (
            f'<Sip>{URI}<Headers><Header name="A" value="1"/><Header name="B"/></Headers></Sip>',
            SipAddress(URI, headers=(("A", "1"), ("B", ""))),
        ),
        (f"<Sip>{URI}<Headers/></Sip>", SipAddress(URI)),
        ("<Number>+49 (30) 12.34-5</Number>", Number("+493012345")),
        ("<Number>\n*21#\n</Number>", Number("*21#")),
        ("<Client>alice</Client>", Registered("alice")),
        ("<Client>\n a.b_c+d-1 \n</Client>", Registered("a.b_c+d-1")),
        ("<Client><Identity> alice </Identity></Client>", Registered("alice")),
    ],
)
def test_a_noun(noun: str, address: Address) -> None:
    assert read(noun) == Reading((Dial((Callee(address),)),))


@pytest.mark.parametrize(
    ("attributes", "watch"),
    [
        ("", None),
        ('statusCallback=""', None),
        ('statusCallback="/told"', LegWatch(TOLD, frozenset({LegEvent.COMPLETED}))),
        (
            'statusCallback="/told" statusCallbackMethod="GET" statusCallbackEvent="initiated"',
            LegWatch(replace(TOLD, method=Method.GET), frozenset({LegEvent.INITIATED})),
        ),
        (
            'statusCallback="/told" statusCallbackEvent="initiated ringing answered completed"',
            LegWatch(TOLD, frozenset(LegEvent)),
        ),
        (
            'statusCallback="/told" statusCallbackEvent=" Ringing,answered "',
            LegWatch(TOLD, frozenset({LegEvent.RINGING, LegEvent.ANSWERED})),
        ),
    ],
)
@pytest.mark.parametrize(
    ("name", "text", "address"),
    [
        ("Sip", URI, SipAddress(URI)),
        ("Number", "1", Number("1")),
        ("Client", "alice", Registered("alice")),
    ],
)
def test_who_is_told_of_a_leg(
    name: str, text: str, address: Address, attributes: str, watch: LegWatch | None
) -> None:
    noun = f"<{name} {attributes}>{text}</{name}>"
    assert read(noun) == Reading((Dial((Callee(address, watch),)),))


@pytest.mark.parametrize("method", [Method.POST, Method.GET])
@pytest.mark.parametrize("text", ["Sip>sip:a@b", "Number>1", "Client>alice"])
def test_a_callee_may_be_asked_first(text: str, method: Method) -> None:
    name, _, whom = text.partition(">")
    reading = read(f'<{name} url="/told" method="{method.value}">{whom}</{name}>')
    (dial,) = reading.document
    assert isinstance(dial, Dial)
    assert dial.callees[0].screening == replace(TOLD, method=method)
    assert reading.remarks == ()


@pytest.mark.parametrize(
    ("noun", "says"),
    [
        ('<Sip username="t" password="hunter2">sip:a@b</Sip>', "the outbound_auth of endpoint 't'"),
        ('<Sip username="t" password="">sip:a@b</Sip>', "'password' of <Sip> is passed over"),
        ('<Sip method="GET">sip:a@b</Sip>', "'method' of <Sip> does nothing without url"),
        ('<Number method="GET">1</Number>', "'method' of <Number> does nothing"),
        ('<Client method="GET">a</Client>', "'method' of <Client> does nothing"),
        ('<Number byoc="BY1">1</Number>', "called through the application's trunk"),
        ('<Number machineDetection="Enable">1</Number>', "machines are not detected here"),
        ('<Sip statusCallbackEvent="ringing">sip:a@b</Sip>', "does nothing without statusCallback"),
        ('<Sip statusCallbackMethod="GET">sip:a@b</Sip>', "does nothing without statusCallback"),
        ('<Sip timeout="5">sip:a@b</Sip>', "'timeout' of <Sip> is passed over; known are"),
        ('<Client sendDigits="1">a</Client>', "'sendDigits' of <Client> is passed over; known"),
        ('<Sip>sip:a@b<Headers x="1"/></Sip>', "'x' of <Headers> is passed over"),
        ("<Sip>sip:a@b<Headers>x</Headers></Sip>", "Text in <Headers> is passed over."),
        (
            '<Sip>sip:a@b<Headers><Header name="X-A">1</Header></Headers></Sip>',
            "Text in <Header> is passed over.",
        ),
        (
            '<Sip>sip:a@b<Headers><Header name="X-A" x="1"/></Headers></Sip>',
            "'x' of <Header> is passed over; known are name, value.",
        ),
        ('<Client>a<Parameter name="b" value="c"/></Client>', "<Parameter> is passed over; it is"),
        ('<Client><Identity x="1">a</Identity></Client>', "'x' of <Identity> is passed over"),
    ],
)
def test_what_is_passed_over_is_remarked_upon(noun: str, says: str) -> None:
    (remark,) = read(noun).remarks
    assert remark.line == 2
    assert says in remark.message
    assert "hunter2" not in remark.message


def test_a_password_beside_a_username_is_kept_nowhere() -> None:
    reading = read(f'<Sip username="trunk" password="hunter2">{URI}</Sip>')
    assert reading.document == (Dial((Callee(SipAddress(URI, "trunk")),)),)
    assert_remark(reading.remarks[0], (2, 1), "in pjsip.conf decides")
    assert "hunter2" not in repr(reading)


BAD_NAME = "allowed is the name of an endpoint"
BAD_NUMBER = "allowed is a telephone number"


@pytest.mark.parametrize(
    ("noun", "says"),
    [
        ('<Sip password="hunter2">sip:a@b</Sip>', "password in <Sip> needs username"),
        ('<Sip username="" password="hunter2">sip:a@b</Sip>', BAD_NAME),
        ('<Sip username="a/b">sip:a@b</Sip>', BAD_NAME),
        (
            '<Number sendDigits="ww1">1</Number>',
            "sendDigits='ww1' in <Number>: digits are not sent",
        ),
        ('<Sip statusCallback="/a" statusCallbackEvent="busy">sip:a@b</Sip>', "initiated, ringing"),
        ('<Sip statusCallback="/a" statusCallbackEvent="">sip:a@b</Sip>', "initiated, ringing"),
        ('<Sip statusCallback="ftp://x/">sip:a@b</Sip>', "a URL is relative"),
        ('<Sip statusCallback="/a" statusCallbackMethod="PUT">sip:a@b</Sip>', "get, post"),
        ("<Sip><Uri>sip:a@b</Uri></Sip>", "<Uri> in <Sip> is not supported here"),
        ("<Sip>sip:a@b<Headers><b/></Headers></Sip>", "<Headers> holds elements <Header"),
        ("<Sip>sip:a@b<Headers><Header/></Headers></Sip>", "<Headers> holds elements <Header"),
        ("<Number/>", BAD_NUMBER),
        ("<Number>alice</Number>", "'alice' in <Number>: allowed is a telephone number"),
        ("<Number>1<b/></Number>", "<b> in <Number> is not supported here"),
        ("<Number>1?X-A=1</Number>", BAD_NUMBER),
        ("<Client/>", "<Client> holds one identity"),
        ("<Client>a<Identity>b</Identity></Client>", "<Client> holds one identity"),
        ("<Client><Identity><b/>a</Identity></Client>", "<Client> holds one identity"),
        ("<Client><Identity>a</Identity><Identity>b</Identity></Client>", "one identity"),
        ("<Client>a<b/></Client>", "<b> in <Client> is not supported here"),
        ("<Client>a b</Client>", "'a b' in <Client>: allowed is the name of an endpoint"),
        ("<Client>a@b</Client>", BAD_NAME),
    ],
)
def test_a_noun_that_cannot_be_called_says_what_to_do(noun: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(noun)
    assert (caught.value.failure, caught.value.line) == (NOT_VALID, 2)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_element_that_cannot_stand_in_a_noun_is_pointed_at() -> None:
    assert_refused(lambda: read("<Sip>\n <Uri/></Sip>"), NOT_VALID, (3, 2), "<Uri> in <Sip>")


# What reaches Asterisk's dial string.


def test_the_children_that_twilios_package_writes_are_read() -> None:
    response = VoiceResponse()
    dial = response.dial()
    sip = dial.sip(URI)
    sip.headers().header(name="X-A", value="1")
    client = dial.client()
    client.identity("alice")
    client.parameter(name="case", value="7")
    reading = read_response(parse(str(response).encode()), BASE, TWIML_VERBS)
    callees = (Callee(SipAddress(URI, headers=(("X-A", "1"),))), Callee(Registered("alice")))
    assert reading.document == (Dial(callees),)
    assert ["<Parameter>" in remark.message for remark in reading.remarks] == [True]
