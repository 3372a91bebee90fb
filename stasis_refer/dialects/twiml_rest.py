"""Twilio's REST interface to calls: to make, to change, to show and to list them.

Sources: Twilio's page on the Call resource, its list of errors and the OpenAPI document its
packages are made from; its Python package is the judge in the tests.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.call_record import CallRecord
from stasis_refer.core.orders import Origination, Refusal, RunDocument
from stasis_refer.core.verbs import Document
from stasis_refer.dialects.attributes import whole_number
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.form_rest import (
    CALL_STATE,
    FROM,
    OF_DOCUMENT,
    OF_STATUS,
    STATUS,
    STATUS_EVENT,
    TIMEOUT,
    TO,
    URL,
    callee,
    caller,
    document_url,
    ending,
    redirection,
    same_status_callback,
    sip_credentials,
)
from stasis_refer.dialects.form_rest_answers import (
    common_fields,
    duration,
    page_fields,
    rfc2822,
    was_answered,
)
from stasis_refer.dialects.form_rest_listing import LISTED_BY, key_of, lists
from stasis_refer.dialects.rest import (
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
    bad_request,
    by_name,
    json_answer,
    read_show,
)
from stasis_refer.dialects.rest_forms import Form, Parameter, Parameters, form_of
from stasis_refer.dialects.rest_refusals import refusals
from stasis_refer.dialects.twiml import TWIML
from stasis_refer.dialects.twiml_requests import API_VERSION
from stasis_refer.dialects.twiml_words import ERROR_CODE

_NO_APPLICATION = 21218
_NOTHING_TO_RUN = 21205

TWIML_TEXT: Final = Parameter("Twiml", str, "", secret=True)
CALLER_ID: Final = Parameter("CallerId", caller, "", FROM.code)
TIME_LIMIT: Final = Parameter("TimeLimit", whole_number(1, 86_400), 0)
SIP_USERNAME: Final = Parameter("SipAuthUsername", str, "")
SIP_PASSWORD: Final = Parameter("SipAuthPassword", str, "", secret=True)
APPLICATION_SID: Final = Parameter("ApplicationSid", str, "", _NO_APPLICATION)

UPDATE: Final = Parameters(
    (*OF_DOCUMENT, TWIML_TEXT, STATUS, *OF_STATUS),
    refused={
        "TimeLimit": "a live call is given no new limit; set it when the call is made, give <Dial>"
        " a timeLimit, or end the call with Status=completed when it is time"
    },
)
"""What may stand in an update."""

_NO_DETECTION: Final = "answering machines are not detected here"
_WITHOUT_RECORDING: Final = "nothing is recorded unless by <Dial record>"
_OWN: Final = "it is Twilio's own"

CREATE: Final = Parameters(
    (
        *(TO, FROM, CALLER_ID, *OF_DOCUMENT, TWIML_TEXT, APPLICATION_SID),
        *(*OF_STATUS, STATUS_EVENT, TIMEOUT, TIME_LIMIT, SIP_USERNAME, SIP_PASSWORD),
    ),
    passed_over={
        **dict.fromkeys(
            (
                *("MachineDetection", "MachineDetectionTimeout", "AsyncAmd"),
                *("MachineDetectionSpeechThreshold", "MachineDetectionSpeechEndThreshold"),
                *("MachineDetectionSilenceTimeout", "AsyncAmdStatusCallback"),
                "AsyncAmdStatusCallbackMethod",
            ),
            _NO_DETECTION,
        ),
        **dict.fromkeys(
            (
                *("RecordingChannels", "RecordingStatusCallback", "RecordingStatusCallbackMethod"),
                *("RecordingStatusCallbackEvent", "RecordingTrack", "RecordingConfigurationId"),
                "Trim",
            ),
            _WITHOUT_RECORDING,
        ),
        **dict.fromkeys(("CallReason", "CallToken", "Passports", "ClientNotificationUrl"), _OWN),
        "Byoc": "numbers are called through the application's trunk",
    },
    refused={
        "Record": "a call is recorded by <Dial record> in its document; leave it out",
        "SendDigits": "digits are not sent here; leave it out and call the extension",
    },
)
"""What may stand in a request for a new call."""

LIST: Final = Parameters(LISTED_BY)
"""What calls may be listed by."""


def _read_update(request: RestRequest, owners: Owners) -> RestReading:
    (application,) = owners
    form = form_of(request, UPDATE)
    same_status_callback(form, application)
    given = [each.name for each in (URL, TWIML_TEXT, STATUS) if form.given(each)]
    if len(given) != 1:
        has = " and ".join(given) or "none of them"
        message = f"Give one of Url, Twiml and Status, not {has}."
        raise bad_request(message)
    asked = redirection(form) or ending(form)
    if asked is None:
        asked = ChangeCall(RunDocument(_document(form, application)))
    return RestReading(asked, tuple(form.remarks))


def _document(form: Form, application: Application) -> Document:
    """Read the document in a request; relative URLs in it mean those at the application's."""
    text = form.value(TWIML_TEXT).encode()
    try:
        reading = TWIML.read(text, "text/xml", application.document.url, application)
    except DocumentError as error:
        raise bad_request(f"Twiml: {error}", ERROR_CODE[error.failure]) from None
    form.remarks += [
        f"Twiml, line {each.line}, column {each.column}: {each.message}" for each in reading.remarks
    ]
    return reading.document


def _read_create(request: RestRequest, owners: Owners) -> RestReading:
    form = form_of(request, CREATE)
    application, named = _application(form, owners)
    username = sip_credentials(form, SIP_USERNAME, SIP_PASSWORD, TO)
    wanted = Origination(
        callee=callee(form, username, application if named else None),
        then=_then(form, application, named=named),
        caller_id=form.value(CALLER_ID) or form.value(FROM),
        timeout=float(form.value(TIMEOUT)),
        time_limit=float(form.value(TIME_LIMIT)) or None,
    )
    return RestReading(MakeCall(application, wanted), tuple(form.remarks))


def _then(form: Form, application: Application, *, named: bool) -> Callback | Document:
    callback = document_url(form) or (application.document if named else None)
    if callback is None and not form.given(TWIML_TEXT):
        raise bad_request("Give one of Url, Twiml and ApplicationSid.", _NOTHING_TO_RUN)
    if callback is None:
        return _document(form, application)
    if form.given(TWIML_TEXT):
        form.remarks.append("Twiml is passed over: there is a Url or an ApplicationSid.")
    return callback


def _application(form: Form, owners: Owners) -> tuple[Application, bool]:
    """Return whose call it is to be, and whether the request names it."""
    name = form.value(APPLICATION_SID)
    found = by_name(owners, name)
    if name and found is None:
        message = f"ApplicationSid: {name!r:.80} is the name of no application of this account."
        raise bad_request(message, _NO_APPLICATION)
    if found and form.given(URL):
        form.remarks.append("Url goes before that of the application in ApplicationSid.")
    return found or owners[0], found is not None


def _call(record: CallRecord, request: RestRequest) -> dict[str, object]:
    account = request.account
    over = record.ended_at if was_answered(record) else None
    fields = common_fields(record, account)
    path = f"/{API_VERSION}/Accounts/{quote(account, safe='')}/Calls/{fields['sid']}.json"
    return fields | {
        "to_formatted": fields["to"],
        "from_formatted": fields["from"],
        "start_time": rfc2822(record.started_at),
        "end_time": rfc2822(over),
        "duration": duration(record),
        "price": None,
        "price_unit": None,
        "annotation": None,
        "api_version": API_VERSION,
        "group_sid": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": path,
        "subresource_uris": {},
    }


def _answer_one(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    ((record, _),) = found.calls
    return json_answer(HTTPStatus.OK, _call(record, request))


def _answer_made(request: RestRequest, _read: RestReading, found: Found) -> RestAnswer:
    ((record, _),) = found.calls
    return json_answer(HTTPStatus.CREATED, _call(record, request))


def _answer_list(request: RestRequest, read: RestReading, found: Found) -> RestAnswer:
    assert isinstance(read.asked, ListCalls)  # noqa: S101 - what this route reads
    calls = [_call(record, request) for record, _ in found.calls]
    return json_answer(HTTPStatus.OK, page_fields(request, read.asked, found) | {"calls": calls})


_CODES: Final = {
    HTTPStatus.UNAUTHORIZED: 20003,
    HTTPStatus.METHOD_NOT_ALLOWED: 20004,
    HTTPStatus.NOT_FOUND: 20404,
    HTTPStatus.TOO_MANY_REQUESTS: 20429,
    HTTPStatus.BAD_REQUEST: 20001,
    HTTPStatus.SERVICE_UNAVAILABLE: 20503,
}
"""Twilio's numbers of errors that have none of their own."""


def _error(_request: RestRequest, error: RestError) -> RestAnswer:
    code = error.code or _CODES.get(HTTPStatus(error.status), 20000 + error.status)
    body = {
        "code": code,
        "message": str(error),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": error.status,
    }
    return json_answer(error.status, body, error.headers)


_CALLS: Final = f"/{API_VERSION}/Accounts/{{account}}/Calls"

TWIML_REST: Final = RestVendor(
    dialect="twiml",
    prefix=f"/{API_VERSION}/",
    routes=(
        RestRoute("GET", f"{_CALLS}.json", lists(LIST), _answer_list),
        RestRoute("POST", f"{_CALLS}.json", _read_create, _answer_made),
        RestRoute("GET", f"{_CALLS}/{{call}}.json", read_show, _answer_one),
        RestRoute("POST", f"{_CALLS}/{{call}}.json", _read_update, _answer_one),
    ),
    key_of=key_of,
    refusals={
        **refusals("The call cannot be changed now: ", CALL_STATE, TO.code),
        Refusal.NO_CALL: (400, CALL_STATE, "Call is not in-progress. Cannot redirect."),
    },
    error=_error,
    bad_url=URL.code,
)
"""Twilio's interface."""
