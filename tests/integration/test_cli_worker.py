"""`stargazer worker` as a program of its own, on a real database."""

from __future__ import annotations

import asyncio
import json
import signal
import uuid
from collections.abc import Generator

import pytest
from tests.integration.cli_world import (
    TOKEN,
    Console,
    database_server,
    finish,
    fresh_database,
    serving,
    star_graph,
    start,
)

from stargazer.planner.page import User
from stargazer.runner import SystemClock
from stargazer.sandbox import Sandbox
from stargazer.service import Service
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import Job, State
from stargazer.store.ledger_bell import Bell


@pytest.fixture
def database() -> Generator[str]:
    with database_server() as server, fresh_database(server) as url:
        yield url


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


async def asked_and_ended(dsn: str, endpoint: str, *users: User) -> list[Job]:
    """Ask for `o/seed` as each of *users*, then as the token's own, whose job's end is waited for."""
    async with Database.open(dsn, endpoint) as database, Bell.open(database) as bell:
        service, jobs = Service(database, SystemClock()), Jobs(database, bell)
        own = None
        while own is None:
            own = await service.credentials.find(fingerprint(TOKEN))
            await asyncio.sleep(0.01)
        numbers = []
        for user in users:
            moment = service.clock.now()
            numbers.append(await service.credentials.remember(fingerprint(user.login), user, moment))
        asked = [(await jobs.ask("o/seed", number, "test")).id for number in numbers]
        own_job = await ended(jobs, (await jobs.ask("o/seed", own, "test")).id)
        return [own_job, *[job for one in asked if (job := await jobs.find(one)) is not None]]


async def ended(jobs: Jobs, job_id: uuid.UUID) -> Job:
    """Watch a job to its end."""
    async with asyncio.timeout(30):
        while True:
            job = await jobs.find(job_id)
            if job is not None and job.state in (State.DONE, State.FAILED):
                return job
            await asyncio.sleep(0.02)


def test_a_worker_carries_jobs_out_until_it_is_told_to_stop(
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    sandbox: Sandbox,
) -> None:
    """A job becomes the answer that `neighbours` prints; another user's job waits; SIGTERM ends it with 0."""
    environment = {"STARGAZER_DATABASE_URL": database}
    worker = start("worker", at=sandbox, environment=environment)
    try:
        own, others = asyncio.run(asked_and_ended(database, sandbox.url, User("U_other", 7, "other")))
    finally:
        worker.send_signal(signal.SIGTERM)
        ran = finish(worker)
    assert (ran.exit_code, ran.out) == (0, b"")
    # A line about details may stand beside it.
    [line] = [one for one in map(json.loads, ran.lines) if one["event"].startswith("job.")]
    assert (line["event"], line["job"], line["state"]) == ("job.ended", str(own.id), "done")
    assert line["users_read"] == 3
    assert (own.state, others.state) == (State.DONE, State.QUEUED)
    console = Console(capsysbinary, monkeypatch)
    console.use_store(**environment)
    exported = console.run("export", "o/seed", at=sandbox)
    alone = console.run("neighbours", "o/seed", "--no-store", "--format", "csv", at=sandbox)
    assert exported == alone
