"""Draws one panel for a preview, from what Prometheus answered; each kind in its own way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from grafana.colours import NEUTRAL, OUTCOMES
from grafana.panels import COUNT, SECONDS, SHARE

Series: TypeAlias = tuple[str, Sequence[tuple[float, float]]]
"""Name, and the values at times, in seconds from the start of what is shown."""

PAPER: Final = "#181b1f"
INK: Final = "#d8d9da"
FAINT: Final = "#8e8e8e"
DARK: Final = "#111217"
_COLOURS: Final = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2")
_MOST_NAMES: Final = 12
_FEWEST: Final = 4  # bars, so that a single one is no wall
_BY_OUTCOME: Final[Mapping[str, str]] = {str(name): colour for name, colour in OUTCOMES.items()}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel as in the JSON, and the answers to its queries, by their letters."""

    panel: Mapping[str, Any]
    answers: Mapping[str, Sequence[Series]]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """How its values are shown."""
        found: Mapping[str, Any] = self.panel["fieldConfig"]["defaults"]
        return found

    @property
    def series(self) -> list[Series]:
        """All series of all queries."""
        return [each for series in self.answers.values() for each in series]


def draw(axes: Axes, drawn: Drawn) -> None:
    """Draw a panel with its title."""
    axes.set_facecolor(PAPER)
    axes.set_title(drawn.panel["title"], loc="left", fontsize=8, color=INK, pad=4)
    axes.tick_params(colors=FAINT, labelsize=6, length=2)
    for spine in axes.spines.values():
        spine.set_color("#2c3235")
    if not drawn.series:
        _plain(axes)
        axes.text(0.5, 0.5, drawn.defaults["noValue"], ha="center", va="center", color=FAINT)
        return
    _KINDS[drawn.panel["type"]](axes, drawn)


def written(value: float, unit: str) -> str:
    """Return a value with its unit, about as Grafana writes it."""
    if unit == SHARE:
        return f"{100 * value:.1f} %"
    if unit == SECONDS:
        return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.3g} s"
    return f"{value:g}" if unit == COUNT else f"{value:.3g}"


def _plain(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])


def _stat(axes: Axes, drawn: Drawn) -> None:
    _plain(axes)
    shown = [(name, points[-1][1]) for name, points in drawn.series]
    words = _words(drawn)
    for index, (name, value) in enumerate(shown):
        x = (index + 0.5) / len(shown)
        text, colour = words.get(f"{value:g}", (written(value, drawn.defaults["unit"]), ""))
        colour = colour or _colour_at(drawn, value)
        axes.axvspan(index / len(shown), (index + 1) / len(shown), color=colour)
        axes.text(x, 0.55, text, ha="center", va="center", fontsize=14, color=DARK)
        if len(shown) > 1 or name:
            axes.text(x, 0.18, name, ha="center", va="center", fontsize=7, color=DARK)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)


def _words(drawn: Drawn) -> Mapping[str, tuple[str, str]]:
    return {
        value: (shown["text"], shown["color"])
        for mapping in drawn.defaults.get("mappings", ())
        for value, shown in mapping["options"].items()
    }


def _colour_at(drawn: Drawn, value: float) -> str:
    steps = drawn.defaults["thresholds"]["steps"]
    below = (step for step in steps if step["value"] is None or step["value"] <= value)
    return str([*below][-1]["color"])


def _graph(axes: Axes, drawn: Drawn) -> None:
    stacked = drawn.defaults["custom"].get("stacking", {}).get("mode") == "normal"
    highest = (_areas if stacked else _lines)(axes, drawn.series)
    steps = [step["value"] for step in drawn.defaults["thresholds"]["steps"]]
    for value in steps:
        if value and value <= 1.5 * highest:
            axes.axhline(value, color=FAINT, linewidth=0.6, linestyle=":")
    unit = drawn.defaults["unit"]
    axes.set_ylim(0, 1.15 * highest or 1)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=unit == COUNT))
    axes.yaxis.set_major_formatter(lambda value, _: written(value, unit))
    axes.grid(color="#2c3235", linewidth=0.4)
    axes.set_xlabel("seconds", fontsize=6, color=FAINT)
    if any(name for name, _ in drawn.series):
        _legend(axes)


def _lines(axes: Axes, series: Sequence[Series]) -> float:
    """Draw series as lines; how high they get."""
    for index, (name, points) in enumerate(series):
        old = name == "a week ago"
        axes.plot(
            *zip(*points, strict=True),
            color=NEUTRAL if old else _colour(name, index),
            linestyle="--" if old else "-",
            marker="." if len(points) < 4 else "",  # noqa: PLR2004 - too short for a line
            linewidth=1.2,
            label=name,
        )
    return max(value for _, points in series for _, value in points)


def _areas(axes: Axes, series: Sequence[Series]) -> float:
    """Draw series upon one another; how high they get."""
    times = sorted({at for _, points in series for at, _ in points})
    below = [0.0] * len(times)
    for index, (name, points) in enumerate(series):
        values = dict(points)
        above = [low + values.get(at, 0) for low, at in zip(below, times, strict=True)]
        colour = _colour(name, index)
        axes.fill_between(times, below, above, color=colour, alpha=0.8, label=name, linewidth=0)
        below = above
    axes.plot(times, below, color=INK, linewidth=0.3)
    return max(below)


def _legend(axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    axes.legend(
        handles[:_MOST_NAMES],
        names[:_MOST_NAMES],
        fontsize=5.5,
        labelcolor=INK,
        frameon=False,
        ncols=2,
        loc="upper right",
    )


def _colour(name: str, index: int) -> str:
    outcome = name.rpartition(": ")[2]
    return _BY_OUTCOME.get(outcome, _COLOURS[index % len(_COLOURS)])


def _bars(axes: Axes, drawn: Drawn) -> None:
    shown = [(name or "value", points[-1][1]) for name, points in drawn.series][::-1]
    for at, (name, value) in enumerate(shown):
        by_outcome = name.rpartition(": ")[2] in _BY_OUTCOME
        axes.barh(at, value, color=_colour(name, 0) if by_outcome else _colour_at(drawn, value))
        text = written(value, drawn.defaults["unit"])
        axes.text(value, at, f" {text}", va="center", fontsize=6, color=INK)
    axes.set_yticks(range(len(shown)), [name for name, _ in shown])
    axes.set_ylim(-0.6 - max(0, _FEWEST - len(shown)), len(shown) - 0.4)
    axes.set_xticks([])
    axes.set_xlim(0, 1.25 * max(value for _, value in shown) or 1)


def _table(axes: Axes, drawn: Drawn) -> None:
    _plain(axes)
    titles = drawn.panel["transformations"][1]["options"]["renameByName"]
    columns = {titles[f"Value #{ref}"]: dict(series) for ref, series in drawn.answers.items()}
    units = {
        each["matcher"]["options"]: each["properties"][0]["value"]
        for each in drawn.panel["fieldConfig"]["overrides"]
    }
    first = drawn.panel["options"]["sortBy"][0]["displayName"]
    names = {name for column in columns.values() for name in column}
    worst = sorted(names, key=lambda name: (-_last(columns[first], name, -1), name))
    cells = [
        [name, *(_cell(column, name, units[title]) for title, column in columns.items())]
        for name in worst
    ]
    table = axes.table(cells, colLabels=["", *columns], loc="upper center", cellLoc="right")
    table.auto_set_font_size(False)
    table.set_fontsize(6)
    for cell in table.get_celld().values():
        cell.set(facecolor=PAPER, edgecolor="#2c3235")
        cell.get_text().set_color(INK)


def _last(column: Mapping[str, Sequence[tuple[float, float]]], name: str, none: float) -> float:
    return column[name][-1][1] if name in column else none


def _cell(column: Mapping[str, Sequence[tuple[float, float]]], name: str, unit: str) -> str:
    return written(column[name][-1][1], unit) if name in column else "-"


_KINDS: Final[Mapping[str, Callable[[Axes, Drawn], None]]] = {
    "stat": _stat,
    "timeseries": _graph,
    "bargauge": _bars,
    "table": _table,
}
