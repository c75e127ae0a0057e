"""The use cases of the store: read a repository into it, and answer from it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol

import graphql
import msgspec

from stargazer import catalogue
from stargazer.errors import CredentialsRefused, GitHubUnreachable, RepositoryNotFound, StargazerError
from stargazer.find import NO_ANSWER
from stargazer.github.transport import Answer
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.coverage import Coverage
from stargazer.planner.known import Listed
from stargazer.planner.page import Page, User
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Clock, Ledger, Run, Transport
from stargazer.store.answers import Answers, StoredAnswer
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.credentials import Credentials
from stargazer.store.database import Database
from stargazer.store.jobs_states import Job
from stargazer.store.repositories import Repositories
from stargazer.store.sizes import read_sizes, write_sizes
from stargazer.store.star_lists import StarLists
from stargazer.store.stargazer_lists import ListKey, StargazerLists
from stargazer.store.users import Users

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
"""Star lists count as fresh for a week, lists of stargazers for a day."""

SIZES_KEPT_EVERY_CALLS = 20

VIEWER_WAIT_SECONDS = 4
"""The longest wait before GitHub is asked once more whose a token is; the first is a second."""

READINGS_AT_MOST = 3
"""How often a job reads: again only for the lists that did not become rows of the store."""


class Asker(Protocol):
    """Whatever can send any document: `GitHub` is one."""

    async def ask(self, document: str) -> Answer:
        """Send *document* and return the answer undecoded."""
        ...


class _Viewer(msgspec.Struct):
    viewer: User


class _ViewerAnswer(msgspec.Struct):
    data: _Viewer


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for: which repository, with whose credential, and what it may cost.

    `logins` and `users` are who the stargazers are, where they come from elsewhere.
    """

    repository: str
    credential_user: int
    budget: Budget = Budget()
    logins: tuple[str, ...] | None = None
    users: tuple[User, ...] = ()
    max_stars_per_user: int | None = None
    max_age: timedelta = WEEK


class Outcome(msgspec.Struct, frozen=True):
    """What came of a reading.

    `answer` is None for a private repository, which no store may know. `error`
    is what ended the reading early, and None if nothing did.
    """

    repository: str
    answer: StoredAnswer | None
    coverage: Coverage
    spent: Spent
    seconds: float
    error: StargazerError | None = None


class Service:
    """Reads repositories into one store, and answers from it.

    Args:
        database: the store, open for one GitHub endpoint.
        clock: the time it goes by.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.repositories = Repositories(database)
        self.users = Users(database)
        self.star_lists = StarLists(database, self.repositories)
        self.stargazer_lists = StargazerLists(database)
        self.answers = Answers(database)
        self.pages = AnswerPages(database)
        self.credentials = Credentials(database)

    async def credential_user(self, token_fingerprint: bytes, github: Asker) -> int:
        """The number of the GitHub user a token belongs to; GitHub is asked once.

        Raises:
            CredentialsRefused: GitHub does not know the token.
            GitHubUnreachable: GitHub could not be asked.
            StoreUnavailable: the database cannot be used.
        """
        known = await self.credentials.find(token_fingerprint)
        if known is not None:
            return known
        viewer = await self._ask_viewer(github)
        return await self.credentials.remember(token_fingerprint, viewer, self.clock.now())

    async def _ask_viewer(self, github: Asker) -> User:
        """Ask whose token it is, again when the weather is bad."""
        document = graphql.print_ast(catalogue.installed().document("viewer"))
        seconds = 1
        while True:
            answer = await github.ask(document)
            self.clock.passed(answer.seconds)
            try:
                return _read_viewer(answer)
            except GitHubUnreachable:
                if seconds > VIEWER_WAIT_SECONDS:
                    raise
            await self.clock.sleep_until(self.clock.now() + timedelta(seconds=seconds))
            seconds *= 2

    async def latest(self, wanted: Wanted) -> StoredAnswer | None:
        """The stored answer, if it is young enough and nothing was left unread.

        Answers from a file answer another question, and an answer for which the list
        of stargazers broke off is asked for again.
        """
        known = await self.repositories.named(wanted.repository)
        if known is None or wanted.logins is not None or wanted.users:
            return None
        newer_than = self.clock.now() - wanted.max_age
        found = await self.answers.latest(known.number, wanted.credential_user, newer_than=newer_than)
        return found if found is not None and _can_serve(found) else None

    @asynccontextmanager
    async def reading(
        self,
        wanted: Wanted,
        transport: Transport,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        ledger: Ledger | None = None,
    ) -> AsyncGenerator[Reading]:
        """Prepare the reading of one repository with all that is known already.

        Raises:
            InvalidRequest: the repository is no `owner/name`.
            StoreUnavailable: the database cannot be used.
        """
        plan = Plan.neighbours(
            wanted.repository,
            budget=wanted.budget,
            logins=wanted.logins,
            users=wanted.users,
            listed=await self._listed(wanted),
            max_stars_per_user=wanted.max_stars_per_user,
            sizes=await read_sizes(self.database),
        )
        yield Reading(self, wanted, plan, transport, on_progress=on_progress, ledger=ledger)

    async def _listed(self, wanted: Wanted) -> Listed | None:
        """What is known of the list of stargazers."""
        known = await self.repositories.named(wanted.repository)
        if known is None or wanted.logins is not None:
            return None
        key = ListKey(known.number, wanted.credential_user)
        newer_than = self.clock.now() - min(DAY, wanted.max_age)
        half = await self.stargazer_lists.half_read(key)
        if half is not None and half.begun_at is not None and half.begun_at >= newer_than:
            return half
        return await self.stargazer_lists.known(key, newer_than=newer_than)


class Reading:
    """One repository being read into the store."""

    def __init__(
        self,
        service: Service,
        wanted: Wanted,
        plan: Plan,
        transport: Transport,
        *,
        on_progress: Callable[[Progress], None] | None,
        ledger: Ledger | None,
    ) -> None:
        self.plan = plan
        self._service = service
        self._wanted = wanted
        self._clock = service.clock
        self._begun_at = service.clock.now()
        self._run = Run(
            plan, transport, service.clock, on_pages=self._keep, on_progress=on_progress, ledger=ledger
        )
        self._key: ListKey | None = None
        self._listing_kept = plan.listing_ended is not None
        self._calls_when_kept = 0
        self._held: list[Page | User] = []

    def stop(self) -> None:
        """End now; calls in flight are given up, what was read is kept."""
        self._run.stop()

    def wind_down(self) -> None:
        """End as soon as the calls in flight have come back."""
        self._run.wind_down()

    async def outcome(self) -> Outcome:
        """Read everything that the plan wants, count, and store the answer.

        Raises:
            StargazersRestricted: GitHub refuses the list of stargazers.
            StarListsRestricted: GitHub refuses what they starred.
            RepositoryNotFound: there is no such repository.
            StoreUnavailable: the database cannot be used; what was written stays.
            StargazerError: something else ended the reading before anything was read.
        """
        return await self.count(await self.read())

    async def read(self) -> StargazerError | None:
        """Read everything that the plan wants into the store; returns what ended it early, if anything did.

        Raises:
            QueryRefused: GitHub says that a query of ours is wrong.
            StoreUnavailable: the database cannot be used; what was written stays.
        """
        await self._recall()
        error = (await self._run.finish()).error
        await self._keep(())
        await write_sizes(self._service.database, self.plan.sizes, self._clock.now())
        return error

    async def count(self, error: StargazerError | None) -> Outcome:
        """Count what was read and store the answer; *error* is what ended the reading early.

        Raises:
            StargazerError: *error*, when it leaves nothing to count.
            StoreUnavailable: the database cannot be used; no answer was stored.
        """
        coverage = await self._stored_coverage()
        read_nothing = coverage.users_read + coverage.users_truncated == 0
        if error is not None and (read_nothing or isinstance(error, NO_ANSWER)):
            raise error
        return Outcome(
            repository=self.plan.repository,
            answer=await self._answer(coverage),
            coverage=coverage,
            spent=msgspec.structs.replace(self.plan.spent, waited_seconds=self._run.waited_seconds),
            seconds=(self._clock.now() - self._begun_at).total_seconds(),
            error=error,
        )

    async def _stored_coverage(self) -> Coverage:
        """The plan's coverage, without the lists that did not become rows of the store.

        Runs that read the list of one user at the same time share its parts, and
        what they wrote together may not add up. Then the list is not stored, and
        an answer from the store must not count it as read.
        """
        coverage = self.plan.coverage
        if self._key is None:
            return coverage
        missing = await self._service.star_lists.missing(
            self.plan.counted_users(), newer_than=self._begun_at - self._wanted.max_age
        )
        return coverage.without(len(missing))

    async def _keep(self, accepted: Sequence[Page | User]) -> None:
        """Write what a reply told, then tell the plan what is known of whom it showed."""
        facts = self.plan.facts
        if facts is None:
            # What came before the facts may be about a private repository.
            self._held += accepted
            return
        if facts.is_private or facts.database_id is None:
            return
        accepted, self._held = [*self._held, *accepted], []
        now = self._clock.now()
        if self._key is None:
            number = await self._service.repositories.ask(facts, now)
            self._key = ListKey(number, self._wanted.credential_user)
        ended = None if self._listing_kept else self.plan.listing_ended
        await self._service.star_lists.write(
            accepted,
            self.plan.ended(),
            now=now,
            listing=self._key if self._wanted.logins is None else None,
            listing_ended=ended,
        )
        self._listing_kept = self._listing_kept or ended is not None
        if self.plan.spent.calls >= self._calls_when_kept + SIZES_KEPT_EVERY_CALLS:
            self._calls_when_kept = self.plan.spent.calls
            await write_sizes(self._service.database, self.plan.sizes, now)
        await self._recall()

    async def _recall(self) -> None:
        """Tell the plan what is known of the lists of those who were listed since."""
        user_ids = self.plan.listed()
        if not user_ids:
            return
        facts = self.plan.facts
        seed = (facts.database_id or 0) if facts else await self._seed()
        oldest = self._clock.now() - self._wanted.max_age
        lists = self._service.star_lists
        self.plan.know(await lists.known(user_ids, seed=seed, newer_than=oldest))
        self.plan.know(await lists.stored(user_ids, seed=seed, older_than=oldest))
        half_read = await lists.half_read(user_ids, seed=seed)
        # What was begun long ago misses what was starred since: such lists are read anew.
        self.plan.know(half for half in half_read if half.begun_at and half.begun_at >= oldest)

    async def _seed(self) -> int:
        known = await self._service.repositories.named(self._wanted.repository)
        return known.database_id if known else 0

    async def _answer(self, coverage: Coverage) -> StoredAnswer | None:
        facts = self.plan.facts
        if facts is None or facts.is_private:
            return None
        if self._key is None:
            number = await self._service.repositories.ask(facts, self._clock.now())
            self._key = ListKey(number, self._wanted.credential_user)
        await self._service.users.name(self._wanted.users)
        numbers = await self._service.users.numbers(self.plan.counted_users())
        made = await self._service.answers.make(
            self._key.repository,
            numbers.values(),
            coverage,
            credential_user=self._wanted.credential_user,
            made_at=self._clock.now(),
        )
        return await self._service.answers.find(made, self._wanted.credential_user)


class JobReader:
    """What a job does: it reads its repository into the store, on its credential's ledger.

    Args:
        service: what reads.
        transports: gives the transport for a GitHub user's credential, or raises
            CredentialsRefused.
        ledgers: gives the ledger of a GitHub user.
    """

    def __init__(
        self,
        service: Service,
        transports: Callable[[int], Transport],
        ledgers: Callable[[int], Ledger],
    ) -> None:
        self._service = service
        self._transports = transports
        self._ledgers = ledgers

    async def __call__(
        self, job: Job, on_progress: Callable[[Progress], None], stopping: asyncio.Event
    ) -> uuid.UUID | None:
        """Carry *job* out; None when it was told to stop before it was done.

        Raises:
            StargazerError: why the job fails.
        """
        wanted = Wanted(repository=job.repository, credential_user=job.credential_user, budget=job.budget)
        transport, ledger = self._transports(job.credential_user), self._ledgers(job.credential_user)
        for _ in range(READINGS_AT_MOST):
            async with self._service.reading(
                wanted, transport, on_progress=on_progress, ledger=ledger
            ) as reading:
                stop = asyncio.create_task(_wind_down(reading, stopping))
                try:
                    error = await reading.read()
                finally:
                    stop.cancel()
                if stopping.is_set() and reading.plan.coverage.users_unread:
                    return None
                outcome = await reading.count(error)
            if outcome.error is not None:
                raise outcome.error
            if outcome.answer is None:
                raise RepositoryNotFound(job.repository)
            answer = outcome.answer.id
            if outcome.coverage.users_unread == 0:
                break
        return answer


async def _wind_down(reading: Reading, stopping: asyncio.Event) -> None:
    await stopping.wait()
    reading.wind_down()


def _can_serve(answer: StoredAnswer) -> bool:
    coverage = answer.coverage
    listed: int = coverage["stargazers_listed"] + coverage["stargazers_hidden"]
    whole: bool = listed >= coverage["stargazers_total"]
    return whole and coverage["source"] == "github" and coverage["users_unread"] == 0


def _read_viewer(answer: Answer) -> User:
    if answer.status in (401, 403):
        raise CredentialsRefused(f"it answers {answer.status} when asked whose token this is")
    try:
        return msgspec.json.decode(answer.body, type=_ViewerAnswer).data.viewer
    except msgspec.MsgspecError as malformed:
        raise GitHubUnreachable(f"it answers {answer.status} when asked whose token this is") from malformed
