"""Requests as Twilio sends them: a form or a query, signed, with credentials for one origin."""

import hmac
import math
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Final
from urllib.parse import quote_plus, urlencode

from stasis_refer.core.application import Application, Method
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell
from stasis_refer.dialects.dialect import WebhookRequest
from stasis_refer.dialects.fields import standard_fields
from stasis_refer.dialects.twiml_words import CALL_STATUS, failure_fields, refer_fields
from stasis_refer.dialects.webhook_urls import WebhookUrl, take_apart, with_query

API_VERSION: Final = "2010-04-01"

# Names and most values are the same in every request, and quoting them is half of its price.
_quoted: Final = lru_cache(maxsize=1024)(quote_plus)

_FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"


def twiml_request(
    intent: Fetch | Tell, info: CallInfo, application: Application, token: str
) -> WebhookRequest:
    """Put a request into Twilio's words: a form POST, or a GET with a query.

    The Authorization made of a URL's userinfo comes from ``sign``, with the signature:
    a redirect to another origin must not carry it along.
    """
    callback = intent.callback
    fields = _fields(intent, info, application)
    target = take_apart(callback.url)
    form = urlencode(fields, quote_via=_quoted)
    url, headers = target.url, {"I-Twilio-Idempotency-Token": token}
    if callback.method is Method.GET:
        url, form = with_query(url, form), ""
    else:
        headers["Content-Type"] = _FORM
    return WebhookRequest(
        method=callback.method,
        url=url,
        headers=headers,
        body=form.encode(),
        sign=partial(_sign, application.auth_token, target, fields),
        limits=target.limits,
    )


def _fields(intent: Fetch | Tell, info: CallInfo, application: Application) -> dict[str, str]:
    fields = standard_fields(
        info,
        account_sid=application.account_sid,
        status=CALL_STATUS[intent.status],
        api_version=API_VERSION,
    )
    match intent:
        case Tell(duration=duration):
            fields["CallDuration"] = str(math.ceil(duration))
        case Fetch(result=result, failure=failure):
            if result is not None:
                fields |= refer_fields(result)
            if failure is not None:
                fields |= failure_fields(failure)
    return fields


def _sign(
    auth_token: str, target: WebhookUrl, fields: Mapping[str, str], url: str, method: Method
) -> dict[str, str]:
    """Return the headers of one try: the signature over its own URL, and the credentials."""
    this = take_apart(url)
    headers = {}
    ours = target.authorization if this.origin == target.origin else ""
    if authorization := this.authorization or ours:
        headers["Authorization"] = authorization
    if auth_token:
        headers["X-Twilio-Signature"] = _signature(
            auth_token, this.url, fields if method is Method.POST else {}
        )
    return headers


def _signature(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """Twilio's scheme: HMAC-SHA1 over the URL and, of a form, each name and value in order."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()
