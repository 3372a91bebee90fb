"""A vendor's REST interface: what a request asks for, and what it is answered with.

All of it is plain data: the adapter does HTTP, finds calls and asks the desk and the ledger.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeAlias

from stasis_refer.core.application import Application
from stasis_refer.core.call_record import CallFilter, CallRecord, within
from stasis_refer.core.info import CallDirection
from stasis_refer.core.orders import RETRY_AFTER, Order, Origination, Refusal


class RestError(Exception):
    """A request is refused; ``str()`` is a sentence that says why and what to do.

    ``status`` is of HTTP, ``code`` the vendor's own number, 0 for the usual one of the status.
    ``kind`` is why the desk refused it, None where it was not asked.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: int = 0,
        kind: Refusal | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.kind = kind
        self.headers = headers or {}


def bad_request(message: str, code: int = 0) -> RestError:
    """Return the error of a request that cannot be done as it is written."""
    return RestError(HTTPStatus.BAD_REQUEST, message, code=code)


@dataclass(frozen=True, slots=True)
class RestRequest:
    """A request as it came, its credentials checked.

    ``account`` is of the path and ``query`` in its order; ``path`` is whole, as it was sent.
    ``base`` is the URL under which our own web server is reached, without a slash at its end.
    """

    path: str
    account: str
    base: str = ""
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    content_type: str = ""
    accept: str = ""

    @property
    def media_type(self) -> str:
        """What the body is, without parameters and in lower case."""
        return self.content_type.partition(";")[0].strip().lower()


def without_query(request: RestRequest, instead: str = "this request has no parameters") -> None:
    """Refuse a query where nothing is read of it; raises RestError. ``instead`` says what is."""
    if request.query:
        names = ", ".join(name for name, _ in request.query)
        raise bad_request(f"The query has {names:.80}: {instead}.")


IN_THE_BODY: Final = "this request has its parameters in the body"


@dataclass(frozen=True, slots=True)
class CallSearch:
    """Which calls are asked for: a filter, and what it cannot say. None stands for any.

    ``ended_since`` and ``ended_until`` bound ``ended_at`` as ``since`` and ``until`` do.
    """

    filter: CallFilter = field(default_factory=CallFilter)
    directions: frozenset[CallDirection] | None = None
    ended_since: float | None = None
    ended_until: float | None = None

    def admits(self, record: CallRecord) -> bool:
        """Tell whether a call is among them."""
        return (
            self.filter.admits(record)
            and within(record.ended_at, self.ended_since, self.ended_until)
            and (self.directions is None or record.direction in self.directions)
        )


@dataclass(frozen=True, slots=True)
class ShowCall:
    """Show the call of the path."""


@dataclass(frozen=True, slots=True)
class ListCalls:
    """Show calls, ``limit`` at most; with ``live`` all that are live, and no others."""

    search: CallSearch
    cursor: str = ""
    limit: int = 50
    live: bool = False


@dataclass(frozen=True, slots=True)
class MakeCall:
    """Make a call for an application."""

    application: Application
    wanted: Origination


@dataclass(frozen=True, slots=True)
class ChangeCall:
    """Ask something of the call of the path.

    ``may_stay``: one that is answered already is shown as it is where only an unanswered one
    was to be ended.
    """

    order: Order
    may_stay: bool = False


Asked: TypeAlias = ShowCall | ListCalls | MakeCall | ChangeCall
"""All that can be asked for."""


@dataclass(frozen=True, slots=True)
class RestReading:
    """What a request asks for, and sentences on what was passed over in it."""

    asked: Asked
    remarks: tuple[str, ...] = ()


def read_show(request: RestRequest, _owners: Sequence[Application]) -> RestReading:
    """Read a request to show a call."""
    without_query(request)
    return RestReading(ShowCall())


@dataclass(frozen=True, slots=True)
class Found:
    """What was found or made: calls, each with its application, and the cursor behind them."""

    calls: tuple[tuple[CallRecord, Application], ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """An answer as it goes out; one without a body has no content type."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Owners: TypeAlias = Sequence[Application]
"""Whose request it is: of one call its application, else all that the credentials are of."""


@dataclass(frozen=True, slots=True)
class RestRoute:
    """One thing that a vendor's interface does.

    ``path`` has the parts ``{account}`` and, of one call, ``{call}``. ``read`` raises RestError;
    ``answer`` writes what came of it.
    """

    method: str
    path: str
    read: Callable[[RestRequest, Owners], RestReading]
    answer: Callable[[RestRequest, RestReading, Found], RestAnswer]


@dataclass(frozen=True, slots=True)
class RestVendor:
    """One vendor's interface.

    ``prefix`` is what all its paths begin with. ``key_of`` returns the key of a call's sid in
    any letter case, '' where it is none. ``refusals`` are status, code and sentence by why the
    desk did nothing; a detail of the desk's goes before the sentence. ``error`` writes an error;
    ``bad_url`` is the code of one about a URL that cannot be requested.
    """

    dialect: str
    prefix: str
    routes: tuple[RestRoute, ...]
    key_of: Callable[[str], str]
    refusals: Mapping[Refusal, tuple[int, int, str]]
    error: Callable[[RestRequest, RestError], RestAnswer]
    bad_url: int = 0

    def refused(self, why: Refusal, detail: str = "") -> RestError:
        """Return the error of something that the desk did not do."""
        status, code, sentence = self.refusals[why]
        headers = {"Retry-After": str(RETRY_AFTER[why])} if why in RETRY_AFTER else None
        return RestError(status, detail or sentence, code=code, kind=why, headers=headers)


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> RestAnswer:
    """Return an answer in JSON."""
    return RestAnswer(status, json.dumps(value).encode(), JSON, headers or {})


JSON: Final = "application/json; charset=utf-8"


def by_name(owners: Owners, name: str) -> Application | None:
    """Return the application of a name among the owners, None when there is none."""
    return next((each for each in owners if each.name == name), None)
