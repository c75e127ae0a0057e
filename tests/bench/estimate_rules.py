"""The stop rule `top=20` on its own: who is drawn is what matters, so no plan is driven."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
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


class Stopped(msgspec.Struct, frozen=True):
    """Where the rule stopped: which part of the GitHub seconds of an exact answer that is, and what it found.

    `is_right` tells that nobody left out shares more than the tie over anybody in it.
    """

    part: float
    users: int
    is_right: bool
    recall: float


def stop_runs(name: str, until: Until, seeds: Sequence[int]) -> list[Stopped]:
    """Draw users in a random order until the rule is met, once for each seed."""
    flat, starts = matrix(name)
    rank = until.top or 0
    users = len(starts) - 1
    lengths = np.diff(starts) + 1
    seconds = (np.ceil(lengths / PAGE_NODES) * PAGE_SECONDS + lengths * NODE_SECONDS) * (
        1 + CALL_SECONDS / CALL_OF_LISTS_SECONDS
    )
    pages = -(-users // PAGE_NODES)
    alone = -(-pages // 2) * CALL_SECONDS + pages * PAGE_SECONDS + users * NODE_SECONDS
    repositories = int(flat.max()) + 1
    true = np.bincount(flat, minlength=repositories)
    exact_seconds = seconds.sum() + pages * PAGE_SECONDS + users * NODE_SECONDS
    stopped = []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(users)
        counted = np.zeros(repositories, dtype=np.int32)
        drawn = 0
        while drawn < users:
            last, drawn = drawn, min(users, next_look(drawn))
            lists = [flat[starts[user] : starts[user + 1]] for user in order[last:drawn]]
            counted += np.bincount(np.concatenate(lists), minlength=repositories).astype(np.int32)
            ends = Intervals(counted, counted, counted, counted)
            if until.is_met(ends, Sample(users, drawn)):
                break
        first = np.argsort(-counted, kind="stable")[:rank]
        others = np.delete(true, first)
        least = np.sort(true)[::-1][rank - 1]
        stopped.append(
            Stopped(
                float((alone + seconds[order[:drawn]].sum()) / exact_seconds),
                drawn,
                bool(others.max() <= (1 + until.tie) * true[first].min()),
                float((true[first] >= least).mean()),
            )
        )
    return stopped
