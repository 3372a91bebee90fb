"""Draw the dashboards as PNG from Prometheus' answers: ``python -m grafana.preview answers.json``.

The answers are what ``tests/scenarios/test_dashboards.py`` leaves where the environment has
PREVIEWS=FOLDER. No Grafana server has a part in it, and each picture says so.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from matplotlib import use
from matplotlib.figure import Figure

from grafana.asked import Asked, panels, queries
from grafana.catalogue import BOARDS, file_of
from grafana.drawing import DARK, INK, Drawn, Series, draw
from grafana.frame import Board

FOLDER: Final = Path(__file__).parent / "previews"
LABEL: Final = "preview, no Grafana server ran: drawn from the answers of a real Prometheus"

_COLUMNS: Final = 24
_WIDTH: Final = 16.0  # inches
_ROW: Final = 0.36  # inches for a unit of Grafana's grid
_HEAD: Final = 0.7  # inches
_ROOM: Final = {"timeseries": (0.75, 0.4, 0.3), "bargauge": (1.1, 0.1, 0.3)}
"""Left of a panel, below and above it, in inches, where it is not a little."""


def drawn(board: Board, told: Mapping[str, Any]) -> Iterator[Drawn]:
    """Yield the panels of a dashboard, each with the answers to its queries."""
    asked = list(queries(file_of(board)))
    for panel in panels(file_of(board)):
        own = [each for each in asked if each.number == panel["id"]]
        yield Drawn(panel, {each.ref: _series(each, told) for each in own})


def picture(board: Board, told: Mapping[str, Any]) -> Figure:
    """Return the picture of a dashboard; ``told`` are start, stop and answers."""
    use("Agg")
    content = json.loads(file_of(board).read_text(encoding="utf-8"))["panels"]
    height = max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in content)
    inches = height * _ROW + _HEAD
    figure = Figure(figsize=(_WIDTH, inches), facecolor=DARK)

    def place(at: Mapping[str, int], left: float, below: float, above: float) -> list[float]:
        bottom = (height - at["y"] - at["h"]) * _ROW + below
        width = at["w"] * _WIDTH / _COLUMNS - left - 0.15
        size = at["h"] * _ROW - below - above
        x = at["x"] * _WIDTH / _COLUMNS + left
        return [x / _WIDTH, bottom / inches, width / _WIDTH, size / inches]

    top = 1 - 0.25 / inches
    figure.text(0.01, top, f"Stasis Refer: {board.title}", color=INK, fontsize=14, va="center")
    figure.text(0.99, top, LABEL, color="#E69F00", fontsize=11, va="center", ha="right")
    for each in content:
        if each["type"] == "row":
            x, y, _, _ = place(each["gridPos"], 0.1, 0.08, 0)
            figure.text(x, y, each["title"], color=INK, fontsize=10, weight="bold")
    for each in drawn(board, told):
        box = place(each.panel["gridPos"], *_ROOM.get(each.panel["type"], (0.15, 0.1, 0.3)))
        draw(figure.add_axes((box[0], box[1], box[2], box[3])), each)
    return figure


def _series(each: Asked, told: Mapping[str, Any]) -> list[Series]:
    start = told["start"]
    return [
        (each.named(labels), [(at - start, value) for at, value in points])
        for labels, points in told["answers"][each.key]
    ]


def main(answers: str) -> None:
    """Write a picture of each dashboard."""
    told = json.loads(Path(answers).read_text(encoding="utf-8"))
    FOLDER.mkdir(exist_ok=True)
    for board in BOARDS:
        file = FOLDER / f"{board.name}.png"
        picture(board, told).savefig(file, dpi=80)
        print(f"wrote {file}")  # noqa: T201 - who runs it wants to know


if __name__ == "__main__":
    main(*sys.argv[1:2])
