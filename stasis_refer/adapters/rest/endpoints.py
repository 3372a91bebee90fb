"""The table of endpoints: the routes are made from it, and so is ``/openapi.json``."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel

from stasis_refer.adapters.rest.bodies import read_body
from stasis_refer.adapters.rest.guard import Guard
from stasis_refer.adapters.rest.problems import Problem, invalid
from stasis_refer.adapters.rest.queries import Nothing, read_query
from stasis_refer.runtime.book import BadCursorError
from stasis_refer.runtime.ports import StoreError

A = TypeVar("A", bound=BaseModel)

_UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answers with, ``model`` as JSON."""

    model: BaseModel
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Good:
    """The answer of an endpoint that did what it was asked; ``model`` None: of another type."""

    description: str
    model: type[BaseModel] | None = None
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class HeaderField:
    """A header that an endpoint reads."""

    name: str
    description: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[A]):
    """One method of one path.

    ``asks`` is what is read from a request before ``handle`` gets it: the body of a POST, the
    query of any other. ``problems`` are the statuses that it answers with besides those of all.
    ``browser``: who has logged in at the page may ask too.
    """

    method: str
    path: str
    name: str
    summary: str
    asks: type[A]
    handle: Callable[[web.Request, A], Awaitable[Answer | web.StreamResponse]]
    good: Good
    problems: tuple[int, ...] = ()
    headers: tuple[HeaderField, ...] = ()
    browser: bool = False

    @property
    def has_body(self) -> bool:
        """Whether what it asks for is in the body."""
        return self.method == "POST"

    def route(self, guard: Guard) -> web.RouteDef:
        """Return the route, which lets nobody but the operator in."""
        let_in = guard.browser if self.browser else guard.operator

        async def handle(request: web.Request) -> web.StreamResponse:
            let_in(request)
            return await self._answer(request)

        return web.route(self.method, self.path, handle)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked: A
        if self.has_body:
            read_query(request, Nothing)
            asked = await read_body(request, self.asks)
        else:
            asked = read_query(request, self.asks)
            if request.can_read_body:
                raise invalid("A GET has none: send it without.", "body")
        try:
            answer = await self.handle(request, asked)
        except BadCursorError:
            message = (
                "It is no cursor of this list: send `next` of a page as it is, with the filters of"
                " that page, or none for the first page."
            )
            raise invalid(message, "cursor") from None
        except StoreError as error:
            message = f"The ledger cannot be read now, try again later: {error}"
            raise Problem(
                _UNAVAILABLE, "unavailable", message, headers={"Retry-After": "5"}
            ) from error
        return written(answer) if isinstance(answer, Answer) else answer


def written(answer: Answer) -> web.Response:
    """Return an answer as it is sent."""
    text = answer.model.model_dump_json(by_alias=True)
    return web.Response(
        text=text, status=answer.status, content_type="application/json", headers=answer.headers
    )
