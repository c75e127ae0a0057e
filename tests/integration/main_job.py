"""The main job against a sandbox on a virtual clock, with a note of when each list was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

import msgspec
import pytest

from stargazer.errors import StargazerError
from stargazer.find import Finding, Found, split_stargazers
from stargazer.github.transport import GitHub
from stargazer.planner.budget import Budget
from stargazer.planner.page import Call, Failure, Reply, StarListRequest
from stargazer.planner.plan import Plan
from stargazer.runner import Transport, VirtualClock
from stargazer.sandbox import SECONDS_HEADER, Behaviour, Graph, Sandbox, Totals, Violation, synthetic_graph
from stargazer.sandbox.record import CallRecord
from stargazer.sources.entry import FileStargazer

SMALL = "synthetic/small"
LARGE = "synthetic/large"


def small_graph() -> Graph:
    """Make a graph of 60,000 stars of which a test may change what it likes."""
    return synthetic_graph(users=2_000, stars=60_000, repositories=8_000, subjects={SMALL: 150, LARGE: 400})


class Done(msgspec.Struct, frozen=True, dict=True):
    """A run that has ended.

    Attributes:
        found: the answer.
        calls: what the sandbox was asked.
        totals: the sums over all calls.
        overspent: the rules that were broken.
        read: when the first and the last page of each user's list were asked for, by node id.
        began_at: when the first call was sent.
        ended_at: when the last reply had arrived.
    """

    found: Found
    calls: list[CallRecord]
    totals: Totals
    overspent: list[Violation]
    read: dict[str, tuple[datetime, datetime]]
    began_at: datetime
    ended_at: datetime

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The answer in the form of `Graph.truth`."""
        return {neighbour.repo: list(neighbour.stargazers) for neighbour in self.found.neighbours}

    @cached_property
    def starred(self) -> dict[str, set[str]]:
        """The answer turned around: what each counted stargazer starred."""
        lists: dict[str, set[str]] = {}
        for neighbour in self.found.neighbours:
            for login in neighbour.stargazers:
                lists.setdefault(login, set()).add(neighbour.repo)
        return lists


class Noting:
    """A transport that notes when the pages of each star list were asked for."""

    def __init__(self, transport: Transport, clock: VirtualClock) -> None:
        self._transport = transport
        self._clock = clock
        self.read: dict[str, tuple[datetime, datetime]] = {}

    async def send(self, call: Call) -> Reply:
        """Send a call as ever."""
        sent_at = self._clock.now()
        reply = await self._transport.send(call)
        for selection, outcome in zip(call.selections, reply.outcomes, strict=False):
            if isinstance(selection, StarListRequest) and not isinstance(outcome, Failure):
                since, _ = self.read.get(selection.user_id, (sent_at, sent_at))
                self.read[selection.user_id] = (since, sent_at)
        return reply


async def find(
    graph: Graph,
    repository: str,
    behaviour: Behaviour | None = None,
    *,
    budget: Budget | None = None,
    stargazers: Iterable[str | FileStargazer] | None = None,
) -> Done:
    """Do the main job once; what it raises comes through."""
    async with Sandbox(graph, behaviour) as sandbox:
        return await _find(sandbox, repository, budget, stargazers)


async def refuse(
    graph: Graph,
    repository: str,
    behaviour: Behaviour | None = None,
    *,
    stargazers: Iterable[str | FileStargazer] | None = None,
) -> tuple[StargazerError, list[CallRecord]]:
    """Do the main job where it must fail; return the error, and what it cost."""
    async with Sandbox(graph, behaviour) as sandbox:
        with pytest.raises(StargazerError) as raised:
            await _find(sandbox, repository, None, stargazers)
        assert sandbox.overspent == []
        return raised.value, sandbox.record


async def _find(
    sandbox: Sandbox,
    repository: str,
    budget: Budget | None,
    stargazers: Iterable[str | FileStargazer] | None,
) -> Done:
    logins, users = split_stargazers(stargazers)
    clock = VirtualClock(sandbox.clock.now())
    began_at = clock.now()
    async with GitHub("any", sandbox.url, now=clock.now, seconds_header=SECONDS_HEADER) as github:
        noting = Noting(github, clock)
        plan = Plan.neighbours(repository, budget=budget, logins=logins, users=users)
        found = await Finding(plan, noting, clock=clock, users=users).answer()
    return Done(found, sandbox.record, sandbox.totals, sandbox.overspent, noting.read, began_at, clock.now())
