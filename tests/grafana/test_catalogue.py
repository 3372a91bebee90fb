"""The dashboards: JSON and code agree, and every panel has what a reader needs."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

import pytest

from grafana.asked import panels, queries
from grafana.catalogue import BOARDS, FOLDER, as_json, file_of
from grafana.frame import PAGE, Board
from grafana.queries import LABELS, PREFIX, VARIABLES
from grafana.transfers import TRANSFERS
from grafana.trunks import TRUNKS
from stasis_refer.adapters.page.filters import read as read_filter

Panel = dict[str, Any]
ALL = [
    pytest.param(board, panel, id=f"{board.name}, {panel['title']} ({panel['id']})")
    for board in BOARDS
    for panel in panels(file_of(board))
]
COLUMNS = 24


def read(board: Board) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file_of(board).read_text())
    return found


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_json_is_what_the_code_makes(board: Board) -> None:
    assert file_of(board).read_text() == as_json(board), "run `make dashboards`"


def test_there_is_no_other_json() -> None:
    assert set(FOLDER.iterdir()) == {file_of(board) for board in BOARDS}


def test_the_addresses_stay_as_they_are() -> None:
    assert [read(board)["uid"] for board in BOARDS] == [
        "stasis-refer-transfers",
        "stasis-refer-service",
        "stasis-refer-trunks",
    ]


@pytest.mark.parametrize(("board", "panel"), ALL)
def test_each_panel_says_what_it_shows_and_what_filters_it(board: Board, panel: Panel) -> None:
    text, told = panel["description"].split(" Filtered by: ")
    assert len(text) > 20
    asked = " ".join(target["expr"] for target in panel["targets"])
    used = [name for name in VARIABLES if f"${name}" in asked]
    assert told == f"{', '.join(used) or 'nothing'}."
    assert set(used) <= set(board.variables)


@pytest.mark.parametrize(("board", "panel"), ALL)
def test_each_panel_has_unit_thresholds_and_a_word_for_no_data(board: Board, panel: Panel) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert defaults["noValue"]
    assert defaults["thresholds"]["steps"], board.name
    assert panel["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_each_variable_filters_some_panel(board: Board) -> None:
    asked = " ".join(each.expr for each in queries(file_of(board)))
    assert [name for name in VARIABLES if f"${name}" in asked] == list(board.variables)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_panels_lie_in_rows_side_by_side(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in read(board)["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert max(x for x, _ in cells) < COLUMNS
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_several_values_may_be_chosen_and_all_of_them(board: Board) -> None:
    for each in read(board)["templating"]["list"]:
        if each["type"] == "query":
            assert (each["multi"], each["includeAll"], each["allValue"]) == (True, True, ".*")


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_links_lead_to_the_others_and_to_the_page_of_the_program(board: Board) -> None:
    others, page = read(board)["links"]
    assert (others["type"], others["tags"], others["keepTime"]) == (
        *("dashboards", ["stasis-refer"]),
        True,
    )
    assert page["url"] == "${page}/"
    (constant,) = (each for each in read(board)["templating"]["list"] if each["name"] == "page")
    assert (constant["type"], constant["query"]) == ("constant", PAGE)


def test_a_click_on_an_outcome_or_an_application_shows_its_transfers() -> None:
    text = file_of(BOARDS[0]).read_text()
    assert "${page}/?outcome=${__field.labels.outcome:percentencode}" in text
    assert "${page}/?application=${__data.fields.application:percentencode}" in text


@pytest.mark.parametrize(
    ("title", "name"),
    [("Answers to the REFER", "refer_code"), ("Status in NOTIFYs", "notify_code")],
)
def test_a_click_on_a_code_asks_for_what_it_is_the_code_of(title: str, name: str) -> None:
    (panel,) = (each for each in panels(file_of(TRANSFERS)) if each["title"] == title)
    assert "links" not in panel["fieldConfig"]["defaults"]
    (override,) = (
        each for each in panel["fieldConfig"]["overrides"] if each["properties"][0]["id"] == "links"
    )
    named = re.compile(override["matcher"]["options"].strip("/"))
    assert [bool(named.search(bar)) for bar in ("405", "202", "other")] == [True, True, False]
    (link,) = override["properties"][0]["value"]
    assert link["url"].startswith(f"${{page}}/?{name}=${{__field.labels.code:percentencode}}&")


@pytest.mark.parametrize("board", [TRANSFERS, TRUNKS], ids=lambda board: board.name)
def test_a_click_shows_transfers_of_the_time_that_is_shown(board: Board) -> None:
    links = re.findall(r'"url": "\$\{page\}/\?([^"]*)"', file_of(board).read_text())
    assert links
    times = {"__from:date:iso": "2026-01-31T11:00:00.254Z", "__to:date:iso": "2026-01-31T17:00:00Z"}
    for link in links:
        query = parse_qsl(re.sub(r"\$\{(.*?)\}", lambda found: times.get(found[1], "x"), link))
        wanted = read_filter([pair for pair in query if pair[0] in {"since", "until"}], 0).wanted
        assert (wanted.since, wanted.until) == (1_769_857_200.254, 1_769_878_800.0)


def test_another_page_can_be_named() -> None:
    text = as_json(BOARDS[0], "https://calls.example.com")
    assert PAGE not in text
    assert '"https://calls.example.com"' in text


def test_no_query_divides_without_looking() -> None:
    for board in BOARDS:
        for each in queries(file_of(board)):
            for divisor in re.findall(r" / (.*)", each.expr):
                assert divisor.startswith("("), each.key
                assert divisor.endswith((" > 0)", " > 0))")), each.key
            assert ("histogram_quantile" in each.expr) <= each.expr.endswith(" >= 0"), each.key


def test_every_metric_is_shown() -> None:
    asked = " ".join(each.expr for board in BOARDS for each in queries(file_of(board)))
    shown = set(re.findall(rf"\b{PREFIX}(\w+)", asked))
    assert {name.removesuffix("_bucket") for name in shown} == set(LABELS)


def test_graphs_of_the_times_of_transfers_show_single_ones() -> None:
    dotted = {each.panel for board in BOARDS for each in queries(file_of(board)) if each.exemplars}
    assert dotted == {
        "Response to the REFER",
        "Time to ringing",
        "Time to answer",
        "Duration by outcome",
    }
