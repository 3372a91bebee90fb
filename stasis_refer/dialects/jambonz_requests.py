"""Requests as jambonz sends them: a JSON POST or a GET with a query, signed."""

import hmac
import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from stasis_refer.core.application import Application, Method
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    Fetch,
    FetchKind,
    Gathered,
    Progress,
    Tell,
    TellKind,
    Transferred,
)
from stasis_refer.dialects.credentials import authorization
from stasis_refer.dialects.dialect import Letter, WebhookLimits, WebhookRequest
from stasis_refer.dialects.fields import joined
from stasis_refer.dialects.jambonz_words import (
    gather_fields,
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
    fields = _call_fields(info, application) | standing_fields(intent.standing)
    if intent.standing.tag:
        fields["customerData"] = json.loads(intent.standing.tag)
    if isinstance(about, Transferred):
        fields |= refer_fields(about, compat=compat)
    elif isinstance(about, Gathered):
        fields |= gather_fields(about)
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
    return str(UUID(info.key))


_ANONYMOUS: Final = "anonymous"  # RFC 3323, 4.1.1.3


def _call_fields(info: CallInfo, application: Application) -> dict[str, object]:
    """Return who calls whom; ``from`` and ``to`` are the user parts, as jambonz has them."""
    caller = info.caller or _ANONYMOUS
    fields = {
        "call_sid": call_sid(info),
        "direction": "inbound",
        "from": caller,
        "to": info.dialed,
        "call_id": info.call_id,
        "caller_id": caller,
        "caller_name": info.caller_name,
        "account_sid": application.account_sid,
        "application_sid": application.name,
        "trace_id": info.key,
        "originating_sip_ip": info.source_ip,
    }
    return {name: each for name, each in fields.items() if each or name == "caller_name"}


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
    return told | {"calledNumber": info.dialed, "callingNumber": info.caller or _ANONYMOUS}


def _end_fields(tell: Tell) -> dict[str, object]:
    answered = tell.standing.answered_after is not None
    if tell.kind is TellKind.STATUS and answered:
        return {"duration": int(tell.duration)}
    return {}


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
