from urllib.parse import parse_qsl

import pytest

from stasis_refer.adapters.page.filters import BadFilter, given, read
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.runtime.book import TransferFilter
from tests.adapters.page.world import NOW


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", TransferFilter()),
        ("outcome=&application=+&code=", TransferFilter()),  # a form sends its empty fields
        ("outcome=busy", TransferFilter(outcome=Outcome.BUSY)),
        ("open=true", TransferFilter(open=True)),
        ("open=false", TransferFilter(open=False)),
        ("application=support", TransferFilter(application="support")),
        ("direction=received", TransferFilter(direction=Direction.RECEIVED)),
        ("group=default", TransferFilter(group="default")),
        ("code=+486+", TransferFilter(code=486)),
        ("refer_code=405&notify_code=", TransferFilter(refer_code=405)),
        ("notify_code=180", TransferFilter(notify_code=180)),
        ("outcome=no+answer", TransferFilter(outcome=Outcome.NO_ANSWER)),
        ("since=2h&until=1h", TransferFilter(since=NOW - 7200, until=NOW - 3600)),
        ("since=1h", TransferFilter(since=NOW - 3600)),
        ("until=2025-11-24", TransferFilter(until=1_763_942_400.0)),
        ("call=abc", TransferFilter(call="abc")),
    ],
)
def test_a_query_is_a_filter(query: str, wanted: TransferFilter) -> None:
    assert read(parse_qsl(query, keep_blank_values=True), NOW).wanted == wanted


def test_an_outcome_is_given_on_by_its_name() -> None:
    assert read([("outcome", "no answer")], NOW).given == {"outcome": "no_answer"}


def test_the_next_page_has_the_same_filters() -> None:
    asked = read([("outcome", "busy"), ("since", "1h"), ("group", ""), ("cursor", "c1")], NOW)
    assert asked.cursor == "c1"
    assert asked.query("c&2") == "outcome=busy&since=1h&cursor=c%262"


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("outcome=lost", "outcome", "There is no such outcome: use completed, busy, "),
        ("outcome=busy&outcome=busy", "outcome", "It is there more than once: give it once."),
        ("direction=up", "direction", "It is neither: use sent or received."),
        ("open=yes", "open", "It is neither: use true or false."),
        ("code=99", "code", "It is no SIP status: write one from 100 to 699."),
        ("code=700", "code", "It is no SIP status"),
        ("code=4x6", "code", "It is no SIP status"),
        ("code=%C2%B2%C2%B2%C2%B2", "code", "It is no SIP status"),
        ("since=1h&until=2h", "since", "It is later than until, so nothing can be between them"),
        ("refer_code=x", "refer_code", "It is no SIP status"),
        ("since=yesterday", "since", "'yesterday' is no time: write it as"),
        ("until=x", "until", "'x' is no time"),
        ("reason=hangup", "reason", "There is no such filter: use outcome, open, "),
        (f"call={'x' * 257}", "call", "It has more than 256 characters: write less."),
    ],
)
def test_what_is_wrong_is_told(query: str, name: str, message: str) -> None:
    with pytest.raises(BadFilter) as raised:
        read(parse_qsl(query), NOW)
    assert raised.value.name == name
    assert message in str(raised.value)


def test_what_was_written_is_kept_to_be_shown_again() -> None:
    assert given([("outcome", " lost "), ("code", ""), ("x" * 300, "y" * 300)]) == {
        "outcome": "lost",
        "x" * 256: "y" * 257,
    }
