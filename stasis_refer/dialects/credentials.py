"""Basic authorization of webhooks (RFC 7617): whose credentials go along to which origin."""

from base64 import b64encode

from stasis_refer.core.application import Application, Method
from stasis_refer.dialects.dialect import WebhookLimits, WebhookRequest
from stasis_refer.dialects.webhook_urls import take_apart, with_userinfo_of


def authorization(asked: str, url: str, application: Application) -> dict[str, str]:
    """Return the Authorization header of one try at ``url``, if there is one.

    Userinfo in ``asked``, the URL of the document, goes first, then that of the configuration,
    then the application's own username and password. None ever goes to another origin than the
    one it was given for: a redirect must not carry it along.
    """
    this, first = take_apart(url), take_apart(asked)
    theirs = first.authorization if first.origin == this.origin else ""
    configured = _configured(this.origin, first.url, application)
    value = this.authorization or theirs or configured or _own(this.origin, application)
    return {"Authorization": value} if value else {}


def only_authorized(
    application: Application, asked: str, url: str, _method: Method, _now: float
) -> dict[str, str]:
    """Return the headers of one try of a request that is not signed."""
    return authorization(asked, url, application)


def with_own_userinfo(url: str, application: Application) -> str:
    """Return the URL of a file with the userinfo that the configuration has for its origin.

    Userinfo of its own stays.
    """
    target = take_apart(url)
    own = _secret_url(target.origin, target.url, application)
    return with_userinfo_of(url, own) if own and not target.authorization else url


def download(url: str, limits: WebhookLimits) -> WebhookRequest:
    """Return the plain GET of a file, with the credentials that its URL has for its origin."""
    asked = take_apart(url, limits)

    def sign(this: str, _method: Method, _now: float) -> dict[str, str]:
        at_home = take_apart(this).origin == asked.origin
        return {"Authorization": asked.authorization} if asked.authorization and at_home else {}

    return WebhookRequest(Method.GET, asked.url, {}, b"", sign, asked.limits)


def _secret_url(origin: tuple[str, str], asked: str, application: Application) -> str:
    """Return the configuration's URL that has userinfo for an origin; ``asked`` itself if any."""
    given = [each for each in application.secret_urls if take_apart(each).origin == origin]
    return next((each for each in given if take_apart(each).url == asked), "".join(given[:1]))


def _configured(origin: tuple[str, str], asked: str, application: Application) -> str:
    found = _secret_url(origin, asked, application)
    return take_apart(found).authorization if found else ""


def _own(origin: tuple[str, str], application: Application) -> str:
    if not application.username or take_apart(application.document.url).origin != origin:
        return ""
    credentials = f"{application.username}:{application.password}".encode()
    return f"Basic {b64encode(credentials).decode()}"
