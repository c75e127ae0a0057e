"""Workers as programs of their own, with one PostgreSQL and one simulated GitHub between them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.store import conftest
from tests.integration.workers_together import Firm, found

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.separate import Recipe
from stargazer.store.jobs_states import Job

server_url = conftest.server_url
migrated = conftest.migrated
database_url = conftest.database_url

SPEED = 60.0
SUBJECTS = {f"synthetic/s{number}": 100 for number in range(8)}
RECIPE = Recipe(users=4_000, stars=160_000, repositories=20_000, subjects=SUBJECTS)
TIGHT = Behaviour(speed=SPEED, points_per_hour=50, window_seconds=120.0)


async def check_answers(firm: Firm, jobs: list[Job]) -> None:
    """Every job is done, and its answer is what brute force finds."""
    for job in jobs:
        ended = await firm.ended(job)
        assert ended.attempts <= 2
        assert await firm.neighbours(ended) == firm.sandbox.truth(job.repository)


@pytest.mark.parametrize("killed", [False, True])
async def test_workers_of_one_credential_never_overspend(
    database_url: str, tmp_path: Path, killed: bool
) -> None:
    """Four workers keep to 50 points a window and to one call in flight, even when one dies in a call."""
    async with found(database_url, tmp_path, RECIPE, TIGHT) as firm:
        firm.hire(4)
        jobs = [await firm.ask(name) for name in list(SUBJECTS)[:5]]
        if killed:
            firm.kill(await firm.at_work(2))
        await check_answers(firm, jobs)
        calls = firm.sandbox.calls()
        assert firm.sandbox.overspent() == []
        assert max(call.in_flight for call in calls) == 1
        assert sum(call.points for call in calls) > 0
        assert not [call for call in calls if call.outcome == "primary-limit"]
