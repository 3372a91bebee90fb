"""What the dashboards have to show, once the calls of ``placed`` are over."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, TypeAlias

from stasis_refer import __version__
from stasis_refer.core.outcome import Outcome, Reason
from tests.scenarios.placed import answers, by, told

Shown: TypeAlias = Mapping[str, float]
"""By the name of the series; zeros are left out."""

A_WEEK_AGO: Final = {"completed": 3, "failed": 1}
"""Transfers a second, a week ago."""

COLUMNS: Final = (
    ("completed",),
    ("rejected",),
    ("unconfirmed",),
    ("no_answer",),
    ("busy",),
    ("unanswered",),
    ("failed", "error"),
    ("blocked",),
    ("canceled",),
)
"""The outcomes in a table's columns from the third on."""


def numbers(requests: int) -> Mapping[tuple[str, str, str], Shown]:
    """Return it by dashboard, panel and letter of the query; ``requests`` reached applications."""
    total, done = by()[()], by(outcome=Outcome.COMPLETED)[()]
    reasons = _plain(by("reason"))
    late = sum(reasons.get(each, 0) for each in ("no_notify", "ring_timeout", "no_response"))
    version = {__version__: 1}
    return {
        ("transfers", "Success rate", "A"): {"": done / total},
        ("transfers", "Transfers", "A"): {"": total},
        ("transfers", "Under way", "A"): {},
        ("transfers", "Last hour", "A"): {"now": done / total},
        ("transfers", "Last hour", "B"): {"a week ago": 0.75},
        ("transfers", "Time-outs", "A"): {"": late},
        ("transfers", "By dialect", "A"): _plain(by("dialect", "outcome"), ": "),
        ("transfers", "Answers to the REFER", "A"): answers(),
        ("transfers", "Status in NOTIFYs", "A"): told(),
        ("transfers", "Reasons", "A"): reasons,
        ("transfers", "Evidence", "A"): _plain(by("evidence")),
        ("transfers", "Evidence", "B"): {},
        **_table("Applications", "application"),
        **_table("Target groups", "group"),
        ("service", "Asterisk", "A"): {"": 1},
        ("service", "New calls", "A"): {"": 1},
        ("service", "Live calls", "A"): {},
        ("service", "Restarts", "A"): {},
        ("service", "Instances", "A"): version,
        ("service", "Results", "A"): {"ok": requests - 1, "status": 1},
        ("service", "Documents rejected", "A"): {"status": 1},
        ("service", "Limits reached", "A"): {},
        ("service", "Alerts", "A"): {},
        ("trunks", "Refuses REFER", "A"): _share("endpoint", "rejected"),
        ("trunks", "Sends no final NOTIFY", "A"): _share("endpoint", "unconfirmed"),
        ("trunks", "Rings out", "A"): _share("endpoint", "no_answer"),
        ("trunks", "Does not respond", "A"): _share("endpoint", "unanswered"),
        **_matrix("Trunks, worst first", "endpoint"),
        **_matrix("Target groups, worst first", "group"),
    }


NOT_EXACT: Final = {
    ("transfers", "Time to answer", "A"): "a time that nobody chose",
    ("service", "Running for", "A"): "the same",
}
"""Values of one moment that are not known beforehand."""


def grown(requests: int) -> Mapping[str, Shown]:
    """Return by how much counters have grown: by metric, then by the values of their labels."""
    return {
        "transfers_started_total": _plain(by("dialect", "direction")),
        "transfers_total": _plain(by("dialect", "direction", "evidence", "outcome")),
        "application_transfers_total": _plain(by("application", "direction", "outcome")),
        "targets_total": _plain(by("group", "outcome")),
        "endpoint_transfers_total": _plain(by("endpoint", "outcome", direction="sent")),
        "transfer_reasons_total": _plain(by("reason")),
        "transfer_duration_seconds_count": _plain(by("direction", "outcome")),
        "time_to_answer_seconds_count": {
            "": by(direction="sent", outcome=Outcome.COMPLETED)[()],
        },
        "refer_response_seconds_count": {"": sum(answers().values())},
        "time_to_ringing_seconds_count": {"": told()["180"]},
        "sip_responses_total": {f"{code}, refer": number for code, number in answers().items()}
        | {f"{code}, notify": number for code, number in told().items()},
        "witness_conflicts_total": {},
        "documents_rejected_total": {"twiml, status": by(reason=Reason.NO_DOCUMENT)[()]},
        "webhook_duration_seconds_count": {"": requests},
        "webhook_requests_total": {"": requests},
        "alerts_total": {},
        "limits_reached_total": {},
        "ledger_writes_failed_total": {},
    }


def _plain(counts: Counter[tuple[str, ...]], between: str = ", ") -> Shown:
    return {between.join(key): number for key, number in counts.items()}


def _of(key: str, *outcomes: str) -> Counter[tuple[str, ...]]:
    """Return how many are expected; an endpoint is counted of REFERs that we send alone."""
    which = {"direction": "sent"} if key == "endpoint" else {}
    if not outcomes:
        return by(key, **which)
    several = (by(key, outcome=outcome, **which) for outcome in outcomes)
    return sum(several, Counter[tuple[str, ...]]())


def _share(key: str, outcome: str) -> Shown:
    """Return a share of all; of a trunk, of all that it was asked."""
    every = _judged(key)
    return {name: number / every[(name,)] for (name,), number in _of(key, outcome).items()}


def _judged(key: str) -> Counter[tuple[str, ...]]:
    return _of(key) - (_of(key, Outcome.BLOCKED) if key == "endpoint" else Counter())


def _not_completed(key: str) -> Counter[tuple[str, ...]]:
    return _of(key) - _of(key, Outcome.COMPLETED)


def _not_completed_share(key: str) -> Shown:
    every = _judged(key)
    missed = every - _of(key, Outcome.COMPLETED)
    return {name: number / every[(name,)] for (name,), number in missed.items()}


def _table(title: str, key: str) -> Mapping[tuple[str, str, str], Shown]:
    columns: tuple[Shown, ...] = (
        _plain(_of(key)),
        _share(key, "completed"),
        _plain(_not_completed(key)),
        _not_completed_share(key),
    )
    return {("transfers", title, ref): each for ref, each in zip("ABCD", columns, strict=True)}


def _matrix(title: str, key: str) -> Mapping[tuple[str, str, str], Shown]:
    counts = (_plain(_of(key, *outcomes)) for outcomes in COLUMNS)
    columns = (_not_completed_share(key), _plain(_of(key)), *counts)
    return {("trunks", title, chr(ord("A") + at)): each for at, each in enumerate(columns)}
