"""Workers as programs of their own, with one PostgreSQL and one simulated GitHub between them."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.integration.store import conftest
from tests.integration.workers_together import Firm, found

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.record import CallRecord
from stargazer.sandbox.separate import Recipe
from stargazer.store.jobs_states import Job

server_url = conftest.server_url
migrated = conftest.migrated
database_url = conftest.database_url

SPEED = 60.0
SUBJECTS = {f"synthetic/s{number}": 100 for number in range(8)}
RECIPE = Recipe(users=4_000, stars=160_000, repositories=20_000, subjects=SUBJECTS)
LIMIT, USED, WINDOW_SECONDS = 50, 42, 600.0
TIGHT = Behaviour(speed=SPEED, points_per_hour=LIMIT, points_used=USED, window_seconds=WINDOW_SECONDS)
"""Eight points are left of the first window, which is far too few: everybody has to wait for the next."""


async def check_answers(firm: Firm, jobs: list[Job]) -> None:
    """Every job is done, and its answer is what brute force finds."""
    for job in jobs:
        ended = await firm.ended(job)
        assert ended.attempts <= 2
        assert await firm.neighbours(ended) == firm.sandbox.truth(job.repository)


def spent_by_window(calls: list[CallRecord]) -> list[int]:
    """The points that were charged in the first window and in the next."""
    next_at = calls[0].at + timedelta(seconds=WINDOW_SECONDS)
    first = sum(call.points for call in calls if call.at < next_at)
    return [first, sum(call.points for call in calls) - first]


@pytest.mark.parametrize("dies_in_call", [None, 2])
async def test_workers_of_one_credential_never_overspend(
    database_url: str, tmp_path: Path, dies_in_call: int | None
) -> None:
    """Four workers spend no more than a window has left, even when one dies with points booked, and go on."""
    async with found(database_url, tmp_path, RECIPE, TIGHT) as firm:
        firm.hire(1, dies_in_call=dies_in_call)
        firm.hire(3)
        await firm.ready()
        # The window is to begin now, however long the workers took to start.
        now = firm.epoch.sandbox_moment(datetime.now(UTC))
        firm.sandbox.reset(msgspec.structs.replace(TIGHT, started_at=now))
        jobs = [await firm.ask(name) for name in list(SUBJECTS)[:5]]
        await check_answers(firm, jobs)
        calls = firm.sandbox.calls()
        died = -signal.SIGKILL if dies_in_call else None
        assert [worker.poll() for worker in firm.workers] == [died, None, None, None]
        assert firm.sandbox.overspent() == []
        assert max(call.in_flight for call in calls) == 1
        assert not [call for call in calls if call.outcome == "primary-limit"]
        first, later = spent_by_window(calls)
        assert 0 < first <= LIMIT - USED
        assert 0 < later <= LIMIT
