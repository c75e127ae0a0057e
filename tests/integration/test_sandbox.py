"""The sandbox behind a real socket, asked with a real client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec
import pytest

from stargazer.sandbox import (
    NOW_HEADER,
    SECONDS_HEADER,
    SERVERS,
    Behaviour,
    Fault,
    Faults,
    Graph,
    Recipe,
    Redirect,
    Sandbox,
    SeparateSandbox,
    Server,
    serve,
    synthetic_graph,
)

STARTED_AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
VIEWER = "{ viewer { login } rateLimit { remaining resetAt } }"
PAGE = """query ($id: ID!, $after: String) { node(id: $id) { ... on User { starredRepositories(first: 100,
    after: $after, orderBy: {field: STARRED_AT, direction: DESC}) { totalCount
      pageInfo { hasNextPage endCursor } edges { starredAt node { nameWithOwner } } } } } }"""


@pytest.fixture
def graph() -> Graph:
    """A small graph made by hand."""
    return Graph.from_lists({"ada": ["o/a", "o/b"], "bob": ["o/a"]})


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with a token."""
    async with aiohttp.ClientSession(headers={"Authorization": "bearer any"}) as session:
        yield session


async def ask(
    client: aiohttp.ClientSession, url: str, query: str = VIEWER, **variables: Any
) -> tuple[dict[str, Any], aiohttp.ClientResponse]:
    """Send a query; return the payload and the response."""
    async with client.post(url, json={"query": query, "variables": variables}) as response:
        return await response.json(), response


async def test_a_whole_list_over_http(client: aiohttp.ClientSession) -> None:
    """Every star of a long list arrives once, newest first, and nobody overspends."""
    graph = synthetic_graph(users=1_000, stars=30_000, repositories=9_000, subjects={"x/s": 20})
    longest = max(graph.stargazers_of("x/s"), key=lambda login: len(graph.starred_by(login)))
    found: list[str] = []
    async with Sandbox(graph) as sandbox:
        after = None
        while True:
            variables = {"id": graph.user_id(longest), "after": after}
            payload, _ = await ask(client, sandbox.url, PAGE, **variables)
            page = payload["data"]["node"]["starredRepositories"]
            found += [edge["node"]["nameWithOwner"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]

    assert found == graph.starred_by(longest)[::-1]
    assert len(found) == page["totalCount"]
    assert sandbox.totals.points == sandbox.totals.calls == -(-len(found) // 100)
    assert sandbox.totals.nodes == len(found)
    assert sandbox.overspent == []


async def test_a_virtual_clock_adds_up_the_seconds_of_calls(
    client: aiohttp.ClientSession, graph: Graph
) -> None:
    """Each answer tells its seconds; the clock and the `Date` header move by them and nothing else."""
    async with Sandbox(graph) as sandbox:
        _, response = await ask(client, sandbox.url)
        await ask(client, sandbox.url)
        spent = sum(call.seconds for call in sandbox.record)

        assert float(response.headers[SECONDS_HEADER]) == pytest.approx(sandbox.record[0].seconds, abs=1e-6)
        assert sandbox.clock.now() == STARTED_AT + timedelta(seconds=spent)
        assert sandbox.record[1].at == STARTED_AT + timedelta(seconds=sandbox.record[0].seconds)
        assert parsedate_to_datetime(response.headers["Date"]) == STARTED_AT


async def test_a_caller_moves_the_virtual_clock(client: aiohttp.ClientSession, graph: Graph) -> None:
    """A wait is told in `Sandbox-Now`, and windows end by it."""
    async with Sandbox(graph, Behaviour(points_per_hour=1)) as sandbox:
        payload, _ = await ask(client, sandbox.url)
        reset_at = payload["data"]["rateLimit"]["resetAt"]
        refused, _ = await ask(client, sandbox.url)
        client.headers[NOW_HEADER] = reset_at
        payload, _ = await ask(client, sandbox.url)

    assert "data" not in refused
    assert payload["data"]["rateLimit"]["remaining"] == 0
    assert sandbox.record[2].at == datetime.fromisoformat(reset_at)


async def test_a_real_clock_sleeps_and_is_scaled(client: aiohttp.ClientSession, graph: Graph) -> None:
    """At 100 times GitHub's pace a call of two seconds takes twenty milliseconds."""
    behaviour = Behaviour(speed=100.0, server=Server(base_seconds=2.0, jitter=0.0))
    async with Sandbox(graph, behaviour) as sandbox:
        began = asyncio.get_running_loop().time()
        _, response = await ask(client, sandbox.url, "{ viewer { login } }")
        took = asyncio.get_running_loop().time() - began

    assert response.headers[SECONDS_HEADER] == "2.000000"
    assert 0.02 <= took < 0.5
    assert abs(sandbox.record[0].at - datetime.now(UTC)) < timedelta(minutes=2)


async def test_calls_at_once_are_in_flight_together(client: aiohttp.ClientSession, graph: Graph) -> None:
    """Two calls sent at one moment overlap, and that is recorded."""
    client.headers[NOW_HEADER] = "2026-11-24T12:00:00Z"
    async with Sandbox(graph) as sandbox:
        await asyncio.gather(ask(client, sandbox.url), ask(client, sandbox.url))

    assert [call.in_flight for call in sandbox.record] == [1, 2]
    assert [violation.rule for violation in sandbox.overspent] == ["one-in-flight"]


async def test_faults_on_the_wire(client: aiohttp.ClientSession, graph: Graph) -> None:
    """A reset, a body that is cut, one that is no JSON, and nginx's page."""
    script = {1: Fault.RESET, 2: Fault.TRUNCATED, 3: Fault.GARBLED, 4: Fault.BAD_GATEWAY}
    async with Sandbox(graph, Behaviour(faults=Faults(script=script))) as sandbox:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await ask(client, sandbox.url)
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask(client, sandbox.url)
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            await ask(client, sandbox.url)
        async with client.post(sandbox.url, json={"query": VIEWER}) as response:
            assert response.status == 502
            assert response.content_type == "text/html"
            assert SECONDS_HEADER in response.headers
            assert "x-ratelimit-remaining" not in response.headers
        payload, _ = await ask(client, sandbox.url)

    assert payload["data"]["rateLimit"]["remaining"] == 4_995
    assert [call.status for call in sandbox.record] == [0, 200, 200, 502, 200]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects(client: aiohttp.ClientSession, graph: Graph, status: int) -> None:
    """The second call is the one that is answered, wherever it was sent."""
    faults = Faults(redirects={1: Redirect(status=status, location="/graphql")})
    async with Sandbox(graph, Behaviour(faults=faults)) as sandbox:
        async with client.post(sandbox.url, json={"query": VIEWER}, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (status, "/graphql")
        payload, _ = await ask(client, sandbox.url)

    assert "viewer" in payload["data"]


async def test_gzip_is_off_unless_asked_for(client: aiohttp.ClientSession, graph: Graph) -> None:
    """Compression costs time; both sides must want it."""
    for wanted in (False, True):
        async with Sandbox(graph, Behaviour(gzip=wanted)) as sandbox:
            query = "{" + " ".join(f"v{n}: viewer {{ login }}" for n in range(50)) + "}"
            _, response = await ask(client, sandbox.url, query)

        assert ("Content-Encoding" in response.headers) is wanted


async def test_other_paths_are_not_found(client: aiohttp.ClientSession, graph: Graph) -> None:
    """Only the endpoint, GitHub's or Enterprise's, is served."""
    async with Sandbox(graph) as sandbox:
        for path, status in (("/", 404), ("/api/v3", 404), ("/api/graphql", 200)):
            async with client.post(sandbox.url.replace("/graphql", path), json={"query": VIEWER}) as response:
                assert response.status == status
        async with client.get(sandbox.url) as response:
            assert response.status == 404


async def test_record_truth_and_reset_over_http(client: aiohttp.ClientSession, graph: Graph) -> None:
    """Another process can ask for all that this one sees, and begin anew."""
    async with Sandbox(graph) as sandbox:
        root = sandbox.url.removesuffix("/graphql")
        await ask(client, sandbox.url)
        async with client.get(f"{root}/sandbox/record?calls=1") as response:
            shown = await response.json()
        async with client.get(f"{root}/sandbox/truth?name=o/a") as response:
            truth = await response.json()
        async with client.get(f"{root}/sandbox/truth?name=no/where") as response:
            assert response.status == 404
        behaviour = msgspec.json.encode(Behaviour(points_per_hour=7, server=SERVERS["tightening"]))
        async with client.post(f"{root}/sandbox/reset", data=behaviour) as response:
            assert response.status == 200
        payload, _ = await ask(client, sandbox.url)
        async with client.post(f"{root}/sandbox/reset", data=b"nonsense") as response:
            assert response.status == 400

    assert shown["totals"]["calls"] == len(shown["calls"]) == 1
    assert shown["overspent"] == []
    assert truth == {"o/b": ["ada"]}
    assert payload["data"]["rateLimit"]["remaining"] == 6
    assert sandbox.behaviour.server == SERVERS["tightening"]


async def test_a_chosen_port_and_a_task_that_is_cancelled(
    client: aiohttp.ClientSession, graph: Graph
) -> None:
    """It listens on the port that was chosen, which is free again afterwards."""
    async with Sandbox(graph) as probe:
        port = int(probe.url.rpartition(":")[2].partition("/")[0])
    task = asyncio.create_task(serve(graph, Behaviour(enterprise=True), port=port))
    payload = None
    while payload is None:
        try:
            payload, _ = await ask(client, f"http://127.0.0.1:{port}/graphql")
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0)
    task.cancel()

    assert payload["data"]["rateLimit"] is None
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(client, f"http://127.0.0.1:{port}/graphql")


async def test_a_sandbox_in_a_process_of_its_own(client: aiohttp.ClientSession) -> None:
    """It holds the same graph as one made here, tells what it was asked, and ends when it is left."""
    recipe = Recipe(users=200, stars=2_000, repositories=500, subjects={"x/s": 20})
    graph = recipe.make()
    with SeparateSandbox(recipe, Behaviour(points_per_hour=99)) as sandbox:
        await ask(client, sandbox.url)
        truth = sandbox.truth("x/s")
        totals, calls, overspent = sandbox.totals(), sandbox.calls(), sandbox.overspent()
        sandbox.reset(Behaviour(points_per_hour=5))
        payload, _ = await ask(client, sandbox.url)

    assert truth == graph.truth("x/s")
    assert (totals.calls, len(calls), overspent) == (1, 1, [])
    assert payload["data"]["rateLimit"]["remaining"] == 4
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(client, sandbox.url)
