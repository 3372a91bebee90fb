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
    ("text", "names"),
    [
        ("sip:a;RN=1@b;Maddr=c;lr", {"rn": "1", "maddr": "c", "lr": ""}),
        ("sip:a%3Brn=1@b", {"rn": "1"}),
        ("tel:1;phone-context=%2B49", {"phone-context": "+49"}),
    ],
)
def test_parameters_are_those_of_the_uri_and_of_its_user(text: str, names: dict[str, str]) -> None:
    assert parameters(parse(text)) == names
