"""Quotas that several servers share, and what is counted, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from tests.integration.store.conftest import ENDPOINT_URL

from stargazer.errors import QuotaExceeded, StoreUnavailable
from stargazer.planner.page import User
from stargazer.planner.step import Progress
from stargazer.runner import VirtualClock
from stargazer.store.credentials import Credentials
from stargazer.store.database import Database
from stargazer.store.jobs import Jobs
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Key, Keys, NewKey
from stargazer.store.ledger_bell import Bell
from stargazer.store.quota import Quotas
from stargazer.store.usage import Day, Usage

NOON = datetime(2026, 11, 24, 12, 0, 27, tzinfo=UTC)
LONG_AGO = date(2000, 1, 1)


async def make(database: Database, name: str = "ci", **more: int | None) -> Key:
    """Make a key."""
    return await Keys(database).create(NewKey(name=name, **more), make_key_text(), NOON)  # type: ignore[arg-type]


async def let_in(quotas: Quotas, key: Key, requests: int) -> int:
    """Send requests one after the other; returns how many were let in."""
    admitted = 0
    for _ in range(requests):
        try:
            await quotas.admit(key)
            admitted += 1
        except QuotaExceeded as refused:
            told = refused.facts["policy"], 0 < refused.retry_after_seconds <= 60
            if told != ("requests", True):
                raise
    return admitted


async def today(database: Database, name: str = "ci") -> Day:
    """What a key used on the one day of the test; of two, at midnight, their sum."""
    days = await Usage(database).days(name, LONG_AGO)
    assert days
    sums = {field: sum(getattr(day, field) for day in days) for field in Day.__struct_fields__[2:]}
    return msgspec.structs.replace(days[0], **sums)


@pytest.mark.parametrize("quota", [1, 40])
async def test_two_servers_share_a_quota(database: Database, database_url: str, quota: int) -> None:
    """However they divide it, no more than the quota and a block each are let in, nor many fewer."""
    key = await make(database, requests_per_minute=quota)
    block = -(-quota // 20)
    clock = VirtualClock(NOON)
    async with (
        Database.open(database_url, ENDPOINT_URL) as other,
        Quotas.open(database, clock) as one,
        Quotas.open(other, clock) as two,
    ):
        admitted = await asyncio.gather(*(let_in(quotas, key, quota) for quotas in (one, two, one, two)))
        assert quota - 2 * block <= sum(admitted) <= quota + 2 * block
        clock.passed(33)
        assert await let_in(one, key, 1) == 1


async def test_one_server_lets_the_whole_quota_in(database: Database) -> None:
    """A burst of requests at once is let in to the last one, and then refused."""
    key = await make(database, requests_per_minute=200)
    async with Quotas.open(database, VirtualClock(NOON)) as quotas:
        admitted = await asyncio.gather(*(let_in(quotas, key, 1) for _ in range(400)))
    assert 200 <= sum(admitted) <= 210


async def test_time_is_the_databases_unless_told(database: Database) -> None:
    """Without a clock of its own a server lets requests in by the time of the database."""
    key = await make(database, requests_per_minute=5)
    async with Quotas.open(database) as quotas:
        await quotas.admit(key)
        assert 0 < quotas.standings(key)[0].reset_seconds <= 60


async def test_what_is_used_is_written(database: Database) -> None:
    """Requests and those not modified are added up over servers; the key knows when it was used."""
    key, idle = await make(database, requests_per_minute=None), await make(database, "idle")
    for _ in range(2):
        async with Quotas.open(database, VirtualClock(NOON)) as quotas:
            assert await let_in(quotas, key, 3) == 3
            quotas.not_modified(key)
            assert [one.policy for one in quotas.standings(key)] == ["points", "github-seconds"]
    used = await today(database)
    assert (used.key, used.requests, used.not_modified, used.jobs) == ("ci", 6, 2, 0)
    records = {one.name: one.last_used_at for one in await Keys(database).records()}
    assert records == {"ci": NOON, "idle": None}
    assert await Usage(database).days(idle.name, LONG_AGO) == []


async def test_what_cannot_be_written_is_kept(database: Database, database_url: str) -> None:
    """While the database is away usage is remembered, and known keys are let in within a block."""
    key = await make(database, requests_per_minute=600)
    async with Database.open(database_url, ENDPOINT_URL) as other:
        quotas = Quotas(other, VirtualClock(NOON))
        await quotas.admit(key)
        await quotas.flush()
        pool, other.pool = other.pool, Gone()  # type: ignore[assignment]
        assert await let_in(quotas, key, 5) == 5
        with pytest.raises(StoreUnavailable):
            await quotas.flush()
        other.pool = pool
        await quotas.flush()
    assert (await today(database)).requests == 6


class Gone:
    """A pool whose server does not answer."""

    def acquire(self) -> None:
        raise ConnectionRefusedError


@pytest.fixture
async def jobs(database: Database) -> AsyncIterator[Jobs]:
    async with Bell.open(database) as bell:
        yield Jobs(database, bell)


async def asked(database: Database, jobs: Jobs, *names: str) -> UUID:
    """Ask for a repository in the name of each."""
    user = await Credentials(database).remember(b"ada", User("U_ada", 1, "ada"), NOON)
    ids = {(await jobs.ask("o/seed", user, name)).id for name in names}
    (only,) = ids
    return only


def spent(points: int, seconds: float) -> Progress:
    """A run's progress that says what it spent."""
    return Progress("o/seed", 0, None, 0, points, points, seconds, None)


async def test_a_job_is_charged_as_it_spends(database: Database, jobs: Jobs) -> None:
    """Who has wanted a job longest pays, for every worker's reading; who withdrew pays no more."""
    for name in ("ci", "cd"):
        await make(database, name)
    job = await asked(database, jobs, "nobody", "ci", "cd", "ci")
    taken = await jobs.take()
    assert taken is not None
    for points, seconds in ((3, 4.0), (3, 4.0), (5, 6.5)):
        assert await jobs.renew(taken, spent(points, seconds))
    assert await jobs.hand_back(taken)
    again = await jobs.take()
    assert again is not None
    assert await jobs.renew(again, spent(7, 1.0))
    await jobs.withdraw(job, "ci")
    assert await jobs.renew(again, spent(9, 2.0))
    assert await jobs.done(again, UUID(int=1))

    first, second = await today(database), await today(database, "cd")
    assert (first.jobs, first.points, first.github_seconds) == (1, 12.0, 7.5)
    assert (second.jobs, second.points, second.github_seconds) == (1, 2.0, 1.0)


async def test_jobs_of_a_key_over_its_day_wait(database: Database, jobs: Jobs) -> None:
    """Nobody takes them until the next day, or until somebody wants them who can pay, and then does."""
    await make(database, points_per_day=5)
    await make(database, "cd")
    user = await Credentials(database).remember(b"ada", User("U_ada", 1, "ada"), NOON)
    for name in ("o/one", "o/two"):
        await jobs.ask(name, user, "ci")
    taken = await jobs.take()
    assert taken is not None
    await jobs.renew(taken, spent(5, 1.0))
    await jobs.hand_back(taken)

    assert await jobs.take() is None

    await jobs.ask("o/two", user, "cd")
    second = await jobs.take()
    assert second is not None
    assert second.job.repository == "o/two"
    await jobs.renew(second, spent(3, 2.0))
    assert ((await today(database)).points, (await today(database, "cd")).points) == (5.0, 3.0)
    async with database.connection() as connection:
        await connection.execute("UPDATE api_key_day SET day = day - 1")
    first = await jobs.take()
    assert first is not None
    assert first.job.repository == "o/one"


async def test_a_key_over_its_day_starts_no_job(database: Database, jobs: Jobs) -> None:
    """Its requests are let in as ever, so that it reads what is stored."""
    key = await make(database, points_per_day=5)
    async with Quotas.open(database) as quotas:
        await quotas.check_job(key)
        await asked(database, jobs, "ci")
        taken = await jobs.take()
        assert taken is not None
        await jobs.renew(taken, spent(5, 1.0))

        with pytest.raises(QuotaExceeded) as refused:
            await quotas.check_job(key)
        assert refused.value.facts["policy"] == "points"
        assert 0 < refused.value.retry_after_seconds <= timedelta(days=1).total_seconds()
        await quotas.admit(key)
        assert {one.policy: one.remaining for one in quotas.standings(key)}["points"] == 0
