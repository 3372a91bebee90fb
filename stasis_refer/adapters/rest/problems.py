"""What is wrong with a request, in the one form that all answers of the kind have."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

BAD_REQUEST: Final = 400
"""Of what a request asks in its parameters and headers, or of a body that cannot be read."""

INVALID: Final = 422
"""Of what a body says that can be read."""

_IN_UNION: Final = "="  # how the tags of unions begin, which are no part of a request


class ProblemModel(BaseModel):
    """Why a request was not carried out."""

    type: str = Field(description="What kind of problem it is: a word that stays the same.")
    message: str = Field(description="A sentence that says what is wrong, and what to do.")
    field: str | None = Field(
        description=(
            "What is wrong: a parameter of the query or the path, a header, a key of the body, or"
            " as a whole `body`, `path` or `method`. Null where it is nothing in the request."
        )
    )


class Problem(web.HTTPException):
    """Raised to answer with an error; ``field`` names what is wrong, None where nothing does."""

    def __init__(
        self,
        status: int,
        type_: str,
        message: str,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status_code = status
        self.kind = type_
        body = ProblemModel(type=type_, message=message, field=field)
        super().__init__(
            text=body.model_dump_json(), content_type="application/json", headers=headers
        )


def invalid(message: str, field: str, status: int = BAD_REQUEST) -> Problem:
    """Return the problem of a request that says something it may not say."""
    return Problem(status, "invalid", message, field)


def of_validation(error: ValidationError, names: Iterable[str], status: int) -> Problem:
    """Return the first mistake that pydantic found; ``names`` are those that there are."""
    mistake = error.errors(include_url=False)[0]
    field = ".".join(
        str(part)
        for part in mistake["loc"]
        if not (isinstance(part, str) and part.startswith(_IN_UNION))
    )
    return invalid(_sentence(dict(mistake), names), field, status)


def tag(name: str) -> str:
    """Return the tag of a member of a union, so that it is not taken for a key."""
    return _IN_UNION + name


_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "It is missing: add it.",
    "string_type": "It is no text: put it in quotes.",
    "string_too_short": "It is empty: fill it in, or leave it out.",
    "dict_type": "It is no object: write names and values in { }.",
    "model_type": "It is no object: write it in { }.",
    "model_attributes_type": "It is no object: write it in { }.",
    "float_type": "It is no number: write one, without quotes.",
    "finite_number": "It is no number: write one.",
}
"""What pydantic's types of mistakes mean to somebody who writes JSON or a query."""


def _sentence(mistake: dict[str, Any], names: Iterable[str]) -> str:
    kind = mistake["type"]
    if kind == "extra_forbidden":
        if mistake["loc"][-1] == "":
            return "There is a value whose name is empty: name it, or take it out."
        inside = len(mistake["loc"]) > 1
        known = "" if inside else f", or use one of {', '.join(sorted(names))}"
        return f"It is unknown: take it out{known if names else ''}."
    if kind in {"literal_error", "enum"}:
        return f"It is unknown: use {mistake['ctx']['expected']}."
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    text = str(mistake["msg"]).removeprefix("Value error, ")
    text = text.replace("Input should be", "It has to be").replace("String should", "It has to")
    return text if text.endswith(".") else f"{text}."
