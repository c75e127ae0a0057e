"""Who follows a job: however many there are, the job is read once for all of them.

A job is looked at when the bell says that it has changed, and a look at the answer
so far is made from time to time for as long as somebody wants to see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from uuid import UUID

import msgspec

from stargazer.errors import StoreUnavailable
from stargazer.neighbours.sampling import Sampling
from stargazer.service import Service
from stargazer.service.look import Look, look
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import Job

TOLD_EVERY_SECONDS = 1.0
"""Progress is told so often at most."""

LOOK_EVERY_SECONDS = 3.0
LOOK_SHARE = 0.05
"""A look is made so often at most, and looks take so much of the time at most."""

LOOK_AGAIN_SECONDS = 5.0
"""A notice may be lost: a job is read so often whatever the bell says."""


class Sight(msgspec.Struct, frozen=True):
    """What is seen of a job: how it stands, and the last look at its answer, if one was made."""

    job: Job
    look: Look | None = None


class Watches:
    """The jobs that are followed by this process.

    Args:
        service: counts the answers so far.
        jobs: the jobs.
        stopping: when it is set, nobody waits any longer.
    """

    def __init__(self, service: Service, jobs: Jobs, stopping: asyncio.Event) -> None:
        self._service = service
        self._jobs = jobs
        self._stopping = stopping
        self._watches: dict[UUID, _Watch] = {}
        self._end: asyncio.Task[None] | None = None

    async def follow(
        self, job: Job, *, looks: bool = False, ping_seconds: float | None = None
    ) -> AsyncGenerator[Sight | None]:
        """Show a job as it stands, then what changes, until it is finished or the service stops.

        Args:
            job: as it was found.
            looks: whether the answer so far is looked at.
            ping_seconds: give None when nothing has changed for so long.
        """
        self._end = self._end or asyncio.create_task(self._end_all())
        watch = self._watches.get(job.id)
        if watch is None:
            watch = self._watches[job.id] = _Watch(self._service, self._jobs, job)
        watch.join(looks=looks)
        try:
            seen: Sight | None = None
            while not self._stopping.is_set():
                sight = watch.sight
                if sight is not seen:
                    seen = sight
                    yield sight
                    if sight.job.finished:
                        return
                elif watch.is_over:
                    return
                elif not await watch.change(ping_seconds):
                    yield None
        finally:
            if watch.leave(looks=looks) and self._watches.get(job.id) is watch:
                del self._watches[job.id]

    async def finished(self, job: Job, seconds: float) -> Job:
        """Wait for the end of a job, so many seconds at most; returns it as it stands then."""
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    async for sight in self.follow(job):
                        job = job if sight is None else sight.job
        return job

    async def _end_all(self) -> None:
        await self._stopping.wait()
        for watch in self._watches.values():
            watch.tell()


class _Watch:
    """One job, and those who follow it."""

    def __init__(self, service: Service, jobs: Jobs, job: Job) -> None:
        self.sight = Sight(job)
        self.is_over = job.finished
        self._service = service
        self._jobs = jobs
        self._changed = asyncio.Event()
        self._followers = 0
        self._lookers = 0
        self._told_at = 0.0
        self._look_at = 0.0
        self._watching: asyncio.Task[None] | None = None

    def join(self, *, looks: bool) -> None:
        """Take note of one more follower."""
        self._followers += 1
        self._lookers += looks
        if self._watching is None and not self.is_over:
            self._watching = asyncio.create_task(self._watch())

    def leave(self, *, looks: bool) -> bool:
        """Take note that one has left; True when it was the last."""
        self._followers -= 1
        self._lookers -= looks
        if self._followers == 0 and self._watching is not None:
            self._watching.cancel()
        return self._followers == 0

    def tell(self) -> None:
        """Wake everybody."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, seconds: float | None) -> bool:
        """Wait until something has changed; False when nothing has for so long."""
        changed = self._changed
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return False
        return True

    async def _watch(self) -> None:
        ear = self._jobs.ear(self.sight.job.id)
        try:
            while not self.is_over:
                ear.forget()
                seconds = LOOK_AGAIN_SECONDS
                with suppress(StoreUnavailable):
                    seconds = await self._read()
                if not self.is_over:
                    await ear.wait(seconds)
        finally:
            self.is_over = True
            self.tell()

    async def _read(self) -> float:
        """Read the job and tell what has changed; returns when to read it again at the latest."""
        job = await self._jobs.find(self.sight.job.id)
        if job is None:
            self.is_over = True
            return 0.0
        if job == self.sight.job:
            return LOOK_AGAIN_SECONDS
        now = asyncio.get_running_loop().time()
        if not job.finished and now < self._told_at + TOLD_EVERY_SECONDS:
            return self._told_at + TOLD_EVERY_SECONDS - now
        seen = None if job.finished else await self._look(job)
        self.sight = Sight(job, seen or self.sight.look)
        self.is_over = job.finished
        self._told_at = asyncio.get_running_loop().time()
        self.tell()
        return LOOK_AGAIN_SECONDS

    async def _look(self, job: Job) -> Look | None:
        time = asyncio.get_running_loop().time
        begun = time()
        if not self._lookers or job.progress is None or begun < self._look_at:
            return None
        seed = Sampling.read(job.sampling).seed if job.sampling else 0
        found = await look(self._service, job.repository, job.credential_user, seed=seed)
        every = TOLD_EVERY_SECONDS if found is None else LOOK_EVERY_SECONDS
        self._look_at = begun + max(every, (time() - begun) / LOOK_SHARE)
        return found
