"""Play one way on one repository against one server, and measure it by the sandbox's own record."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec
from tests.bench.client import Client
from tests.bench.ground import digest
from tests.bench.ways import Reading, Way, read_nested, read_page_by_page, read_twenty_aliases

from stargazer.find import Finding, Found
from stargazer.github.transport import GitHub
from stargazer.planner.plan import Plan
from stargazer.planner.sizing import Load, Sizes
from stargazer.runner import VirtualClock
from stargazer.sandbox import SECONDS_HEADER, SERVERS, Behaviour, Recipe, SeparateSandbox
from stargazer.sandbox.clock import STARTED_AT
from stargazer.sandbox.record import TIMED_OUT, CallRecord

PLAN = "our plan"
OTHER_WAYS: Mapping[str, Way] = {
    "a page at a time": read_page_by_page,
    "nested, 100 by 100": read_nested,
    "20 aliases, halving": read_twenty_aliases,
}

WARM_CALLS = 20
"""After so many calls a run counts as warmed up."""


class Task(msgspec.Struct, frozen=True):
    """What to play. `size` freezes the plan's calls at so many pages."""

    way: str
    repository: str
    server: str = "default"
    seed: int = 1
    size: int | None = None
    is_compared: bool = False


class Played(msgspec.Struct, frozen=True):
    """What one run cost, by the sandbox's record; `elapsed_seconds` is its virtual time with all waits.

    `digest` is empty when the answer was not to be compared.
    """

    task: Task
    calls: int
    points: int
    seconds: float
    timeouts: int
    refused: int
    retries: int
    elapsed_seconds: float
    largest_requests: int
    warm_calls: int
    warm_timeouts: int
    violations: int
    is_exact: bool
    digest: str


class Frozen(Sizes):
    """Sizes that learn how long calls take, and never how large they should be."""

    def lived(self, load: Load, nodes: int, seconds: float) -> None:
        """Learn the rates alone: pacing needs them."""
        self._learn(Load(load.pages, nodes), seconds)

    def too_long(self, load: Load) -> None:
        """Stay."""

    def too_heavy(self, size: int, passed: int = 0) -> None:
        """Stay."""


_stack = contextlib.ExitStack()
_sandboxes: list[SeparateSandbox] = []


def open_sandbox(recipe: Recipe) -> None:
    """Give this process the sandbox that all its tasks are played against."""
    _sandboxes.append(_stack.enter_context(SeparateSandbox(recipe)))


def behave(task: Task) -> Behaviour:
    """Choose the server that a task is played against."""
    return Behaviour(server=SERVERS[task.server], seed=task.seed)


async def play(task: Task) -> Played:
    """Play one task."""
    sandbox = _sandboxes[-1]
    sandbox.reset(behave(task))
    clock = VirtualClock(STARTED_AT)
    async with GitHub("bench", sandbox.url, now=clock.now, seconds_header=SECONDS_HEADER) as github:
        if task.way == PLAN:
            found = await Finding(make_plan(task), github, clock=clock).answer()
            retries, is_exact = found.spent.retries, found.complete
            summed = digest(_names(found)) if task.is_compared else ""
        else:
            client, reading = Client(github, clock), Reading(task.repository)
            await OTHER_WAYS[task.way](client, reading)
            retries, is_exact = client.retries, True
            summed = digest(reading.neighbours()) if task.is_compared else ""
    elapsed = (clock.now() - STARTED_AT).total_seconds()
    return _describe(task, sandbox, retries, elapsed, is_exact=is_exact, summed=summed)


def make_plan(task: Task) -> Plan:
    """Make the plan of a task, its size frozen if the task says so."""
    sizes = Sizes() if task.size is None else Frozen(cap=task.size, target_seconds=1e9)
    return Plan.neighbours(task.repository, sizes=sizes)


def _names(found: Found) -> dict[str, tuple[str, ...]]:
    return {neighbour.repo: neighbour.stargazers for neighbour in found.neighbours}


def _describe(
    task: Task, sandbox: SeparateSandbox, retries: int, elapsed: float, *, is_exact: bool, summed: str
) -> Played:
    calls, totals = sandbox.calls(), sandbox.totals()
    warm = calls[WARM_CALLS:]
    return Played(
        task=task,
        calls=totals.calls,
        points=totals.points,
        seconds=totals.seconds,
        timeouts=totals.timeouts,
        refused=totals.refused,
        retries=retries,
        elapsed_seconds=elapsed,
        largest_requests=max(call.requests for call in calls),
        warm_calls=len(warm),
        warm_timeouts=sum(map(_timed_out, warm)),
        violations=len(sandbox.overspent()),
        is_exact=is_exact,
        digest=summed,
    )


def _timed_out(call: CallRecord) -> bool:
    return call.outcome == TIMED_OUT
