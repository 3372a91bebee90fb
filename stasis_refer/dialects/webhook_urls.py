"""URLs of webhooks: relative ones made absolute, and what an absolute one says about itself."""

import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

from stasis_refer.dialects.dialect import WebhookLimits

_DEFAULT: Final = WebhookLimits()


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """A webhook's URL, taken apart.

    ``url`` is what goes out and what is signed: without userinfo and fragment.
    ``authorization`` is the value of the Authorization header, '' without userinfo.
    """

    url: str
    authorization: str = field(repr=False)
    limits: WebhookLimits

    @property
    def origin(self) -> tuple[str, str]:
        """Scheme and authority: credentials for one origin are not for another."""
        parts = urlsplit(self.url)
        return parts.scheme, parts.netloc.lower()


@lru_cache(maxsize=256)  # an application's documents name the same few URLs again and again
def resolve(base: str, text: str) -> str:
    """Return the absolute URL that ``text`` means in the document at ``base``.

    Userinfo and fragment stay. Raises ValueError with a sentence that says what is allowed.
    """
    if _UNWRITABLE.search(text):
        raise ValueError("a URL has no blanks, control characters or backslashes; write %20.")
    try:
        url = urljoin(base, text)
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # which quotes what may be a part of a password
        raise ValueError(
            "this is not a URL: its host is a name or an address, an IPv6 one in [ ], its port a"
            " number, and in a password is no @ : / ? # unless percent-encoded."
        ) from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("a URL is relative, or begins with http:// or https://.")
    if not _HOST.fullmatch(host):
        raise ValueError("the host of a URL is a name in ASCII or an address.")
    return url


@lru_cache(maxsize=256)  # most requests go to the few URLs of the configuration
def take_apart(url: str, limits: WebhookLimits = _DEFAULT) -> WebhookUrl:
    """Take an absolute URL apart; its fragment may hold connection overrides (as Twilio's).

    ``limits`` are the dialect's own. Raises ValueError where there is no absolute URL.
    """
    parts = urlsplit(url)
    if not parts.netloc:
        raise ValueError("not an absolute URL")
    userinfo, _, authority = parts.netloc.rpartition("@")
    # Written as it will be sent: what the receiver checks the signature against.
    path = quote(parts.path, safe=_PATH) or "/"
    query = quote(parts.query, safe=_QUERY)
    return WebhookUrl(
        urlunsplit((parts.scheme, authority, path, query, "")),
        _basic(userinfo) if userinfo else "",
        _limits(parts.fragment, limits) if parts.fragment else limits,
    )


def without_userinfo(url: str) -> str:
    """Return an absolute URL without its userinfo; one without any stays as it is, to the byte."""
    parts = urlsplit(url)
    userinfo, at, _ = parts.netloc.rpartition("@")
    return url.replace(f"{userinfo}{at}", "", 1) if at else url


def with_userinfo_of(url: str, other: str) -> str:
    """Return an absolute URL without userinfo with that of another."""
    parts = urlsplit(url)
    userinfo = urlsplit(other).netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))


def with_credentials(url: str, username: str, password: str) -> str:
    """Return an absolute URL with userinfo in the place of its own; without both it stays."""
    if not username and not password:
        return url
    parts = urlsplit(url)
    userinfo = f"{quote(username, safe='')}:{quote(password, safe='')}"
    authority = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{authority}"))


def with_query(url: str, query: str) -> str:
    """Return ``url`` with ``query`` behind the query it has."""
    return f"{url}{'&' if '?' in url else '?'}{query}"


_UNWRITABLE: Final = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_SCHEMES: Final = frozenset({"http", "https"})
_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f.]*:[0-9a-f:.]+")

# RFC 3986: the characters of a path and of a query that stand for themselves, and `%`,
# because what is escaped already stays as it is. Brackets are not in it but in wide use.
_PATH: Final = "/%!$&'()*+,;=:@"
_QUERY: Final = _PATH + "?[]"

_RETRY_POLICIES: Final = {
    "ct": frozenset({"connection"}),
    "rt": frozenset({"timeout"}),
    "4xx": frozenset({"status_4xx"}),
    "5xx": frozenset({"status_5xx"}),
    "all": frozenset({"connection", "timeout", "status_4xx", "status_5xx"}),
}


def _basic(userinfo: str) -> str:
    """RFC 7617: user-id and password, each percent-decoded, in UTF-8."""
    user, _, password = userinfo.partition(":")
    credentials = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return f"Basic {b64encode(credentials).decode()}"


def _limits(fragment: str, default: WebhookLimits) -> WebhookLimits:
    """Read ``ct=…&rt=…&tt=…&rc=…&rp=…``: times in ms, clamped; what is unreadable is default."""
    told = dict(parse_qsl(fragment))
    policies = [_RETRY_POLICIES.get(word.strip(), _NEVER) for word in told.get("rp", "").split(",")]
    return replace(
        default,
        connect=_clamped(told.get("ct"), 100, 10_000, default.connect * 1000) / 1000,
        read=_clamped(told.get("rt"), 100, 15_000, default.read * 1000) / 1000,
        total=_clamped(told.get("tt"), 100, 15_000, default.total * 1000) / 1000,
        retries=int(_clamped(told.get("rc"), 0, 5, default.retries)),
        retry_on=_NEVER.union(*policies) or default.retry_on,
    )


_NEVER: Final[frozenset[str]] = frozenset()


def _clamped(text: str | None, low: int, high: int, default: float) -> float:
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text):
        return default
    return max(low, min(high, int(text)))
