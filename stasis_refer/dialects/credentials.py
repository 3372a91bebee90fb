"""Basic authorization of webhooks (RFC 7617): whose credentials go along to which origin."""

from base64 import b64encode

from stasis_refer.core.application import Application, Method
from stasis_refer.dialects.dialect import WebhookLimits, WebhookRequest
from stasis_refer.dialects.webhook_urls import take_apart


def authorization(asked: str, url: str, application: Application) -> dict[str, str]:
    """Return the Authorization header of one try at ``url``, if there is one.

    Userinfo in ``asked``, the URL of the document or the configuration, goes first, then the
    application's own username and password. Neither ever goes to another origin than the one
    it was given for: a redirect must not carry it along.
    """
    this, first = take_apart(url), take_apart(asked)
    theirs = first.authorization if first.origin == this.origin else ""
    value = this.authorization or theirs or _own(this.origin, application)
    return {"Authorization": value} if value else {}


def only_authorized(
    application: Application, asked: str, url: str, _method: Method, _now: float
) -> dict[str, str]:
    """Return the headers of one try of a request that is not signed."""
    return authorization(asked, url, application)


def download(url: str, limits: WebhookLimits) -> WebhookRequest:
    """Return the plain GET of a file, with the credentials that its URL has for its origin."""
    asked = take_apart(url, limits)

    def sign(this: str, _method: Method, _now: float) -> dict[str, str]:
        at_home = take_apart(this).origin == asked.origin
        return {"Authorization": asked.authorization} if asked.authorization and at_home else {}

    return WebhookRequest(Method.GET, asked.url, {}, b"", sign, asked.limits)


def _own(origin: tuple[str, str], application: Application) -> str:
    if not application.username or take_apart(application.document.url).origin != origin:
        return ""
    credentials = f"{application.username}:{application.password}".encode()
    return f"Basic {b64encode(credentials).decode()}"
