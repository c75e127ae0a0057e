"""Workers as programs that are killed, stopped and cut off from their database.

Run as a program, this file is a worker whose jobs count in a table instead of asking GitHub.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from stargazer.errors import RepositoryNotFound
from stargazer.planner.step import Progress
from stargazer.runner import SystemClock
from stargazer.store import embedded
from stargazer.store.database import Database
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import Job, State
from stargazer.store.ledger_bell import Bell
from stargazer.worker import Chore, work

ENDPOINT_URL = "https://api.github.com/graphql"
LEASE_SECONDS = 2.0

TOY = "CREATE TABLE toy_step (repository text, worker int, at timestamptz DEFAULT clock_timestamp())"
STEP = "INSERT INTO toy_step (repository, worker) VALUES ($1, $2)"
STEPS = "SELECT count(*) FROM toy_step WHERE repository = $1"


class ToyWork:
    """Counts in a table; the name of the repository says what befalls it.

    `owner/long` never ends by itself, `owner/deadly` kills its worker, `owner/gone`
    does not exist, and the others take ten steps.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    async def __call__(
        self, job: Job, on_progress: Callable[[Progress], None], stopping: asyncio.Event
    ) -> UUID | None:
        async with self.database.connection() as connection:
            done: int = await connection.fetchval(STEPS, job.repository)
        while done < 10 or job.repository == "owner/long":
            if stopping.is_set():
                return None
            async with self.database.connection() as connection:
                await connection.execute(STEP, job.repository, os.getpid())
            done += 1
            on_progress(Progress(job.repository, done, 10, done, done, done, 1.0, 1.0))
            self.befall(job.repository)
            await asyncio.sleep(0.05)
        return uuid4()

    @staticmethod
    def befall(repository: str) -> None:
        if repository == "owner/deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        if repository == "owner/gone":
            raise RepositoryNotFound(repository)
        if repository == "owner/wrong":
            raise LookupError(repository)


async def run(dsn: str, concurrency: int) -> None:
    """Be a worker until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Database.open(dsn, ENDPOINT_URL) as database:
        await work(
            database,
            ToyWork(database),
            clock=SystemClock(),
            concurrency=concurrency,
            stop=stop,
            lease_seconds=LEASE_SECONDS,
        )


class Firm:
    """A database and the workers that were started on it."""

    def __init__(self, url: str, database: Database, jobs: Jobs, user: int) -> None:
        self.url = url
        self.database = database
        self.jobs = jobs
        self.user = user
        self.workers: list[subprocess.Popen[bytes]] = []

    def hire(self, count: int = 1, *, concurrency: int = 1) -> list[subprocess.Popen[bytes]]:
        arguments = [sys.executable, __file__, self.url, str(concurrency)]
        hired = [subprocess.Popen(arguments) for _ in range(count)]  # noqa: S603
        self.workers += hired
        return hired

    async def ask(self, repository: str) -> Job:
        return await self.jobs.ask(repository, self.user, "key")

    async def state(self, job: Job) -> Job:
        stored = await self.jobs.find(job.id)
        assert stored is not None
        return stored

    async def steps(self, repository: str) -> int:
        async with self.database.connection() as connection:
            counted: int = await connection.fetchval(STEPS, repository)
        return counted

    async def stepping(self, repository: str, more_than: int = 0) -> None:
        """Wait until a job has made more steps than so many."""
        async with asyncio.timeout(30):
            while await self.steps(repository) <= more_than:  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.01)

    async def holder(self, repository: str) -> subprocess.Popen[bytes]:
        """The worker that made a job's last step."""
        async with self.database.connection() as connection:
            pid = await connection.fetchval(
                "SELECT worker FROM toy_step WHERE repository = $1 ORDER BY at DESC LIMIT 1", repository
            )
        return next(worker for worker in self.workers if worker.pid == pid)

    async def ended(self, job: Job) -> Job:
        """Wait for a job's end."""
        async with asyncio.timeout(30):
            return [state async for state in self.jobs.watch(job.id)][-1]


@pytest.fixture
async def firm(database_url: str) -> AsyncIterator[Firm]:
    async with Database.open(database_url, ENDPOINT_URL) as database, Bell.open(database) as bell:
        async with database.connection() as connection:
            await connection.execute(TOY)
            user = await connection.fetchval(
                "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U', 'u') RETURNING id",
                database.endpoint,
            )
        opened = Firm(database_url, database, Jobs(database, bell, lease_seconds=LEASE_SECONDS), user)
        yield opened
        for worker in opened.workers:
            worker.kill()
            worker.wait()


async def test_a_killed_worker_is_replaced(firm: Firm) -> None:
    """Another worker takes up what a killed one was doing, where it left off."""
    firm.hire(2)
    job = await firm.ask("owner/r1")
    await firm.stepping("owner/r1", 3)
    killed = await firm.holder("owner/r1")
    killed.kill()
    begun = time.monotonic()
    ended = await firm.ended(job)
    assert ended.state is State.DONE
    assert await firm.steps("owner/r1") == 10
    assert (await firm.holder("owner/r1")).pid != killed.pid
    assert time.monotonic() - begun < LEASE_SECONDS + 5


async def test_a_job_that_kills_three_workers_fails(firm: Firm) -> None:
    """A deadly job ends with that reason, and its workers' successor lives."""
    job = await firm.ask("owner/deadly")
    firm.hire(4)
    ended = await firm.ended(job)
    assert ended.state is State.FAILED
    assert ended.problem is not None
    assert "3 workers died" in ended.problem.detail
    assert [worker.poll() for worker in firm.workers].count(None) == 1
    assert await firm.steps("owner/deadly") == 3


async def test_four_workers_do_eight_jobs_once_each(firm: Firm) -> None:
    """Every job is done, none twice, and all workers have a part in it."""
    firm.hire(4)
    asked = [await firm.ask(f"owner/r{number}") for number in range(8)]
    for job in asked:
        assert (await firm.ended(job)).state is State.DONE
    async with firm.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT repository, count(*) AS steps, count(DISTINCT worker) AS workers FROM toy_step GROUP BY 1"
        )
    assert [(row["steps"], row["workers"]) for row in rows] == [(10, 1)] * 8


async def test_a_cancelled_job_stops_within_a_second(firm: Firm) -> None:
    """When nobody is left who asked, the work ends, and its worker takes the next job."""
    firm.hire()
    job = await firm.ask("owner/long")
    await firm.stepping("owner/long", 2)
    begun = time.monotonic()
    await firm.jobs.withdraw(job.id, "key")
    following = await firm.ask("owner/next")
    await firm.stepping("owner/next")
    assert time.monotonic() - begun < 1
    steps = await firm.steps("owner/long")
    assert (await firm.ended(following)).state is State.DONE
    assert await firm.steps("owner/long") == steps


async def test_a_worker_that_is_told_to_stop_hands_its_jobs_back(firm: Firm) -> None:
    """SIGTERM ends it within five seconds with nothing lost and no attempt counted."""
    [worker] = firm.hire(concurrency=2)
    jobs = [await firm.ask("owner/long"), await firm.ask("owner/r1")]
    await firm.stepping("owner/long", 1)
    await firm.stepping("owner/r1", 1)
    begun = time.monotonic()
    worker.terminate()
    assert await asyncio.to_thread(worker.wait) == 0
    assert time.monotonic() - begun < 5
    for job in jobs:
        stored = await firm.state(job)
        assert (stored.state, stored.attempts) == (State.QUEUED, 0)
    firm.hire(concurrency=2)
    assert (await firm.ended(jobs[1])).state is State.DONE
    assert await firm.steps("owner/r1") == 10


@pytest.mark.parametrize(
    ("repository", "code"), [("owner/gone", "repository-not-found"), ("owner/wrong", "internal-error")]
)
async def test_what_a_job_raises_becomes_its_problem(firm: Firm, repository: str, code: str) -> None:
    """An error with a name is told; one without is a mistake of ours, and the worker lives on."""
    stop = asyncio.Event()
    working = asyncio.create_task(
        work(firm.database, ToyWork(firm.database), clock=SystemClock(), concurrency=1, stop=stop)
    )
    ended = await firm.ended(await firm.ask(repository))
    assert ended.state is State.FAILED
    assert ended.problem is not None
    assert ended.problem.code == code
    assert repository not in ended.problem.detail or code != "internal-error"
    assert (await firm.ended(await firm.ask("owner/r1"))).state is State.DONE
    stop.set()
    await working


async def test_chores_are_done_once_for_all_workers(firm: Firm) -> None:
    """Three workers clean once; a chore that fails does no harm."""
    cleaned: list[int] = []
    failed: list[int] = []

    async def clean() -> None:
        cleaned.append(1)

    async def fail() -> None:
        failed.append(1)
        raise RepositoryNotFound("owner/r1")

    chores = [Chore("fail", timedelta(hours=1), fail), Chore("clean", timedelta(hours=1), clean)]
    stop = asyncio.Event()
    toy = ToyWork(firm.database)
    working = [
        asyncio.create_task(
            work(firm.database, toy, clock=SystemClock(), concurrency=1, stop=stop, chores=chores)
        )
        for _ in range(3)
    ]
    async with asyncio.timeout(10):
        while not cleaned:  # noqa: ASYNC110 - the chore sets nothing
            await asyncio.sleep(0.01)
    await firm.ended(await firm.ask("owner/r1"))
    stop.set()
    await asyncio.gather(*working)
    assert (len(cleaned), len(failed)) == (1, 1)


async def test_a_worker_outlives_its_database() -> None:
    """When PostgreSQL is killed in mid-job the worker waits, goes on, and nothing committed is lost."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        # The server of a run by root belongs to another user, who has to get here.
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - a moment
        data = Path(folder) / "data"
        async with embedded.attach(data) as server:
            await _outlive(server, data)


def _postgres(data: Path) -> int:
    """The number of the running server."""
    return int(next(data.rglob("postmaster.pid")).read_text().split()[0])


async def _outlive(server: embedded.Server, data: Path) -> None:
    async with Database.open(server.dsn, ENDPOINT_URL) as database, Bell.open(database) as bell:
        async with database.connection() as connection:
            await connection.execute(TOY)
            user = await connection.fetchval(
                "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U', 'u') RETURNING id",
                database.endpoint,
            )
        firm = Firm(server.dsn, database, Jobs(database, bell), user)
        [worker] = firm.hire()
        try:
            job = await firm.ask("owner/r1")
            await firm.stepping("owner/r1", 2)
            os.kill(_postgres(data), signal.SIGKILL)
            await server.ensure()
            await firm.stepping("owner/r1", 9)
            async with asyncio.timeout(20):
                while (await firm.state(job)).state is not State.DONE:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert await firm.steps("owner/r1") == 10
            assert worker.poll() is None
        finally:
            worker.kill()
            worker.wait()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
