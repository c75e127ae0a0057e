"""The use cases of the store: read a repository into it, and answer from it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec

from stargazer.errors import StargazersRestricted
from stargazer.neighbours.sampling import Sampling
from stargazer.planner.budget import Budget
from stargazer.planner.coverage import EXACT_TOLERANCE, Kind
from stargazer.planner.known import Listed
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Ledger, Transport
from stargazer.service.reading import Reading
from stargazer.service.stores import Stores
from stargazer.service.viewer import Asker, ask_viewer
from stargazer.service.wanted import DAY, Wanted
from stargazer.store.answers import StoredAnswer
from stargazer.store.imported_lists import ImportKey
from stargazer.store.sizes import read_sizes
from stargazer.store.stargazer_lists import ListKey

FAILED_AGAIN_AFTER = timedelta(hours=1)
"""So long an answer is served although something of it failed; everything else of it is in the store."""


class Service(Stores):
    """Reads repositories into one store, and answers from it.

    Args:
        database: the store, open for one GitHub endpoint.
        clock: the time it goes by.
    """

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
        viewer = await ask_viewer(github, self.clock)
        return await self.credentials.remember(token_fingerprint, viewer, self.clock.now())

    async def latest(self, wanted: Wanted) -> StoredAnswer | None:
        """The stored answer, if it is young enough and reading again would not mend it.

        An answer for which the list of stargazers broke off, or a list was left
        unread, is asked for again. Lists that failed are tried again after an hour.
        """
        known = await self.repositories.named(wanted.repository)
        if known is None or wanted.logins is not None or wanted.users:
            return None
        if wanted.sampling is not None and wanted.sampling.sample == "max":
            # What a budget pays for is more each time.
            wanted = msgspec.structs.replace(wanted, sampling=None)
        now = self.clock.now()
        found = await self.answers.fitting(known.number, wanted.credential_user, wanted.terms, now)
        return found if found is not None and can_serve(found, now) else None

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

        Where GitHub refuses its list of stargazers, one that was imported is read.

        Raises:
            InvalidRequest: the repository is no `owner/name`.
            StoreUnavailable: the database cannot be used.
        """
        wanted = await self._wanted_from_elsewhere(wanted, transport, ledger)
        yield await self._begin(wanted, transport, on_progress, ledger)

    async def _begin(
        self,
        wanted: Wanted,
        transport: Transport,
        on_progress: Callable[[Progress], None] | None,
        ledger: Ledger | None,
    ) -> Reading:
        await self.forgotten.look()
        sampling = wanted.sampling or Sampling()
        plan = Plan.neighbours(
            wanted.repository,
            budget=_stood(wanted.budget, transport),
            logins=wanted.logins,
            users=[user for user in wanted.users if not self.forgotten.has(user)],
            listed=await self._listed(wanted),
            max_stars_per_user=wanted.max_stars_per_user,
            sizes=await read_sizes(self.database),
            order_seed=sampling.seed,
            sample=sampling.sample,
            is_watched=sampling.until is not None,
        )
        return Reading(self, wanted, plan, transport, on_progress=on_progress, ledger=ledger)

    async def _wanted_from_elsewhere(
        self, wanted: Wanted, transport: Transport, ledger: Ledger | None
    ) -> Wanted:
        """The same, with the people of the imported list if there is one and GitHub refuses its own.

        Whoever GitHub has listed before, until it refused, is joined to them.
        """
        known = await self.repositories.named(wanted.repository)
        if known is None or wanted.logins is not None or wanted.users:
            return wanted
        key = ImportKey(known.number, wanted.credential_user)
        imported = await self.imported_lists.find(key)
        if imported is None or not await self._is_refused(wanted, transport, ledger):
            return wanted
        logins, users = await self.imported_lists.people(key)
        listed = await self.stargazer_lists.find(ListKey(known.number, wanted.credential_user))
        if listed is not None:
            joined = {user.id: user for user in (await self.users.who(listed.users.tolist())).values()}
            users = list({**joined, **{user.id: user for user in users}}.values())
        return msgspec.structs.replace(wanted, logins=tuple(logins), users=tuple(users), imported=imported)

    async def _is_refused(self, wanted: Wanted, transport: Transport, ledger: Ledger | None) -> bool:
        """Find out, for a call at most, whether GitHub refuses its own list; what comes is stored."""

        def look(_: Progress) -> None:
            if reading.plan.facts is not None:
                reading.stop()

        reading = await self._begin(wanted, transport, look, ledger)
        if reading.plan.listing_ended is not None:
            return False
        return isinstance(await reading.read(), StargazersRestricted)

    async def _listed(self, wanted: Wanted) -> Listed | None:
        """What is known of the list of stargazers."""
        known = await self.repositories.named(wanted.repository)
        if known is None or wanted.logins is not None:
            return None
        key = ListKey(known.number, wanted.credential_user)
        now = self.clock.now()
        newer_than = max(now - DAY, wanted.oldest(now))
        half = await self.stargazer_lists.half_read(key)
        if half is not None and half.begun_at is not None and half.begun_at >= newer_than:
            return half
        return await self.stargazer_lists.known(key, newer_than=newer_than)


def _stood(budget: Budget, transport: Transport) -> Budget:
    """The budget, with as many calls in flight as the server stands, unless it asks for more."""
    stands: int = getattr(transport, "concurrency", 1)
    return msgspec.structs.replace(budget, concurrency=max(budget.concurrency, stands))


def can_serve(answer: StoredAnswer, now: datetime) -> bool:
    """Whether reading again would not mend an answer, whatever its age."""
    coverage = answer.coverage
    if answer.kind is Kind.ESTIMATE and not answer.complete and not coverage["users_failed"]:
        return False
    if coverage["users_failed"] and now >= answer.made_at + FAILED_AGAIN_AFTER:
        return False
    listed: int = coverage["stargazers_listed"] + coverage["stargazers_hidden"]
    broken_off = listed < coverage["stargazers_total"] * (1 - EXACT_TOLERANCE)
    if coverage["source"] != "github":
        # Of a list from elsewhere there is no more, however often it is read.
        broken_off = False
    return answer.kind is Kind.ESTIMATE or (not broken_off and coverage["users_unread"] == 0)
