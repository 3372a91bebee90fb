"""Requests as Bandwidth sends them: JSON or a query, with Basic authorization for one origin."""

import json
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlencode

from stasis_refer.core.application import Application, Method
from stasis_refer.dialects.credentials import only_authorized
from stasis_refer.dialects.dialect import Letter, WebhookLimits, WebhookRequest
from stasis_refer.dialects.webhook_urls import take_apart, with_query

LIMITS: Final = WebhookLimits(total=15.0, retries=0)
"""Of an event that is answered with BXML; Bandwidth waits 15 s and then asks the fallback URL."""

_LIMITS_BY_EVENT: Final = {
    # Bandwidth: an event that expects no BXML is sent once more where no connection was had.
    "disconnect": replace(LIMITS, retries=1),
}

_JSON: Final = "application/json; charset=utf-8"


def bxml_request(letter: Letter, application: Application) -> WebhookRequest:
    """Put a letter into Bandwidth's form: a JSON POST, or a GET with the fields as its query.

    The Authorization header comes from ``sign``: a redirect to another origin must not carry
    it along.
    """
    callback, fields = letter.callback, letter.fields
    limits = _LIMITS_BY_EVENT.get(str(fields.get("eventType")), LIMITS)
    target = take_apart(callback.url, limits)
    url, body, headers = target.url, b"", {"Idempotency-Key": letter.token}
    if callback.method is Method.GET:
        url = with_query(url, urlencode({name: _text(each) for name, each in fields.items()}))
    else:
        headers["Content-Type"] = _JSON
        body = json.dumps(dict(fields)).encode()
    return WebhookRequest(
        method=callback.method,
        url=url,
        headers=headers,
        body=body,
        sign=partial(only_authorized, application, callback.url),
        limits=target.limits,
    )


def _text(each: object) -> str:
    return each if isinstance(each, str) else json.dumps(each)
