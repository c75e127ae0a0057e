"""Jobs in PostgreSQL: what those who ask and those who work can rely on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from stargazer.errors import BudgetExhausted, InvalidRequest, RepositoryNotFound
from stargazer.planner.budget import Budget
from stargazer.planner.step import Progress
from stargazer.store.database import Database
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import TRANSITIONS, Job, JobProblem, State, Taken, retry_at
from stargazer.store.ledger_bell import Bell

NAME = "pallets/flask"


def now() -> datetime:
    return datetime.now(UTC)


def progress(read: int, *, waiting_until: datetime | None = None) -> Progress:
    return Progress(NAME, read, 100, read, 1, 1, 2.5, 10.0, waiting_until)


@pytest.fixture
async def user(database: Database) -> int:
    found: int = await database.pool.fetchval(
        "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U_1', 'octocat') RETURNING id",
        database.endpoint,
    )
    return found


@pytest.fixture
async def jobs(database: Database) -> AsyncIterator[Jobs]:
    async with Bell.open(database) as bell:
        yield Jobs(database, bell, lease_seconds=0.1)


async def take(jobs: Jobs) -> Taken:
    taken = await jobs.take()
    assert taken is not None
    return taken


async def found(jobs: Jobs, job: Job) -> Job:
    stored = await jobs.find(job.id)
    assert stored is not None
    return stored


async def lease_over(database: Database) -> None:
    await database.pool.execute("UPDATE job SET lease_until = now() - interval '1 s' WHERE lease IS NOT NULL")


async def test_all_who_ask_share_one_job(jobs: Jobs, user: int) -> None:
    """One job is under way for a repository and a credential, whoever asks and however it is spelt."""
    asked = await asyncio.gather(
        *(
            jobs.ask(name, user, f"key-{number % 5}")
            for number, name in enumerate([NAME, "Pallets/Flask"] * 10)
        )
    )
    assert len({job.id for job in asked}) == 1
    assert asked[0].state is State.QUEUED
    assert [job.id for job in await jobs.subscribed("key-3")] == [asked[0].id]


async def test_a_name_that_is_none_is_refused(jobs: Jobs, user: int) -> None:
    """Nothing is asked for what cannot be a repository."""
    with pytest.raises(InvalidRequest):
        await jobs.ask("flask", user, "key")


async def test_a_job_is_cancelled_when_nobody_is_left(jobs: Jobs, user: int) -> None:
    """Whoever withdraws leaves the others their job; the last one ends it, and its worker loses it."""
    job = await jobs.ask(NAME, user, "one")
    await jobs.ask(NAME, user, "two")
    taken = await take(jobs)
    left = await jobs.withdraw(job.id, "one")
    assert left is not None
    assert left.state is State.RUNNING
    ended = await jobs.withdraw(job.id, "two")
    assert ended is not None
    assert ended.state is State.CANCELLED
    assert not await jobs.renew(taken, progress(1))
    assert not await jobs.done(taken, uuid4())
    assert (await found(jobs, job)).state is State.CANCELLED
    assert (await jobs.ask(NAME, user, "three")).id != job.id


async def test_withdrawing_from_an_unknown_job_is_no_error(jobs: Jobs) -> None:
    """There is simply no such job."""
    assert await jobs.withdraw(uuid4(), "one") is None


async def test_a_failed_job_is_answered_for_a_while(jobs: Jobs, database: Database, user: int) -> None:
    """Its problem is told with its facts until its moment comes; then a new job is made."""
    job = await jobs.ask(NAME, user, "one")
    problem = JobProblem.of(RepositoryNotFound(NAME))
    assert await jobs.fail(await take(jobs), problem, now())
    again = await jobs.ask(NAME, user, "two")
    assert (again.id, again.state, again.problem) == (job.id, State.FAILED, problem)
    assert again.retry_at is not None
    await database.pool.execute("UPDATE job SET retry_at = now() - interval '1 s'")
    assert (await jobs.ask(NAME, user, "two")).id != job.id


def test_an_error_that_says_until_when_is_told_until_then() -> None:
    """The moment of the error goes before the usual one."""
    until = now() + timedelta(hours=2)
    assert retry_at(JobProblem.of(BudgetExhausted(until)), now()) == until


async def test_a_job_is_had_by_one_worker(jobs: Jobs, user: int) -> None:
    """Of many that take at once each gets another job, and nobody gets a second time what is held."""
    for number in range(4):
        await jobs.ask(f"owner/r{number}", user, "key")
    jobs._lease = timedelta(minutes=1)
    taken = await asyncio.gather(*(jobs.take() for _ in range(8)))
    ids = [one.job.id for one in taken if one is not None]
    assert len(ids) == len(set(ids)) == 4


async def test_a_worker_takes_only_what_it_has_the_credentials_for(
    jobs: Jobs, database: Database, user: int
) -> None:
    """Jobs of other users wait, however long, and get in nobody's way."""
    other = await database.pool.fetchval(
        "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U_2', 'hubot') RETURNING id",
        database.endpoint,
    )
    theirs = await jobs.ask(NAME, other, "key")
    ours = await jobs.ask(NAME, user, "key")
    taken = await jobs.take([user])
    assert taken is not None
    assert taken.job.id == ours.id
    assert await jobs.take([user]) is None
    assert (await take(jobs)).job.id == theirs.id


async def test_a_job_reads_as_new_as_the_strictest_needs(jobs: Jobs, user: int) -> None:
    """While no worker has it, each who asks may ask for younger lists; nobody makes it laxer."""
    at = now()
    ages = [None, timedelta(hours=2), timedelta(hours=1), timedelta(hours=3)]
    asked = [await jobs.ask(NAME, user, "key", max_age=age, now=at) for age in ages]
    assert [job.max_age_seconds for job in asked] == [None, 7200, 3600, 3600]
    assert asked[-1].newer_than == at - timedelta(hours=1)
    taken = await take(jobs)
    assert (taken.job.max_age_seconds, taken.job.newer_than) == (3600, asked[-1].newer_than)
    again = await jobs.ask(NAME, user, "key", max_age=timedelta(0))
    assert (again.id, again.max_age_seconds) == (taken.job.id, 3600)


async def test_a_budget_that_was_too_small_holds_nobody_up_who_gives_more(jobs: Jobs, user: int) -> None:
    """The same budget is told the same; another one is a new job."""
    small, large = Budget(points=5), Budget(points=50)
    job = await jobs.ask(NAME, user, "key", budget=small)
    assert await jobs.fail(await take(jobs), JobProblem("budget-too-small", "too small"), now())
    assert (await jobs.ask(NAME, user, "key", budget=small)).id == job.id
    assert (await jobs.ask(NAME, user, "key", budget=large)).id != job.id


async def test_a_job_whose_workers_die_fails_at_the_third(jobs: Jobs, database: Database, user: int) -> None:
    """The attempts are counted before the work starts, and the reason is told."""
    job = await jobs.ask(NAME, user, "key")
    for attempt in (1, 2, 3):
        assert (await take(jobs)).job.attempts == attempt
        await lease_over(database)
    assert await jobs.take() is None
    ended = await found(jobs, job)
    assert ended.state is State.FAILED
    assert ended.problem is not None
    assert "3 workers died" in ended.problem.detail


async def test_a_job_that_comes_further_is_no_poison(jobs: Jobs, database: Database, user: int) -> None:
    """However many workers are killed, a job that each of them brought further goes on."""
    await jobs.ask(NAME, user, "key")
    for attempt in range(1, 8):
        taken = await take(jobs)
        assert taken.job.attempts <= 2
        assert await jobs.renew(taken, progress(attempt))
        await lease_over(database)


async def test_handing_back_costs_no_attempt(jobs: Jobs, user: int) -> None:
    """A worker that stops gives its job to the next as if it had not had it."""
    job = await jobs.ask(NAME, user, "key")
    for _ in range(5):
        assert await jobs.hand_back(await take(jobs))
    stored = await found(jobs, job)
    assert (stored.state, stored.attempts) == (State.QUEUED, 0)


async def test_a_lost_lease_changes_nothing_any_more(jobs: Jobs, database: Database, user: int) -> None:
    """A worker that was taken for gone cannot end the job that another has now."""
    await jobs.ask(NAME, user, "key")
    slow = await take(jobs)
    await lease_over(database)
    quick = await take(jobs)
    assert not await jobs.done(slow, uuid4())
    assert not await jobs.hand_back(slow)
    assert await jobs.done(quick, uuid4())


async def test_watching_shows_the_present_state_first_and_every_change(jobs: Jobs, user: int) -> None:
    """Whoever follows a job sees it as it stands, its progress, and its end."""
    answer = uuid4()
    job = await jobs.ask(NAME, user, "key", budget=Budget(points=5))
    states = jobs.watch(job.id)
    assert (await anext(states)).state is State.QUEUED
    taken = await take(jobs)
    assert (await anext(states)).state is State.RUNNING
    await jobs.renew(taken, progress(7))
    further = await anext(states)
    assert further.progress is not None
    assert further.progress.users_read == 7
    await jobs.renew(taken, progress(7, waiting_until=now()))
    assert (await anext(states)).state is State.WAITING
    await jobs.done(taken, answer)
    ended = [state async for state in states]
    assert [state.state for state in ended] == [State.DONE]
    assert (ended[0].answer, ended[0].budget) == (answer, Budget(points=5))


async def test_finished_jobs_are_cleaned(jobs: Jobs, user: int) -> None:
    """Old jobs go when they are finished, and no others."""
    await jobs.ask(NAME, user, "key")
    assert await jobs.done(await take(jobs), uuid4())
    under_way = await jobs.ask(NAME, user, "key")
    assert await jobs.clean(now() + timedelta(minutes=1)) == 1
    assert await jobs.find(under_way.id) is not None


async def test_a_chore_is_claimed_once_in_its_time(jobs: Jobs) -> None:
    """Of many workers one does it."""
    claims = await asyncio.gather(*(jobs.claim("clean", timedelta(hours=1)) for _ in range(6)))
    assert sum(claims) == 1
    assert await jobs.claim("clean", timedelta(0))


@pytest.mark.parametrize("state", list(State))
async def test_the_table_accepts_no_change_that_the_states_forbid(
    state: State, jobs: Jobs, database: Database, user: int
) -> None:
    """From each state, only what the table of transitions allows can be reached."""
    job = await jobs.ask(NAME, user, "key")
    lease = uuid4()
    ended = "finished_at = now()"
    set_up: dict[State, str] = {
        State.RUNNING: "lease = $2, lease_until = 'infinity'",
        State.WAITING: "lease = $2, lease_until = 'infinity'",
        State.DONE: f"{ended}, answer = $2",
        State.FAILED: f"{ended}, problem = '{{}}', answer = nullif($2::uuid, $2)",
        State.CANCELLED: f"{ended}, answer = nullif($2::uuid, $2)",
    }
    if state in set_up:
        await database.pool.execute(
            f"UPDATE job SET state = '{state}', {set_up[state]} WHERE id = $1",  # noqa: S608
            job.id,
            lease,
        )
    changes: dict[State, Any] = {
        State.QUEUED: lambda taken: jobs.hand_back(taken),
        State.DONE: lambda taken: jobs.done(taken, uuid4()),
        State.FAILED: lambda taken: jobs.fail(taken, JobProblem("x", "x"), now()),
    }
    for target, change in changes.items():
        if target not in TRANSITIONS[state]:
            assert not await change(Taken(job, lease))
            after = await database.pool.fetchval("SELECT state FROM job WHERE id = $1", job.id)
            assert after == state
