"""``/v1/calls``: which calls are live, and a transfer for one of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, assert_never

from aiohttp import web

from stasis_refer.adapters.rest.bodies import ReferBody
from stasis_refer.adapters.rest.cursors import bound, page_of, unbound
from stasis_refer.adapters.rest.endpoints import Answer, Endpoint, Good
from stasis_refer.adapters.rest.idempotency import IDEMPOTENCY_KEY, Answers
from stasis_refer.adapters.rest.models import Begun, CallModel, CallPage
from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.adapters.rest.queries import CallsQuery, Nothing
from stasis_refer.adapters.rest.refusals import problem_of
from stasis_refer.core.orders import Refused, Taken
from stasis_refer.runtime.book import Book
from stasis_refer.runtime.desk import Desk
from stasis_refer.runtime.keys import KeyStore

_NOT_FOUND: Final = 404
_NO_CALL: Final = (
    "There is no such call, or it was deleted for its age: GET /v1/calls tells which are live."
)


class Calls:
    """Answers for live calls, which are the desk's, and those that are over, the book's."""

    def __init__(self, desk: Desk, book: Book, keys: KeyStore, clock: Callable[[], float]) -> None:
        self._desk = desk
        self._book = book
        self._answers = Answers(clock, keys)

    @property
    def endpoints(self) -> tuple[Endpoint[Any], ...]:
        """The part of the table that is answered here."""
        one = "/v1/calls/{call}"
        return (
            Endpoint(
                "GET",
                "/v1/calls",
                "listCalls",
                "The live calls and their legs, the newest first.",
                CallsQuery,
                self._list,
                Good("A page of calls.", CallPage),
            ),
            Endpoint(
                "GET",
                one,
                "getCall",
                "A call, live or over.",
                Nothing,
                self._get,
                Good("The call.", CallModel),
                (404, 503),
            ),
            Endpoint(
                "POST",
                f"{one}/refer",
                "referCall",
                "Transfer the far end of a call: send it a REFER.",
                ReferBody,
                self._refer,
                Good("The transfer was begun; GET it to know its end.", Begun, 202),
                (404, 409, 503, 504),
                (IDEMPOTENCY_KEY,),
            ),
        )

    async def _list(self, _: web.Request, query: CallsQuery) -> Answer:
        wanted = query.wanted
        found = (each for each in self._desk.live() if wanted.admits(each))
        page = page_of(found, unbound(query.cursor or "", wanted), query.limit)
        return Answer(CallPage.of(replace(page, next=bound(page.next, wanted))))

    async def _get(self, request: web.Request, _: Nothing) -> Answer:
        key = request.match_info["call"]
        found = self._desk.live_call(key) or await self._book.call(key)
        if found is None:
            raise Problem(_NOT_FOUND, "not_found", _NO_CALL, "call")
        return Answer(CallModel.model_validate(found))

    async def _refer(self, request: web.Request, body: ReferBody) -> Answer:
        call = request.match_info["call"]
        keys = request.headers.getall(IDEMPOTENCY_KEY.name, [])
        transfer = await self._answers.once(
            keys, request.path, body, lambda: self._begin(call, body)
        )
        location = {"Location": f"/v1/transfers/{transfer}"}
        return Answer(Begun(transfer=transfer, call=call), 202, location)

    async def _begin(self, call: str, body: ReferBody) -> str:
        verdict = await self._desk.order(call, body.order)
        match verdict:
            case Taken(transfer):
                return transfer
            case Refused():
                raise problem_of(verdict)
            case _:
                assert_never(verdict)
