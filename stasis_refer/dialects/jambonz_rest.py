"""jambonz's REST interface to calls: to make, to change, to end, to show and to list them.

Sources: as ``jambonz_rest_requests``. A call that is shown has the keys of its hooks.
"""

import re
from collections import Counter
from http import HTTPStatus
from typing import Final
from uuid import UUID

from stasis_refer.core.abouts import Standing
from stasis_refer.core.application import Application
from stasis_refer.core.call_record import CallRecord
from stasis_refer.core.info import CallStatus
from stasis_refer.core.orders import Refusal
from stasis_refer.dialects.fields import encodable
from stasis_refer.dialects.jambonz_requests import ANONYMOUS, DIRECTION
from stasis_refer.dialects.jambonz_rest_requests import (
    read_create,
    read_delete,
    read_list,
    read_update,
)
from stasis_refer.dialects.jambonz_words import LEG_RINGS, standing_fields
from stasis_refer.dialects.rest import (
    CallSearch,
    Found,
    ListCalls,
    Owners,
    RestAnswer,
    RestError,
    RestReading,
    RestRequest,
    RestRoute,
    RestVendor,
    json_answer,
    read_show,
    without_query,
)
from stasis_refer.dialects.rest_refusals import refusals


def call_fields(record: CallRecord, application: Application, account: str) -> dict[str, object]:
    """Return a call as jambonz shows it; what is not known is left out."""
    sid = str(UUID(record.key))
    fields: dict[str, object] = {
        "call_sid": sid,
        "account_sid": account,
        "application_sid": application.name,
        "direction": DIRECTION[record.direction],
        "from": encodable(record.caller) or ANONYMOUS,
        "to": encodable(record.dialed),
        "caller_name": encodable(record.caller_name),
        "trace_id": record.parent or record.key,
    }
    if record.parent:
        fields["parent_call_sid"] = str(UUID(record.parent))
    return fields | _standing(record)


def _standing(record: CallRecord) -> dict[str, object]:
    if record.status is CallStatus.RINGING:
        status, code, reason = LEG_RINGS
        return {"sip_status": code, "sip_reason": reason, "call_status": status}
    if record.answered_at is None:
        return standing_fields(Standing(record.status))
    fields = standing_fields(Standing(record.status, record.answered_at - record.started_at))
    if record.ended_at is not None:
        fields["duration"] = int(max(0.0, record.ended_at - record.answered_at))
    return fields


def _answer_call(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    ((record, application),) = found.calls
    return json_answer(HTTPStatus.OK, call_fields(record, application, request.account))


def _answer_list(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    calls = [call_fields(record, of, request.account) for record, of in found.calls]
    return json_answer(HTTPStatus.OK, calls)


def _read_count(request: RestRequest, _owners: Owners) -> RestReading:
    without_query(request)
    return RestReading(ListCalls(CallSearch(), live=True))


def _answer_count(_request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    count = Counter(DIRECTION[record.direction] for record, _ in found.calls)
    return json_answer(HTTPStatus.OK, {word: count[word] for word in DIRECTION.values()})


def _answer_made(_request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    ((record, _),) = found.calls
    return json_answer(HTTPStatus.CREATED, {"sid": str(UUID(record.key))})


def _answer_changed(_request: RestRequest, _read: RestReading, _found: Found) -> RestAnswer:
    return RestAnswer(HTTPStatus.ACCEPTED, b"Accepted", "text/plain; charset=utf-8")


def _answer_ended(_request: RestRequest, _read: RestReading, _found: Found) -> RestAnswer:
    return RestAnswer(HTTPStatus.NO_CONTENT)


def _error(_request: RestRequest, error: RestError) -> RestAnswer:
    return json_answer(error.status, {"msg": str(error)}, error.headers)


_SID: Final = re.compile("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def key_of(sid: str) -> str:
    """Return the key of a call's sid, '' where it is none."""
    return sid.replace("-", "").lower() if _SID.fullmatch(sid) else ""


_PREFIX: Final = "/v1/Accounts/"
_CALLS: Final = f"{_PREFIX}{{account}}/Calls"
_CALL: Final = f"{_CALLS}/{{call}}"
_NOT_NOW: Final = "The call's state is incompatible with what is asked for: "

JAMBONZ_REST: Final = RestVendor(
    dialect="jambonz",
    prefix=_PREFIX,
    routes=(
        RestRoute("GET", _CALLS, read_list, _answer_list),
        RestRoute("GET", f"{_CALLS}/count", _read_count, _answer_count),
        RestRoute("POST", _CALLS, read_create, _answer_made),
        RestRoute("GET", _CALL, read_show, _answer_call),
        RestRoute("PUT", _CALL, read_update, _answer_changed),
        RestRoute("POST", _CALL, read_update, _answer_changed),
        RestRoute("DELETE", _CALL, read_delete, _answer_ended),
    ),
    key_of=key_of,
    refusals={
        **refusals(_NOT_NOW),
        Refusal.NO_CALL: (422, 0, f"{_NOT_NOW}it is over."),
        Refusal.ANSWERED: (422, 0, f"{_NOT_NOW}it is answered already."),
        # As jambonz has it where no feature server is to be had.
        Refusal.DRAINING: (480, 0, "No new calls are made, the program is being stopped."),
    },
    error=_error,
)
"""jambonz's interface."""
