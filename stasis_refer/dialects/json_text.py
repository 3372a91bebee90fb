"""JSON from strangers, read under limits, and the places of its values.

The text is read once, by the standard library. Where a value stands is worked out in a
second pass, and only for an error or a remark.
"""

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, NoReturn, TypeAlias

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import DocumentError, refuse_too_large
from stasis_refer.dialects.markup import fault

MAX_DEPTH: Final = 16
MAX_VALUES: Final = 1000
MAX_DIGITS: Final = 20
"""Digits of a whole number, its sign included."""

BLANK: Final = b"\xef\xbb\xbf \t\r\n"
"""The bytes of what may stand before and behind a document: byte order marks and blanks."""

Path: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead from the whole document to a value."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """A JSON text that was read.

    ``value`` is made of dict, list, str, int, float, bool and None; no text in it has a lone
    surrogate, no number is infinite, no object has a key twice.
    """

    value: object
    text: str = field(repr=False)

    def places(self, paths: Collection[Path]) -> Mapping[Path, tuple[int, int]]:
        """Return line and column of the values at ``paths``, counted from 1."""
        found = {}
        for spot in _spots(self.text):
            if not spot.is_key and spot.path in paths:
                found[spot.path] = _place(self.text, spot.at)
        return found

    def fault(self, failure: FetchFailure, path: Path, message: str) -> DocumentError:
        """Return a DocumentError whose sentence begins with place and path."""
        line, column = self.places({path})[path]
        return fault(failure, f"{written(path)}: {message}", line, column)


def parse(body: bytes) -> JsonText:
    """Read a JSON text in UTF-8.

    Raises DocumentError with TOO_LARGE or EMPTY (without a place), NOT_WELL_FORMED or LIMIT
    (with the line and column in ``body``).
    """
    refuse_too_large(body)
    text = _decoded(body)
    value = _value(text)
    if _is_large(value) or _HALF.search(text):
        found = _first_fault(text)
        if found:
            raise found
    return JsonText(value, text)


def written(path: Path) -> str:
    """Return a path as people write it, such as ``$[0].actionHook.url``."""
    return "$" + "".join(_step(each) for each in path)


_LEAD: Final = "\ufeff \t\r\n"
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")  # half of a character, if it stands alone
_PIECE: Final = re.compile(
    r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|null|true|false|NaN|-?Infinity'
    r"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NO_NUMBERS: Final = frozenset({"NaN", "Infinity", "-Infinity"})


class _Refused(ValueError):
    """The decoder met what is no JSON or over a limit; a second pass tells what and where."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused
    return found


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _Refused
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Refused
    return number


def _no_number(_text: str) -> NoReturn:
    raise _Refused


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_decimal, parse_constant=_no_number
)


def _decoded(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        before = body[: error.start].decode()
        message = "not UTF-8, the only encoding of JSON; send the document in UTF-8."
        raise _not_well_formed(before, len(before), message) from None
    if not text.strip(_LEAD):
        raise DocumentError(
            FetchFailure.EMPTY, "The document is empty; one that wants nothing done is []."
        )
    return text


def _value(text: str) -> object:
    # PHP sends what stands before its opening tag: blank lines and byte order marks.
    start = len(text) - len(text.lstrip(_LEAD))
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    except (RecursionError, _Refused):
        found = _first_fault(text)
        assert found  # noqa: S101 - the second pass sees what the first one refused
        raise found from None
    behind = text[end:].lstrip(_LEAD)
    if behind:
        at = len(text) - len(behind)
        raise _not_well_formed(text, at, "nothing may follow the document.")
    return value


def _is_large(value: object) -> bool:
    """Whether a value is too deep or has too much in it: level by level, containers only."""
    level = [value] if isinstance(value, dict | list) else []
    depth, values = 0, 1
    while level:
        depth += 1
        below = []
        for each in level:
            values += len(each)
            held = each.values() if type(each) is dict else each
            below += [one for one in held if type(one) is dict or type(one) is list]
        level = below
    return depth > MAX_DEPTH or values > MAX_VALUES


class _Spot(NamedTuple):
    """A key or a value of a text; of an object and an array it is their bracket."""

    path: Path
    at: int
    piece: str
    is_key: bool


def _spots(text: str) -> Iterator[_Spot]:
    """Yield keys and values in the order of the text, which is JSON as far as it is asked for."""
    path: list[str | int] = []
    key_next = False
    for match in _PIECE.finditer(text):
        piece, at = match[0], match.start()
        if piece in _CLOSING:
            path.pop()
            key_next = False
        elif piece == ",":
            last = path[-1]
            key_next = isinstance(last, str)
            path[-1] = "" if isinstance(last, str) else last + 1
        elif piece == ":":
            continue
        elif key_next:
            path[-1], key_next = json.loads(piece), False
            yield _Spot(tuple(path), at, piece, is_key=True)
        else:
            yield _Spot(tuple(path), at, piece, is_key=False)
            if piece in _OPENING:
                key_next = piece == "{"
                path.append("" if key_next else 0)


_OPENING: Final = frozenset("{[")
_CLOSING: Final = frozenset("}]")


def _first_fault(text: str) -> DocumentError | None:
    """Return what is wrong with a text that the decoder can read, first thing first."""
    keys: set[Path] = set()
    values = 0
    for spot in _spots(text):
        values += not spot.is_key
        if values > MAX_VALUES:
            return _limit(text, spot, f"more than {MAX_VALUES} values")
        if len(spot.path) >= MAX_DEPTH and spot.piece in _OPENING:
            return _limit(text, spot, f"more than {MAX_DEPTH} levels of objects and arrays")
        if spot.is_key and spot.path in keys:
            message = f"{written(spot.path)}: the key stands twice in one object; leave one."
            return _not_well_formed(text, spot.at, message)
        if spot.is_key:
            keys.add(spot.path)
        elif found := _bad_number(text, spot):
            return found
        if spot.piece[0] == '"' and not _is_whole(json.loads(spot.piece)):
            message = "half of a character stands alone, such as \\ud83d; write both halves."
            return _not_well_formed(text, spot.at, f"{written(spot.path)}: {message}")
    return None


def _bad_number(text: str, spot: _Spot) -> DocumentError | None:
    piece = spot.piece
    if piece in _NO_NUMBERS:
        message = f"{written(spot.path)}: {piece} is no number of JSON; leave the key out."
        return _not_well_formed(text, spot.at, message)
    is_number = piece[-1].isdigit()
    is_whole = piece.removeprefix("-").isdigit()
    if (is_whole and len(piece) > MAX_DIGITS) or (is_number and math.isinf(float(piece))):
        return _limit(text, spot, f"a number over {MAX_DIGITS} digits or out of range")
    return None


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _limit(text: str, spot: _Spot, what: str) -> DocumentError:
    message = f"{what}; make it smaller."
    return fault(FetchFailure.LIMIT, f"{written(spot.path)}: {message}", *_place(text, spot.at))


def _not_json(text: str, error: json.JSONDecodeError) -> DocumentError:
    """Return what to do at the place where the decoder gave up."""
    at = error.pos
    before, behind = text[:at].rstrip(_LEAD), text[at:].lstrip(_LEAD)
    if before.endswith(",") and behind[:1] in _CLOSING:
        # Some versions of Python point at the comma, some behind it.
        at, behind = len(before) - 1, "," + behind
    remedies = (words for pattern, words in _REMEDIES if pattern.match(behind))
    remedy = next(remedies, "a value, key, colon or comma was expected here.")
    if error.msg.startswith("Invalid control"):
        remedy = "in a text a line break is written \\n and a tabulator \\t."
    return _not_well_formed(text, at, f"not JSON; {remedy}")


_REMEDIES: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\Z", "the document breaks off; close every text, object and array."),
        (r",\s*[\]}]", "there is no comma before ] and }."),
        ("'", "keys and text are written in double quotes."),
        ('"', "a text ends with a double quote, and before the next value stands a comma."),
        ("[/#]", "there are no comments in JSON."),
        ("<", "this is XML or HTML."),
        (r"\\", 'behind \\ stands one of " \\ / b f n r t u.'),
        ("None|undefined", "write null."),
        ("True|False", "write true and false in lower case."),
    )
)


def _not_well_formed(text: str, at: int, message: str) -> DocumentError:
    return fault(FetchFailure.NOT_WELL_FORMED, message, *_place(text, at))


def _place(text: str, at: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, at) + 1
    # Byte order marks before the document are no characters of it.
    lead = len(text) - len(text.lstrip(_LEAD))
    unseen = text.count("\ufeff", start, min(at, lead))
    return text.count("\n", 0, at) + 1, at - start - unseen + 1


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else f"[{json.dumps(step):.80}]"
