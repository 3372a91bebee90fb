"""The vendors' own REST paths: HTTP around what ``dialects`` reads and writes."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Final, Protocol, assert_never

import structlog
from aiohttp import web

from stasis_refer.adapters.rest.found import Calls
from stasis_refer.core.application import Application
from stasis_refer.core.call_record import CallRecord
from stasis_refer.core.orders import Order, Origination, Refusal, Refused
from stasis_refer.core.redacted import redacted
from stasis_refer.core.urls import urls_in
from stasis_refer.dialects.rest import (
    Asked,
    ChangeCall,
    Found,
    ListCalls,
    MakeCall,
    Owners,
    RestAnswer,
    RestError,
    RestReading,
    RestRequest,
    RestRoute,
    RestVendor,
    ShowCall,
)
from stasis_refer.runtime.book import Book
from stasis_refer.runtime.desk import Desk
from stasis_refer.runtime.ports import StoreError, WebhookPolicy

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_REMARKS: Final = 20
"""How many remarks on one request are logged."""

_KEPT: Final = ("Allow", "WWW-Authenticate", "Retry-After")
"""Headers of a refusal that its answer has too."""


class Admits(Protocol):
    """Who lets requests in by their credentials; raises aiohttp's errors."""

    def vendor(self, request: web.Request) -> tuple[Application, ...]:
        """Return the applications that the credentials are those of."""
        ...


class VendorRest:
    """Serves the vendors' paths; ``routes`` are for the web server.

    A call belongs to who asks where its application is one of those that the credentials are
    of, and speaks the dialect of the path; any other call is not found. Nothing is asked of the
    desk that names a URL which ``policy`` does not allow. ``too_large`` is called for a request
    whose body has more than the web server takes.
    """

    def __init__(  # noqa: PLR0913 - what it stands between
        self,
        vendors: Iterable[RestVendor],
        guard: Admits,
        desk: Desk,
        book: Book,
        *,
        policy: WebhookPolicy,
        too_large: Callable[[], None] = lambda: None,
    ) -> None:
        self._vendors = tuple(vendors)
        self._guard = guard
        self._desk = desk
        self._calls = Calls(desk, book)
        self._policy = policy
        self._too_large = too_large

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, those with a method of their own first."""
        routes = []
        for vendor in self._vendors:
            by_path: dict[str, list[RestRoute]] = {}
            for route in vendor.routes:
                by_path.setdefault(route.path, []).append(route)
                routes.append(web.route(route.method, route.path, self._handler(vendor, route)))
            for path, known in by_path.items():
                routes.append(web.route("*", path, self._no_method(vendor, known)))
            routes.append(web.route("*", f"{vendor.prefix}{{path:.*}}", self._no_path(vendor)))
        return routes

    def _handler(self, vendor: RestVendor, route: RestRoute) -> "_Handler":
        async def serve(request: web.Request) -> RestAnswer:
            owners = self._owners(vendor, request)
            asked_by = await self._read(request, owners[0].public_url)
            return await self._serve(vendor, route, owners, asked_by, request)

        return _told_as(vendor, serve)

    async def _read(self, request: web.Request, base: str) -> RestRequest:
        try:
            return await _request(request, base)
        except web.HTTPRequestEntityTooLarge:
            self._too_large()
            raise

    def _no_method(self, vendor: RestVendor, known: Iterable[RestRoute]) -> "_Handler":
        methods = ", ".join(dict.fromkeys(route.method for route in known))

        async def refuse(request: web.Request) -> RestAnswer:
            self._owners(vendor, request)
            message = f"{request.method} is not served here; allowed are {methods}."
            headers = {"Allow": methods}
            raise RestError(HTTPStatus.METHOD_NOT_ALLOWED, message, headers=headers)

        return _told_as(vendor, refuse)

    def _no_path(self, vendor: RestVendor) -> "_Handler":
        paths = ", ".join(dict.fromkeys(route.path for route in vendor.routes))

        async def refuse(request: web.Request) -> RestAnswer:
            self._owners(vendor, request)
            message = f"{request.path:.200} is not served here; what is: {paths}."
            raise RestError(HTTPStatus.NOT_FOUND, message)

        return _told_as(vendor, refuse)

    def _owners(self, vendor: RestVendor, request: web.Request) -> tuple[Application, ...]:
        found = self._guard.vendor(request)
        owners = tuple(each for each in found if each.dialect == vendor.dialect)
        if not owners:
            message = (
                f"These credentials are those of no application with dialect {vendor.dialect}."
            )
            raise RestError(HTTPStatus.UNAUTHORIZED, message)
        return owners

    async def _serve(
        self,
        vendor: RestVendor,
        route: RestRoute,
        owners: tuple[Application, ...],
        asked_by: RestRequest,
        request: web.Request,
    ) -> RestAnswer:
        sid = request.match_info.get("call")
        if sid is None:
            reading = self._reading(vendor, route, asked_by, owners)
            found = await self._do_new(vendor, reading.asked, owners)
        else:
            one = await self._calls.one(vendor.key_of(sid), owners)
            if one is None:
                raise RestError(HTTPStatus.NOT_FOUND, f"There is no call {sid:.80}.")
            reading = self._reading(vendor, route, asked_by, (one[1],))
            record = await self._do(vendor, reading.asked, one[0])
            found = Found(((record, one[1]),))
        _log_remarks(vendor, owners, reading)
        return route.answer(asked_by, reading, found)

    def _reading(
        self, vendor: RestVendor, route: RestRoute, asked_by: RestRequest, owners: Owners
    ) -> RestReading:
        reading = route.read(asked_by, owners)
        own = {url for each in owners for url in _own_urls(each)}
        for url in urls_in(_of_the_desk(reading.asked)):
            why = "" if url in own else self._policy.why_not(url)
            if why:
                message = f"{redacted(url):.200} cannot be requested: {why}."
                raise RestError(HTTPStatus.BAD_REQUEST, message, code=vendor.bad_url)
        return reading

    async def _do_new(
        self, vendor: RestVendor, asked: Asked, owners: tuple[Application, ...]
    ) -> Found:
        match asked:
            case ListCalls():
                return await self._calls.some(asked, owners)
            case MakeCall(application, wanted):
                made = await self._desk.originate(application.name, wanted)
                if isinstance(made, Refused):
                    raise vendor.refused(made.why, made.detail)
                return Found(((made, application),))
            case ShowCall() | ChangeCall():
                raise TypeError("the path names no call")
            case _:
                assert_never(asked)

    async def _do(self, vendor: RestVendor, asked: Asked, record: CallRecord) -> CallRecord:
        match asked:
            case ShowCall():
                return record
            case ChangeCall(order, may_stay):
                verdict = await self._desk.order(record.key, order)
                if isinstance(verdict, Refused):
                    if not may_stay or verdict.why is not Refusal.ANSWERED:
                        raise vendor.refused(verdict.why, verdict.detail)
                    log.warning("a call that is answered stays", vendor=vendor.dialect)
                return await self._calls.again(record)
            case ListCalls() | MakeCall():
                raise TypeError("the path names a call")
            case _:
                assert_never(asked)


def _of_the_desk(asked: Asked) -> Order | Origination | None:
    match asked:
        case MakeCall(_, wanted):
            return wanted
        case ChangeCall(order, _):
            return order
        case ListCalls() | ShowCall():
            return None
        case _:
            assert_never(asked)


def _own_urls(application: Application) -> Iterator[str]:
    """Yield those of the configuration, which says itself what is wrong with them."""
    for each in (application.document, application.fallback, application.status_callback):
        yield from urls_in(each)


_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _told_as(vendor: RestVendor, serve: Callable[[web.Request], Awaitable[RestAnswer]]) -> _Handler:
    """Return a handler that writes every error as the vendor does."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return _response(await serve(request))
        except RestError as error:
            refused = error
        except web.HTTPException as error:
            refused = _translated(error)
        except StoreError:
            log.exception("the ledger could not be read for a REST request")
            message = "The ledger cannot be read now; ask again."
            refused = RestError(HTTPStatus.SERVICE_UNAVAILABLE, message)
        except Exception:
            log.exception("a REST request failed", vendor=vendor.dialect, method=request.method)
            message = "The server could not answer; its log says why."
            refused = RestError(HTTPStatus.INTERNAL_SERVER_ERROR, message)
        bare = RestRequest(
            path=request.path,
            account=request.match_info.get("account", ""),
            accept=request.headers.get("Accept", ""),
        )
        return _response(vendor.error(bare, refused))

    return handle


def _translated(error: web.HTTPException) -> RestError:
    headers = {name: error.headers[name] for name in _KEPT if name in error.headers}
    return RestError(error.status, error.text or error.reason, headers=headers)


async def _request(request: web.Request, base: str) -> RestRequest:
    return RestRequest(
        path=request.path,
        account=request.match_info["account"],
        base=base,
        query=tuple(request.query.items()),
        body=await request.read(),
        content_type=request.headers.get("Content-Type", ""),
        accept=request.headers.get("Accept", ""),
    )


def _response(answer: RestAnswer) -> web.Response:
    headers = dict(answer.headers)
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    return web.Response(status=answer.status, body=answer.body or None, headers=headers)


def _log_remarks(vendor: RestVendor, owners: tuple[Application, ...], reading: RestReading) -> None:
    for remark in reading.remarks[:MOST_REMARKS]:
        log.warning(
            "REST request has something that is passed over",
            vendor=vendor.dialect,
            application=owners[0].name,
            what=redacted(remark),
        )
