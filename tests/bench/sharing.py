"""Measure what a store saves and what workers share: `python -m tests.bench.sharing`.

It writes `docs/reference/benchmarks-sharing.md`, in some minutes: workers are measured in real time.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tempfile
from pathlib import Path

import msgspec
from tests.bench.store_world import server
from tests.integration.service_world import ONE, TWO, Desk, opened, truth_of
from tests.integration.test_service_refresh import change, change_stargazers
from tests.integration.workers_together import Firm, found

from stargazer.sandbox import Graph, synthetic_graph
from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.separate import Recipe
from stargazer.store.jobs_states import Job

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks-sharing.md"

STARGAZERS = 1_000
SPEED = 1.0
"""As slow as GitHub, so that two cores are enough for four workers and whatever else runs."""

EIGHT = {f"synthetic/s{number}": 100 for number in range(8)}
SHARED = Recipe(users=12_000, stars=480_000, repositories=40_000, subjects=EIGHT)
SMALL, LARGE = "synthetic/small", "synthetic/large"
UNEQUAL = Recipe(users=6_000, stars=240_000, repositories=20_000, subjects={SMALL: 250, LARGE: 5_000})


class Cost(msgspec.Struct, frozen=True):
    """What a reading cost."""

    what: str
    calls: int
    points: int
    nodes: int


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def big_graph() -> Graph:
    """Make a graph in which half the stargazers of `TWO` starred `ONE` too, and have half the stars."""
    graph = synthetic_graph(
        users=5_000, stars=500_000, repositories=40_000, subjects={ONE: STARGAZERS, TWO: 1}
    )
    mine = graph.stargazers_of(ONE)
    length = {login: len(graph.starred_by(login)) for login in graph.logins}
    others = sorted(set(graph.logins) - set(mine) - set(graph.stargazers_of(TWO)), key=length.__getitem__)
    for login in sorted(mine, key=length.__getitem__)[: STARGAZERS // 2]:
        twin = min(others, key=lambda other: abs(length[other] - length[login]))
        others.remove(twin)
        graph.star(login, TWO)
        graph.star(twin, TWO)
    return graph


async def read(desk: Desk, what: str, repository: str = ONE, **wanted: str) -> Cost:
    """Read a repository, hold the answer against the truth, and tell what it cost."""
    before = desk.sandbox.totals
    done = await desk.read(repository, **wanted)
    after = desk.sandbox.totals
    assert await desk.names(done.answer) == truth_of(desk.graph, repository)
    cost = Cost(what, after.calls - before.calls, after.points - before.points, after.nodes - before.nodes)
    say(f"{what}: {cost.nodes:,} nodes")
    return cost


async def measure_second(url: str) -> list[Cost]:
    """A second repository, after another one and alone."""
    async with opened(big_graph(), url) as desk:
        first = await read(desk, f"`{ONE}`, nothing stored")
        second = await read(desk, f"then `{TWO}`, which shares half of its stargazers", TWO)
        before = desk.sandbox.totals.calls
        assert await desk.service.latest(await desk.wanted()) is not None
        again = Cost(f"`{ONE}` again", desk.sandbox.totals.calls - before, 0, 0)
    async with opened(big_graph(), url) as desk:
        alone = await read(desk, f"`{TWO}`, nothing stored", TWO)
    return [first, alone, second, again]


CHANGES = {
    "20 came, nobody left, the lists as they were": (0.0, 0.0, 20, 0),
    "20 came, 10 left, 2 % new stars in every list": (0.02, 0.0, 20, 10),
    "the same, and 1 star in 10,000 taken back": (0.02, 0.0001, 20, 10),
    "the same, and 1 star in 1,000 taken back": (0.02, 0.001, 20, 10),
    "the same, and 1 star in 50 taken back": (0.02, 0.02, 20, 10),
}
"""New stars and stars taken back, each as a part of every list; who came and who left."""


async def measure_refresh(url: str) -> list[Cost]:
    """The same repository after eight days, in which this and that has changed."""
    costs: list[Cost] = []
    for title, (came, went, joined, left) in CHANGES.items():
        async with opened(big_graph(), url) as desk:
            first = await read(desk, "nothing stored")
            desk.later(days=8)
            change(desk.graph, 1, came=came, went=went, at=desk.clock.now())
            change_stargazers(desk.graph, 1, came=joined, went=left, at=desk.clock.now())
            costs = costs or [first]
            costs.append(await read(desk, title))
    return costs


async def span(firm: Firm, jobs: list[Job]) -> tuple[float, float]:
    """The seconds of GitHub's time until jobs were done, and those that their calls took."""
    begun = min(job.created_at for job in jobs)
    ended = [await firm.ended(job) for job in jobs]
    assert [job.attempts for job in ended] == [1] * len(jobs)
    assert firm.sandbox.overspent() == []
    begun_at = firm.sandbox_moment(begun)
    calls = [call for call in firm.sandbox.calls() if call.at >= begun_at]
    last_at = max(firm.sandbox_moment(job.finished_at) for job in ended)
    return (last_at - begun_at).total_seconds(), sum(call.seconds for call in calls)


async def measure_eight(url: str, notes: Path, workers: int) -> tuple[float, float]:
    """Eight jobs of eight credentials."""
    tokens = [f"token-{number}" for number in range(8)]
    async with found(url, notes, SHARED, Behaviour(speed=SPEED), tokens) as firm:
        firm.hire(workers)
        await firm.ready()
        jobs = [await firm.ask(name, user) for name, user in zip(EIGHT, firm.tokens, strict=True)]
        return await span(firm, jobs)


async def measure_small(url: str, notes: Path, *, beside: bool) -> float:
    """A small job, alone or beside a large one of the same credential."""
    async with found(url, notes, UNEQUAL, Behaviour(speed=SPEED)) as firm:
        firm.hire(2)
        await firm.ready()
        if beside:
            await firm.ask(LARGE)
            await firm.at_work(6)
        return (await span(firm, [await firm.ask(SMALL)]))[0]


def rows(costs: list[Cost], first: Cost) -> str:
    """Write a table of costs; the last column compares with *first*."""
    lines = ["| | calls | points | nodes | of the first |", "|---|--:|--:|--:|--:|"]
    for cost in costs:
        part = f"{cost.nodes / first.nodes:.1%}"
        lines.append(f"| {cost.what} | {cost.calls:,} | {cost.points:,} | {cost.nodes:,} | {part} |")
    return "\n".join(lines)


def measure() -> str:
    """Measure everything, and write the page."""
    with server() as url, tempfile.TemporaryDirectory() as folder:
        second = asyncio.run(measure_second(url))
        refresh = asyncio.run(measure_refresh(url))
        spans = {}
        for workers in (1, 2, 4):
            notes = Path(folder) / str(workers)
            notes.mkdir()
            spans[workers] = asyncio.run(measure_eight(url, notes, workers))
            say(f"{workers} workers: {spans[workers]}")
        small = {}
        for beside in (False, True):
            notes = Path(folder) / f"small-{beside}"
            notes.mkdir()
            small[beside] = asyncio.run(measure_small(url, notes, beside=beside))
            say(f"small job, beside={beside}: {small[beside]:.1f} s")
    return page(second, refresh, spans, small)


def page(
    second: list[Cost],
    refresh: list[Cost],
    spans: dict[int, tuple[float, float]],
    small: dict[bool, float],
) -> str:
    """Write the page."""
    alone, _ = spans[1]
    workers = "\n".join(
        f"| {count} | {elapsed:.1f} s | {busy:.1f} s | {alone / elapsed:.2f} times |"
        for count, (elapsed, busy) in spans.items()
    )
    return f"""# Benchmark of sharing

Written by `python -m tests.bench.sharing`: the sandbox with a synthetic graph, a real PostgreSQL,
{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}. Every answer was held
against the truth by brute force. Nodes are what GitHub works on; only the last two tables are about time,
that of a sandbox as slow as GitHub.

## A second repository

Both have about {STARGAZERS:,} stargazers; those of the first have {second[0].nodes // STARGAZERS} stars each
on average, those of the second {second[1].nodes // STARGAZERS}.

{rows(second, second[0])}

Second, `{TWO}` costs {second[2].nodes / second[1].nodes:.2f} of what it costs alone.

## The same repository, eight days later

{STARGAZERS:,} stargazers, of whom some left and to whom others came.

{rows(refresh, refresh[0])}

Whoever came is read whole: that alone is 2 % of the first run. A list to which stars were only added costs a
page as long as what is new. A star that was taken back costs more the deeper it lies, since GitHub tells the
number of stars and not which one is gone: the list is read down to where the numbers agree again. With one
star in fifty taken back nearly every list has lost one somewhere, and a refresh saves little: no list is
believed without its count.

## Workers

Eight jobs of eight credentials, each with 100 stargazers. Users whom two jobs read at the same moment are
read twice, and jobs are not equally long, so that some workers are done before others. On average
{os.getloadavg()[1]:.0f} processes wanted the cores meanwhile.

| workers | until all were done | calls took, all together | faster |
|--:|--:|--:|--:|
{workers}

## A small job beside a large one

250 stargazers, asked for while 5,000 are being read with the same credential, which has one call in flight.

| | until it was done |
|---|--:|
| alone | {small[False]:.1f} s |
| beside the large one | {small[True]:.1f} s |

That is {small[True] / small[False]:.2f} times as long.
"""


if __name__ == "__main__":
    PAGE.write_text(measure(), encoding="utf-8")
    say(f"wrote {PAGE.name}")
