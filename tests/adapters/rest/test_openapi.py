from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.adapters.rest.world import World

Described = dict[str, Any]


@pytest.fixture
async def described(client: aiohttp.ClientSession) -> Described:
    async with client.get("/openapi.json") as response:
        assert response.status == 200
        found: Described = await response.json()
        return found


async def test_it_is_valid(described: Described) -> None:
    assert described["openapi"] == "3.1.0"
    assert described["info"]["version"] == "1.2.3"
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []


async def test_every_route_is_described_and_nothing_else(described: Described) -> None:
    assert {(method, path) for path, item in described["paths"].items() for method in item} == {
        ("get", "/v1/calls"),
        ("get", "/v1/calls/{call}"),
        ("post", "/v1/calls/{call}/refer"),
        ("get", "/v1/transfers"),
        ("get", "/v1/transfers/stream"),
        ("get", "/v1/transfers/{transfer}"),
        ("get", "/openapi.json"),
    }


async def test_models_go_by_their_plain_names(described: Described) -> None:
    names = set(described["components"]["schemas"])
    assert {"Call", "Transfer", "Problem", "Refer", "Begun", "Outcome", "Missed"} <= names
    assert not [name for name in names if name.endswith(("Model", "Body", "Query"))]


async def test_every_error_is_a_problem(described: Described) -> None:
    for item in described["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}


async def test_an_error_has_all_of_its_parts(described: Described) -> None:
    problem = described["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == set(problem["properties"]) == {"type", "message", "field"}


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/v1/calls", {200, 400, 401, 403, 429, 500}),
        ("get", "/v1/calls/{call}", {200, 400, 401, 403, 404, 429, 500, 503}),
        ("get", "/v1/transfers", {200, 400, 401, 403, 429, 500, 503}),
        ("get", "/openapi.json", {200, 400, 401, 403, 429, 500}),
        (
            "post",
            "/v1/calls/{call}/refer",
            {202, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503, 504},
        ),
    ],
)
async def test_every_answer_is_described(
    described: Described, method: str, path: str, statuses: set[int]
) -> None:
    responses = described["paths"][path][method]["responses"]
    assert {int(status) for status in responses} == statuses
    assert "WWW-Authenticate" in responses["401"]["headers"]
    assert "Retry-After" in responses["429"]["headers"]


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
        ("code", {"type": "integer", "minimum": 100, "maximum": 699}),
        ("open", {"type": "boolean"}),
        (
            "since",
            {
                "anyOf": [
                    {"type": "string", "format": "date-time"},
                    {"type": "string", "format": "date"},
                ]
            },
        ),
        ("outcome", {"$ref": "#/components/schemas/Outcome"}),
    ],
)
async def test_a_parameter_is_described_as_it_is_read(
    described: Described, name: str, schema: dict[str, Any]
) -> None:
    parameters = described["paths"]["/v1/transfers"]["get"]["parameters"]
    (found,) = (each["schema"] for each in parameters if each["name"] == name)
    assert found == schema


async def test_the_stream_alone_lets_a_browser_in(described: Described) -> None:
    told = {
        path: operation.get("security")
        for path, item in described["paths"].items()
        for operation in item.values()
    }
    assert told.pop("/v1/transfers/stream") == [{"operator": []}, {"browser": []}]
    assert set(told.values()) == {None}
    assert described["components"]["securitySchemes"]["browser"]["in"] == "cookie"


async def test_it_is_the_operators(world: World, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{world.url}/openapi.json", headers={"Authorization": ""}) as response:
        assert response.status == 401
