"""The parameters of ``/v1``: read from a query, and what the book and the desk make of them."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from aiohttp import web
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from stasis_refer.adapters.rest.problems import BAD_REQUEST, invalid, of_validation
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.runtime.book import CallFilter, TransferFilter

MOST_CALLS: Final = 1000
MOST_TRANSFERS: Final = 200

_WHOLE: Final = re.compile("[0-9]{1,9}", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))?", re.ASCII
)
_WRITE_MOMENT: Final = (
    "It is no time: write one as 2026-01-31T12:00:00Z, or the day alone;"
    " a + before an offset is written %2B in a query."
)


def _moment(text: str) -> float:
    """Return the seconds since 1970 of a time of RFC 3339, or of when a day begins in UTC."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(_WRITE_MOMENT)
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(_WRITE_MOMENT) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError("It is no whole number: write one in digits.")
    return int(text)


def _switch(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("It is neither: write true or false.")
    return text == "true"


_Text = Annotated[str, Field(min_length=1, max_length=256)]
_Status = Annotated[int, Field(ge=100, le=699), BeforeValidator(_whole)]
_Switch = Annotated[bool, BeforeValidator(_switch)]
_Moment = Annotated[
    float,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": each} for each in ("date-time", "date")]}
    ),
]
_Cursor = Annotated[
    str, Field(min_length=1, max_length=256, description="What a page has as `next`.")
]


class Nothing(BaseModel):
    """Nothing is asked beyond what the path says."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CallsQuery(Nothing):
    """Which live calls are asked for."""

    application: _Text | None = Field(default=None, description="The name of an application.")
    status: CallStatus | None = None
    caller: _Text | None = Field(default=None, description="The whole of it, as in a call.")
    dialed: _Text | None = Field(default=None, description="The whole of it, as in a call.")
    limit: Annotated[int, Field(ge=1, le=MOST_CALLS), BeforeValidator(_whole)] = 50
    cursor: _Cursor | None = None

    @property
    def wanted(self) -> CallFilter:
        """What is to be looked for."""
        return CallFilter(
            applications=None if self.application is None else (self.application,),
            statuses=None if self.status is None else (self.status,),
            caller=self.caller or "",
            dialed=self.dialed or "",
        )


class TransfersQuery(Nothing):
    """Which transfers are asked for."""

    since: _Moment | None = Field(default=None, description="When it began at the earliest.")
    until: _Moment | None = Field(default=None, description="Before when it began.")
    outcome: Outcome | None = None
    direction: Direction | None = None
    application: _Text | None = Field(default=None, description="The name of an application.")
    code: _Status | None = Field(
        default=None, description="The status of the REFER's response, or of the last NOTIFY."
    )
    refer_code: _Status | None = Field(
        default=None, description="What the REFER was answered with, where one was sent."
    )
    notify_code: _Status | None = Field(
        default=None, description="The last status that a NOTIFY told."
    )
    group: Annotated[str, Field(max_length=256)] | None = Field(
        default=None, description="The group of the target; empty: no rule decided on it."
    )
    call: _Text | None = Field(default=None, description="The id of a call.")
    open: _Switch | None = Field(default=None, description="Whether it is under way.")
    limit: Annotated[int, Field(ge=1, le=MOST_TRANSFERS), BeforeValidator(_whole)] = 50
    cursor: _Cursor | None = None

    @property
    def wanted(self) -> TransferFilter:
        """What is to be looked for."""
        return TransferFilter(
            since=self.since,
            until=self.until,
            outcome=self.outcome,
            direction=self.direction,
            application=self.application or "",
            code=self.code,
            refer_code=self.refer_code,
            notify_code=self.notify_code,
            group=self.group,
            call=self.call or "",
            open=self.open,
        )


_Q = TypeVar("_Q", bound=BaseModel)


def read_query(request: web.Request, query: type[_Q]) -> _Q:
    """Return the parameters of a request; raises Problem for the first that is wrong."""
    return of_pairs(tuple(request.query.items()), query)


def of_pairs(pairs: Sequence[tuple[str, str]], query: type[_Q]) -> _Q:
    """Return the parameters that names and values are; raises Problem as ``read_query``."""
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise invalid("It is there more than once: give it once.", name)
    try:
        return query.model_validate(dict(pairs))
    except ValidationError as error:
        raise of_validation(error, query.model_fields, BAD_REQUEST) from None
