from dataclasses import replace

import pytest

from stasis_refer.dialects.attributes import whole_number
from stasis_refer.dialects.rest import RestError, RestRequest
from stasis_refer.dialects.rest_forms import (
    FORM,
    Form,
    Parameter,
    Parameters,
    absolute_url,
    form_of,
)

SIZE = Parameter("Size", whole_number(1, 9), 5, code=7)
SECRET = Parameter("Secret", whole_number(1, 9), 5, secret=True)
EVENTS = Parameter("Event", str, "", several=True)
ALLOWED = Parameters((SIZE, SECRET, EVENTS), {"Idle": "it is idle"}, {"Record": "not here"})


def form(*pairs: tuple[str, str]) -> Form:
    return Form(pairs, ALLOWED)


def test_an_empty_parameter_is_as_if_left_out() -> None:
    assert (form(("Size", " ")).value(SIZE), form().value(SIZE)) == (5, 5)
    assert not form(("Size", "")).given(SIZE)
    assert form(("Size", " 8 ")).value(SIZE) == 8


def test_values_of_several_are_read_together() -> None:
    assert form(("Event", "a"), ("Event", ""), ("Event", "b c")).value(EVENTS) == "a b c"


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ((("Sise", "1"),), "'Sise' is no parameter here; those are Size, Secret, Event."),
        ((("Size", "1"), ("Size", "2")), "Size stands there more than once: leave one."),
        ((("Record", "true"),), "Record: not here."),
    ],
)
def test_what_may_not_stand_there(pairs: tuple[tuple[str, str], ...], says: str) -> None:
    with pytest.raises(RestError) as raised:
        form(*pairs)
    assert (raised.value.status, str(raised.value)) == (400, says)


def test_what_asks_for_nothing_does_no_harm() -> None:
    assert form(("Record", "false"), ("Idle", "")).remarks == []
    assert form(("Record", "")).remarks == []


def test_what_does_nothing_is_remarked_upon() -> None:
    assert form(("Idle", "1")).remarks == ["Idle is passed over: it is idle."]
    needs = form(("Size", "1"))
    needs.needs(SIZE, EVENTS)
    assert needs.remarks == ["Size is passed over: there is no Event."]


def test_a_wrong_value_is_told_with_its_name_and_what_is_allowed() -> None:
    with pytest.raises(RestError) as raised:
        form(("Size", "10")).value(SIZE)
    assert raised.value.code == 7
    assert str(raised.value) == "Size: '10': allowed is a whole number from 1 to 9."


def test_what_a_secret_one_holds_is_in_no_message() -> None:
    with pytest.raises(RestError) as raised:
        form(("Secret", "hush")).value(SECRET)
    assert "hush" not in str(raised.value)


def test_a_required_one_is_asked_for() -> None:
    with pytest.raises(RestError, match="Size is missing: add it"):
        form().required(SIZE)


def test_only_the_body_counts_and_a_query_is_no_form() -> None:
    request = RestRequest("/", "", body=b"Event=a&Size=2", content_type=FORM)
    read = form_of(request, ALLOWED)
    assert (read.value(SIZE), read.value(EVENTS)) == (2, "a")
    with pytest.raises(RestError, match="The query has Size: this request has its parameters in"):
        form_of(replace(request, query=(("Size", "2"),)), ALLOWED)


@pytest.mark.parametrize(
    "url", ["next", "//example.com", "ftp://example.com", "http://", "https://a b", "http://[::1"]
)
def test_what_is_no_absolute_url(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whoever reads it
        absolute_url(url)


def test_an_absolute_url_keeps_its_userinfo_and_fragment() -> None:
    url = "https://a:b@example.com/x#ct=100"
    assert absolute_url(url) == url
