"""What a worker does with a job: it reads the job's repository into the store."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

from stargazer.errors import RepositoryNotFound
from stargazer.neighbours.sampling import Sampling
from stargazer.planner.budget import Spent
from stargazer.planner.step import Progress
from stargazer.runner import Ledger, Transport
from stargazer.service.details import DetailsLater, Purse
from stargazer.service.reading import Reading
from stargazer.service.service import Service
from stargazer.service.wanted import WEEK, Outcome, Wanted
from stargazer.store.jobs_states import Job

READINGS_AT_MOST = 3
"""How often a job reads: again only for the lists that did not become rows of the store."""


class JobReader:
    """What a job does: it reads its repository into the store, on its credential's ledger.

    Args:
        service: what reads.
        transports: gives the transport for a GitHub user's credential, at once or
            when awaited, or raises CredentialsRefused.
        ledgers: gives the ledger of a GitHub user.
        details: fetches what the neighbours are about, when there is an answer; None: nobody does.
    """

    def __init__(
        self,
        service: Service,
        transports: Callable[[int], Transport | Awaitable[Transport]],
        ledgers: Callable[[int], Ledger],
        *,
        details: DetailsLater | None = None,
    ) -> None:
        self._service = service
        self._details = details
        self._transports = transports
        self._ledgers = ledgers

    async def __call__(
        self, job: Job, on_progress: Callable[[Progress], None], stopping: asyncio.Event
    ) -> uuid.UUID | None:
        """Carry *job* out; None when it was told to stop before it was done.

        Of a private repository nothing is told, whatever the token may see of it.

        Raises:
            StargazerError: why the job fails.
        """
        found, ledger = self._transports(job.credential_user), self._ledgers(job.credential_user)
        transport = await found if isinstance(found, Awaitable) else found
        spent = Spent()
        for _ in range(READINGS_AT_MOST):
            outcome = await self._read(job, transport, ledger, on_progress, stopping)
            if outcome is None:
                return None
            if outcome.error is not None:
                raise outcome.error
            if outcome.answer is None:
                raise RepositoryNotFound(job.repository)
            answer, spent = outcome.answer, spent + outcome.spent
            if outcome.coverage.sampled is not None or outcome.coverage.users_unread == 0:
                break
        if self._details is not None:
            self._details.want(answer, Purse(transport, ledger, job.budget, spent, job=job.id))
        return answer.id

    async def _read(
        self,
        job: Job,
        transport: Transport,
        ledger: Ledger,
        on_progress: Callable[[Progress], None],
        stopping: asyncio.Event,
    ) -> Outcome | None:
        """Read once; None when it was told to stop before it was done."""

        def look(progress: Progress) -> None:
            if _is_private(reading):
                reading.stop()
            else:
                on_progress(progress)

        async with self._service.reading(
            self._wanted(job), transport, on_progress=look, ledger=ledger
        ) as reading:
            stop = asyncio.create_task(_wind_down(reading, stopping))
            try:
                error = await reading.read()
            finally:
                stop.cancel()
            if _is_private(reading):
                raise RepositoryNotFound(job.repository)
            if stopping.is_set() and error is None and not reading.is_over:
                return None
            return await reading.count(error)

    def _wanted(self, job: Job) -> Wanted:
        """What a job reads. Its ages count from when it was asked for, however often it is begun anew."""
        max_age, newer_than = WEEK, None
        if job.max_age_seconds is not None and job.newer_than is not None:
            max_age = min(WEEK, timedelta(seconds=job.max_age_seconds))
            newer_than = max(job.newer_than, self._service.clock.now() - WEEK)
        return Wanted(
            repository=job.repository,
            credential_user=job.credential_user,
            budget=job.budget,
            max_age=max_age,
            newer_than=newer_than,
            sampling=Sampling.read(job.sampling) if job.sampling else None,
        )


def _is_private(reading: Reading) -> bool:
    return reading.plan.facts is not None and reading.plan.facts.is_private


async def _wind_down(reading: Reading, stopping: asyncio.Event) -> None:
    await stopping.wait()
    reading.wind_down()
