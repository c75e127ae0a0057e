"""`/jobs`, `/jobs/{id}` and `/budget`."""

from __future__ import annotations

import uuid
from typing import Any

from tests.api.api_world import COUNTS_KEY, ONE, TWO, Served

MEMBERS = [
    "id",
    "repository",
    "state",
    "created_at",
    "started_at",
    "finished_at",
    "progress",
    "problem",
    "answer",
]
PROGRESS = [
    "stargazers_listed",
    "stargazers_total",
    "users_read",
    "points",
    "github_seconds",
    "eta_seconds",
    "waiting_until",
]


async def start(served: Served, *repositories: str, **more: Any) -> list[dict[str, Any]]:
    """Ask for jobs."""
    async with served.http.post("/jobs", json={"repositories": repositories, **more}) as response:
        assert response.status == 202
        jobs: list[dict[str, Any]] = await response.json()
        return jobs


async def test_a_job_has_the_published_members(idle: Served) -> None:
    """A job looks the same wherever it is shown, before it begins and when it is done."""
    [job] = await start(idle, ONE)

    assert list(job) == MEMBERS
    assert list(job["progress"]) == PROGRESS
    assert (job["state"], job["started_at"], job["progress"]["users_read"]) == ("queued", None, 0)
    async with idle.http.get(f"/jobs/{job['id']}") as response:
        assert await response.json() == job
        assert int(response.headers["Retry-After"]) >= 1
    async with idle.working(), idle.http.get(f"/jobs/{job['id']}/events") as events:
        await events.read()
    async with idle.http.get(f"/jobs/{job['id']}") as response:
        done = await response.json()
        assert "Retry-After" not in response.headers
    assert list(done) == MEMBERS
    assert list(done["progress"]) == PROGRESS
    assert (done["state"], done["progress"]["users_read"], done["problem"]) == ("done", 60, None)
    async with idle.http.get(f"/repos/{ONE}/starneighbours?answer={done['answer']}") as response:
        assert response.status == 200


async def test_jobs_that_were_asked_for_are_listed(idle: Served) -> None:
    """Each key lists what it asked for, the latest first; asking twice is asking once."""
    first = await start(idle, ONE)
    both = await start(idle, TWO, ONE, ONE)

    assert [job["repository"] for job in both] == [TWO, ONE]
    assert both[1]["id"] == first[0]["id"]
    async with idle.http.get("/jobs") as response:
        assert [job["id"] for job in await response.json()] == [both[0]["id"], both[1]["id"]]
    async with idle.http.get("/jobs", headers={"X-API-Key": COUNTS_KEY}) as response:
        assert await response.json() == []


async def test_a_job_stops_when_nobody_is_left(idle: Served) -> None:
    """Whoever withdraws is gone from the job; the last one cancels it."""
    [job] = await start(idle, ONE)
    path, other = f"/jobs/{job['id']}", {"X-API-Key": COUNTS_KEY}
    async with idle.http.post("/jobs", json={"repositories": [ONE]}, headers=other) as response:
        assert response.status == 202

    async with idle.http.delete(path) as response:
        assert (response.status, (await response.json())["state"]) == (200, "queued")
    async with idle.http.get("/jobs") as response:
        assert await response.json() == []
    async with idle.http.delete(path, headers=other) as response:
        assert (response.status, (await response.json())["state"]) == (200, "cancelled")
    async with idle.http.get(f"{path}/events") as events:
        assert b"event: cancelled" in await events.read()


async def test_there_is_no_such_job(idle: Served) -> None:
    """An id that is none, or nobody's, is the same."""
    nobodys = str(uuid.UUID(int=7))
    for job in ("x", nobodys, nobodys.replace("-", "")):
        for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/events")]:
            async with idle.http.request(method, f"/jobs/{job}{path}") as response:
                problem = await response.json()
                assert (response.status, problem["type"]) == (404, "/problems/job-not-found")


async def test_whoever_asks_with_options_is_told_the_methods(idle: Served) -> None:
    """All of them, and HEAD wherever there is a GET."""
    for path, methods in {
        "/jobs": "GET, HEAD, OPTIONS, POST",
        f"/jobs/{uuid.UUID(int=7)}": "DELETE, GET, HEAD, OPTIONS",
        "/budget": "GET, HEAD, OPTIONS",
    }.items():
        async with idle.http.options(path) as response:
            assert (response.status, response.headers["Allow"]) == (204, methods)


async def test_a_job_of_another_credential_is_none(idle: Served) -> None:
    """What another GitHub user's credential reads is nobody else's business."""
    stranger = await idle.stranger()
    job = await idle.backend.jobs.ask(ONE, stranger, "key")

    for method in ("GET", "DELETE"):
        async with idle.http.request(method, f"/jobs/{job.id}") as response:
            assert response.status == 404
    async with idle.http.get("/jobs") as response:
        assert await response.json() == []


REFUSED = [
    (b"", "the body"),
    (b"[]", "the body"),
    (b'{"repositories": "a/b"}', "the body"),
    (b'{"repositories": ["a/b"], "wait": 1}', "the body"),
    (b'{"repositories": []}', "repositories"),
    (b'{"repositories": [' + b", ".join([b'"a/b"'] * 101) + b"]}", "repositories"),
    (b'{"repositories": ["flask"]}', "the repository"),
    (b'{"repositories": ["a/b"], "budget": {}}', "budget"),
    (b'{"repositories": ["a/b"], "budget": {"points": 0}}', "budget.points"),
    (b'{"repositories": ["a/b"], "budget": {"points": 1.5}}', "budget.points"),
    (b'{"repositories": ["a/b"], "budget": {"points": 1, "github_seconds": null}}', "the body"),
    (b'{"repositories": ["a/b"], "budget": null}', "the body"),
    (b'{"repositories": ["a/b"], "budget": {"github_seconds": -1}}', "budget.github_seconds"),
]


async def test_what_cannot_be_ordered(idle: Served) -> None:
    """A body that is wrong starts nothing and is told what is."""
    for body, parameter in REFUSED:
        async with idle.http.post("/jobs", data=body) as response:
            problem = await response.json()
            assert (response.status, problem["parameter"]) == (400, parameter)
    async with idle.http.get("/jobs") as response:
        assert await response.json() == []


async def test_the_plan_tells_the_price(served: Served) -> None:
    """It asks one small question; what is stored costs nothing."""
    async with served.http.get(f"/repos/{ONE}/starneighbours/plan") as response:
        plan = await response.json()
    assert list(plan) == [
        "repository",
        "stargazers",
        "calls",
        "points",
        "pages",
        "nodes",
        "github_seconds",
        "seconds",
        "samples",
    ]
    assert (plan["repository"], plan["stargazers"]) == (ONE, 60)
    assert plan["points"] >= 1
    async with served.http.get(f"/repos/{ONE}/starneighbours") as response:
        assert response.status == 200
    async with served.http.get(f"/repos/{ONE}/starneighbours/plan") as response:
        assert (await response.json())["points"] == 0
    async with served.http.get("/repos/synthetic/none/starneighbours/plan") as response:
        problem = await response.json()
        assert (response.status, problem["type"]) == (404, "/problems/repository-not-found")


async def test_the_budget_is_that_of_the_credential(served: Served) -> None:
    """Before the first call nothing is known of it; then it is GitHub's word, and what we spent."""
    async with served.http.get("/budget") as response:
        before = await response.json()
    assert (before["limit"], before["spent"]["calls"]) == (None, 0)
    async with served.http.get(f"/repos/{ONE}/starneighbours") as response:
        assert response.status == 200
    async with served.http.get("/budget") as response:
        after = await response.json()

    assert after["limit"] == 5_000
    assert after["remaining"] == 5_000 - after["used"]
    assert after["used"] == served.sandbox.totals.points
    # Whose token it is was asked without a ledger: it has to be known to have one.
    assert after["spent"]["points"] == after["used"] - 1
