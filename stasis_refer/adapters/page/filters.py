"""What the list is filtered by: the query of the page's URL, as its form writes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.runtime.book import TransferFilter
from stasis_refer.runtime.points_in_time import parse_time

NAMES: Final = (
    *("outcome", "open", "application", "direction", "group", "code"),
    *("refer_code", "notify_code", "since", "until", "call", "cursor"),
)
_LONGEST: Final = 256  # characters
_NOTHING_BETWEEN: Final = (
    "It is later than until, so nothing can be between them: 1h is an hour ago in both, so an"
    " hour of yesterday is since 25h, until 24h."
)
_FIRST_CODE, _LAST_CODE = 100, 699  # RFC 3261, 7.2

T = TypeVar("T")


class BadFilter(ValueError):
    """A filter cannot be read; ``name`` says which, the message what to write."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page of the list is asked for; ``given`` are the filters as they were written."""

    wanted: TransferFilter
    cursor: str
    given: Mapping[str, str]

    def query(self, cursor: str) -> str:
        """Return the query of the URL with the same filters, of the page behind a cursor.

        '' stands for the first page.
        """
        return urlencode({**self.given, "cursor": cursor} if cursor else self.given)


def given(query: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what a query says, cut to a length at which it can be shown again.

    A form sends its empty fields too: they filter nothing.
    """
    said = ((name.strip(), value.strip()) for name, value in query)
    return {name[:_LONGEST]: value[: _LONGEST + 1] for name, value in said if value}


def read(query: Iterable[tuple[str, str]], now: float) -> Asked:
    """Return what a query asks for; ``now`` is in seconds since 1970. Raises BadFilter."""
    pairs = list(query)
    said = given(pairs)
    for name in said:
        _check(name, [value for key, value in pairs if key.strip() == name and value.strip()])

    def one(name: str, reading: Callable[[str], T]) -> T | None:
        return _read(name, said[name], reading) if name in said else None

    wanted = TransferFilter(
        since=one("since", lambda text: parse_time(text, now)),
        until=one("until", lambda text: parse_time(text, now)),
        outcome=one("outcome", _outcome),
        direction=one("direction", _direction),
        application=said.get("application", ""),
        code=one("code", _code),
        refer_code=one("refer_code", _code),
        notify_code=one("notify_code", _code),
        group=said.get("group"),
        call=said.get("call", ""),
        open=one("open", _switch),
    )
    if wanted.since is not None and wanted.until is not None and wanted.since > wanted.until:
        raise BadFilter("since", _NOTHING_BETWEEN)
    if wanted.outcome is not None:
        said["outcome"] = wanted.outcome.value
    cursor = said.pop("cursor", "")
    return Asked(wanted, cursor, said)


def _check(name: str, values: list[str]) -> None:
    if name not in NAMES:
        known = ", ".join(each for each in NAMES if each != "cursor")
        raise BadFilter(name, f"There is no such filter: use {known}.")
    if len(values) > 1:
        raise BadFilter(name, "It is there more than once: give it once.")
    if len(values[0]) > _LONGEST:
        raise BadFilter(name, f"It has more than {_LONGEST} characters: write less.")


def _read(name: str, text: str, reading: Callable[[str], T]) -> T:
    try:
        return reading(text)
    except ValueError as error:
        message = str(error)
        raise BadFilter(name, f"{message[0].upper()}{message[1:]}.") from None


def _outcome(text: str) -> Outcome:
    name = text.replace(" ", "_")  # as the page writes it
    if name not in set(Outcome):
        raise ValueError(f"there is no such outcome: use {', '.join(Outcome)}")
    return Outcome(name)


def _direction(text: str) -> Direction:
    if text not in set(Direction):
        raise ValueError(f"it is neither: use {' or '.join(Direction)}")
    return Direction(text)


def _code(text: str) -> int:
    code = int(text) if text.isascii() and text.isdecimal() and len(text) == 3 else 0  # noqa: PLR2004
    if not _FIRST_CODE <= code <= _LAST_CODE:
        raise ValueError(f"it is no SIP status: write one from {_FIRST_CODE} to {_LAST_CODE}")
    return code


def _switch(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("it is neither: use true or false")
    return text == "true"
