import pytest

from stasis_refer.core.verbs import Address, Number, Registered, SipAddress
from stasis_refer.dialects.form_rest import address_of, caller, user_of


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("+49 (30) 123-4", Number("+49301234")),
        ("SIP:bob@example.com", SipAddress("SIP:bob@example.com", "carrier")),
        ("bob@example.com", SipAddress("sip:bob@example.com", "carrier")),
        ("Client:bob", Registered("bob")),
        ("client:bob?X-A=1&X-B=", Registered("bob", (("X-A", "1"), ("X-B", "")))),
    ],
)
def test_who_is_called(text: str, address: Address) -> None:
    assert address_of("carrier")(text) == address


@pytest.mark.parametrize("text", ["bob", "client:", "client:b/c", "+49301234567890" * 4])
def test_who_cannot_be_called(text: str) -> None:
    with pytest.raises(ValueError, match="allowed is"):
        address_of()(text)


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("+49 30", "+4930"),
        ("sip:alice@example.com", "alice"),
        ("client:alice", "alice"),
        ("alice", "alice"),
    ],
)
def test_who_is_said_to_call(text: str, user: str) -> None:
    assert caller(text) == user


@pytest.mark.parametrize("text", ["sip:example.com", "client:", "a b@c", "sip:", "al\nice"])
def test_who_cannot_be_said_to_call(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whoever reads it
        caller(text)


def test_who_is_looked_for_is_left_as_it_is() -> None:
    assert user_of("+49 30") == "+49 30"
