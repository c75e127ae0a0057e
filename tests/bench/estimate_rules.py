"""The stop rule `top=20` on its own: who is drawn is what matters, so no plan is driven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray
from tests.bench.estimate_trials import matrix

from stargazer.neighbours.estimate import Intervals
from stargazer.neighbours.stop import Until
from stargazer.planner.sample import Sample, next_look

PAGE_NODES = 100
PAGE_SECONDS = 0.004
NODE_SECONDS = 0.0008
CALL_SECONDS = 0.25
CALL_OF_LISTS_SECONDS = 4.0
"""The server of the sandbox, and how long a call of star lists is."""

OFTEN_ENOUGH = 0.95
"""How often the rule has to be right."""

TOP = 20

DECEPTIVE = ((305, 200, 1_000), (610, 400, 1_000), (1_220, 800, 1_000), (610, 400, 60))
"""Worlds made to deceive the rule, of `DECEIVED` stargazers: how many share each of the first 20, how many
each of the others, just so much fewer that it is no tie, and how many others there are."""

DECEIVED = 5_000


class Stopped(msgspec.Struct, frozen=True):
    """Where the rule stopped: which part of the GitHub seconds of an exact answer that is, and what it found.

    `is_right` tells that nobody left out shares more than the tie over anybody in it.
    """

    part: float
    users: int
    is_right: bool
    recall: float


class Limit(msgspec.Struct, frozen=True):
    """The least that any rule can cost: a sample of so many, drawn once for all, is right often enough."""

    part: float
    users: int


class Drawing:
    """A ground whose users are drawn in a random order, with the price of each."""

    def __init__(self, name: str) -> None:
        self._flat, self._starts = matrix(name)
        self.users = len(self._starts) - 1
        self.repositories = int(self._flat.max()) + 1
        self.true = np.bincount(self._flat, minlength=self.repositories)
        lengths = np.diff(self._starts) + 1
        self._seconds = (np.ceil(lengths / PAGE_NODES) * PAGE_SECONDS + lengths * NODE_SECONDS) * (
            1 + CALL_SECONDS / CALL_OF_LISTS_SECONDS
        )
        pages = -(-self.users // PAGE_NODES)
        listing = pages * PAGE_SECONDS + self.users * NODE_SECONDS
        self._alone = -(-pages // 2) * CALL_SECONDS + listing
        self._exact_seconds = float(self._seconds.sum() + listing)

    def growing(self, seed: int, sizes: Iterator[int]) -> Iterator[tuple[int, float, NDArray[np.int32]]]:
        """Draw ever more users: how many, the part of the exact price, and what they share."""
        order = np.random.default_rng(seed).permutation(self.users)
        counted = np.zeros(self.repositories, dtype=np.int32)
        last = 0
        for drawn in sizes:
            lists = [self._flat[self._starts[user] : self._starts[user + 1]] for user in order[last:drawn]]
            counted += np.bincount(np.concatenate(lists), minlength=self.repositories).astype(np.int32)
            last = drawn
            spent = self._alone + self._seconds[order[:drawn]].sum()
            yield drawn, float(spent) / self._exact_seconds, counted

    def found(self, counted: NDArray[np.int32], tie: float) -> tuple[bool, float]:
        """Whether the first are the first, and which part of the true ones is among them."""
        first = np.argsort(-counted, kind="stable")[:TOP]
        least = np.sort(self.true)[::-1][TOP - 1]
        is_right = np.delete(self.true, first).max() <= (1 + tie) * self.true[first].min()
        return bool(is_right), float((self.true[first] >= least).mean())


@cache
def drawing(name: str) -> Drawing:
    """The ground of that name, made once in each process."""
    return Drawing(name)


def looks(users: int) -> Iterator[int]:
    """After how many users somebody looks, until all have been drawn."""
    drawn = 0
    while drawn < users:
        drawn = min(users, next_look(drawn))
        yield drawn


def stop_runs(name: str, tie: float, seeds: Sequence[int]) -> list[Stopped]:
    """Draw users in a random order until the rule is met, once for each seed."""
    ground, until = drawing(name), Until(top=TOP, tie=tie)
    stopped = []
    for seed in seeds:
        for drawn, part, counted in ground.growing(seed, looks(ground.users)):
            ends = Intervals(counted, counted, counted, counted)
            if until.is_met(ends, Sample(ground.users, drawn)) or drawn == ground.users:
                stopped.append(Stopped(part, drawn, *ground.found(counted, tie)))
                break
    return stopped


def limit(name: str, tie: float, seeds: Sequence[int]) -> Limit:
    """Find the smallest sample that is right often enough, if nobody looks on."""
    ground = drawing(name)
    right: dict[int, list[bool]] = {}
    parts: dict[int, list[float]] = {}
    for seed in seeds:
        for drawn, part, counted in ground.growing(seed, looks(ground.users)):
            right.setdefault(drawn, []).append(ground.found(counted, tie)[0])
            parts.setdefault(drawn, []).append(part)
    users = min(one for one in right if np.mean(right[one]) >= OFTEN_ENOUGH)
    return Limit(float(np.mean(parts[users])), users)


def free_recall(name: str, part: float, seeds: Sequence[int]) -> tuple[int, float]:
    """What a part of the price finds where only star lists cost anything: of how many users, and how much."""
    ground = drawing(name)
    users = max(1, round(part * ground.users))
    found = [
        ground.found(counted, 0.0)[1]
        for seed in seeds
        for _, _, counted in ground.growing(seed, iter((users,)))
    ]
    return users, float(np.mean(found))


def deceived(first: int, others: int, many: int, runs: int) -> float:
    """How often the rule is wrong in a world that is made to deceive it."""
    rng = np.random.default_rng(first * many)
    true = np.repeat([first, others], [TOP, many])
    until, wrong = Until(top=TOP), 0
    for _ in range(runs):
        left, counted, last = true.copy(), np.zeros(len(true), dtype=np.int64), 0
        for drawn in looks(DECEIVED):
            fresh = rng.hypergeometric(left, DECEIVED - last - left, drawn - last)
            left, counted, last = left - fresh, counted + fresh, drawn
            column = counted.astype(np.int32)
            if until.is_met(Intervals(column, column, column, column), Sample(DECEIVED, drawn)):
                break
        top = np.argsort(-counted, kind="stable")[:TOP]
        wrong += bool(np.delete(true, top).max() > (1 + until.tie) * true[top].min())
    return wrong / runs
