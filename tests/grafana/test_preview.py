"""The pictures of the dashboards: drawn from answers, and labelled as what they are."""

import pytest
from matplotlib.text import Text

from grafana.asked import queries
from grafana.catalogue import BOARDS, file_of
from grafana.drawing import written
from grafana.frame import Board
from grafana.preview import FOLDER, LABEL, drawn, picture

PNG = b"\x89PNG\r\n"
LABELS = {"outcome": "completed", "application": "support", "endpoint": "trunk-a", "group": "g"}


def told(board: Board, value: float) -> dict[str, object]:
    points = [(100.0, value), (101.0, value)]
    answers = {each.key: [(LABELS, points)] for each in queries(file_of(board))}
    return {"start": 100.0, "stop": 101.0, "answers": answers}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_every_panel_is_in_the_picture_and_its_label(board: Board, value: float) -> None:
    answers = told(board, value)
    figure = picture(board, answers)
    texts = {text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)}
    assert LABEL in texts
    assert {each.panel["title"] for each in drawn(board, answers)} <= texts


def test_a_panel_without_data_says_so() -> None:
    board = BOARDS[0]
    nothing: dict[str, list[object]] = {each.key: [] for each in queries(file_of(board))}
    figure = picture(board, {"start": 0, "stop": 1, "answers": nothing})
    texts = [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)]
    assert "no transfers" in texts


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.484, "percentunit", "48.4 %"),
        (0.0125, "s", "12 ms"),
        (6.9, "s", "6.9 s"),
        (31.0, "short", "31"),
        (12.345, "cpm", "12.3"),
    ],
)
def test_how_values_are_written(value: float, unit: str, text: str) -> None:
    assert written(value, unit) == text


def test_each_dashboard_has_its_picture() -> None:
    files = {file.stem: file.read_bytes()[: len(PNG)] for file in FOLDER.iterdir()}
    assert files == dict.fromkeys((board.name for board in BOARDS), PNG)
