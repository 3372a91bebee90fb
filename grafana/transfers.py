"""The dashboard Transfers: do they succeed, how many are there, how long do they take."""

from collections.abc import Iterable
from typing import Final

from grafana.colours import BAD, GOOD, WARNING
from grafana.frame import Board
from grafana.panels import (
    COUNT,
    PER_MINUTE,
    SECONDS,
    SHARE,
    About,
    Panel,
    bars,
    graph,
    number,
    rows,
    stacked,
)
from grafana.queries import (
    WEEK,
    Query,
    by,
    counted,
    per_minute,
    per_second,
    quantile,
    quantile_in_range,
    select,
    share,
)

TIME_OUTS: Final = "no_notify|ring_timeout|no_response"

_ENDED: Final = select("application_transfers_total")
_COMPLETED: Final = select("application_transfers_total", outcome="completed")
_STEPS: Final = ((None, BAD), (0.8, WARNING), (0.95, GOOD))
_NONE: Final = "no transfers"


def _success(window: str, offset: str = "") -> str:
    parts = (counted("", each, window, offset) for each in (_COMPLETED, _ENDED))
    return share(*parts)


def _overview() -> Iterable[Panel]:
    text = "Transfers that were completed, of all that ended in the range shown."
    about = About("Success rate", text, SHARE, 4, 6, _STEPS, nothing=_NONE, decimals=1)
    yield number(about, Query(_success("$__range"), now=True))
    text = "Transfers that ended in the range shown, whatever became of them."
    about = About("Transfers", text, COUNT, 4, 6, decimals=0)
    yield number(about, Query(counted("", _ENDED), now=True))
    text = "Transfers that were asked for and have not ended."
    about = About("Under way", text, COUNT, 4, 6, decimals=0)
    yield number(
        about, Query(by("direction", select("transfers_in_progress")), "{{direction}}", now=True)
    )
    text = "The success rate of the last hour, and of the same hour a week ago."
    about = About("Last hour", text, SHARE, 6, 6, _STEPS, nothing=_NONE, decimals=1)
    yield number(
        about,
        Query(_success("1h"), "now", now=True),
        Query(_success("1h", WEEK), "a week ago", now=True),
    )
    text = "Transfers whose end nobody told in time: no NOTIFY, rung out, no response to the REFER."
    timed_out = counted("", select("transfer_reasons_total", reason=TIME_OUTS))
    steps = ((None, GOOD), (1.0, WARNING))
    yield number(
        About("Time-outs", text, COUNT, 3, 6, steps, decimals=0), Query(timed_out, now=True)
    )
    text = "Half of the completed transfers took at most so long, from the REFER to success."
    about = About("Time to answer", text, SECONDS, 3, 6, nothing=_NONE)
    yield number(about, Query(quantile_in_range(0.5, "time_to_answer_seconds"), now=True))


def _volume() -> Iterable[Panel]:
    text = "Transfers that ended, a minute, by outcome. Click for the single transfers."
    about = About("Outcomes", text, PER_MINUTE, 12, link=("outcome",))
    yield stacked(about, Query(per_minute("outcome", _ENDED), "{{outcome}}"))
    text = "Completed of all that ended. A gap: no transfer ended then."
    lines = (
        Query(
            share(
                by("", per_second(_COMPLETED, offset)),
                by("", per_second(_ENDED, offset)),
            ),
            legend,
        )
        for offset, legend in (("", "now"), (WEEK, "a week ago"))
    )
    about = About("Success rate over time", text, SHARE, 12, steps=_STEPS, nothing=_NONE)
    yield graph(about, *lines, dashed="a week ago")
    started = select("transfers_started_total")
    about = About("Volume", "Transfers that were asked for, a minute.", PER_MINUTE, 12)
    yield graph(
        about,
        Query(per_minute("", started), "now"),
        Query(per_minute("", started, WEEK), "a week ago"),
        dashed="a week ago",
    )
    text = "Transfers that ended in the range shown, by the dialect of the application."
    ended = counted("dialect, outcome", select("transfers_total"))
    about = About("By dialect", text, COUNT, 12, decimals=0)
    yield bars(about, Query(f"{ended} > 0", "{{dialect}}: {{outcome}}", now=True))


def _codes() -> Iterable[Panel]:
    text = "What phones and trunks answered to our REFERs, in the range shown."
    answers = counted("code", select("sip_responses_total", phase="refer"))
    about = About("Answers to the REFER", text, COUNT, 6, codes="refer_code", decimals=0)
    yield bars(about, Query(f"sort_desc({answers} > 0)", "{{code}}", now=True))
    text = "The status in the NOTIFYs that we were sent, provisional ones too."
    told = counted("code", select("sip_responses_total", phase="notify"))
    about = About("Status in NOTIFYs", text, COUNT, 6, codes="notify_code", decimals=0)
    yield bars(about, Query(f"sort_desc({told} > 0)", "{{code}}", now=True))
    text = "Why transfers ended as they did, in the range shown; docs/outcomes.md explains each."
    reasons = counted("reason", select("transfer_reasons_total"))
    about = About("Reasons", text, COUNT, 6, decimals=0)
    yield bars(about, Query(f"sort_desc({reasons} > 0)", "{{reason}}", now=True))
    text = (
        "What the outcome rests on: captured SIP messages, Asterisk alone, or neither. Conflicts: "
        "SIP and Asterisk contradicted each other."
    )
    about = About("Evidence", text, COUNT, 6, decimals=0)
    yield bars(
        about,
        Query(counted("evidence", select("transfers_total")), "{{evidence}}", now=True),
        Query(counted("", select("witness_conflicts_total")), "conflicts", now=True),
    )


def _quantiles(metric: str) -> tuple[Query, ...]:
    return tuple(Query(quantile(edge / 100, "", metric), f"p{edge}") for edge in (50, 95))


def _times() -> Iterable[Panel]:
    text = "From the REFER to its response. At 32 s Asterisk gives up."
    yield graph(
        About("Response to the REFER", text, SECONDS, 6, steps=((None, GOOD), (4.0, BAD))),
        *_quantiles("refer_response_seconds"),
    )
    text = "From the REFER to the first NOTIFY that says that the target rings."
    about = About("Time to ringing", text, SECONDS, 6, steps=((None, GOOD), (5.0, BAD)))
    yield graph(about, *_quantiles("time_to_ringing_seconds"))
    text = "From the REFER to success, of completed transfers."
    about = About("Time to answer", text, SECONDS, 6, steps=((None, GOOD), (30.0, BAD)))
    yield graph(about, *_quantiles("time_to_answer_seconds"))
    text = "Transfers whose end nobody told in time, a minute, by what did not come."
    timed_out = select("transfer_reasons_total", reason=TIME_OUTS)
    about = About("Time-outs", text, PER_MINUTE, 6)
    yield graph(about, Query(per_minute("reason", timed_out), "{{reason}}"))
    text = "From the request to the outcome: 95 of 100 took at most so long."
    about = About("Duration by outcome", text, SECONDS, 24, link=("outcome",))
    lasted = quantile(0.95, "outcome", "transfer_duration_seconds")
    yield graph(about, Query(lasted, "{{outcome}}"))


def _who() -> Iterable[Panel]:
    text = "Transfers that ended in the range shown. Click a name for its single transfers."
    yield _table("Applications", text, "application", "application_transfers_total")
    text = "The same by target group, the rule of the policy that decided on the target."
    yield _table("Target groups", text, "group", "targets_total")


def _table(title: str, text: str, key: str, metric: str) -> Panel:
    def ended(**equal: str) -> str:
        return counted(key, select(metric, **equal))

    others = f"{ended()} - {ended(outcome='completed')}"
    columns = (
        (Query(ended(), "transfers"), COUNT),
        (Query(share(ended(outcome="completed"), ended()), "success rate"), SHARE),
        (Query(others, "not completed"), COUNT),
        (Query(share(f"({others})", ended()), "share not completed"), SHARE),
    )
    linked = (key,) if key == "application" else ()
    about = About(title, text, COUNT, 12, 9, link=linked, nothing=_NONE)
    return rows(about, key, columns, worst="share not completed")


TRANSFERS: Final = Board(
    "transfers",
    "Transfers",
    "What became of call transfers over SIP REFER.",
    ("application", "dialect", "direction"),
    (
        ("Overview", _overview),
        ("Volume and outcomes", _volume),
        ("Codes, reasons, evidence", _codes),
        ("Times", _times),
        ("Worst first", _who),
    ),
)
