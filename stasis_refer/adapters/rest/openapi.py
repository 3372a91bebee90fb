"""``/openapi.json``: what the table of endpoints says, as OpenAPI 3.1."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from stasis_refer.adapters.rest.endpoints import Endpoint
from stasis_refer.adapters.rest.models import Missed, TransferModel
from stasis_refer.adapters.rest.problems import ProblemModel
from stasis_refer.adapters.rest.sessions import COOKIE

_REF: Final = "#/components/schemas/{model}"
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_OF_ALL: Final = (400, 401, 403, 429, 500)
_OF_BODIES: Final = (413, 415, 422)
PROBLEMS: Final[Mapping[int, str]] = {
    400: "A parameter or a header is wrong or unknown, or the body is no JSON; `field` says which.",
    401: "The operator's token is missing or wrong.",
    403: "No operator's token is configured, so nobody may ask.",
    404: "There is none of this id; `field` is `call` or `transfer`.",
    409: (
        "It cannot be done now. `type` says why: `transferring`, another transfer of the call is"
        " under way, or this one with another `field`; `away`, a party of the call is being moved;"
        " `in_progress`, a request with this Idempotency-Key is being carried out; `undecided`, it"
        " is not known whether one was."
    ),
    413: "The body has more than 64 KiB.",
    415: "The body is not said to be JSON.",
    422: (
        "Something in the body is wrong or unknown, and `field` says what; or, where `type` is"
        " `key_reused`, the Idempotency-Key was given to another request."
    ),
    429: "Too much is asked at once; Retry-After says when to ask again.",
    500: "The server could not answer; its log says why.",
    503: "The ledger cannot be read, or the program stops; ask again later.",
    504: (
        "The call has not said whether it takes the order, which may still be carried out: GET"
        " /v1/transfers?call= tells."
    ),
}
_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    202: {"Location": "The path of the transfer."},
    401: {"WWW-Authenticate": "How to authenticate."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}
"""Headers that each answer with a status has."""

_PARTS: Final[Mapping[str, str]] = {"call": "The id of a call.", "transfer": "That of a transfer."}
_PART: Final = re.compile(r"{(\w+)}")
_DESCRIPTION: Final = (
    "Start transfers of live calls from outside, and know what became of every one."
    " Errors have one form. Times are in UTC."
)

Json = dict[str, Any]


def document(endpoints: Iterable[Endpoint[Any]], version: str) -> Json:
    """Return the description of all endpoints as OpenAPI 3.1.0 has it, fit for JSON."""
    listed = list(endpoints)
    schemas = _schemas(listed)
    paths: Json = {}
    for each in listed:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    for each in listed:
        if not each.has_body:
            schemas.pop(_name(each.asks), None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "stasis_refer", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "operator": {"type": "http", "scheme": "bearer"},
                "browser": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
        "security": [{"operator": []}],
    }


def _schemas(endpoints: Iterable[Endpoint[Any]]) -> Json:
    asked = {each.asks for each in endpoints}
    told = {each.good.model for each in endpoints if each.good.model is not None}
    told |= {ProblemModel, TransferModel, Missed}
    _, found = models_json_schema(
        [
            *((model, "validation") for model in sorted(asked, key=_name)),
            *((model, "serialization") for model in sorted(told, key=_name)),
        ],
        ref_template=_REF,
    )
    return {_shown(name): _renamed(schema) for name, schema in found["$defs"].items()}


def _renamed(part: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Return a part of a schema in which models go by the names that are shown."""
    match part:
        case {"$ref": str(ref), **rest}:
            return {"$ref": _shown(ref), **rest}
        case dict():
            return {key: _renamed(value) for key, value in part.items() if key != "title"}
        case list():
            return [_renamed(each) for each in part]
        case _:
            return part


def _shown(name: str) -> str:
    return name.removesuffix("Model").removesuffix("Body")


def _name(model: type[BaseModel]) -> str:
    return _shown(model.__name__)


def _operation(endpoint: Endpoint[Any], schemas: Mapping[str, Any]) -> Json:
    operation: Json = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [*_parameters(endpoint, schemas)],
        "responses": _responses(endpoint),
    }
    if endpoint.browser:
        operation["security"] = [{"operator": []}, {"browser": []}]
    if endpoint.has_body:
        schema = {"$ref": _REF.format(model=_name(endpoint.asks))}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _parameters(endpoint: Endpoint[Any], schemas: Mapping[str, Any]) -> Iterator[Json]:
    for part in _PART.findall(endpoint.path):
        schema = {"type": "string", "minLength": 1}
        about = {"description": _PARTS[part], "required": True, "schema": schema}
        yield {"name": part, "in": "path", **about}
    for header in endpoint.headers:
        schema = {"type": "string", "pattern": header.pattern}
        about = {"description": header.description, "schema": schema}
        yield {"name": header.name, "in": "header", **about}
    if not endpoint.has_body:
        for name, found in schemas[_name(endpoint.asks)].get("properties", {}).items():
            yield _in_query(name, dict(found))


def _in_query(name: str, schema: Json) -> Json:
    """Return a parameter of a query, in which nothing can be null."""
    options = [each for each in schema.pop("anyOf", []) if each != {"type": "null"}]
    if schema.get("default", "") is None:
        del schema["default"]
    if options:
        schema |= options[0] if len(options) == 1 else {"anyOf": options}
    description = schema.pop("description", None)
    schema.pop("title", None)
    about = {"description": description} if description else {}
    return {"name": name, "in": "query", **about, "schema": schema}


def _responses(endpoint: Endpoint[Any]) -> Json:
    good = endpoint.good
    kind = "object" if good.content_type == "application/json" else "string"
    schema = {"$ref": _REF.format(model=_name(good.model))} if good.model else {"type": kind}
    found = {good.status: _response(good.status, good.description, good.content_type, schema)}
    bodies = _OF_BODIES if endpoint.has_body else ()
    for status in sorted({*_OF_ALL, *bodies, *endpoint.problems}):
        found[status] = _response(status, PROBLEMS[status], "application/json", _PROBLEM)
    return {str(status): response for status, response in found.items()}


def _response(status: int, description: str, content_type: str, schema: Json) -> Json:
    response: Json = {"description": description, "content": {content_type: {"schema": schema}}}
    if status in _HEADERS:
        response["headers"] = {
            name: {"description": about, "required": True, "schema": {"type": "string"}}
            for name, about in _HEADERS[status].items()
        }
    return response
