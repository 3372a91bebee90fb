"""Who may be transferred to: patterns on scheme, user and host; nothing is allowed by default.

The decision is made on the parsed URI, never on its text, so that no way of escaping leads
around a pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stasis_refer.core.escapes import decoded
from stasis_refer.core.numbers import without_separators
from stasis_refer.core.patterns import fits
from stasis_refer.core.readings import SCHEMES
from stasis_refer.core.uri import BadUri, SipUri, TelUri, Uri, parse


class BadPattern(ValueError):
    """A text is no pattern of targets; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class TargetRule:
    """One pattern; ``*`` stands for any run of characters, the empty one included.

    ``user`` is percent-encoded as in a URI, upper and lower case differ (RFC 3261, 19.1.4),
    and ``*`` never stands for an ``@``. It is '' in a pattern without one, which fits only
    URIs without a user. For ``tel:`` it is the number, and ``host`` is ''. In ``host``, in
    lower case, ``*`` stands for dots too. ``port`` None fits every port, a number only URIs
    that name it.
    """

    text: str
    scheme: str
    user: str
    host: str
    port: int | None = None


def parse_rule(text: str) -> TargetRule:
    """Return the rule that a pattern such as ``sip:*@example.com`` means, or raise BadPattern."""
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None:
        raise _bad(text, "not a pattern")
    scheme, user, host, number = shape.group("scheme", "user", "host", "number")
    try:
        example = parse(_example(shape))
    except BadUri as bad:
        raise _bad(text, bad.why.value.replace("_", " ")) from bad
    if isinstance(example, TelUri):
        return TargetRule(text, "tel", number, "")
    host = host.lower() if "*" in host else example.host
    return TargetRule(text, scheme.lower(), user or "", host.removesuffix("."), example.port)


def user_pattern(text: str) -> str:
    """Return a pattern of users as it is, or raise BadPattern; of ``tel:`` the user is a number."""
    try:
        found = parse(f"sip:{text.replace('*', 'x')}@x") if text else None
    except BadUri as bad:
        raise BadPattern(f"{text!r} ({bad.why.value.replace('_', ' ')}): {_USER_LIKE}") from bad
    if found is None or not isinstance(found, SipUri) or found.host != "x" or found.password:
        raise BadPattern(f"{text!r} (not a user): {_USER_LIKE}")
    return text


def deciding_rule(rules: Sequence[TargetRule], uri: Uri) -> TargetRule | None:
    """Return the first rule that allows a transfer to the URI; None: it is not allowed."""
    return next((rule for rule in rules if _allows(rule, uri)), None)


_SHAPE: Final = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@:]*)@)?"
    r"(?P<host>\[[^]*]*\]|[a-z0-9.*-]+)(?P<port>:[0-9]+)?"
    r"|tel:(?P<number>[^;]+)",
    re.IGNORECASE | re.ASCII,
)


_USER_LIKE: Final = "write it like 'alice', 'sales-*' or '+49*', percent-encoded as in a URI"


def _bad(text: str, flaw: str) -> BadPattern:
    return BadPattern(f"{text!r} ({flaw}): write it like 'sip:*@example.com' or 'tel:+49*'")


def _example(shape: re.Match[str]) -> str:
    """Return a URI as the pattern would allow, for the grammar to check."""
    scheme, user, host, port = shape.group("scheme", "user", "host", "port")
    if not scheme:
        return shape[0].replace("*", "0")
    before = "" if user is None else user.replace("*", "x") + "@"
    return f"{scheme}:{before}{'x' if '*' in host else host}{port or ''}"


def _allows(rule: TargetRule, uri: Uri) -> bool:
    match uri:
        case TelUri():
            return rule.scheme == "tel" and fits(_digits(rule.user), _digits(uri.number))
        case SipUri():
            return (
                rule.scheme in SCHEMES[uri.scheme]
                and rule.port in (None, uri.port)
                and fits(rule.host, uri.host.removesuffix("."))
                and fits(rule.user, decoded(uri.user or ""))
                # It would send the request elsewhere (RFC 3261, 19.1.1).
                and all(decoded(name).lower() != "maddr" for name, _ in uri.params)
            )


def _digits(number: str) -> str:
    return without_separators(number).lower()
