import pytest

from stasis_refer.core.verbs import Address, Number, Registered, SipAddress
from stasis_refer.dialects.form_rest import address_of, caller, day, key_of, moment, user_of

NOON = 1_782_993_600.0  # 2026-07-02 12:00:00 UTC


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-07-02T12:00:00Z", NOON),
        ("2026-07-02T14:00:00+02:00", NOON),
        ("2026-07-02T12:00:00.500Z", NOON + 0.5),
        ("2026-07-02 12:00", NOON),
        ("2026-07-02", NOON - 43_200),
    ],
)
def test_dates_and_times_are_in_utc_if_they_say_nothing(text: str, seconds: float) -> None:
    assert moment(text) == seconds
    assert day(text) == (NOON - 43_200, NOON + 43_200)


@pytest.mark.parametrize("text", ["", "today", "2026-13-01", "0001-01-01T00:00+12:00", "12:00"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        day(text)


def test_the_last_day_that_can_be_written_has_an_end() -> None:
    begins, ends = day("9999-12-31")
    assert ends - begins == 86_400


@pytest.mark.parametrize(
    ("sid", "key"),
    [
        ("CA" + "0A" * 16, "0a" * 16),
        ("ca" + "0a" * 16, "0a" * 16),
        ("CA" + "0g" * 16, ""),
        ("CA" + "0a" * 17, ""),
        ("XX" + "0a" * 16, ""),
        ("", ""),
    ],
)
def test_a_sid_is_read_in_any_case(sid: str, key: str) -> None:
    assert key_of(sid) == key


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
