"""What Bandwidth's REST interface answers: calls, and errors.

Source: ``CallState``, ``CreateCallResponse`` and ``VoiceApiError`` of its Python package.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from stasis_refer.core.application import Application
from stasis_refer.core.call_record import CallRecord
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.dialects.bxml_events import DIRECTION, call_url, id_of, iso
from stasis_refer.dialects.bxml_words import CAUSE, ERROR_MESSAGE
from stasis_refer.dialects.fields import encodable
from stasis_refer.dialects.json_text import parse
from stasis_refer.dialects.rest import (
    Found,
    RestAnswer,
    RestError,
    RestReading,
    RestRequest,
    json_answer,
)

_STATE: Final[Mapping[CallStatus, str]] = dict.fromkeys(CallStatus, "disconnected") | {
    CallStatus.INITIATED: "initiated",
    CallStatus.RINGING: "initiated",
    CallStatus.IN_PROGRESS: "answered",
}
_OVER: Final = "disconnected"


def call_fields(record: CallRecord, application: Application, account: str) -> dict[str, object]:
    """Return a call as Bandwidth shows it; what is not known is null."""
    over = _STATE[record.status] == _OVER
    cause = CAUSE[record.status] if over else None
    last = record.ended_at or record.answered_at or record.started_at
    return {
        "applicationId": application.name,
        "accountId": account,
        "callId": id_of(record.key),
        "parentCallId": id_of(record.parent) if record.parent else None,
        "to": encodable(record.dialed),
        "from": encodable(record.caller) or "anonymous",
        "direction": DIRECTION[record.direction],
        "state": _STATE[record.status],
        "enqueuedTime": iso(record.started_at) if _asked_for(record) else None,
        "startTime": iso(record.started_at),
        "answerTime": _iso(record.answered_at),
        "endTime": _iso(record.ended_at),
        "disconnectCause": cause,
        "errorMessage": ERROR_MESSAGE.get(cause) if cause else None,
        "errorId": None,
        "lastUpdate": iso(last),
    }


def _asked_for(record: CallRecord) -> bool:
    return record.direction is CallDirection.ORIGINATED


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)


def answer_call(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    """Show one call."""
    ((record, application),) = found.calls
    return json_answer(HTTPStatus.OK, call_fields(record, application, request.account))


def answer_list(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    """Show calls; what is behind them is in the header ``Link`` (RFC 8288)."""
    calls = [call_fields(record, of, request.account) for record, of in found.calls]
    headers = {}
    if found.next:
        query = urlencode({**dict(request.query), "pageToken": found.next})
        headers["Link"] = f'<{request.base}{quote(request.path)}?{query}>; rel="next"'
    return json_answer(HTTPStatus.OK, calls, headers)


_ECHOED: Final = {
    # What is shown of the request, with Bandwidth's default; never a password.
    "callTimeout": 30.0,
    "callbackTimeout": 15.0,
    "tag": None,
    "answerMethod": "POST",
    "answerUrl": None,
    "answerFallbackMethod": "POST",
    "answerFallbackUrl": None,
    "disconnectMethod": "POST",
    "disconnectUrl": None,
    "priority": 5,
}


def answer_made(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    """Show a call that is being made."""
    ((record, application),) = found.calls
    sent = parse(request.body).value
    given = sent if isinstance(sent, dict) else {}
    call = id_of(record.key)
    fields = {name: given.get(name) or default for name, default in _ECHOED.items()}
    body = {
        "applicationId": application.name,
        "accountId": request.account,
        "callId": call,
        "to": given.get("to"),
        "from": given.get("from"),
        "enqueuedTime": iso(record.started_at),
        "callUrl": call_url(request.base, request.account, call),
        **fields,
    }
    return json_answer(HTTPStatus.CREATED, body)


def answer_changed(_request: RestRequest, _read: RestReading, _found: Found) -> RestAnswer:
    """Tell that a call was modified."""
    return RestAnswer(HTTPStatus.OK)


def answer_replaced(_request: RestRequest, _read: RestReading, _found: Found) -> RestAnswer:
    """Tell that a call's BXML was replaced."""
    return RestAnswer(HTTPStatus.NO_CONTENT)


_TYPES: Final = {
    HTTPStatus.UNAUTHORIZED: "authentication-error",
    HTTPStatus.FORBIDDEN: "authorization-error",
    HTTPStatus.TOO_MANY_REQUESTS: "error",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal-error",
    HTTPStatus.SERVICE_UNAVAILABLE: "system-overloaded",
}


def write_error(_request: RestRequest, error: RestError) -> RestAnswer:
    """Write an error as VoiceApiError."""
    kind = _TYPES.get(HTTPStatus(error.status), "validation")
    body = {"type": kind, "description": str(error), "id": None}
    return json_answer(error.status, body, error.headers)
