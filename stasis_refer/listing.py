"""What the ledger holds, as the command line lists it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from rich.markup import escape
from rich.table import Table

from stasis_refer.adapters.ledger import reading

_LIST: Final = """
SELECT id, call, application, kind, url, made_at, tries,
    iif(number = min(number) FILTER (WHERE given_up_at IS NULL) OVER (PARTITION BY call),
        next_at, NULL),
    given_up_at, why
FROM outbox ORDER BY number
"""
_COLUMNS: Final = ("id", "application", "kind", "made (UTC)", "tries", "next try", "why", "URL")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Something an application was not told. Times are in UTC, as ISO 8601.

    ``next_try`` is None where none is due: it was given up, or waits behind an older one of its
    call. ``url`` is without userinfo, query and fragment.
    """

    id: str
    call: str
    application: str
    kind: str
    url: str
    made: str
    tries: int
    next_try: str | None
    given_up: str | None
    why: str


def read_outbox(path: Path) -> list[Undelivered]:
    """Return what is pending and what was given up, oldest first. Raises StoreError."""
    with reading(path) as opened:
        return [_undelivered(row) for row in opened.execute(_LIST)]


def outbox_table(listed: list[Undelivered]) -> Table:
    """Return the list for people."""
    pending = sum(each.given_up is None for each in listed)
    table = Table(title=f"{pending} pending, {len(listed) - pending} given up")
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for each in listed:
        cells = (
            *(each.id, each.application, each.kind, _short(each.made), str(each.tries)),
            *(_next(each), each.why or "-", each.url),
        )
        table.add_row(*map(escape, cells))
    return table


def outbox_line(each: Undelivered) -> str:
    """Return one entry as a JSON object in one line."""
    return json.dumps(asdict(each))


def _undelivered(row: Sequence[Any]) -> Undelivered:
    token, call, application, kind, url, made_at, tries, next_at, given_up_at, why = row
    return Undelivered(
        id=token,
        call=call,
        application=application,
        kind=kind,
        url=_public(url),
        made=_time(made_at),
        tries=tries,
        next_try=None if next_at is None else _time(next_at),
        given_up=None if given_up_at is None else _time(given_up_at),
        why=why,
    )


def _next(each: Undelivered) -> str:
    if each.given_up is not None:
        return "given up"
    return _short(each.next_try) if each.next_try else "behind another"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _short(time: str) -> str:
    return time.replace("T", " ").removesuffix("+00:00")


def _public(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # the row is damaged: the others are to be seen all the same
        return "?"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
