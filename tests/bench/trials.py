"""Which runs the benchmark consists of, played by two processes that each have a sandbox."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import fmean
from types import TracebackType
from typing import Self

import msgspec
from tests.bench.play import OTHER_WAYS, PLAN, Played, Task, open_sandbox, play

from stargazer.sandbox import SERVERS, Recipe

MODELS = tuple(name for name in SERVERS if name != "default")
BASELINE = "20 aliases, halving"
SIZES_TRIED = 3
"""So many of the best sizes are played with every seed; the others with the first seed alone."""


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured.

    Attributes:
        recipe: the graph.
        seeds: of the server's jitter, by repository, against the floors.
        model_seeds: likewise, for each server model.
        model_repositories: where the server models are played.
        sizes: the fixed sizes that are tried.
        work_runs: how often the client's own work is measured, by repository.
    """

    recipe: Recipe
    seeds: dict[str, Sequence[int]]
    model_seeds: Sequence[int]
    model_repositories: Sequence[str]
    sizes: Sequence[int]
    work_runs: int


class Model(msgspec.Struct, frozen=True):
    """One server model on one repository: our plan, the best fixed size, and the plain baseline."""

    server: str
    repository: str
    plan: Sequence[Played]
    baseline: Sequence[Played]
    best: Sequence[Played]

    @property
    def ratio(self) -> float:
        """Our GitHub seconds over those of the best fixed size."""
        return mean_seconds(self.plan) / mean_seconds(self.best)


def mean_seconds(runs: Iterable[Played]) -> float:
    """The mean of the GitHub seconds of some runs."""
    return fmean(run.seconds for run in runs)


def _play(task: Task) -> Played:
    return asyncio.run(play(task))


class Players:
    """Two processes that play tasks, as a context manager."""

    def __init__(self, recipe: Recipe) -> None:
        self._pool = ProcessPoolExecutor(
            2, multiprocessing.get_context("spawn"), initializer=open_sandbox, initargs=(recipe,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def play(self, tasks: Sequence[Task]) -> list[Played]:
        """Play tasks, whichever first; the results stand in the order of the tasks."""
        return list(self._pool.map(_play, tasks))


def play_ways(players: Players, extent: Extent) -> list[Played]:
    """Play every way on every repository, and compare the answers."""
    tasks = [
        Task(way, repository, is_compared=True)
        for repository in extent.recipe.subjects
        for way in (PLAN, *OTHER_WAYS)
    ]
    return players.play(tasks)


def play_floors(players: Players, extent: Extent, server: str) -> list[Played]:
    """Play our plan with many seeds."""
    return players.play(
        [Task(PLAN, repository, server, seed) for repository, seeds in extent.seeds.items() for seed in seeds]
    )


def play_models(players: Players, extent: Extent) -> list[Model]:
    """Play our plan against every server model, and find the best fixed size by trying."""
    pairs = [(server, repository) for repository in extent.model_repositories for server in MODELS]
    first, *others = extent.model_seeds
    tried = players.play(
        [Task(PLAN, repository, server, first, size) for server, repository in pairs for size in extent.sizes]
    )
    shortlist = [run.task for pair in pairs for run in sorted(_of(tried, pair), key=_rank)[:SIZES_TRIED]]
    again = players.play([msgspec.structs.replace(task, seed=seed) for task in shortlist for seed in others])
    plain = players.play(
        [
            Task(way, repository, server, seed)
            for server, repository in pairs
            for way in (PLAN, BASELINE)
            for seed in extent.model_seeds
        ]
    )
    fixed = [run for run in (*tried, *again) if _key(run) in {_key_of(task) for task in shortlist}]
    return [_judge(pair, _of(fixed, pair), _of(plain, pair)) for pair in pairs]


def _judge(pair: tuple[str, str], fixed: Sequence[Played], plain: Sequence[Played]) -> Model:
    by_size: dict[int | None, list[Played]] = {}
    for run in fixed:
        by_size.setdefault(run.task.size, []).append(run)
    return Model(
        *pair,
        plan=[run for run in plain if run.task.way == PLAN],
        baseline=[run for run in plain if run.task.way == BASELINE],
        best=min(by_size.values(), key=lambda runs: (_gave_up(runs), mean_seconds(runs))),
    )


def _gave_up(runs: Iterable[Played]) -> bool:
    return not all(run.is_exact for run in runs)


def _of(runs: Iterable[Played], pair: tuple[str, str]) -> list[Played]:
    return [run for run in runs if (run.task.server, run.task.repository) == pair]


def _rank(run: Played) -> tuple[bool, float]:
    """Put runs that gave up behind those that read everything."""
    return not run.is_exact, run.seconds


def _key(run: Played) -> tuple[str, str, int | None]:
    return _key_of(run.task)


def _key_of(task: Task) -> tuple[str, str, int | None]:
    return task.server, task.repository, task.size
