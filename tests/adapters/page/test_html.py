import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from stasis_refer.adapters.page import html
from stasis_refer.adapters.page.filters import BadFilter, read
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.runtime.book import Page
from tests.adapters.page.hostile import SHOTS, of, planted
from tests.adapters.page.world import ID, NOW, ONE, OTHER
from tests.transfer_records import HOSTILE, LADDER

ASKED = read([], NOW)
BLOCKED = replace(
    ONE,
    accepted_at=None,
    ringing_at=None,
    refer_code=403,
    notify_code=None,
    outcome=Outcome.BLOCKED,
    reason=Reason.POLICY,
    evidence=Evidence.NONE,
)


class Seen(HTMLParser):
    """What a browser makes of a page: its elements, its text, and what it would run or load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def pages_of(shot: str) -> list[str]:
    record, ladder, call = planted(shot)
    asked = read([("application", of(shot, "filter"))], NOW)
    mistake = BadFilter(of(shot, "name"), of(shot, "message"))
    return [
        html.list_page(Page((record,), of(shot, "cursor")), asked, ["support"]),
        html.mistaken_page({"outcome": of(shot, "given")}, mistake, ["support"]),
        html.transfer_page(record, ladder, call),
        html.login_page("./", of(shot, "goal"), of(shot, "mistake"), again=True),
        html.problem_page("./", of(shot, "title"), of(shot, "problem")),
    ]


@pytest.mark.parametrize("shot", SHOTS)
def test_what_others_wrote_is_text_and_nothing_else(shot: str) -> None:
    for text in pages_of(shot):
        seen = Seen(text)
        assert [each.get("src") for each in seen.all("script")] in (
            ["./static/live.js"],
            ["../static/live.js"],
        )
        assert not seen.all("img")
        assert len(seen.all("svg")) <= 1
        for _, attributes in seen.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            for name in ("href", "src", "action"):
                value = attributes.get(name) or ""
                assert value.startswith(("./", "../", "#", "data:,")) or not value


@pytest.mark.parametrize("shot", SHOTS)
def test_all_of_it_is_shown_as_it_was_written(shot: str) -> None:
    record, ladder, call = planted(shot)
    shown = unescape(html.transfer_page(record, ladder, call))
    planted_at = (
        *(
            "target",
            "group",
            "referred_by",
            "caller",
            "dialed",
            "detail",
            "caller_name",
            "tag",
            "rule",
        ),
        *("From", "Refer-To", "Referred-By", "User-Agent", "uri", "phrase", "sipfrag"),
    )
    assert [each for each in planted_at if of(shot, each) not in shown] == []


def test_no_template_trusts_a_text() -> None:
    for path in html.TEMPLATES.iterdir():
        assert not re.search(r"\bsafe\b|autoescape|Markup", path.read_text()), path


def test_what_moves_the_eye_is_written_out() -> None:
    shown = html.list_page(Page((HOSTILE,)), ASKED, [])
    assert "\\x1b[2J[bold]sip:x\\n" in shown
    assert "\x1b" not in shown


def test_the_list_says_what_became_of_each() -> None:
    seen = Seen(html.list_page(Page((OTHER, ONE), "further"), ASKED, ["support"]))
    text = " ".join(seen.text.split())
    assert "under way sip:4001@example.com support +491234 sent \u2013 \u2013 \u2013" in text
    assert "busy sip:4001@example.com support +491234 sent 202 486 4.2 s" in text
    assert "cannot be written" not in text
    assert {"href": f"./transfers/{ID}"} in seen.all("a")
    assert {"href": "./?cursor=further", "rel": "next"} in seen.all("a")
    assert all(each.get("scope") in {"col", "row"} for each in seen.all("th"))


def test_a_list_that_may_be_old_says_so() -> None:
    shown = html.list_page(Page((ONE,), behind=True), ASKED, [])
    assert "The ledger cannot be written now: what you see may be old." in shown


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.0, "0 ms"), (0.0364, "36 ms"), (0.94, "940 ms"), (1.0, "1.0 s"), (106.8, "106.8 s")],
)
def test_a_short_transfer_has_its_milliseconds(seconds: float, told: str) -> None:
    record = replace(ONE, began_at=0.0, ended_at=seconds)
    assert f'<td class="more whole">{told}</td>' in html.list_page(Page((record,)), ASKED, [])


def test_of_a_refer_that_was_not_sent_no_answer_is_told() -> None:
    seen = Seen(html.list_page(Page((BLOCKED,)), ASKED, []))
    assert "sent \u2013 \u2013 4.2 s" in " ".join(seen.text.split())
    text = " ".join(Seen(html.transfer_page(BLOCKED, (), None)).text.split())
    told = "blocked by policy, no REFER was sent"
    assert f"REFER answered with {told}; the application was told 403" in text
    assert f"There are no messages: {told}." in text
    assert "No message of it was captured" not in text


def test_behind_the_first_page_there_is_a_way_back() -> None:
    asked = read([("outcome", "busy"), ("cursor", "c")], NOW)
    seen = Seen(html.list_page(Page(()), asked, []))
    assert {"href": "./?outcome=busy"} in seen.all("a")
    assert "There are no older ones." in seen.text


def test_nothing_found_says_so() -> None:
    assert "There is no such transfer" in html.list_page(Page(()), ASKED, [])


def test_the_form_shows_the_filters_there_are() -> None:
    asked = read([("application", "gone"), ("outcome", "busy"), ("call", "c1")], NOW)
    seen = Seen(html.list_page(Page(()), asked, ["support"]))
    chosen = [each["value"] for each in seen.all("option") if "selected" in each]
    assert chosen == ["busy", "gone"]
    assert {each["name"]: each["value"] for each in seen.all("input")}["call"] == "c1"
    names = [each["name"] for tag in ("select", "input") for each in seen.all(tag)]
    assert len(seen.all("label")) == len(names)
    described = {each.get("aria-describedby") for each in seen.all("input")} - {None}
    assert described == {each["id"] for each in seen.all("small")}
    assert len(described) == 4


def test_a_wrong_filter_is_told_and_the_form_kept() -> None:
    mistake = BadFilter("since", "Write a time.")
    seen = Seen(html.mistaken_page({"since": "soon"}, mistake, []))
    assert "The filter since cannot be used. Write a time." in " ".join(seen.text.split())
    assert {each["name"]: each["value"] for each in seen.all("input")}["since"] == "soon"
    assert not seen.all("table")


def test_a_transfer_has_its_facts_and_its_ladder() -> None:
    seen = Seen(html.transfer_page(ONE, LADDER, None))
    text = " ".join(seen.text.split())
    for fact in (
        "Reason final_notify: a final NOTIFY told",
        "Evidence sip",
        "Last NOTIFY 486",
        "Ringing +1.000 s",
    ):
        assert fact in text
    (svg,) = seen.all("svg")
    assert (svg["role"], svg["aria-labelledby"]) == ("img", "ladder-title ladder-desc")
    assert len(seen.all("line")) == 2 + len(LADDER)
    assert "SIP/2.0 486 Busy Here" in text
    assert len(seen.all("li")) == len(LADDER)


@pytest.mark.parametrize(
    ("direction", "told"),
    [
        (Direction.SENT, "phone (transferee)"),
        (Direction.RECEIVED, "phone (transferor)"),
    ],
)
def test_both_directions_are_drawn(direction: Direction, told: str) -> None:
    assert told in html.transfer_page(replace(ONE, direction=direction), LADDER, None)


def test_without_messages_it_says_why() -> None:
    shown = html.transfer_page(ONE, (), None)
    assert "No message of it was captured" in shown
    assert "<svg" not in shown


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_every_outcome_can_be_shown(outcome: Outcome | None) -> None:
    shown = html.transfer_page(replace(ONE, outcome=outcome), LADDER, None)
    word = outcome.value.replace("_", " ") if outcome else "under way"
    assert f"</span>{word}</span>" in shown
