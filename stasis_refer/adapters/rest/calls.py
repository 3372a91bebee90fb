"""``/v1/calls``: which calls are live, and a transfer for one of them."""

from collections.abc import Callable
from typing import Any, Final, assert_never

from aiohttp import web

from stasis_refer.adapters.rest.bodies import ReferBody
from stasis_refer.adapters.rest.cursors import page_of
from stasis_refer.adapters.rest.endpoints import Answer, Endpoint, Good
from stasis_refer.adapters.rest.idempotency import IDEMPOTENCY_KEY, Answers
from stasis_refer.adapters.rest.models import Begun, CallModel, CallPage
from stasis_refer.adapters.rest.problems import Problem
from stasis_refer.adapters.rest.queries import CallsQuery, Nothing
from stasis_refer.core.orders import Refusal, Refused, Taken
from stasis_refer.runtime.book import Book
from stasis_refer.runtime.desk import Desk

_NOT_FOUND: Final = 404
_NO_CALL: Final = "There is no such call: GET /v1/calls tells which are live."
_REFUSED: Final[dict[Refusal, tuple[int, str]]] = {
    Refusal.NO_CALL: (404, "There is no such live call: GET /v1/calls tells which there are."),
    Refusal.TRANSFERRING: (409, "Another transfer of the call is under way: wait for its end."),
    Refusal.ANSWERED: (409, "The call is answered already: nothing was done."),
    Refusal.AWAY: (409, "The call cannot be transferred at this moment: ask again in a second."),
    Refusal.NOT_CALLABLE: (422, "The target cannot be called: write another."),
    Refusal.DRAINING: (503, "The program stops and begins nothing new: ask again later."),
}
"""What is answered to whom was refused, where the refusal says no more."""

_ASK_AGAIN: Final = {Refusal.AWAY: {"Retry-After": "1"}, Refusal.DRAINING: {"Retry-After": "5"}}


class Calls:
    """Answers for live calls, which are the desk's, and those that are over, the book's."""

    def __init__(self, desk: Desk, book: Book, clock: Callable[[], float]) -> None:
        self._desk = desk
        self._book = book
        self._answers = Answers(clock)

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
                (404, 409, 503),
                (IDEMPOTENCY_KEY,),
            ),
        )

    async def _list(self, _: web.Request, query: CallsQuery) -> Answer:
        wanted = query.wanted
        found = (each for each in self._desk.live() if wanted.admits(each))
        return Answer(CallPage.of(page_of(found, query.cursor or "", query.limit)))

    async def _get(self, request: web.Request, _: Nothing) -> Answer:
        key = request.match_info["call"]
        found = self._desk.live_call(key) or await self._book.call(key)
        if found is None:
            raise Problem(_NOT_FOUND, "not_found", _NO_CALL)
        return Answer(CallModel.model_validate(found))

    async def _refer(self, request: web.Request, body: ReferBody) -> Answer:
        async def carry_out() -> Answer:
            return await self._begin(request.match_info["call"], body)

        keys = request.headers.getall(IDEMPOTENCY_KEY.name, [])
        return await self._answers.once(keys, request.path, body, carry_out)

    async def _begin(self, call: str, body: ReferBody) -> Answer:
        verdict = await self._desk.order(call, body.order)
        match verdict:
            case Taken(transfer):
                location = {"Location": f"/v1/transfers/{transfer}"}
                return Answer(Begun(transfer=transfer, call=call), 202, location)
            case Refused(why, detail):
                status, message = _REFUSED[why]
                told, headers = _sentence(detail) or message, _ASK_AGAIN.get(why)
                raise Problem(status, why.value, told, headers=headers)
            case _:
                assert_never(verdict)


def _sentence(detail: str) -> str:
    """Return a detail as a sentence: it is written to stand behind a colon."""
    return f"{detail[0].upper()}{detail[1:].removesuffix('.')}." if detail else ""
