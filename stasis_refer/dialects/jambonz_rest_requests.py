"""jambonz's REST requests about calls: what may stand in them, and what it asks for.

Sources: ``accounts.js`` of jambonz's API server, ``create-call.js``, ``update-call.js`` and
``call-session.js`` of its feature server, and the REST client of its Python package.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stasis_refer.core.application import Callback
from stasis_refer.core.call_record import CallFilter
from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.orders import EndCall, FetchDocument, Order, Origination, TagCall
from stasis_refer.core.verbs import Callee, Document, LegEvent, LegWatch, Redirect, Tag
from stasis_refer.dialects.attributes import one_of
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.form_rest import caller, user_of
from stasis_refer.dialects.jambonz import JAMBONZ
from stasis_refer.dialects.jambonz_dial import CALLER_NAME, RINGS, TIME_LIMIT, TIMEOUT
from stasis_refer.dialects.jambonz_reader import HEADERS, Reader, tag_of
from stasis_refer.dialects.jambonz_targets import CONFIRM_HOOK, targets, together
from stasis_refer.dialects.jambonz_words import CALL_STATUS
from stasis_refer.dialects.json_keys import Inspector, Key, Node, keys, members, text
from stasis_refer.dialects.rest import (
    CallSearch,
    ChangeCall,
    ListCalls,
    MakeCall,
    Owners,
    RestReading,
    RestRequest,
    by_name,
    without_query,
)
from stasis_refer.dialects.rest_forms import Parameter, Parameters, query_of
from stasis_refer.dialects.rest_json import (
    asked_in,
    json_of,
    remarks_of,
    told_as_errors,
    whole,
)
from stasis_refer.dialects.webhook_urls import without_userinfo

_NONE: Final[dict[str, object]] = {}
_FROM: Final = Key("from", lambda found: caller(text(found)), "")
_TO: Final = Key("to", members, _NONE)  # jambonz_targets reads it
_CALL_HOOK: Final = Key("call_hook", members, _NONE)  # Reader.hook reads it, as the next one
_STATUS_HOOK: Final = Key("call_status_hook", members, _NONE)
_APPLICATION: Final = Key("application_sid", text, "")
_APP_JSON: Final = Key("app_json", text, "", secret=True)
_TAG: Final = Key("tag", members, _NONE)
# The package's own type of a request has it with an underscore.
_CALLER_NAME: Final = Key("caller_name", CALLER_NAME.parse, "")

_SPEECH: Final = (
    *("speech_synthesis_vendor", "speech_synthesis_language", "speech_synthesis_voice"),
    *("speech_synthesis_label", "speech_recognizer_vendor", "speech_recognizer_language"),
    "speech_recognizer_label",
)

CREATE: Final = keys(
    *(_FROM, _TO, _CALL_HOOK, _STATUS_HOOK, _APPLICATION, _APP_JSON),
    *(TIMEOUT, TIME_LIMIT, CALLER_NAME, _CALLER_NAME, HEADERS, _TAG),
    idle={
        **dict.fromkeys((*_SPEECH, "account_sid", "amd", "codecs", "env_vars", "fromHost")),
        **dict.fromkeys(("referHook", "sipRequestWithinDialogHook")),
        "answerOnBridge": False,
        "dual_streams": False,
    },
)
"""What may stand in a request for a new call."""


@told_as_errors
def read_create(request: RestRequest, owners: Owners) -> RestReading:
    """Read a request for a new call: of the application that it names, else of the first."""
    found = json_of(request)
    inspector, sent = Inspector(found), whole("createCall", found)
    name = inspector.value(sent, _APPLICATION)
    application = by_name(owners, name)
    if name and application is None:
        message = f"{name!r:.80} is the name of no application of this account."
        raise inspector.not_valid((_APPLICATION.name,), message)
    of = application or owners[0]
    reader = Reader(found, of.document.url, of)
    node = asked_in(sent, reader, CREATE)
    remarks: list[str] = []
    then = _then(reader, node, remarks, named=application is not None)
    wanted = Origination(
        callee=_callee(reader, node),
        then=_behind_tag(then, reader, node),
        caller_id=reader.required(node, _FROM),
        caller_name=reader.value(node, CALLER_NAME) or reader.value(node, _CALLER_NAME),
        timeout=reader.value(node, TIMEOUT) or RINGS,
        time_limit=reader.value(node, TIME_LIMIT) or None,
    )
    return RestReading(MakeCall(of, wanted), (*remarks_of(reader), *remarks))


def _then(reader: Reader, node: Node, remarks: list[str], *, named: bool) -> Callback | Document:
    """Return the document: an application that is named goes before what stands beside it."""
    hook = reader.hook(node, _CALL_HOOK.name)
    inline = reader.value(node, _APP_JSON)
    if named:
        remarks += [
            f"{key.name} is passed over: the application that is named has its own URL."
            for key, given in ((_CALL_HOOK, hook), (_APP_JSON, inline))
            if given
        ]
        return reader.application.document
    if inline:
        if hook:
            remarks.append("call_hook is passed over: app_json is the document.")
        return _document(inline, reader, remarks)
    if hook is None:
        raise reader.not_valid((), "give call_hook, app_json, or application_sid.")
    return hook


def _document(inline: str, reader: Reader, remarks: list[str]) -> Document:
    of = reader.application
    try:
        reading = JAMBONZ.read(inline.encode(), "application/json", of.document.url, of)
    except DocumentError as error:
        raise reader.not_valid((_APP_JSON.name,), str(error)) from None
    remarks += [
        f"app_json, line {each.line}, column {each.column}: {each.message}"
        for each in reading.remarks
    ]
    return reading.document


def _callee(reader: Reader, node: Node) -> Callee:
    path = (_TO.name,)
    ((address, _, confirm),) = targets(reader.required(node, _TO), path, reader)
    if confirm is not None:
        message = "who is called has nobody to be connected with; leave it out."
        raise reader.not_valid((*path, CONFIRM_HOOK.name), message)
    headers = together(reader.headers(node), address.headers)
    told = reader.hook(node, _STATUS_HOOK.name) or reader.application.status_callback
    tag = reader.value(node, _TAG)
    return Callee(
        replace(address, headers=headers),
        watch=LegWatch(told, frozenset(LegEvent)) if told else None,
        tag=tag_of(tag) if tag else "",
        place=_TO.name,
    )


def _behind_tag(then: Callback | Document, reader: Reader, node: Node) -> Callback | Document:
    """Put the tag in force first: it already goes along with the first request."""
    tag = reader.value(node, _TAG)
    if not tag:
        return then
    document: Document = (Redirect(then),) if isinstance(then, Callback) else then
    return (Tag(tag_of(tag)), *document)


# -- a live call -------------------------------------------------------------------

_ENDS: Final = {"completed": EndCall(), "no-answer": EndCall(unanswered=True)}


def _call_status(found: object) -> EndCall | None:
    return one_of(_ENDS)(text(found))


_NO_END: Final[EndCall | None] = None
_STATUS: Final = Key("call_status", _call_status, _NO_END)
_CHILD_HOOK: Final = Key("child_call_hook", members, _NONE)

NOT_DONE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("mute_status", "conf_mute_status"), "parties are not muted here"),
    "whisper": "nothing is played to one of two parties here; redirect the call with call_hook",
    "conf_hold_status": "there are no conferences here",
    "conferenceParticipantAction": "there are no conferences here",
    "listen_status": "nothing is streamed here",
    "stream_status": "nothing is streamed here",
    "transcribe_status": "nothing is transcribed here",
    "record": "calls are recorded by their documents alone",
    "sip_request": "requests within the dialog are not sent here; a document sends a sip:refer",
    "dtmf": "digits are not sent here",
    "dub": "tracks are not mixed here",
    "boostAudioSignal": "the volume is not changed here",
    "media_path": "media always goes through Asterisk",
    "noiseIsolation_status": "noise is not filtered here",
    "agent_update": "there are no agents here",
    "config": "write it as a verb of the document that call_hook returns",
    "dial": "make a call with POST to Calls",
}
"""What a live call can be asked for at jambonz, and cannot here."""

_CHANGES: Final = (_CALL_HOOK, _STATUS, _TAG)
_CLEARS: Final = frozenset({_TAG.name})  # an empty one takes the tag away

UPDATE: Final = keys(*_CHANGES, _CHILD_HOOK, _STATUS_HOOK)
"""What may stand in an update."""


@told_as_errors
def read_update(request: RestRequest, owners: Owners) -> RestReading:
    """Read what is asked of a live call: exactly one thing."""
    (application,) = owners
    found = json_of(request)
    reader = Reader(found, application.document.url, application)
    sent = whole("updateCall", found)
    node = asked_in(sent, reader, UPDATE, refused=NOT_DONE, clears=_CLEARS)
    given = [key.name for key in _CHANGES if key.name in node.members]
    if len(given) != 1:
        has = " and ".join(given) or "none of them"
        raise reader.not_valid((), f"give one of call_hook, call_status and tag, not {has}.")
    order = _order(reader, node)
    return RestReading(ChangeCall(order), remarks_of(reader))


def _order(reader: Reader, node: Node) -> Order:
    hook, child = reader.hook(node, _CALL_HOOK.name), reader.hook(node, _CHILD_HOOK.name)
    told = reader.hook(node, _STATUS_HOOK.name)
    bare = told and replace(told, url=without_userinfo(told.url))
    if bare and bare != reader.application.status_callback:
        message = "a live call goes on telling its application's status_callback; leave it out."
        raise reader.not_valid((_STATUS_HOOK.name,), message)
    if child and child != hook:
        message = "another document for the other party: ask for it at that party's own call_sid."
        raise reader.not_valid((_CHILD_HOOK.name,), message)
    if hook:
        return FetchDocument(hook, both=child is not None)
    if end := reader.value(node, _STATUS):
        return end
    tag = reader.value(node, _TAG)
    return TagCall(tag_of(tag) if tag else "")


def read_delete(request: RestRequest, _owners: Owners) -> RestReading:
    """Read a request to terminate a call."""
    without_query(request)
    return RestReading(ChangeCall(EndCall()))


# -- listing -----------------------------------------------------------------------

REST_STATUS: Final = {status: word for status, (word, _, _) in CALL_STATUS.items()} | {
    CallStatus.RINGING: "ringing"
}
"""As in hooks, but that whoever rings is said to."""

_BY_STATUS: Final = {
    word: tuple(status for status, other in REST_STATUS.items() if other == word)
    for word in REST_STATUS.values()
}
_BY_DIRECTION: Final = {
    "inbound": frozenset({CallDirection.INBOUND}),
    "outbound": frozenset(CallDirection) - {CallDirection.INBOUND},
}
_ANY_STATUS: Final[tuple[CallStatus, ...] | None] = None
_ANY_DIRECTION: Final[frozenset[CallDirection] | None] = None
_BY_WORD: Final = Parameter("callStatus", one_of(_BY_STATUS), _ANY_STATUS)
_DIRECTION: Final = Parameter("direction", one_of(_BY_DIRECTION), _ANY_DIRECTION)
_LIST_FROM: Final = Parameter("from", user_of, "")
_LIST_TO: Final = Parameter("to", user_of, "")

LIST: Final = Parameters((_DIRECTION, _LIST_FROM, _LIST_TO, _BY_WORD))
"""What live calls may be listed by."""


def read_list(request: RestRequest, _owners: Owners) -> RestReading:
    """Read which live calls are asked for."""
    form = query_of(request, LIST)
    wanted = CallFilter(
        statuses=form.value(_BY_WORD),
        caller=form.value(_LIST_FROM),
        dialed=form.value(_LIST_TO),
    )
    search = CallSearch(wanted, form.value(_DIRECTION))
    return RestReading(ListCalls(search, live=True), tuple(form.remarks))
