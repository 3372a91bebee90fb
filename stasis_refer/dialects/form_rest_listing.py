"""How Twilio's and Restcomm's calls are listed: by which parameters, and in which pages.

Sources: as ``form_rest``.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from stasis_refer.core.call_record import CallFilter
from stasis_refer.core.info import CallStatus
from stasis_refer.dialects.attributes import one_of, whole_number
from stasis_refer.dialects.form_rest import user_of
from stasis_refer.dialects.rest import (
    CallSearch,
    ListCalls,
    Owners,
    RestReading,
    RestRequest,
    bad_request,
)
from stasis_refer.dialects.rest_forms import Form, Parameter, Parameters, query_of
from stasis_refer.dialects.twiml_words import CALL_STATUS

REST_STATUS: Final = {**CALL_STATUS, CallStatus.INITIATED: "queued"}
"""The words of CallStatus, but for one that no call resource has."""

_BY_WORD: Final = {
    word: tuple(status for status, other in REST_STATUS.items() if other == word)
    for word in REST_STATUS.values()
}


def moment(text: str) -> float:
    """Return the seconds since 1970 of a date or a time (ISO 8601), in UTC if it says nothing."""
    return _utc(text).timestamp()


def day(text: str) -> tuple[float, float]:
    """Return when the day begins, and ends, that a date or a time is on."""
    begins = _utc(text).replace(hour=0, minute=0, second=0, microsecond=0)
    return begins.timestamp(), begins.timestamp() + _DAY


def _utc(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("allowed is a date, YYYY-MM-DD, or a time as in ISO 8601.") from None


_DAY: Final = 86_400.0  # seconds; UTC has no other days here
MAX_PAGE: Final = 1000
_NONE: Final[float | None] = None
_NO_DAY: Final[tuple[float, float] | None] = None
_ANY_STATUS: Final[tuple[CallStatus, ...] | None] = None

STATUS_WORD: Final = Parameter("Status", one_of(_BY_WORD), _ANY_STATUS)
CALLED: Final = Parameter("To", user_of, "")
CALLING: Final = Parameter("From", user_of, "")
START: Final = Parameter("StartTime", day, _NO_DAY)
START_BEFORE: Final = Parameter("StartTime<", moment, _NONE)
START_AFTER: Final = Parameter("StartTime>", moment, _NONE)
END: Final = Parameter("EndTime", day, _NO_DAY)
END_BEFORE: Final = Parameter("EndTime<", moment, _NONE)
END_AFTER: Final = Parameter("EndTime>", moment, _NONE)
PAGE_SIZE: Final = Parameter("PageSize", whole_number(1, MAX_PAGE), 50)
PAGE: Final = Parameter("Page", whole_number(0, 999_999_999), 0)
PAGE_TOKEN: Final = Parameter("PageToken", str, "")

_SID: Final = re.compile("CA([0-9a-f]{32})", re.IGNORECASE)


def key_of(sid: str) -> str:
    """Return the key of a call's sid, '' where it is none."""
    found = _SID.fullmatch(sid)
    return found[1].lower() if found else ""


def _parent(text: str) -> str:
    key = key_of(text)
    if not key:
        raise ValueError("allowed is the sid of a call, CA and 32 hexadecimal digits.")
    return key


PARENT: Final = Parameter("ParentCallSid", _parent, "")
LISTED_BY: Final = (
    *(CALLED, CALLING, STATUS_WORD, PARENT, START, START_BEFORE, START_AFTER),
    *(END, END_BEFORE, END_AFTER, PAGE_SIZE, PAGE, PAGE_TOKEN),
)


def lists(allowed: Parameters) -> Callable[[RestRequest, Owners], RestReading]:
    """Return the reader of which calls are asked for, and which page of them."""

    def read_list(request: RestRequest, _owners: Owners) -> RestReading:
        form = query_of(request, allowed)
        for parameter in allowed.known:
            form.value(parameter)  # a wrong one is told, whether it is used or not
        return RestReading(_listing(form), tuple(form.remarks))

    return read_list


def _listing(form: Form) -> ListCalls:
    if form.value(PAGE) and not form.given(PAGE_TOKEN):
        message = "Page: pages are reached by next_page_uri of the one before, with its PageToken."
        raise bad_request(message)
    since, until = _bounds(form, START, START_AFTER, START_BEFORE)
    ended_since, ended_until = _bounds(form, END, END_AFTER, END_BEFORE)
    wanted = CallFilter(
        statuses=form.value(STATUS_WORD),
        caller=form.value(CALLING),
        dialed=form.value(CALLED),
        parent=form.value(PARENT),
        since=since,
        # What ended before a time did not begin later.
        until=min((each for each in (until, ended_until) if each is not None), default=None),
    )
    search = CallSearch(wanted, None, ended_since, ended_until)
    return ListCalls(search, form.value(PAGE_TOKEN), form.value(PAGE_SIZE))


def _bounds(
    form: Form,
    on: Parameter[tuple[float, float] | None],
    after: Parameter[float | None],
    before: Parameter[float | None],
) -> tuple[float | None, float | None]:
    begins, ends = form.value(on) or (None, None)
    lower = [each for each in (begins, form.value(after)) if each is not None]
    upper = [each for each in (ends, form.value(before)) if each is not None]
    return max(lower, default=None), min(upper, default=None)
