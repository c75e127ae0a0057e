"""Which runs the benchmark of estimates consists of, and what is summed up of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from tests.bench.estimate_runs import Ran, Row, Trial, first_rows, rows_of, run
from tests.bench.estimate_world import Ground, from_lists, heavy_tailed

from stargazer.planner.sample import SampleSize
from stargazer.sandbox import Graph, Recipe, real_graph

PLANTED = "planted"
PLANTED_USERS = 300
REAL = "rails/rails"
SYNTHETIC = "synthetic/stars-5000"

MODES = ("whole", "failing", "cut", "cut and failing")
"""Runs go through these in turn, by their seed."""

UNCUT = MODES[:2]
"""What ends with its budget is not cut besides."""


Size: TypeAlias = "SampleSize | None"
"""How many users are read; None: everybody; "max": as many as a budget pays for."""


class Task(msgspec.Struct, frozen=True):
    """Some runs of one kind."""

    ground: str
    sample: Size
    seeds: tuple[int, int]
    only: str | None = None


class Held(msgspec.Struct):
    """How often intervals held, and how far estimates were off, summed up.

    `off` is estimate less truth, `naive` the same for the lists that were finished first,
    `half` half of the interval.
    """

    rows: int = 0
    held: int = 0
    off: float = 0.0
    naive: float = 0.0
    half: float = 0.0

    def add(self, row: Row, naive: float) -> None:
        """Take in one row."""
        self.rows += 1
        self.held += row.holds
        self.off += row.shared - row.true
        self.naive += naive - row.true
        self.half += (row.high - row.low) / 2

    def join(self, other: Held) -> None:
        """Take in another sum."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def coverage(self) -> float:
        """How often the intervals held, 0 to 1."""
        return self.held / max(1, self.rows)


Key = tuple[str, Size, str, str]
"""Ground, sample, mode, and which rows: a share in per cent, or the top so many."""


@cache
def ground(name: str) -> Ground:
    """The ground of that name, made once in each process."""
    if name == PLANTED:
        return heavy_tailed(PLANTED_USERS, 7)
    graph = real_graph() if name == REAL else Recipe().make()
    numbers: dict[str, int] = {}
    lists = lists_of(graph, name, numbers)
    return from_lists(lists, [len(graph.stargazers_of(one)) for one in numbers])


def lists_of(graph: Graph, repository: str, numbers: dict[str, int]) -> list[list[int]]:
    """What the stargazers of a repository starred besides, by *numbers* that are given on the way."""
    lists = []
    for login in graph.stargazers_of(repository):
        names = [name for name in graph.starred_by(login) if name != repository]
        lists.append([numbers.setdefault(name, len(numbers)) for name in names])
    return lists


@cache
def usual_seconds(name: str, sample: Size) -> float:
    """What such a run costs when nothing goes wrong."""
    return run(ground(name), Trial(sample, 0)).github_seconds


def play(task: Task) -> dict[Key, Held]:
    """Carry out some runs."""
    sums: dict[Key, Held] = {}
    for seed in range(*task.seeds):
        modes = UNCUT if task.sample == "max" else MODES
        mode = task.only or modes[seed % len(modes)]
        part = 0.3 + 0.6 * (seed * 0.618 % 1)
        cut = part * usual_seconds(task.ground, task.sample) if "cut" in mode else None
        budget = part * usual_seconds(task.ground, None) if task.sample == "max" else None
        wanted = len(ground(task.ground).lists) if task.sample is None else task.sample
        ran = run(ground(task.ground), Trial(wanted, seed, "failing" in mode, cut, budget))
        if ran.coverage.sampled is not None or ran.coverage.users_unread == 0:
            take_in(sums, ran, task, mode)
    return sums


def take_in(sums: dict[Key, Held], ran: Ran, task: Task, mode: str) -> None:
    """Sum up one run."""
    everybody = ran.coverage.stargazers_listed
    planted = ground(task.ground).planted
    groups: list[tuple[str, list[Row]]] = [
        (f"{share:.0%}", rows_of(ran, [one for one in planted if planted[one] == share]))
        for share in sorted(set(planted.values()))
    ]
    for count in (20, 100):
        groups.append((f"top {count}", first_rows(ran, count)))
        if not planted:
            groups.append((f"top {count} by relevance", first_rows(ran, count, sort="relevance")))
    for what, rows in groups:
        held = sums.setdefault((task.ground, task.sample, mode, what), Held())
        for row in rows:
            held.add(row, ran.naive[row.number] * everybody / max(1, ran.finished))


def matrix(name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All lists behind each other, without the repository itself, and where each begins."""
    lists = [np.array(stars[1:], dtype=np.int64) for stars in ground(name).lists]
    return np.concatenate(lists), np.concatenate([[0], np.cumsum([len(stars) for stars in lists])])


def recall(ran: Ran, count: int) -> tuple[float, float]:
    """Which part of the true first so many was found; and the same where 5 % is a tie."""
    ranked = sorted(ran.truth.values(), reverse=True)
    rows = first_rows(ran, count)
    least = ranked[count - 1]
    return (
        sum(row.true >= least for row in rows) / count,
        sum(row.true >= 0.95 * least for row in rows) / count,
    )


def recalled(name: str, seeds: Sequence[int], part: float, exact_seconds: float) -> list[tuple[float, ...]]:
    """Samples that end with a part of the exact price: recall, recall with ties, price, users."""
    results: list[tuple[float, ...]] = []
    for seed in seeds:
        ran = run(ground(name), Trial("max", seed, budget_seconds=part * exact_seconds))
        found = recall(ran, 20)
        results.append((*found, ran.github_seconds / exact_seconds, float(ran.coverage.sample)))
    return results


def joined(parts: Sequence[dict[Key, Held]]) -> dict[Key, Held]:
    """All sums in one."""
    sums: dict[Key, Held] = {}
    for part in parts:
        for key, held in part.items():
            sums.setdefault(key, Held()).join(held)
    return sums


def over_modes(sums: dict[Key, Held]) -> dict[tuple[str, Size, str], Held]:
    """The sums of all modes together."""
    together: dict[tuple[str, Size, str], Held] = {}
    for (name, sample, _, what), held in sums.items():
        together.setdefault((name, sample, what), Held()).join(held)
    return together


def counted(flat: NDArray[np.int64], repositories: int) -> NDArray[np.int32]:
    """How often each repository stands in some lists."""
    return np.bincount(flat, minlength=repositories).astype(np.int32)
