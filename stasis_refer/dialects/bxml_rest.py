"""Bandwidth's REST interface to calls: to make, to change, to show and to list them.

Sources: Bandwidth's pages on voice errors and on modifying calls, and the OpenAPI document its
packages are made from; its Python package is the judge in the tests.
"""

import re
from typing import Final

from stasis_refer.dialects.bxml_rest_answers import (
    answer_call,
    answer_changed,
    answer_list,
    answer_made,
    answer_replaced,
    write_error,
)
from stasis_refer.dialects.bxml_rest_requests import (
    read_bxml,
    read_create,
    read_list,
    read_update,
)
from stasis_refer.dialects.rest import RestRoute, RestVendor, read_show
from stasis_refer.dialects.rest_refusals import refusals

_ID: Final = re.compile(
    "c-([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})", re.IGNORECASE
)


def key_of(call: str) -> str:
    """Return the key of a call's id, '' where it is none."""
    found = _ID.fullmatch(call)
    return "".join(found.groups()).lower() if found else ""


_PREFIX: Final = "/api/v2/"
_CALLS: Final = f"{_PREFIX}accounts/{{account}}/calls"

BXML_REST: Final = RestVendor(
    dialect="bxml",
    prefix=_PREFIX,
    routes=(
        RestRoute("GET", _CALLS, read_list, answer_list),
        RestRoute("POST", _CALLS, read_create, answer_made),
        RestRoute("GET", f"{_CALLS}/{{call}}", read_show, answer_call),
        RestRoute("POST", f"{_CALLS}/{{call}}", read_update, answer_changed),
        RestRoute("PUT", f"{_CALLS}/{{call}}/bxml", read_bxml, answer_replaced),
    ),
    key_of=key_of,
    refusals=refusals("The call cannot be modified in its current state: "),
    error=write_error,
)
"""Bandwidth's interface."""
