"""Requests as jambonz sends them: a JSON POST or a GET with a query, signed."""

import hmac
import json
from dataclasses import dataclass
from typing import Final, assert_never
from urllib.parse import urlencode
from uuid import UUID

from stasis_refer.core.abouts import (
    Dialed,
    FetchAbout,
    Gathered,
    LeftQueue,
    LegProgress,
    Progress,
    Recorded,
    TellAbout,
    TransferAsked,
    Transferred,
)
from stasis_refer.core.application import Application, Method
from stasis_refer.core.events import FetchFailed
from stasis_refer.core.info import CallDirection, CallInfo
from stasis_refer.core.intents import Fetch, FetchKind, Tell, TellKind
from stasis_refer.core.verbs import LegEvent
from stasis_refer.dialects.credentials import authorization
from stasis_refer.dialects.dialect import Letter, WebhookLimits, WebhookRequest
from stasis_refer.dialects.fields import joined
from stasis_refer.dialects.jambonz_refer import refer_details
from stasis_refer.dialects.jambonz_words import (
    dial_fields,
    gather_fields,
    leg_fields,
    progress_fields,
    refer_fields,
    standing_fields,
)
from stasis_refer.dialects.webhook_urls import take_apart, with_query

LIMITS: Final = WebhookLimits(
    connect=5.0, read=10.0, total=10.0, retries=0, redirects=0, accepted=frozenset({200, 202, 204})
)
"""How jambonz asks: 10 s in all, one try, no redirects, and only these answers."""


def jambonz_fields(
    intent: Fetch | Tell, info: CallInfo, application: Application
) -> dict[str, object]:
    """Return what a request tells, in the order sent."""
    compat, about = application.cognigy_compat, intent.about
    if isinstance(about, Progress):
        return progress_fields(about, call_sid(info), compat=compat)
    # Of a REFER that was received jambonz tells as the leg that sent it.
    of = about.transferor if isinstance(about, TransferAsked) else info
    fields = _call_fields(of, application) | _standing_fields(intent)
    if tag := about.tag if isinstance(about, LegProgress) else intent.standing.tag:
        fields["customerData"] = json.loads(tag)
    fields |= _about_fields(about, compat=compat)
    if isinstance(intent, Tell):
        fields |= _end_fields(intent)
    elif _is_first(intent, application):
        fields["sip"] = _invite(info)
    return fields


def jambonz_request(letter: Letter, application: Application) -> WebhookRequest:
    """Put a letter into jambonz's form; its body is the same on every try."""
    callback = letter.callback
    target = take_apart(callback.url, LIMITS)
    url, headers, body = target.url, {"Idempotency-Key": letter.token}, b""
    if callback.method is Method.GET:
        query = {name: _query_value(each) for name, each in letter.fields.items()}
        url = with_query(url, urlencode(query, errors="replace"))
    else:
        headers["Content-Type"] = "application/json"
        body = _json(letter.fields).encode(errors="replace")
    return WebhookRequest(
        method=callback.method,
        url=url,
        headers=headers,
        body=body,
        sign=_Signer(application, callback.url, body),
        limits=target.limits,
    )


def call_sid(info: CallInfo) -> str:
    """Return the call's sid: its key in the form of a UUID."""
    return _sid(info.key)


def _sid(key: str) -> str:
    return str(UUID(key))


ANONYMOUS: Final = "anonymous"  # RFC 3323, 4.1.1.3
DIRECTION: Final = {
    CallDirection.INBOUND: "inbound",
    CallDirection.DIALED: "outbound",
    CallDirection.ORIGINATED: "outbound",
}


def _call_fields(info: CallInfo, application: Application) -> dict[str, object]:
    """Return who calls whom: user parts, and of a leg that was dialed the URI, as jambonz."""
    caller = info.caller or ANONYMOUS
    inbound = info.direction is CallDirection.INBOUND
    fields = {
        "call_sid": call_sid(info),
        "direction": DIRECTION[info.direction],
        "from": caller,
        "to": info.dialed if inbound else info.identity or info.dialed,
        "call_id": info.call_id,
        "caller_id": caller,
        "caller_name": info.caller_name,
        "account_sid": application.account_sid,
        "application_sid": application.name,
        "trace_id": info.key if inbound else info.parent,
        "originating_sip_ip": info.source_ip if inbound else "",
        "parent_call_sid": _sid(info.parent) if info.parent else "",
    }
    return {name: each for name, each in fields.items() if each or name == "caller_name"}


def _standing_fields(intent: Fetch | Tell) -> dict[str, object]:
    if isinstance(intent.about, LegProgress):
        return leg_fields(intent.standing, intent.about)
    return standing_fields(intent.standing)


def _about_fields(about: FetchAbout | TellAbout, *, compat: bool) -> dict[str, object]:
    match about:
        case Transferred():
            return refer_fields(about, compat=compat)
        case Gathered():
            return gather_fields(about)
        case Dialed(info=leg):
            return dial_fields(about, call_sid(leg) if leg else "")
        case TransferAsked():
            sids = call_sid(about.transferor), call_sid(about.transferee)
            return {"refer_details": refer_details(about, *sids)}
        case LeftQueue() | FetchFailed() | Progress() | LegProgress() | Recorded() | None:
            return {}
        case _:
            assert_never(about)


def _is_first(fetch: Fetch, application: Application) -> bool:
    """Tell whether a request is jambonz's first, the one POST that shows the INVITE."""
    first = fetch.kind is FetchKind.DOCUMENT and fetch.callback == application.document
    return first and fetch.callback.method is Method.POST


def _invite(info: CallInfo) -> dict[str, object]:
    told: dict[str, object] = {
        "type": "request",
        "method": "INVITE",
        "source": "network",
        "headers": joined(info.headers),
    }
    if info.domain:
        told["uri"] = f"sip:{info.dialed}@{info.domain}" if info.dialed else f"sip:{info.domain}"
    if info.source_ip:
        told["source_address"] = info.source_ip
    return told | {"calledNumber": info.dialed, "callingNumber": info.caller or ANONYMOUS}


def _end_fields(tell: Tell) -> dict[str, object]:
    answered = tell.standing.answered_after is not None
    if answered and (tell.kind is TellKind.STATUS or _is_over(tell.about)):
        return {"duration": int(tell.duration)}
    return {}


def _is_over(about: TellAbout) -> bool:
    return isinstance(about, LegProgress) and about.event is LegEvent.COMPLETED


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _query_value(value: object) -> str:
    return value if isinstance(value, str) else _json(value)


@dataclass(frozen=True, slots=True)
class _Signer:
    """Returns the headers of one try: the signature over its body and time, the credentials."""

    application: Application
    asked: str
    body: bytes

    def __call__(self, url: str, method: Method, now: float) -> dict[str, str]:
        headers = authorization(self.asked, url, self.application)
        if self.application.webhook_secret:
            signed = b"%d." % now + (self.body if method is Method.POST else b"")
            signature = hmac.digest(self.application.webhook_secret.encode(), signed, "sha256")
            headers["Jambonz-Signature"] = f"t={int(now)},v1={signature.hex()}"
        return headers
