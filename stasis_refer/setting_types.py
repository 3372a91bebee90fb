"""The types of values in the configuration; their mistakes are told with what to write."""

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from stasis_refer.adapters.metrics.board import OTHER
from stasis_refer.core import targets

_LAST_PORT: Final = 65535
LEDGER_SCHEME: Final = "sqlite:///"
_WRITE_LEDGER: Final = (
    'write "sqlite:///stasis_refer.db", or "sqlite:////var/lib/stasis_refer.db" with a full path'
)


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > _LAST_PORT:
        raise ValueError('is no address: write "IP:PORT", as "127.0.0.1:8080"')
    _ip(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    return text


def is_loopback(address: str) -> bool:
    """Tell whether only this machine reaches an address, which is ``IP:PORT``."""
    return ipaddress.ip_address(address.rpartition(":")[0].strip("[]")).is_loopback


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is no IP address: write one as 127.0.0.1 or ::1") from None


def _web_url(text: str) -> str:
    if text and not _is_web_url(text):
        raise ValueError('is no http or https URL: write it as "https://example.com/voice"')
    return text


def _asterisk_url(text: str) -> str:
    if _web_url(text).rstrip("/").endswith("/ari"):
        raise ValueError('has "/ari" at its end: leave it out, as in "http://127.0.0.1:8088"')
    return text


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not any(character.isspace() for character in text)
        )
    except ValueError:  # a port that is none, an IPv6 address that is none
        return False


def _user(text: str) -> str:
    if not text or ":" in text:
        raise ValueError('has to be a name without ":"')  # RFC 7617, 2
    return text


def _endpoint(text: str) -> str:
    # It becomes part of a dial string, in which "/" and "@" mean something.
    if text and not _ENDPOINT.fullmatch(text):
        raise ValueError(
            'is no name of a PJSIP endpoint: it may have letters, digits and any of "_.+-",'
            " 80 in all, a letter or digit first"
        )
    return text


_ENDPOINT: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")


def _endpoint_pattern(text: str) -> str:
    if not _ENDPOINT_PATTERN.fullmatch(text):
        raise ValueError(
            'fits no PJSIP endpoint: write names, as "agent-1", or with * for any characters, as'
            ' "agents-*"'
        )
    return text


_ENDPOINT_PATTERN: Final = re.compile("[A-Za-z0-9_.~+*-]{1,80}")


def _counted_endpoint(text: str) -> str:
    if text == OTHER:
        raise ValueError(
            f'"{OTHER}" stands for all endpoints that are not listed: leave it out, or call the'
            " endpoint something else in pjsip.conf"
        )
    return text


def _application(text: str) -> str:
    if text == OTHER:
        raise ValueError(
            f'"{OTHER}" stands in metrics for all that has no name of its own: call the application'
            " something else"
        )
    return text


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ValueError(f"{', '.join(double)} is there more than once: leave it there once")
    return names


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"is no network: {error}; write it as 10.0.0.0/8") from error


def _source(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither an address nor a network: write it as 192.0.2.7 or 10.0.0.0/8"
        ) from None
    return text


def _ledger_url(text: str) -> str:
    scheme, separator, _ = text.partition("://")
    path = text.removeprefix(LEDGER_SCHEME)
    if separator and scheme != "sqlite":
        raise ValueError(f"{scheme!r} is not supported in this version: {_WRITE_LEDGER}")
    if path == text or path.endswith(("/", ":memory:")) or not path or not path.isprintable():
        raise ValueError(f"names no SQLite file: {_WRITE_LEDGER}")
    if "?" in path or "#" in path:
        raise ValueError(f"has options, and there are none: {_WRITE_LEDGER}")
    return text


def _no_switch(value: object) -> object:
    # It would be taken for 1.
    if isinstance(value, bool):
        raise ValueError("is true or false: write a whole number")  # noqa: TRY004 - pydantic's
    return value


def _rule(text: str) -> str:
    targets.parse_rule(text)
    return text


Address = Annotated[str, AfterValidator(_address)]
User = Annotated[str, AfterValidator(_user)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
Endpoint = Annotated[str, Field(min_length=1), AfterValidator(_endpoint)]
EndpointOrNone = Annotated[str, AfterValidator(_endpoint)]
EndpointPattern = Annotated[str, AfterValidator(_endpoint_pattern)]
CountedEndpoint = Annotated[Endpoint, AfterValidator(_counted_endpoint)]
CountedEndpoints = Annotated[tuple[CountedEndpoint, ...], AfterValidator(_each_once)]
AsteriskUrl = Annotated[str, AfterValidator(_asterisk_url)]
Network = Annotated[str, AfterValidator(_network)]
Source = Annotated[str, AfterValidator(_source)]
LedgerUrl = Annotated[str, AfterValidator(_ledger_url)]
Rule = Annotated[str, AfterValidator(_rule)]
Whole = Annotated[int, BeforeValidator(_no_switch)]
Count = Annotated[Whole, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$")]
ApplicationName = Annotated[Name, AfterValidator(_application)]
