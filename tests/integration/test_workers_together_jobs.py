"""Workers as programs of their own: they take jobs over, and let small ones pass."""

from __future__ import annotations

from pathlib import Path

from tests.integration.store import conftest
from tests.integration.workers_together import found

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.separate import Recipe

server_url = conftest.server_url
migrated = conftest.migrated
database_url = conftest.database_url

SPEED = 40.0
SMALL, LARGE = "synthetic/small", "synthetic/large"
UNEQUAL = Recipe(users=6_000, stars=240_000, repositories=20_000, subjects={SMALL: 250, LARGE: 5_000})


async def test_a_killed_workers_job_is_taken_over(database_url: str, tmp_path: Path) -> None:
    """Another worker goes on where a killed one was: nothing is asked again save its call in flight."""
    async with found(database_url, tmp_path, UNEQUAL, Behaviour(speed=SPEED)) as firm:
        firm.hire(2)
        job = await firm.ask(SMALL)
        killed = await firm.at_work(3)
        firm.kill(killed)
        ended = await firm.ended(job)
        assert await firm.neighbours(ended) == firm.sandbox.truth(SMALL)
        before, after = firm.asked(killed), firm.asked(1 - killed)
        last = before[-1].call
        received = {one.page for one in before if one.call < last}
        assert after
        assert not received & {one.page for one in after}
        assert firm.sandbox.overspent() == []


async def test_a_small_job_does_not_wait_behind_a_large_one(database_url: str, tmp_path: Path) -> None:
    """Of the calls between a small job's start and end, at least half are its own."""
    async with found(database_url, tmp_path, UNEQUAL, Behaviour(speed=SPEED)) as firm:
        firm.hire(2)
        large = await firm.ask(LARGE)
        first = await firm.at_work(4)
        small = await firm.ask(SMALL)
        ended = await firm.ended(small)
        still = await firm.jobs.find(large.id)
        assert still is not None
        assert still.finished_at is None
        begun_at, ended_at = firm.sandbox_moment(ended.started_at), firm.sandbox_moment(ended.finished_at)
        calls = [call for call in firm.sandbox.calls() if begun_at <= call.at <= ended_at]
        own = {one.call for one in firm.asked(1 - first)}
        print(f"{len(own)} of {len(calls)} calls are the small job's")
        assert len(calls) <= 2 * len(own) + 2
        assert firm.sandbox.overspent() == []
