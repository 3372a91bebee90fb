"""The dashboard Trunks and targets: who refuses REFER, says nothing, does not answer."""

from collections.abc import Iterable
from typing import Final

from grafana.colours import BAD, GOOD, WARNING
from grafana.frame import Board
from grafana.panels import COUNT, PER_MINUTE, SHARE, About, Panel, bars, graph, rows, stacked
from grafana.queries import Query, by, counted, per_minute, per_second, select, share

_ENDPOINT: Final = "endpoint_transfers_total"
_STEPS: Final = ((None, GOOD), (0.05, WARNING), (0.2, BAD))
_NONE: Final = "no transfers"
_TOLD: Final = "!blocked"  # of what is blocked, the trunk hears nothing
_WHICH: Final = "Of REFERs that we send, by the endpoints of [metrics] endpoints; other: all else."


def _share(outcome: str) -> str:
    """Return which part of what each trunk was asked had an outcome, in the range shown."""
    had, asked = (counted("endpoint", select(_ENDPOINT, outcome=each)) for each in (outcome, _TOLD))
    return f"sort_desc({share(had, asked)})"


def _trunks() -> Iterable[Panel]:
    for title, outcome, text in (
        ("Refuses REFER", "rejected", "Transfers whose REFER was refused, of all of an endpoint."),
        (
            "Sends no final NOTIFY",
            "unconfirmed",
            "Transfers that were accepted and whose end was never told, of all of an endpoint.",
        ),
        ("Rings out", "no_answer", "Transfers whose target did not answer, of all of an endpoint."),
        (
            "Does not respond",
            "unanswered",
            "Transfers whose REFER nobody responded to, of all of an endpoint.",
        ),
    ):
        about = About(title, f"{text} {_WHICH}", SHARE, 6, 6, _STEPS, nothing=_NONE)
        yield bars(about, Query(_share(outcome), "{{endpoint}}", now=True))
    about = About("Success rate by trunk", f"Completed of all. {_WHICH}", SHARE, 12, nothing=_NONE)
    completed, asked = (
        by("endpoint", per_second(select(_ENDPOINT, outcome=each))) for each in ("completed", _TOLD)
    )
    yield graph(about, Query(share(completed, asked), "{{endpoint}}"))
    about = About("Volume by trunk", f"Transfers ended, a minute. {_WHICH}", PER_MINUTE, 12)
    yield graph(about, Query(per_minute("endpoint", select(_ENDPOINT)), "{{endpoint}}"))
    text = f"Transfers that ended in the range shown. {_WHICH}"
    yield _matrix("Trunks, worst first", text, "endpoint", _ENDPOINT, outcome=_TOLD)


def _targets() -> Iterable[Panel]:
    text = "Target groups (rules of the policy; none: no rule decided) by what was not completed."
    yield _matrix("Target groups, worst first", text, "group", "targets_total")
    text = "Transfers that ended, a minute, by outcome, of all target groups."
    about = About("Outcomes of targets", text, PER_MINUTE, 12, link=("outcome",))
    outcomes = per_minute("outcome", select("targets_total"))
    yield stacked(about, Query(outcomes, "{{outcome}}"))
    text = "Transfers to targets that are not allowed or cannot be read, a minute. Many at once: "
    text += "somebody may be probing for numbers that cost money."
    about = About("Blocked", text, PER_MINUTE, 12, steps=((None, GOOD), (1.0, BAD)))
    blocked = select("application_transfers_total", outcome="blocked")
    yield graph(about, Query(per_minute("application", blocked), "{{application}}"))


def _refusals() -> Iterable[Panel]:
    text = "Statuses from 300 on in answer to our REFERs, a minute. 405, 501: it knows no REFER."
    about = About("Refusals of the REFER", text, PER_MINUTE, 12)
    refused = select("sip_responses_total", phase="refer", code="3..|4..|5..|6..")
    yield graph(about, Query(f"{per_minute('code', refused)} > 0", "{{code}}"))
    text = "Statuses from 300 on in NOTIFYs, a minute: what the target answered."
    about = About("Failures told by NOTIFY", text, PER_MINUTE, 12)
    told = select("sip_responses_total", phase="notify", code="3..|4..|5..|6..")
    yield graph(about, Query(f"{per_minute('code', told)} > 0", "{{code}}"))


_COLUMNS: Final = (
    ("completed", "completed"),
    ("refused", "rejected"),
    ("end not told", "unconfirmed"),
    ("no answer", "no_answer"),
    ("busy", "busy"),
    ("no response", "unanswered"),
    ("failed", "failed|error"),
    ("blocked", "blocked"),
    ("canceled", "canceled"),
)


def _matrix(title: str, text: str, key: str, metric: str, **judged: str) -> Panel:
    """Return a table by outcome; the share is of those that ``judged`` selects."""
    ended = counted(key, select(metric, **judged))
    completed = counted(key, select(metric, outcome="completed"))
    worst = "share not completed"
    columns = [
        (Query(share(f"({ended} - {completed})", ended), worst), SHARE),
        (Query(counted(key, select(metric)), "transfers"), COUNT),
        *(
            (Query(counted(key, select(metric, outcome=outcome)), name), COUNT)
            for name, outcome in _COLUMNS
        ),
    ]
    about = About(title, text, COUNT, 24, 8, nothing=_NONE)
    return rows(about, key, columns, worst)


TRUNKS: Final = Board(
    "trunks",
    "Trunks and targets",
    "Which trunk honours REFER, and which targets are reached.",
    ("application", "direction"),
    (
        ("Trunks", _trunks),
        ("Targets", _targets),
        ("What was answered", _refusals),
    ),
)
