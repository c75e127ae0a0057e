"""The main job as one call: from a repository to its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from stargazer.errors import (
    RepositoryNotFound,
    StargazerError,
    StargazersRestricted,
    StarListsRestricted,
)
from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.merge import Merge
from stargazer.neighbours.stop import Until, Watch
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.coverage import Coverage, Kind
from stargazer.planner.page import Page, User
from stargazer.planner.plan import Plan
from stargazer.planner.sample import SampleSize
from stargazer.planner.step import Progress
from stargazer.runner import Clock, Run, SystemClock, Transport
from stargazer.sources.entry import FileStargazer

NO_ANSWER = (RepositoryNotFound, StargazersRestricted, StarListsRestricted)
"""After these errors there is nothing to show, whatever was read."""


class Found(msgspec.Struct, frozen=True, eq=False):
    """An answer: the neighbours, and how they were come by.

    `seconds` is the time on the wall clock. `error` is what ended the reading
    early, and None if nothing did: then the answer is partial, and holds all
    that had been read.
    """

    repository: str
    coverage: Coverage
    spent: Spent
    seconds: float
    neighbours: Neighbours
    error: StargazerError | None = None

    @property
    def kind(self) -> Kind:
        """What the answer may be called: exact means exact."""
        return self.coverage.kind

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was done."""
        return self.coverage.complete and self.error is None

    def report(self, warnings: Sequence[str] = ()) -> dict[str, Any]:
        """The published report about the answer, without its neighbours."""
        return {
            "repository": self.repository,
            "kind": self.kind,
            "complete": self.complete,
            "coverage": self.coverage.public(),
            "spent": self.spent,
            "seconds": self.seconds,
            "neighbours": len(self.neighbours),
            "warnings": [*warnings, *([self.error.message] if self.error else [])],
        }


class Finding:
    """One answer being made, for callers that want to end it early or look at it meanwhile.

    Args:
        plan: what to read.
        transport: what sends the calls.
        clock: the time it goes by.
        users: who is listed already, by node id, as a list from a file may tell.
        on_progress: gets a frozen record after each reply and before each wait.
        until: when a sample is large enough, for a plan that is watched.
    """

    def __init__(
        self,
        plan: Plan,
        transport: Transport,
        *,
        clock: Clock | None = None,
        users: Iterable[User] = (),
        on_progress: Callable[[Progress], None] | None = None,
        until: Until | None = None,
    ) -> None:
        self.plan = plan
        self._watch = None if until is None else Watch(until)
        self._clock = clock or SystemClock()
        self._merge = Merge()
        self._begun_at = self._clock.now()
        self._run = Run(plan, transport, self._clock, on_pages=self._take, on_progress=on_progress)
        self._merge.name(users)

    def stop(self) -> None:
        """End now; `answer` returns what was read."""
        self._run.stop()

    def _take(self, accepted: Sequence[Page | User]) -> None:
        """Count what came; and when a look is due, tell the plan if that is enough."""
        self._merge.add(accepted)
        if self._watch is None:
            return
        coverage = self.plan.coverage
        sample = coverage.sampled
        if sample is None or not self._watch.is_due(sample):
            return
        if self._watch.until.is_met(self._merge.neighbours(coverage).counts.estimated, sample):
            self.plan.suffice()

    def now(self) -> Found:
        """The best answer so far, while reading goes on."""
        return self._found(None)

    async def answer(self) -> Found:
        """Read everything that the plan wants, and count.

        Raises:
            StargazersRestricted: GitHub refuses the list of stargazers.
            StarListsRestricted: GitHub refuses what they starred.
            RepositoryNotFound: there is no such repository.
            StargazerError: something else ended the reading before anything was read.
        """
        try:
            error = (await self._run.finish()).error
        except StargazerError as raised:
            error = raised
        found = self._found(error)
        read_nothing = found.coverage.users_read + found.coverage.users_truncated == 0
        if error is not None and (read_nothing or isinstance(error, NO_ANSWER)):
            raise error
        return found

    def _found(self, error: StargazerError | None) -> Found:
        coverage = self.plan.coverage
        return Found(
            repository=self.plan.repository,
            coverage=coverage,
            spent=msgspec.structs.replace(self.plan.spent, waited_seconds=self._run.waited_seconds),
            seconds=(self._clock.now() - self._begun_at).total_seconds(),
            neighbours=self._merge.neighbours(coverage),
            error=error,
        )


async def find_neighbours(
    repository: str,
    github: Transport,
    *,
    budget: Budget | None = None,
    stargazers: Iterable[str | FileStargazer] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    sample: SampleSize | None = None,
    until: Until | str | None = None,
    seed: int = 0,
) -> Found:
    """Find the repositories that the stargazers of *repository* starred too.

    Args:
        repository: `owner/name`.
        github: an open `GitHub`, or anything else that can `send` a call.
        budget: what may be spent; None: as much as it takes.
        stargazers: who they are, as logins or as read from a file; None: GitHub is asked.
        on_progress: gets a frozen `Progress` after each reply and before each wait.
        sample: read so many stargazers, chosen at random, or "max": as many as the budget pays for.
        until: stop when the estimate is good enough: "width=0.1" or "top=20".
        seed: another seed is another random sample.

    Returns:
        The answer; with a sample that is not everybody, an estimate. When something ended the
        reading early, its `error` says what; without a sample it is partial then.

    Raises:
        InvalidRequest: *repository* is no `owner/name`, or a sample or a rule is none.
        StargazersRestricted: GitHub refuses the list of stargazers.
        StarListsRestricted: GitHub refuses what they starred.
        RepositoryNotFound: there is no such repository.
        StargazerError: something else ended the reading before anything was read.
    """
    rule = Until.read(until) if isinstance(until, str) else until
    logins, users = split_stargazers(stargazers)
    plan = Plan.neighbours(
        repository,
        budget=budget,
        logins=logins,
        users=users,
        order_seed=seed,
        sample=sample,
        is_watched=rule is not None,
    )
    return await Finding(plan, github, users=users, on_progress=on_progress, until=rule).answer()


def split_stargazers(
    stargazers: Iterable[str | FileStargazer] | None,
) -> tuple[list[str] | None, list[User]]:
    """Part stargazers from elsewhere into logins to be looked up and users whose node id is known."""
    if stargazers is None:
        return None, []
    logins: list[str] = []
    users: list[User] = []
    for one in stargazers:
        entry = FileStargazer(login=one) if isinstance(one, str) else one
        if entry.id is not None:
            users.append(User(entry.id, entry.database_id, entry.login or entry.id))
        elif entry.login:
            logins.append(entry.login)
    return logins, users
