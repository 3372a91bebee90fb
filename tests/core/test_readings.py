"""What a target may be taken for."""

import pytest

from stasis_refer.core.readings import parameters, possibly, surely
from stasis_refer.core.uri import parse


def test_what_a_sip_uri_says() -> None:
    said = surely(parse("sips:%2B49-30@Example.COM.:5061;transport=tcp"))
    assert said.schemes == {"sip", "sips"}
    assert said.hosts == {"example.com"}
    assert said.users == {"+49-30"}
    assert said.numbers == {"+4930"}
    assert said.ports == {5061}


def test_what_a_tel_uri_says() -> None:
    said = surely(parse("tel:+49-30"))
    assert said.schemes == {"tel"}
    assert said.users == said.numbers == {"+4930"}
    assert not said.hosts | said.ports
    assert not surely(parse("tel:7042;phone-context=+49")).numbers, "its context is not judged"


def test_what_a_sip_uri_may_be_taken_for() -> None:
    said = possibly(parse("sip:900-1;phone-context=+49@[::ffff:10.0.0.1];user=phone"))
    assert said.schemes == {"sip", "tel"}
    assert said.hosts == {"10.0.0.1"}
    assert {"900-1", "9001", "900-1;phone-context=+49"} <= said.users
    assert "+499001" in said.numbers
    assert said.ports == {5060}, "the port where none is said"


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("sip:a@b", {5060}),
        ("sips:a@b", {5061}),
        ("sip:a@b;transport=TLS", {5060, 5061}),
        ("sip:a@b;transport=wss", {5060, 443}),
        ("sip:a@b;transport=tcp", {5060}),
        ("sip:a@b:5070;transport=tls", {5070}),
    ],
)
def test_a_port_that_is_not_said_may_be_that_of_the_transport(text: str, ports: set[int]) -> None:
    assert possibly(parse(text)).ports == ports


def test_what_is_said_twice_may_be_either() -> None:
    context = possibly(parse("sip:900123;phone-context=+49;phone-context=+1@b;phone-context=+43"))
    assert {"+49900123", "+1900123", "+43900123"} <= context.numbers
    assert "tel" in possibly(parse("sip:1;user=ip@b;user=phone")).schemes
    assert "tel" in possibly(parse("sip:1;user=phone@b;user=ip")).schemes


@pytest.mark.parametrize("text", ["sip:boss%3Ax@b", "sip:boss%40c@b", "sip:boss%253Bx=1@b"])
def test_an_escaped_mark_may_be_the_end_of_the_user(text: str) -> None:
    assert "boss" in possibly(parse(text)).users


def test_the_context_of_a_number_is_a_host_as_others_are() -> None:
    assert "evil.example" in possibly(parse("tel:7;phone-context=EVIL.example.")).hosts


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sip:a;RN=1@b;Maddr=c;lr", {"rn": {"1"}, "maddr": {"c"}, "lr": {""}}),
        ("sip:a%3Brn=1@b", {"rn": {"1"}}),
        ("sip:a%253Brn=1@b", {"rn": {"1"}}),
        ("sip:a;method=INVITE@b;method=BYE", {"method": {"invite", "bye"}}),
        ("tel:1;phone-context=%2B49", {"phone-context": {"+49"}}),
    ],
)
def test_parameters_are_those_of_the_uri_and_of_its_user(
    text: str, names: dict[str, set[str]]
) -> None:
    assert parameters(parse(text)) == names
