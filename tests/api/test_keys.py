"""Who may ask the service, and how much."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from tests.api.api_world import ADMIN_KEY, COUNTS_KEY, KEY, ONE, Served

from stargazer.runner import SystemClock
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Keys, NewKey

TEXT = make_key_text(b"\7" * 32)

PATH = f"/repos/{ONE}/starneighbours"


async def ask(served: Served, path: str = "/jobs", **headers: str) -> tuple[int, Any, Any]:
    """Ask with these headers and no others; returns the status, the headers and what came."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession(served.url) as http, http.get(path, headers=fields) as response:
        body = await response.read()
        return response.status, response.headers, json.loads(body) if body else None


async def make(served: Served, **wanted: Any) -> None:
    """Make the key of `TEXT`."""
    database = served.backend.service.database
    await Keys(database).create(NewKey(name="ci", **wanted), TEXT, SystemClock().now())


async def test_a_key_is_needed(idle: Served) -> None:
    """Each thing that is wrong with it has its own word, and 401 says how to show one."""
    long_ago = SystemClock().now() - timedelta(days=1)
    await make(idle, expires_at=long_ago)
    mistyped = KEY[:-1] + ("a" if KEY[-1] != "a" else "b")
    for shown, code in (
        ({}, "key-missing"),
        ({"X_API_Key": " "}, "key-missing"),
        ({"X_API_Key": "é"}, "key-invalid"),
        ({"X_API_Key": mistyped}, "key-invalid"),
        ({"X_API_Key": make_key_text()}, "key-invalid"),
        ({"X_API_Key": TEXT}, "key-expired"),
        ({"Authorization": f"Bearer {KEY}"}, "key-missing"),
    ):
        status, headers, told = await ask(idle, **shown)
        assert (status, told["type"]) == (401, f"/problems/{code}")
        assert headers["WWW-Authenticate"].startswith("ApiKey ")
        assert "RateLimit" not in headers
        assert KEY not in str(told)
    assert (await ask(idle, X_API_Key=KEY))[0] == 200
    assert (await ask(idle, x_api_key=KEY))[0] == 200


@pytest.mark.parametrize(
    "query", [f"key={KEY}", f"x={KEY[:30]}", "api_key=1", "page=1&X-API-Key=", "%73gz_" + KEY[4:]]
)
async def test_a_key_in_the_address_is_refused(idle: Served, query: str) -> None:
    """Though it be the right one, and another is in the header; it is not repeated."""
    status, _, told = await ask(idle, f"/jobs?{query}", X_API_Key=KEY)
    assert (status, told["type"]) == (400, "/problems/invalid-request")
    assert "X-API-Key" in told["detail"]
    assert KEY[4:30] not in str(told)


async def test_a_scope_is_needed(idle: Served) -> None:
    """A key may do what its scopes say, and is told which one is missing."""
    await make(idle, scopes=["names"])
    status, headers, told = await ask(idle, "/budget", X_API_Key=TEXT)
    assert (status, told["type"], told["scope"]) == (403, "/problems/scope-missing", "neighbours")
    assert "RateLimit" in headers
    status, _, told = await ask(idle, "/metrics", X_API_Key=COUNTS_KEY)
    assert (status, told["scope"]) == (403, "admin")
    async with idle.http.get("/metrics", headers={"X-API-Key": ADMIN_KEY}) as response:
        assert response.status == 200


async def test_requests_have_a_quota(idle: Served) -> None:
    """Every answer tells where the key stands; too many requests are told when to come back."""
    await make(idle, requests_per_minute=2, github_seconds_per_day=None)
    policy = '"requests";q=2;w=60, "points";q=10000;w=86400'
    statuses = []
    for _ in range(7):
        status, headers, told = await ask(idle, X_API_Key=TEXT)
        statuses.append(status)
        assert headers["RateLimit-Policy"] == policy
        assert re.fullmatch(r'"requests";r=[0-2];t=\d+, "points";r=10000;t=\d+', headers["RateLimit"])
        if status == 429:
            assert told["type"] == "/problems/quota-exceeded"
            assert told["policy"] == "requests"
            assert 1 <= int(headers["Retry-After"]) <= 60
            assert '"requests";r=0;' in headers["RateLimit"]
    # A minute may begin meanwhile, and a block is let in on credit.
    assert statuses[:2] == [200, 200]
    assert 429 in statuses
    status, headers, _ = await ask(idle, X_API_Key=KEY)
    assert (status, "RateLimit" in headers) == (200, False)


async def test_usage_is_told(served: Served) -> None:
    """A key sees its scopes, its quotas, and what it used: requests, 304s, jobs and what they cost."""
    await make(served)
    status, headers, _ = await ask(served, PATH, X_API_Key=TEXT)
    assert status == 200
    assert (await ask(served, PATH, X_API_Key=TEXT, If_None_Match=headers["ETag"]))[0] == 304
    await served.backend.quotas.flush()

    status, _, told = await ask(served, "/usage?days=2", X_API_Key=TEXT)

    assert (status, told["key"], told["scopes"]) == (200, "ci", ["neighbours", "names", "jobs"])
    assert [one["policy"] for one in told["quotas"]] == ["requests", "points", "github-seconds"]
    used = {name: sum(day[name] for day in told["days"]) for name in told["days"][0] if name != "day"}
    assert used.pop("points") >= 1
    assert used.pop("github_seconds") > 0
    assert used == {"requests": 2, "not_modified": 1, "jobs": 1}
    assert (await ask(served, "/usage?days=0", X_API_Key=TEXT))[0] == 400


async def test_a_key_over_its_day_reads_what_is_stored(served: Served) -> None:
    """It starts no jobs, neither by asking for what is not there nor by ordering them."""
    await make(served, points_per_day=1)
    assert (await ask(served, PATH, X_API_Key=TEXT))[0] == 200
    assert (await ask(served, PATH, X_API_Key=TEXT))[0] == 200
    path = "/repos/synthetic/two/starneighbours"
    status, headers, told = await ask(served, path, X_API_Key=TEXT)
    assert (status, told["policy"]) == (429, "points")
    assert int(headers["Retry-After"]) > 0
    order = {"repositories": ["synthetic/two"]}
    async with served.http.post("/jobs", json=order, headers={"X-API-Key": TEXT}) as response:
        assert response.status == 429


async def test_a_key_over_its_day_joins_jobs(idle: Served) -> None:
    """What is under way already costs it nothing; what is not would."""
    await make(idle, points_per_day=5)
    async with idle.backend.service.database.connection() as connection:
        await connection.execute(
            "INSERT INTO api_key_day (endpoint, key_number, day, points) SELECT endpoint, number, "
            "(clock_timestamp() AT TIME ZONE 'UTC')::date + n, 5 FROM api_key, generate_series(0, 1) AS n "
            "WHERE name = 'ci'"
        )
    one, both = {"repositories": [ONE]}, {"repositories": [ONE, "synthetic/two"]}
    shown = {"X-API-Key": TEXT}
    async with idle.http.post("/jobs", json=one, headers=shown) as response:
        assert response.status == 429
    async with idle.http.post("/jobs", json=one) as response:
        assert response.status == 202
    async with idle.http.post("/jobs", json=both, headers=shown) as response:
        assert response.status == 429
    async with idle.http.post("/jobs", json=one, headers=shown) as response:
        assert response.status == 202
    assert (await ask(idle, PATH, X_API_Key=TEXT, Prefer="wait=0"))[0] == 202


async def test_a_revoked_key_is_refused(idle: Served) -> None:
    """Soon after it was revoked, though it was used just before."""
    await make(idle)
    assert (await ask(idle, X_API_Key=TEXT))[0] == 200
    await Keys(idle.backend.service.database).revoke("ci", SystemClock().now())
    await idle.backend.keys.look()
    assert (await ask(idle, X_API_Key=TEXT))[0] == 401
