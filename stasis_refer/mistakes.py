"""How mistakes in the configuration are told: where, which key, what to do."""

import difflib
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, TypeGuard, get_args

from pydantic import BaseModel, ValidationError

Location: TypeAlias = tuple[str | int, ...]

_REMEDIES: Final[Mapping[str, str]] = {
    "missing": "is missing: add it",
    "string_type": "is no text: put it in quotes",
    "string_too_short": "is empty: fill it in",
    "string_pattern_mismatch": (
        'may have letters, digits and any of "_.+-", 64 in all, a letter or digit first'
    ),
    "bool_type": "is neither true nor false: write one of them, without quotes",
    "bool_parsing": "is neither true nor false: write one of them",
    "int_type": "is no whole number: write one",
    "int_parsing": "is no whole number: write one",
    "int_from_float": "is no whole number: write one",
    "float_type": "is no number: write one",
    "float_parsing": "is no number: write one",
    "tuple_type": "is no list: write it in [ ], a list of sections with [[ ]]",
    "model_type": "is no section: write its keys below its name in [ ]",
}
"""What pydantic's types of mistakes mean to somebody who writes TOML."""

_CLOSE_ENOUGH: Final = 0.7


def told(where: str, error: ValidationError, settings: type[BaseModel], prefix: str) -> str:
    """Return a line for each mistake; ``prefix`` is that of variables of the environment."""
    return "\n".join(_line(where, dict(mistake), settings, prefix) for mistake in error.errors())


def _line(where: str, mistake: dict[str, Any], settings: type[BaseModel], prefix: str) -> str:
    location: Location = mistake["loc"]
    key = ".".join(str(part) for part in location)
    message = _message(mistake, settings)
    variable = prefix + "__".join(str(part) for part in location).upper()
    if key and variable in os.environ:
        return f"environment: {variable}: {message}"
    return f"{where}: {key}: {message}" if key else f"{where}: {message}"


def _message(mistake: dict[str, Any], settings: type[BaseModel]) -> str:
    kind, location = mistake["type"], mistake["loc"]
    if kind == "extra_forbidden":
        return _unknown(str(location[-1]), list(_names_in(settings, location[:-1])))
    if kind in {"literal_error", "enum"}:
        return f"{mistake['input']!r} is unknown: use {mistake['ctx']['expected']}"
    if kind in _REMEDIES:
        return _REMEDIES[kind]
    text = str(mistake["msg"]).removeprefix("Value error, ")
    return text.replace("Input should be", "has to be")


def _unknown(key: str, names: list[str]) -> str:
    close = difflib.get_close_matches(key, names, n=1, cutoff=_CLOSE_ENOUGH)
    if close:
        return f"is unknown: did you mean {close[0]!r}?"
    choice = f", or use one of {', '.join(sorted(names))}" if names else ""
    return f"is unknown: remove it{choice}"


def _names_in(section: type[BaseModel], location: Location) -> Iterator[str]:
    """Yield the keys of the section at a place in the configuration."""
    for part in location:
        if isinstance(part, str):
            annotation = section.model_fields[part].annotation
            section = next(filter(_is_section, (annotation, *get_args(annotation))))
    yield from section.model_fields


def _is_section(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
