import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest
from bandwidth.models import bxml as sdk

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.verbs import (
    Callee,
    Dial,
    Document,
    LegEvent,
    LegWatch,
    Number,
    SipAddress,
    Tag,
)
from stasis_refer.dialects.bxml_transfer import (
    OF_CALLEE,
    TIME_LIMIT,
    TRANSFER,
)
from stasis_refer.dialects.bxml_verbs import BXML_VERBS
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.xml_verbs import read_response

BASE = "https://example.com/app/voice"
GET, POST = Method.GET, Method.POST
NUMBER = "<PhoneNumber>+11234567892</PhoneNumber>"
PLAIN = Dial((Callee(Number("+11234567892")),), time_limit=TIME_LIMIT)
"""What a transfer to one number is without any attribute."""
PAGE = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text()


def read(inside: str) -> Reading:
    return read_response(parse(f"<Response>{inside}</Response>".encode()), BASE, BXML_VERBS)


def transfer(attributes: str) -> str:
    return f"<Transfer {attributes}>{NUMBER}</Transfer>"


def callee(text: str) -> tuple[Callee, list[str]]:
    """Read the one element of a transfer; return it and the remarks."""
    reading = read(f"<Transfer>{text}</Transfer>")
    (dial,) = reading.document
    assert isinstance(dial, Dial)
    (found,) = dial.callees
    return found, [each.message for each in reading.remarks]


FULL_COMPLETE = (
    'transferCompleteUrl="/done" transferCompleteMethod="GET" username="u" password="p" '
    'transferCompleteFallbackUrl="https://b/y" transferCompleteFallbackMethod="GET" '
    'fallbackUsername="f" fallbackPassword="g"'
)


@pytest.mark.parametrize(
    ("attributes", "document"),
    [
        ("", (PLAIN,)),
        ('callTimeout="12.5"', (replace(PLAIN, timeout=12.5),)),
        ('transferCallerId="+11234567891"', (replace(PLAIN, caller_id="+11234567891"),)),
        (
            'transferCallerDisplayName="Ä &amp; B"',
            (replace(PLAIN, caller_name="Ä & B"),),
        ),
        ('privacy="false"', (PLAIN,)),
        ('tag="gold"', (Tag("gold"), PLAIN)),
        ('tag=""', (Tag(""), PLAIN)),
        (
            'transferCompleteUrl="/done"',
            (replace(PLAIN, action=Callback("https://example.com/done", POST)),),
        ),
        (
            FULL_COMPLETE,
            (
                replace(
                    PLAIN,
                    action=Callback(
                        "https://u:p@example.com/done", GET, Callback("https://f:g@b/y", GET)
                    ),
                ),
            ),
        ),
        (
            'x-refer-url="refer"',
            (replace(PLAIN, refer=Callback("https://example.com/app/refer", POST)),),
        ),
        (
            'x-refer-url="refer" x-refer-method="GET"',
            (replace(PLAIN, refer=Callback("https://example.com/app/refer", GET)),),
        ),
    ],
)
def test_a_transfer(attributes: str, document: Document) -> None:
    assert read(transfer(attributes)) == Reading(document)


@pytest.mark.parametrize("hidden", ["Restricted", "Anonymous", "private", "Unavailable"])
def test_a_caller_who_is_not_to_be_known(hidden: str) -> None:
    nameless = replace(PLAIN, caller_id="anonymous", caller_name="Anonymous")
    assert read(transfer(f'transferCallerId="{hidden}"')) == Reading((nameless,))
    private = 'transferCallerId="+11234567891" privacy="true"'
    assert read(transfer(private)) == Reading((nameless,))
    named = f'{private} transferCallerDisplayName="Shop"'
    assert read(transfer(named)) == Reading((replace(nameless, caller_name="Shop"),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NUMBER, Callee(Number("+11234567892"))),
        ("<PhoneNumber> +1 (123) 456-7892 </PhoneNumber>", Callee(Number("+11234567892"))),
        ("<SipUri> sip:user@server.com </SipUri>", Callee(SipAddress("sip:user@server.com"))),
        # A URI that cannot be read is an outcome of the call, not a broken document.
        ("<SipUri>no uri</SipUri>", Callee(SipAddress("no uri"))),
        ("<SipUri/>", Callee(SipAddress(""))),
        (
            '<SipUri uui="aGk=;encoding=base64,31;encoding=hex">sip:a@b</SipUri>',
            Callee(
                SipAddress(
                    "sip:a@b",
                    headers=(
                        ("User-to-User", "aGk=;encoding=base64"),
                        ("User-to-User", "31;encoding=hex"),
                    ),
                )
            ),
        ),
        (
            '<PhoneNumber uui="31;encoding=hex">7</PhoneNumber>',
            Callee(Number("7", headers=(("User-to-User", "31;encoding=hex"),))),
        ),
        (
            '<PhoneNumber tag="agent" transferDisconnectUrl="/gone">7</PhoneNumber>',
            Callee(Number("7"), LegWatch(Callback("https://example.com/gone", POST)), tag="agent"),
        ),
        (
            (
                '<SipUri transferDisconnectUrl="/gone" transferDisconnectMethod="GET" username="u"'
                ' password="p">sip:a@b</SipUri>'
            ),
            Callee(SipAddress("sip:a@b"), LegWatch(Callback("https://u:p@example.com/gone", GET))),
        ),
    ],
)
def test_who_is_called(text: str, expected: Callee) -> None:
    assert callee(text) == (expected, [])


def test_only_the_end_of_a_leg_is_told() -> None:
    found, _ = callee('<SipUri transferDisconnectUrl="/gone">sip:a@b</SipUri>')
    assert found.watch
    assert found.watch.events == {LegEvent.COMPLETED}


def test_all_are_called_at_once_and_each_has_its_place() -> None:
    (dial,) = read(f"<Transfer>\n{NUMBER}\n <SipUri>sip:a@b</SipUri></Transfer>").document
    assert isinstance(dial, Dial)
    assert not dial.sequential
    assert [each.place for each in dial.callees] == ["line 2, column 1", "line 3, column 2"]


def test_up_to_eight_are_called() -> None:
    (dial,) = read(f"<Transfer>{NUMBER * 8}</Transfer>").document
    assert isinstance(dial, Dial)
    assert len(dial.callees) == 8


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<Transfer/>", "1 to 8 <PhoneNumber> or <SipUri>, not 0"),
        (f"<Transfer>{NUMBER * 9}</Transfer>", "not 9"),
        ("<Transfer><Sip>sip:a@b</Sip></Transfer>", "<Sip> cannot stand in <Transfer>"),
        ("<Transfer><Hangup/></Transfer>", "allowed are <PhoneNumber> and <SipUri>"),
        ("<Transfer><SipUri>a<b/></SipUri></Transfer>", "<SipUri> holds no elements"),
        ("<Transfer><PhoneNumber/></Transfer>", "a telephone number"),
        ("<Transfer><PhoneNumber>1/PJSIP/x</PhoneNumber></Transfer>", "a telephone number"),
        ('<Transfer><SipUri uui="31">sip:a@b</SipUri></Transfer>', ";encoding=hex"),
        (f'<Transfer><SipUri tag="{"x" * 257}">sip:a@b</SipUri></Transfer>', "at most 256"),
        (
            '<Transfer><SipUri transferDisconnectUrl="ftp://h/">sip:a@b</SipUri></Transfer>',
            "http://",
        ),
        (transfer('callTimeout="0.9"'), "from 1 to 300"),
        (transfer('callTimeout="301"'), "from 1 to 300"),
        (transfer('transferCallerId="a/b"'), "a telephone number, or a user"),
        (transfer(f'transferCallerDisplayName="{"x" * 257}"'), "up to 256 characters"),
        (transfer('privacy="yes"'), "true, false"),
        (transfer('x-refer-url="/r" x-refer-method="PUT"'), "get, post"),
        (transfer('transferCompleteUrl="a b"'), "%20"),
        (transfer(f'tag="{"x" * 257}"'), "at most 256"),
    ],
)
def test_a_transfer_that_cannot_be_done_says_what_to_do(text: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert says in str(caught.value)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        (
            transfer('diversionTreatment="stack" diversionReason="away"'),
            [
                "'diversionTreatment' of <Transfer> is passed over; no Diversion",
                "'diversionReason'",
            ],
        ),
        (transfer('username="u"'), ["nothing without transferCompleteUrl"]),
        (transfer('x-refer-method="GET"'), ["nothing without x-refer-url"]),
        (transfer('callerId="1"'), ["'callerId' of <Transfer> is passed over; known are"]),
        (f"<Transfer>to {NUMBER}</Transfer>", ["Text in <Transfer> is passed over"]),
        (
            (
                '<Transfer><PhoneNumber transferAnswerMethod="GET" password="s3cret">+11234567892'
                "</PhoneNumber></Transfer>"
            ),
            ["nothing without transferAnswerUrl", "nothing without transferDisconnectUrl"],
        ),
    ],
)
def test_what_is_passed_over_is_remarked(text: str, remarks: list[str]) -> None:
    reading = read(text)
    assert reading.document == (PLAIN,)
    assert len(reading.remarks) == len(remarks)
    for remark, says in zip(reading.remarks, remarks, strict=True):
        assert says in remark.message
        assert "s3cret" not in remark.message


def test_verbs_behind_a_transfer_that_is_told_are_never_reached() -> None:
    (remark,) = read(transfer('transferCompleteUrl="/done"') + "<Hangup/>").remarks
    assert "<Hangup> is never reached behind <Transfer>" in remark.message
    assert read(transfer("") + "<Hangup/>").remarks == ()


# Bandwidth's own package, and our page.


def camel(name: str) -> str:
    return re.sub("_(.)", lambda match: match[1].upper(), name)


def arguments(of: type) -> list[str]:
    return [camel(name) for name in inspect.signature(of).parameters]


@pytest.mark.parametrize("name", arguments(sdk.Transfer)[1:])
def test_each_argument_of_a_transfer_is_done_remarked_upon_or_refused(name: str) -> None:
    assert name in {each.name for each in TRANSFER.attributes} | set(TRANSFER.passed_over)


@pytest.mark.parametrize(
    "name", sorted({*arguments(sdk.PhoneNumber)[1:], *arguments(sdk.SipUri)[1:]})
)
def test_each_argument_of_who_is_called_is_done_remarked_upon_or_refused(name: str) -> None:
    assert name in {each.name for each in OF_CALLEE}


@pytest.mark.parametrize("noun", ["PhoneNumber", "SipUri"])
@pytest.mark.parametrize("name", sorted(each.name for each in OF_CALLEE))
def test_our_page_names_each_attribute_of_who_is_called(noun: str, name: str) -> None:
    row = re.search(rf"^\| .*`{noun}`.* in `Transfer` \|.*$", PAGE, re.MULTILINE)
    assert row
    assert f"`{name}`" in row[0]


ANSWER = Callback("https://u:p@example.com/a", Method.GET, Callback("https://x:y@example.com/b"))
TOLD = LegWatch(Callback("https://u:p@example.com/d"))


@pytest.mark.parametrize(
    ("attributes", "screening", "watch"),
    [
        (
            (
                'transferAnswerUrl="/a" transferAnswerMethod="GET" transferAnswerFallbackUrl="/b" '
                'fallbackUsername="x" fallbackPassword="y"'
            ),
            ANSWER,
            None,
        ),
        (
            'transferAnswerUrl="/a" transferDisconnectUrl="/d"',
            Callback("https://u:p@example.com/a"),
            TOLD,
        ),
        ('transferDisconnectUrl="/d"', None, TOLD),
    ],
)
def test_who_is_called_may_run_a_document_first(
    attributes: str, screening: Callback | None, watch: LegWatch | None
) -> None:
    noun = f'<PhoneNumber username="u" password="p" {attributes}>7</PhoneNumber>'
    reading = read(f"<Transfer>{noun}</Transfer>")
    (dial,) = reading.document
    assert isinstance(dial, Dial)
    assert (dial.callees[0].screening, dial.callees[0].watch) == (screening, watch)
    assert reading.remarks == ()
