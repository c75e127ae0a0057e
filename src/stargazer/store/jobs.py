"""Jobs: asked for by many, carried out by one worker at a time."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from stargazer.planner.budget import Budget
from stargazer.planner.name import parse_name
from stargazer.planner.step import Progress
from stargazer.store import jobs_statements as sql
from stargazer.store.database import Database
from stargazer.store.jobs_states import (
    ATTEMPTS_AT_MOST,
    WORKER_LOST,
    Job,
    JobProblem,
    JobProgress,
    State,
    Taken,
    retry_at,
)
from stargazer.store.ledger_bell import Bell, Ear, announce

if TYPE_CHECKING:
    import asyncpg

    from stargazer.store.database import Connection

LEASE_SECONDS = 10.0
"""A worker that has not renewed its lease for so long is taken for gone."""

_LOOK_AGAIN_SECONDS = 5.0


class Jobs:
    """The jobs of one GitHub endpoint.

    Args:
        database: where they are.
        bell: tells when one of them has changed.
        lease_seconds: when a worker of which nothing is heard is taken for gone.
    """

    def __init__(self, database: Database, bell: Bell, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._database = database
        self._bell = bell
        self._endpoint = database.endpoint
        self._lease = timedelta(seconds=lease_seconds)

    # For those who ask.

    async def ask(
        self,
        repository: str,
        credential_user: int,
        subscriber: str,
        *,
        budget: Budget | None = None,
        max_age: timedelta | None = None,
        sampling: str = "",
        now: datetime | None = None,
    ) -> Job:
        """Ask for the reading of a repository: a new job, or the one that is already under way.

        A job that failed a short while ago is returned as it is until its
        `retry_at`, unless it failed for another budget. A job under way keeps
        the budget it was first asked with.

        Args:
            repository: its `owner/name`.
            credential_user: whose credential reads it.
            subscriber: who asks.
            budget: what it may spend.
            max_age: older lists do not count, however young by the usual ages. A job
                that no worker has yet obeys the strictest who asked. One that a
                worker has keeps to its own: whoever needs younger lists asks again
                when it is done.
            sampling: which sample is read, in the words of `Sampling`; empty: everybody.
            now: the moment of asking, by the clock that lists are dated by; None: by
                this machine's.

        Raises:
            InvalidRequest: *repository* is no `owner/name`.
            StoreUnavailable: the database failed; nothing was asked.
        """
        parse_name(repository)
        whose = (self._endpoint, repository, credential_user, sampling)
        allowed = _text(budget or Budget())
        ages = _ages(max_age, now or datetime.now(UTC))
        async with self._database.transaction() as connection:
            failed = await connection.fetchrow(sql.RECENTLY_FAILED, *whose, allowed)
            if failed is not None:
                return _job(failed)
            row = None
            while row is None:
                row = await connection.fetchrow(sql.MAKE, uuid.uuid4(), *whose, allowed, *ages)
                row = row or await connection.fetchrow(sql.UNDER_WAY, *whose)
            if max_age is not None:
                row = await connection.fetchrow(sql.TIGHTEN, self._endpoint, row["id"], *ages) or row
            job = _job(row)
            await connection.execute(sql.SUBSCRIBE, job.id, subscriber)
            await announce(connection, self._queue)
        return job

    async def withdraw(self, job_id: uuid.UUID, subscriber: str) -> Job | None:
        """Take back what was asked; the job is cancelled when nobody else wants it. None: no such job.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(sql.LOCK, self._endpoint, job_id)
            if row is None:
                return None
            await connection.execute(sql.WITHDRAW, job_id, subscriber)
            cancelled = await connection.fetchrow(sql.CANCEL_UNWANTED, self._endpoint, job_id)
            if cancelled is not None:
                await announce(connection, _notice(job_id))
        return _job(cancelled or row)

    async def find(self, job_id: uuid.UUID) -> Job | None:
        """Look a job up.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(sql.FIND, self._endpoint, job_id)
        return None if row is None else _job(row)

    async def pending(
        self, repository: str, credential_user: int, *, budget: Budget | None = None, sampling: str = ""
    ) -> Job | None:
        """Find what `ask` would return without making a job: one under way, or one that failed a while ago.

        Raises:
            StoreUnavailable: the database failed.
        """
        whose = (self._endpoint, repository, credential_user, sampling)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(sql.PENDING, *whose)
            row = row or await connection.fetchrow(sql.RECENTLY_FAILED, *whose, _text(budget or Budget()))
        return None if row is None else _job(row)

    async def last_done(self, repository: str, credential_user: int) -> int | None:
        """The number of the repository that the last job for a name has answered, if the answer is there.

        That is how a repository is found by a name it had once.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            number: int | None = await connection.fetchval(
                sql.LAST_DONE, self._endpoint, repository, credential_user
            )
        return number

    async def subscribed(self, subscriber: str, *, limit: int = 100) -> list[Job]:
        """List what a subscriber asked for and has not withdrawn, the latest first.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.SUBSCRIBED, self._endpoint, subscriber, limit)
        return [_job(row) for row in rows]

    async def watch(self, job_id: uuid.UUID) -> AsyncGenerator[Job]:
        """Follow a job: as it stands now, then each change, until it is finished.

        Raises:
            StoreUnavailable: the database failed.
        """
        ear, last = self.ear(job_id), None
        while True:
            ear.forget()
            job = await self.find(job_id)
            if job is None:
                return
            if job != last:
                yield job
            if job.finished:
                return
            last = job
            await ear.wait(_LOOK_AGAIN_SECONDS)

    def ear(self, job_id: uuid.UUID) -> Ear:
        """An ear for the changes of one job."""
        return self._bell.ear(_notice(job_id))

    def queue_ear(self) -> Ear:
        """An ear for jobs that wait for a worker."""
        return self._bell.ear(self._queue)

    # For workers.

    async def take(self, users: Sequence[int] | None = None) -> Taken | None:
        """Take the job that has waited longest, or one whose worker is gone.

        The attempt is counted before anything is done. A job that too many
        workers have died of is not taken again: it fails.

        Args:
            users: whose credentials the taker has; None: it can get anybody's.

        Raises:
            StoreUnavailable: the database failed.
        """
        lease = uuid.uuid4()
        async with self._database.transaction() as connection:
            lost = await connection.fetch(
                sql.FAIL_POISONOUS, self._endpoint, ATTEMPTS_AT_MOST, _text(WORKER_LOST)
            )
            for row in lost:
                await announce(connection, _notice(row["id"]))
            row = await connection.fetchrow(sql.TAKE, self._endpoint, lease, self._lease, users)
            if row is None:
                return None
            await announce(connection, _notice(row["id"]))
        return Taken(_job(row), lease)

    async def renew(self, taken: Taken, progress: Progress | None = None) -> bool:
        """Tell that a job is alive and how far it is; False when it is no longer ours.

        Raises:
            StoreUnavailable: the database failed.
        """
        if progress is None:
            return await self._change(sql.RENEW, taken, self._lease, told=False)
        shown = JobProgress.of(progress)
        state = State.WAITING if shown.waiting_until else State.RUNNING
        return await self._change(sql.PROGRESS, taken, self._lease, state, _text(shown), shown.furthest)

    async def done(self, taken: Taken, answer: uuid.UUID) -> bool:
        """Note a job's answer; False when it is no longer ours.

        Raises:
            StoreUnavailable: the database failed.
        """
        return await self._change(sql.DONE, taken, answer)

    async def fail(self, taken: Taken, problem: JobProblem, now: datetime) -> bool:
        """Note why a job failed; False when it is no longer ours.

        Raises:
            StoreUnavailable: the database failed.
        """
        return await self._change(sql.FAIL, taken, _text(problem), retry_at(problem, now) - now)

    async def hand_back(self, taken: Taken) -> bool:
        """Give a job to another worker; the attempt is not counted. False when it is no longer ours.

        Raises:
            StoreUnavailable: the database failed.
        """
        return await self._change(sql.HAND_BACK, taken, queue=True)

    async def clean(self, older_than: datetime) -> int:
        """Remove the jobs that were finished before a moment; returns how many.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            status = await connection.execute(sql.CLEAN, self._endpoint, older_than)
        return int(status.split()[-1])

    async def claim(self, chore: str, every: timedelta) -> bool:
        """Take on what has to be done from time to time; True for one worker in that time.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            claimed = await connection.fetchval(sql.CLAIM, self._endpoint, chore, every)
        return claimed is not None

    async def _change(
        self, statement: str, taken: Taken, *arguments: object, told: bool = True, queue: bool = False
    ) -> bool:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(statement, taken.job.id, taken.lease, *arguments)
            if row is None:
                return False
            await self._tell(connection, taken.job.id, told=told, queue=queue)
        return True

    async def _tell(self, connection: Connection, job_id: uuid.UUID, *, told: bool, queue: bool) -> None:
        names: Sequence[str] = [_notice(job_id)] * told + [self._queue] * queue
        for name in names:
            await announce(connection, name)

    @property
    def _queue(self) -> str:
        return f"jobs:{self._endpoint}"


def _notice(job_id: uuid.UUID) -> str:
    return f"job:{job_id}"


def _ages(max_age: timedelta | None, now: datetime) -> tuple[int | None, datetime | None]:
    """What is asked for, and the moment which that means for as long as the job lasts."""
    if max_age is None:
        return None, None
    return int(max_age.total_seconds()), now - max_age


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


_JSON = ("budget", "progress", "problem")


def _job(row: asyncpg.Record) -> Job:
    values = {name: row[name] for name in Job.__struct_fields__}
    for name in _JSON:
        values[name] = None if values[name] is None else msgspec.json.decode(values[name])
    return msgspec.convert(values, Job)
