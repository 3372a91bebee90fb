"""What Twilio's and Restcomm's REST requests about calls have in common, as they are read.

Sources: Twilio's page on the Call resource and its Python package (``CallList``,
``CallContext``); Restcomm's page on its Calls API and ``CallsEndpoint`` of Restcomm-Connect.
The numbers of errors are Twilio's; Restcomm has none.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

from stasis_refer.core import uri
from stasis_refer.core.application import Application, Callback, Method
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
from stasis_refer.dialects.rest import ChangeCall, bad_request
from stasis_refer.dialects.rest_forms import Form, Parameter, absolute_url
from stasis_refer.dialects.twiml_nouns import EVENTS, words_of
from stasis_refer.dialects.webhook_urls import without_userinfo
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
    if url and (
        own is None or (own.url, own.method) != (without_userinfo(url), form.value(STATUS_METHOD))
    ):
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
