"""Values of the core as JSON and back, so that a call can be built again from its events.

Text, numbers, truth and None stay as they are, a tuple is an array. Everything else is an object
that says its class: ``{"": "ReferSeen", "cseq": 7}``, ``{"": "Method", "is": "GET"}``. Fields that
have their default are left out, so that a later version may add some. Only what ``KNOWN`` names is
written or read. An application is kept without its credentials, its target rules as their text,
and read with the credentials that it has then. Captured messages, which are for taps alone, are not
kept at all.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from types import ModuleType
from typing import Any, Final, TypeAlias

from stasis_refer.core import (
    abouts,
    allowance,
    application,
    events,
    found,
    handing_over,
    info,
    leg,
    opening,
    orders,
    outcome,
    owed,
    rules,
    verbs,
)
from stasis_refer.core.application import Application
from stasis_refer.core.message import Message
from stasis_refer.core.targets import TargetRule, parse_rule

MODULES: Final = (
    *(abouts, allowance, application, events, found, handing_over, info, leg),
    *(opening, orders, outcome, owed, rules, verbs),
)
"""Where all classes are from that an event, or what is owed, may hold."""

_CLASS: Final = ""
_MEMBER: Final = "is"
_OF: Final = "of"
_SET: Final = "frozenset"

_Plain: TypeAlias = Any  # what JSON holds
_NO_DEFAULT: Final = object()


class CodecError(ValueError):
    """A value of a class that is not known, or text that no value was ever written as."""


def dumps(value: object) -> str:
    """Return a value as one line of JSON. Raises CodecError."""
    try:
        return _write(_plain(value))
    except RecursionError as error:
        raise CodecError("it is nested too deep") from error


def loads(text: str, applications: Mapping[str, Application]) -> Any:  # noqa: ANN401 - whatever was written
    """Return the value that ``dumps`` made this of.

    ``applications`` are those that are configured now, by name: their credentials are taken.
    Raises CodecError.
    """
    try:
        return _read(json.loads(text), applications)
    except CodecError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CodecError(f"{type(error).__name__}: {error}") from error


# -- writing ---------------------------------------------------------------------


def _plain(value: object) -> _Plain:
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    try:
        return _WRITERS[kind](value)
    except KeyError:
        raise CodecError(f"{kind.__module__}.{kind.__qualname__} cannot be kept") from None


def _writer_of(kind: type[Any]) -> Callable[[Any], _Plain]:
    if issubclass(kind, Enum):
        members = {each: {_CLASS: kind.__name__, _MEMBER: each.name} for each in kind}
        return members.__getitem__
    defaults = _defaults_of(kind)

    def write(value: object) -> _Plain:
        plain: dict[str, _Plain] = {_CLASS: kind.__name__}
        for name, default in defaults:
            held = getattr(value, name)
            # Of a type of its own: 0 is no False, and 1.0 no 1.
            if held is not default and (held != default or type(held) is not type(default)):
                plain[name] = held if type(held) in _AS_IT_IS else _plain(held)
        return plain

    return write


def _defaults_of(kind: type[Any]) -> list[tuple[str, object]]:
    return [
        (each.name, _NO_DEFAULT if each.default is MISSING else each.default)
        for each in fields(kind)
    ]


@lru_cache
def _write_application(value: Application) -> _Plain:
    """Return the same object for all calls of an application: there are many, and it is large."""
    return _writer_of(Application)(value.without_credentials())


def _write_rule(value: TargetRule) -> _Plain:
    return value.text


def _write_message(_: Message) -> _Plain:
    return None


def _write_set(value: "frozenset[object]") -> _Plain:
    return {_CLASS: _SET, _OF: [_plain(each) for each in value]}


def _write_tuple(value: "tuple[object, ...]") -> _Plain:
    return [each if type(each) in _AS_IT_IS else _plain(each) for each in value]


# -- reading ---------------------------------------------------------------------


def _read(plain: _Plain, applications: Mapping[str, Application]) -> Any:  # noqa: ANN401 - as above
    if isinstance(plain, list):
        return tuple(_read(each, applications) for each in plain)
    if not isinstance(plain, dict):
        return plain
    named = plain.pop(_CLASS)
    if named == _SET:
        return frozenset(_read(each, applications) for each in plain[_OF])
    if named == Application.__name__:
        return _application(plain, applications)
    kind = KNOWN.get(named)
    if kind is None:
        raise CodecError(f"{named!r} is no class that is kept")
    if issubclass(kind, Enum):
        return kind[plain[_MEMBER]]
    return kind(**{name: _read(each, applications) for name, each in plain.items()})


def _application(plain: _Plain, applications: Mapping[str, Application]) -> Application:
    allow = tuple(parse_rule(each) for each in plain.pop("targets", ()))
    # Written even where it is empty, as it has no plain default: an application without it is from
    # before there was such a thing, when documents could name every endpoint.
    plain.setdefault("endpoints", ["*"])
    kept = Application(
        **{name: _read(each, applications) for name, each in plain.items()}, targets=allow
    )
    today = applications.get(kept.name)
    return kept if today is None else kept.with_credentials_of(today)


# -- what is known ---------------------------------------------------------------


def _classes_of(module: ModuleType) -> dict[str, type[Any]]:
    return {
        name: each
        for name, each in vars(module).items()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and (is_dataclass(each) or issubclass(each, Enum))
    }


def _known() -> dict[str, type[Any]]:
    known: dict[str, type[Any]] = {}
    for module in MODULES:
        classes = _classes_of(module)
        if twice := known.keys() & classes.keys():
            raise TypeError(f"two classes that are kept have one name: {sorted(twice)}")
        known |= classes
    return known


KNOWN: Final[Mapping[str, type[Any]]] = _known()
"""All classes that are written and read, by name."""

_AS_IT_IS: Final = frozenset({str, int, float, bool, type(None)})
_WRITERS: Final[dict[type[Any], Callable[[Any], _Plain]]] = {
    **{kind: _writer_of(kind) for kind in KNOWN.values()},
    Application: _write_application,
    TargetRule: _write_rule,
    Message: _write_message,
    frozenset: _write_set,
    tuple: _write_tuple,
}
_write: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
