"""REST requests whose body is an object in JSON: which keys there are, and how each is read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import Final

from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.json_keys import Inspector, Keys, Node, text
from stasis_refer.dialects.json_text import BLANK, JsonText, parse
from stasis_refer.dialects.rest import (
    IN_THE_BODY,
    Owners,
    RestError,
    RestReading,
    RestRequest,
    bad_request,
    without_query,
)
from stasis_refer.dialects.rest_forms import absolute_url


def json_of(request: RestRequest) -> JsonText:
    """Return the object in the body of a request; raises RestError and DocumentError."""
    without_query(request, IN_THE_BODY)
    if not request.body.strip(BLANK):
        raise bad_request("The request has no body: send an object in JSON.")
    media_type = request.media_type
    if media_type != "application/json" and not media_type.endswith("+json"):
        message = f"The content type is {request.content_type!r:.80}; send application/json."
        raise RestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    found = parse(request.body)
    if not isinstance(found.value, dict):
        raise bad_request("The body is no object: send one in JSON, {…}.")
    return found


def whole(name: str, found: JsonText) -> Node:
    """Return the object that ``json_of`` returned; ``name`` is what messages call it."""
    return Node(name, found.value if isinstance(found.value, dict) else {}, ())


def asked_in(
    node: Node,
    inspector: Inspector,
    allowed: Keys,
    *,
    refused: Mapping[str, str] | None = None,
    clears: Collection[str] = (),
) -> Node:
    """Return ``node`` without the keys that ask for nothing, as they are null or empty.

    Those of ``clears`` do ask for something where they are empty. ``refused`` are keys that are
    an error for the reason given, unless they are null, false or empty. Raises DocumentError
    for these and for a key that there is not; one that does nothing is remarked upon.
    """
    refused = refused or {}
    there_are = {*allowed.known, *allowed.idle, *refused}
    for name, value in node.members.items():
        if name in refused and value:
            raise inspector.not_valid((*node.path, name), f"not supported: {refused[name]}.")
        if name not in there_are and value is not None:
            names = ", ".join(allowed.known)
            raise inspector.not_valid((*node.path, name), f"no key of this request: {names}.")
    asked = replace(
        node,
        members={
            name: value
            for name, value in node.members.items()
            if name not in refused and value is not None and (value not in _EMPTY or name in clears)
        },
    )
    inspector.look_over(asked, allowed)
    return asked


_EMPTY: Final[tuple[object, ...]] = ("", {}, [])


def remarks_of(inspector: Inspector, before: str = "") -> tuple[str, ...]:
    """Return what was passed over, as sentences."""
    return tuple(
        f"{before}line {each.line}, column {each.column}: {each.message}"
        for each in inspector.remarks()
    )


def told_as_errors(
    read: Callable[[RestRequest, Owners], RestReading],
) -> Callable[[RestRequest, Owners], RestReading]:
    """Return a reader that raises RestError where ``read`` raises DocumentError."""

    @wraps(read)
    def reads(request: RestRequest, owners: Owners) -> RestReading:
        try:
            return read(request, owners)
        except DocumentError as error:
            status = HTTPStatus.BAD_REQUEST
            raise RestError(status, str(error)) from None

    return reads


MAX_URL: Final = 2048


def url(found: object) -> str:
    """Read the text of an absolute URL; a parser of keys."""
    if len(text(found)) > MAX_URL:
        raise ValueError(f"allowed are up to {MAX_URL} characters.")
    return absolute_url(text(found))
