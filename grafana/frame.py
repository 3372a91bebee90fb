"""What the three dashboards share: variables, links between them, the time that they show."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from grafana.panels import DATASOURCE, Panel
from grafana.queries import PREFIX

TAG: Final = "stasis-refer"
PAGE: Final = "http://127.0.0.1:8080"
"""Where the program's own page is, as ``http.public_url`` in its configuration."""

Rows: TypeAlias = Sequence[tuple[str, Callable[[], Iterable[Panel]]]]
"""The panels of a dashboard, under a title each."""


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. Its ``name`` is part of its address and stays as it is."""

    name: str
    title: str
    text: str
    variables: Sequence[str]
    rows: Rows


_ASKED_OF: Final = {
    "application": "application_transfers_total",
    "dialect": "transfers_started_total",
    "direction": "transfers_started_total",
}
"""The metric that knows the values of a variable."""

_ALL: Final = "$__all"


def framed(content: Board, page: str) -> dashboard.Dashboard:
    """Return a dashboard; ``page`` is the URL of the program's own page."""
    board = dashboard.Dashboard(f"Stasis Refer: {content.title}").uid(f"{TAG}-{content.name}")
    board.description(content.text).tags([TAG]).timezone("browser").readonly()
    board.time("now-6h", "now").refresh("30s").tooltip(model.DashboardCursorSync.CROSSHAIR)
    board.variables([_datasource(), *map(_variable, content.variables), _page(page)])
    board.links([_between(), _to_page()])
    number = 0
    for heading, panels in content.rows:
        board.with_row(dashboard.Row(heading).id(number := number + 1))
        for panel in panels():
            board.with_panel(panel.id(number := number + 1))
    return board


def _datasource() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _variable(name: str) -> dashboard.QueryVariable:
    query = f"label_values({PREFIX}{_ASKED_OF[name]}, {name})"
    variable = dashboard.QueryVariable(name).label(name.capitalize()).datasource(DATASOURCE)
    variable.query({"query": query, "refId": name})
    variable.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.multi(True).include_all(True).all_value(".*")
    variable.sort(model.VariableSort.ALPHABETICAL_ASC)
    return variable.current(model.VariableOption(selected=True, text=["All"], value=[_ALL]))


def _page(url: str) -> dashboard.ConstantVariable:
    return dashboard.ConstantVariable("page").label("Page of the program").value(url)


def _between() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Stasis Refer").tags([TAG])
    return link.type(model.DashboardLinkType.DASHBOARDS).include_vars(True).keep_time(True)


def _to_page() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Single transfers").url("${page}/").icon("external link")
    link.tooltip("The program's own page: each transfer with its SIP ladder.")
    return link.type(model.DashboardLinkType.LINK).target_blank(True)
