"""What a job does with its repository, and what becomes of it when its worker is told to stop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from tests.integration import service_world
from tests.integration.service_world import ONE, Desk, Interrupting, busy_graph, opened, quiet_graph

from stargazer.planner.budget import Budget
from stargazer.planner.coverage import Kind
from stargazer.planner.page import Call
from stargazer.planner.step import Reason, Wait
from stargazer.runner import Granted, NoLedger
from stargazer.service import JobReader
from stargazer.store.jobs_states import Job, State

database_url = service_world.database_url
migrated = service_world.migrated
server_url = service_world.server_url


NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Full(NoLedger):
    """A ledger with nothing left."""

    def __init__(self, asked: asyncio.Event) -> None:
        self._asked = asked

    async def reserve(self, call: Call, *_: object, **__: object) -> Granted | Wait:  # noqa: ARG002
        """Tell that somebody has asked, and say when to come back."""
        self._asked.set()
        return Wait(NEVER, Reason.POINTS)

    async def freed(self) -> None:
        """Never come back."""
        await asyncio.Event().wait()


async def job_of(desk: Desk, sampling: str = "") -> Job:
    wanted = await desk.wanted()
    return Job(
        id=uuid4(),
        repository=ONE,
        credential_user=wanted.credential_user,
        budget=Budget(),
        state=State.RUNNING,
        attempts=1,
        created_at=desk.clock.now(),
        sampling=sampling,
    )


async def test_a_job_reads_a_sample(database_url: str) -> None:
    """Its answer is an estimate that is complete, though most stargazers were not read."""
    async with opened(busy_graph(), database_url) as desk, desk.github() as github:
        job = await job_of(desk, "sample=60;seed=2")
        carry_out = JobReader(desk.service, lambda _: github, lambda _: NoLedger())

        made = await carry_out(job, lambda _: None, asyncio.Event())

        assert made is not None
        answer = await desk.service.answers.find(made, job.credential_user)
        assert answer is not None
        assert (answer.kind, answer.complete, answer.coverage["sample"]) == (Kind.ESTIMATE, True, 60)


async def test_a_job_that_is_told_to_stop_while_it_waits_is_handed_back(database_url: str) -> None:
    """Before anything is known of its repository nothing may be said of it."""
    stopping = asyncio.Event()
    async with opened(quiet_graph(), database_url) as desk, desk.github() as github:
        job = await job_of(desk)
        carry_out = JobReader(desk.service, lambda _: github, lambda _: Full(stopping))

        assert await carry_out(job, lambda _: None, stopping) is None


async def test_a_sample_that_is_told_to_stop_goes_on_elsewhere(database_url: str) -> None:
    """An answer that is smaller than what was asked for is no end."""
    stopping = asyncio.Event()
    async with opened(busy_graph(), database_url) as desk, desk.github() as github:
        job = await job_of(desk, "sample=100")
        transport = Interrupting(github, 6, stopping.set)
        stopped = JobReader(desk.service, lambda _: transport, lambda _: NoLedger())
        going_on = JobReader(desk.service, lambda _: github, lambda _: NoLedger())

        assert await stopped(job, lambda _: None, stopping) is None
        assert await going_on(job, lambda _: None, asyncio.Event()) is not None
