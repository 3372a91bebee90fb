"""Bandwidth's REST requests about calls: what may stand in them, and what it asks for.

Sources: Bandwidth's pages on voice errors and on modifying calls, and the OpenAPI document its
packages are made from; its Python package is the judge in the tests.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from stasis_refer.core.application import Callback, Method
from stasis_refer.core.call_record import CallFilter
from stasis_refer.core.info import CallStatus
from stasis_refer.core.orders import EndCall, FetchDocument, Origination, RunDocument
from stasis_refer.core.verbs import (
    Address,
    Callee,
    LegWatch,
    Number,
    Redirect,
    SipAddress,
    Tag,
)
from stasis_refer.dialects.attributes import whole_number
from stasis_refer.dialects.bxml import BXML
from stasis_refer.dialects.bxml_uui import uui
from stasis_refer.dialects.bxml_words import CAUSE
from stasis_refer.dialects.callees import ANONYMOUS, display_name, phone_number
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.form_rest import caller, user_of
from stasis_refer.dialects.form_rest_listing import moment
from stasis_refer.dialects.json_keys import Inspector, Key, Node, flag, keys, number, text
from stasis_refer.dialects.rest import (
    CallSearch,
    ChangeCall,
    ListCalls,
    MakeCall,
    Owners,
    RestReading,
    RestRequest,
    bad_request,
    by_name,
    without_query,
)
from stasis_refer.dialects.rest_forms import Parameter, Parameters, query_of
from stasis_refer.dialects.rest_json import (
    asked_in,
    json_of,
    remarks_of,
    told_as_errors,
    url,
    whole,
)
from stasis_refer.dialects.webhook_urls import with_credentials

MAX_TAG: Final = 4096
"""Characters of a tag in a request, as Bandwidth has it."""


def _method(found: object) -> Method:
    if text(found).upper() not in Method.__members__:
        raise ValueError("allowed are GET and POST.")
    return Method[text(found).upper()]


def _tag(found: object) -> str:
    if len(text(found)) > MAX_TAG:
        raise ValueError(f"allowed are up to {MAX_TAG} characters.")
    return text(found)


def _read_by(parse: Callable[[str], str]) -> Callable[[object], str]:
    return lambda found: parse(text(found))


def _to(found: object) -> Address:
    called = text(found)
    if called.lower().startswith(("sip:", "sips:")):
        return SipAddress(called)
    return Number(phone_number(called))


def _uui(found: object) -> tuple[str, ...]:
    return uui(text(found))


_NO_TAG: Final[str | None] = None
_NO_UUI: Final[tuple[str, ...]] = ()
_TO: Final[Key[Address]] = Key("to", _to, Number(""))
_FROM: Final = Key("from", _read_by(caller), "")
_APPLICATION: Final = Key("applicationId", text, "")
_PRIVACY: Final = Key("privacy", flag, default=False)
_DISPLAY_NAME: Final = Key("displayName", _read_by(display_name), "")
_UUI: Final = Key("uui", _uui, _NO_UUI)
_CALL_TIMEOUT: Final = Key("callTimeout", number(1, 300), 30.0)
_TAG: Final = Key("tag", _tag, _NO_TAG)
_USERNAME: Final = Key("username", text, "")
_PASSWORD: Final = Key("password", text, "", secret=True)
_FALLBACK_USERNAME: Final = Key("fallbackUsername", text, "")
_FALLBACK_PASSWORD: Final = Key("fallbackPassword", text, "", secret=True)
_CLEARS: Final = frozenset({_TAG.name})  # an empty one takes the tag away
_CREDENTIALS: Final = (_USERNAME, _PASSWORD)
_FALLBACK_CREDENTIALS: Final = (_FALLBACK_USERNAME, _FALLBACK_PASSWORD)


def _webhook(name: str) -> tuple[Key[str], Key[Method]]:
    return Key(f"{name}Url", url, ""), Key(f"{name}Method", _method, Method.POST)


_ANSWER, _ANSWER_FALLBACK = _webhook("answer"), _webhook("answerFallback")
_DISCONNECT = _webhook("disconnect")
_REDIRECT, _REDIRECT_FALLBACK = _webhook("redirect"), _webhook("redirectFallback")

CREATE: Final = keys(
    *(_TO, _FROM, _APPLICATION, *_ANSWER, *_CREDENTIALS),
    *(*_ANSWER_FALLBACK, *_FALLBACK_CREDENTIALS, *_DISCONNECT),
    *(_CALL_TIMEOUT, _TAG, _PRIVACY, _DISPLAY_NAME, _UUI),
    # Webhooks have their own limits here, no call waits its turn, and no machine is detected.
    idle={"callbackTimeout": 15, "priority": 5, "machineDetection": None},
)
"""What may stand in a request for a new call."""

_COMPLETED: Final = "completed"


def _state(found: object) -> str:
    if text(found) not in {"active", _COMPLETED}:
        raise ValueError("allowed are active and completed.")
    return text(found)


_STATE: Final = Key("state", _state, "active")

UPDATE: Final = keys(
    *(_STATE, *_REDIRECT, *_CREDENTIALS, *_REDIRECT_FALLBACK, *_FALLBACK_CREDENTIALS, _TAG)
)
"""What may stand in an update."""


def _callback(
    reader: Inspector,
    node: Node,
    webhook: tuple[Key[str], Key[Method]],
    credentials: tuple[Key[str], Key[str]],
) -> Callback | None:
    name, method = webhook
    address = reader.value(node, name)
    if not address:
        return None
    userinfo = (reader.value(node, each) for each in credentials)
    return Callback(with_credentials(address, *userinfo), reader.value(node, method))


def _with_fallback(
    reader: Inspector,
    node: Node,
    first: tuple[Key[str], Key[Method]],
    fallback: tuple[Key[str], Key[Method]],
) -> Callback:
    reader.required(node, first[0])
    callback = _callback(reader, node, first, _CREDENTIALS)
    assert callback is not None  # noqa: S101 - its URL is given
    return replace(callback, fallback=_callback(reader, node, fallback, _FALLBACK_CREDENTIALS))


@told_as_errors
def read_create(request: RestRequest, owners: Owners) -> RestReading:
    """Read a request for a new call."""
    found = json_of(request)
    reader = Inspector(found)
    node = asked_in(whole("createCall", found), reader, CREATE, clears=_CLEARS)
    name = reader.required(node, _APPLICATION)
    application = by_name(owners, name)
    if application is None:
        message = f"{name!r:.80} is the name of no application of this account."
        raise reader.not_valid((_APPLICATION.name,), message)
    wanted = Origination(
        callee=_callee(reader, node),
        then=_behind(_with_fallback(reader, node, _ANSWER, _ANSWER_FALLBACK), reader, node),
        caller_id=_shown(reader, node),
        caller_name=_shown_name(reader, node),
        timeout=reader.value(node, _CALL_TIMEOUT),
    )
    return RestReading(MakeCall(application, wanted), remarks_of(reader))


def _callee(reader: Inspector, node: Node) -> Callee:
    headers = tuple(("User-to-User", each) for each in reader.value(node, _UUI))
    address = replace(reader.required(node, _TO), headers=headers)
    ended = _callback(reader, node, _DISCONNECT, _CREDENTIALS)
    tag = reader.value(node, _TAG) or ""
    return Callee(address, LegWatch(ended) if ended else None, tag, place=_TO.name)


def _behind(callback: Callback, reader: Inspector, node: Node) -> Callback | tuple[Tag, Redirect]:
    """Put the tag in force first: it already goes along with the first event."""
    tag = reader.value(node, _TAG)
    return callback if tag is None else (Tag(tag), Redirect(callback))


def _shown(reader: Inspector, node: Node) -> str:
    number_shown = reader.required(node, _FROM)
    return ANONYMOUS if reader.value(node, _PRIVACY) else number_shown


def _shown_name(reader: Inspector, node: Node) -> str:
    hidden = "Anonymous" if reader.value(node, _PRIVACY) else ""
    return reader.value(node, _DISPLAY_NAME) or hidden


@told_as_errors
def read_update(request: RestRequest, _owners: Owners) -> RestReading:
    """Read what is asked of a live call."""
    found = json_of(request)
    reader = Inspector(found)
    node = asked_in(whole("updateCall", found), reader, UPDATE, clears=_CLEARS)
    if reader.value(node, _STATE) == _COMPLETED:
        for key in (_REDIRECT[0], _TAG):
            if key.name in node.members:
                message = "not allowed with state completed; leave it out."
                raise reader.not_valid((key.name,), message)
        return RestReading(ChangeCall(EndCall()), remarks_of(reader))
    behind = _behind(_with_fallback(reader, node, _REDIRECT, _REDIRECT_FALLBACK), reader, node)
    order = FetchDocument(behind) if isinstance(behind, Callback) else RunDocument(behind)
    return RestReading(ChangeCall(order), remarks_of(reader))


def read_bxml(request: RestRequest, owners: Owners) -> RestReading:
    """Read a document; relative URLs in it mean those at the application's own URL."""
    (application,) = owners
    without_query(request)
    if not request.body.strip():
        raise bad_request("The request has no body: send a BXML document.")
    try:
        url_of = application.document.url
        reading = BXML.read(request.body, request.content_type, url_of, application)
    except DocumentError as error:
        raise bad_request(f"BXML: {error}") from None
    remarks = (
        f"BXML, line {each.line}, column {each.column}: {each.message}" for each in reading.remarks
    )
    return RestReading(ChangeCall(RunDocument(reading.document)), tuple(remarks))


# -- listing -----------------------------------------------------------------------

_MILLISECOND: Final = 0.001  # what Bandwidth's times count: maxStartTime itself is included
_NO_TIME: Final[float | None] = None
_ANY_CAUSE: Final[tuple[CallStatus, ...] | None] = None
_NEVER_SO: Final = (
    *("callback-error", "invalid-bxml", "application-error", "account-limit"),
    *("node-capacity-exceeded", "unknown"),
)
_BY_CAUSE: Final[Mapping[str, tuple[CallStatus, ...]]] = {
    # The ledger tells an end by the call's status alone.
    **dict.fromkeys(_NEVER_SO, ()),
    **{cause: (status,) for status, cause in CAUSE.items() if cause != "unknown"},
}


def _cause(word: str) -> tuple[CallStatus, ...]:
    if word not in _BY_CAUSE:
        raise ValueError(f"allowed are {', '.join(_BY_CAUSE)}.")
    return _BY_CAUSE[word]


_LIST_TO: Final = Parameter("to", user_of, "")
_LIST_FROM: Final = Parameter("from", user_of, "")
_SINCE: Final = Parameter("minStartTime", moment, _NO_TIME)
_UNTIL: Final = Parameter("maxStartTime", moment, _NO_TIME)
_CAUSE: Final = Parameter("disconnectCause", _cause, _ANY_CAUSE)
_PAGE_SIZE: Final = Parameter("pageSize", whole_number(1, 10_000), 1000)
_PAGE_TOKEN: Final = Parameter("pageToken", str, "")

LIST: Final = Parameters((_LIST_TO, _LIST_FROM, _SINCE, _UNTIL, _CAUSE, _PAGE_SIZE, _PAGE_TOKEN))
"""What calls may be listed by."""


def read_list(request: RestRequest, _owners: Owners) -> RestReading:
    """Read which calls are asked for."""
    form = query_of(request, LIST)
    until = form.value(_UNTIL)
    wanted = CallFilter(
        statuses=form.value(_CAUSE),
        caller=form.value(_LIST_FROM),
        dialed=form.value(_LIST_TO),
        since=form.value(_SINCE),
        until=None if until is None else until + _MILLISECOND,
    )
    asked = ListCalls(CallSearch(wanted), form.value(_PAGE_TOKEN), form.value(_PAGE_SIZE))
    return RestReading(asked, tuple(form.remarks))
