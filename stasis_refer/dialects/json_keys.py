"""Keys of JSON verbs: what each is called, how it is read, what it is when left out."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeAlias, TypeGuard, TypeVar

from stasis_refer.core.events import FetchFailure
from stasis_refer.core.redacted import redacted
from stasis_refer.dialects.dialect import DocumentError, Remark
from stasis_refer.dialects.json_text import JsonText, Path, written

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """One key of an object.

    ``parse`` takes a value that is not null, and raises ValueError with a sentence that says
    what is allowed. Null means that the key is left out. What a ``secret`` key holds is in no
    message.
    """

    name: str
    parse: Callable[[object], T_co]
    default: T_co
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """An object of a document, where it stands, and what messages call it."""

    name: str
    members: Mapping[str, object]
    path: Path


Idle: TypeAlias = Mapping[str, object]
"""Keys of the vendor's without effect here, with the value that asks for nothing anyway."""


@dataclass(frozen=True, slots=True)
class Keys:
    """All that an object may hold; ``idle`` ones are remarked upon where they ask for something."""

    known: Mapping[str, Key[object]]
    idle: Idle = field(default_factory=dict)


def keys(*known: Key[object], idle: Idle | None = None) -> Keys:
    """Return the keys an object may hold, by their names."""
    return Keys({key.name: key for key in known}, idle or {})


class Inspector:
    """Reads the values of one text; what is passed over it keeps, as paths and messages."""

    def __init__(self, text: JsonText) -> None:
        self._text = text
        self._passed_over: list[tuple[Path, str]] = []

    def value(self, node: Node, key: Key[T]) -> T:
        """Return what ``node`` holds under ``key``; raises DocumentError (NOT_VALID)."""
        found = node.members.get(key.name)
        if found is None:
            return key.default
        try:
            return key.parse(found)
        except ValueError as allowed:
            shown = "what it holds" if key.secret else _shown(found)
            raise self.not_valid((*node.path, key.name), f"{shown}: {allowed}") from None

    def required(self, node: Node, key: Key[T]) -> T:
        """Return what ``node`` holds under ``key``, which it has to have."""
        if node.members.get(key.name) is None:
            raise self.not_valid(node.path, f"{node.name} needs the key {key.name}.")
        return self.value(node, key)

    def look_over(self, node: Node, allowed: Keys) -> None:
        """Remark upon every key of ``node`` that has no effect."""
        for name, found in node.members.items():
            if name in allowed.known or found is None:
                continue
            if name not in allowed.idle:
                has = ", ".join(allowed.known) or "none"
                self.remark(
                    (*node.path, name), f"passed over; the keys of {node.name} here are: {has}."
                )
            elif found != allowed.idle[name]:
                self.remark((*node.path, name), "this key has no effect here.")

    def remark(self, path: Path, message: str) -> None:
        """Note something that is passed over."""
        self._passed_over.append((path, message))

    def remarks(self) -> tuple[Remark, ...]:
        """Return what was passed over, each with its place."""
        if not self._passed_over:
            return ()
        places = self._text.places({path for path, _ in self._passed_over})
        return tuple(
            Remark(f"{written(path)}: {message}", *places[path])
            for path, message in self._passed_over
        )

    def not_valid(self, path: Path, message: str) -> DocumentError:
        """Return the DocumentError (NOT_VALID) that points at the value at ``path``."""
        return self._text.fault(FetchFailure.NOT_VALID, path, message)

    def unknown_verb(self, path: Path, message: str) -> DocumentError:
        """Return the DocumentError (UNKNOWN_VERB) that points at the value at ``path``."""
        return self._text.fault(FetchFailure.UNKNOWN_VERB, path, message)


def _shown(found: object) -> str:
    """Show a value in a message; of what holds others only its kind, there may be secrets."""
    match found:
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return f"{redacted(json.dumps(found)):.80}"


def _only(kind: type[T], allowed: str) -> Callable[[object], T]:
    def parse(found: object) -> T:
        if not isinstance(found, kind):
            raise ValueError(allowed)  # noqa: TRY004 - see Key.parse
        return found

    return parse


text: Final = _only(str, "allowed is a text, in double quotes.")
"""The parser of texts."""

flag: Final = _only(bool, "allowed are true and false.")
"""The parser of true and false."""

members: Final[Callable[[object], dict[str, object]]] = _only(dict, "allowed is an object.")
"""The parser of objects."""


def texts(found: object) -> tuple[str, ...]:
    """Read a text, or an array of them."""
    all_found = found if isinstance(found, list) else [found]
    if not all_found or not all(isinstance(one, str) for one in all_found):
        raise ValueError("allowed is a text, or an array of texts that is not empty.")
    return tuple(all_found)


def number(low: float, high: float) -> Callable[[object], float]:
    """Return a parser for numbers from ``low`` to ``high``, decimals allowed."""

    def parse(found: object) -> float:
        if not _is_number(found) or not low <= found <= high:
            raise ValueError(f"allowed is a number from {low:g} to {high:g}.")
        return float(found)

    return parse


def whole_number(low: int, high: int) -> Callable[[object], int]:
    """Return a parser for whole numbers from ``low`` to ``high``."""

    def parse(found: object) -> int:
        if not _is_number(found) or not low <= found <= high or found != int(found):
            raise ValueError(f"allowed is a whole number from {low} to {high}.")
        return int(found)

    return parse


def like(pattern: str, allowed: str) -> Callable[[object], str]:
    """Return a parser for text that matches ``pattern`` as a whole, or is empty."""
    compiled = re.compile(pattern)

    def parse(found: object) -> str:
        if found and not compiled.fullmatch(text(found)):
            raise ValueError(f"allowed is {allowed}.")
        return text(found)

    return parse


def refused(message: str) -> Callable[[object], None]:
    """Return a parser that refuses whatever asks for something; ``message`` says what to do.

    Nothing is asked for by false, 0 and what is empty.
    """

    def parse(found: object) -> None:
        if found:
            raise ValueError(message)

    return parse


def _is_number(found: object) -> TypeGuard[int | float]:
    return isinstance(found, int | float) and not isinstance(found, bool)
