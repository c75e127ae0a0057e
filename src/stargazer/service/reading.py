"""One repository being read into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from stargazer.errors import StargazerError, StargazersRestricted, StarListsRestricted
from stargazer.find import NO_ANSWER
from stargazer.neighbours.stop import Watch
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Page, User
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Ledger, Run, Transport
from stargazer.service.imported import covered
from stargazer.service.sieve import Sieve, sifted_coverage
from stargazer.service.stores import Stores
from stargazer.service.wanted import DAY, Outcome, Wanted
from stargazer.store.answers import StoredAnswer
from stargazer.store.sizes import write_sizes
from stargazer.store.stargazer_lists import ListKey

SIZES_KEPT_EVERY_CALLS = 20


class Reading:
    """One repository being read into the store."""

    def __init__(
        self,
        stores: Stores,
        wanted: Wanted,
        plan: Plan,
        transport: Transport,
        *,
        on_progress: Callable[[Progress], None] | None,
        ledger: Ledger | None,
    ) -> None:
        self.plan = plan
        self._stores = stores
        self._wanted = wanted
        self._clock = stores.clock
        self._fingerprint: bytes | None = getattr(transport, "fingerprint", None)
        self._credential: str = getattr(transport, "credential", "")
        self._begun_at = stores.clock.now()
        self._run = Run(
            plan,
            Sieve(transport, stores.forgotten),
            stores.clock,
            on_pages=self._keep,
            on_progress=on_progress,
            ledger=ledger,
        )
        self._key: ListKey | None = None
        self._listing_kept = plan.listing_ended is not None
        self._calls_when_kept = 0
        until = None if wanted.sampling is None else wanted.sampling.until
        self._watch = None if until is None else Watch(until)
        self._held: list[Page | User] = []

    def stop(self) -> None:
        """End now; calls in flight are given up, what was read is kept."""
        self._run.stop()

    def wind_down(self) -> None:
        """End as soon as the calls in flight have come back."""
        self._run.wind_down()

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be read of what was asked for."""
        coverage = self.plan.coverage
        if coverage.sampled is not None:
            return coverage.sampled.is_reached
        is_given = self._wanted.logins is not None and self.plan.facts is not None
        return (is_given or self.plan.listing_ended is not None) and coverage.users_unread == 0

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

        What GitHub refused to this token within a day, or within the age that is
        wanted, is not asked again.

        Raises:
            QueryRefused: GitHub says that a query of ours is wrong.
            StoreUnavailable: the database cannot be used; what was written stays.
        """
        refused = await self._refused_before()
        if refused is not None:
            return refused
        await self._recall()
        error = (await self._run.finish()).error
        await self._keep(())
        await write_sizes(self._stores.database, self.plan.sizes, self._clock.now())
        await self._remember_refusal(error)
        return error

    async def _refused_before(self) -> StargazerError | None:
        """What GitHub has refused lately; a list from elsewhere needs no list of GitHub's."""
        known = await self._stores.repositories.named(self._wanted.repository)
        if known is None or self._fingerprint is None or self._wanted.logins is not None:
            return None
        now = self._clock.now()
        newer_than = max(now - DAY, self._wanted.oldest(now))
        refusals = self._stores.refusals
        refused = await refusals.find(known.number, self._fingerprint, newer_than=newer_than)
        if isinstance(refused, StargazersRestricted) and self._credential:
            return refused.tried_with(self._credential)
        return refused

    async def _remember_refusal(self, error: StargazerError | None) -> None:
        if self._key is None or self._fingerprint is None or self._wanted.logins is not None:
            return
        refusals, repository = self._stores.refusals, self._key.repository
        if isinstance(error, StargazersRestricted | StarListsRestricted):
            await refusals.remember(repository, self._fingerprint, error, self._clock.now())
        elif error is None and self.plan.listing_ended is not None:
            await refusals.forget(repository, self._fingerprint)

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
        an answer from the store must not count it as read. Neither is that of
        somebody who was forgotten meanwhile, who counts as hidden.
        """
        coverage = self.plan.coverage
        if self._wanted.imported is not None:
            coverage = covered(coverage, self._wanted.imported)
        if self._key is None:
            return coverage
        missing = await self._stores.star_lists.missing(
            self.plan.counted_users(), newer_than=self._wanted.oldest(self._begun_at)
        )
        await self._stores.forgotten.look()
        failed = self._stores.forgotten.sift_logins(coverage.failed)
        coverage = msgspec.structs.replace(coverage, failed=failed)
        left_out = [user_id for user_id in missing if self._stores.forgotten.has_id(user_id)]
        return sifted_coverage(coverage.stored(missing), len(left_out))

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
            number = await self._stores.repositories.ask(facts, now)
            self._key = ListKey(number, self._wanted.credential_user)
        ended = None if self._listing_kept else self.plan.listing_ended
        await self._stores.star_lists.write(
            accepted,
            self.plan.ended(),
            now=now,
            shared_since=self._wanted.oldest(now),
            listing=self._key if self._wanted.logins is None else None,
            listing_ended=ended,
        )
        self._listing_kept = self._listing_kept or ended is not None
        if self.plan.spent.calls >= self._calls_when_kept + SIZES_KEPT_EVERY_CALLS:
            self._calls_when_kept = self.plan.spent.calls
            await write_sizes(self._stores.database, self.plan.sizes, now)
        await self._recall()
        await self._look_on()

    async def _look_on(self) -> None:
        """When it is time to, see whether the sample is large enough by what the store holds of it."""
        if self._watch is None or not self._watch.is_due(self.plan.coverage.sampled):
            return
        coverage = await self._stored_coverage()
        sample, key = coverage.sampled, self._key
        if sample is None or key is None:
            return
        numbers = await self._stores.users.numbers(self.plan.counted_users())
        ends = await self._stores.answers.estimated(key.repository, numbers.values(), coverage)
        if self._watch.until.is_met(ends, sample):
            self.plan.suffice()

    async def _recall(self) -> None:
        """Tell the plan what is known of the lists of those who were listed since."""
        user_ids = self.plan.listed()
        if not user_ids:
            return
        facts = self.plan.facts
        seed = (facts.database_id or 0) if facts else await self._seed()
        oldest = self._wanted.oldest(self._clock.now())
        lists = self._stores.star_lists
        self.plan.know(await lists.known(user_ids, seed=seed, newer_than=oldest))
        self.plan.know(await lists.stored(user_ids, seed=seed, older_than=oldest))
        half_read = await lists.half_read(user_ids, seed=seed)
        # What was begun long ago misses what was starred since: such lists are read anew.
        self.plan.know(half for half in half_read if half.begun_at and half.begun_at >= oldest)

    async def _seed(self) -> int:
        known = await self._stores.repositories.named(self._wanted.repository)
        return known.database_id if known else 0

    async def _answer(self, coverage: Coverage) -> StoredAnswer | None:
        facts = self.plan.facts
        if facts is None or facts.is_private:
            return None
        if self._key is None:
            number = await self._stores.repositories.ask(facts, self._clock.now())
            self._key = ListKey(number, self._wanted.credential_user)
        # An answer belongs to somebody; no key of the database says so, for the sake of its snapshot.
        await self._stores.credentials.check(self._wanted.credential_user)
        await self._stores.users.name(self._wanted.users)
        numbers = await self._stores.users.numbers(self.plan.counted_users())
        made = await self._stores.answers.make(
            self._key.repository,
            numbers.values(),
            coverage,
            credential_user=self._wanted.credential_user,
            made_at=self._clock.now(),
            terms=self._wanted.terms,
        )
        return await self._stores.answers.find(made, self._wanted.credential_user)
