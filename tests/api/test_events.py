"""`GET /jobs/{id}/events`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from tests.api.api_world import KEY, ONE, Served, serving

from stargazer.planner.order import place_of
from stargazer.sandbox import Behaviour, Stargazers, synthetic_graph
from stargazer.service.look import look


async def events_of(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """Read a stream as the specification says: the name and the data of each event."""
    name, data = "message", ""
    async for line in response.content:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data += value
        elif not field and data:
            yield name, json.loads(data)
            name, data = "message", ""


async def ask(served: Served) -> str:
    """Ask for a job and return its path."""
    async with served.http.get(f"/repos/{ONE}/starneighbours", headers={"Prefer": "wait=0"}) as response:
        assert response.status == 202
        return response.headers["Location"]


async def test_a_job_is_followed_from_now_to_its_end(idle: Served) -> None:
    """The state of this moment comes first, the end last; each event carries the whole job."""
    path = await ask(idle)
    async with idle.http.get(f"{path}/events", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert "Content-Encoding" not in response.headers
        events = events_of(response)
        name, job = await anext(events)
        assert (name, job["state"]) == ("progress", "queued")
        async with idle.working():
            rest = [event async for event in events]

    name, job = rest[-1]
    assert (name, job["state"], job["progress"]["users_read"]) == ("done", "done", 60)
    assert {name for name, _ in rest} <= {"progress", "look", "done"}


async def test_whoever_comes_back_gets_the_state_of_then(served: Served) -> None:
    """A finished job is one event; a browser that has had it is told not to come again."""
    path = await ask(served)
    for _ in range(2):
        async with served.http.get(f"{path}/events") as response:
            events = [event async for event in events_of(response)]
    assert [name for name, _ in events] == ["done"]
    async with served.http.get(f"{path}/events", headers={"Last-Event-ID": "end"}) as response:
        assert response.status == 204


async def test_a_failed_job_tells_its_problem(database_url: str) -> None:
    """Its last event is `failed`, with a problem as every other."""
    graph = synthetic_graph(users=50, stars=500, repositories=100, subjects={ONE: 10})
    behaviour = Behaviour(stargazers=Stargazers.EMPTY)
    async with serving(database_url, graph, behaviour) as served:
        async with served.http.post("/jobs", json={"repositories": [ONE]}) as response:
            [job] = await response.json()
        async with served.http.get(f"/jobs/{job['id']}/events") as response:
            *_, (name, job) = [event async for event in events_of(response)]

    assert (name, job["problem"]["type"]) == ("failed", "/problems/stargazers-restricted")
    assert job["problem"]["instance"] == f"/jobs/{job['id']}"


async def test_the_answer_so_far_is_looked_at(database_url: str) -> None:
    """While lists are read, the ten closest of those that are stored are shown, marked unfinished."""
    graph = synthetic_graph(users=600, stars=60_000, repositories=6_000, subjects={ONE: 400})
    async with serving(database_url, graph, Behaviour(speed=20.0), is_working=False) as served:
        path = await ask(served)
        async with served.http.get(f"{path}/events") as response, served.working():
            looks = [data async for name, data in events_of(response) if name == "look"]

    assert looks
    truth = graph.truth(ONE)
    for seen in looks:
        assert seen["unfinished"] is True
        assert 0 < seen["users_counted"] <= 400
        assert 0 < len(seen["neighbours"]) <= 10
        assert all(one["shared"] <= len(truth[one["repo"]]) for one in seen["neighbours"])
    bounded = [one for seen in looks for one in seen["neighbours"] if "shared_low" in one]
    assert all(one["shared"] <= one["shared_low"] <= one["shared_high"] <= 400 for one in bounded)


async def test_looks_say_how_far_off_they_are(served: Served) -> None:
    """Where the list is whole and was read in order, each count has bounds, which hold when all is read."""
    async with served.http.get(f"/repos/{ONE}/starneighbours?names=0&per_page=1000") as response:
        answer = {one["repo"]: one["shared"] for one in await response.json()}
    service = served.backend.service
    known = await service.repositories.named(ONE)
    assert known is not None
    async with service.database.connection() as connection:
        [user] = [row["id"] for row in await connection.fetch("SELECT id FROM credential_user")]

    found = await look(service, ONE, user)

    assert found is not None
    for one in found.neighbours:
        assert one.shared_low == one.shared == one.shared_high == answer[one.repo]

    # As if a third of the lists, the last ones in order, were still to be read.
    async with service.database.connection() as connection:
        users = await connection.fetch(
            "SELECT number, node_id FROM github_user JOIN star_list ON user_number = number"
        )
        ordered = sorted(users, key=lambda user: place_of(user["node_id"], 0))
        unread = [user["number"] for user in ordered[40:]]
        await connection.execute("DELETE FROM star_list WHERE user_number = ANY($1::int[])", unread)

    found = await look(service, ONE, user)

    assert found is not None
    assert 38 <= found.users_counted <= 40
    for one in found.neighbours:
        assert isinstance(one.shared_low, int)
        assert isinstance(one.shared_high, int)
        assert one.shared <= one.shared_low <= answer[one.repo] <= one.shared_high <= 60
    assert any(one.shared_low != one.shared_high for one in found.neighbours)


async def test_streams_end_when_the_service_stops(idle: Served) -> None:
    """Nobody is waited for: streams end at once and whole."""
    path = await ask(idle)

    async def follow(http: aiohttp.ClientSession) -> None:
        async with http.get(f"{path}/events") as response:
            opened.release()
            await response.read()

    opened = asyncio.Semaphore(0)
    async with aiohttp.ClientSession(
        idle.url, headers={"X-API-Key": KEY}, connector=aiohttp.TCPConnector(limit=0)
    ) as http:
        streams = [asyncio.create_task(follow(http)) for _ in range(100)]
        for _ in streams:
            await opened.acquire()
        before = idle.backend.service.database.pool.get_size()
        idle.backend.stopping.set()
        await asyncio.gather(*streams)
    assert before <= 8
