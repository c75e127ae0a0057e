"""Write what was measured as a page of the reference."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import fmean

from tests.bench.bounds import MODEL_REPOSITORY, Bound, Results, judge, of
from tests.bench.ground import Floor
from tests.bench.play import Played
from tests.bench.trials import Model, mean_seconds

from stargazer.sandbox import SERVERS

PACKAGES = ("stargazer", "aiohttp", "gql", "msgspec", "numpy")

HEAD = """# Benchmarks

What a run costs, measured by `make bench` against the sandbox and written by it.
Measured on {date} with Python {python} ({packages}) on {system}, {minutes:.1f} minutes in all.

The graph is synthetic: {users:,} users, {stars:,} stars, lists with a heavy tail.
The sandbox works in a process of its own, on a virtual clock: GitHub's seconds are
simulated and exact, the client's are real. The default server takes 0.25 s a call,
4 ms a connection and 0.8 ms a node, times a log-normal jitter of 0.25, and ends a call at 10 s.
That is a model of GitHub, not a measurement of it.
"""

BOUNDS = """## What must be reached

Each figure must be at most its bound.
"""

WAYS = """## Our plan beside three other ways

The same server and the same seed for all. All keep one call in flight and the same pace
(80 % of GitHub's call time a minute, points by GitHub's own reading), and ask again what failed.
*A page at a time*: one connection page a call. *Nested*: `stargazers(first: 100)` with
`starredRepositories(first: 100)` inside, the rest of longer lists a page a call; `first` of the outer page
is halved when a call fails. *20 aliases*: the next pages of up to 20 users a call,
halved when a call fails and one more after each success.

Points and GitHub seconds are what the sandbox charged; elapsed is the virtual time with all waits;
retries are pages asked again; *equal* says whether every count and every name equals the graph's.
"""

FLOORS = """## Against the floors

The floor of points is the larger of requests ÷ 149 and 2 + half the pages of the longest list.
The floor of GitHub seconds is the work (4 ms a connection, 0.8 ms a node) and 0.25 s for every 5 s
of it, or for every call that the floor of points needs if those are more, times the mean of the jitter.
One run is noisy, so these are means over seeds of the jitter, with the worst run beside them.
"""

MODELS = """## Robust against other servers

Our GitHub seconds beside those of the best fixed size in hindsight: the same plan, its calls frozen at
{sizes} pages, a call that fails split and asked again.
Each size is played with the first seed, the three best with all {seeds}; figures are means over these seeds.
*20 aliases* is the plain client above. The bound of 1.25 is set for `{repository}`.
"""

WORK = """## The client's own work

Processor time of the client alone, over real HTTP. *Answer* is composing, sending, decoding, planning
and merging; *all* is every name of every neighbour too. A star is one (user, repository) pair
of the answer. The pause lasts from the end of a reply to the next call, in processor time, which is
what it lasts on an idle machine; *real* holds what other processes took in between.
"""


def write(
    results: Results, *, measured_at: datetime, minutes: float, users: int, stars: int, sizes: Sequence[int]
) -> str:
    """Write the whole page."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    head = HEAD.format(
        date=measured_at.date().isoformat(),
        python=platform.python_version(),
        packages=versions,
        system=f"{platform.system()} {platform.machine()}",
        minutes=minutes,
        users=users,
        stars=stars,
    )
    parts = [head, BOUNDS, _table_of_bounds(judge(results)), WAYS]
    parts += [_table_of_ways(results, name, floor) for name, floor in results.floors.items()]
    parts += [FLOORS, _table_of_floors(results)]
    if results.models:
        seeds = len(results.models[0].plan)
        told = MODELS.format(sizes=_listed(sizes), seeds=seeds, repository=MODEL_REPOSITORY)
        parts += [told, _table_of_servers(), _table_of_models(results.models)]
    parts += [WORK, _table_of_work(results)]
    return "\n".join(parts)


def _table(head: str, rows: Iterable[Sequence[str]], *, texts: int = 1) -> str:
    """Write a table of which the first *texts* columns are words, the others figures."""
    columns = head.split(" | ")
    rule = ["---"] * texts + ["---:"] * (len(columns) - texts)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows)) + "\n"


def _listed(sizes: Sequence[int]) -> str:
    return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]}"


def _table_of_bounds(bounds: Sequence[Bound]) -> str:
    return _table(
        "figure | how | measured | bound | holds",
        [
            (
                bound.what,
                bound.note,
                f"{bound.measured:,.3g}",
                f"{bound.limit:,g}",
                "yes" if bound.holds else "**no**",
            )
            for bound in bounds
        ],
        texts=2,
    )


def _table_of_ways(results: Results, repository: str, floor: Floor) -> str:
    told = (
        f"### `{repository}`\n\n{floor.requests:,} pages, {floor.nodes:,} nodes; "
        f"the longest list has {floor.longest_pages} pages.\n\n"
    )
    head = "way | calls | points | ÷ floor | GitHub s | ÷ floor | time-outs | retries | elapsed s | equal"
    lowest = ("floor", "", f"{floor.points:,.1f}", "1", f"{floor.seconds:,.0f}", "1", "", "", "", "")
    rows = [
        (
            run.task.way,
            f"{run.calls:,}",
            f"{run.points:,}",
            f"{run.points / floor.points:.2f}",
            f"{run.seconds:,.0f}",
            f"{run.seconds / floor.seconds:.2f}",
            str(run.timeouts),
            str(run.retries),
            f"{run.elapsed_seconds:,.0f}",
            "yes" if run.digest == results.truths[repository] else "**no**",
        )
        for run in of(results.ways, repository)
    ]
    return told + _table(head, [*rows, lowest])


def _table_of_floors(results: Results) -> str:
    head = "repository | server | runs | points | ÷ floor | worst | GitHub s | ÷ floor | worst | time-outs"
    rows = []
    for repository, floor in results.floors.items():
        for server, runs in (
            ("default", of(results.steady, repository)),
            ("fast", of(results.fast, repository)),
        ):
            if runs:
                rows.append((f"`{repository}`", server, str(len(runs)), *_against(runs, floor, server)))
    return _table(head, rows, texts=2)


def _against(runs: Sequence[Played], floor: Floor, server: str) -> Sequence[str]:
    points = [run.points / floor.points for run in runs]
    seconds = [run.seconds / floor.seconds for run in runs]
    shown = (f"{fmean(seconds):.3f}", f"{max(seconds):.3f}") if server == "default" else ("", "")
    return (
        f"{fmean(run.points for run in runs):,.1f}",
        f"{fmean(points):.2f}",
        f"{max(points):.2f}",
        f"{mean_seconds(runs):,.1f}",
        *shown,
        str(sum(run.timeouts for run in runs)),
    )


def _table_of_servers() -> str:
    told = {
        "fast": "ten times as fast",
        "slow": "a third as fast",
        "two-humped": "15 % of calls take three times as long",
        "at-most-30-aliases": "refuses calls of more than 30 connections",
        "tightening": "refuses more than 60 connections after 20 s, more than 20 after 45 s",
        "drifting": "its speed swings between half and double, in five minutes",
    }
    return _table(
        "server | what it does",
        [(name, told.get(name, "")) for name in SERVERS if name != "default"],
        texts=2,
    )


def _table_of_models(models: Sequence[Model]) -> str:
    head = (
        "server | repository | our plan, GitHub s | best fixed, GitHub s | its size | ratio "
        "| 20 aliases, GitHub s | our time-outs | our refusals"
    )
    rows = [
        (
            model.server,
            f"`{model.repository}`",
            f"{mean_seconds(model.plan):,.1f}",
            f"{mean_seconds(model.best):,.1f}",
            str(model.best[0].task.size),
            f"{model.ratio:.2f}",
            f"{mean_seconds(model.baseline):,.1f}",
            str(sum(run.timeouts for run in model.plan)),
            str(sum(run.refused for run in model.plan)),
        )
        for model in models
    ]
    return _table(head, rows, texts=2)


def _table_of_work(results: Results) -> str:
    head = (
        "repository | stars | neighbours | answer, µs a star | all, µs a star "
        "| longest pause, ms | p99, ms | longest real, ms | p99, ms"
    )
    rows = [
        (
            f"`{work.repository}`",
            f"{work.stars:,}",
            f"{work.neighbours:,}",
            f"{work.answer_microseconds:.2f}",
            f"{work.microseconds:.2f}",
            f"{work.pauses.longest_ms:.1f}",
            f"{work.pauses.p99_ms:.1f}",
            f"{work.real_pauses.longest_ms:.1f}",
            f"{work.real_pauses.p99_ms:.1f}",
        )
        for work in results.work
    ]
    return _table(head, rows)
