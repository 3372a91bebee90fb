"""Restcomm's REST interface to calls, with its live call modification.

Sources: Restcomm's page on its Calls API; ``CallsEndpoint`` and the converters of
Restcomm-Connect, which answer in XML unless the path ends in ``.json`` or Accept names JSON.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from stasis_refer.core.call_record import CallRecord
from stasis_refer.core.orders import Origination, Refusal
from stasis_refer.dialects.attributes import one_of
from stasis_refer.dialects.form_rest import (
    FROM,
    OF_DOCUMENT,
    OF_STATUS,
    STATUS,
    STATUS_EVENT,
    TIMEOUT,
    TO,
    URL,
    callee,
    document_url,
    ending,
    redirection,
    same_status_callback,
    sip_credentials,
)
from stasis_refer.dialects.form_rest_answers import common_fields, duration, page_fields
from stasis_refer.dialects.form_rest_listing import LISTED_BY, key_of, lists
from stasis_refer.dialects.rcml import API_VERSION
from stasis_refer.dialects.rest import (
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
    bad_request,
    json_answer,
    read_show,
)
from stasis_refer.dialects.rest_forms import Parameter, Parameters, form_of
from stasis_refer.dialects.rest_refusals import refusals

MOVE_BOTH: Final = Parameter(
    "MoveConnectedCallLeg", one_of({"true": True, "false": False}), default=False
)
USERNAME: Final = Parameter("Username", str, "")
PASSWORD: Final = Parameter("Password", str, "", secret=True)

_ONE_VERSION: Final = {"ApiVersion": f"there is one, {API_VERSION}"}

UPDATE: Final = Parameters(
    (*OF_DOCUMENT, STATUS, MOVE_BOTH, *OF_STATUS),
    passed_over=_ONE_VERSION,
    refused={"Mute": "parties are not muted here; leave it out"},
)
"""What may stand in a live call modification."""

CREATE: Final = Parameters(
    (TO, FROM, *OF_DOCUMENT, *OF_STATUS, STATUS_EVENT, TIMEOUT, USERNAME, PASSWORD),
    passed_over=_ONE_VERSION,
)
"""What may stand in a request for a new call."""


def _newest_first(text: str) -> None:
    if text.lower() != "datecreated:desc":
        raise ValueError("allowed is DateCreated:desc, calls are listed the newest first.")


LIST: Final = Parameters(
    (*LISTED_BY, Parameter("SortBy", _newest_first, None)),
    passed_over={
        "AfterSid": "PageToken of next_page_uri is what counts",
        "localOnly": "there is one instance",
        "Reverse": "calls are listed the newest first",
    },
    refused={
        "SubAccounts": "accounts have none here; leave it out",
        "ConferenceSid": "there are no conferences; leave it out",
    },
)
"""What calls may be listed by."""


def _read_update(request: RestRequest, owners: Owners) -> RestReading:
    (application,) = owners
    form = form_of(request, UPDATE)
    same_status_callback(form, application)
    if form.given(URL) is form.given(STATUS):
        raise bad_request("Give either Url, to redirect the call, or Status, to end it.")
    asked = redirection(form, both=form.value(MOVE_BOTH)) or ending(form)
    form.needs(MOVE_BOTH, URL)
    assert asked is not None  # noqa: S101 - one of both is given
    return RestReading(asked, tuple(form.remarks))


def _read_create(request: RestRequest, owners: Owners) -> RestReading:
    form = form_of(request, CREATE)
    form.required(URL)
    then = document_url(form)
    assert then is not None  # noqa: S101 - its URL is given
    wanted = Origination(
        callee=callee(form, sip_credentials(form, USERNAME, PASSWORD, TO)),
        then=then,
        caller_id=form.value(FROM),
        timeout=float(form.value(TIMEOUT)),
    )
    return RestReading(MakeCall(owners[0], wanted), tuple(form.remarks))


def _call(record: CallRecord, account: str) -> dict[str, object]:
    seconds = duration(record)
    fields = common_fields(record, account)
    path = f"/{API_VERSION}/Accounts/{quote(account, safe='')}/Calls/{fields['sid']}"
    return fields | {
        "start_time": _iso(record.started_at),
        "end_time": _iso(record.ended_at),
        "duration": None if seconds is None else int(seconds),
        "api_version": API_VERSION,
        "uri": path,
        "subresource_uris": {},
    }


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _answer_one(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    ((record, _),) = found.calls
    call = _call(record, request.account)
    if _wants_json(request):
        return json_answer(HTTPStatus.OK, _as_json(call))
    return _xml(HTTPStatus.OK, _element("Call", call))


def _answer_list(request: RestRequest, read: RestReading, found: Found) -> RestAnswer:
    assert isinstance(read.asked, ListCalls)  # noqa: S101 - what this route reads
    calls = [_call(record, request.account) for record, _ in found.calls]
    page = page_fields(request, read.asked, found)
    # Restcomm writes the word where there is no such page.
    page |= {name: "null" for name, value in page.items() if value is None}
    if _wants_json(request):
        return json_answer(HTTPStatus.OK, page | {"calls": [_as_json(each) for each in calls]})
    attributes = "".join(
        f" {name.replace('_', '')}={quoteattr(str(value))}" for name, value in page.items()
    )
    inside = "".join(_element("Call", each) for each in calls)
    return _xml(HTTPStatus.OK, f"<Calls{attributes}>{inside}</Calls>")


def _error(request: RestRequest, error: RestError) -> RestAnswer:
    if _wants_json(request):
        return json_answer(error.status, {"message": str(error)}, error.headers)
    return _xml(error.status, _element("Message", str(error)), error.headers)


def _wants_json(request: RestRequest) -> bool:
    return request.path.endswith(".json") or "json" in request.accept.lower()


def _as_json(call: Mapping[str, object]) -> dict[str, object]:
    return {**call, "uri": f"{call['uri']}.json"}


def _element(name: str, value: object) -> str:
    """Write a field of JSON as Restcomm's XML: ``call_sid`` is ``CallSid``."""
    if isinstance(value, dict):
        inside = "".join(
            _element("".join(map(str.capitalize, each.split("_"))), inner)
            for each, inner in value.items()
        )
    else:
        inside = "" if value is None else escape(str(value))
    return f"<{name}>{inside}</{name}>"


def _xml(status: int, inside: str, headers: Mapping[str, str] | None = None) -> RestAnswer:
    inside = _NO_XML.sub("", inside)
    body = f"<RestcommResponse>{inside}</RestcommResponse>".encode()
    return RestAnswer(status, body, "application/xml; charset=utf-8", headers or {})


# No reference can stand for them either (XML 1.0, 2.2 and 4.1).
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_CALLS: Final = f"/restcomm/{API_VERSION}/Accounts/{{account}}/Calls"


def _routes(ending: str) -> tuple[RestRoute, ...]:
    return (
        RestRoute("GET", f"{_CALLS}{ending}", lists(LIST), _answer_list),
        RestRoute("POST", f"{_CALLS}{ending}", _read_create, _answer_one),
        RestRoute("GET", f"{_CALLS}/{{call}}{ending}", read_show, _answer_one),
        RestRoute("POST", f"{_CALLS}/{{call}}{ending}", _read_update, _answer_one),
    )


RCML_REST: Final = RestVendor(
    dialect="rcml",
    prefix="/restcomm/",
    routes=(
        *_routes(".json"),
        *_routes(""),
        # As Restcomm's page has it, too.
        RestRoute("POST", f"{_CALLS}.json/{{call}}", _read_update, _answer_one),
        RestRoute("GET", f"{_CALLS}.json/{{call}}", read_show, _answer_one),
    ),
    key_of=key_of,
    refusals={
        **refusals("The call cannot be changed now: "),
        Refusal.NO_CALL: (410, 0, "Call is already completed."),
    },
    error=_error,
)
"""Restcomm's interface."""
