"""Where the answer to a request comes from: the store, or a job that reads it into the store."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from stargazer.api.credentials import Credential
from stargazer.api.job_views import failure
from stargazer.api.once import Once
from stargazer.api.watching import Watches
from stargazer.errors import (
    AnswerGone,
    BudgetExhausted,
    BudgetTooSmall,
    QuotaExceeded,
    StargazerError,
    StoreUnavailable,
)
from stargazer.neighbours.sampling import Sampling
from stargazer.planner.budget import Budget
from stargazer.service import DAY, WEEK, Service, Wanted
from stargazer.service.pricing import Price, price, price_stored
from stargazer.service.service import FAILED_AGAIN_AFTER, can_serve
from stargazer.service.wanted import terms_of
from stargazer.store.answers import StoredAnswer, Terms
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import Job, State
from stargazer.store.keys import Key
from stargazer.store.quota import Quotas

EVER = timedelta(days=36_500)
"""The age of an answer when none is asked for."""

PRICING_SECONDS = 5.0
PLANNING_SECONDS = 30.0
"""How long a price may take: before a job that can find it out by itself, and when it is asked for."""

DEAR_SECONDS = 600.0
DEAR_AT_MOST = 1_000
"""So long a price above the limit is remembered, and of so many repositories."""


class Asked(msgspec.Struct, frozen=True):
    """For which repository who asks, how old the answer may be at most, and which sample will do."""

    repository: str
    credential: Credential
    key: Key
    max_age: timedelta | None = None
    sampling: Sampling | None = None

    @property
    def subscriber(self) -> str:
        """Who asks, as jobs know it."""
        return self.key.name

    @property
    def user(self) -> int:
        """Whose credential it is asked with."""
        return self.credential.user

    @property
    def is_open(self) -> bool:
        """Whether nobody can say before how many will be read."""
        return self.sampling is not None and self.sampling.sample is None

    @property
    def whose(self) -> tuple[str, int, str]:
        """What all requests for the same have in common."""
        return self.repository.lower(), self.user, terms_of(self.sampling)


class Found(msgspec.Struct, frozen=True):
    """A stored answer, the name that its repository has today, and the job that refreshes it, if any."""

    stored: StoredAnswer
    repository: str
    job: UUID | None = None


class Answering:
    """Finds answers, and starts jobs for those that are not there.

    Args:
        service: the use cases of the store.
        jobs: what was asked for.
        watches: tells when a job is finished.
        quotas: says whether a key may start jobs.
        limit_seconds: no GET starts what needs more GitHub seconds.
    """

    def __init__(
        self, service: Service, jobs: Jobs, watches: Watches, quotas: Quotas, *, limit_seconds: float
    ) -> None:
        self._service = service
        self._jobs = jobs
        self._watches = watches
        self._quotas = quotas
        self._limit_seconds = limit_seconds
        self._pricing: Once[tuple[str, int, str], Price] = Once()
        self._dear: dict[tuple[str, int, str], tuple[float, Price]] = {}

    @property
    def budget(self) -> Budget:
        """What a job may spend that nobody has named a budget for."""
        return Budget(seconds=self._limit_seconds)

    async def stored(self, asked: Asked) -> Found | None:
        """Find the last answer that is young enough; start a job when it could be younger.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        number = await self._number(asked)
        if number is None:
            return None
        now = self._service.clock.now()
        terms = Terms(EVER if asked.max_age is None else asked.max_age, sampling=terms_of(asked.sampling))
        found = await self._service.answers.fitting(number, asked.user, terms, now)
        shared = asked.credential.shared
        if found is None and shared is not None:
            found = await self._service.answers.fitting(number, shared, terms, now)
        if found is None:
            return None
        known = await self._known(found)
        # What the operator shares is refreshed for those who may read it themselves.
        if not _is_stale(found, now) or found.credential_user != asked.user:
            return known
        try:
            await self._quotas.check_job(asked.key)
        except QuotaExceeded:
            return known
        job = await self._jobs.ask(
            known.repository,
            asked.user,
            asked.subscriber,
            budget=self.budget,
            sampling=found.sampling,
            now=now,
        )
        return known if job.finished else msgspec.structs.replace(known, job=job.id)

    async def pinned(self, asked: Asked, answer: UUID) -> Found:
        """Find one answer by its id.

        Raises:
            AnswerGone: it is not stored, or belongs to somebody or something else.
            StoreUnavailable: the database cannot be used.
        """
        found = await self._service.answers.find(answer, asked.user)
        shared = asked.credential.shared
        if found is None and shared is not None:
            found = await self._service.answers.find(answer, shared)
        if found is None:
            raise AnswerGone(str(answer))
        known = await self._known(found)
        if known.repository.lower() != asked.repository.lower() and (
            await self._number(asked) != found.repository_number
        ):
            raise AnswerGone(str(answer))
        return known

    async def read(self, asked: Asked, seconds: float) -> Found | Job:
        """Start the job that reads an answer, or join it, and wait; returns the job when it takes longer.

        Raises:
            BudgetTooSmall: it costs more than a GET may start.
            QuotaExceeded: jobs of the key have used up what they may cost today.
            StargazerError: why the job failed, now or a while ago.
        """
        loop = asyncio.get_running_loop()
        begun_at, ends = self._service.clock.now(), loop.time() + seconds
        while True:
            job = await self._start(asked)
            job = await self._watches.finished(job, ends - loop.time())
            if job.state is State.FAILED:
                raise failure(job)
            if job.answer is None:
                return job
            found = await self._service.answers.find(job.answer, asked.user)
            if found is None:
                return job
            # A job that was under way already may have been content with older lists.
            if asked.max_age is None or _is_from(found, begun_at - asked.max_age) or _obeys(job, asked):
                return await self._known(found)

    async def price(self, asked: Asked) -> Price:
        """What an answer would cost; nothing if it is stored.

        Raises:
            BudgetExhausted: GitHub cannot be asked before a while has passed.
            RepositoryNotFound: there is none that may be told of.
            StargazerError: what ended it before the repository was known.
        """
        stored = await self._service.latest(_wanted(asked))
        if stored is not None:
            return await price_stored(self._service, stored)
        try:
            async with asyncio.timeout(PLANNING_SECONDS):
                return await self._priced(asked)
        except TimeoutError:
            raise BudgetExhausted(await self._free_at(asked)) from None

    async def _start(self, asked: Asked) -> Job:
        """Ask for the job, unless it costs too much."""
        whose, sampling = (asked.repository, asked.user), terms_of(asked.sampling)
        if await self._jobs.pending(*whose, budget=self.budget, sampling=sampling) is None:
            await self._quotas.check_job(asked.key)
            await self._check_price(asked)
        max_age = asked.max_age if asked.max_age is not None and asked.max_age < WEEK else None
        return await self._jobs.ask(
            *whose,
            asked.subscriber,
            budget=self.budget,
            max_age=max_age,
            sampling=sampling,
            now=self._service.clock.now(),
        )

    async def _check_price(self, asked: Asked) -> None:
        if asked.is_open:
            return
        now = asyncio.get_running_loop().time()
        known = self._dear.pop(asked.whose, None)
        if known is None or known[0] < now:
            found = None
            # Whatever else is wrong, the job will find out, and it is remembered there.
            with suppress(StargazerError, TimeoutError):
                async with asyncio.timeout(PRICING_SECONDS):
                    found = await self._priced(asked)
            if found is None or found.estimate.github_seconds <= self._limit_seconds:
                return
            known = now + DEAR_SECONDS, found
        while len(self._dear) >= DEAR_AT_MOST:
            del self._dear[next(iter(self._dear))]
        self._dear[asked.whose] = known
        raise self._too_dear(known[1])

    def _too_dear(self, dear: Price) -> BudgetTooSmall:
        error = BudgetTooSmall(
            price={
                "points": float(dear.estimate.points),
                "github_seconds": round(dear.estimate.github_seconds, 3),
            },
            budget={"github_seconds": self._limit_seconds},
        )
        error.facts["plan"] = dear.choice()
        return error

    async def _priced(self, asked: Asked) -> Price:
        async def ask() -> Price:
            wanted = _wanted(asked)
            ledger = asked.credential.ledger()
            try:
                github = asked.credential.github
                found = await price(self._service, wanted, github, ledger, hides_private=True)
            finally:
                with suppress(StoreUnavailable):
                    await ledger.leave()
            return found

        return await self._pricing.join(asked.whose, ask)

    async def _free_at(self, asked: Asked) -> datetime:
        now = self._service.clock.now()
        state = await asked.credential.ledger().read(now)
        return state.windows.earliest(now, points=1, seconds=1.0, budget=Budget())

    async def _number(self, asked: Asked) -> int | None:
        """The number of the repository that has the name, or had it when it was last read."""
        known = await self._service.repositories.named(asked.repository)
        return known.number if known else await self._jobs.last_done(asked.repository, asked.user)

    async def _known(self, stored: StoredAnswer) -> Found:
        [repository] = await self._service.repositories.of([stored.repository_number])
        return Found(stored, repository.name)


def _wanted(asked: Asked) -> Wanted:
    return Wanted(
        repository=asked.repository,
        credential_user=asked.user,
        max_age=WEEK if asked.max_age is None else min(WEEK, asked.max_age),
        sampling=asked.sampling,
    )


def _is_stale(answer: StoredAnswer, now: datetime) -> bool:
    age = now - answer.made_at
    return age > DAY or (age > FAILED_AGAIN_AFTER and not can_serve(answer, now))


def _is_from(answer: StoredAnswer, oldest: datetime) -> bool:
    as_of = answer.coverage["as_of"]
    return as_of is not None and datetime.fromisoformat(as_of) >= oldest


def _obeys(job: Job, asked: Asked) -> bool:
    """Whether a job was made for lists as young as were asked for."""
    if asked.max_age is None or asked.max_age >= WEEK:
        return True
    return job.max_age_seconds is not None and job.max_age_seconds <= asked.max_age.total_seconds()
