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


async def test_it_is_the_operators(world: World, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{world.url}/openapi.json", headers={"Authorization": ""}) as response:
        assert response.status == 401
