"""What Twilio's and Restcomm's REST requests about calls have in common, as they are read.

Sources: Twilio's page on the Call resource and its Python package (``CallList``,
``CallContext``); Restcomm's page on its Calls API and ``CallsEndpoint`` of Restcomm-Connect.
The numbers of errors are Twilio's; Restcomm has none.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from stasis_refer.core import uri
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.call_record import CallFilter
from stasis_refer.core.info import CallStatus
from stasis_refer.core.orders import EndCall, FetchDocument
from stasis_refer.core.verbs import (
    Address,
    Callee,
    LegEvent,
    LegWatch,
    Number,
    Registered,
    SipAddress,
)
from stasis_refer.dialects.attributes import one_of, whole_number
from stasis_refer.dialects.callees import caller_id, endpoint, phone_number
from stasis_refer.dialects.rest import CallSearch, ChangeCall, ListCalls, bad_request
from stasis_refer.dialects.rest_forms import Form, Parameter, absolute_url
from stasis_refer.dialects.twiml_nouns import EVENTS, words_of
from stasis_refer.dialects.twiml_words import CALL_STATUS
from stasis_refer.dialects.xml_verbs import METHODS

CALL_STATE: Final = 21220
"""Twilio's number for what cannot be asked of a call as it stands."""

_BAD_URL, _BAD_METHOD = 21205, 21403
_BAD_TO, _BAD_FROM = 21211, 21212

# -- a document, and what is told --------------------------------------------------

URL: Final = Parameter("Url", absolute_url, "", _BAD_URL)
METHOD: Final = Parameter("Method", METHODS, Method.POST, _BAD_METHOD)
FALLBACK_URL: Final = Parameter("FallbackUrl", absolute_url, "", _BAD_URL)
FALLBACK_METHOD: Final = Parameter("FallbackMethod", METHODS, Method.POST, _BAD_METHOD)
STATUS_CALLBACK: Final = Parameter("StatusCallback", absolute_url, "", 21609)
STATUS_METHOD: Final = Parameter("StatusCallbackMethod", METHODS, Method.POST, _BAD_METHOD)
STATUS_EVENT: Final = Parameter(
    "StatusCallbackEvent",
    words_of(EVENTS),
    frozenset({LegEvent.COMPLETED}),
    21626,
    several=True,
)
OF_DOCUMENT: Final = (URL, METHOD, FALLBACK_URL, FALLBACK_METHOD)
OF_STATUS: Final = (STATUS_CALLBACK, STATUS_METHOD)


def document_url(form: Form) -> Callback | None:
    """Return the URL of a document with its fallback, None where no URL is given."""
    url, fallback = form.value(URL), form.value(FALLBACK_URL)
    behind = Callback(fallback, form.value(FALLBACK_METHOD)) if fallback else None
    callback = Callback(url, form.value(METHOD), behind)
    for each in (METHOD, FALLBACK_URL):
        form.needs(each, URL)
    form.needs(FALLBACK_METHOD, FALLBACK_URL)
    return callback if url else None


# -- a live call -------------------------------------------------------------------

_ENDS: Final = {"completed": EndCall(), "canceled": EndCall(unanswered=True)}
STATUS: Final[Parameter[EndCall | None]] = Parameter("Status", one_of(_ENDS), None)


def ending(form: Form) -> ChangeCall | None:
    """Return what ``Status`` asks for, None where it is not given.

    ``canceled`` does not affect a call that is answered: it is shown as it is.
    """
    asked = form.value(STATUS)
    return ChangeCall(asked, may_stay=asked.unanswered) if asked else None


def redirection(form: Form, *, both: bool = False) -> ChangeCall | None:
    """Return what ``Url`` asks for, None where it is not given."""
    callback = document_url(form)
    return ChangeCall(FetchDocument(callback, both)) if callback else None


def same_status_callback(form: Form, application: Application) -> None:
    """Refuse another status callback than that of the application; raises RestError."""
    url = form.value(STATUS_CALLBACK)
    form.needs(STATUS_METHOD, STATUS_CALLBACK)
    own = application.status_callback
    if url and (own is None or (own.url, own.method) != (url, form.value(STATUS_METHOD))):
        message = (
            "StatusCallback: a live call goes on telling the one that it was made with, or the"
            " status_callback of its application in the configuration; leave it out."
        )
        raise bad_request(message)


# -- a call to be made -------------------------------------------------------------


def address_of(username: str = "") -> Callable[[str], Address]:
    """Return a parser of whom to call: a number, a SIP URI, ``client:`` and a name.

    ``username`` names the endpoint that a SIP URI is called through.
    """

    def parse(text: str) -> Address:
        scheme, _, rest = text.partition(":")
        if scheme.lower() == "client":
            name, _, headers = rest.partition("?")
            return Registered(endpoint(name), tuple(parse_qsl(headers, keep_blank_values=True)))
        if scheme.lower() in {"sip", "sips"}:
            return SipAddress(text, username)
        if "@" in text:
            return SipAddress(f"sip:{text}", username)
        return Number(phone_number(text))

    return parse


def caller(text: str) -> str:
    """Return who is said to call: a number, the user of a SIP URI, the name of a client."""
    user = user_of(text)
    if not user:
        raise ValueError("allowed is a number, a SIP URI with a user, or client: and a name.")
    return caller_id(user)


def user_of(text: str) -> str:
    """Return the user part of who is named in a request; raises ValueError."""
    scheme, _, rest = text.partition(":")
    if scheme.lower() == "client":
        return rest
    if scheme.lower() not in {"sip", "sips"}:
        return text
    found = uri.parse(text)
    return found.number if isinstance(found, uri.TelUri) else found.user or ""


TO: Final[Parameter[Address | None]] = Parameter("To", address_of(), None, _BAD_TO)
FROM: Final = Parameter("From", caller, "", _BAD_FROM)
TIMEOUT: Final = Parameter("Timeout", whole_number(1, 600), 60)

_NO_TO, _NO_FROM = 21201, 21213


def callee(form: Form, username: str = "", named: Application | None = None) -> Callee:
    """Return whom to call, and who is told how that goes; raises RestError.

    ``named``: an application that the request names, whose status callback counts without one.
    """
    nobody: Address = Number("")  # never read: it is required
    to = Parameter(TO.name, address_of(username), nobody, TO.code)
    address = form.required(to, _NO_TO)
    form.required(FROM, _NO_FROM)
    for each in (STATUS_METHOD, STATUS_EVENT):
        form.needs(each, STATUS_CALLBACK)
    own = named.status_callback if named else None
    url = form.value(STATUS_CALLBACK)
    told = Callback(url, form.value(STATUS_METHOD)) if url else own
    watch = LegWatch(told, form.value(STATUS_EVENT)) if told else None
    return Callee(address, watch, place=TO.name)


def sip_credentials(
    form: Form, username: Parameter[str], password: Parameter[str], to: Parameter[Address | None]
) -> str:
    """Return the endpoint that has the credentials of a SIP URI, '' where none are asked for.

    Asterisk has none per call.
    """
    name = form.value(username)
    if form.given(password) and not name:
        message = f"{password.name} needs {username.name}, the endpoint of pjsip.conf that calls."
        raise bad_request(message)
    if form.given(password):
        message = "is passed over: the outbound_auth of that endpoint in pjsip.conf decides."
        form.remarks.append(f"{password.name} {message}")
    if name and not isinstance(form.value(to), SipAddress):
        form.remarks.append(f"{username.name} is passed over: {to.name} is no SIP URI.")
    return name


# -- calls to be listed ------------------------------------------------------------

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


def listing(form: Form) -> ListCalls:
    """Return which calls are asked for, and which page of them; raises RestError."""
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
