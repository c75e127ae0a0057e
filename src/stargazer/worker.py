"""A worker: takes jobs, keeps them alive, and gives each an end.

A job belongs to its worker for as long as the worker renews its lease. Whatever
becomes of the worker, the job's row says the truth: one that is killed loses its
lease, one that is told to stop hands its jobs back, and one that has lost the
database waits for it and goes on with the jobs that are still its own.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from stargazer.errors import InternalError, StargazerError, StoreUnavailable
from stargazer.planner.step import Progress
from stargazer.runner import Clock, first_of
from stargazer.store.database import Database
from stargazer.store.jobs import LEASE_SECONDS, Jobs
from stargazer.store.jobs_states import Job, JobProblem, Taken
from stargazer.store.ledger_bell import Bell

STOPPING_SECONDS = 4.0
"""So long a job may take to end its call in flight when the worker is told to stop."""

TOLD_EVERY_SECONDS = 1.0
"""Progress is written, and the lease renewed, so often."""

LOOK_EVERY_SECONDS = 2.0
"""How often we look for jobs whose worker is gone, and for chores."""

RETRY_SECONDS = 0.5
"""How often we try a database that is down."""

_TOLD = ("users_read", "calls", "points", "github_seconds")
"""What the line of a job says of its last progress."""

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

End: TypeAlias = uuid.UUID | JobProblem | None
"""What becomes of a job: its answer, why it failed, or None when it is handed back."""


class CarryOut(Protocol):
    """What a job does."""

    async def __call__(
        self, job: Job, on_progress: Callable[[Progress], None], stopping: asyncio.Event
    ) -> uuid.UUID | None:
        """Carry *job* out and return the id of its answer.

        When *stopping* is set: end the call in flight, save, and return None.

        Raises:
            StargazerError: why the job fails.
            StoreUnavailable: the database is down; we are called again when it is back.
        """
        ...


class Chore(msgspec.Struct, frozen=True):
    """What any worker does from time to time, such as cleaning."""

    name: str
    every: timedelta
    do: Callable[[], Awaitable[object]]


async def work(
    database: Database,
    carry_out: CarryOut,
    *,
    clock: Clock,
    concurrency: int,
    stop: asyncio.Event,
    users: Sequence[int] | None = None,
    chores: Sequence[Chore] = (),
    lease_seconds: float = LEASE_SECONDS,
) -> None:
    """Carry out jobs until *stop* is set; then hand back those that are not done.

    Args:
        database: where the jobs are.
        carry_out: what a job does.
        clock: the time that failures are told by.
        concurrency: how many jobs at once.
        stop: set it to end within five seconds.
        users: whose jobs are taken; None: everybody's.
        chores: what to do from time to time, once for all workers.
        lease_seconds: when the others take us for gone.

    Raises:
        StoreUnavailable: the database cannot be used, and waiting cannot help.
    """
    async with Bell.open(database) as bell:
        jobs = Jobs(database, bell, lease_seconds=lease_seconds)
        shift = _Shift(jobs, carry_out, clock, stop, look_seconds=min(LOOK_EVERY_SECONDS, lease_seconds / 4))
        take = partial(jobs.take, users)
        tasks = [asyncio.create_task(shift.take_jobs(take)) for _ in range(concurrency)]
        tasks.append(asyncio.create_task(shift.do_chores(chores)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Shift:
    """One worker from its start to its stop."""

    def __init__(
        self, jobs: Jobs, carry_out: CarryOut, clock: Clock, stop: asyncio.Event, *, look_seconds: float
    ) -> None:
        self._look_seconds = look_seconds
        self.jobs = jobs
        self.carry_out = carry_out
        self.clock = clock
        self.stop = stop
        self._told: str | None = None

    async def take_jobs(self, take: Callable[[], Awaitable[Taken | None]]) -> None:
        """Carry out one job after the other."""
        ear = self.jobs.queue_ear()
        while not self.stop.is_set():
            ear.forget()
            taken = await self.insist(take)
            if taken is None:
                await first_of(ear.wait(self._look_seconds), self.stop.wait())
            elif self.stop.is_set():
                await self.insist(partial(self.jobs.hand_back, taken))
            else:
                await _Labour(self, taken).carry_out()

    async def do_chores(self, chores: Sequence[Chore]) -> None:
        """Do what is due, if no other worker has."""
        while chores and not self.stop.is_set():
            for chore in chores:
                with suppress(StoreUnavailable):
                    if await self.jobs.claim(chore.name, chore.every):
                        await first_of(_run(chore), self.stop.wait())
            await first_of(asyncio.sleep(self._look_seconds), self.stop.wait())

    async def insist(self, attempt: Callable[[], Awaitable[T]]) -> T | None:
        """Try until the database is there; None when we are told to stop before."""
        while True:
            try:
                made = await attempt()
            except StoreUnavailable as down:
                if not down.retryable:
                    raise
                self.tell(down)
                if self.stop.is_set():
                    return None
            else:
                self._told = None
                return made
            await first_of(asyncio.sleep(RETRY_SECONDS), self.stop.wait())

    def tell(self, down: StoreUnavailable) -> None:
        """Log what we wait for, once an outage and not once an attempt."""
        if down.message != self._told:
            self._told = down.message
            _LOG.warning("waiting: %s", down.message)


class _Labour:
    """One job being carried out."""

    def __init__(self, shift: _Shift, taken: Taken) -> None:
        self._shift = shift
        self._taken = taken
        self._stopping = asyncio.Event()
        self._progress: Progress | None = None
        self._lost = False

    async def carry_out(self) -> None:
        """See the job to its end, or to the end of our having it."""
        carrying = asyncio.create_task(self._carry())
        watchers = [
            asyncio.create_task(self._keep_alive(carrying)),
            asyncio.create_task(self._stop_in_time(carrying)),
        ]
        try:
            await asyncio.wait({carrying})
        finally:
            for task in (carrying, *watchers):
                task.cancel()
            await asyncio.gather(carrying, *watchers, return_exceptions=True)
        if not self._lost:
            await self._conclude(None if carrying.cancelled() else carrying.result())

    async def _carry(self) -> End:
        """Carry the job out, again and again while the database is away and the job is ours."""
        while True:
            try:
                return await self._attempt()
            except StoreUnavailable as down:
                if not down.retryable:
                    raise
                self._shift.tell(down)
            await first_of(asyncio.sleep(RETRY_SECONDS), self._stopping.wait())
            if not await self._shift.insist(lambda: self._shift.jobs.renew(self._taken)):
                self._lost = not self._stopping.is_set()
                return None

    async def _attempt(self) -> End:
        try:
            answer = await self._shift.carry_out(self._taken.job, self._note, self._stopping)
        except StoreUnavailable:
            raise
        except StargazerError as error:
            return JobProblem.of(error)
        except Exception:
            _LOG.exception("job %s", self._taken.job.id)
            return JobProblem.of(InternalError("the job met a mistake of ours: see the worker's log"))
        if answer is None and not self._stopping.is_set():
            return JobProblem.of(InternalError("the job ended without an answer"))
        return answer

    async def _conclude(self, end: End) -> None:
        """Write what became of the job."""
        jobs, taken = self._shift.jobs, self._taken
        if self._progress is not None and end is not None:
            await self._shift.insist(lambda: jobs.renew(taken, self._settled()))
        match end:
            case uuid.UUID():
                await self._shift.insist(lambda: jobs.done(taken, end))
            case JobProblem():
                await self._shift.insist(lambda: jobs.fail(taken, end, self._shift.clock.now()))
            case None:
                await self._shift.insist(lambda: jobs.hand_back(taken))
        self._tell(end)

    def _tell(self, end: End) -> None:
        """Write the one line of a job."""
        job, last = self._taken.job, self._progress
        told: dict[str, object] = {"job": str(job.id), "repository": job.repository, "attempt": job.attempts}
        if last is not None:
            told |= {
                name: getattr(last, name) for name in ("users_read", "calls", "points", "github_seconds")
            }
        match end:
            case uuid.UUID():
                told |= {"state": "done", "answer": str(end)}
            case JobProblem():
                told |= {"state": "failed", "problem": end.code}
            case None:
                told |= {"state": "queued"}
        _LOG.info("job.ended" if end is not None else "job.handed_back", extra=told)

    def _settled(self) -> Progress | None:
        """The last progress, with no wait in it."""
        if self._progress is None:
            return None
        return msgspec.structs.replace(self._progress, waiting_until=None, waiting_for=None)

    def _note(self, progress: Progress) -> None:
        self._progress = progress

    async def _keep_alive(self, carrying: asyncio.Task[End]) -> None:
        """Renew the lease and tell the progress; stop the work when the job is no longer ours."""
        ear = self._shift.jobs.ear(self._taken.job.id)
        told = None
        while True:
            due = asyncio.create_task(asyncio.sleep(TOLD_EVERY_SECONDS))
            try:
                # What we tell ourselves rings too; looking whether the job is still ours does not.
                while not due.done():
                    ear.forget()
                    await self._renew(None, carrying)
                    await first_of(ear.wait(), asyncio.shield(due))
            finally:
                due.cancel()
            if self._progress is not told:
                told = self._progress
                await self._renew(told, carrying)

    async def _renew(self, progress: Progress | None, carrying: asyncio.Task[End]) -> None:
        with suppress(StoreUnavailable):
            if not await self._shift.jobs.renew(self._taken, progress):
                self._lost = True
                carrying.cancel()

    async def _stop_in_time(self, carrying: asyncio.Task[End]) -> None:
        """Pass the word to stop on to the job; give its call up when it takes too long."""
        await self._shift.stop.wait()
        self._stopping.set()
        await asyncio.sleep(STOPPING_SECONDS)
        carrying.cancel()


async def _run(chore: Chore) -> None:
    try:
        await chore.do()
    except StargazerError as error:
        _LOG.warning("%s: %s", chore.name, error.message)
    except Exception:
        _LOG.exception("%s", chore.name)
