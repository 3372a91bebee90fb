"""The kinds of panels, each with unit, thresholds, colours and links; the dashboards choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as shared
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.colours import NEUTRAL, OUTCOMES
from grafana.queries import PREFIX, WITH_EXEMPLARS, Query, followed

DATASOURCE: Final = shared.DataSourceRef(type_val="prometheus", uid="${datasource}")
NOTHING: Final = "nothing in this range"

SECONDS, SHARE, COUNT, PER_MINUTE, PER_SECOND = "s", "percentunit", "short", "cpm", "reqps"

Panel: TypeAlias = bargauge.Panel | stat.Panel | table.Panel | timeseries.Panel
_SHOWN: Final = "since=${__from:date:iso}&until=${__to:date:iso}"
_P = TypeVar("_P", bargauge.Panel, stat.Panel, table.Panel, timeseries.Panel)

Steps: TypeAlias = Sequence[tuple[float | None, str]]
"""Thresholds: from this value on (None: from the lowest) this colour."""


@dataclass(frozen=True, slots=True)
class About:
    """What every panel has.

    ``width`` is of 24 columns; ``link`` are labels whose values the program's own page is to
    filter by when a series is clicked. ``codes`` is the filter for bars that are named by a SIP
    status; those that are not lead nowhere. ``nothing`` is shown where there is no data.
    """

    title: str
    text: str
    unit: str = COUNT
    width: int = 8
    height: int = 8
    steps: Steps = ((None, NEUTRAL),)
    link: Sequence[str] = ()
    codes: str = ""
    nothing: str = NOTHING
    decimals: int | None = None


def number(about: About, *queries: Query, words: Sequence[tuple[str, str, str]] = ()) -> stat.Panel:
    """Return one large value per query; ``words`` are shown for values: value, text, colour."""
    panel = _dressed(stat.Panel(), about, queries)
    several = len(queries) > 1 or "{{" in queries[0].legend
    mode = shared.BigValueTextMode.VALUE_AND_NAME if several else shared.BigValueTextMode.VALUE
    panel.text_mode(mode).graph_mode(shared.BigValueGraphMode.NONE)
    panel.color_mode(shared.BigValueColorMode.BACKGROUND_SOLID)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if words:
        shown = {
            value: model.ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, text, colour) in enumerate(words)
        }
        panel.mappings([model.ValueMap(options=shown)])
    return panel


def graph(about: About, *queries: Query, dashed: str = "") -> timeseries.Panel:
    """Return lines over time; the series of the name ``dashed`` is drawn as one to compare to."""
    panel = _dressed(timeseries.Panel(), about, queries)
    panel.line_width(2).fill_opacity(8).min(0)
    panel.show_points(shared.VisibilityMode.AUTO)
    panel.legend(_legend()).tooltip(_tooltip())
    if len(about.steps) > 1:
        mode = shared.GraphThresholdsStyleMode.DASHED
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(mode))
    if dashed:
        style = {"fill": "dash", "dash": [8, 8]}
        panel.override_by_name(
            dashed,
            [
                model.DynamicConfigValue("custom.lineStyle", style),
                model.DynamicConfigValue("color", _fixed(NEUTRAL)),
                model.DynamicConfigValue("custom.fillOpacity", 0),
            ],
        )
    return panel


def stacked(about: About, *queries: Query) -> timeseries.Panel:
    """Return areas upon one another over time; an outcome has its colour."""
    panel = graph(about, *queries)
    panel.fill_opacity(60).line_width(1)
    panel.stacking(common.StackingConfig().mode(shared.StackingMode.NORMAL).group("A"))
    return _coloured(panel)


def bars(about: About, *queries: Query) -> bargauge.Panel:
    """Return a bar for each series, of its last value; an outcome has its colour."""
    panel = _dressed(bargauge.Panel(), about, queries)
    panel.display_mode(shared.BarGaugeDisplayMode.BASIC).show_unfilled(True)
    panel.orientation(shared.VizOrientation.HORIZONTAL).min(0)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if about.codes:
        address = page_url("code", name=about.codes)
        link = {"title": "Transfers of this code", "url": address, "targetBlank": True}
        panel.override_by_regexp("/^[0-9]{3}$/", [model.DynamicConfigValue("links", [link])])
    return _coloured(panel)


def rows(about: About, key: str, columns: Sequence[tuple[Query, str]], worst: str) -> table.Panel:
    """Return a table: a row for each value of the label ``key``, ``columns`` with their units.

    The rows with the most in the column ``worst`` come first.
    """
    panel = _dressed(table.Panel(), about, [query for query, _ in columns])
    names = {
        f"Value #{ref}": query.legend
        for ref, (query, _) in zip(ascii_uppercase, columns, strict=False)
    }
    organized = {"excludeByName": {"Time": True}, "renameByName": names}
    panel.with_transformation(model.DataTransformerConfig("merge", options={}))
    panel.with_transformation(model.DataTransformerConfig("organize", options=organized))
    panel.sort_by([common.TableSortByFieldState().display_name(worst).desc(True)])
    for query, unit in columns:
        shown = {"unit": unit, "decimals": 1 if unit == SHARE else 0}
        properties = [model.DynamicConfigValue(*each) for each in shown.items()]
        panel.override_by_name(query.legend, properties)
    if about.link:
        address = page_url(key, "__data.fields")
        link = {"title": f"Transfers of this {key}", "url": address, "targetBlank": True}
        panel.override_by_name(key, [model.DynamicConfigValue("links", [link])])
    return panel


def page_url(label: str, of: str = "__field.labels", name: str = "") -> str:
    """Return the address of the program's page, filtered by the label of what was clicked.

    And by the time that is shown: what a graph counts is not the newest there is. ``name`` is
    that of the filter, '' that it is called as the label is.
    """
    return f"${{page}}/?{name or label}=${{{of}.{label}:percentencode}}&{_SHOWN}"


def _dressed(panel: _P, about: About, queries: Sequence[Query]) -> _P:
    panel.title(about.title).description(_described(about.text, queries)).datasource(DATASOURCE)
    panel.unit(about.unit).no_value(about.nothing).span(about.width).height(about.height)
    if about.decimals is not None:
        panel.decimals(about.decimals)
    steps = [model.Threshold(value, colour) for value, colour in about.steps]
    panel.thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
    tabular = isinstance(panel, table.Panel)
    targets = zip(ascii_uppercase, queries, strict=False)
    panel.targets([_target(ref, query, tabular=tabular) for ref, query in targets])
    if about.link and not tabular:
        panel.data_links([_link(label) for label in about.link])
    return panel


def _described(text: str, queries: Sequence[Query]) -> str:
    """Return a text with the variables that the panel follows."""
    names = followed(" ".join(query.expr for query in queries))
    return f"{text} Filtered by: {', '.join(names) or 'nothing'}."


def _target(ref: str, query: Query, *, tabular: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(ref).datasource(DATASOURCE)
    if tabular:
        return target.instant().format(PromQueryFormat.TABLE)
    target.legend_format(query.legend)
    if query.now:
        return target.instant()
    single = any(f"{PREFIX}{metric}_bucket" in query.expr for metric in WITH_EXEMPLARS)
    return target.range().exemplar(single)


def _link(label: str) -> dashboard.DashboardLink:
    title = f"Transfers of this {label}"
    return dashboard.DashboardLink(title).url(page_url(label)).target_blank(True)


def _coloured(panel: _P) -> _P:
    for outcome, colour in OUTCOMES.items():
        named = f"/(^|: ){outcome}$/"
        panel.override_by_regexp(named, [model.DynamicConfigValue("color", _fixed(colour))])
    return panel


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True)
    legend.display_mode(shared.LegendDisplayMode.LIST)
    return legend.placement(shared.LegendPlacement.BOTTOM)


def _tooltip() -> common.VizTooltipOptions:
    tooltip = common.VizTooltipOptions().mode(shared.TooltipDisplayMode.MULTI)
    return tooltip.sort(shared.SortOrder.DESCENDING)
