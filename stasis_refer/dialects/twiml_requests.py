"""Requests as Twilio sends them: a form or a query, signed, with credentials for one origin."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Final

from stasis_refer.core.abouts import LegProgress
from stasis_refer.core.application import Application, Method
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell, TellKind
from stasis_refer.dialects.credentials import authorization
from stasis_refer.dialects.dial_words import whole
from stasis_refer.dialects.dialect import Letter, WebhookRequest
from stasis_refer.dialects.fields import standard_fields
from stasis_refer.dialects.form_requests import form_fields, form_request
from stasis_refer.dialects.twiml_words import CALL_STATUS, about_fields, leg_fields
from stasis_refer.dialects.webhook_urls import take_apart

API_VERSION: Final = "2010-04-01"


def twiml_fields(
    intent: Fetch | Tell, info: CallInfo, application: Application, now: float
) -> dict[str, str]:
    """Return the parameters of a request, in the order sent; ``now`` in seconds since 1970."""
    fields = standard_fields(
        info,
        account_sid=application.account_sid,
        status=CALL_STATUS[intent.standing.status],
        api_version=API_VERSION,
    )
    match intent:
        case Tell(kind=TellKind.STATUS, duration=seconds):
            return fields | {"CallDuration": whole(seconds)}
        case Tell(about=LegProgress() as progress, duration=seconds):
            return fields | leg_fields(progress, seconds, now)
        case _:
            return fields | about_fields(intent.about, application.public_url)


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
