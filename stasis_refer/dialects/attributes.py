"""Attributes of XML verbs: what each is called, how it is read, what it is when left out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from stasis_refer.core.events import FetchFailure
from stasis_refer.core.redacted import redacted
from stasis_refer.dialects.dialect import DocumentError, Remark
from stasis_refer.dialects.markup import Element, fault

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Attribute(Generic[T_co]):
    """One attribute of a verb.

    ``parse`` takes the value without the blanks around it; it raises ValueError with a
    sentence that says what is allowed.
    """

    name: str
    parse: Callable[[str], T_co]
    default: T_co


def value(element: Element, attribute: Attribute[T]) -> T:
    """Return the attribute's value in ``element``; raises DocumentError (NOT_VALID)."""
    text = element.attributes.get(attribute.name)
    if text is None:
        return attribute.default
    try:
        return attribute.parse(text.strip())
    except ValueError as allowed:
        raise not_valid(
            element, f"{attribute.name}={redacted(text)!r:.80} in <{element.name}>: {allowed}"
        ) from None


_NO_REASONS: Final[Mapping[str, str]] = {}


def unknown(
    element: Element,
    known: Iterable[Attribute[object]],
    passed_over: Mapping[str, str] = _NO_REASONS,
) -> Iterator[Remark]:
    """Yield a remark for every attribute of ``element`` that is not in ``known``.

    ``passed_over`` says of some of them, by name, why they do nothing here.
    """
    names = {attribute.name for attribute in known}
    for name in element.attributes:
        if name not in names:
            has = f"known are {', '.join(sorted(names))}" if names else "it has none"
            why = passed_over.get(name, has)
            message = f"Attribute {name!r:.80} of <{element.name}> is passed over; {why}."
            yield Remark(message, element.line, element.column)


def not_valid(element: Element, message: str) -> DocumentError:
    """Return the DocumentError (NOT_VALID) that points at ``element``."""
    return fault(FetchFailure.NOT_VALID, message, element.line, element.column)


def one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    """Return a parser for words, given in lower case and read in any."""

    def parse(text: str) -> T:
        found = values.get(text.lower())
        if found is None:
            raise ValueError(f"allowed are {', '.join(values)}.")
        return found

    return parse


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a parser for whole numbers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"allowed is a whole number from {low} to {high}.")
        return int(text)

    return parse


def seconds(high: int) -> Callable[[str], float]:
    """Return a parser for a time in seconds, decimals allowed: over 0, at most ``high``."""

    def parse(text: str) -> float:
        readable = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
        if not readable or not 0 < float(text) <= high:
            raise ValueError(f"allowed is a number of seconds over 0 and up to {high}.")
        return float(text)

    return parse


def seconds_from(low: float, high: float) -> Callable[[str], float]:
    """Return a parser for a time in seconds, decimals allowed, from ``low`` to ``high``."""

    def parse(text: str) -> float:
        readable = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
        if not readable or not low <= float(text) <= high:
            raise ValueError(f"allowed is a number of seconds from {low:g} to {high:g}.")
        return float(text)

    return parse


def like(pattern: str, allowed: str) -> Callable[[str], str]:
    """Return a parser for text that matches ``pattern`` as a whole, or is empty."""
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        if text and not compiled.fullmatch(text):
            raise ValueError(f"allowed is {allowed}.")
        return text

    return parse


def unsupported(_text: str) -> None:
    """Refuse any value of an attribute that the vendor knows and we do not act on."""
    raise ValueError("this attribute is not supported here; leave it out.")
