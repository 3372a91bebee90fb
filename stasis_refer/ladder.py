"""A transfer and its SIP ladder, drawn as text."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from stasis_refer.core.visible import visible
from stasis_refer.runtime.book import Rung, TransferRecord
from stasis_refer.runtime.points_in_time import short_time
from stasis_refer.transfer_listing import codes

_LEFT: Final = "Asterisk"
_RIGHT: Final = "phone"
_MARGIN: Final = 10  # characters, for the seconds
_NARROWEST: Final = 48  # characters between the two
_WIDEST: Final = 100
_SHOWN: Final = frozenset(
    {
        *("Refer-To", "Referred-By", "Refer-Sub", "Replaces", "Target-Dialog", "Event"),
        *("Subscription-State", "Reason", "Retry-After", "Warning"),
    }
)
_USUAL: Final = ("Event", "refer")  # it tells something only where it has an id


def draw(record: TransferRecord, ladder: Sequence[Rung]) -> Iterator[str]:
    """Return the lines of a picture: what became of a transfer, and its messages in order."""
    yield from _facts(record)
    yield ""
    if ladder:
        yield from _messages(ladder)
    else:
        yield "no message of it was captured"


def _facts(record: TransferRecord) -> Iterator[str]:
    how = (
        f"{record.outcome} ({record.reason}, evidence: {record.evidence})"
        if record.outcome
        else "under way"
    )
    for name, value in (
        ("transfer", record.id),
        ("outcome", how),
        ("detail", record.detail),
        ("REFER", f"{record.direction}, response and last NOTIFY: {codes(record)}"),
        ("target", record.target),
        ("rule", record.rule),
        ("by", record.referred_by),
        ("call", f"from {record.caller or '-'} to {record.dialed or '-'}"),
        ("asked by", f"{record.application} ({record.dialect})"),
        ("began", f"{short_time(record.began_at)} UTC{_course(record)}"),
    ):
        if value:
            yield f"{name:<10}{visible(value)}"


def _course(record: TransferRecord) -> str:
    steps = (
        ("accepted", record.accepted_at),
        ("ringing", record.ringing_at),
        ("ended", record.ended_at),
    )
    return "".join(
        f", {name} {at - record.began_at:+.3f} s" for name, at in steps if at is not None
    )


def _messages(ladder: Sequence[Rung]) -> Iterator[str]:
    told = [(rung, visible(rung.first_line), list(_details(rung))) for rung in ladder]
    longest = max(len(line) for _, first, details in told for line in (first, *details))
    width = min(max(_NARROWEST, longest + 8), _WIDEST)
    yield " " * _MARGIN + _LEFT + " " * (width - len(_LEFT)) + _RIGHT
    for rung, first, details in told:
        head, *rest = _pieces(first, width - 8) or [""]
        yield f"{rung.at - ladder[0].at:>8.3f}  {_arrow(head, width, sent=rung.sent)}"
        for line in (*rest, *details):
            for piece in _pieces(line, width - 6):
                yield f"{' ' * _MARGIN}|   {piece:<{width - 3}}|"


def _pieces(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _arrow(label: str, width: int, *, sent: bool) -> str:
    if sent:
        return f"|-- {label} {'-' * (width - len(label) - 5)}>|"
    return f"|<{'-' * (width - len(label) - 5)} {label} --|"


def _details(rung: Rung) -> Iterator[str]:
    """Return what tells how a REFER goes: some headers, and the status in a NOTIFY."""
    for name, value in rung.headers:
        if name in _SHOWN and (name, value) != _USUAL:
            yield visible(f"{name}: {value}")
    if status := rung.body.strip().split("\n")[0].strip():
        yield visible(status)
