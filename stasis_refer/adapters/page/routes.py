"""The routes of the page: ``/``, ``/transfers/{id}``, the login, a style sheet and a script."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from stasis_refer.adapters.page import html
from stasis_refer.adapters.page.filters import BadFilter, given, read
from stasis_refer.runtime.book import BadCursorError, Book
from stasis_refer.runtime.ports import StoreError

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
        " img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser says `Origin: null` of our own forms (Fetch, 3.2), as of any
    # stranger's; to other sites nothing is told either way.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGE: Final = 50
"""Transfers of one page of the list."""

STATIC: Final = Path(__file__).parent / "static"
_FILES: Final = {"page.css": "text/css", "live.js": "text/javascript"}
_ELSEWHERE: Final = {
    "/login": "./",
    "/logout": "./",
    "/transfers": "./",
    "/transfers/": "../",
}
"""Paths at which somebody may look for the list, and where it is from there."""

_GOAL: Final = re.compile(r"(?:transfers/[0-9A-Za-z-]{1,64})?(?:\?[!-~]{0,2048})?")
_FIELDS: Final = 8  # of a form
_UNAVAILABLE: Final = 503

_CLOSED: Final = (
    "Nobody may look at it before there is a token: set operator_token, or operator_token_file,"
    " in the section [http] of the configuration, start the program again, and log in here with"
    " that token."
)
_WRONG_TOKEN: Final = "This token is not accepted: look it up in the configuration."  # noqa: S105
_STRANGE: Final = (
    "The form was not sent by this page, or by way of a proxy that changes Host: set public_url in"
    " the section [http] of the configuration to the address that your browser shows."
)
_NO_TRANSFER: Final = (
    "There is no such transfer, or it was deleted for its age: the list has those there are."
)
_LEDGER_AWAY: Final = (
    "Calls go on, and what becomes of them is written down later. Reload in a moment; if it stays"
    " so, look at the file and its disk, and end what has locked it. The ledger says: "
)

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Gate(Protocol):
    """Who may look. All but ``log_out`` raise what aiohttp answers with.

    That is HTTPUnauthorized, HTTPTooManyRequests, and HTTPForbidden where nobody may.
    """

    def browser(self, request: web.Request) -> None:
        """Let somebody pass who has logged in."""
        ...

    def log_in(self, request: web.Request, token: str, response: web.Response) -> None:
        """Log somebody in who knows the token."""
        ...

    def log_out(self, request: web.Request, response: web.Response) -> None:
        """Log somebody out."""
        ...


class TransferPages:
    """The list of transfers, and each of them, behind ``gate``.

    They are written in a thread: a ladder has as many messages, and as long ones, as a phone likes
    to send, up to what is kept, and to look at it never holds up a call.

    ``applications`` are the names to choose from, ``wall`` tells the seconds since 1970, and
    ``url`` is the address under which the page is reached, beside the one that a request names.
    ``too_large`` is called for a form that has more than a body may have.
    """

    def __init__(  # noqa: PLR0913 - what is shown, and who may look
        self,
        gate: Gate,
        book: Book,
        *,
        applications: Sequence[str],
        wall: Callable[[], float],
        url: str,
        too_large: Callable[[], None] = lambda: None,
    ) -> None:
        self._gate = gate
        self._book = book
        self._applications = applications
        self._wall = wall
        self._origin = _origin(url)
        self._too_large = too_large

    @property
    def routes(self) -> tuple[web.RouteDef, ...]:
        """The routes, in any order."""
        files = (
            web.get(f"/static/{name}", _answering(_file(STATIC / name, type_), "../"))
            for name, type_ in _FILES.items()
        )
        return (
            web.get("/", _answering(self._list, "./")),
            web.get("/transfers/{transfer}", _answering(self._transfer, "../")),
            *(web.get(path, _answering(_to(root), root)) for path, root in _ELSEWHERE.items()),
            web.post("/login", _answering(self._log_in, "./")),
            web.post("/logout", _answering(self._log_out, "./")),
            *files,
        )

    async def _list(self, request: web.Request) -> web.Response:
        self._gate.browser(request)
        try:
            asked = read(request.query.items(), self._wall())
            page = await self._book.transfers(asked.wanted, asked.cursor, PAGE)
        except BadCursorError:
            message = "It is no page of this list: leave it out for the newest transfers."
            return self._mistaken(request, BadFilter("cursor", message))
        except BadFilter as mistake:
            return self._mistaken(request, mistake)
        return _html(await asyncio.to_thread(html.list_page, page, asked, self._applications))

    def _mistaken(self, request: web.Request, mistake: BadFilter) -> web.Response:
        filters = given(request.query.items())
        return _html(html.mistaken_page(filters, mistake, self._applications), 400)

    async def _transfer(self, request: web.Request) -> web.Response:
        self._gate.browser(request)
        found = await self._book.transfer(request.match_info["transfer"])
        if found is None:
            return _problem("../", 404, "No such transfer", _NO_TRANSFER)
        record, ladder = found
        call = await self._book.call(record.call)
        return _html(await asyncio.to_thread(html.transfer_page, record, ladder, call))

    async def _log_in(self, request: web.Request) -> web.Response:
        if not self._is_own(request):
            return _problem("./", 403, "Not logged in", _STRANGE)
        try:
            fields = await _form(request)
        except web.HTTPRequestEntityTooLarge:
            self._too_large()
            raise
        goal = _goal(fields.get("goal", ""))
        response = _see(f"./{goal}")
        try:
            self._gate.log_in(request, fields.get("token", "").strip(), response)
        except web.HTTPUnauthorized as refusal:
            return _refused(refusal, html.login_page("./", goal, _WRONG_TOKEN))
        return response

    async def _log_out(self, request: web.Request) -> web.Response:
        if not self._is_own(request):
            return _problem("./", 403, "Not logged out", _STRANGE)
        response = _see("./")
        self._gate.log_out(request, response)
        return response

    def _is_own(self, request: web.Request) -> bool:
        """Tell whether a form was sent by a page of ours (RFC 6454, 7.2)."""
        ours = {self._origin, f"http://{request.host}", f"https://{request.host}"}
        return request.headers.get("Origin") in ours


def _to(where: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return _see(where)

    return answer


def _file(path: Path, type_: str) -> Handler:
    text = path.read_text("utf-8")

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=type_, charset="utf-8")

    return answer


def _answering(handle: Handler, root: str) -> Handler:
    """Return a handler whose every answer is a page, and has the headers of one."""

    async def answer(request: web.Request) -> web.Response:
        try:
            response = await handle(request)
        except web.HTTPUnauthorized as refusal:
            # Of plain HTTP to another machine a browser does not tell where a link was.
            from_elsewhere = request.headers.get("Sec-Fetch-Site", "cross-site") == "cross-site"
            goal = _goal(request.path_qs.removeprefix("/"))
            response = _refused(refusal, html.login_page(root, goal, again=from_elsewhere))
        except web.HTTPForbidden:
            response = _problem(root, 403, "This page is closed", _CLOSED)
        except web.HTTPException as refusal:
            title, text = f"{refusal.reason}", refusal.text or ""
            response = _refused(refusal, html.problem_page(root, title, text))
        except StoreError as error:
            title = "The ledger cannot be read now"
            response = _problem(root, _UNAVAILABLE, title, f"{_LEDGER_AWAY}{error}")
            response.headers["Retry-After"] = "5"
        response.headers.update(HEADERS)
        return response

    return answer


def _refused(refusal: web.HTTPException, text: str) -> web.Response:
    response = _html(text, refusal.status)
    for header in ("WWW-Authenticate", "Retry-After"):
        if header in refusal.headers:
            response.headers[header] = refusal.headers[header]
    return response


def _problem(root: str, status: int, title: str, message: str) -> web.Response:
    return _html(html.problem_page(root, title, message), status)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def _see(where: str) -> web.Response:
    """Return what sends a browser elsewhere, and lets it GET (RFC 9110, 15.4.4)."""
    return web.Response(status=303, headers={"Location": where})


async def _form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form, the first value of each. Raises HTTPBadRequest."""
    text = (await request.read()).decode("utf-8", "replace")
    try:
        return {name: values[0] for name, values in parse_qs(text, max_num_fields=_FIELDS).items()}
    except ValueError:
        raise web.HTTPBadRequest(text="This is no form of ours: log in with the page.") from None


def _goal(path: str) -> str:
    """Return where to go behind the login: a path of ours below the root, '' for the list."""
    return path if _GOAL.fullmatch(path) else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
