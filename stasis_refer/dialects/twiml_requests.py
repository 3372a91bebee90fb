"""Requests as Twilio sends them: a form or a query, signed, with credentials for one origin."""

import hmac
import math
from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Final

from stasis_refer.core.application import Application, Method
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell, TellKind
from stasis_refer.dialects.credentials import authorization
from stasis_refer.dialects.dialect import Letter, WebhookRequest
from stasis_refer.dialects.fields import standard_fields
from stasis_refer.dialects.form_requests import form_fields, form_request
from stasis_refer.dialects.twiml_words import CALL_STATUS, about_fields
from stasis_refer.dialects.webhook_urls import take_apart

API_VERSION: Final = "2010-04-01"


def twiml_fields(intent: Fetch | Tell, info: CallInfo, application: Application) -> dict[str, str]:
    """Return the parameters of a request, in the order sent."""
    fields = standard_fields(
        info,
        account_sid=application.account_sid,
        status=CALL_STATUS[intent.standing.status],
        api_version=API_VERSION,
    )
    if isinstance(intent, Tell) and intent.kind is TellKind.STATUS:
        fields["CallDuration"] = str(math.ceil(intent.duration))
        return fields
    return fields | about_fields(intent.about)


def twiml_request(letter: Letter, application: Application) -> WebhookRequest:
    """Put a letter into Twilio's form: a form POST, or a GET with a query.

    The Authorization made of a URL's userinfo comes from ``sign``, with the signature:
    a redirect to another origin must not carry it along.
    """
    sign = partial(_sign, application, letter.callback.url, form_fields(letter))
    return form_request(letter, "I-Twilio-Idempotency-Token", sign)


def _sign(
    application: Application,
    asked: str,
    fields: Mapping[str, str],
    url: str,
    method: Method,
    _now: float,
) -> dict[str, str]:
    """Return the headers of one try: the signature over its own URL, and the credentials."""
    headers = authorization(asked, url, application)
    if application.auth_token:
        signed = fields if method is Method.POST else {}
        signature = _signature(application.auth_token, take_apart(url).url, signed)
        headers["X-Twilio-Signature"] = signature
    return headers


def _signature(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """Twilio's scheme: HMAC-SHA1 over the URL and, of a form, each name and value in order."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()
