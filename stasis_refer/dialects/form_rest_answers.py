"""What Twilio's and Restcomm's REST answers about calls have in common."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlencode

from stasis_refer.core.call_record import CallRecord
from stasis_refer.core.info import CallStatus
from stasis_refer.dialects.dial_words import whole
from stasis_refer.dialects.fields import DIRECTION, sid_of
from stasis_refer.dialects.form_rest_listing import PAGE, PAGE_TOKEN, REST_STATUS
from stasis_refer.dialects.rest import Found, ListCalls, RestRequest

ANONYMOUS: Final = "anonymous"  # RFC 3323, 4.1.1.3


def rfc2822(seconds: float | None) -> str | None:
    """Return a time as both vendors write it, None for None."""
    return None if seconds is None else format_datetime(datetime.fromtimestamp(seconds, UTC))


def updated_at(record: CallRecord) -> float:
    """Return when a call last changed, as far as it is known."""
    return record.ended_at or record.answered_at or record.started_at


def duration(record: CallRecord) -> str | None:
    """Return how long a call lasted in seconds, None of one that lives or was not answered."""
    if record.answered_at is None or record.ended_at is None:
        return None
    return whole(max(0.0, record.ended_at - record.answered_at))


def common_fields(record: CallRecord, account: str) -> dict[str, object]:
    """Return the fields that both have by the same name; parties are user parts."""
    return {
        "sid": sid_of(record.key),
        "date_created": rfc2822(record.started_at),
        "date_updated": rfc2822(updated_at(record)),
        "parent_call_sid": sid_of(record.parent) if record.parent else None,
        "account_sid": account,
        "to": record.dialed,
        "from": record.caller or ANONYMOUS,
        "phone_number_sid": None,
        "status": REST_STATUS[record.status],
        "direction": DIRECTION[record.direction],
        "answered_by": None,
        "forwarded_from": None,
        "caller_name": record.caller_name or None,
    }


def was_answered(record: CallRecord) -> bool:
    """Tell whether a call that is over came to an end of its own."""
    return record.status is CallStatus.COMPLETED


def page_fields(request: RestRequest, asked: ListCalls, found: Found) -> dict[str, object]:
    """Return what a page says of itself; there is no way back but to the first one."""
    told = {name: value for name, value in request.query if value}
    page = int(told.get(PAGE.name, "0"))
    told |= {"PageSize": str(asked.limit)}
    first = {name: value for name, value in told.items() if name != PAGE_TOKEN.name}
    following = told | {PAGE.name: str(page + 1), PAGE_TOKEN.name: found.next}
    start = page * asked.limit
    return {
        "page": page,
        "page_size": asked.limit,
        "start": start,
        "end": start + max(0, len(found.calls) - 1),
        "uri": _uri(request, told | {PAGE.name: str(page)}),
        "first_page_uri": _uri(request, first | {PAGE.name: "0"}),
        "previous_page_uri": None,
        "next_page_uri": _uri(request, following) if found.next else None,
    }


def _uri(request: RestRequest, query: Mapping[str, str]) -> str:
    return f"{request.path}?{urlencode(query)}"
