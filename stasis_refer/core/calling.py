"""Whom a Dial may call, and what Asterisk is asked for: one callee in, a leg or a refusal out."""

import re
from dataclasses import dataclass, field, replace
from typing import Final, assert_never
from urllib.parse import unquote

from stasis_refer.core import headers, uri
from stasis_refer.core.application import Application
from stasis_refer.core.info import CallDirection, CallInfo
from stasis_refer.core.intents import CalleeRefused, CreateLeg
from stasis_refer.core.leg import Leg, info_of
from stasis_refer.core.orders import Origination
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.core.policy import (
    NO_NAME,
    UNDECIDED,
    Allowed,
    AsOfNow,
    Blocked,
    Decision,
    decide,
    decide_endpoint,
    for_good,
    is_endpoint,
)
from stasis_refer.core.sent import MALFORMED, code_of
from stasis_refer.core.verbs import Address, AtPeer, Callee, Dial, Number, Registered, SipAddress
from stasis_refer.core.visible import visible


@dataclass(frozen=True, slots=True)
class Called:
    """A callee that may be called, and what of the policy lets it."""

    leg: Leg
    intent: CreateLeg
    by: Allowed = field(default=Allowed(), compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A callee that may not, or cannot, be called; ``code`` is what it would have answered."""

    outcome: Outcome
    code: int
    note: CalleeRefused


@dataclass(frozen=True, slots=True)
class _Way:
    """How an address is called: Asterisk's dial string, the endpoint in it, and who that is."""

    dial: str
    endpoint: str
    user: str
    by: Allowed
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class _NotCallable(Exception):
    """What is wrong with an address, and what to do about it."""

    def __init__(
        self, outcome: Outcome, reason: Reason, code: int, detail: str, by: Blocked = UNDECIDED
    ) -> None:
        super().__init__(detail)
        self.outcome, self.reason, self.code, self.by = outcome, reason, code, by


def call_out(  # noqa: PLR0913 - a verb, one of its callees, and who calls when
    verb: Dial,
    callee: Callee,
    caller: Leg,
    application: Application,
    as_of_now: AsOfNow = for_good,
    *,
    number: int,
    now: float,
) -> Called | Refused:
    """Return the leg of a callee, its ``number`` being the next of the call's, or why not."""
    at = caller.info.started + now - caller.began_at
    who = verb.caller_id or caller.info.far_user
    try:
        way, further = _checked(callee, verb.caller_id, verb.caller_name, caller.info, application)
        by = _passed(as_of_now(way.by))
    except _NotCallable as not_callable:
        info = info_of(caller.info, number, _text_of(callee.address), "", at, called_from=who)
        return _refused(callee, not_callable, info)
    info = info_of(
        caller.info, number, way.user, way.host, at, endpoint=way.endpoint, called_from=who
    )
    name = verb.caller_name or ("" if verb.caller_id else caller.info.caller_name)
    leg = _leg(info, callee, now)
    return Called(leg, CreateLeg(info.channel, way.dial, who, name, further), by)


def originate(
    wanted: Origination, application: Application, *, key: str, at: float, now: float
) -> Called | Refused:
    """Return the leg of a call that somebody outside asks for, or why not.

    ``key`` is the call's, ``at`` is in seconds since 1970. Quotas are not looked at.
    """
    who, name = wanted.caller_id, wanted.caller_name
    nobody = CallInfo(key, "", caller=who, caller_name=name, started=at)
    try:
        way, further = _checked(wanted.callee, who, name, nobody, application)
    except _NotCallable as not_callable:
        return _refused(wanted.callee, not_callable, nobody)
    info = replace(
        info_of(nobody, 0, way.user, way.host, at, endpoint=way.endpoint),
        key=key,
        direction=CallDirection.ORIGINATED,
        parent="",
    )
    leg = _leg(info, wanted.callee, now)
    return Called(leg, CreateLeg(info.channel, way.dial, who, name, further), way.by)


def _leg(info: CallInfo, callee: Callee, now: float) -> Leg:
    return Leg(
        info,
        now,
        watch=callee.watch,
        tag=callee.tag,
        screening=callee.screening,
        accepts_refers=True,
    )


def _checked(
    callee: Callee, caller_id: str, name: str, caller: CallInfo, application: Application
) -> "tuple[_Way, tuple[tuple[str, str], ...]]":
    """Return how a callee is called, and all headers of the INVITE."""
    way = _way(callee.address, caller, application)
    _one_line(caller_id, name)
    try:
        return way, headers.check((*way.headers, *callee.address.headers))
    except headers.BadHeader as bad:
        reserved = isinstance(bad, headers.ReservedHeader)
        reason = Reason.RESERVED_HEADER if reserved else Reason.BAD_HEADER
        raise _NotCallable(Outcome.BLOCKED, reason, MALFORMED, str(bad)) from bad


def _way(address: Address, caller: CallInfo, application: Application) -> _Way:
    match address:
        case SipAddress():
            return _sip_way(address, caller, application)
        case Number():
            return _number_way(address, application)
        case Registered(endpoint):
            by = _passed(decide_endpoint(application, endpoint))
            return _Way(endpoint, endpoint, endpoint, by)
        case _:
            assert_never(address)


def _sip_way(address: SipAddress, caller: CallInfo, application: Application) -> _Way:
    text = address.uri
    if isinstance(text, AtPeer):
        text = caller.at_peer(text.user)
    found = _parsed(text)
    by = _passed(decide(application, found))
    named = _named(address.endpoint, application)
    if isinstance(found, uri.TelUri):
        return _through_trunk(found, named or application.trunk, by)
    bare = uri.write(uri.without_headers(found))
    in_uri = tuple((unquote(name), unquote(value)) for name, value in found.headers)
    endpoint = _endpoint(named or application.sip_endpoint)
    host = found.host.strip("[]")
    return _Way(f"{endpoint}/{bare}", endpoint, found.user or "", by, host, in_uri)


def _number_way(address: Number, application: Application) -> _Way:
    found = _parsed(f"tel:{address.number}")
    if not isinstance(found, uri.TelUri):
        raise _NotCallable(Outcome.BLOCKED, Reason.BAD_URI, MALFORMED, "it is no number")
    by = _passed(decide(application, found))
    return _through_trunk(found, _named(address.endpoint, application) or application.trunk, by)


def _named(endpoint: str, application: Application) -> str:
    """Return the endpoint that a document wants somebody called through, '' where it names none."""
    if endpoint and endpoint != application.trunk:
        _passed(decide_endpoint(application, endpoint))
    return endpoint


def _through_trunk(found: uri.TelUri, trunk: str, by: Allowed) -> _Way:
    if not trunk:
        raise _NotCallable(Outcome.FAILED, Reason.NO_TRUNK, MALFORMED, _NO_TRUNK)
    number = _SEPARATORS.sub("", found.number)  # what people read by, and no carrier dials
    return _Way(f"{number.replace('#', '%23')}@{_endpoint(trunk)}", trunk, number, by)


def _endpoint(name: str) -> str:
    """Return the name of a PJSIP endpoint."""
    if not is_endpoint(name):
        raise _NotCallable(Outcome.BLOCKED, Reason.BAD_URI, MALFORMED, NO_NAME)
    return name


def _one_line(*texts: str) -> None:
    if any(_CONTROL.search(text) for text in texts):
        raise _NotCallable(Outcome.BLOCKED, Reason.BAD_HEADER, MALFORMED, _NOT_ONE_LINE)


def _parsed(text: str) -> uri.Uri:
    try:
        return uri.parse(text)
    except uri.BadUri as bad:
        reserved = bad.why is uri.Flaw.RESERVED_HEADER
        reason = Reason.RESERVED_HEADER if reserved else Reason.BAD_URI
        raise _NotCallable(Outcome.BLOCKED, reason, MALFORMED, str(bad)) from bad


def _passed(decision: Decision) -> Allowed:
    """Return what lets somebody be called."""
    if isinstance(decision, Blocked):
        detail = decision.reason
        raise _NotCallable(Outcome.BLOCKED, decision.why, code_of(decision), detail, decision)
    return decision


def _text_of(address: Address) -> str:
    """Return an address as its document has it, to be shown."""
    match address:
        case SipAddress(uri):
            text = uri.user if isinstance(uri, AtPeer) else uri
        case Number(number):
            text = number
        case Registered(endpoint):
            text = endpoint
        case _:
            assert_never(address)
    return visible(text)[:_SHOWN]


def _refused(callee: Callee, why: _NotCallable, info: CallInfo) -> Refused:
    place = f"{callee.place}: " if callee.place else ""
    note = CalleeRefused(why.by.group, why.reason.value, f"{place}{why}", why.by.rule, info=info)
    return Refused(why.outcome, why.code, note)


_SHOWN: Final = 256  # characters

_SEPARATORS: Final = re.compile(r"[-.()]")  # RFC 3966, 3: visual-separator
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_ONE_LINE: Final = "who calls is not one line of text: write a number or a name"
_NO_TRUNK: Final = (
    "a number needs a trunk: set trunk, the name of a PJSIP endpoint, in the application's section"
)
