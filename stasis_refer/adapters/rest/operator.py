"""The operator's interface: ``/v1`` and ``/openapi.json``."""

import json
from typing import Any

from aiohttp import web

from stasis_refer.adapters.rest.calls import Calls
from stasis_refer.adapters.rest.endpoints import Endpoint, Good
from stasis_refer.adapters.rest.guard import Guard
from stasis_refer.adapters.rest.openapi import document
from stasis_refer.adapters.rest.queries import Nothing
from stasis_refer.adapters.rest.stream import Stream
from stasis_refer.adapters.rest.transfers import Transfers


class OperatorRest:
    """What the operator may ask, behind ``guard``."""

    def __init__(
        self, guard: Guard, calls: Calls, transfers: Transfers, stream: Stream, version: str
    ) -> None:
        self._guard = guard
        self._endpoints: tuple[Endpoint[Any], ...] = (
            *calls.endpoints,
            *stream.endpoints,  # first: it has a place of its own among the transfers
            *transfers.endpoints,
            Endpoint(
                "GET",
                "/openapi.json",
                "describe",
                "This description.",
                Nothing,
                self._describe,
                Good("The description, as OpenAPI 3.1."),
            ),
        )
        self._document = json.dumps(document(self._endpoints, version))

    @property
    def routes(self) -> tuple[web.RouteDef, ...]:
        """The routes of all endpoints."""
        return tuple(each.route(self._guard) for each in self._endpoints)

    async def _describe(self, _: web.Request, __: Nothing) -> web.Response:
        return web.Response(text=self._document, content_type="application/json")
