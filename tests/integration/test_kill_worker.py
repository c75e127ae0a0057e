"""Workers are killed with -9 in the middle of a run: the next goes on with what is stored."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.integration.store import conftest
from tests.integration.workers_together import Asked, Firm, found

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.separate import Recipe
from stargazer.store.jobs_states import ATTEMPTS_AT_MOST, Job

server_url = conftest.server_url
migrated = conftest.migrated
database_url = conftest.database_url

SUBJECT = "synthetic/much-starred"
STARGAZERS = 5_000
KILLS = 20
RECIPE = Recipe(users=STARGAZERS, stars=60_000, repositories=5_000, subjects={SUBJECT: STARGAZERS})
"""Twelve stars a user: short lists, so that twenty workers have time to die of one run."""

SPEED = 12.0
DELAY_SECONDS = 0.4
"""A call takes some 0.2 s at this speed, and what it brought is written in a tenth of that."""

SEEDS = range(int(os.environ.get("STARGAZER_KILL_SEEDS", "1")))
"""Each seed kills at other moments; the environment asks for more of them."""

Page: TypeAlias = tuple[str, str, str | None]
"""Of which list, from which end, and where it begins."""

EXPIRE = "UPDATE job SET lease_until = clock_timestamp() WHERE id = $1 AND lease IS NOT NULL"
"""The others need not wait until a killed worker's lease runs out."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_and_only_calls_in_flight_are_repeated(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    """After twenty kills the answer is exact, and no page was asked for again whose reply was written."""
    moments = random.Random(seed)  # noqa: S311 - no secret
    async with found(database_url, tmp_path, RECIPE, Behaviour(speed=SPEED)) as firm:
        firm.hire(2)
        await firm.ready()
        job = await firm.ask(SUBJECT)
        order: list[int] = []
        for _ in range(KILLS):
            worker = await at_work(firm)
            order.append(worker)
            await asyncio.sleep(moments.uniform(0.0, DELAY_SECONDS))
            await come_further(firm, job)
            firm.kill(worker)
            await firm.database.pool.execute(EXPIRE, job.id)
            firm.hire()
        ended = await firm.ended(job)
        assert await firm.neighbours(ended) == firm.sandbox.truth(SUBJECT)
        check_repeated([firm.asked(worker) for worker in [*order, await at_work(firm)]])
        assert firm.sandbox.overspent() == []


async def at_work(firm: Firm) -> int:
    """Wait until one of the workers that live has sent a call; returns its number."""
    async with asyncio.timeout(300):
        while True:
            for number, worker in enumerate(firm.workers):
                if worker.poll() is None and firm.asked(number):
                    return number
            await asyncio.sleep(0.01)


async def come_further(firm: Firm, job: Job) -> None:
    """Let a job that has killed two workers in a row come further before the third: else it fails."""
    async with asyncio.timeout(300):
        while True:
            now = await firm.jobs.find(job.id)
            assert now is not None
            if now.attempts < ATTEMPTS_AT_MOST:
                return
            await asyncio.sleep(0.01)


def check_repeated(asked_by_each: list[list[Asked]]) -> None:
    """Whatever was asked for twice was in flight when the worker that asked first was killed."""
    known: set[Page] = set()
    answered: set[Page] = set()
    lost = repeated = 0
    for asked in asked_by_each:
        pages = {one.page for one in asked}
        in_flight = {one.page for one in asked if one.call == asked[-1].call}
        assert len(pages) == len(asked)
        assert not answered & pages
        repeated += len(known & pages)
        lost += len(in_flight)
        known |= pages
        answered |= pages - in_flight
    assert 0 < repeated <= lost
