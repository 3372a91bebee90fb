import json
import re
from pathlib import Path
from typing import Any

import pytest
from jambonz_sdk._models._generated.components.target import Target as SdkTarget
from jambonz_sdk._models._generated.components.target import Type
from jambonz_sdk.types.components import Target as SdkTargetDict

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.verbs import Address, Dial, Number, Registered, SipAddress
from stasis_refer.dialects.dialect import DocumentError, Reading
from stasis_refer.dialects.jambonz_document import read_document
from stasis_refer.dialects.jambonz_targets import MAX_TARGETS, TYPES, together
from stasis_refer.dialects.json_text import parse

APPLICATION = Application("a", "jambonz", Callback("https://example.com/app/voice"))
PAGE = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text()


def read(target: object) -> Reading:
    text = json.dumps([{"verb": "dial", "target": target}]).encode()
    return read_document(parse(text), APPLICATION.document.url, APPLICATION)


def called(target: object) -> tuple[list[Address], list[str]]:
    """Return who is called, and what is said of what is passed over."""
    reading = read(target)
    (verb,) = reading.document
    assert isinstance(verb, Dial)
    return [each.address for each in verb.callees], [each.message for each in reading.remarks]


PHONE = {"type": "phone", "number": "+4930123"}
SIP = {"type": "sip", "sipUri": "sip:alice@example.com"}
USER = {"type": "user", "name": "alice"}


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (PHONE, Number("+4930123")),
        ({"type": "phone", "number": "(030) 1-2.3"}, Number("030123")),
        ({"type": "phone", "number": "*21#"}, Number("*21#")),
        (PHONE | {"trunk": "carrier-1"}, Number("+4930123", "carrier-1")),
        (PHONE | {"headers": {"X-A": 1}}, Number("+4930123", headers=(("X-A", "1"),))),
        (SIP, SipAddress("sip:alice@example.com")),
        # A URI that cannot be read is an outcome of the call, not a broken document.
        ({"type": "sip", "sipUri": " no uri "}, SipAddress("no uri")),
        (SIP | {"auth": {"username": "pbx"}}, SipAddress("sip:alice@example.com", "pbx")),
        (SIP | {"headers": {"X-A": ""}}, SipAddress("sip:alice@example.com", "", (("X-A", ""),))),
        (USER, Registered("alice")),
        (USER | {"headers": {"X-A": "b"}}, Registered("alice", (("X-A", "b"),))),
        (USER | {"method": "POST", "vmail": False, "confirmHook": ""}, Registered("alice")),
    ],
)
def test_a_target(target: dict[str, Any], address: Address) -> None:
    assert called(target) == ([address], [])
    assert called([target]) == ([address], [])


def test_a_password_is_never_shown() -> None:
    target = SIP | {"auth": {"username": "pbx", "password": "s3cret", "realm": "x"}}
    found, remarks = called([target])
    assert found == [SipAddress("sip:alice@example.com", "pbx")]
    assert remarks[0].startswith("$[0].target[0].auth.password: passed over; the credentials of")
    assert remarks[1].startswith("$[0].target[0].auth.realm: passed over")
    assert "s3cret" not in str(remarks)


def test_the_domain_of_a_user_is_passed_over() -> None:
    found, remarks = called(USER | {"name": "alice@sip.example.com"})
    assert found == [Registered("alice")]
    assert remarks == [
        ("$[0].target.name: the domain is passed over: alice is called, an endpoint of Asterisk's.")
    ]


def test_a_target_that_stands_there_twice_is_called_once() -> None:
    twins = [PHONE, PHONE | {"headers": {"X-A": "1"}}, {"type": "user", "name": "4930123"}]
    found, remarks = called(twins)
    assert found == [Number("+4930123"), Registered("4930123")]
    assert remarks == ["$[0].target[1]: passed over; this target is called already."]


def test_no_more_than_ten_are_called() -> None:
    found, remarks = called([{"type": "user", "name": f"u{each}"} for each in range(12)])
    assert len(found) == MAX_TARGETS
    assert remarks == [
        f"$[0].target[{each}]: passed over; at most 10 targets are called." for each in (10, 11)
    ]


@pytest.mark.parametrize(
    ("target", "path", "says"),
    [
        ("alice", "", "a target is an object with the key type"),
        (["alice"], "[0]", "a target is an object"),
        ({}, "", "target needs the key type"),
        ({"type": "queue"}, ".type", "allowed are phone, sip, user, teams"),
        (
            {"type": "teams", "number": "+1", "tenant": "x"},
            ".type",
            "teams is not supported here; call a sip or phone target",
        ),
        ({"type": "phone"}, "", "target needs the key number"),
        ({"type": "phone", "number": 4930123}, ".number", "allowed is a text"),
        ({"type": "phone", "number": "alice"}, ".number", "a telephone number"),
        ({"type": "phone", "number": ""}, ".number", "a telephone number"),
        ({"type": "phone", "number": "1/PJSIP/evil"}, ".number", "a telephone number"),
        (PHONE | {"trunk": "a/b"}, ".trunk", "the name of an endpoint"),
        (PHONE | {"trunk": "a&b"}, ".trunk", "the name of an endpoint"),
        ({"type": "sip"}, "", "target needs the key sipUri"),
        (SIP | {"auth": "u:p"}, ".auth", "an object"),
        (SIP | {"auth": {"password": "p"}}, ".auth", "auth needs the key username"),
        (SIP | {"auth": {"username": "u@x"}}, ".auth.username", "the name of an endpoint"),
        ({"type": "user"}, "", "target needs the key name"),
        ({"type": "user", "name": "@example.com"}, ".name", "the name of an endpoint"),
        ({"type": "user", "name": "a b"}, ".name", "the name of an endpoint"),
        ({"type": "user", "name": "a/b@c"}, ".name", "the name of an endpoint"),
        (
            USER | {"confirmHook": {"method": "GET"}},
            ".confirmHook",
            "confirmHook needs the key url",
        ),
        (USER | {"confirmHook": "/screen", "method": "PUT"}, ".method", "allowed are"),
        (USER | {"proxy": "sip:p"}, ".proxy", "outbound_proxy"),
        (USER | {"overrideTo": "sip:x@y"}, ".overrideTo", "a target of type sip"),
        (SIP | {"from": {"user": "x"}}, ".from", "callerId"),
        (SIP | {"headers": {"X-A": True}}, '.headers["X-A"]', "the text of a header"),
    ],
)
def test_a_target_that_cannot_be_called_says_where_and_what_to_do(
    target: object, path: str, says: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read(target)
    assert f": $[0].target{path}: " in str(caught.value)
    assert says in str(caught.value)


def test_headers_of_one_leg_go_before_those_of_all() -> None:
    assert together((("X-A", "1"), ("X-B", "2")), (("x-b", "3"), ("X-C", "4"))) == (
        ("X-A", "1"),
        ("x-b", "3"),
        ("X-C", "4"),
    )


# jambonz's own packages, and our page.

NAMES = {field.alias or name for name, field in SdkTarget.model_fields.items()} | {
    name.removesuffix("_") for name in SdkTargetDict.__annotations__
}
NAMES -= {"from_"}
OF_ANOTHER_TYPE = {"number": "phone", "sipUri": "sip"}


def test_each_type_of_jambonzs_package_is_known() -> None:
    assert {each.value for each in Type} == set(TYPES)


@pytest.mark.parametrize("kind", sorted(TYPES.keys() - {"teams"}))
@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_key_of_jambonzs_package_is_done_remarked_upon_or_refused(
    kind: str, name: str
) -> None:
    allowed = TYPES[kind].keys
    assert name in allowed.known or name in allowed.idle or OF_ANOTHER_TYPE[name] != kind


@pytest.mark.parametrize(
    "name",
    sorted({name for each in TYPES.values() for name in (*each.keys.known, *each.keys.idle)}),
)
def test_our_page_names_each_key(name: str) -> None:
    row = re.search(r"^\| `target` .*$", PAGE, re.MULTILINE)
    assert row
    assert f"`{name}`" in row[0]
