"""Pages of a table, the newest rows first: how the rows that a filter lets through are found.

A filter by kind may let few rows of very many through, the newest of them far back. So not the
rows are looked through but the kinds: of each that fits, its newest row; of those that have the
newest ones, as many rows as a page has. Each step is a look into an index.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from stasis_refer.adapters.ledger.cursor import START, Place


@dataclass(frozen=True, slots=True)
class Table:
    """A table of rows that have a time, a number and a kind, and the table of the kinds.

    ``over`` is what kinds fulfil whose rows do not change any more.
    """

    name: str
    kinds: str
    at: str
    over: str


@dataclass(slots=True)
class Conditions:
    """What rows have to fulfil: SQL that is joined by AND, and its values."""

    terms: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, term: str, *values: object) -> None:
        """Add a condition."""
        self.terms.append(term)
        self.values += values

    def __str__(self) -> str:
        return " AND ".join(self.terms) or "1"


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the list is a page: how many rows, behind which place, back to when."""

    limit: int
    before: Place
    since: float | None = None

    @property
    def bounds(self) -> tuple[object, ...]:
        """The values of ``_between``."""
        return (*self.before, -START.at if self.since is None else self.since)


TRANSFERS: Final = Table("transfers", "transfer_kinds", "began_at", "outcome <> ''")
CALLS: Final = Table("calls", "call_kinds", "started_at", "live = 0")

Statement: TypeAlias = tuple[str, Sequence[object]]
"""SQL, and its values."""


def page(table: Table, columns: str, rows: Conditions, kinds: Conditions, part: Part) -> Statement:
    """Return the statement for a page of the rows that fulfil conditions, and so do their kinds.

    It finds time, number and ``columns``. Conditions on rows are such as an index finds.
    """
    if not rows.terms:
        return _by_kind(table, columns, kinds, part)
    where = Conditions([*rows.terms], [*rows.values])
    if kinds.terms:
        where.add(f"kind IN (SELECT number FROM {table.kinds} WHERE {kinds})", *kinds.values)  # noqa: S608 - our own names
    text = f"""
    SELECT {table.at}, number, {columns} FROM {table.name}
    WHERE {where} AND {_between(table)}
    ORDER BY {table.at} DESC, number DESC LIMIT ?
    """  # noqa: S608 - our own names
    return text, (*where.values, *part.bounds, part.limit)


def _by_kind(table: Table, columns: str, kinds: Conditions, part: Part) -> Statement:
    newest = f"""
    SELECT number FROM {table.name} WHERE kind = kinds.number AND {_between(table)}
    ORDER BY {table.at} DESC, number DESC LIMIT
    """  # noqa: S608 - our own names
    text = f"""
    WITH kinds AS MATERIALIZED (
        SELECT kinds.number AS number
        FROM (SELECT number FROM {table.kinds} WHERE {kinds}) AS kinds
        CROSS JOIN {table.name} AS newest ON newest.number = ({newest} 1)
        ORDER BY newest.{table.at} DESC, newest.number DESC LIMIT ?
    )
    SELECT page.{table.at}, page.number, {columns}
    FROM kinds CROSS JOIN {table.name} AS page ON page.number IN ({newest} ?)
    ORDER BY page.{table.at} DESC, page.number DESC LIMIT ?
    """  # noqa: S608 - our own names
    bounds, limit = part.bounds, part.limit
    return text, (*kinds.values, *bounds, limit, *bounds, limit, limit)


def oldest(table: Table, before: float, limit: int) -> Statement:
    """Return the statement for time and number of the oldest rows before a time that are over."""
    first = f"""
    SELECT number FROM {table.name} WHERE kind = kinds.number AND {table.at} < ?
    ORDER BY {table.at}, number LIMIT
    """  # noqa: S608 - our own names
    text = f"""
    WITH kinds AS MATERIALIZED (
        SELECT kinds.number AS number
        FROM (SELECT number FROM {table.kinds} WHERE {table.over}) AS kinds
        CROSS JOIN {table.name} AS first ON first.number = ({first} 1)
        ORDER BY first.{table.at}, first.number LIMIT ?
    )
    SELECT old.{table.at}, old.number
    FROM kinds CROSS JOIN {table.name} AS old ON old.number IN ({first} ?)
    ORDER BY old.{table.at}, old.number LIMIT ?
    """  # noqa: S608 - our own names
    return text, (before, limit, before, limit, limit)


def _between(table: Table) -> str:
    return f"({table.at}, number) < (?, ?) AND {table.at} >= ?"
