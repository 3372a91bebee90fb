"""Calls as they are found for who asks: live ones at the desk, others in the ledger."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final, TypeAlias

from stasis_refer.core.application import Application
from stasis_refer.core.call_record import CallRecord
from stasis_refer.dialects.rest import Found, ListCalls, RestError, by_name
from stasis_refer.runtime.book import BadCursorError, Book
from stasis_refer.runtime.desk import Desk

Owned: TypeAlias = tuple[CallRecord, Application]
"""A call, and the application that it is of."""

MOST_PAGES: Final = 20
"""Of the ledger, that are read for one of an answer where its filter cannot say all."""


class Calls:
    """The calls that somebody may see: those of the applications given."""

    def __init__(self, desk: Desk, book: Book) -> None:
        self._desk = desk
        self._book = book

    async def one(self, key: str, owners: Sequence[Application]) -> Owned | None:
        """Return a call; None where there is none, or none of the owners'."""
        if not key:
            return None
        record = self._desk.live_call(key) or await self._book.call(key)
        return _owned(record, owners) if record else None

    async def again(self, record: CallRecord) -> CallRecord:
        """Return how a call stands now."""
        live = self._desk.live_call(record.key)
        return live or await self._book.call(record.key) or record

    async def some(self, asked: ListCalls, owners: Sequence[Application]) -> Found:
        """Return a page of calls, the newest first; raises RestError for a bad cursor."""
        if asked.live:
            return Found(self._among(self._desk.live(), asked, owners))
        names = tuple(each.name for each in owners)
        wanted = replace(asked.search.filter, applications=names)
        found: tuple[Owned, ...] = ()
        cursor = asked.cursor
        for _ in range(MOST_PAGES):
            try:
                page = await self._book.calls(wanted, cursor, asked.limit - len(found))
            except BadCursorError:
                message = "The token of the page was never given out here: begin without one."
                raise RestError(HTTPStatus.BAD_REQUEST, message) from None
            found += self._among(tuple(map(self._as_it_is, page.items)), asked, owners)
            cursor = page.next
            if len(found) == asked.limit or not cursor:
                break
        return Found(found, cursor)

    def _as_it_is(self, record: CallRecord) -> CallRecord:
        live = record.ended_at is None
        return (self._desk.live_call(record.key) or record) if live else record

    def _among(
        self, records: Sequence[CallRecord], asked: ListCalls, owners: Sequence[Application]
    ) -> tuple[Owned, ...]:
        admitted = (each for each in records if asked.search.admits(each))
        found = (_owned(each, owners) for each in admitted)
        return tuple(each for each in found if each)


def _owned(record: CallRecord, owners: Sequence[Application]) -> Owned | None:
    application = by_name(owners, record.application)
    return (record, application) if application else None
