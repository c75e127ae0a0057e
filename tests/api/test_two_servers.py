"""Two servers on one database are one service."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.api.api_world import ONE, Served

from stargazer.runner import SystemClock
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Keys, NewKey
from stargazer.store.quota_state import minute_of

QUOTA, BLOCK = 40, 2
PATH = f"/repos/{ONE}/starneighbours"


async def make(served: Served, name: str) -> str:
    """Make a key with a small quota, and return it."""
    text = make_key_text()
    wanted = NewKey(name=name, requests_per_minute=QUOTA)
    await Keys(served.backend.service.database).create(wanted, text, SystemClock().now())
    return text


async def status_of(served: Served, key: str, path: str = "/jobs") -> int:
    async with served.http.get(path, headers={"X-API-Key": key}) as response:
        return response.status


async def test_they_share_quotas(idle: Served) -> None:
    """A key that asks both gets its quota once, to within a block for each."""
    async with idle.twin() as twin:
        for attempt in range(10):
            key = await make(idle, f"key{attempt}")
            begun = minute_of(SystemClock().now())
            asked = [status_of(one, key) for one in (idle, twin) for _ in range(QUOTA)]
            statuses = Counter(await asyncio.gather(*asked))
            if minute_of(SystemClock().now()) == begun:
                break
        assert set(statuses) == {200, 429}
        assert QUOTA - 2 * BLOCK <= statuses[200] <= QUOTA + 2 * BLOCK


async def test_they_share_jobs_and_answers(served: Served) -> None:
    """Whoever asks whichever of them gets the same answer, from one job."""
    async with served.twin() as twin:
        first, second = await asyncio.gather(served.http.get(PATH), twin.http.get(PATH))
        assert (first.status, second.status) == (200, 200)
        assert await first.json() == await second.json()
        assert first.headers["ETag"] == second.headers["ETag"]
        async with twin.http.get("/jobs") as response:
            assert len(await response.json()) == 1


async def test_a_key_that_is_revoked_stops_at_both(idle: Served) -> None:
    """It had opened both a moment before."""
    key = await make(idle, "ci")
    async with idle.twin() as twin:
        assert [await status_of(one, key) for one in (idle, twin)] == [200, 200]
        await Keys(idle.backend.service.database).revoke("ci", SystemClock().now())
        async with asyncio.timeout(60):
            while [await status_of(one, key) for one in (idle, twin)] != [401, 401]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
