"""``/v1/transfers``: what became of every transfer, from the ledger."""

from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from stasis_refer.adapters.rest.cursors import bound, unbound
from stasis_refer.adapters.rest.endpoints import Answer, Endpoint, Good
from stasis_refer.adapters.rest.models import LadderedTransfer, TransferPage
from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.adapters.rest.queries import Nothing, TransfersQuery
from stasis_refer.runtime.book import Book

_NOT_FOUND: Final = 404
_NO_TRANSFER: Final = (
    "There is no such transfer, or it was deleted for its age: GET /v1/transfers tells which"
    " there are."
)


class Transfers:
    """Answers for transfers, which are the book's."""

    def __init__(self, book: Book) -> None:
        self._book = book

    @property
    def endpoints(self) -> tuple[Endpoint[Any], ...]:
        """The part of the table that is answered here."""
        return (
            Endpoint(
                "GET",
                "/v1/transfers",
                "listTransfers",
                "Transfers, the newest first.",
                TransfersQuery,
                self._list,
                Good("A page of transfers.", TransferPage),
                (503,),
            ),
            Endpoint(
                "GET",
                "/v1/transfers/{transfer}",
                "getTransfer",
                "A transfer with its SIP messages.",
                Nothing,
                self._get,
                Good("The transfer.", LadderedTransfer),
                (404, 503),
            ),
        )

    async def _list(self, _: web.Request, query: TransfersQuery) -> Answer:
        wanted, cursor = query.wanted, query.cursor or ""
        page = await self._book.transfers(wanted, unbound(cursor, wanted), query.limit)
        return Answer(TransferPage.of(replace(page, next=bound(page.next, wanted))))

    async def _get(self, request: web.Request, _: Nothing) -> Answer:
        found = await self._book.transfer(request.match_info["transfer"])
        if found is None:
            raise Problem(_NOT_FOUND, "not_found", _NO_TRANSFER, "transfer")
        return Answer(LadderedTransfer.of(*found))
