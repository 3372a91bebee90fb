from dataclasses import replace

import pytest

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.verbs import (
    Callee,
    Dial,
    LegEvent,
    LegWatch,
    Number,
    Recorder,
    Registered,
    SipAddress,
)
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.rcml_verbs import RCML_VERBS
from stasis_refer.dialects.xml_verbs import read_response

BASE = "https://example.com/app/voice"
NOT_VALID = FetchFailure.NOT_VALID
NEXT = Callback("https://example.com/next")


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE, RCML_VERBS)


# Restcomm's pages on <Dial>, <Number>, <Client> and <Sip>, their examples.

NUMBER = Callee(Number("1444555666"))


@pytest.mark.parametrize(
    ("text", "dial"),
    [
        pytest.param("<Dial>1-444-555-666</Dial>", Dial((NUMBER,)), id="Dial, a number"),
        pytest.param(
            '<Dial record="true">1-444-555-666</Dial>',
            Dial((NUMBER,), recorder=Recorder()),
            id="Dial, record",
        ),
        pytest.param(
            '<Dial callerId="1555666777" record="true">1-444-555-666</Dial>',
            Dial((NUMBER,), caller_id="1555666777", recorder=Recorder()),
            id="Dial, callerId",
        ),
        pytest.param(
            "<Dial><Number>1-444-555-6666?X-Custom-Header1=1234&amp;X-Custom-Header2=4321</Number>"
            "</Dial>",
            Dial(
                (
                    Callee(
                        Number(
                            "14445556666",
                            headers=(("X-Custom-Header1", "1234"), ("X-Custom-Header2", "4321")),
                        )
                    ),
                )
            ),
            id="Number, headers",
        ),
        pytest.param(
            "<Dial><Client>alice?X-Custom-Header1=1%2034</Client></Dial>",
            Dial((Callee(Registered("alice", (("X-Custom-Header1", "1 34"),))),)),
            id="Client, headers",
        ),
        pytest.param(
            '<Dial callerId="+19898123"> <Number>123-321-4321</Number> <Client>jenny</Client>'
            "<Client>tommy</Client></Dial>",
            Dial(
                (
                    Callee(Number("1233214321")),
                    Callee(Registered("jenny")),
                    Callee(Registered("tommy")),
                ),
                caller_id="+19898123",
            ),
            id="Client, simultaneous dialing",
        ),
        pytest.param(
            "<Dial><Client statusCallbackEvent='initiated ringing answered completed' "
            "statusCallback='https://myapp.com/calls/events' statusCallbackMethod='POST'>\n thomas"
            "</Client></Dial>",
            Dial(
                (
                    Callee(
                        Registered("thomas"),
                        LegWatch(Callback("https://myapp.com/calls/events"), frozenset(LegEvent)),
                    ),
                )
            ),
            id="Client, call progress events",
        ),
        pytest.param(
            "<Dial><Sip>sip:alice@127.0.0.1:5080</Sip></Dial>",
            Dial((Callee(SipAddress("sip:alice@127.0.0.1:5080")),)),
            id="Sip",
        ),
        pytest.param(
            "<Dial><Sip>sip:alice@example.com?mycustomheader=tata&amp;myotherheader=toto</Sip></Dial>",
            Dial(
                (
                    Callee(
                        SipAddress("sip:alice@example.com?mycustomheader=tata&myotherheader=toto")
                    ),
                )
            ),
            id="Sip, custom headers",
        ),
        pytest.param(
            '<Dial record="true" timeout="10" hangupOnStar="true" callerId="bob" method="POST" '
            'action="/next"><Sip>sip:alice@example.com?customheader=foo</Sip></Dial>',
            Dial(
                (Callee(SipAddress("sip:alice@example.com?customheader=foo")),),
                action=NEXT,
                timeout=10.0,
                caller_id="bob",
                keys_to_leave="*",
                recorder=Recorder(),
            ),
            id="Sip, settings of Dial",
        ),
    ],
)
def test_documents_of_restcomms_pages(text: str, dial: Dial) -> None:
    assert read(text) == Reading((dial,))


def test_credentials_are_those_of_an_endpoint() -> None:
    # Restcomm's page on <Sip>, Authentication Example.
    reading = read(
        '<Dial><Sip username="alice" password="secret">sip:alice@example.com</Sip></Dial>'
    )
    assert reading.document == (Dial((Callee(SipAddress("sip:alice@example.com", "alice")),)),)
    assert ["'alice' in pjsip.conf" in each.message for each in reading.remarks] == [True]
    assert "secret" not in repr(reading)


DEFAULT = Dial((Callee(Number("1")),))


@pytest.mark.parametrize(
    ("attributes", "dial"),
    [
        ("", DEFAULT),
        ('timeout="1"', replace(DEFAULT, timeout=1.0)),
        ('timeLimit="14400"', DEFAULT),
        ('timeLimit="60"', replace(DEFAULT, time_limit=60.0)),
        ('record="false"', DEFAULT),
        ('callerId="client:thomas"', replace(DEFAULT, caller_id="thomas")),
        ('action="/next" method="GET"', replace(DEFAULT, action=replace(NEXT, method=Method.GET))),
        ('referUrl="/next"', replace(DEFAULT, refer=NEXT)),
        (
            'referUrl="/next" referMethod="GET"',
            replace(DEFAULT, refer=replace(NEXT, method=Method.GET)),
        ),
    ],
)
def test_an_attribute(attributes: str, dial: Dial) -> None:
    assert read(f"<Dial {attributes}>1</Dial>") == Reading((dial,))


TWILIOS = ["answerOnBridge", "sequential", "ringTone", "trim", "recordingStatusCallback"]


@pytest.mark.parametrize("name", TWILIOS)
def test_what_only_twilio_has_does_nothing(name: str) -> None:
    reading = read(f'<Dial {name}="true">1</Dial>')
    (remark,) = reading.remarks
    assert reading.document == (DEFAULT,)
    assert f"{name!r} of <Dial> is passed over; known are action, callerId" in remark.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('<Client name="alice">alice</Client>', "'name' of <Client> is passed over; it goes with"),
        ('<Sip name="sip:a@b">sip:a@b</Sip>', "'name' of <Sip> is passed over"),
        ('<Number method="GET">1</Number>', "'method' of <Number> does nothing without url"),
        ('<Number byoc="BY1">1</Number>', "'byoc' of <Number> is passed over; known are"),
    ],
)
def test_what_is_passed_over_is_remarked_upon(text: str, says: str) -> None:
    (remark,) = read(f"<Dial>{text}</Dial>").remarks
    assert says in remark.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<Dial/>", "<Dial> holds a number, or else elements"),
        ('<Dial record="record-from-answer">1</Dial>', "allowed are true, false"),
        ('<Dial timeout="0">1</Dial>', "a whole number from 1 to 600"),
        ("<Dial><Conference>1111</Conference></Dial>", "a conference has no part in REFER"),
        ("<Dial><Queue>a</Queue></Dial>", "a queue has no part in REFER"),
        ("<Dial><Uri>sip:a@b</Uri></Dial>", "<Uri> in <Dial> is not supported here: write <Sip>"),
        ("<Dial><Video/></Dial>", "there is no video"),
        ("<Dial><Sim>1</Sim></Dial>", "<Sim> cannot stand in Restcomm's <Dial>"),
        ('<Dial><Client name="a"><Video enable="true"/></Client></Dial>', "<Video> in <Client>"),
        ("<Dial><Sip>sip:a@b<Headers/></Sip></Dial>", "<Headers> in <Sip> is not supported"),
        ('<Dial><Number sendDigits="wwww1234">1</Number></Dial>', "digits are not sent here"),
        ("<Dial><Number>1?X-A</Number></Dial>", "headers are written as name=value"),
        ("<Dial><Client>a?=1</Client></Dial>", "headers are written as name=value"),
        ("<Dial><Client>a b?X-A=1</Client></Dial>", "the name of an endpoint"),
        ("<Dial>a</Dial>", "allowed is a telephone number"),
    ],
)
def test_a_dial_that_cannot_be_run_says_what_to_do(text: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert caught.value.failure is NOT_VALID
    assert says in str(caught.value)
