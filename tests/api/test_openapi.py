"""The OpenAPI document says what the service does, and its examples work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from tests.api.api_world import ADMIN_KEY, Served, serving

from stargazer.api import openapi_examples as examples
from stargazer.api.openapi import document
from stargazer.sandbox import synthetic_graph

DOCUMENT = document()
METHODS = ("put", "get", "post", "patch", "delete")
"""What is brought comes before it is shown."""

UNDESCRIBED = {"/docs", "/docs/{file}", "/openapi.json", "/metrics"}
"""The documentation itself, and what an operator's Prometheus reads."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation: its path, method and description."""
    for path, described in DOCUMENT["paths"].items():
        shared = described.get("parameters", [])
        for method in METHODS:
            if method in described:
                operation = described[method]
                yield path, method, {**operation, "parameters": [*shared, *operation.get("parameters", [])]}


def with_references(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that can be checked by itself."""
    return {**schema, "components": DOCUMENT["components"]}


def check(value: object, schema: dict[str, Any]) -> None:
    """See that a value is as its schema says."""
    jsonschema_rs.Draft202012Validator(with_references(schema)).validate(value)


def test_every_operation_is_described_to_the_end() -> None:
    """Summary, description, parameters with example and schema, responses with content and example."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for path, method, operation in operations():
        assert operation["summary"], (path, method)
        assert operation["description"].endswith("."), (path, method)
        for parameter in operation["parameters"]:
            assert {"description", "schema", "example"} <= parameter.keys(), parameter["name"]
            assert parameter["description"].endswith(".")
        for status, response in operation["responses"].items():
            assert response["description"], (path, status)
            for content in response.get("content", {}).values():
                assert "example" in content or "examples" in content, (path, status)


def test_every_example_fits_its_schema() -> None:
    """Those of parameters, of bodies and of answers."""
    for _, _, operation in operations():
        for parameter in operation["parameters"]:
            check(parameter["example"], parameter["schema"])
        contents = [*operation["responses"].values(), operation.get("requestBody", {})]
        for media_type, content in (pair for one in contents for pair in one.get("content", {}).items()):
            some = content.get("examples", {"": {"value": content.get("example")}})
            if "json" in media_type and "ndjson" not in media_type:
                for one in some.values():
                    check(one["value"], content["schema"])


def test_every_problem_has_an_example() -> None:
    """No code is missing, neither in the examples nor in the document."""
    assert examples.without_example() == set()


async def test_whatever_is_served_is_described(idle: Served) -> None:
    """A path that is added has to be described, and one that is gone has to go."""
    served = {route.path_format for route in idle.app.routes}

    assert served - DOCUMENT["paths"].keys() <= UNDESCRIBED
    assert DOCUMENT["paths"].keys() <= served


@pytest.fixture
async def real(database_url: str) -> Any:
    """A service that knows the repositories, the job and the answer of the examples."""
    graph = synthetic_graph(
        users=120, stars=1_500, repositories=300, subjects={examples.REPOSITORY: 30, "pallets/jinja": 20}
    )
    async with serving(database_url, graph) as served:
        async with served.http.get(f"/repos/{examples.REPOSITORY}/starneighbours") as response:
            assert response.status == 200
        await rename_rows(served)
        yield served


async def rename_rows(served: Served) -> None:
    """Give the answer and the job that are there the ids of the examples."""
    database = served.backend.service.database
    async with database.transaction() as connection:
        answer, job = (await connection.fetch("SELECT answer, id FROM job"))[0]
        for table in ("answer", "job"):
            columns = [
                row[0]
                for row in await connection.fetch(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = $1 "
                    "AND is_generated = 'NEVER' ORDER BY ordinal_position",
                    table,
                )
            ]
            values = ", ".join("$2" if name == "id" else name for name in columns)
            statement = (
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE id = $1"  # noqa: S608
            )
            old, new = (answer, examples.ANSWER) if table == "answer" else (job, examples.JOB)
            await connection.execute(statement, old, new)
        await connection.execute(
            "UPDATE answer_part SET answer = $2 WHERE answer = $1", answer, examples.ANSWER
        )
        await connection.execute("UPDATE job SET answer = $2 WHERE answer = $1", answer, examples.ANSWER)
        await connection.execute("UPDATE job_subscriber SET job = $2 WHERE job = $1", job, examples.JOB)
        await connection.execute("DELETE FROM job WHERE id = $1", job)
        await connection.execute("DELETE FROM answer WHERE id = $1", answer)


async def test_every_example_works(real: Served) -> None:
    """Each request is answered well and as described, with the example of every parameter alone."""
    for path, method, operation in operations():
        address, optional = path, []
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                address = address.replace(f"{{{parameter['name']}}}", parameter["example"])
            else:
                optional.append(parameter)
        contents = operation.get("requestBody", {}).get("content", {"": {}})
        if path == "/compare":
            # The id of what is counted for whoever asks is not known before.
            optional = [one for one in optional if one["name"] != "answer"]
        for parameter in [None, *optional]:
            for kind, bodies in contents.items():
                for body in bodies.get("examples", {"": {"value": bodies.get("example")}}).values():
                    await replay(real, method, address, operation, parameter, kind, body["value"])


def written(example: object) -> str:
    """Write a value of a query as clients do."""
    return str(example).lower() if isinstance(example, bool) else str(example)


def pairs(parameter: dict[str, Any]) -> list[tuple[str, str]]:
    """Write the example of a parameter of a query, value by value."""
    example = parameter["example"]
    values = example if isinstance(example, list) else [example]
    return [(parameter["name"], written(value)) for value in values]


async def replay(
    served: Served,
    method: str,
    address: str,
    operation: dict[str, Any],
    parameter: dict[str, Any] | None,
    kind: str,
    body: object,
) -> None:
    """Send one example and check what comes back."""
    is_query = parameter is not None and parameter["in"] == "query"
    needed = [one for one in operation["parameters"] if one["in"] == "query" and one["required"]]
    asked = needed if parameter is None or not is_query or parameter in needed else [*needed, parameter]
    query = [pair for one in asked for pair in pairs(one)]
    headers = {parameter["name"]: parameter["example"]} if parameter and not is_query else {}
    sent: dict[str, Any] = {"json": body}
    if isinstance(body, str):
        # What is no JSON is a list of stargazers, which not every key may bring.
        sent = {"data": body}
        headers |= {"Content-Type": kind}
    if "scope `import`" in operation["description"]:
        headers |= {"X-API-Key": ADMIN_KEY}
    async with (
        asyncio.timeout(60),
        served.http.request(method, address, params=query, headers=headers, **sent) as response,
    ):
        assert response.status < 300, (address, parameter, await response.text())
        described = operation["responses"][str(response.status)]
        if response.content_type == "application/json":
            check(await response.json(), described["content"]["application/json"]["schema"])
        else:
            assert response.content_type in described.get("content", {"application/octet-stream": 0})
